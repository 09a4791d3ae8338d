"""Clusters of rows linked in pairs, and a search for near-equal MinHash signatures that are kept on disk."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np

NEIGHBORS = 32
"""Members of an LSH bucket that each member is compared with; the bucket of a page template may hold a whole site."""


class Forest:
    """Union-find over rows 0 .. size - 1; the root of a cluster is its smallest row."""

    def __init__(self, size: int) -> None:
        self.parent = np.arange(size, dtype=np.int32)

    def root(self, row: int) -> int:
        parent = self.parent
        while (above := int(parent[row])) != row:
            parent[row] = parent[above]
            row = above
        return row

    def link(self, one: int, other: int) -> None:
        one, other = self.root(one), self.root(other)
        self.parent[max(one, other)] = min(one, other)

    def roots(self) -> np.ndarray:
        """int32 [size]: the root of each row."""
        return np.array([self.root(row) for row in range(len(self.parent))], np.int32)


class SignatureStore:
    """Signatures of uint32 [permutations] in a folder: one file of them all, and for each LSH band one file of keys.

    Memory holds one band's keys at a time (8 bytes a row) and the signatures of one bucket.
    """

    def __init__(self, folder: Path, permutations: int, bands: int) -> None:
        self.permutations, self.bands = permutations, bands
        self.rows = 0
        self._folder = folder
        self._signatures = (folder / "signatures").open("w+b")
        self._keys: list[BinaryIO] = [(folder / f"band{band}").open("wb") for band in range(bands)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for file in (self._signatures, *self._keys):
            file.close()

    def add(self, matrix: np.ndarray) -> None:
        """Append uint32 [rows, permutations]."""
        self._signatures.write(np.ascontiguousarray(matrix, np.uint32).tobytes())
        for file, keys in zip(self._keys, self._band_keys(matrix), strict=True):
            file.write(keys.tobytes())
        self.rows += len(matrix)

    def _band_keys(self, matrix: np.ndarray) -> Iterator[np.ndarray]:
        """For each band uint64 [rows]: FNV-1a over its values. Keys only choose which rows are compared."""
        width = self.permutations // self.bands
        for band in range(self.bands):
            keys = np.full(len(matrix), 0xCBF29CE484222325, np.uint64)
            for column in range(band * width, (band + 1) * width):
                keys = (keys ^ matrix[:, column].astype(np.uint64)) * np.uint64(0x100000001B3)
            yield keys

    def signature(self, row: int) -> np.ndarray:
        size = 4 * self.permutations
        self._signatures.seek(row * size)
        return np.frombuffer(self._signatures.read(size), np.uint32)

    def buckets(self, rank: np.ndarray) -> Iterator[np.ndarray]:
        """Groups of two or more rows that share a band, sorted by rank; one band after another."""
        self._signatures.flush()
        for band, file in enumerate(self._keys):
            file.flush()
            keys = np.fromfile(self._folder / f"band{band}", np.uint64)
            order = np.lexsort((rank, keys))
            keys = keys[order]
            edges = np.flatnonzero(np.diff(keys, prepend=keys[:1] + np.uint64(1), append=keys[-1:] + np.uint64(1)))
            long = np.flatnonzero(np.diff(edges) > 1)
            for start, end in zip(edges[long], edges[long + 1], strict=True):
                yield order[start:end]

    def clusters(self, rank: np.ndarray, similarity: float) -> Forest:
        """Link, by rank, rows of one bucket whose signatures agree in at least that share of the permutations."""
        forest = Forest(self.rows)
        for bucket in self.buckets(rank):
            ranks = rank[bucket].tolist()
            if len({forest.root(r) for r in ranks}) > 1:
                self._link(forest, bucket, ranks, similarity)
        return forest

    def _link(self, forest: Forest, bucket: np.ndarray, ranks: list[int], similarity: float) -> None:
        near: deque[tuple[int, np.ndarray]] = deque(maxlen=NEIGHBORS)
        for row, rank in zip(bucket.tolist(), ranks, strict=True):
            mine = self.signature(row)
            for other, theirs in near:
                if forest.root(rank) != forest.root(other) and (mine == theirs).mean() >= similarity:
                    forest.link(rank, other)
            near.append((rank, mine))
