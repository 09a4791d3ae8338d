"""Transfer and content encodings of HTTP bodies, undone: real ones, and those that a header only pretends."""

from __future__ import annotations

import zlib
from contextlib import suppress

from fastwarc.warc import HeaderMap, WarcRecord

MAX_BODY = 50 * 2**20
"""Decoded bytes read from one record; anything longer is a download or a decompression bomb."""
SMALL, PIECE = 1 << 10, 1 << 16
"""Bytes read at once, at the beginning of a member and after it."""
GZIP = b"\x1f\x8b\x08"


def body_of(record: WarcRecord, data: bytes) -> bytes:
    """The body of a record, or its beginning, without its encodings."""
    http = record.http_headers
    if http is None:
        return data
    for name in ("transfer-encoding", "content-encoding"):
        for encoding in reversed(_encodings(http, name)):
            data = unchunk(data) if encoding == "chunked" else decompress(data, encoding)
    return decompress(data, "gzip") if data.startswith(GZIP) else data  # a header that the crawler did not keep


def _encodings(http: HeaderMap, name: str) -> list[str]:
    """Encodings in the order in which they were applied: in one header, or in several."""
    values = ",".join(value for key, value in http.items() if key.lower() == name)
    return [encoding.split(";")[0].strip().lower() for encoding in values.split(",")]


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
    whole: list[bytes] = []
    left, place = MAX_BODY, 0
    while place < len(data) and left > 0:
        member, pieces, step = zlib.decompressobj(window), list[bytes](), SMALL
        try:
            while not member.eof and place < len(data) and left > 0:  # in pieces: what a member leaves of one is copied
                pieces.append(member.decompress(data[place : place + step], left))
                left -= len(pieces[-1])
                place, step = place + step, PIECE
        except zlib.error:
            if not any(whole):
                raise
            break
        whole += pieces
        place = min(place, len(data)) - len(member.unused_data)
    return b"".join(whole)


def _decompress_other(data: bytes, encoding: str) -> bytes:
    import io

    from fastwarc import stream_io

    reader = getattr(stream_io, "BrotliReader" if encoding == "br" else "ZstdReader", None)
    if reader is None:  # a build of fastwarc without this codec
        return data
    pieces: list[bytes] = []
    left = MAX_BODY
    with suppress(OSError, ValueError, TypeError):
        stream = reader(io.BytesIO(data))
        while left > 0 and (piece := bytes(stream.read(SMALL))):  # of one that was cut, the last piece is lost
            pieces.append(piece)
            left -= len(piece)
    return b"".join(pieces) or data
