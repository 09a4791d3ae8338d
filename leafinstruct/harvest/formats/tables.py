"""Rows of the files that datasets are published in (Parquet, jsonl plain or compressed, JSON arrays, torch lists).

A partition reads its stretch of a large file, without the rest of it in memory.
"""

from __future__ import annotations

import codecs
import gzip
import io
import json
import pickle
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from leafinstruct.document import Described, schema_of
from leafinstruct.harvest.bounds import OUT_OF_MEMORY, TOO_COSTLY, TooCostly, bounded
from leafinstruct.text.valid import replace_surrogates

ARRAY = ".json"
TORCH = (".pth", ".pt")
ENDINGS = ("*.parquet", "*.jsonl", "*.jsonl.gz", "*.jsonl.zip", "*.json", "*.pth", "*.pt")
READ = 1 << 20
BATCH = 32
"""Rows of Parquet that are read at once."""
MAX_RATIO = 100
"""JSON compresses to about a tenth; a file that claims a much larger size is damaged."""
MAX_ROW = 256 << 20
"""Bytes of one line or element; anything longer is not a row of a dataset (largest published ones: a few MB)."""
STORED_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]|\xed[\xa0-\xbf]")
"""Escaped in JSON (among them whole pairs, which are characters), or as bytes that are not UTF-8."""
OPENING, BETWEEN, CLOSING = re.compile(r"\ufeff?\s*\[\s*"), re.compile(r"\s*,\s*"), re.compile(r"\s*\]\s*")
EMPTY = re.compile(r"\ufeff?\s*\[\s*\]\s*")
DAMAGED = (OSError, EOFError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error, struct.error)
"""What damaged compressed files raise (RuntimeError: encrypted, or a compression that Python lacks)."""
ARRAY_INDEX: Described = {
    "offset": (pa.int64(), "where an element of the JSON array starts, in bytes"),
    "length": (pa.int64(), "its length in bytes"),
}
ARRAY_SCHEMA = schema_of(ARRAY_INDEX)


class BadRow(Exception):
    """A row that is not a document; the one argument is the reason that is counted."""


def stretches(file: Path, rows: int, bytes_per_row: int) -> list[dict[str, Any]]:
    """Specs of the chunks of one file: ranges of row numbers (Parquet, torch) or of uncompressed bytes (jsonl, JSON).
    The last one is open-ended, so that a wrong estimate loses nothing."""
    if file.suffix == ".parquet":
        try:
            total, step = pq.read_metadata(file).num_rows, rows
        except (pa.ArrowInvalid, OSError):
            total, step = 0, rows
    elif file.suffix in TORCH:
        total, step = file.stat().st_size // bytes_per_row, rows
    else:
        total, step = _unpacked(file), rows * bytes_per_row
    starts = range(0, max(total, 1), step)
    return [{"file": str(file), "start": s, "end": s + step if s != starts[-1] else None} for s in starts]


def row_name(label: str, number: int) -> str:
    """The name of a row, or of the file with this label (for numbers below 0)."""
    return f"{label}#{number}" if number >= 0 else label


def read_rows(
    spec: dict[str, Any], positions: list[tuple[int, int]] | None = None, label: str = ""
) -> Iterator[tuple[int, Any]]:
    """(number or offset, row) of a stretch; a BadRow in place of a row that cannot be read. `positions`: offset and
    length of each element of a JSON array, from its index. `label` names the file among the inputs."""
    file, start, end = Path(spec["file"]), spec["start"], spec["end"]
    if not file.stat().st_size:
        yield -1, BadRow("empty")
        return
    if file.suffix == ".parquet":
        yield from _parquet(file, start, end, label)
    elif file.suffix in TORCH:
        yield from _torch(file, start, end, label)
    elif file.suffix == ARRAY:
        yield from _array(
            file, positions if positions is not None else _within(array_positions(file), start, end), label
        )
    else:
        yield from _lines(file, start, end, label)


