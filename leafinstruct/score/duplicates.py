"""Near-duplicate documents: MinHash signatures a partition, clusters over the whole corpus.

Clusters depend on the texts alone, never on rules; which member stands for a cluster is decided later.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa

from leafinstruct.document import Document
from leafinstruct.score.base import Column, CorpusScorer, Row

TOKEN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
SEED = 42


class Scorer(CorpusScorer):
    version = 1
    columns = (
        Column("cluster", "document", "text", "", "smallest document id of the near-duplicate cluster; null if alone"),
        Column("cluster_size", "document", "int", "documents", "documents of the cluster; 1 if alone"),
    )
    map_schema: ClassVar[pa.Schema] = pa.schema([("document", pa.string()), ("signature", pa.list_(pa.uint32()))])

    @dataclass(frozen=True)
    class Settings:
        permutations: int = 128
        bands: int = 32
        """Bands of LSH; a pair is compared when it agrees in one whole band."""
        ngram: int = 3
        similarity: float = 0.6
        """Estimated Jaccard similarity of word n-grams from which two texts are near-duplicates."""

    def map(self, documents: Sequence[Document]) -> pa.Table:
        rows = [{"document": d.id, "signature": self._signature(d.text)} for d in documents]
        return pa.Table.from_pylist([r for r in rows if r["signature"]], schema=self.map_schema)

    def _signature(self, text: str) -> list[int]:
        from rensa import RMinHash

        words = TOKEN.findall(text.lower())
        n = self.settings.ngram
        if len(words) < n:
            return []
        sketch = RMinHash(num_perm=self.settings.permutations, seed=SEED)
        sketch.update([" ".join(words[i : i + n]) for i in range(len(words) - n + 1)])
        return list(sketch.digest())

    def reduce(self, signatures: Iterable[pa.Table]) -> Iterator[Row]:
        table = pa.concat_tables([self.map_schema.empty_table(), *signatures]).combine_chunks().sort_by("document")
        names = table["document"].to_pylist()
        if not names:
            return
        flat = table["signature"].combine_chunks().values.to_numpy()
        matrix = np.ascontiguousarray(flat.reshape(len(names), self.settings.permutations))
        roots = np.array(self._clusters(matrix))
        sizes = np.bincount(roots, minlength=len(names))
        for index, name in enumerate(names):
            size = int(sizes[roots[index]])
            yield {"document": name, "cluster": names[roots[index]] if size > 1 else None, "cluster_size": size}

    def _clusters(self, matrix: np.ndarray) -> list[int]:
        """For each row [documents, permutations] the first row of its cluster."""
        parent = list(range(len(matrix)))

        def root(i: int) -> int:
            while parent[i] != i:
                parent[i] = parent[parent[i]]
                i = parent[i]
            return i

        width = self.settings.permutations // self.settings.bands
        for band in range(self.settings.bands):
            part = np.ascontiguousarray(matrix[:, band * width : (band + 1) * width])
            keys = part.view(np.dtype((np.void, part.dtype.itemsize * width))).ravel()
            order = np.argsort(keys, kind="stable")
            same = np.flatnonzero(keys[order][1:] == keys[order][:-1])
            for at in same:
                a, b = root(int(order[at])), root(int(order[at + 1]))
                alike = float((matrix[order[at]] == matrix[order[at + 1]]).mean())
                if a != b and alike >= self.settings.similarity:
                    parent[max(a, b)] = min(a, b)
        return [root(i) for i in range(len(matrix))]
