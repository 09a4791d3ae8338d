"""Opens WARC archives as they are: some writers end lines without a carriage return."""

from __future__ import annotations

from typing import BinaryIO

from fastwarc.warc import ArchiveIterator


def archive(stream: BinaryIO) -> ArchiveIterator:
    """The records of an open archive, packed or not, in order, each with its HTTP header."""
    return ArchiveIterator(stream, parse_http=True, quirks_mode=True)
