"""Random access to the rows of a run's Parquet files: the index of the first pass, the gathering of the second."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import accumulate, groupby
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from leafinstruct.document import Image, Record, records_from_table
from leafinstruct.errors import LeafError
from leafinstruct.shard.split import RecordHead

WINDOW_BYTES, WINDOW_ROWS = 32_000_000, 2_000
"""Rows that are fetched at once: about this many bytes, at most this many records."""


class ShardRow(NamedTuple):
    """Where a row is: path of the file, index of the row in it, size of the image in bytes (0 for a record)."""

    path: str
    row: int
    bytes: int


Opener = Callable[[str], AbstractContextManager[pq.ParquetFile]]
"""Opens a file of a run by its name."""


def index_images(paths: Sequence[str], opener: Opener = pq.ParquetFile) -> dict[str, ShardRow]:
    """The row of each image of `images/P.parquet` files, by sha256; of equal images the first in order of `paths`
    that a takedown has not erased."""
    index: dict[str, ShardRow] = {}
    for path in paths:
        start = 0
        with opener(path) as file:
            for group in range(file.num_row_groups):
                table = file.read_row_group(group, columns=["sha256", "bytes"])
                sizes = pc.binary_length(table["bytes"]).to_pylist()
                for row, (sha256, size) in enumerate(zip(table["sha256"].to_pylist(), sizes, strict=True), start):
                    if sha256 not in index or not index[sha256].bytes:
                        index[sha256] = ShardRow(path, row, size)
                start += len(sizes)
    return index


def index_records(paths: Sequence[str], opener: Opener = pq.ParquetFile) -> dict[str, ShardRow]:
    """The row of each record of `records/P.parquet` files, by id, without rows with `dropped_by`."""
    index: dict[str, ShardRow] = {}
    for path in paths:
        with opener(path) as file:
            table = file.read(["id", "dropped_by"])
        for row, (key, reason) in enumerate(zip(table["id"].to_pylist(), table["dropped_by"].to_pylist(), strict=True)):
            if not reason:
                index[key] = ShardRow(path, row, 0)
    return index


def read_heads(
    paths: Sequence[str], images: Mapping[str, ShardRow], clusters: Mapping[str, str], opener: Opener = pq.ParquetFile
) -> Iterator[RecordHead]:
    """The head of each record of `records/P.parquet` files. `clusters` has the near-duplicate cluster of each document
    id. Raises LeafError if a record has an image that is not in `images`."""
    columns = ["id", "document", "site", "topic", "language", "task", "messages", "images", "dropped_by"]
    for path in paths:
        with opener(path) as file:
            for batch in file.iter_batches(batch_size=256, columns=columns):
                texts = _text_bytes(batch["messages"])
                for row, size in zip(batch.drop_columns("messages").to_pylist(), texts, strict=True):
                    if not row["dropped_by"]:
                        yield _head(row, size, images, clusters, path)


def _head(
    row: dict, text_bytes: int, images: Mapping[str, ShardRow], clusters: Mapping[str, str], path: str
) -> RecordHead:
    missing = [sha256 for sha256 in row["images"] if sha256 not in images]
    if missing:
        raise LeafError(f"{path}: record {row['id']} shows image {missing[0]}, which no images file of the run has")
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


def gather(
    index: Mapping[str, ShardRow], keys: Iterable[str], opener: Opener = pq.ParquetFile
) -> Iterator[tuple[list[str], pa.Table]]:
    """Rows of many Parquet files by their keys, in file order: some keys, and a table with a row for each. Each file is
    opened once; only row groups with a wanted row are read."""
    wanted: dict[str, list[tuple[int, str]]] = {}
    for key in dict.fromkeys(keys):
        wanted.setdefault(index[key].path, []).append((index[key].row, key))
    for path in sorted(wanted):
        with opener(path) as file:
            counts = [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)]
            starts = [0, *accumulate(counts)]
            for group, found in groupby(sorted(wanted[path]), key=lambda place: bisect_right(starts, place[0]) - 1):
                rows = list(found)
                yield (
                    [key for _, key in rows],
                    file.read_row_group(group).take([row - starts[group] for row, _ in rows]),
                )


def gather_records(
    index: Mapping[str, ShardRow], ids: Iterable[str], opener: Opener = pq.ParquetFile
) -> dict[str, Record]:
    """Whole records by id, over an index made by `index_records`."""
    tables = gather(index, ids, opener)
    return {key: one for keys, table in tables for key, one in zip(keys, records_from_table(table), strict=True)}


def gather_images(
    index: Mapping[str, ShardRow], keys: Iterable[str], opener: Opener = pq.ParquetFile
) -> dict[str, Image]:
    """Images by sha256, over an index made by `index_images`. Images files need small row groups (16 rows)."""
    tables = gather(index, keys, opener)
    return {key: Image(**row) for keys, table in tables for key, row in zip(keys, table.to_pylist(), strict=True)}


def wrong_images(images: Iterable[Image]) -> Iterator[str]:
    """SHA-256 of the images whose bytes have another."""
    return (image.sha256 for image in images if hashlib.sha256(image.bytes).hexdigest() != image.sha256)


def windows(ids: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """The ids of records with `size` bytes in all, in pieces that are fetched at once. Rows are published in the order
    of a hash: if they were fetched one by one, each would cost opening a file."""
    each = max(1, size // max(1, len(ids)))
    count = max(1, min(WINDOW_ROWS, WINDOW_BYTES // each))
    return (ids[at : at + count] for at in range(0, len(ids), count))
