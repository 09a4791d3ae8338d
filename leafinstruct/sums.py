"""Checksums of a run's files, by which a damaged one is known: XXH3, which costs less than reading the file.

A Parquet table has its own, in the gap before its footer: readers find all else by its place, so any of them reads the
table, and one rename commits both. The sums of other files are in files of their own (see `Run.commit`).
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import xxhash

MARK = b"LEAFSUM1"
"""Begins the gap; the sum of all other bytes of the file follows."""
SUM_BYTES = 16
GAP = len(MARK) + SUM_BYTES
END = 8
"""Bytes after the footer: its length, little-endian in 4 bytes, and `PAR1`."""
CHUNK = 1 << 20


class Hash(Protocol):
    """A hash of `hashlib` or `xxhash`."""

    def update(self, data: Any, /) -> None: ...

    def digest(self) -> bytes: ...

    def hexdigest(self) -> str: ...


class Hashing(io.RawIOBase):
    """Hashes what is written, and passes it on to a file if one is given; closing it leaves that file open."""

    def __init__(self, hasher: Hash, out: BinaryIO | None = None) -> None:
        self.hash = hasher
        self._out = out
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.hash.update(data)
        if self._out is not None:
            self._out.write(data)
        self.size += len(data)
        return len(data)

    def tell(self) -> int:
        return self.size


def summing(out: BinaryIO) -> Hashing:
    """A file that passes on what is written and has its sum."""
    return Hashing(xxhash.xxh3_128(), out)


def sum_of(data: bytes) -> str:
    """The sum of some bytes, 32 hex digits."""
    return xxhash.xxh3_128_hexdigest(data)


def write_summed(out: BinaryIO, write: Callable[[BinaryIO], None]) -> None:
    """Write a Parquet file, and its sum into the gap before the footer. `out` can be read and sought."""
    summed = summing(out)
    write(summed)  # type: ignore[arg-type]
    out.seek(-END, io.SEEK_END)
    tail = int.from_bytes(out.read(4), "little") + END
    out.seek(-tail, io.SEEK_END)
    footer = out.read(tail)
    out.seek(-tail, io.SEEK_END)
    out.write(MARK + summed.hash.digest() + footer)


def holds(file: BinaryIO) -> bool | None:
    """Whether a Parquet file is as it was written; None if it has no sum, as files of older versions."""
    size = file.seek(0, io.SEEK_END)
    file.seek(max(size - END, 0))
    gap = size - END - int.from_bytes(file.read(4), "little") - GAP
    if gap < 0:
        return None
    file.seek(gap)
    noted = file.read(GAP)
    if noted[: len(MARK)] != MARK:
        return None
    found = xxhash.xxh3_128()
    for start, end in ((0, gap), (gap + GAP, size)):
        file.seek(start)
        while start < end and (data := file.read(min(CHUNK, end - start))):
            found.update(data)
            start += len(data)
    return found.digest() == noted[len(MARK) :]


def sha256_of(file: BinaryIO) -> str:
    """SHA-256 (hex) of an open file."""
    return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]


def file_sha256(path: Path | str) -> str:
    """SHA-256 (hex) of a file."""
    with Path(path).open("rb") as file:
        return sha256_of(file)
