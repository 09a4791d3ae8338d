"""What lies around a page: files that it includes, and images that it names in part."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote

from leafinstruct.harvest.charset import decode_text
from leafinstruct.harvest.files import read_regular
from leafinstruct.harvest.formats.labels import labels_of
from leafinstruct.harvest.links import Tree

ROOTS = (
    "", "_includes", "includes", "_snippets", "snippets", "_partials", "partials", "docs", "docs/snippets", "src",
    "content", "docs/includes", "overrides", "assets", "static", "layouts/partials",
)  # fmt: skip
"""Folders at the root of a repository, or above a page, from which generators include files."""
LARGEST = 2**20
MOST_IMAGES = 100
LABELLED = (".rst", ".md", ".txt", ".inc")
"""Endings of files whose sections have labels."""
MOST_LABELLED = 5_000
IMAGES = re.compile(r"\.(?:png|jpe?g|gif|webp|avif|svg|bmp|tiff?)$", re.IGNORECASE)


class Around(Protocol):
    def file(self, path: str) -> tuple[str, Around] | None:
        """The text of the file that a page names, with what lies around that file; None without one."""

    def images(self, pattern: str) -> list[str]:
        """The images in the page's folder, or below it, whose names a pattern matches: as they begin, else in part."""

    def anywhere(self, name: str) -> str:
        """The path, from the page, of the file of that name that is nearest; "" without one."""

    def moved(self, ref: str, page: Around) -> str:
        """A reference from here as one from another page, if there is such a file here."""

    def section(self, label: str) -> str:
        """The title of the section with a label, in lower case, in any file of the repository; "" without one."""

    def has(self, *names: str) -> bool:
        """Whether a folder at or above the page has a file of one of these names."""


class Nowhere:
    """A text without a place: it includes nothing."""

    def file(self, path: str) -> tuple[str, Around] | None:
        return None

    def images(self, pattern: str) -> list[str]:
        return []

    def anywhere(self, name: str) -> str:
        return ""

    def moved(self, ref: str, page: Around) -> str:
        return ref

    def section(self, label: str) -> str:
        return ""

    def has(self, *names: str) -> bool:
        return False


NOWHERE = Nowhere()


class InTree:
    """A page in a repository. What it includes is kept in `seen` of the tree, so that a change of it is noticed."""

    def __init__(self, tree: Tree, folder: Path) -> None:
        self.tree, self.folder = tree, tree.place(folder)

    def file(self, path: str) -> tuple[str, Around] | None:
        found = self._find(path)
        if found is None:
            return None
        path = self.tree.path(found)
        self.tree.seen.add(path)
        try:
            data = read_regular(path, LARGEST + 1)
        except OSError:
            return None
        text = decode_text(data) if len(data) <= LARGEST else None
        return None if text is None else (text.replace("\r\n", "\n"), InTree(self.tree, Path(path).parent))

    def _find(self, path: str) -> str | None:
        path = unquote(path.strip().split("#")[0].removeprefix("@site/").removeprefix("@/").removeprefix("~/"))
        if not path or "://" in path:
            return None
        for name in (path, f"{path}.md", f"{path}.mdx"):
            for base in self._bases(name):
                place = self.tree.normal(posixpath.join(base, name.lstrip("/")))
                if place and (found := self.tree.existing(place)) and self.tree.inside(self.tree.path(found)):
                    return found
        return None

    def _bases(self, path: str) -> Iterator[str]:
        if not path.startswith("/"):
            yield self.folder
        for above in reversed(self.tree.above(self.folder)):  # the root of the repository first
            listing = self.tree.listing(above)
            for name in ROOTS:
                if name.partition("/")[0] in listing or not name:
                    yield posixpath.join(above, name)

    def images(self, pattern: str) -> list[str]:
        folder, _, last = pattern.rpartition("/")
        place = self.tree.normal(posixpath.join(self.folder, folder))
        if place is None:
            return []
        place = "" if place == "." else place
        names = sorted(n for same in self.tree.listing(place).values() for n in same if IMAGES.search(n))
        wanted = last.casefold()
        found = [n for n in names if fnmatchcase(n.casefold(), wanted)]
        found = found or [n for n in names if fnmatchcase(n.casefold(), f"*{wanted}")]
        return [posixpath.join(folder, n) for n in found[:MOST_IMAGES]]

    def anywhere(self, name: str) -> str:
        wanted = posixpath.normpath(name.strip().replace("\\", "/").lstrip("/")).casefold()
        places = self.tree.named(wanted.rpartition("/")[2])
        found = [place for place in places if f"/{place.casefold()}".endswith(f"/{wanted}")]
        shared = [len(posixpath.commonpath((place, self.folder))) for place in found]
        return _relative(found[shared.index(max(shared))], self.folder) if found else ""

    def moved(self, ref: str, page: Around) -> str:
        if (
            not isinstance(page, InTree)
            or page.folder == self.folder
            or ref.startswith(("/", "#", "data:"))
            or "://" in ref
        ):
            return ref
        name = unquote(re.split(r"[?#]", ref, maxsplit=1)[0])
        place = self.tree.normal(posixpath.join(self.folder, name))
        return ref if place is None or self.tree.existing(place) is None else _relative(place, page.folder)

    def section(self, label: str) -> str:
        if self.tree.sections is None:
            self.tree.sections = dict(self._sections())
        title, file = self.tree.sections.get(label, ("", ""))
        if file:
            self.tree.seen.add(file)
        return title

    def _sections(self) -> Iterator[tuple[str, tuple[str, str]]]:
        for file in map(self.tree.path, self.tree.ending(LABELLED)[:MOST_LABELLED]):
            try:
                text = decode_text(read_regular(file, LARGEST)) if self.tree.inside(file) else ""
            except OSError:
                continue
            yield from ((label, (title, file)) for label, title in labels_of(text or "").items())

    def has(self, *names: str) -> bool:
        return any(name in self.tree.listing(above) for above in self.tree.above(self.folder) for name in names)


def _relative(place: str, folder: str) -> str:
    return posixpath.relpath(f"/{place}", f"/{folder}")
