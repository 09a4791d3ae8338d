"""Indexes of a source's input files: one Parquet file in the run per input file, so that only new input is read.

Lookups read row groups, so that no worker holds the index of a whole crawl.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa

from leafinstruct.run import Run

HASH = "hash"


def hash_of(key: str) -> int:
    """64-bit hash of a key, signed: the value of the `hash` column of an index."""
    digest = hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True)


class Index:
    """Indexes of a source's input files, in the order of the files; `places` maps each file to its path in the run."""

    def __init__(self, run: Run, places: Mapping[str, str]) -> None:
        self.run, self.places = run, dict(places)

    def stretch(self, file: str, start: int, end: int | None) -> Iterator[dict[str, Any]]:
        """Rows of one file whose `offset` is in [start, end), in order. A negative offset counts as 0."""
        with self.run.parquet(self.places[file]) as parquet:
            for batch in parquet.iter_batches(4096):
                offset = np.maximum(batch["offset"].to_numpy(), 0)
                inside = (offset >= start) & (offset < (np.iinfo(np.int64).max if end is None else end))
                if inside.any():
                    yield from batch.filter(pa.array(inside)).to_pylist()

    def find(self, keys: Iterable[str]) -> list[dict[str, Any]]:
        """Rows with one of these keys, each with its `file`, in the order of files and rows."""
        wanted = set(keys)
        return [row for row in self.having(HASH, map(hash_of, wanted)) if row["key"] in wanted]

    def having(self, column: str, hashes: Iterable[int]) -> list[dict[str, Any]]:
        """Rows with one of these hashes in a column, each with its `file`, in the order of files and rows."""
        wanted = np.array(sorted(set(hashes)), np.int64)
        found: list[dict[str, Any]] = []
        for file, place in self.places.items() if len(wanted) else ():
            numbers = np.flatnonzero(np.isin(_hashes(self.run, place, self.run.stamp(place), column), wanted))
            rows = self._take(place, numbers) if len(numbers) else []
            found += [{**row, "file": file} for row in rows]
        return found

    def _take(self, place: str, numbers: np.ndarray) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        with self.run.parquet(place) as parquet:
            first = 0
            for group in range(parquet.num_row_groups):
                count = parquet.metadata.row_group(group).num_rows
                inside = numbers[(numbers >= first) & (numbers < first + count)] - first
                if len(inside):
                    rows += parquet.read_row_group(group).take(pa.array(inside)).to_pylist()
                first += count
        return rows


@lru_cache(maxsize=256)
def _hashes(run: Run, place: str, stamp: str, column: str) -> np.ndarray:
    """Hashes of one index as it was at that stamp, int64."""
    return run.table(place, [column])[column].to_numpy()
