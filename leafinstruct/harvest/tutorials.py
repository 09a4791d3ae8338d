"""Documents of a tree of tutorials: pages of any format, with the images and the metadata that lie around them."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

from leafinstruct.document import Document, Image, document_id
from leafinstruct.harvest import licenses
from leafinstruct.harvest.base import Source
from leafinstruct.harvest.charset import decode, decode_text
from leafinstruct.harvest.files import is_regular, read_regular
from leafinstruct.harvest.formats.around import InTree
from leafinstruct.harvest.formats.dialects.lowering import lowered
from leafinstruct.harvest.formats.dialects.page import Dialect
from leafinstruct.harvest.formats.dialects.templates import without_templates
from leafinstruct.harvest.formats.markdown import parse_markdown
from leafinstruct.harvest.formats.notebook import parse_notebook
from leafinstruct.harvest.formats.rst import parse_rst
from leafinstruct.harvest.html.flow import Block, Page
from leafinstruct.harvest.html.page import parse_html
from leafinstruct.harvest.html.parts import assemble
from leafinstruct.harvest.html.steps import steps_of
from leafinstruct.harvest.links import BADGE, Tree
from leafinstruct.harvest.metadata import field, language_of, plain_language, split_front_matter
from leafinstruct.harvest.tree_files import (
    HTML,
    LICENSE_FILE,
    MAX_BYTES,
    META,
    NOTEBOOK,
    TEMPLATE,
    Input,
    is_template,
)
from leafinstruct.images.header import read_image

ABOUT_TEXT = re.compile(r"content|docs?\b|text|media|cc", re.IGNORECASE)
"""Names of license files that cover the text, where another one covers the code."""
MAX_NOTEBOOK = 64 * 2**20
"""Notebooks hold their images."""


def document_of(source: Source, one: Input, tree: Tree) -> tuple[Document, dict[str, Image]]:
    """The document of an input, and its images."""
    links = "" if source.keeps_links else None
    pages = [Page(error=one.not_read) if one.not_read else _page(file, tree, links) for file in one.files]
    blocks = [block for page in pages for block in page.blocks]
    steps = [n for n, page in enumerate(pages, 1) for _ in page.blocks] if len(pages) > 1 else steps_of(blocks)
    owner = {id(block): (file, page) for file, page in zip(one.files, pages, strict=True) for block in page.blocks}
    parts, lost, images = assemble(blocks, partial(_resolve, tree, owner), steps)
    errors = [page.error for page in pages if page.error]
    error = errors[0] if len(errors) == len(pages) else ""
    if not error and not parts and not lost:
        error = "no_text"
    first = pages[0]
    document = Document(
        id=document_id(source.name, one.where),
        source=source.name,
        site=one.site,
        url=first.url,
        path=one.where,
        license=licenses.normalize(first.license) or _license(one, tree) or source.license,
        title=_title(one, pages, tree),
        topic=first.topic or source.topic,
        language=plain_language(first.language) or language_of(one.path.rstrip("/").split("/")) or source.language,
        parts=() if error else parts,
        lost=() if error else lost,
        error=error,
    )
    return document, {} if error else images


def _license(one: Input, tree: Tree) -> str:
    """The license of the nearest license file that names one, from the document's folder up to the repository's."""
    folder = one.files[0].parent
    for place in [folder, *folder.parents]:
        names = [n for same in tree.listing(tree.place(place)).values() for n in same if LICENSE_FILE.match(n)]
        for name in sorted(names, key=lambda n: (not ABOUT_TEXT.search(n), n)):
            if is_regular(file := place / name) and tree.inside(file):
                tree.seen.add(str(file))
                if str(file) not in tree.licenses:
                    tree.licenses[str(file)] = licenses.identify(_head(file, licenses.READ))
                if found := tree.licenses[str(file)]:
                    return found
        if place == one.repository:
            break
    return ""


def _page(file: Path, tree: Tree, links: str | None) -> Page:
    """The content of one file, or a page with the reason why it has none."""
    try:
        if not tree.inside(file):
            return Page(error="outside_tree")
        ending = file.suffix.lower()
        most = MAX_NOTEBOOK if ending == NOTEBOOK else MAX_BYTES
        data = read_regular(file, most + 1)
        if len(data) > most:
            return Page(error="too_large")
    except OSError:
        return Page(error="unreadable")
    if not data.strip():
        return Page(error="empty")
    text = decode(data) if ending in HTML else decode_text(data)
    if text is None:
        return Page(error="undecodable")
    if ending in HTML:
        front, body = split_front_matter(text)
        if front and "{" in body and not TEMPLATE.search(body):
            dialect = Dialect(around=InTree(tree, file.parent))
            body = lowered(without_templates(body, dialect), dialect)
        if is_template(body):
            return Page(error="template")
        page = parse_html(body, "", None, whole=True, links=links)
        page.title = field(front, "title") or page.title
        return page
    around = InTree(tree, file.parent)
    if ending == ".rst":
        return parse_rst(text, links, around)
    return parse_notebook(text, links, around) if ending == NOTEBOOK else parse_markdown(text, links, file.name, around)


def _head(file: Path, most: int) -> str:
    """The beginning of a text file; "" if it cannot be read."""
    try:
        return read_regular(file, most).decode("utf-8", "replace")
    except OSError:
        return ""


def _title(one: Input, pages: list[Page], tree: Tree) -> str:
    """From meta.yml next to step files, front matter, the first heading, or the name of the file or folder."""
    meta = one.files[0].parent / META
    stated = ""
    if len(one.files) > 1 and is_regular(meta) and tree.inside(meta):
        tree.seen.add(str(meta))
        text = _head(meta, MAX_BYTES).strip().removeprefix("---").strip()
        stated = field(split_front_matter(f"---\n{text}\n---\n")[0], "title")
    heading = next((page.first_heading for page in pages if page.first_heading), "")
    name = one.path.rstrip("/").rpartition("/")[2] or one.site
    plain = re.sub(r"[-_]+", " ", name.split(".")[0] if len(one.files) == 1 else name)
    return stated or pages[0].title or heading or plain


def _resolve(tree: Tree, owner: dict[int, tuple[Path, Page]], block: Block) -> Image | str:
    """The image of a block, or why there is none; "" for a badge, which is not part of the text."""
    if BADGE.search(block.ref):
        return ""
    file, page = owner[id(block)]
    if (data := page.images.get(block.ref)) is not None:
        return read_image(data, f"{file.relative_to(tree.root).as_posix()}#{block.ref}")
    return tree.image(block, file)
