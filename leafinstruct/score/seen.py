"""How widely an image is used: what stands on many sites or on most pages of one site is furniture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

import pyarrow as pa

from leafinstruct.document import Document
from leafinstruct.score.base import Column, CorpusScorer, Row


class Scorer(CorpusScorer):
    version = 1
    columns = (
        Column("sites_seen", "image", "int", "sites", "sites with a document that shows the image"),
        Column("documents_seen", "image", "int", "documents", "documents that show the image"),
    )
    map_schema: ClassVar[pa.Schema] = pa.schema(
        [("sha256", pa.string()), ("site", pa.string()), ("documents", pa.int64())]
    )

    def map(self, documents: Sequence[Document]) -> pa.Table:
        pairs = sorted((sha, d.site) for d in documents for sha in set(d.images))
        table = pa.table({"sha256": [p[0] for p in pairs], "site": [p[1] for p in pairs]}, self.map_schema.remove(2))
        counted = table.group_by(["sha256", "site"]).aggregate([([], "count_all")])
        return counted.rename_columns({"count_all": "documents"}).cast(self.map_schema).sort_by("sha256")

    def reduce(self, signatures: Iterable[pa.Table]) -> Iterable[Row]:
        table = pa.concat_tables([self.map_schema.empty_table(), *signatures])
        merged = table.group_by("sha256").aggregate([("site", "count_distinct"), ("documents", "sum")])
        for row in merged.to_pylist():
            yield {
                "sha256": row["sha256"],
                "sites_seen": row["site_count_distinct"],
                "documents_seen": row["documents_sum"],
            }