def _within(table: pa.Table, start: int, end: int | None) -> list[tuple[int, int]]:
    pairs = zip(table["offset"].to_pylist(), table["length"].to_pylist(), strict=True)
    return [(o, n) for o, n in pairs if o >= start and (end is None or o < end)]


def _parquet(file: Path, start: int, end: int | None, label: str) -> Iterator[tuple[int, Any]]:
    try:
        with pq.ParquetFile(file) as parquet:
            first = 0
            for group in range(parquet.num_row_groups):
                count = parquet.metadata.row_group(group).num_rows
                if first + count > start and (end is None or first < end):
                    yield from (
                        (n, row)
                        for n, row in _of_group(parquet, group, range(first, first + count), label)
                        if n >= start and (end is None or n < end)
                    )
                first += count
    except OUT_OF_MEMORY:
        raise
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        yield -1, BadRow("parquet_damaged" if not isinstance(error, PermissionError) else "unreadable")


def _of_group(parquet: pq.ParquetFile, group: int, numbers: range, label: str) -> Iterator[tuple[int, Any]]:
    """Rows of one row group; again one by one from a batch that is too costly. Parquet has no way past a row: those
    after a costly one in its group are lost with it."""
    given = 0
    for size in (BATCH, 1):
        batches = parquet.iter_batches(size, row_groups=[group])
        for start in range(0, len(numbers), size):
            try:
                with bounded(f"{label}#{numbers[start]}+{size}"):
                    rows = next(batches).to_pylist()
            except TooCostly:
                break
            if start >= given:
                yield from zip(numbers[start:], rows, strict=False)
                given = start + len(rows)
    yield from ((number, BadRow(TOO_COSTLY)) for number in numbers[given:])


def _unpacked(file: Path) -> int:
    """Uncompressed bytes of the file; a guess for gzip, whose last four bytes hold the size modulo 4 GiB."""
    size = file.stat().st_size
    try:
        if file.suffix == ".zip":
            with zipfile.ZipFile(file) as archive:
                return min(sum(m.file_size for m in archive.infolist()), size * MAX_RATIO)
        if file.suffix == ".gz" and size > 18:
            with file.open("rb") as stream:
                stream.seek(-4, io.SEEK_END)
                return min(max(size, int.from_bytes(stream.read(4), "little")), size * MAX_RATIO)
    except DAMAGED:
        return size
    return size


def _streams(file: Path) -> Iterator[IO[bytes] | gzip.GzipFile]:
    if file.suffix == ".gz":
        with gzip.open(file) as stream:
            yield stream
    elif file.suffix == ".zip":
        with zipfile.ZipFile(file) as archive:
            for name in sorted(archive.namelist()):
                if not name.endswith("/") and not name.startswith("__MACOSX"):
                    with archive.open(name) as stream:
                        yield stream
    else:
        with file.open("rb") as stream:
            yield stream


def _lines(file: Path, start: int, end: int | None, label: str) -> Iterator[tuple[int, Any]]:
    """Rows of the lines that begin in the stretch. A compressed file is read from its beginning."""
    offset = 0
    try:
        for stream in _streams(file):
            if file.suffix == ".jsonl" and start:
                stream.seek(start - 1)
                offset = start - 1 + len(stream.readline(MAX_ROW))  # the line that began before, or just its end
            while line := stream.readline(MAX_ROW):
                if end is not None and offset >= end:
                    return
                if offset >= start and line.strip():
                    yield offset, _json(line, row_name(label, offset))
                offset += len(line)
    except DAMAGED:
        if offset >= start and (end is None or offset < end):
            yield -1, BadRow("packed_file_damaged")


def _json(line: bytes, name: str) -> Any:
    try:
        with bounded(name):
            row = json.loads(line)
            return _encodable(row) if STORED_SURROGATE.search(line) else row
    except TooCostly:
        return BadRow(TOO_COSTLY)
    except (ValueError, RecursionError):
        return BadRow("not_json")


