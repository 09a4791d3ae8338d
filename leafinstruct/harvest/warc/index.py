"""The index of a WARC file: one row per record, made in one pass without decoding a body."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple
from urllib.parse import urljoin

import pyarrow as pa
from fastwarc.warc import ArchiveIterator, HeaderMap, WarcRecord, WarcRecordType

from leafinstruct.document import Described, schema_of
from leafinstruct.harvest.index import HASH, hash_of
from leafinstruct.text.urls import url_key
from leafinstruct.text.valid import valid_line

HTML_TYPES = ("text/html", "application/xhtml+xml")
PAGE, OTHER, REVISIT, PAGE_REVISIT, ERROR = "page", "other", "revisit", "page_revisit", "error"
INDEX: Described = {
    HASH: (pa.int64(), "64-bit hash of `key`"),
    "key": (pa.string(), "URL of the record, normalized"),
    "url": (pa.string(), "URL of the record"),
    "offset": (
        pa.int64(),
        "where the record starts, in bytes; -(n + 1) for record n of a file that is compressed as a whole and cannot "
        "be entered there",
    ),
    "status": (pa.int32(), "HTTP status"),
    "kind": (pa.string(), f"`{PAGE}`, `{OTHER}`, `{REVISIT}`, `{PAGE_REVISIT}`, or `{ERROR}` for an unreadable place"),
    "target": (pa.string(), "where a redirect or a revisit leads, or the reason of an error row"),
}
SCHEMA = schema_of(INDEX)
BATCH = 8192
GZIP = b"\x1f\x8b\x08"


class Row(NamedTuple):
    key: str
    url: str
    offset: int
    status: int
    kind: str
    target: str


def build_index(file: Path) -> pa.Table:
    """Rows of SCHEMA for all records of a file, in order."""
    batches: list[pa.RecordBatch] = []
    rows: list[Row] = []
    for row in scan(file):
        rows.append(row)
        if len(rows) == BATCH:
            batches.append(_batch(rows))
            rows = []
    return pa.Table.from_batches([*batches, _batch(rows)], SCHEMA)


def _batch(rows: list[Row]) -> pa.RecordBatch:
    columns = [[hash_of(row.key) for row in rows], *([row[n] for row in rows] for n in range(len(Row._fields)))]
    return pa.RecordBatch.from_arrays(
        [pa.array(c, f.type) for c, f in zip(columns, SCHEMA, strict=True)], schema=SCHEMA
    )


def scan(file: Path) -> Iterator[Row]:
    """Rows of one file. A truncated or damaged file gives the rows before that place, then one error row."""
    reason = ""
    count, last = -1, -1
    try:
        if not file.stat().st_size:
            yield _error("empty")
            return
        with file.open("rb") as stream, file.open("rb") as probe:
            packed = probe.read(3) == GZIP
            for count, record in enumerate(ArchiveIterator(stream, parse_http=True)):
                row = _row(record)
                if not _is_whole(record):
                    reason = "warc_truncated"
                    break
                if row is not None:
                    entered = record.stream_pos > last and (not packed or _starts_member(probe, record.stream_pos))
                    yield row if entered else row._replace(offset=-(count + 1))
                last = record.stream_pos
    except (OSError, ValueError, EOFError):
        reason = "not_a_warc" if count < 0 else "warc_truncated"
    if count < 0 and not reason:
        reason = "not_a_warc"
    if not reason and not _ends_whole(file, last):
        reason = "warc_truncated"
    if reason:
        yield _error(reason)


def _starts_member(stream: BinaryIO, place: int) -> bool:
    """Whether a gzip member starts here: in a file that is one member, the reader's positions mean nothing."""
    stream.seek(place)
    return stream.read(3) == GZIP


def _is_whole(record: WarcRecord) -> bool:
    """Whether the record's body is as long as its header states. Reads it (as skipping it would)."""
    if record.headers.get("Content-Length") is None:
        return False
    length, found = record.content_length, 0
    while piece := record.reader.read(1 << 20):
        found += len(piece)
    return found >= length


def _ends_whole(file: Path, last: int) -> bool:
    """Whether a compressed file ends with the member of its last record: a truncated one after it shows no record."""
    with file.open("rb") as stream:
        if stream.read(2) != b"\x1f\x8b" or last >= file.stat().st_size:
            return True
        stream.seek(last)
        member = zlib.decompressobj(zlib.MAX_WBITS | 16)
        while not member.eof and (piece := stream.read(1 << 20)):
            try:
                member.decompress(piece)
            except zlib.error:
                return False
        return member.eof and not member.unused_data and not stream.read(1)


MOST_STATUS = 999
"""HTTP's status codes have three digits; a file may state any number."""


def _error(reason: str) -> Row:
    return Row("", "", 0, 0, ERROR, reason)


def _row(record: WarcRecord) -> Row | None:
    url = (record.headers.get("WARC-Target-URI") or "").strip("<> ")
    if not url or record.record_type not in (WarcRecordType.response, WarcRecordType.revisit, WarcRecordType.resource):
        return None
    http = record.http_headers
    status = min(max(http.status_code or 0, 0), MOST_STATUS) if http is not None else 200
    kind, target = OTHER, ""
    if record.record_type == WarcRecordType.revisit:
        kind = PAGE_REVISIT if status == 200 and http is not None and _is_html(http) else REVISIT
        target = (record.headers.get("WARC-Refers-To-Target-URI") or "").strip("<> ") or url
    elif http is not None and status in (301, 302, 303, 307, 308):
        target = _joined(url, (http.get("Location") or ""))
    elif http is not None and status == 200 and _is_html(http):
        kind = PAGE
    return Row(url_key(url), valid_line(url), record.stream_pos, status, kind, valid_line(target))


def _is_html(http: HeaderMap) -> bool:
    return (http.get("Content-Type") or "").split(";")[0].strip().lower() in HTML_TYPES


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location.strip())
    except ValueError:
        return ""
