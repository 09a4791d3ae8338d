"""Source `tutorial`: repositories of Markdown, notebooks, reStructuredText or HTML with images next to them.

Each folder that `path` matches is a repository; links resolve inside it only. Documents are spread over buckets by the
hash of their path, so that a new file makes one bucket stale. A file that looks like a document and is none is counted,
with the reason.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from leafinstruct.document import Document, Harvested, Image, document_id
from leafinstruct.errors import LeafError
from leafinstruct.harvest import base, licenses
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
from leafinstruct.harvest.index import Index
from leafinstruct.harvest.links import BADGE, Tree
from leafinstruct.harvest.metadata import field, language_of, plain_language, split_front_matter
from leafinstruct.harvest.tree_files import HTML, NOTEBOOK, TEMPLATE, Files, is_template
from leafinstruct.images.header import read_image

STEP_FILE = re.compile(r"step[-_ ]?(\d{1,4})\.(?:md|markdown|mdx|rst|html?)$", re.IGNORECASE)
LICENSE_FILE = re.compile(r"(?:licen[cs]e|copying|unlicense)(?:[._-]\w+)*$", re.IGNORECASE)
ABOUT_TEXT = re.compile(r"content|docs?\b|text|media|cc", re.IGNORECASE)
"""Names of license files that cover the text, where another one covers the code."""
META = "meta.yml"
MAX_BYTES = 10 * 2**20
"""Text of ten books; a larger file is data, not a tutorial."""
MAX_NOTEBOOK = 64 * 2**20
"""Notebooks hold their images."""


@dataclass(frozen=True)
class Input:
    """One document to be: the repository, its path in there, its files in order, and the files with its metadata
    (licenses of its folder and those above, nearest first; meta.yml next to step files), which make its bucket stale
    too."""

    site: str
    repository: Path
    path: str
    files: tuple[Path, ...]
    about: tuple[Path, ...] = ()
    not_read: str = ""
    """Why the file is not read, if it is not."""

    @property
    def where(self) -> str:
        return f"{self.site}/{self.path}"


class Source(base.Source):
    """Tutorial trees. Settings: path, license, language, topic, partition."""

    def check(self) -> None:
        super().check()
        if not self.repositories():
            raise LeafError(
                f"source {self.name}: path '{self.settings.path}' names no folder; give the folder of the tutorials"
            )

    def repositories(self) -> dict[str, Path]:
        """Folders by the name of their site: the folder's, with its parent's if two share one."""
        folders = [p for p in self.paths() if p.is_dir()]
        names = [p.resolve().name for p in folders]
        return {
            f"{p.resolve().parent.name}+{name}" if names.count(name) > 1 else name: p.absolute()
            for p, name in zip(folders, names, strict=True)
        }

    def inputs(self) -> list[Input]:
        return [i for site, folder in self.repositories().items() for i in _inputs(site, folder)]

    def plan(self, known: int | None) -> list[base.Chunk]:
        """Buckets by the hash of the document's path; all of them, empty ones too."""
        inputs = self.inputs()
        count = known or max(1, -(-len(inputs) // self.partition))
        buckets: list[list[Input]] = [[] for _ in range(count)]
        for one in inputs:
            key = hashlib.sha256(one.where.encode("utf-8", "surrogateescape")).digest()
            buckets[int.from_bytes(key[:8], "big") % count].append(one)
        return [self._chunk(number, bucket) for number, bucket in enumerate(buckets)]

    def _chunk(self, number: int, bucket: list[Input]) -> base.Chunk:
        read = [one for one in bucket if not one.not_read]
        files = tuple(sorted({str(file) for one in read for file in (*one.files, *one.about)}))
        documents = [
            [one.site, str(one.repository), one.path, [str(f) for f in one.files], one.not_read] for one in bucket
        ]
        return base.Chunk(f"{number:05d}", files, {"documents": documents})

    def harvest(self, chunk: base.Chunk, index: Index | None) -> Harvested:
        result = Harvested()
        trees: dict[str, Tree] = {}
        for site, repository, path, files, not_read in chunk.spec["documents"]:
            tree = trees.setdefault(repository, Tree(Path(repository)))
            one = Input(site, tree.root, path, tuple(Path(f) for f in files), not_read=not_read)
            document, images = self._document_or_reason(one, tree)
            result.documents.append(document)
            result.images.update(images)
            result.files.update([] if not_read else files)
        for tree in trees.values():
            result.files.update(tree.seen)
        return result

    def _document_or_reason(self, one: Input, tree: Tree) -> tuple[Document, dict[str, Image]]:
        """A document; whatever its file makes the code that reads it raise is a document with the reason."""
        try:
            with self.bounded(one.where):
                return self._document(one, tree)
        except LeafError:
            raise
        except Exception as error:
            return base.failed(self, document_id(self.name, one.where), one.site, one.where, error), {}

    def _document(self, one: Input, tree: Tree) -> tuple[Document, dict[str, Image]]:
        links = "" if self.keeps_links else None
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
            id=document_id(self.name, one.where),
            source=self.name,
            site=one.site,
            url=first.url,
            path=one.where,
            license=licenses.normalize(first.license) or self._license(one, tree) or self.license,
            title=_title(one, pages, tree),
            topic=first.topic or self.topic,
            language=plain_language(first.language) or language_of(one.path.rstrip("/").split("/")) or self.language,
            parts=() if error else parts,
            lost=() if error else lost,
            error=error,
        )
        return document, {} if error else images

    def _license(self, one: Input, tree: Tree) -> str:
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


def _inputs(site: str, repository: Path) -> Iterator[Input]:
    """Documents of a repository in path order, and what is none; hidden folders and installed packages are skipped."""
    licenses: dict[Path, tuple[Path, ...]] = {}
    kinds = Files(repository)
    for folder, folders, names in os.walk(repository):
        folders[:] = sorted(f for f in folders if not f.startswith(".") and f != "node_modules")
        here = Path(folder)
        within = here.relative_to(repository).as_posix()
        prefix = "" if within == "." else f"{within}/"
        own = tuple(here / name for name in sorted(names) if LICENSE_FILE.match(name))
        licenses[here] = about = own + licenses.get(here.parent, ())
        steps = {int(m[1]): name for name in sorted(names) if (m := STEP_FILE.match(name))}
        meta = tuple(here / name for name in names if name == META)
        if len(steps) > 1:
            yield Input(site, repository, prefix, tuple(here / steps[n] for n in sorted(steps)), about + meta)
        for name in sorted(names):
            if len(steps) > 1 and name in steps.values():
                continue
            if (reason := kinds.reason(here, name)) is not None:
                yield Input(site, repository, prefix + name, (here / name,), about, reason)


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
