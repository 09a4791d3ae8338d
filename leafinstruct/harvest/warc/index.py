"""The index of a WARC file: one row per record, made in one pass without decoding a body."""

from __future__ import annotations

import re
import zlib
from base64 import b32decode
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple
from urllib.parse import urljoin

import pyarrow as pa
from fastwarc.warc import HeaderMap, WarcRecord, WarcRecordType

from leafinstruct.document import Described, schema_of
from leafinstruct.harvest.index import HASH, hash_of
from leafinstruct.harvest.warc.archive import archive, is_renamed
from leafinstruct.harvest.warc.kinds import (
    ERROR,
    HEAD,
    OTHER,
    PAGE,
    PAGE_REVISIT,
    REVISIT,
    UNREAD,
    is_stated_page,
    kind_of,
)
from leafinstruct.text.urls import url_key
from leafinstruct.text.valid import valid_line

REDIRECTS = (301, 302, 303, 307, 308)
BODIES = (200, 203)
"""HTTP statuses of an answer with the whole of what was asked for."""
FAILED = 400
"""From here on, HTTP statuses of answers that are no page but say why there is none."""
RECORD, DIGEST, REFERS = "record", "digest", "refers"
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
    "kind": (
        pa.string(),
        f"`{PAGE}`, `{UNREAD}` for a text of another format or an error page, `{OTHER}`, `{REVISIT}`, "
        f"`{PAGE_REVISIT}`, or `{ERROR}` for an unreadable place",
    ),
    "target": (pa.string(), "where a redirect or a revisit leads, or the reason of an error row"),
    RECORD: (pa.int64(), "64-bit hash of the id of a record with a body; 0 for others"),
    DIGEST: (pa.int64(), "64-bit hash of the stated digest of the body; 0 without one"),
    REFERS: (pa.int64(), "64-bit hash of the id of the record that a revisit refers to; 0 without one"),
}
SCHEMA = schema_of(INDEX)
PARTIAL = 206
WHOLE = re.compile(r"bytes 0-(\d{1,15})/(\d{1,15})$")
BATCH = 8192
PACKED = (b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd")
"""How members of gzip and frames of Zstandard begin."""
DICTIONARY = b"\x5d\x2a\x4d\x18"
"""How a Zstandard file begins that has its dictionary in it; the reader takes none."""


class Row(NamedTuple):
    key: str
    url: str
    offset: int
    status: int
    kind: str
    target: str
    record: int = 0
    digest: int = 0
    refers: int = 0


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
    count, last, renamed = -1, -1, False
    try:
        if not file.stat().st_size:
            yield _error("empty")
            return
        with file.open("rb") as stream, file.open("rb") as probe:
            packed = next((mark for mark in PACKED if _begins(probe, 0, mark)), b"")
            if _begins(probe, 0, DICTIONARY):
                yield _error("zstd_dictionary")
                return
            renamed = is_renamed(stream)
            for count, record in enumerate(archive(stream)):
                place = record.stream_pos
                if record.headers.get("Content-Length") is None:
                    reason = "warc_truncated"  # nobody knows where it ends, but the next one is found by its beginning
                    continue
                if (head := _head_of_whole(record)) is None:
                    reason = "warc_truncated"
                    break
                row = _row(record, head, place)
                if row is not None:
                    entered = place > last and _begins(probe, place, packed)
                    yield row if entered else row._replace(offset=-(count + 1))
                last = place
    except (OSError, ValueError, EOFError):
        reason = "not_a_warc" if count < 0 else "warc_truncated"
    if count < 0 and not reason:
        reason = "not_a_warc"
    if not reason and not renamed and not _ends_whole(file, last):
        reason = "warc_truncated"
    if reason:
        yield _error(reason)


def _begins(stream: BinaryIO, place: int, mark: bytes) -> bool:
    """Whether a file goes on with a mark here. Where no member of a compressed file does, the file is one member, and
    the reader's positions mean nothing."""
    stream.seek(place)
    return stream.read(len(mark)) == mark


def _head_of_whole(record: WarcRecord) -> bytes | None:
    """The beginning of a record's body; None if the body is shorter than its header states. Reads all of it (as
    skipping it would)."""
    length, head, found = record.content_length, b"", 0
    while piece := record.reader.read(1 << 20):
        head = head or piece[:HEAD]
        found += len(piece)
    return head if found >= length else None


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


def _row(record: WarcRecord, head: bytes, place: int) -> Row | None:
    headers = record.headers
    url = _bare(headers.get("WARC-Target-URI"))
    if not url or record.record_type not in (WarcRecordType.response, WarcRecordType.revisit, WarcRecordType.resource):
        return None
    http = record.http_headers
    status = _status(http) if http is not None else 200
    kind, target, own, refers = OTHER, "", 0, 0
    if http is not None and status in REDIRECTS:
        target = _joined(url, (http.get("Location") or ""))
    if record.record_type == WarcRecordType.revisit:
        kind = PAGE_REVISIT if status in BODIES and http is not None and is_stated_page(record) else REVISIT
        target = target or _bare(headers.get("WARC-Refers-To-Target-URI"))
        refers = _hash(_bare(headers.get("WARC-Refers-To")))
    elif status in BODIES:
        kind = kind_of(record, url, head)
        own = _hash(_bare(headers.get("WARC-Record-ID")))
    elif status >= FAILED and is_stated_page(record):
        kind = UNREAD
    digest = _hash(_plain_digest(headers.get("WARC-Payload-Digest") or ""))
    return Row(url_key(url), valid_line(url), place, status, kind, valid_line(target), own, digest, refers)


def _status(http: HeaderMap) -> int:
    """The HTTP status; 200 for the whole of a body in answer to a request for a part of it."""
    status = min(max(http.status_code or 0, 0), MOST_STATUS)
    part = WHOLE.match(http.get("Content-Range") or "") if status == PARTIAL else None
    return 200 if part and int(part[1]) + 1 == int(part[2]) else status


def _bare(value: str | None) -> str:
    """A header's address or id: some writers put it in angle brackets."""
    return (value or "").strip("<> ")


def _hash(name: str) -> int:
    return hash_of(name) if name else 0


def _plain_digest(stated: str) -> str:
    """A digest in one form: writers state SHA-1 in base 32 or in hexadecimal."""
    kind, _, value = stated.strip().lower().replace("-", "").partition(":")
    with suppress(ValueError):
        if kind == "sha1" and len(value) == 32:
            value = b32decode(value.upper()).hex()
    return f"{kind}:{value}" if value else ""


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location.strip())
    except ValueError:
        return ""
