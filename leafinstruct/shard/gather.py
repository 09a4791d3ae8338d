"""Random access to the rows of a run's Parquet files: the index of the first pass, the gathering of the second."""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import accumulate
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from leafinstruct.document import Image, LeafError, Record, records_from_table
from leafinstruct.shard.split import RecordHead

CACHE_BYTES = 32_000_000
OPEN_FILES = 16
"""Rows are published in the order of a hash, so a corpus of any size reads all over its files: more of either costs
memory and, from some thousand documents on, saves nothing."""


@contextmanager
def closing(file: pq.ParquetFile) -> Iterator[pq.ParquetFile]:
    """Close what the file was opened from, too."""
    try:
        yield file
    finally:
        file.close(force=True)


class Place(NamedTuple):
    """Where a row is: path of the file, index of the row in it, bytes of the image (0 for a record)."""

    path: str
    row: int
    bytes: int


Opener = Callable[[str], pq.ParquetFile]
"""Opens a file of a run by its name."""


def index_images(paths: Sequence[str], opener: Opener = pq.ParquetFile) -> dict[str, Place]:
    """The place of each image of `images/P.parquet` files; of equal images the first in the order of `paths`."""
    index: dict[str, Place] = {}
    for path in paths:
        start = 0
        with closing(opener(path)) as file:
            for group in range(file.num_row_groups):
                table = file.read_row_group(group, columns=["sha256", "bytes"])
                sizes = pc.binary_length(table["bytes"]).to_pylist()
                for row, (sha256, size) in enumerate(zip(table["sha256"].to_pylist(), sizes, strict=True), start):
                    index.setdefault(sha256, Place(path, row, size))
                start += len(sizes)
    return index


def index_records(paths: Sequence[str], opener: Opener = pq.ParquetFile) -> dict[str, Place]:
    """The place of each record (not of the rows with `dropped_by`) of `records/P.parquet` files, by id."""
    index: dict[str, Place] = {}
    for path in paths:
        with closing(opener(path)) as file:
            table = file.read(["id", "dropped_by"])
        for row, (key, reason) in enumerate(zip(table["id"].to_pylist(), table["dropped_by"].to_pylist(), strict=True)):
            if not reason:
                index[key] = Place(path, row, 0)
    return index


def read_heads(
    paths: Sequence[str], images: Mapping[str, Place], clusters: Mapping[str, str], opener: Opener = pq.ParquetFile
) -> Iterator[RecordHead]:
    """The head of each record of `records/P.parquet` files. `clusters` gives the near-duplicate cluster of a document
    id. Raises LeafError if a record names an image that no file of `images` holds."""
    columns = ["id", "document", "site", "topic", "language", "task", "messages", "images", "dropped_by"]
    for path in paths:
        with closing(opener(path)) as file:
            for batch in file.iter_batches(batch_size=256, columns=columns):
                texts = _text_bytes(batch["messages"])
                for row, size in zip(batch.drop_columns("messages").to_pylist(), texts, strict=True):
                    if not row["dropped_by"]:
                        yield _head(row, size, images, clusters, path)


def _head(
    row: dict, text_bytes: int, images: Mapping[str, Place], clusters: Mapping[str, str], path: str
) -> RecordHead:
    missing = [sha256 for sha256 in row["images"] if sha256 not in images]
    if missing:
        raise LeafError(f"{path}: record {row['id']} shows image {missing[0]}, which no images file of the run holds")
    return RecordHead(
        id=row["id"],
        document=row["document"],
        site=row["site"],
        topic=row["topic"],
        images=tuple(row["images"]),
        bytes=text_bytes + sum(images[sha256].bytes for sha256 in row["images"]),
        cluster=clusters.get(row["document"], ""),
        language=row["language"],
        task=row["task"],
    )


def _text_bytes(messages: pa.Array) -> list[int]:
    """Bytes of all texts of each row of a messages column."""
    contents = messages.flatten().field("content")
    sizes = [0, *accumulate(pc.binary_length(contents.flatten().field("text")).to_pylist())]
    per_message = [0, *accumulate(length or 0 for length in pc.list_value_length(contents).to_pylist())]
    per_row = [0, *accumulate(length or 0 for length in pc.list_value_length(messages).to_pylist())]
    ends = [sizes[per_message[row]] for row in per_row]
    return [end - start for start, end in zip(ends, ends[1:], strict=False)]


class _RowReader:
    """One row at a time of many Parquet files, through a cache of row groups of at most CACHE_BYTES."""

    def __init__(self, opener: Opener) -> None:
        self._opener = opener
        self._files: OrderedDict[str, tuple[pq.ParquetFile, list[int]]] = OrderedDict()
        self._groups: OrderedDict[tuple[str, int], pa.Table] = OrderedDict()
        self._bytes = 0

    def row(self, place: Place) -> pa.Table:
        file, starts = self._open(place.path)
        group = bisect_right(starts, place.row) - 1
        return self._group(place.path, file, group).slice(place.row - starts[group], 1)

    def _open(self, path: str) -> tuple[pq.ParquetFile, list[int]]:
        if path not in self._files:
            file = self._opener(path)
            counts = [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)]
            self._files[path] = file, [0, *accumulate(counts)]
            if len(self._files) > OPEN_FILES:
                self._files.popitem(last=False)[1][0].close(force=True)
        self._files.move_to_end(path)
        return self._files[path]

    def _group(self, path: str, file: pq.ParquetFile, group: int) -> pa.Table:
        key = path, group
        if key not in self._groups:
            table = file.read_row_group(group)
            self._groups[key] = table
            self._bytes += table.nbytes
            while self._bytes > CACHE_BYTES and len(self._groups) > 1:
                self._bytes -= self._groups.popitem(last=False)[1].nbytes
        self._groups.move_to_end(key)
        return self._groups[key]


class ImageReader:
    """`load_image(sha256)` over an index made by `index_images`.

    An image costs the reading of one row group, so images files want small ones (16 rows)."""

    def __init__(self, index: Mapping[str, Place], opener: Opener = pq.ParquetFile) -> None:
        self._index = index
        self._rows = _RowReader(opener)

    def __call__(self, sha256: str) -> Image:
        return Image(**self._rows.row(self._index[sha256]).to_pylist()[0])


class RecordReader:
    """`read(ids)` gives whole records in the order asked for, over an index made by `index_records`."""

    def __init__(self, index: Mapping[str, Place], opener: Opener = pq.ParquetFile) -> None:
        self._index = index
        self._rows = _RowReader(opener)

    def read(self, ids: Sequence[str]) -> Iterator[Record]:
        for key in ids:
            yield from records_from_table(self._rows.row(self._index[key]))
