"""Opens WARC archives as they are: some writers end lines without a carriage return, or begin names of headers with a
small letter, which the reader does not know."""

from __future__ import annotations

import gzip
import re
import zlib
from contextlib import suppress
from typing import BinaryIO

from fastwarc.warc import ArchiveIterator

LOOKED_AT = 4096
KNOWN = re.compile(rb"^WARC-Type:", re.MULTILINE)
OTHERWISE = re.compile(rb"^warc-type:", re.MULTILINE | re.IGNORECASE)
NAMES = {name.lower(): name for name in (b"WARC-Type", b"Content-Length", b"Content-Type")}
"""Names that the reader looks for itself."""
LONGEST_LINE = 1 << 16


def archive(stream: BinaryIO) -> ArchiveIterator:
    """The records of an open archive, packed or not, in order, each with its HTTP header."""
    source = _Renamed(stream) if is_renamed(stream) else stream
    return ArchiveIterator(source, parse_http=True, quirks_mode=True)


def is_renamed(stream: BinaryIO) -> bool:
    """Whether the names of headers are in other letters than usual: such a file is read from its beginning, as the
    positions of its records are not known."""
    place = stream.tell()
    start = stream.read(LOOKED_AT)
    stream.seek(place)
    if start.startswith(b"\x1f\x8b"):
        with suppress(zlib.error):
            start = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(start, LOOKED_AT)
    head = start.partition(b"\r\n\r\n")[0]
    return head.startswith(b"WARC/") and not KNOWN.search(head) and OTHERWISE.search(head) is not None


class _Renamed:
    """A stream of an archive in which names of headers are as the reader expects them."""

    def __init__(self, stream: BinaryIO) -> None:
        packed = stream.read(2) == b"\x1f\x8b"
        stream.seek(-2, 1)
        self._stream = gzip.GzipFile(fileobj=stream) if packed else stream
        self._body = 0

    def tell(self) -> int:
        return 0

    def seek(self, offset: int, whence: int = 0) -> int:
        raise OSError("read from its beginning")

    def close(self) -> None:
        """The file is closed by who opened it."""

    def read(self, size: int = -1) -> bytes:
        with suppress(EOFError, zlib.error):  # of a packed file that was cut
            if not self._body:
                return self._head()
            piece = self._stream.read(min(size, self._body) if size >= 0 else self._body)
            self._body -= len(piece)
            return piece
        return b""

    def _head(self) -> bytes:
        """The next header, or a line between records."""
        lines = [self._stream.readline(LONGEST_LINE)]
        if not lines[0].startswith(b"WARC/"):
            return lines[0]
        while (line := self._stream.readline(LONGEST_LINE)).strip():
            name, colon, value = line.partition(b":")
            if name.lower() == b"content-length" and value.strip().isdigit():
                self._body = int(value)
            lines.append(NAMES.get(name.lower(), name) + colon + value)
        return b"".join((*lines, line))
