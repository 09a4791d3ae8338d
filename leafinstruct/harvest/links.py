"""Image references inside a repository: which file each means, and never a file outside."""

from __future__ import annotations

import base64
import binascii
import os
import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote, unquote_to_bytes, urlsplit

from leafinstruct.document import Image
from leafinstruct.harvest.bounds import shared
from leafinstruct.harvest.files import is_regular, read_regular
from leafinstruct.harvest.html.flow import Block
from leafinstruct.harvest.metadata import language_of
from leafinstruct.harvest.sites import Sites
from leafinstruct.images.header import read_image

STATIC = ("static", "assets", "public", "source", "src", "content", "_content", "docs", "build", "images", "img")
"""Folders that site generators serve as the root of a site."""
TAG = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\$\{.*?\}|^(?:@site|~@?|@|pathname:/*)(?=/)")
ALIAS = re.compile(r"[@$#~][\w-]+/")
"""The name of a folder for imports, which most often is the folder's own."""
MACHINE = re.compile(r"file:/{2,3}(?:[a-z]:)?|[a-z]:(?=[\\/]|%5C)", re.IGNORECASE)
"""The beginning of a path on somebody's machine."""
REMOTE = re.compile(r"(?:[a-z][a-z0-9+.-]+:)?//|[a-z][a-z0-9+.-]{1,20}:(?![\\])", re.IGNORECASE)
BADGE = re.compile(
    r"//(?:[\w.-]*shields\.io|badge[\w.-]*|[\w.-]*badgen\.net|(?:i\.)?licensebuttons\.net|mybinder\.org/badge\S*)(?:/|$)"
    r"|/badges?[/._-]|badge\.svg",
    re.IGNORECASE,
)
DATA = re.compile(r"data:([^,]{0,200}),", re.IGNORECASE)
CLIMB = re.compile(r"(?:\.\.?/+)+")
MOST_ABOVE = 6
"""Folders at the beginning of a path that may lie outside of the repository."""
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
        self.sites = Sites(root)
        self._elsewhere: dict[str, list[Path]] = {}
        self._folders: dict[str, dict[str, list[str]]] = {}
        self._named: dict[str, list[Path]] | None = None
        self.sections: dict[str, tuple[str, str]] | None = None
        """Titles of sections by their labels, with the file each is in; None before one was asked for."""

    def named(self, name: str) -> list[Path]:
        """The files of that name, ignoring letter case, anywhere in the repository."""
        return self._files().get(name.casefold(), [])

    def ending(self, endings: tuple[str, ...]) -> list[Path]:
        """The files whose names end so, anywhere in the repository."""
        return [path for name, paths in self._files().items() if name.endswith(endings) for path in paths]

    def _files(self) -> dict[str, list[Path]]:
        """Paths below the root, by name in lower case."""
        if self._named is None:
            with shared():
                self._named = self._all_names()
        return self._named

    def _all_names(self) -> dict[str, list[Path]]:
        found: dict[str, list[Path]] = {}
        for count, (folder, folders, names) in enumerate(os.walk(self.root)):
            folders[:] = sorted(f for f in folders if not f.startswith(".") and f != "node_modules")
            if count >= MOST_FOLDERS:
                break
            for one in sorted(names):
                found.setdefault(one.casefold(), []).append(Path(folder, one))
        return found

    def inside(self, path: Path) -> bool:
        """Whether a path, with symbolic links resolved, is in the repository."""
        try:
            return os.path.realpath(path).startswith(self.real + os.sep)
        except (OSError, ValueError):  # no name of a file
            return False

    def image(self, block: Block, page: Path) -> Image | str:
        """The first image among the candidates of a block of the file `page`, or why the one it is known by is none."""
        reason = "missing"
        for ref in block.candidates:
            got = self.read(ref, page)
            found = got if isinstance(got, str) else read_image(*got)
            if isinstance(found, Image):
                return found
            if ref == block.ref:
                reason = found
        return reason

    def read(self, ref: str, page: Path) -> tuple[bytes, str] | str:
        """Bytes and path (relative to the repository) of the image that the file `page` refers to, or why not: remote,
        template, outside_tree, missing, unreadable, bad_data_uri."""
        if ref[:5].lower() == "data:":
            data = data_uri(ref)
            return data if isinstance(data, str) else (data, "")
        plain = TAG.sub("", ref).strip()
        if machine := MACHINE.match(plain):
            plain = f"/{plain[machine.end() :]}"
        if not plain or "{{" in plain or "{%" in plain:
            return "template"
        path = self.find(plain, page) if machine or not REMOTE.match(plain) else self.local(plain, page)
        if machine and isinstance(path, str) and machine[0][:5].lower() == "file:":
            return "remote"
        if path == "missing" and ALIAS.match(plain):
            path = self.find(f"/{plain[1:]}", page)
        if isinstance(path, str):
            return path
        try:
            return read_regular(path), path.relative_to(self.root).as_posix()
        except OSError:
            return "unreadable"

    def local(self, url: str, page: Path) -> Path | str:
        """The file of the repository that an address means, also one in a mirror (HOST/PATH), or remote."""
        try:
            parts = urlsplit(url if "://" in url else f"https:{url}")
        except ValueError:
            return "remote"
        host, path = parts.netloc.lower(), unquote(parts.path).strip("/")
        if parts.scheme.lower() not in ("http", "https") or not host or not path:
            return "remote"
        places = [folder / host / path for folder in self.above(page) if folded(host) in self.listing(folder)]
        places += [place for name in self.sites.names(url, host, f"/{path}") for place in self.places(name, page)]
        for place in places:
            if (found := self.existing(Path(os.path.normpath(place)))) and self.inside(found):
                self.seen.add(str(found))
                return found
        return "remote"

    def find(self, plain: str, page: Path) -> Path | str:
        """The file, or the reason why there is none. A missing file is kept in `seen` at its most likely path."""
        outside = False
        first: Path | None = None
        for name in names_of(plain):
            for place in self.places(name, page):
                place = Path(os.path.normpath(place))
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

    def above(self, page: Path) -> list[Path]:
        """The folder of a file and those above it, up to the repository."""
        folders = [page.parent, *page.parent.parents]
        return folders[: folders.index(self.root) + 1] if self.root in folders else [self.root]

    def places(self, name: str, page: Path) -> Iterator[Path]:
        """Paths that a reference may mean, the most likely first: from its own file's folder, or from the address that
        the file is published at, which may be a folder deeper; then from folders at which the site may begin, nearest
        first."""
        folder, above = page.parent, self.above(page)
        roots = [a / s for a in above for s in ("", *STATIC) if not s or s in self.listing(a)]
        if name.startswith("/"):
            below = name.lstrip("/")
            roots = [self.root, *[a for a in roots if a not in (folder, self.root)], folder]
            yield from (root / below for root in roots)
            yield from self.elsewhere(below)
            for number in range(MOST_ABOVE):  # /project/ of a site below a host, or folders of somebody's machine
                above_it, _, below = below.partition("/")
                if not below or (number and "/" not in below) or folded(above_it) in self.listing(self.root):
                    return
                yield from (root / below for root in roots)
                yield from self.elsewhere(below)
            return
        yield folder / name
        yield folder / page.stem / name
        if name.startswith(".."):
            below = CLIMB.sub("", name)
            yield from (root / below for root in roots)
            return
        yield from (root / name for root in roots if root != folder)
        yield from (sibling / name for sibling in self.in_sibling(name, folder))

    def elsewhere(self, below: str) -> list[Path]:
        """The one file with this path below a root of a site anywhere in the repository."""
        if below not in self._elsewhere:
            begin = folded(below.partition("/")[0])
            found: list[Path] = []
            for roots in self.sites.roots():
                roots = [root for root in roots if begin in self.listing(root)]
                found = [place for root in roots if self.existing(place := Path(os.path.normpath(root / below)))]
                if found or "/" not in below:  # a name alone may be any picture's
                    break
            self._elsewhere[below] = found if len(found) == 1 else []
        return self._elsewhere[below]

    def in_sibling(self, name: str, folder: Path) -> list[Path]:
        """The one sibling folder that has such a file, if no other has: some generators publish several folders as
        one."""
        if folder == self.root:
            return []
        next_to = [folder.parent / n for names in self.listing(folder.parent).values() for n in names]
        next_to = [f for f in next_to[:MAX_SIBLINGS] if not language_of((f.name, "."))]  # not other languages
        having = [f for f in next_to if folded(name.split("/")[0]) in self.listing(f)]
        having = [f for f in having if self.existing(Path(os.path.normpath(f / name)))]
        return having if len(having) == 1 else []

    def existing(self, place: Path) -> Path | None:
        """The file at this path, ignoring how its name is written (`folded`) where that leaves one choice."""
        if self.root not in place.parents:
            return None
        here = self.root
        for part in place.relative_to(self.root).parts:
            same = self.listing(here).get(folded(part), [])
            if part in same:
                here = here / part
            elif len(same) == 1:
                here = here / same[0]
            else:
                return None
        return here if is_regular(here) else None

    def listing(self, folder: Path) -> dict[str, list[str]]:
        """Names in a folder by their folded form."""
        key = str(folder)
        if key not in self._folders:
            names: dict[str, list[str]] = {}
            try:
                for entry in sorted(os.listdir(folder)):  # noqa: PTH208 - names, not paths
                    names.setdefault(folded(entry), []).append(entry)
            except (OSError, ValueError):
                pass
            self._folders[key] = names
        return self._folders[key]


def names_of(plain: str) -> list[str]:
    """Spellings of a reference as the name of a file: with its query, without, with its escapes read (twice, where a
    program escaped them again), and with slashes for the backslashes of Windows."""
    cut = re.split(r"[?#]", plain, maxsplit=1)[0]
    names = [plain, cut]
    if "%" in cut:
        names += [once := unquote(cut), unquote(once)]
        if "\ufffd" in once:
            names.append(unquote(cut, "cp1252"))
    names += [name.replace("\\", "/") for name in names if "\\" in name]
    return [name for name in dict.fromkeys(names) if name]


@lru_cache(maxsize=65536)
def folded(name: str) -> str:
    """A name in the form in which names are compared: without letter case, composed (macOS decomposes them), and with
    plain spaces (macOS writes others before AM and PM)."""
    if name.isascii():
        return name.casefold()
    return unicodedata.normalize("NFC", " ".join(unicodedata.normalize("NFC", name).casefold().split()))


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
