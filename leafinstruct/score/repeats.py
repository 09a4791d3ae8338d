"""Images that a document shows again: the same bytes a second time."""

from __future__ import annotations

from collections import Counter

from leafinstruct.document import Document
from leafinstruct.score.base import Column, DocumentScorer, Row


class Scorer(DocumentScorer):
    version = 1
    columns = (
        Column("occurrence", "image", "int", "count", "1 where the image stands first in the document, then 2, 3, ..."),
        Column("times", "image", "int", "count", "how often the document shows this image"),
        Column("distinct_share", "document", "float", "share", "distinct images over all images; null without images"),
    )

    def score(self, document: Document) -> list[Row]:
        total, seen = Counter(document.images), Counter[str]()
        rows: list[Row] = []
        for index, part in enumerate(document.parts):
            if part.type == "image":
                seen[part.image] += 1
                rows.append(
                    {"document": document.id, "part": index, "occurrence": seen[part.image], "times": total[part.image]}
                )
        share = len(total) / len(document.images) if total else None
        return [{"document": document.id, "distinct_share": share}, *rows]
