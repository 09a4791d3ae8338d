"""How widely an image is used: one on many sites or on most pages of one site is boilerplate."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

import numpy as np
import pyarrow as pa

from leafinstruct.document import Described, Document, schema_of
from leafinstruct.score.base import Column, CorpusScorer, Row


class Scorer(CorpusScorer):
    version = 1
    columns = (
        Column("sites_seen", "image", "int", "sites", "sites with a document that shows the image"),
        Column("documents_seen", "image", "int", "documents", "documents that show the image"),
    )
    map_columns: ClassVar[Described] = {
        "sha256": (pa.string(), "id of the image"),
        "site": (pa.string(), "site that shows it"),
        "documents": (pa.int64(), "documents of the site in this partition that show it"),
    }
    map_schema: ClassVar[pa.Schema] = schema_of(map_columns)

    def map(self, documents: Sequence[Document]) -> pa.Table:
        pairs = sorted((sha, d.site) for d in documents for sha in set(d.images))
        table = pa.table({"sha256": [p[0] for p in pairs], "site": [p[1] for p in pairs]}, self.map_schema.remove(2))
        counted = table.group_by(["sha256", "site"]).aggregate([([], "count_all")])
        counted = counted.rename_columns({"count_all": "documents"}).cast(self.map_schema)
        return counted.sort_by([("sha256", "ascending"), ("site", "ascending")])

    def reduce(self, signatures: Iterable[pa.Table]) -> Iterable[Row]:
        """Rows of the images. Memory: 80 bytes for each image and each site that shows it."""
        table = pa.concat_tables([self.map_schema.empty_table(), *signatures])
        encoded, sites = (table[name].dictionary_encode().combine_chunks() for name in ("sha256", "site"))
        images, shown = encoded.dictionary, encoded.indices.to_numpy()
        pairs = np.unique(shown.astype(np.int64) * len(sites.dictionary) + sites.indices.to_numpy())
        sites_seen = np.bincount(pairs // max(len(sites.dictionary), 1), minlength=len(images))
        documents_seen = np.bincount(shown, table["documents"].to_numpy(), len(images)).astype(np.int64)
        del table, encoded, sites, shown, pairs  # before the rows are held
        for image, *counts in zip(images, sites_seen.tolist(), documents_seen.tolist(), strict=True):
            yield {"sha256": image.as_py(), "sites_seen": counts[0], "documents_seen": counts[1]}
