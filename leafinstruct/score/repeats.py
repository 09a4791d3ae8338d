"""Images that a document repeats: the same bytes again, or the same picture in another file.

Consecutive screenshots of a tutorial have equal hashes and differ in one button, so a hash alone proves nothing: it
only chooses which pairs are compared by their pixels.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import PIL.Image

from leafinstruct.document import Document
from leafinstruct.images.pixels import difference, perceptual_hash, sketch, small
from leafinstruct.score.base import Column, GalleryScorer, Row
from leafinstruct.settings import Count


class Sketch(NamedTuple):
    """What is kept of an image: a perceptual hash of 64 bits, and levels, uint8 [32, 32, 3]."""

    hash: int
    levels: np.ndarray


class Scorer(GalleryScorer):
    version = 6
    columns = (
        Column("occurrence", "image", "int", "count", "1 where the document first shows the image, then 2, 3, ..."),
        Column("times", "image", "int", "count", "how often the document shows this image"),
        Column(
            "nearest", "image", "float", "gray levels", "difference from the most similar earlier image; 0 if equal"
        ),
        Column("distinct_share", "document", "float", "share", "distinct images over all images; null without images"),
    )

    @dataclass(frozen=True)
    class Settings:
        hash_bits: Count = 8
        """Images whose hashes differ in more bits are not compared; `nearest` is null without a pair to compare."""

    def sketch(self, pixels: PIL.Image.Image) -> Sketch:
        seen = small(pixels)
        return Sketch(perceptual_hash(seen.gray), sketch(seen))

    def score(self, document: Document, sketches: Mapping[str, Sketch]) -> list[Row]:
        total, seen = Counter(document.figures), Counter[str]()
        rows: list[Row] = []
        for index, part in enumerate(document.parts):
            if part.is_figure:
                row: Row = {"document": document.id, "part": index}
                nearest = 0.0 if part.image in seen else self._nearest(part.image, seen, sketches)
                seen[part.image] += 1
                rows.append({**row, "occurrence": seen[part.image], "times": total[part.image], "nearest": nearest})
        share = len(total) / len(document.figures) if total else None
        return [{"document": document.id, "distinct_share": share}, *rows]

    def _nearest(self, image: str, earlier: Counter[str], sketches: Mapping[str, Sketch]) -> float | None:
        """Difference from the most similar of the earlier images; None if none has a hash near enough."""
        mine = sketches.get(image)
        others = [sketches[other] for other in earlier if other in sketches] if mine else []
        near = [o for o in others if mine and (mine.hash ^ o.hash).bit_count() <= self.settings.hash_bits]
        return min((difference(mine.levels, o.levels) for o in near), default=None) if mine else None
