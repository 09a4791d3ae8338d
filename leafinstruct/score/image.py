"""Facts of one image from one decode: can it be read, how large is it, is there anything on it."""

from __future__ import annotations

import PIL.Image
import PIL.ImageStat

from leafinstruct.document import Image
from leafinstruct.score.base import Column, ImageScorer, Row


class Scorer(ImageScorer):
    version = 1
    columns = (
        Column("readable", "image", "bool", "", "the whole image decodes"),
        Column("decode_error", "image", "text", "", "why it does not: truncated, undecodable, too_many_pixels"),
        Column("bytes", "image", "int", "bytes", "size of the original file"),
        Column("width", "image", "int", "pixels", "width as displayed"),
        Column("height", "image", "int", "pixels", "height as displayed"),
        Column("short_side", "image", "int", "pixels", "the smaller of width and height"),
        Column("long_side", "image", "int", "pixels", "the larger of width and height"),
        Column("aspect", "image", "float", "ratio", "longer side over shorter side, at least 1"),
        Column("frames", "image", "int", "frames", "1 unless animated"),
        Column("animated", "image", "bool", "", "more than one frame"),
        Column("contrast", "image", "float", "grey levels", "standard deviation of luminance, 0 (uniform) to 127.5"),
    )

    def measure(self, image: Image, pixels: PIL.Image.Image | None, error: str) -> Row:
        row: Row = {"sha256": image.sha256, "bytes": len(image.bytes), "width": image.width, "height": image.height}
        if image.width and image.height:
            row["short_side"], row["long_side"] = sorted((image.width, image.height))
            row["aspect"] = row["long_side"] / row["short_side"]
        row["readable"], row["decode_error"] = pixels is not None, error
        if pixels is not None:
            row["frames"] = int(getattr(pixels, "n_frames", 1))
            row["animated"] = row["frames"] > 1
            row["contrast"] = float(PIL.ImageStat.Stat(_luminance(pixels)).stddev[0])
        return row


def _luminance(pixels: PIL.Image.Image) -> PIL.Image.Image:
    """8-bit luminance; transparent parts as they look on white paper."""
    if pixels.mode.startswith(("I;16", "I", "F")):
        low, high = pixels.getextrema()
        spread = max(float(high) - float(low), 1.0)  # type: ignore[arg-type]
        return pixels.convert("F").point(lambda v: (v - float(low)) * 255.0 / spread).convert("L")  # type: ignore[arg-type]
    if "transparency" in pixels.info or pixels.mode in ("RGBA", "LA", "PA"):
        layer = pixels.convert("RGBA")
        return PIL.Image.alpha_composite(PIL.Image.new("RGBA", layer.size, "white"), layer).convert("L")
    return pixels.convert("L")
