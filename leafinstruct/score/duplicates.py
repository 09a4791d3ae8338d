"""Near-duplicate documents: MinHash signatures per partition, clusters over the whole corpus.

Clusters depend on the texts alone, never on rules; which member represents a cluster is decided later.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from leafinstruct.document import Described, Document, schema_of
from leafinstruct.errors import LeafError
from leafinstruct.score.base import Column, CorpusScorer, Row
from leafinstruct.score.lsh import SignatureStore
from leafinstruct.score.shingles import shingles
from leafinstruct.settings import ModelSettings, Positive, Share
from leafinstruct.text.plain import reading
from leafinstruct.text.words import words

SEED = 42


class Scorer(CorpusScorer):
    version = 4
    columns = (
        Column("cluster", "document", "text", "", "smallest document id of the near-duplicate cluster; null if alone"),
        Column("cluster_size", "document", "int", "documents", "documents of the cluster; 1 if alone"),
    )
    map_columns: ClassVar[Described] = {
        "document": (pa.string(), "id of the document; documents without a word n-gram have no row"),
        "signature": (pa.list_(pa.uint32()), "MinHash of its word n-grams, one number per permutation"),
    }
    map_schema: ClassVar[pa.Schema] = schema_of(map_columns)

    @dataclass(frozen=True)
    class Settings:
        permutations: Positive = 128
        bands: Positive = 32
        """Bands of LSH; a pair is compared if it agrees in one whole band."""
        ngram: Positive = 3
        similarity: Share = 0.6
        """Estimated Jaccard similarity of word n-grams at and above which two texts are near-duplicates."""

    def __init__(self, settings: Mapping[str, Any], model: ModelSettings | None = None) -> None:
        super().__init__(settings, model)
        permutations, bands = self.settings.permutations, self.settings.bands
        if not 1 <= bands <= permutations or permutations % bands:
            raise LeafError(f"setting 'bands' is {bands}; it must divide 'permutations' ({permutations})")

    def map(self, documents: Sequence[Document]) -> pa.Table:
        from rensa import RMinHash

        size, permutations = self.settings.ngram, self.settings.permutations
        found = [(d.id, shingles(words(reading(d).text), size)) for d in documents]
        found = [(name, runs) for name, runs in found if len(runs)]
        if not found:
            return self.map_schema.empty_table()
        ends = np.cumsum([0, *(len(runs) for _, runs in found)], dtype=np.uint64)
        flat = np.concatenate([runs for _, runs in found])
        matrix = RMinHash.digest_matrix_from_flat_token_hashes(flat, ends, permutations, SEED)
        signatures = pa.array(np.array(matrix.to_rows(), np.uint32).ravel())
        starts = pa.array(np.arange(len(found) + 1, dtype=np.int32) * permutations)
        columns = [pa.array([name for name, _ in found]), pa.ListArray.from_arrays(starts, signatures)]
        return pa.Table.from_arrays(columns, schema=self.map_schema)

    def reduce(self, signatures: Iterable[pa.Table]) -> Iterator[Row]:
        """Rows of all documents with a signature. Signatures are kept on disk in the temporary folder; memory holds ids
        and about 40 bytes for each document."""
        names = [self.map_schema.empty_table()["document"]]
        with (
            TemporaryDirectory(prefix="leafinstruct-") as folder,
            SignatureStore(Path(folder), self.settings.permutations, self.settings.bands) as store,
        ):
            for table in signatures:
                names.append(table["document"])
                for lists in table["signature"].chunks:
                    store.add(lists.flatten().to_numpy().reshape(len(lists), self.settings.permutations))
            documents = pa.chunked_array([chunk for name in names for chunk in name.chunks], pa.string())
            order = pc.sort_indices(documents).to_numpy()
            rank = np.empty(len(order), np.int32)
            rank[order] = np.arange(len(order), dtype=np.int32)
            roots = store.clusters(rank, self.settings.similarity).roots()
        documents = documents.take(pa.array(order))
        sizes = np.bincount(roots, minlength=len(roots))
        for root, name in zip(roots.tolist(), documents, strict=True):
            size = int(sizes[root])
            yield {
                "document": name.as_py(),
                "cluster": documents[root].as_py() if size > 1 else None,
                "cluster_size": size,
            }
