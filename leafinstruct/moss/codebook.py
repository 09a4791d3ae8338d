"""The tokenizer of the tiny model: bytes for text, and for images a codebook of patches made from the shards
themselves.

An image is resized to grid x grid patches of patch x patch pixels (its aspect ratio is not kept) and each patch becomes
the nearest entry of the codebook, so that tokens turn back into pixels exactly, without a decoder.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from leafinstruct.deprecated import moved
from leafinstruct.moss.neighbors import ImageTokens

if TYPE_CHECKING:
    pass

PAD, BOS, USER, ASSISTANT, END, IMAGE = range(256, 262)
FIRST_CODE = 262
ROLES = {"user": USER, "assistant": ASSISTANT}
_SAMPLE = 20_000  # patches that k-means looks at: 300 images' worth, a second of work
_ROUNDS = 12


def writable(vocabulary: int) -> np.ndarray:
    """Bool [vocabulary]: bytes and the end of a turn."""
    return np.isin(np.arange(vocabulary), [*range(PAD), END])


class ByteText:
    """The text side of the tiny models' tokenizer: an id for each byte and for each mark."""

    @property
    def pad(self) -> int:
        return PAD

    @property
    def start(self) -> list[int]:
        return [BOS]

    @property
    def end(self) -> list[int]:
        return [END]

    @property
    def before(self) -> list[int]:
        return [IMAGE]

    @property
    def after(self) -> list[int]:
        return []

    def role(self, role: str) -> list[int]:
        return [ROLES[role]]

    def text(self, text: str) -> list[int]:
        return list(text.encode("utf-8", "replace"))

    def words(self, ids: Sequence[int]) -> str:
        """Bytes that are not UTF-8 become U+FFFD."""
        return bytes(i for i in ids if i < PAD).decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Codebook(ByteText):
    """The tiny model's `Tokenizer`. `patches`: uint8 [codes, patch, patch, 3], no two equal. Image tokens are
    FIRST_CODE + the index of a patch."""

    patches: np.ndarray
    grid: int

    @property
    def width(self) -> int:
        return 0

    @property
    def patch(self) -> int:
        return int(self.patches.shape[1])

    @property
    def side(self) -> int:
        """Width and height in pixels of the images this codebook expresses."""
        return self.grid * self.patch

    @property
    def vocabulary(self) -> int:
        return FIRST_CODE + len(self.patches)

    @property
    def writable(self) -> np.ndarray:
        return writable(self.vocabulary)

    @property
    def image_tokens(self) -> ImageTokens:
        return ImageTokens(FIRST_CODE, len(self.patches), self.grid, self.grid)

    def encode(self, images: np.ndarray) -> np.ndarray:
        """Token ids int64 [n, grid * grid] in raster order of uint8 images [n, side, side, 3]."""
        codes = _nearest(cut(images, self.grid), self.patches.reshape(len(self.patches), -1))
        return codes.reshape(len(images), self.grid**2) + FIRST_CODE

    def vectors(self, images: np.ndarray) -> None:
        return None

    def decode(self, ids: np.ndarray, vectors: np.ndarray | None = None) -> np.ndarray:
        """The image, uint8 [side, side, 3], of grid * grid token ids. Encoding it again gives the same ids."""
        patches = self.patches[np.asarray(ids).reshape(self.grid, self.grid) - FIRST_CODE]
        return patches.transpose(0, 2, 1, 3, 4).reshape(self.side, self.side, 3)

    def error(self, images: np.ndarray) -> float:
        """Mean absolute difference (0 to 255) between images [n, side, side, 3] and what their tokens decode to."""
        decoded = np.stack([self.decode(ids) for ids in self.encode(images)])
        return float(np.abs(decoded.astype(np.int16) - images).mean())

    def save(self, file: Path) -> None:
        np.savez(file, patches=self.patches, grid=self.grid)

    @classmethod
    def load(cls, file: Path) -> Codebook:
        with np.load(file) as saved:
            return cls(saved["patches"], int(saved["grid"]))


def cut(images: np.ndarray, grid: int) -> np.ndarray:
    """Patches float32 [n * grid * grid, patch * patch * 3] of images [n, side, side, 3], in raster order."""
    n, side = images.shape[:2]
    patch = side // grid
    parts = images.reshape(n, grid, patch, grid, patch, 3).transpose(0, 1, 3, 2, 4, 5)
    return parts.reshape(n * grid * grid, patch * patch * 3).astype(np.float32)


def fit(images: np.ndarray, grid: int, codes: int, seed: int) -> Codebook:
    """k-means over the patches of uint8 images [n, side, side, 3]: at most `codes` entries, fewer if there are fewer
    distinct patches."""
    generator = np.random.default_rng(seed)
    patches = cut(images, grid)
    if len(patches) > _SAMPLE:
        patches = patches[generator.choice(len(patches), _SAMPLE, replace=False)]
    centers = generator.permutation(np.unique(patches, axis=0))[:codes]
    for _ in range(_ROUNDS):
        nearest = _nearest(patches, centers)
        sums = np.zeros_like(centers)
        np.add.at(sums, nearest, patches)
        sizes = np.bincount(nearest, minlength=len(centers))
        # An entry that lost all its patches moves to the patches with the largest error.
        worst = np.argsort(((patches - centers[nearest]) ** 2).sum(1), kind="stable")[::-1]
        empty = np.flatnonzero(sizes == 0)
        centers = np.round(sums / np.maximum(sizes, 1)[:, None])
        centers[empty] = patches[worst[: len(empty)]]
    centers = np.unique(centers.astype(np.uint8), axis=0)
    side = images.shape[1] // grid
    return Codebook(centers.reshape(len(centers), side, side, 3), grid)


def _nearest(patches: np.ndarray, centers: np.ndarray) -> np.ndarray:
    """Index int64 [n] of the nearest center of each patch. Whole numbers below 2**24 are exact in float32, so ties
    resolve to the first on every machine."""
    centers = centers.astype(np.float32)
    distance = (centers**2).sum(1) - 2 * patches @ centers.T
    return distance.argmin(1)


__getattr__ = moved(__name__, {"shrink": "leafinstruct.images.pixels"})
