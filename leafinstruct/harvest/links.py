"""Image references inside a repository: which file each means, and never a file outside."""

from __future__ import annotations

import base64
import binascii
import os
import posixpath
import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path, PurePosixPath
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
    """One repository while a chunk is harvested. Places are paths from its root with slashes, "" for the root itself.
    Caches folder listings, and keeps in `seen` every file it depended on."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.seen: set[str] = set()
        self.sites = Sites(root)
        self._begin = str(root)
        self._real = os.path.realpath(root)
        self._real_folders: dict[str, str] = {}
        self._elsewhere: dict[str, list[str]] = {}
        self._folders: dict[str, dict[str, list[str]]] = {}
        self._existing: dict[str, str | None] = {}
        self._above: dict[str, list[str]] = {}
        self._roots: dict[str, list[str]] = {}
        self._named: dict[str, list[str]] | None = None
        self.sections: dict[str, tuple[str, str]] | None = None
        """Titles of sections by their labels, with the file each is in; None before one was asked for."""
        self.licenses: dict[str, str] = {}
        """Licenses that files name, by their paths."""

    def path(self, place: str) -> str:
        return f"{self._begin}/{place}" if place else self._begin

    def place(self, path: Path) -> str:
        """The place of a file or folder that was found below the root."""
        return str(path)[len(self._begin) + 1 :]

    def normal(self, place: str) -> str | None:
        """A place without `..`; "." for the root itself, None for one outside of the repository."""
        plain = posixpath.normpath(place)
        if not plain.startswith(("..", "/")) or plain.startswith("..") and plain[2:3] not in ("", "/"):
            return plain
        path = posixpath.normpath(posixpath.join(self._begin, plain))
        return path[len(self._begin) + 1 :] or "." if f"{path}/".startswith(f"{self._begin}/") else None

    def named(self, name: str) -> list[str]:
        """The files of that name, ignoring letter case, anywhere in the repository."""
        return self._files().get(name.casefold(), [])

    def ending(self, endings: tuple[str, ...]) -> list[str]:
        """The files whose names end so, anywhere in the repository."""
        return [place for name, places in self._files().items() if name.endswith(endings) for place in places]

    def _files(self) -> dict[str, list[str]]:
        """Places by name in lower case."""
        if self._named is None:
            with shared():
                self._named = self._all_names()
        return self._named

    def _all_names(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for count, (folder, folders, names) in enumerate(os.walk(self._begin)):
            folders[:] = sorted(f for f in folders if not f.startswith(".") and f != "node_modules")
            if count >= MOST_FOLDERS:
                break
            within = folder[len(self._begin) + 1 :]
            for one in sorted(names):
                found.setdefault(one.casefold(), []).append(posixpath.join(within, one))
        return found

    def inside(self, path: str | Path) -> bool:
        """Whether a path, with symbolic links resolved, is in the repository."""
        folder, name = os.path.split(path)
        try:
            if folder not in self._real_folders:
                self._real_folders[folder] = os.path.realpath(folder)
            real = os.path.join(self._real_folders[folder], name)  # noqa: PTH118 - strings: there are many
            real = os.path.realpath(real) if os.path.islink(real) else real  # noqa: PTH114
        except (OSError, ValueError):  # no name of a file
            return False
        return real.startswith(self._real + os.sep)

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
        """Bytes and place of the image that the file `page` refers to, or why not: remote, template, outside_tree,
        missing, unreadable, bad_data_uri."""
        if ref[:5].lower() == "data:":
            data = data_uri(ref)
            return data if isinstance(data, str) else (data, "")
        plain = TAG.sub("", ref).strip()
        if machine := MACHINE.match(plain):
            plain = f"/{plain[machine.end() :]}"
        if not plain or "{{" in plain or "{%" in plain:
            return "template"
        here = self.place(page)
        found, reason = self._find(plain, here) if machine or not REMOTE.match(plain) else self._local(plain, here)
        if machine and reason and machine[0][:5].lower() == "file:":
            return "remote"
        if reason == "missing" and ALIAS.match(plain):
            found, reason = self._find(f"/{plain[1:]}", here)
        if reason:
            return reason
        try:
            return read_regular(self.path(found)), found
        except OSError:
            return "unreadable"

    def _local(self, url: str, page: str) -> tuple[str, str]:
        """The file of the repository that an address means, also one in a mirror (HOST/PATH), and "", or "" and
        remote."""
        try:
            parts = urlsplit(url if "://" in url else f"https:{url}")
        except ValueError:
            return "", "remote"
        host, path = parts.netloc.lower(), unquote(parts.path).strip("/")
        if parts.scheme.lower() not in ("http", "https") or not host or not path:
            return "", "remote"
        above = self.above(page.rpartition("/")[0])
        places = [posixpath.join(a, host, path) for a in above if folded(host) in self.listing(a)]
        places += [place for name in self.sites.names(url, host, f"/{path}") for place in self.places(name, page)]
        for place in places:
            normal = self.normal(place)
            if normal and (found := self.existing(normal)) and self.inside(self.path(found)):
                self.seen.add(self.path(found))
                return found, ""
        return "", "remote"

    def _find(self, plain: str, page: str) -> tuple[str, str]:
        """The file and "", or "" and the reason why there is none. A missing file is kept in `seen` at its most likely
        path."""
        outside = False
        first = ""
        for name in names_of(plain):
            for place in self.places(name, page):
                normal = self.normal(place)
                if normal is None:
                    outside = True
                    continue
                first = first or normal
                if found := self.existing(normal):
                    if not self.inside(self.path(found)):
                        return "", "outside_tree"
                    self.seen.add(self.path(found))
                    return found, ""
        if first and not (outside and plain.startswith("..")):
            self.seen.add(self.path("" if first == "." else first))
            return "", "missing"
        return "", "outside_tree"

    def above(self, folder: str) -> list[str]:
        """A folder and those above it, up to the repository."""
        if folder not in self._above:
            self._above[folder] = [folder, *self.above(folder.rpartition("/")[0])] if folder else [""]
        return self._above[folder]

    def roots(self, folder: str) -> list[str]:
        """Folders at which the site of a page may begin, nearest first."""
        if folder not in self._roots:
            self._roots[folder] = [
                posixpath.join(a, s) if s else a
                for a in self.above(folder)
                for s in ("", *STATIC)
                if not s or s in self.listing(a)
            ]
        return self._roots[folder]

    def places(self, name: str, page: str) -> Iterator[str]:
        """Paths that a reference may mean, the most likely first: from its own file's folder, or from the address that
        the file is published at, which may be a folder deeper; then from folders at which the site may begin, nearest
        first."""
        folder, _, file = page.rpartition("/")
        roots = self.roots(folder)
        join = posixpath.join
        if name.startswith("/"):
            below = name.lstrip("/")
            roots = ["", *[a for a in roots if a not in (folder, "")], folder]
            yield from (join(root, below) for root in roots)
            yield from self.elsewhere(below)
            for number in range(MOST_ABOVE):  # /project/ of a site below a host, or folders of somebody's machine
                above_it, _, below = below.partition("/")
                if not below or (number and "/" not in below) or folded(above_it) in self.listing(""):
                    return
                yield from (join(root, below) for root in roots)
                yield from self.elsewhere(below)
            return
        yield join(folder, name)
        yield join(folder, PurePosixPath(file).stem, name)
        if name.startswith(".."):
            below = CLIMB.sub("", name)
            yield from (join(root, below) for root in roots)
            return
        yield from (join(root, name) for root in roots if root != folder)
        yield from (join(sibling, name) for sibling in self.in_sibling(name, folder))

    def elsewhere(self, below: str) -> list[str]:
        """The one file with this path below a root of a site anywhere in the repository."""
        if below not in self._elsewhere:
            begin = folded(below.partition("/")[0])
            found: list[str] = []
            for roots in self.sites.roots():
                places = [self.normal(posixpath.join(root, below)) for root in roots if begin in self.listing(root)]
                found = [place for place in places if place and self.existing(place)]
                if found or "/" not in below:  # a name alone may be any picture's
                    break
            self._elsewhere[below] = found if len(found) == 1 else []
        return self._elsewhere[below]

    def in_sibling(self, name: str, folder: str) -> list[str]:
        """The one sibling folder that has such a file, if no other has: some generators publish several folders as
        one."""
        if not folder:
            return []
        begin, parent = folded(name.split("/")[0]), folder.rpartition("/")[0]
        names = [n for same in self.listing(parent).values() for n in same]
        names = [n for n in names[:MAX_SIBLINGS] if not language_of((n, "."))]  # not other languages
        having = [place for n in names if begin in self.listing(place := posixpath.join(parent, n))]
        having = [f for f in having if (normal := self.normal(posixpath.join(f, name))) and self.existing(normal)]
        return having if len(having) == 1 else []

    def existing(self, place: str) -> str | None:
        """The file at this place, ignoring how its name is written (`folded`) where that leaves one choice."""
        if place not in self._existing:
            self._existing[place] = self._spelled(place)
        return self._existing[place]

    def _spelled(self, place: str) -> str | None:
        here = ""
        for part in place.split("/"):
            same = self.listing(here).get(folded(part), [])
            if part not in same:
                if len(same) != 1:
                    return None
                part = same[0]
            here = f"{here}/{part}" if here else part
        return here if is_regular(self.path(here)) else None

    def listing(self, folder: str) -> dict[str, list[str]]:
        """Names in a folder by their folded form."""
        if folder not in self._folders:
            names: dict[str, list[str]] = {}
            try:
                for entry in sorted(os.listdir(self.path(folder))):  # noqa: PTH208 - names, not paths
                    names.setdefault(folded(entry), []).append(entry)
            except (OSError, ValueError):
                pass
            self._folders[folder] = names
        return self._folders[folder]


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
