"""A small version of a picture as a reader sees it, and what near-identical pictures have in common.

Facts of images and the search for near-identical ones look at the same small version, made once for each image.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import PIL.Image
import PIL.ImageOps

SIDE = 256
"""Small versions fit a square of this side, in pixels; no picture is made larger."""
HASH_SIDE, HASH_LOW = 32, 8
"""The hash keeps the 8 x 8 lowest frequencies of a 32 x 32 version: 64 bits (the usual pHash)."""
SKETCH_SIDE = 32
BAND_WEIGHTS = np.array([1.0, 0.5, 0.5], np.float32)
"""JPEG files keep half of the colour's detail."""
_COSINES = np.cos(np.pi / (2 * HASH_SIDE) * np.arange(HASH_LOW)[:, None] * (2 * np.arange(HASH_SIDE)[None] + 1)).astype(
    np.float32
)
_last: tuple[PIL.Image.Image, Small] | None = None


class Small(NamedTuple):
    """A picture as a reader sees it: upright, on white paper where it is transparent.

    `grey` (L) fits SIDE x SIDE. `colour` (RGB) fits half of that and averages points, one for each pixel of `grey`; it
    is None for a picture without colours.
    """

    grey: PIL.Image.Image
    colour: PIL.Image.Image | None


def small(pixels: PIL.Image.Image) -> Small:
    """The small version of a decoded picture. Remembers the last one: scorers look at one picture after the other."""
    global _last
    if _last is None or _last[0] is not pixels:
        _last = (pixels, Small(_grey(pixels), _colour(pixels)))
    return _last[1]


def _grey(pixels: PIL.Image.Image) -> PIL.Image.Image:
    if pixels.mode.startswith(("I", "F")):  # 16 bits and more are spread over 8
        low, high = pixels.getextrema()
        spread = max(float(high) - float(low), 1.0)  # type: ignore[arg-type]
        levels = (np.asarray(pixels, np.float32) - float(low)) * (255 / spread)  # type: ignore[arg-type]
        grey = PIL.Image.fromarray(levels.astype(np.uint8))
    else:
        grey = _on_white(pixels, "L")
    return _upright(grey.resize(_fit(grey.size), PIL.Image.Resampling.BOX, reducing_gap=1.0))


def _colour(pixels: PIL.Image.Image) -> PIL.Image.Image | None:
    if pixels.mode.startswith(("1", "L", "I", "F")) and pixels.mode != "LAB":
        return None
    points = _on_white(pixels.resize(_fit(pixels.size), PIL.Image.Resampling.NEAREST), "RGB")
    return _upright(points.reduce(2))


def _fit(size: tuple[int, int]) -> tuple[int, int]:
    scale = max(max(size) / SIDE, 1.0)
    return max(1, round(size[0] / scale)), max(1, round(size[1] / scale))


def _on_white(pixels: PIL.Image.Image, mode: str) -> PIL.Image.Image:
    if pixels.has_transparency_data:
        pixels = pixels if pixels.mode in ("RGBA", "LA") else pixels.convert("RGBA")
        alpha = pixels.getchannel("A")
        if alpha.getextrema()[0] != 255:
            paper = PIL.Image.new(mode, pixels.size, "white")
            paper.paste(pixels.convert(mode), (0, 0), alpha)
            return paper
    return pixels.convert(mode)


def _upright(seen: PIL.Image.Image) -> PIL.Image.Image:
    if "exif" not in seen.info:
        return seen
    try:
        return PIL.ImageOps.exif_transpose(seen)
    except Exception:  # broken EXIF data raises many kinds of errors; browsers show such pictures as they lie
        return seen


def perceptual_hash(grey: PIL.Image.Image) -> int:
    """64 bits: which of the lowest frequencies of a greyscale picture lie above their median."""
    levels = np.asarray(grey.resize((HASH_SIDE, HASH_SIDE), PIL.Image.Resampling.BOX), np.float32)
    low = (_COSINES @ levels @ _COSINES.T).ravel()
    middle = np.sort(low)[low.size // 2 - 1 : low.size // 2 + 1].mean()  # the median; np.median takes longer than all
    return int.from_bytes(np.packbits(low > middle).tobytes(), "big")


def sketch(seen: Small) -> np.ndarray:
    """uint8 [32, 32, 3]: luminance and two colour differences of a picture squeezed to a square."""
    grey, colour = (b and b.resize((SKETCH_SIDE, SKETCH_SIDE), PIL.Image.Resampling.BOX) for b in seen)
    bands = [np.asarray(grey)]
    if colour:
        bands += [np.asarray(band) for band in colour.convert("YCbCr").split()[1:]]
    else:
        bands += [np.full((SKETCH_SIDE, SKETCH_SIDE), 128, np.uint8)] * 2
    return np.stack(bands, axis=-1)


def difference(one: np.ndarray, other: np.ndarray) -> float:
    """How far two sketches differ where they differ most, in grey levels.

    A level counts as different as far as it lies outside the range of the other picture's levels around the same
    place, so that another encoding or size, which moves edges by less than a pixel of the sketch, counts little; the
    mean over the most different 4 x 4 pixels is taken, so that one changed button on a screen counts in full.
    """
    beyond = np.maximum(_outside(one, other), _outside(other, one)) @ BAND_WEIGHTS
    count = SKETCH_SIDE // 4
    return float(beyond.reshape(count, 4, count, 4).mean((1, 3)).max())


def _outside(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """float32 [32, 32, 3]: by how much each level of `one` leaves the range of its 3 x 3 neighbours in `other`."""
    padded = np.pad(other, ((1, 1), (1, 1), (0, 0)), "edge")
    around = np.stack([padded[i : i + SKETCH_SIDE, j : j + SKETCH_SIDE] for i in range(3) for j in range(3)])
    level = one.astype(np.float32)
    return np.maximum(np.maximum(level - around.max(0), around.min(0) - level), 0)
