"""Source `html`: folder trees of saved pages, one document each, with images next to them (`PAGE_files/`) or by URL."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urljoin

from leafinstruct.document import Document, Image, document_id
from leafinstruct.harvest import base, licenses
from leafinstruct.harvest.bounds import TooCostly
from leafinstruct.harvest.charset import decode
from leafinstruct.harvest.fetch.robots import page_opted_out
from leafinstruct.harvest.fetch.settings import FetchSettings, fetch_settings
from leafinstruct.harvest.files import read_regular
from leafinstruct.harvest.html.flow import Block, Page
from leafinstruct.harvest.html.page import parse_html
from leafinstruct.harvest.html.parts import assemble
from leafinstruct.harvest.index import Index
from leafinstruct.harvest.links import BADGE, Tree
from leafinstruct.harvest.metadata import plain_language
from leafinstruct.harvest.sources import tutorial
from leafinstruct.harvest.tree_files import MAX_BYTES, Input
from leafinstruct.text.urls import host_of, with_slashes

ENDINGS = (".html", ".htm", ".xhtml")
PARTS = re.compile(r"[_-](?:files|dateien|fichiers|archivos|file|bestanden|arquivos)$", re.IGNORECASE)
"""Folders in which browsers save what a page shows: the HTML files in there are frames, not pages."""
SAVED = re.compile(r"<!--\s*saved from url=\(\d+\)\s*(\S+?)\s*-->", re.IGNORECASE)
CANONICAL = re.compile(r"<link\b[^>]*\brel=[\"']?canonical\b[^>]*>", re.IGNORECASE)
HEAD = 100_000
"""Characters in which a page's head is searched."""
HREF = re.compile(r"\bhref=[\"']?([^\"'\s>]+)", re.IGNORECASE)


class Source(tutorial.Source):
    """Saved pages. Settings: path (folders), fetch (images that are not next to the page), license, language, topic,
    partition."""

    imports = (__name__,)

    @dataclass(frozen=True)
    class Settings(tutorial.Source.Settings):
        fetch: bool | FetchSettings = False
        """Whether images that are not next to the page are fetched, or how."""

    def check(self) -> None:
        super().check()
        if self.fetches:
            fetch_settings(self.name, self.settings.fetch)

    @property
    def fetches(self) -> bool:
        return self.settings.fetch is not False

    def inputs(self) -> list[Input]:
        found = []
        for site, root in self.repositories().items():
            for folder, folders, names in os.walk(root):
                folders[:] = sorted(f for f in folders if not f.startswith(".") and not PARTS.search(f))
                here = Path(folder)
                for name in sorted(names):
                    if name.lower().endswith(ENDINGS):
                        file = here / name
                        found.append(Input(site, root, file.relative_to(root).as_posix(), (file,)))
        return found

    def addresses(self, chunk: base.Chunk, index: Index | None) -> Iterable[str | tuple[str, ...]]:
        for site, root, path, files, _ in chunk.spec["documents"]:
            tree = Tree(Path(root))
            with suppress(TooCostly), self.bounded(f"{site}/{path}"):
                page, url, out = _page(file := Path(files[0]), tree, False)
                for block in page.blocks if not out else ():
                    if block.ref and isinstance(tree.image(block, file), str) and (remote := _remote(block, url)):
                        yield remote

    def _document(self, one: Input, tree: Tree) -> tuple[Document, dict[str, Image]]:
        file = one.files[0]
        page, url, out = _page(file, tree, self.keeps_links)
        parts, lost, images = assemble(page.blocks, partial(self._image, tree, file, url, out))
        error = page.error or ("" if parts or lost else "no_text")
        document = Document(
            id=document_id(self.name, one.where),
            source=self.name,
            site=host_of(url) or one.site,
            url=url,
            path=one.where,
            license=licenses.normalize(page.license) or self.license,
            title=page.title or file.stem,
            topic=self.topic,
            language=plain_language(page.language) or self.language,
            parts=parts,
            lost=lost,
            error=error,
        )
        return document, images

    def _image(self, tree: Tree, file: Path, url: str, out: bool, block: Block) -> Image | str:
        """The image of a block from next to the page, else from its URL unless the page opts `out`; "" for a badge."""
        if BADGE.search(block.ref):
            return ""
        found = tree.image(block, file)
        if isinstance(found, Image):
            return found
        remote = _remote(block, url)
        if self.fetches and remote and out:
            return "opted_out"
        if self.fetches and remote:
            from leafinstruct.harvest.fetch.cache import Cache

            return Cache.default().first_image(remote)
        return "not_fetched" if found == "remote" else found


def _remote(block: Block, url: str) -> tuple[str, ...]:
    """URLs of a block's image, the preferred one first; none if it has none."""
    found = []
    for ref in block.candidates:
        with suppress(ValueError):
            found.append(urljoin(url, with_slashes(ref)))
    return tuple(address for address in found if address[:7].lower() in ("http://", "https:/"))


def _page(file: Path, tree: Tree, links: bool) -> tuple[Page, str, bool]:
    """The content of a file (or the reason why it has none), the URL it was saved from, if it states one, and whether
    it opts out of use for AI."""
    try:
        if not tree.inside(file):
            return Page(error="outside_tree"), "", False
        data = read_regular(file, MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            return Page(error="too_large"), "", False
    except OSError:
        return Page(error="unreadable"), "", False
    if not data.strip():
        return Page(error="empty"), "", False
    text = decode(data)
    if text is None:
        return Page(error="undecodable"), "", False
    head = text[:HEAD]
    address = _address(head)
    return parse_html(text, "", links=address if links else None), address, page_opted_out(head)


def _address(text: str) -> str:
    if saved := SAVED.search(text):
        return saved[1]
    link = CANONICAL.search(text)
    href = HREF.search(link[0]) if link else None
    return href[1] if href and href[1][:4].lower() == "http" else ""
