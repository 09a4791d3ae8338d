"""Bodies of WARC records at known offsets, with transfer and content encodings undone."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from fastwarc.warc import ArchiveIterator, WarcRecord

MAX_BODY = 50 * 2**20
"""Decoded bytes read from one record; anything longer is a download or a decompression bomb."""

PIECE = 1 << 16


@dataclass(frozen=True, slots=True)
class Body:
    data: bytes
    charset: str | None


def read_bodies(file: str, offsets: Iterable[int]) -> Iterator[tuple[int, Body | None]]:
    """The body of each record, in order of offset; None for one that can no longer be read."""
    places = sorted(set(offsets))
    numbers = {-place - 1: place for place in places if place < 0}
    if numbers:
        yield from _by_number(file, numbers)
    for place in places:
        if place >= 0:
            yield place, _at(file, place)


def _by_number(file: str, numbers: dict[int, int]) -> Iterator[tuple[int, Body | None]]:
    left = dict(numbers)
    try:
        with open(file, "rb") as stream:  # noqa: PTH123 - a path of the index
            for number, record in enumerate(ArchiveIterator(stream, parse_http=True)):
                if number in left:
                    yield left.pop(number), _body(record)
                if not left:
                    break
    except (OSError, ValueError):
        pass
    yield from ((place, None) for place in left.values())


def _at(file: str, place: int) -> Body | None:
    try:
        with open(file, "rb") as stream:  # noqa: PTH123 - a path of the index
            stream.seek(place)
            record = next(iter(ArchiveIterator(stream, parse_http=True)), None)
            return _body(record) if record is not None else None
    except (OSError, ValueError):
        return None


def _body(record: WarcRecord) -> Body:
    data = record.reader.read(MAX_BODY)
    http = record.http_headers
    if http is None:
        return Body(data, None)
    if "chunked" in (http.get("Transfer-Encoding") or "").lower():
        data = unchunk(data)
    for encoding in reversed((http.get("Content-Encoding") or "").lower().split(",")):
        data = decompress(data, encoding.strip())
    return Body(data, record.http_charset)


def unchunk(data: bytes) -> bytes:
    """A chunked body in one piece; a body that is not chunked, though its header says so, is returned unchanged."""
    pieces: list[bytes] = []
    place = 0
    while place < len(data):
        end = data.find(b"\r\n", place, place + 200)
        try:
            size = int(data[place:end].split(b";")[0].strip(), 16) if end >= 0 else -1
        except ValueError:
            size = -1
        if size < 0:
            return b"".join(pieces) if pieces else data
        if size == 0:
            break
        pieces.append(data[end + 2 : end + 2 + size])
        place = end + 2 + size + 2
    return b"".join(pieces)


def decompress(data: bytes, encoding: str) -> bytes:
    """A compressed body decoded, as far as possible; one that is not compressed, though its header says so, is returned
    unchanged. Archives often store decoded bodies under the original headers."""
    if encoding in ("br", "zstd"):
        return _decompress_other(data, encoding)
    if encoding not in ("gzip", "x-gzip", "deflate"):
        return data
    for window in (zlib.MAX_WBITS | 32, -zlib.MAX_WBITS):
        if encoding != "deflate" and window < 0:
            break
        try:
            return _members(data, window) or data
        except zlib.error:
            continue
    return data


def _members(data: bytes, window: int) -> bytes:
    """A zlib stream, or all members of a gzip body (some servers send one per block). Raises zlib.error if the first
    one is damaged; anything after the last whole one is left out."""
    decoded = b""
    while data and len(decoded) < MAX_BODY:
        member = zlib.decompressobj(window)
        try:
            decoded += member.decompress(data, MAX_BODY - len(decoded))
        except zlib.error:
            if not decoded:
                raise
            break
        data = member.unused_data if member.eof else b""
    return decoded


def _decompress_other(data: bytes, encoding: str) -> bytes:
    import io

    from fastwarc import stream_io

    reader = getattr(stream_io, "BrotliReader" if encoding == "br" else "ZstdReader", None)
    if reader is None:  # a build of fastwarc without this codec
        return data
    pieces: list[bytes] = []
    with suppress(OSError, ValueError, TypeError):
        stream = reader(io.BytesIO(data))
        while sum(map(len, pieces)) < MAX_BODY and (piece := bytes(stream.read(PIECE))):
            pieces.append(piece)
    return b"".join(pieces) or data
