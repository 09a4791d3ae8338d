"""Input files, whatever lies in a folder: only regular files are opened, patterns search each folder once, and names
become names of partitions."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterable, Iterator
from fnmatch import translate
from pathlib import Path

from leafinstruct.errors import LeafError
from leafinstruct.text.valid import valid_line

MAGIC = re.compile(r"[*?\[]")
MOST_FOLDERS = 200_000
"""Folders that a pattern may search; more are a whole disk rather than a data set."""
LONGEST_NAME = 150
"""Bytes of a partition's name: file systems allow 255 for a file's."""


def read_regular(path: Path | str, most: int = -1) -> bytes:
    """Bytes of a file, at most `most`. Raises OSError for anything but a regular file: a pipe or a device would never
    end; and for a name that no file can have."""
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except ValueError as error:  # NUL, or half a surrogate pair
        raise OSError(f"no name of a file ({error})") from None
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError("no regular file")
        return file.read(most)


def is_regular(path: Path | str) -> bool:
    """Whether there is a regular file under a name, whatever the name."""
    return os.path.isfile(path)  # noqa: PTH113 - strings: there may be many


def is_folder(path: Path) -> bool:
    """Whether there is a folder under a name, whatever the name."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def partition_name(label: str) -> str:
    """A name for the partitions of an input file: its path with + for slashes; a part of it with a hash, if it is too
    long or no text."""
    plain = valid_line(label).replace("/", "+").replace("\\", "+")
    if plain == label.replace("/", "+") and len(plain.encode()) <= LONGEST_NAME - 20:
        return plain
    digest = hashlib.sha256(label.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    tail = plain.encode()[-80:].decode("utf-8", "ignore")
    return f"{tail}-{digest}"


def matches(root: Path, pattern: str) -> list[Path]:
    """Files and folders that a pattern matches from a folder, sorted.

    `*`, `?` and `[...]` match within a name, `**` any folders; hidden names match hidden patterns only. Each folder is
    searched once, however many `**` there are. Raises LeafError for a pattern that searches a whole disk.
    """
    given = Path(pattern)
    found: dict[str, None] = {given.anchor or str(root): None}
    parts = [part for part in given.parts if part != given.anchor]
    parts = [part for part, before in zip(parts, ["", *parts], strict=False) if not part == before == "**"]
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        if part == "**":
            found = dict.fromkeys(_below(found, pattern, files=last))
        elif MAGIC.search(part):
            rule = re.compile(translate(part))
            hidden = part.startswith(".")
            found = {
                place: None
                for folder in found
                for name, place in _entries(folder)
                if rule.match(name) and (hidden or not name.startswith("."))
            }
        else:
            joined = (os.path.join(folder, part) for folder in found)  # noqa: PTH118 - strings: there may be many
            found = {place: None for place in joined if _exists(place)}
    return sorted(map(Path, found))


def _exists(place: str) -> bool:
    try:
        return os.path.lexists(place)
    except (OSError, ValueError):
        return False


def _entries(folder: str) -> Iterator[tuple[str, str]]:
    try:
        with os.scandir(folder) as entries:
            yield from sorted((entry.name, entry.path) for entry in entries)
    except (OSError, ValueError):
        return


def _below(folders: Iterable[str], pattern: str, files: bool) -> Iterator[str]:
    """The folders and all below, each once, also where links make a circle; with `files`, the files in them too."""
    waiting, links, seen = sorted(folders, key=len, reverse=True), list[str](), set[str]()
    while waiting or links:
        folder = waiting.pop() if waiting else links.pop()  # links last: what is below anyway keeps its own path
        try:
            real = os.path.realpath(folder)
        except OSError:  # gone meanwhile
            continue
        if real in seen or not os.path.isdir(folder):  # noqa: PTH112
            continue
        seen.add(real)
        if len(seen) > MOST_FOLDERS:
            raise LeafError(f"path '{pattern}' searches more than {MOST_FOLDERS:,} folders; begin it with a folder")
        yield folder
        for name, place in _entries(folder):
            if name.startswith("."):
                continue
            if os.path.isdir(place):  # noqa: PTH112
                (links if os.path.islink(place) else waiting).append(place)  # noqa: PTH114
            elif files:
                yield place
