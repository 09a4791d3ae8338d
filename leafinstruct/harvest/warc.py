"""Source `warc`: pages of WARC files with images from any WARC file of the source.

An index of all records is made first. A chunk is a stretch of one file, so that planning opens no file.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.compute as pc

from leafinstruct.document import Document, Harvested, Image, LeafError, document_id
from leafinstruct.harvest import base
from leafinstruct.harvest.flow import Block, Page, assemble
from leafinstruct.harvest.html import parse_html
from leafinstruct.harvest.images import read_image
from leafinstruct.harvest.links import data_uri
from leafinstruct.harvest.metadata import plain_language
from leafinstruct.harvest.warc_index import ERROR, OTHER, PAGE, build_index, url_key
from leafinstruct.harvest.warc_read import read_bodies

BYTES_PER_PAGE = 64 * 1024
"""Compressed bytes of a page with its images, as in crawls; with `partition` it sets the length of a chunk."""
MAX_REDIRECTS = 5
MAX_PAGE = 10 * 2**20
"""Larger pages are data; the longest tutorial page seen is a tenth of it."""
ENDINGS = ("*.warc", "*.warc.gz")


@dataclass
class Found:
    """Where following an address ended: a record, or the reason why there is none."""

    reason: str = ""
    file: str = ""
    offset: int = 0


@dataclass
class _Lookup:
    """Images of one chunk by the key of their address. `rows` are index rows of each key that was asked for."""

    index: pa.Table
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def load(self, keys: Iterable[str]) -> None:
        """Rows of these keys and of all that their redirects and revisits lead to."""
        wanted = set(keys)
        for _ in range(MAX_REDIRECTS + 2):
            wanted -= self.rows.keys()
            if not wanted:
                return
            self.rows.update((key, []) for key in wanted)
            table = self.index.filter(pc.is_in(self.index["key"], pa.array(sorted(wanted), pa.string())))
            for row in table.to_pylist():
                self.rows[row["key"]].append(row)
            wanted = {url_key(row["target"]) for row in table.to_pylist() if row["target"] and row["kind"] != ERROR}

    def follow(self, url: str) -> Found:
        key = url_key(url)
        for _ in range(MAX_REDIRECTS + 1):
            rows = self.rows.get(key, [])
            bodies = [row for row in rows if row["kind"] in (OTHER, PAGE) and row["status"] == 200]
            if bodies:
                best = min(bodies, key=lambda row: row["kind"] == PAGE)
                return Found("", best["file"], best["offset"])
            onward = next((row for row in rows if row["target"] and url_key(row["target"]) != key), None)
            if onward is None:
                status = next((row["status"] for row in rows if row["status"] != 200), 0)
                return Found(f"status_{status}" if status else "not_in_warc")
            key = url_key(onward["target"])
        return Found("redirect_loop")


class Source(base.Source):
    """WARC files. Settings: path (files, globs or folders of files), license, language, topic, partition."""

    def check(self) -> None:
        super().check()
        if not self.files():
            raise LeafError(f"source {self.name}: path '{self.given['path']}' holds no .warc or .warc.gz file")

    def files(self) -> list[Path]:
        found: set[Path] = set()
        for path in self.paths():
            found.update([m for ending in ENDINGS for m in path.glob(ending)] if path.is_dir() else [path])
        return sorted(found)

    def plan(self, known: int | None) -> list[base.Chunk]:
        """Stretches of `partition` pages' usual length; the last one of a file is open-ended."""
        chunks = []
        for file in self.files():
            length = self.partition * BYTES_PER_PAGE
            count = max(1, -(-file.stat().st_size // length))
            for part in range(count):
                spec = {
                    "file": str(file),
                    "start": part * length,
                    "end": (part + 1) * length if part + 1 < count else None,
                }
                chunks.append(base.Chunk(f"{self._name(file)}-{part:05d}", (str(file),), spec))
        return chunks

    def _name(self, file: Path) -> str:
        """The file's name, with a mark of its folder where two files share one."""
        name = file.name.removesuffix(".gz").removesuffix(".warc")
        same = [f for f in self.files() if f.name.removesuffix(".gz").removesuffix(".warc") == name]
        return name if len(same) == 1 else f"{name}-{document_id('', str(file))[:8]}"

    def index(self) -> pa.Table:
        return build_index(self.files())

    def index_inputs(self) -> tuple[str, ...]:
        return tuple(str(file) for file in self.files())

    def harvest(self, chunk: base.Chunk, index: pa.Table | None) -> Harvested:
        if index is None:
            index = self.index()
        file, start, end = chunk.spec["file"], chunk.spec["start"], chunk.spec["end"]
        result = Harvested(files={file})
        rows = index.filter(pc.equal(index["file"], file)).to_pylist()
        pages = [
            r for r in rows if r["kind"] == PAGE and max(r["offset"], 0) >= start and (end is None or r["offset"] < end)
        ]
        parsed = self._parse(file, pages)
        fetched = self._fetch([block for _, page in parsed for block in page.blocks if block.ref], index, result)
        for row, page in parsed:
            document, images = self._document(row, page, fetched)
            result.documents.append(document)
            result.images.update(images)
        if end is None:
            result.documents += [self._failed(file, r["target"]) for r in rows if r["kind"] == ERROR]
        return result

    def _parse(self, file: str, rows: list[dict[str, Any]]) -> list[tuple[dict[str, Any], Page]]:
        by_offset = {row["offset"]: row for row in rows}
        parsed = []
        for offset, body in read_bodies(file, by_offset):
            url = by_offset[offset]["url"]
            if body is None:
                page = Page(error="unreadable_record")
            elif len(body.data) > MAX_PAGE:
                page = Page(error="too_large")
            else:
                page = parse_html(body.data, url, body.charset)
            parsed.append((by_offset[offset], page))
        return parsed

    def _fetch(self, blocks: list[Block], index: pa.Table, result: Harvested) -> dict[str, Image | str]:
        """Each address that the blocks name, with its image or the reason why there is none."""
        urls = {ref for block in blocks for ref in (block.ref, *block.larger[:1])}
        fetched: dict[str, Image | str] = {}
        for url in (u for u in urls if u[:5].lower() == "data:"):
            data = data_uri(url)
            fetched[url] = data if isinstance(data, str) else read_image(data, "data:")
        lookup = _Lookup(index)
        lookup.load(url_key(url) for url in urls - fetched.keys())
        places: dict[str, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
        for url in sorted(urls - fetched.keys()):
            found = lookup.follow(url)
            if found.reason:
                fetched[url] = found.reason
            else:
                places[found.file][found.offset].append(url)
        for file, offsets in places.items():
            result.files.add(file)
            for offset, body in read_bodies(file, offsets):
                for url in offsets[offset]:
                    fetched[url] = read_image(body.data, url) if body is not None else "unreadable_record"
        return fetched

    def _document(
        self, row: dict[str, Any], page: Page, fetched: dict[str, Image | str]
    ) -> tuple[Document, dict[str, Image]]:
        def resolve(block: Block) -> Image | str:
            for ref in block.larger[:1]:
                if isinstance(larger := fetched[ref], Image):
                    return larger
            return fetched[block.ref]

        parts, lost, images = assemble(page.blocks, resolve)
        document = Document(
            id=document_id(self.name, row["url"], row["occurrence"]),
            source=self.name,
            site=urlsplit(row["url"]).netloc.lower(),
            url=row["url"],
            path=self._relative(row["file"]),
            license=page.license or self.license,
            title=page.title,
            topic=self.topic,
            language=plain_language(page.language) or self.language,
            parts=parts,
            lost=lost,
            error=page.error,
        )
        return document, images

    def _failed(self, file: str, reason: str) -> Document:
        where = self._relative(file)
        return Document(
            document_id(self.name, where),
            self.name,
            "",
            "",
            where,
            self.license,
            "",
            self.topic,
            self.language,
            (),
            error=reason,
        )

    def _relative(self, file: str) -> str:
        path = Path(file)
        return path.relative_to(self.root).as_posix() if self.root in path.parents else path.name
