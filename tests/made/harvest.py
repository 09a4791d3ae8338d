"""Small images, trees and WARC files for the tests of harvest."""

from __future__ import annotations

import gzip
import io
from pathlib import Path
from typing import Any

import PIL.Image
import pyarrow.parquet as pq

from leafinstruct.document import Document, Harvested
from leafinstruct.harvest.base import Source
from leafinstruct.harvest.index import Index
from leafinstruct.harvest.sources import load_source
from leafinstruct.pipeline import SourceSettings
from leafinstruct.run import Run


def picture(color: int = 0, size: tuple[int, int] = (64, 48), kind: str = "PNG", **save: Any) -> bytes:
    image = PIL.Image.new("RGB", size, (color % 256, color // 256 % 256, 99))
    out = io.BytesIO()
    image.save(out, kind, **save)
    return out.getvalue()


def write(root: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def harvest(kind: str, root: Path, path: str | list[str] = "*", **settings: Any) -> Harvested:
    """All chunks of a source in one."""
    source = load_source(SourceSettings("s", kind, {"path": path, **settings}), root)
    source.check()
    index = index_of(source, root)
    whole = Harvested()
    for chunk in source.plan(None):
        made = source.harvest(chunk, index)
        whole.documents += made.documents
        whole.images.update(made.images)
        whole.files.update(made.files)
    return whole


def index_of(source: Source, root: Path) -> Index:
    """The index of a source, in files beside its input."""
    places = {}
    for number, file in enumerate(source.index_inputs()):
        places[file] = f".index-{number}.parquet"
        pq.write_table(source.index(file), root / places[file])
    return Index(Run(root), places)


def by_path(made: Harvested) -> dict[str, Document]:
    return {d.path: d for d in made.documents}


def shape(document: Document) -> list[str]:
    """A document at a glance: texts, and images as their url's last part in brackets, with the step before a colon."""
    return [
        f"{p.step}:{p.text}" if p.type == "text" else f"{p.step}:[{p.url.rpartition('/')[2]}]" for p in document.parts
    ]


def record(
    url: str,
    body: bytes,
    mime: str = "text/html",
    status: str = "200 OK",
    http: str = "",
    warc: str = "",
    kind: str = "response",
    ends: tuple[str, str] = ("\r\n", "\r\n"),
) -> bytes:
    """One WARC record with an HTTP response; `ends` end the lines of its own header and of HTTP's."""
    header = f"HTTP/1.1 {status}\r\nContent-Type: {mime}\r\n{http}\r\n".replace("\r\n", ends[1])
    message = header.encode() + body
    head = (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: {url}\r\nWARC-Date: 2024-01-01T00:00:00Z\r\n{warc}"
        f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(message)}\r\n\r\n"
    )
    return head.replace("\r\n", ends[0]).encode() + message + 2 * ends[0].encode()


def warc_gz(*records: bytes) -> bytes:
    """One gzip member a record, as archives are written."""
    return b"".join(gzip.compress(r, mtime=0) for r in records)
