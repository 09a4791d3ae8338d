"""How many sentences point at each image of a document, and at missing images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from leafinstruct.document import Document
from leafinstruct.score.base import Column, DocumentScorer, Row
from leafinstruct.text.image_references import find_pointers, image_positions, target


class Scorer(DocumentScorer):
    version = 6
    columns = (
        Column("references", "image", "int", "sentences", "sentences that point at the image"),
        Column("essential_references", "image", "int", "sentences", "sentences that point at the image and say more"),
        Column("pointers", "document", "int", "sentences", "sentences that point at an image"),
        Column(
            "dangling_references",
            "document",
            "int",
            "sentences",
            "sentences that point at a missing image and say more",
        ),
    )
    renamed: ClassVar[Mapping[str, str]] = {
        "pointed": "references",
        "needed": "essential_references",
        "lost_needed": "dangling_references",
    }

    def score(self, document: Document) -> list[Row]:
        places = image_positions(document)
        found = find_pointers(document)
        rows = {
            i: {"document": document.id, "part": i, "references": 0, "essential_references": 0}
            for i, part in enumerate(document.parts)
            if part.is_figure
        }
        lost = 0
        for pointer in found:
            exists, index = target(pointer, places)
            if index is not None:
                rows[index]["references"] += 1  # type: ignore[operator]
                rows[index]["essential_references"] += not pointer.only  # type: ignore[operator]
            elif not pointer.only and (exists or not places):
                lost += 1
        about = {"document": document.id, "pointers": len(found), "dangling_references": lost}
        return [about, *rows.values()]