def _encodable(value: Any) -> Any:
    """A JSON value with U+FFFD in place of halves of surrogate pairs."""
    if isinstance(value, str):
        return replace_surrogates(value)
    if isinstance(value, list):
        return [_encodable(inner) for inner in value]
    if isinstance(value, dict):
        return {_encodable(key): _encodable(inner) for key, inner in value.items()}
    return value


def array_positions(file: Path) -> pa.Table:
    """Offset and length in bytes of each element of a JSON array (ARRAY_SCHEMA), in one pass. A damaged file gives the
    elements before the damage and then one of length -1."""
    offsets: list[int] = []
    lengths: list[int] = []
    decode = json.JSONDecoder().raw_decode
    utf8 = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    text, base, between = "", 0, OPENING
    with file.open("rb") as stream:
        while True:
            piece = stream.read(max(READ, len(text)))  # twice as much: an element is read few times
            text += utf8.decode(piece, final=not piece)
            place = 0
            while (gap := between.match(text, place)) and gap.end() < len(text):
                try:
                    _, end = decode(text, gap.end())
                except (ValueError, RecursionError):
                    break
                base += _bytes_of(text[place : gap.end()])
                offsets.append(base)
                lengths.append(_bytes_of(text[gap.end() : end]))
                base, place, between = base + lengths[-1], end, BETWEEN
            text = text[place:]
            if not piece or len(text) > MAX_ROW:
                break
    if between is OPENING and not EMPTY.fullmatch(text) or between is BETWEEN and not CLOSING.fullmatch(text):
        offsets.append(base)
        lengths.append(-1)
    return pa.table([pa.array(offsets, pa.int64()), pa.array(lengths, pa.int64())], schema=ARRAY_SCHEMA)


def _bytes_of(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogateescape"))


def _array(file: Path, positions: list[tuple[int, int]], label: str) -> Iterator[tuple[int, Any]]:
    with file.open("rb") as stream:
        for offset, length in positions:
            if length < 0:
                yield offset, BadRow("json_damaged")
                continue
            stream.seek(offset)
            yield offset, _json(stream.read(length), row_name(label, offset))


def _torch(file: Path, start: int, end: int | None, label: str) -> Iterator[tuple[int, Any]]:
    try:
        with bounded(label):
            rows = torch_list(str(file), file.stat().st_mtime_ns)
    except TooCostly:
        yield -1, BadRow(TOO_COSTLY)
        return
    except Exception as error:  # a damaged pickle raises whatever its instructions run into
        if start == 0:
            yield -1, error if isinstance(error, BadRow) else BadRow("torch_file_damaged")
        return
    yield from ((n, rows[n]) for n in range(start, len(rows) if end is None else min(end, len(rows))))


class _Plain(pickle.Unpickler):
    """Unpickles lists, dictionaries, strings and numbers only: it loads no class, so no code can run."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return dict
        raise BadRow("pickle_with_code")


@lru_cache(maxsize=1)
def torch_list(file: str, mtime_ns: int) -> list[Any]:
    """The list that `torch.save` wrote, read without torch. A pickle cannot be entered in the middle, so the whole file
    is in memory while its chunks are read. Raises BadRow for anything but plain data."""
    path = Path(file)
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            name = next((n for n in archive.namelist() if n.endswith("data.pkl")), None)
            if name is None:
                raise BadRow("torch_file_damaged")
            found = _Plain(io.BytesIO(archive.read(name))).load()
    else:
        with path.open("rb") as stream:
            found = _Plain(stream).load()
            for _ in range(3):  # the older format: a magic number, a version, a description of the system, the value
                if isinstance(found, list):
                    break
                found = _Plain(stream).load()
    if not isinstance(found, list):
        raise BadRow("not_a_list")
    return found
