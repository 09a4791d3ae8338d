"""Properties of an image from one decode: whether it can be read, its size, and what its pixels are like."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import PIL.Image

from leafinstruct.document import Image
from leafinstruct.images.pixels import Small, level_variance, perceptual_hash, small
from leafinstruct.images.strip import strip
from leafinstruct.score.base import Column, ImageScorer, Row

FLAT_LEVELS = 8
"""Adjacent gray levels that look the same: JPEG noise on plain paper stays within them."""


class Scorer(ImageScorer):
    version = 7
    columns = (
        Column("readable", "image", "bool", "", "the whole image decodes"),
        Column("decode_error", "image", "text", "", "why it does not decode: truncated, undecodable, too_many_pixels"),
        Column("bytes", "image", "int", "bytes", "size of the original file"),
        Column("width", "image", "int", "pixels", "width as displayed"),
        Column("height", "image", "int", "pixels", "height as displayed"),
        Column("short_side", "image", "int", "pixels", "the smaller of width and height"),
        Column("long_side", "image", "int", "pixels", "the larger of width and height"),
        Column("aspect_ratio", "image", "float", "ratio", "longer side over shorter side, at least 1"),
        Column("frames", "image", "int", "frames", "1 unless animated"),
        Column("animated", "image", "bool", "", "more than one frame"),
        Column("contrast", "image", "float", "gray levels", "standard deviation of luminance, 0 (uniform) to 127.5"),
        Column(
            "uniform_area_ratio", "image", "float", "share", "largest share of pixels within 8 adjacent gray levels"
        ),
        Column("sharpness", "image", "float", "gray levels²", "variance of the Laplacian; null below 3 pixels a side"),
        Column("colorfulness", "image", "float", "", "Hasler and Süsstrunk 2003; 0 is gray, 59 and above is vivid"),
        Column(
            "metadata_left",
            "image",
            "text",
            "",
            "names of the metadata that cannot be removed without re-encoding, separated by commas; mostly empty",
        ),
        Column("hash", "image", "text", "64 bits, hex", "perceptual hash; similar images differ in few bits"),
    )
    renamed: ClassVar[Mapping[str, str]] = {
        "flat": "uniform_area_ratio",
        "aspect": "aspect_ratio",
        "colourfulness": "colorfulness",
    }

    def measure(self, image: Image, pixels: PIL.Image.Image | None, error: str) -> Row:
        row: Row = {"sha256": image.sha256, "bytes": len(image.bytes), "width": image.width, "height": image.height}
        if image.width and image.height:
            row["short_side"], row["long_side"] = sorted((image.width, image.height))
            row["aspect_ratio"] = row["long_side"] / row["short_side"]
        row["readable"], row["decode_error"] = pixels is not None, error
        row["metadata_left"] = ", ".join(strip(image.bytes).left)
        if pixels is not None:
            row["frames"] = int(getattr(pixels, "n_frames", 1))
            row["animated"] = row["frames"] > 1
            row |= look(small(pixels))
        return row


def look(seen: Small) -> Row:
    """Contrast, uniform area, sharpness, colorfulness and hash of the small version of an image, so that numbers of
    large and small images are comparable."""
    counts = np.array(seen.gray.histogram())
    runs = np.convolve(counts, np.ones(FLAT_LEVELS, dtype=np.int64), "valid")
    size = counts.sum()
    return {
        "contrast": math.sqrt(level_variance(seen.gray)),
        "uniform_area_ratio": float(runs.max() / size),
        "sharpness": sharpness(np.asarray(seen.gray)),
        "colorfulness": colorfulness(seen.color) if seen.color else 0.0,
        "hash": f"{perceptual_hash(seen.gray):016x}",
    }


def sharpness(levels: np.ndarray) -> float | None:
    """Variance of the Laplacian of uint8 [height, width] gray levels (Pech-Pacheco et al. 2000)."""
    if min(levels.shape) < 3:
        return None
    wide = levels.astype(np.int16)
    around = wide[1:-1, :-2] + wide[1:-1, 2:]
    around += wide[:-2, 1:-1]
    around += wide[2:, 1:-1]
    around -= 4 * wide[1:-1, 1:-1]
    return _moments(around)[1]


def colorfulness(color: PIL.Image.Image) -> float:
    """M3 of Hasler and Süsstrunk 2003: spread plus 0.3 of the mean distance from gray on two opponent axes."""
    levels = np.asarray(color)
    red, green, blue = (levels[..., band].astype(np.int16) for band in range(3))
    across, across_var = _moments(red - green)
    along, along_var = _moments(red + green - 2 * blue)  # twice the axis: whole numbers
    return math.sqrt(across_var + along_var / 4) + 0.3 * math.hypot(across, along / 2)


def _moments(values: np.ndarray) -> tuple[float, float]:
    """Mean and variance of integers. Their sums are exact in float64, in any order of addition. `flat @ flat` would
    wake all threads of the linear algebra library for microseconds of work."""
    flat = values.ravel().astype(np.float64)
    mean = float(flat.sum()) / flat.size
    return mean, float(np.einsum("i,i->", flat, flat)) / flat.size - mean * mean
