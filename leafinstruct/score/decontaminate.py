"""What a document has in common with benchmarks that models trained on it may be tested on.

Texts are compared by runs of words, as for GPT-3 (Brown et al. 2020, appendix C: 13 words); images by their bytes and
by a perceptual hash, which is the same for most other encodings and sizes of one picture.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import PIL.Image

from leafinstruct.document import Document, digest
from leafinstruct.score.base import Column, GalleryScorer, Row
from leafinstruct.score.benchmark_files import benchmark_images, benchmark_ngrams, ngrams, picture_hash
from leafinstruct.settings import ModelSettings, Positive
from leafinstruct.text.plain import reading


class Scorer(GalleryScorer):
    version = 6
    columns = (
        Column("overlap", "document", "float", "share", "word n-grams that are in a benchmark; null if too short"),
        Column("contaminated_ngrams", "document", "int", "count", "number of word n-grams that are in a benchmark"),
        Column("images_seen", "document", "int", "images", "image parts that show an image of a benchmark"),
        Column("contaminated", "image", "bool", "", "a benchmark has the image, by its bytes or its perceptual hash"),
    )
    renamed: ClassVar[Mapping[str, str]] = {
        "ngrams_seen": "contaminated_ngrams",
        "seen": "contaminated",
    }

    @dataclass(frozen=True)
    class Settings:
        texts: tuple[str, ...] = ()
        """Files .txt (one text per line), .jsonl or .parquet, relative to the project's folder."""
        columns: tuple[str, ...] = ()
        """Columns of .jsonl and .parquet files that hold texts; those of one row make one text."""
        images: tuple[str, ...] = ()
        """Folders, relative to the project's folder; all images below them count."""
        ngram: Positive = 13
        """Words of an n-gram."""

    def __init__(self, settings: Mapping[str, Any], model: ModelSettings | None = None) -> None:
        super().__init__(settings, model)
        self._ngrams = np.zeros(0, np.uint64)
        self._shas: frozenset[str] = frozenset()
        self._hashes: frozenset[int] = frozenset()

    def read_files(self, root: Path) -> None:
        files = [root / file for file in self.settings.texts]
        self._ngrams = benchmark_ngrams(files, self.settings.columns, self.settings.ngram)
        self._shas, self._hashes = benchmark_images(root / folder for folder in self.settings.images)

    def identity(self) -> dict[str, Any]:
        """Benchmarks are identified by their content, not by their path."""
        held = {
            "ngram": self.settings.ngram,
            "ngrams": hashlib.sha256(self._ngrams.tobytes()).hexdigest(),
            "images": digest([sorted(self._shas), sorted(self._hashes)]),
        }
        return {**super().identity(), "settings": held}

    def sketch(self, pixels: PIL.Image.Image) -> int | None:
        return picture_hash(pixels)

    def score(self, document: Document, sketches: Mapping[str, int | None]) -> list[Row]:
        mine = ngrams(reading(document).text, self.settings.ngram)
        count = int(np.isin(mine, self._ngrams).sum())
        rows: list[Row] = []
        for index, part in enumerate(document.parts):
            if part.type == "image":
                seen = part.image in self._shas or sketches.get(part.image) in self._hashes
                rows.append({"document": document.id, "part": index, "contaminated": seen})
        about: Row = {"document": document.id, "overlap": count / len(mine) if len(mine) else None}
        return [{**about, "contaminated_ngrams": count, "images_seen": sum(row["contaminated"] for row in rows)}, *rows]
