"""Image references inside a repository: which file each means, and never a file outside."""

from __future__ import annotations

import base64
import binascii
import os
import re
from pathlib import Path
from urllib.parse import unquote, unquote_to_bytes

from leafinstruct.harvest.files import is_regular, read_regular
from leafinstruct.harvest.metadata import language_of

STATIC = ("static", "assets", "public", "source", "src", "content", "_content", "docs", "build", "images", "img")
"""Folders that site generators serve as the root of a site."""
TAG = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\$\{.*?\}|^@site(?=/)|^~(?=/)")
REMOTE = re.compile(r"(?:[a-z][a-z0-9+.-]+:)?//|[a-z][a-z0-9+.-]{1,20}:(?![\\])", re.IGNORECASE)
BADGE = re.compile(
    r"//(?:[\w.-]*shields\.io|badge[\w.-]*|[\w.-]*badgen\.net|(?:i\.)?licensebuttons\.net|mybinder\.org/badge\S*)(?:/|$)"
    r"|/badges?[/._-]|badge\.svg",
    re.IGNORECASE,
)
DATA = re.compile(r"data:([^,]{0,200}),", re.IGNORECASE)
MAX_SIBLINGS = 50
MOST_FOLDERS = 20_000
"""In which a file is looked for by its name."""
MAX_DATA = 2 * 2**20


class Tree:
    """One repository while a chunk is harvested. Caches folder listings, and keeps in `seen` every file it depended
    on."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.real = os.path.realpath(root)
        self.seen: set[str] = set()
        self._folders: dict[str, dict[str, list[str]]] = {}
        self._named: dict[str, list[Path]] | None = None

    def named(self, name: str) -> list[Path]:
        """The files of that name, ignoring letter case, anywhere in the repository."""
        if self._named is None:
            self._named = {}
            for count, (folder, folders, names) in enumerate(os.walk(self.root)):
                folders[:] = sorted(f for f in folders if not f.startswith(".") and f != "node_modules")
                if count >= MOST_FOLDERS:
                    break
                for one in sorted(names):
                    self._named.setdefault(one.casefold(), []).append(Path(folder, one))
        return self._named.get(name.casefold(), [])

    def inside(self, path: Path) -> bool:
        """Whether a path, with symbolic links resolved, is in the repository."""
        try:
            return os.path.realpath(path).startswith(self.real + os.sep)
        except (OSError, ValueError):  # no name of a file
            return False

    def read(self, ref: str, folder: Path) -> tuple[bytes, str] | str:
        """Bytes and path (relative to the repository) of the image a file in `folder` refers to, or why not: remote,
        template, outside_tree, missing, unreadable, bad_data_uri."""
        if ref[:5].lower() == "data:":
            data = data_uri(ref)
            return data if isinstance(data, str) else (data, "")
        plain = TAG.sub("", ref).strip().replace("\\", "/")
        if not plain or "{{" in plain or "{%" in plain:
            return "template"
        if REMOTE.match(plain):
            return "remote"
        path = self.find(plain, folder)
        if isinstance(path, str):
            return path
        try:
            return read_regular(path), path.relative_to(self.root).as_posix()
        except OSError:
            return "unreadable"

    def find(self, plain: str, folder: Path) -> Path | str:
        """The file, or the reason why there is none. A missing file is kept in `seen` at its most likely path."""
        names = [plain]
        cut = re.split(r"[?#]", plain, maxsplit=1)[0]
        names += [n for n in (cut, unquote(cut)) if n and n not in names]
        outside = False
        first: Path | None = None
        for name in names:
            for base in self.bases(name, folder):
                place = Path(os.path.normpath(base / name.lstrip("/")))
                if place != self.root and self.root not in place.parents:
                    outside = True
                    continue
                first = first or place
                if found := self.existing(place):
                    if not self.inside(found):
                        return "outside_tree"
                    self.seen.add(str(found))
                    return found
        if first is not None and not (outside and plain.startswith("..")):
            self.seen.add(str(first))
            return "missing"
        return "outside_tree"

    def bases(self, name: str, folder: Path) -> list[Path]:
        """Folders a reference may start at: its own file's, then static folders of each folder above, nearest first. A
        reference that climbs (`../`) starts at its own file only."""
        above = [folder, *folder.parents]
        above = above[: above.index(self.root) + 1] if self.root in above else [self.root]
        rooted = [a / s for a in above for s in ("", *STATIC) if not s or s in self.listing(a)]
        if name.startswith("/"):
            return [self.root, *[a for a in rooted if a not in (folder, self.root)], folder]
        own = [folder]
        if name.startswith(".."):
            return own
        return own + [a for a in rooted if a != folder] + self.in_sibling(name, folder)

    def in_sibling(self, name: str, folder: Path) -> list[Path]:
        """The one sibling folder that has such a file, if no other has: some generators publish several folders as
        one."""
        if folder == self.root:
            return []
        next_to = [folder.parent / n for names in self.listing(folder.parent).values() for n in names]
        next_to = [f for f in next_to[:MAX_SIBLINGS] if not language_of((f.name, "."))]  # not other languages
        having = [f for f in next_to if name.split("/")[0].casefold() in self.listing(f)]
        having = [f for f in having if self.existing(Path(os.path.normpath(f / name)))]
        return having if len(having) == 1 else []

    def existing(self, place: Path) -> Path | None:
        """The file at this path, ignoring letter case where that leaves one choice."""
        if self.root not in place.parents:
            return None
        here = self.root
        for part in place.relative_to(self.root).parts:
            same = self.listing(here).get(part.casefold(), [])
            if part in same:
                here = here / part
            elif len(same) == 1:
                here = here / same[0]
            else:
                return None
        return here if is_regular(here) else None

    def listing(self, folder: Path) -> dict[str, list[str]]:
        """Names in a folder by their case-folded form."""
        key = str(folder)
        if key not in self._folders:
            names: dict[str, list[str]] = {}
            try:
                for entry in sorted(os.listdir(folder)):  # noqa: PTH208 - names, not paths
                    names.setdefault(entry.casefold(), []).append(entry)
            except (OSError, ValueError):
                pass
            self._folders[key] = names
        return self._folders[key]


def data_uri(ref: str) -> bytes | str:
    """Bytes of a data: URI, or bad_data_uri."""
    head = DATA.match(ref)
    if not head or len(ref) > MAX_DATA:
        return "bad_data_uri"
    payload = ref[head.end() :]
    if head[1].lower().endswith(";base64"):
        try:
            return base64.b64decode(b"".join(unquote_to_bytes(payload).split()), validate=True)
        except (binascii.Error, ValueError):
            return "bad_data_uri"
    return unquote_to_bytes(payload)
