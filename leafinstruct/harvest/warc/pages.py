"""Documents of WARC files: pages are parsed, then the images that they name are read from any file of the source."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

from leafinstruct.document import Document, Harvested, Image, document_id
from leafinstruct.harvest.base import Chunk, Source, failed
from leafinstruct.harvest.bounds import OUT_OF_MEMORY, TOO_COSTLY, TooCostly
from leafinstruct.harvest.html.flow import Block, Page
from leafinstruct.harvest.html.page import MAX_PAGE, parse_html
from leafinstruct.harvest.html.parts import assemble
from leafinstruct.harvest.index import Index
from leafinstruct.harvest.links import data_uri
from leafinstruct.harvest.metadata import plain_language
from leafinstruct.harvest.warc.index import FAILED
from leafinstruct.harvest.warc.kinds import ERROR, PAGE, PAGE_REVISIT, UNREAD
from leafinstruct.harvest.warc.lookup import IMAGE, Found, Lookup
from leafinstruct.harvest.warc.read import Body, records
from leafinstruct.images.header import read_image
from leafinstruct.text.urls import host_of, url_key


class Pages:
    """The pages of a source with the index of its files."""

    def __init__(self, source: Source, index: Index) -> None:
        self.source = source
        self.index = index

    def harvest(self, chunk: Chunk) -> Harvested:
        index = self.index
        file = chunk.spec["file"]
        result = Harvested(files={file})
        rows = list(index.stretch(file, chunk.spec["start"], chunk.spec["end"]))
        pages = [row for row in rows if row["kind"] == PAGE]
        revisits = [row for row in rows if row["kind"] == PAGE_REVISIT]
        parsed = self._parse(file, pages)
        lookup = Lookup(index)
        lookup.load({row["key"] for row in [*pages, *revisits]})
        fetched = self._fetch([block for _, page in parsed for block in page.blocks if block.ref], lookup, result)
        for row, page in parsed:
            occurrence = lookup.occurrence(row["key"], file, row["offset"])
            document, images = self._document_or_reason(row, page, fetched, file, occurrence)
            result.documents.append(document)
            result.images.update(images)
        result.asked.update((row["key"], row["offset"]) for row in pages)
        result.asked.update((row["key"], IMAGE) for row in revisits)
        result.documents += [self._failed(file, "", row["target"]) for row in rows if row["kind"] == ERROR]
        unread = [row for row in rows if row["kind"] == UNREAD]
        result.documents += [self._failed(file, row["url"], _why_unread(row), row["offset"]) for row in unread]
        gone = [row for row in revisits if lookup.follow(row["key"]).reason]
        result.documents += self._revisits(file, gone)
        return result

    def _revisits(self, file: str, rows: list[dict[str, Any]]) -> list[Document]:
        """Pages that the crawler saw unchanged and whose first capture is in no file of the source: one row per URL."""
        urls = {row["key"]: row["url"] for row in reversed(rows)}
        return [self._failed(file, url, "revisit_without_original") for url in sorted(urls.values())]

    def _parse(self, file: str, rows: list[dict[str, Any]]) -> list[tuple[dict[str, Any], Page]]:
        by_offset = {row["offset"]: row for row in rows}
        parsed = []
        for offset, read in records(file, by_offset):
            try:
                with self.source.bounded(self._record(file, offset)):
                    page = self._page(read(), by_offset[offset]["url"])
            except TooCostly:
                page = Page(error=TOO_COSTLY)
            parsed.append((by_offset[offset], page))
        return parsed

    def _page(self, body: Body | None, url: str) -> Page:
        if body is None:
            return Page(error="unreadable_record")
        if len(body.data) > MAX_PAGE:
            return Page(error="too_large")
        return _page(body.data, url, body.charset, url if self.source.keeps_links else None)

    def _record(self, file: str, offset: int) -> str:
        """The name of a record among the inputs."""
        return f"{self._relative(file)}@{offset}"

    def _fetch(self, blocks: list[Block], lookup: Lookup, result: Harvested) -> dict[str, Image | str]:
        """The image of each URL that was read, or the reason why there is none: of each block's candidates up to the
        first image, those that the index leads to nowhere included."""
        urls = {ref for block in blocks for ref in block.candidates}
        fetched: dict[str, Image | str] = {}
        for url in (u for u in urls if u[:5].lower() == "data:"):
            data = data_uri(url)
            fetched[url] = data if isinstance(data, str) else read_image(data, "data:")
        keys = {url: url_key(url) for url in urls - fetched.keys()}
        lookup.load(keys.values())
        result.asked.update((key, IMAGE) for key in keys.values())
        found = {url: lookup.follow(key) for url, key in keys.items()}
        fetched.update((url, place.reason) for url, place in found.items() if place.reason)
        while wanted := {url for block in blocks if (url := _next(block, fetched))}:
            self._read({url: found[url] for url in wanted}, fetched, result)
        return fetched

    def _read(self, found: dict[str, Found], fetched: dict[str, Image | str], result: Harvested) -> None:
        """Read the records that URLs lead to."""
        places: dict[str, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
        for url in sorted(found):
            places[found[url].file][found[url].offset].append(url)
        for file, offsets in places.items():
            result.files.add(file)
            for offset, read in records(file, offsets):
                try:
                    with self.source.bounded(self._record(file, offset)):
                        body = read()
                        for url in offsets[offset]:
                            fetched[url] = read_image(body.data, url) if body is not None else "unreadable_record"
                except TooCostly:
                    fetched.update((url, TOO_COSTLY) for url in offsets[offset])

    def _document_or_reason(
        self, row: dict[str, Any], page: Page, fetched: dict[str, Image | str], file: str, occurrence: int
    ) -> tuple[Document, dict[str, Image]]:
        try:
            with self.source.bounded(self._record(file, row["offset"])):
                return self._document(row, page, fetched, file, occurrence)
        except Exception as error:  # whatever a page makes the code raise that writes its Markdown
            key = document_id(self.source.name, row["url"], occurrence)
            return failed(self.source, key, host_of(row["url"]), self._relative(file), error), {}

    def _document(
        self, row: dict[str, Any], page: Page, fetched: dict[str, Image | str], file: str, occurrence: int
    ) -> tuple[Document, dict[str, Image]]:
        def resolve(block: Block) -> Image | str:
            read = [fetched[ref] for ref in block.candidates if ref in fetched]
            image = next((one for one in read if isinstance(one, Image)), None)
            return image or next((str(one) for one in read if one != "not_in_warc"), "not_in_warc")

        parts, lost, images = assemble(page.blocks, resolve)
        document = Document(
            id=document_id(self.source.name, row["url"], occurrence),
            source=self.source.name,
            site=host_of(row["url"]),
            url=row["url"],
            path=self._relative(file),
            license=page.license or self.source.license,
            title=page.title,
            topic=self.source.topic,
            language=plain_language(page.language) or self.source.language,
            parts=parts,
            lost=lost,
            error=page.error,
        )
        return document, images

    def _failed(self, file: str, url: str, reason: str, occurrence: int = 0) -> Document:
        where = self._relative(file)
        return Document(
            id=document_id(self.source.name, f"{url} {where}".strip(), occurrence),
            source=self.source.name,
            site=host_of(url),
            url=url,
            path=where,
            license=self.source.license,
            title="",
            topic=self.source.topic,
            language=self.source.language,
            parts=(),
            error=reason,
        )

    def _relative(self, file: str) -> str:
        path = Path(file)
        return path.relative_to(self.source.root).as_posix() if self.source.root in path.parents else path.name


def _why_unread(row: dict[str, Any]) -> str:
    return "not_html" if row["status"] < FAILED else f"status_{row['status']}"


def _next(block: Block, fetched: dict[str, Image | str]) -> str:
    """The next URL to read for a block; "" if it has its image, or none is left."""
    for ref in block.candidates:
        if ref not in fetched:
            return ref
        if isinstance(fetched[ref], Image):
            return ""
    return ""


def _page(data: bytes, url: str, charset: str | None, links: str | None) -> Page:
    """The content of a page; whatever it makes the parser raise is its error."""
    try:
        return parse_html(data, url, charset, links=links)
    except OUT_OF_MEMORY:
        raise
    except Exception as error:
        return Page(error=f"failed_{type(error).__name__}")
