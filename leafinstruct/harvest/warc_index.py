"""What the WARC files of a source hold: one row a record, made in one pass without decoding a body."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, unquote, urljoin, urlsplit

import pyarrow as pa
from fastwarc.warc import ArchiveIterator, WarcRecord, WarcRecordType

HTML_TYPES = ("text/html", "application/xhtml+xml")
PAGE, OTHER, REVISIT, ERROR = "page", "other", "revisit", "error"
SCHEMA = pa.schema(
    [
        ("key", pa.string()),
        ("url", pa.string()),
        ("file", pa.string()),
        ("offset", pa.int64()),
        ("status", pa.int32()),
        ("kind", pa.string()),
        ("target", pa.string()),
        ("occurrence", pa.int32()),
    ]
)
"""`key`: the address normalised. `offset`: where the record starts; -(n + 1) for record n of a file that is compressed
as a whole and cannot be entered. `target`: where a redirect or a revisit leads, or the reason of an error row.
`occurrence`: how many earlier records have this page's address."""


class Row(NamedTuple):
    key: str
    url: str
    file: str
    offset: int
    status: int
    kind: str
    target: str
    occurrence: int = 0


def url_key(url: str) -> str:
    """An address in one form: no scheme, fragment or default port, host in lower case, escapes normalised."""
    try:
        split = urlsplit(url.strip())
        host = (split.hostname or "").rstrip(".")
        port = f":{split.port}" if split.port not in (None, 80, 443) else ""
    except ValueError:
        return url.strip()
    path = quote(unquote(split.path or "/"), safe="/~!$&'()*+,;=:@%")
    return f"{host}{port}{path}" + (f"?{split.query}" if split.query else "")


def build_index(files: Iterable[Path]) -> pa.Table:
    """Rows of SCHEMA for all records of the files, in the order of files and records."""
    seen: dict[str, int] = {}
    columns: dict[str, list[Any]] = {name: [] for name in SCHEMA.names}
    for file in files:
        for row in scan(file):
            occurrence = 0
            if row.kind == PAGE:
                occurrence = seen.get(row.key, 0)
                seen[row.key] = occurrence + 1
            for name, value in zip(SCHEMA.names, (*row[:-1], occurrence), strict=True):
                columns[name].append(value)
    return pa.Table.from_pydict(columns, schema=SCHEMA)


def scan(file: Path) -> Iterator[Row]:
    """Rows of one file. A file cut short or damaged gives what stands before that place, then one error row."""
    reason = ""
    rows: list[tuple[int, Row]] = []
    count = -1
    positions: list[int] = []
    try:
        if not file.stat().st_size:
            yield _error(file, "empty")
            return
        with file.open("rb") as stream:
            for count, record in enumerate(ArchiveIterator(stream, parse_http=True)):
                positions.append(record.stream_pos)
                row = _row(file, record)
                if not _is_whole(record):
                    reason = "warc_truncated"
                    break
                if row is not None:
                    rows.append((count, row))
    except (OSError, ValueError, EOFError):
        reason = "not_a_warc" if count < 0 else "warc_truncated"
    if count < 0 and not reason:
        reason = "not_a_warc"
    if not reason and not _ends_whole(file, positions[-1]):
        reason = "warc_truncated"
    entered = all(a < b for a, b in zip(positions, positions[1:], strict=False))
    for number, row in rows:
        yield row if entered else row._replace(offset=-(number + 1))
    if reason:
        yield _error(file, reason)


def _is_whole(record: WarcRecord) -> bool:
    """Whether the record's body is as long as its header says. Reads it (which skipping would do as well)."""
    if record.headers.get("Content-Length") is None:
        return False
    length, found = record.content_length, 0
    while piece := record.reader.read(1 << 20):
        found += len(piece)
    return found >= length


def _ends_whole(file: Path, last: int) -> bool:
    """Whether a compressed file ends with the member of its last record: a stump after it has no record to show."""
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


def _error(file: Path, reason: str) -> Row:
    return Row("", "", str(file), 0, 0, ERROR, reason)


def _row(file: Path, record: WarcRecord) -> Row | None:
    url = (record.headers.get("WARC-Target-URI") or "").strip("<> ")
    if not url or record.record_type not in (WarcRecordType.response, WarcRecordType.revisit, WarcRecordType.resource):
        return None
    http = record.http_headers
    status = (http.status_code or 0) if http is not None else 200
    kind, target = OTHER, ""
    if record.record_type == WarcRecordType.revisit:
        kind = REVISIT
        target = (record.headers.get("WARC-Refers-To-Target-URI") or "").strip("<> ") or url
    elif http is not None and status in (301, 302, 303, 307, 308):
        target = _joined(url, (http.get("Location") or ""))
    elif (
        http is not None
        and status == 200
        and (http.get("Content-Type") or "").split(";")[0].strip().lower() in HTML_TYPES
    ):
        kind = PAGE
    return Row(url_key(url), url, str(file), record.stream_pos, status, kind, target)


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location.strip())
    except ValueError:
        return ""
