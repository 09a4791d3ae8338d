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
        self.tree, self.folder = tree, folder

    def file(self, path: str) -> tuple[str, Around] | None:
        found = self._find(path)
        if found is None:
            return None
        self.tree.seen.add(str(found))
        try:
            data = read_regular(found, LARGEST + 1)
        except OSError:
            return None
        text = decode_text(data) if len(data) <= LARGEST else None
        return None if text is None else (text.replace("\r\n", "\n"), InTree(self.tree, found.parent))

    def _find(self, path: str) -> Path | None:
        path = unquote(path.strip().split("#")[0].removeprefix("@site/").removeprefix("@/").removeprefix("~/"))
        if not path or "://" in path:
            return None
        for name in (path, f"{path}.md", f"{path}.mdx"):
            for base in self._bases(name):
                place = Path(posixpath.normpath(posixpath.join(base.as_posix(), name.lstrip("/"))))
                if place != self.tree.root and (found := self.tree.existing(place)) and self.tree.inside(found):
                    return found
        return None

    def _bases(self, path: str) -> Iterator[Path]:
        if not path.startswith("/"):
            yield self.folder
        for above in self._above():
            listing = self.tree.listing(above)
            for name in ROOTS:
                if name.partition("/")[0] in listing or not name:
                    yield above / name

    def _above(self) -> Iterator[Path]:
        """The root of the repository, then the folders from it down to the page."""
        folders = [self.folder, *self.folder.parents]
        if self.tree.root in folders:
            yield from reversed(folders[: folders.index(self.tree.root) + 1])

    def images(self, pattern: str) -> list[str]:
        folder, _, last = pattern.rpartition("/")
        place = Path(posixpath.normpath(posixpath.join(self.folder.as_posix(), folder)))
        if place != self.tree.root and self.tree.root not in place.parents:
            return []
        names = sorted(n for same in self.tree.listing(place).values() for n in same if IMAGES.search(n))
        wanted = last.casefold()
        found = [n for n in names if fnmatchcase(n.casefold(), wanted)]
        found = found or [n for n in names if fnmatchcase(n.casefold(), f"*{wanted}")]
        return [posixpath.join(folder, n) for n in found[:MOST_IMAGES]]

    def anywhere(self, name: str) -> str:
        wanted = posixpath.normpath(name.strip().replace("\\", "/").lstrip("/")).casefold()
        found = [
            p
            for p in self.tree.named(wanted.rpartition("/")[2])
            if f"/{p.as_posix().casefold()}".endswith(f"/{wanted}")
        ]
        shared = [len(posixpath.commonpath((p.as_posix(), self.folder.as_posix()))) for p in found]
        if not found:
            return ""
        return posixpath.relpath(found[shared.index(max(shared))].as_posix(), self.folder.as_posix())

    def moved(self, ref: str, page: Around) -> str:
        if (
            not isinstance(page, InTree)
            or page.folder == self.folder
            or ref.startswith(("/", "#", "data:"))
            or "://" in ref
        ):
            return ref
        name = unquote(re.split(r"[?#]", ref, maxsplit=1)[0])
        place = Path(posixpath.normpath((self.folder / name).as_posix()))
        if self.tree.existing(place) is None:
            return ref
        return posixpath.relpath(place.as_posix(), page.folder.as_posix())

    def section(self, label: str) -> str:
        if self.tree.sections is None:
            self.tree.sections = dict(self._sections())
        title, file = self.tree.sections.get(label, ("", ""))
        if file:
            self.tree.seen.add(file)
        return title

    def _sections(self) -> Iterator[tuple[str, tuple[str, str]]]:
        for file in self.tree.ending(LABELLED)[:MOST_LABELLED]:
            try:
                text = decode_text(read_regular(file, LARGEST)) if self.tree.inside(file) else ""
            except OSError:
                continue
            yield from ((label, (title, str(file))) for label, title in labels_of(text or "").items())

    def has(self, *names: str) -> bool:
        return any(name in self.tree.listing(above) for above in self._above() for name in names)
