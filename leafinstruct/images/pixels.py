"""An image as displayed, at full size or small, and comparison of near-identical images.

Models, the trainer, image scorers and the report all take pixels from here. Image scorers and the search for
near-identical images use the same small version, made once per image.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import PIL.Image

MAX_PIXELS = 50_000_000
"""Images with more pixels are not decoded: 150 MB each as RGB (own choice, below Pillow's bomb limit)."""
SIDE = 256
"""Small versions fit a square of this side, in pixels; no image is enlarged."""
HASH_SIDE, HASH_LOW = 32, 8
"""The hash keeps the 8 x 8 lowest frequencies of a 32 x 32 version: 64 bits (the usual pHash)."""
SKETCH_SIDE = 32
BAND_WEIGHTS = (2, 1, 1)
"""In halves: JPEG files keep half of the detail of color."""
COSINE_BITS = 20
"""Fractional bits of the hash's cosines. Products of floats are rounded differently by different processors; integers
are not. With 20 bits the largest sum, 255 * 32**2 * 2**40, takes 58 of the 63 bits of int64."""
_COSINES = np.array(
    [
        [round(math.cos(math.pi * k * (2 * n + 1) / (2 * HASH_SIDE)) * (1 << COSINE_BITS)) for n in range(HASH_SIDE)]
        for k in range(HASH_LOW)
    ],
    np.int64,
)
ORIENTATION = 0x0112
PHOTOMETRIC, WHITE_IS_ZERO = 262, 0
"""The tag of TIFF files that says what the lowest level looks like, and its value for white."""
TURNS = dict(
    enumerate(
        ["FLIP_LEFT_RIGHT", "ROTATE_180", "FLIP_TOP_BOTTOM", "TRANSPOSE", "ROTATE_270", "TRANSVERSE", "ROTATE_90"],
        start=2,
    )
)
"""How to turn an image of each EXIF orientation upright."""
XMP_COUNTS = ("JPEG", "MPO", "PNG", "WEBP", None)
"""Formats whose orientation in XMP counts: what is published has no XMP, and in these keeps the orientation as EXIF."""
SHOWN = 3
"""Version of what code that is not ours is given as the pixels of an image."""
_last: tuple[PIL.Image.Image, Small] | None = None


class Small(NamedTuple):
    """A small image as displayed: upright, on white where it is transparent.

    `gray` (L) fits SIDE x SIDE. `color` (RGB) fits half of that and averages points, one for each pixel of `gray`; it
    is None for an image without colors.
    """

    gray: PIL.Image.Image
    color: PIL.Image.Image | None


def small(pixels: PIL.Image.Image) -> Small:
    """The small version of a decoded image. Caches the last one: scorers process one image after the other."""
    global _last
    if _last is None or _last[0] is not pixels:
        _last = (pixels, Small(_gray(pixels), _color(pixels)))
    return _last[1]


def displayed(pixels: PIL.Image.Image) -> PIL.Image.Image:
    """RGB: the first frame as displayed, upright, at 8 bits, on white where it is transparent; without metadata, so
    that nothing turns it again."""
    shown = _upright(_on_white(eight_bits(pixels), "RGB"), orientation(pixels))
    shown.info = {}
    return shown


def orientation(image: PIL.Image.Image) -> int:
    """The orientation, 1 (upright) to 8, of an image as opened, by EXIF or, without it, by XMP; what is broken counts
    as upright. Reads what opening has read: metadata after the pixels is known once they are loaded."""
    try:
        exif = PIL.Image.Image.getexif(image)  # that of PNG files would decode them
        if "exif" not in image.info and image.format not in XMP_COUNTS:
            return 1
        value = exif.get(ORIENTATION, 1)
    except Exception:  # broken EXIF data raises many kinds of errors; browsers show such images as stored
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def eight_bits(pixels: PIL.Image.Image) -> PIL.Image.Image:
    """An image of one band with more than 8 bits as screens show it; any other image unchanged.

    Of 16 bits the upper 8 are shown, as in browsers, and a transparent level as white. Larger integers and floats have
    no standard white level: see `_white`. What is not a finite number is black.
    """
    if not pixels.mode.startswith(("I", "F")):
        return pixels
    levels = np.nan_to_num(np.asarray(pixels, np.float64), posinf=0.0, neginf=0.0)
    white = 65535.0 if pixels.mode.startswith("I;16") else _white(float(levels.max(initial=0.0)))
    upper = (np.clip(levels / white, 0.0, 1.0) * 255).astype(np.uint8)
    if pixels.mode.startswith("I;16") and getattr(pixels, "tag_v2", {}).get(PHOTOMETRIC) == WHITE_IS_ZERO:
        upper = 255 - upper  # Pillow does it for 1 to 8 bits only
    info = dict(pixels.info)
    clear = info.pop("transparency", None)  # a level of the deep image; 8 bits cannot tell it from its neighbors
    if isinstance(clear, int):
        upper[levels == clear] = 255
    shown = PIL.Image.fromarray(upper)
    shown.info = info
    return shown


def _white(largest: float) -> float:
    """The white level: the smallest common scale that contains the largest level, else that level."""
    return next((white for white in (1.0, 255.0, 65535.0) if largest <= white), largest)


def shrink(pixels: PIL.Image.Image, side: int) -> np.ndarray:
    """uint8 [side, side, 3]: the whole image as displayed, averaged down to a square."""
    return np.asarray(displayed(pixels).resize((side, side), PIL.Image.Resampling.BOX))


def _gray(pixels: PIL.Image.Image) -> PIL.Image.Image:
    gray = _on_white(eight_bits(pixels), "L")
    return _upright(gray.resize(_fit(gray.size), PIL.Image.Resampling.BOX, reducing_gap=1.0), orientation(pixels))


def _color(pixels: PIL.Image.Image) -> PIL.Image.Image | None:
    if pixels.mode.startswith(("1", "L", "I", "F")) and pixels.mode != "LAB":
        return None
    points = _on_white(pixels.resize(_fit(pixels.size), PIL.Image.Resampling.NEAREST), "RGB")
    return _upright(points.reduce(2), orientation(pixels))


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


def _upright(seen: PIL.Image.Image, turn: int) -> PIL.Image.Image:
    return seen.transpose(PIL.Image.Transpose[TURNS[turn]]) if turn in TURNS else seen


def perceptual_hash(gray: PIL.Image.Image) -> int:
    """64 bits: which of the lowest frequencies of a grayscale image are above their median. Computed in integers, so
    that every machine gives the same bits."""
    levels = np.asarray(gray.resize((HASH_SIDE, HASH_SIDE), PIL.Image.Resampling.BOX), np.int64)
    low = (_COSINES @ levels @ _COSINES.T).ravel()
    ordered = np.sort(low)
    twice_median = ordered[low.size // 2 - 1] + ordered[low.size // 2]
    return int.from_bytes(np.packbits(2 * low > twice_median).tobytes(), "big")


def level_variance(gray: PIL.Image.Image) -> float:
    """Variance of the gray levels (L), from integer sums: exact except for one division."""
    counts = gray.histogram()
    size = sum(counts)
    total = sum(level * count for level, count in enumerate(counts))
    squares = sum(level * level * count for level, count in enumerate(counts))
    return (size * squares - total * total) / (size * size)


def sketch(seen: Small) -> np.ndarray:
    """uint8 [32, 32, 3]: luminance and two color differences of an image resized to a square."""
    gray, color = (b and b.resize((SKETCH_SIDE, SKETCH_SIDE), PIL.Image.Resampling.BOX) for b in seen)
    bands = [np.asarray(gray)]
    if color:
        bands += [np.asarray(band) for band in color.convert("YCbCr").split()[1:]]
    else:
        bands += [np.full((SKETCH_SIDE, SKETCH_SIDE), 128, np.uint8)] * 2
    return np.stack(bands, axis=-1)


def difference(one: np.ndarray, other: np.ndarray) -> float:
    """How far two sketches differ where they differ most, in gray levels.

    A level differs by its distance from the range of the other sketch's levels around the same position, so that
    another encoding or size, which moves edges by less than a pixel of the sketch, counts little. The result is the
    mean over the most different 4 x 4 pixels, so that one changed button on a screen counts in full.
    """
    beyond = np.maximum(_outside(one, other), _outside(other, one))
    halves = sum(weight * beyond[..., band] for band, weight in enumerate(BAND_WEIGHTS))
    side = 4
    count = SKETCH_SIDE // side
    return int(halves.reshape(count, side, count, side).sum((1, 3)).max()) / (2 * side * side)


def _outside(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """int32 [32, 32, 3]: how far each level of `one` is outside the range of its 3 x 3 neighbors in `other`."""
    padded = np.pad(other, ((1, 1), (1, 1), (0, 0)), "edge")
    around = np.stack([padded[i : i + SKETCH_SIDE, j : j + SKETCH_SIDE] for i in range(3) for j in range(3)])
    level = one.astype(np.int32)
    return np.maximum(np.maximum(level - around.max(0), around.min(0) - level), 0)
