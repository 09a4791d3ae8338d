"""The one place that decodes an image for the cheap image scorers, so that all of them share the decode."""

from __future__ import annotations

import io
import warnings

import PIL.Image

from leafinstruct.document import Image

SMALL_SIDE = 256
"""JPEG data is decoded at the smallest scale that keeps both sides above this; all data is still read."""


def decode(image: Image, max_pixels: int) -> tuple[PIL.Image.Image | None, str]:
    """First frame of an image, fully read, and "" or why it cannot be had.

    Reasons: `too_many_pixels` (by the header, nothing is decoded), `truncated`, `undecodable`.
    """
    if image.width is None or image.height is None:
        return None, "undecodable"
    if image.width * image.height > max_pixels:
        return None, "too_many_pixels"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pixels = PIL.Image.open(io.BytesIO(image.bytes))
            pixels.draft(None, (SMALL_SIDE, SMALL_SIDE))
            pixels.load()
    except OSError as error:
        return None, "truncated" if "truncated" in str(error) else "undecodable"
    except Exception:  # Pillow's plugins raise SyntaxError, ValueError, struct.error and more on broken data
        return None, "undecodable"
    return pixels, ""
