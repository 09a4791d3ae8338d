"""Decodes images for the cheap image scorers, so that all of them share one decode."""

from __future__ import annotations

import warnings

import PIL.Image

from leafinstruct.document import Image
from leafinstruct.images.opening import opened
from leafinstruct.images.pixels import SIDE, small


def decode(image: Image, max_pixels: int) -> tuple[PIL.Image.Image | None, str]:
    """First frame of an image, fully read, and ""; or None and why it cannot be decoded.

    Reasons: `too_many_pixels` (by the header, without decoding), `truncated`, `undecodable`.
    """
    if image.width is None or image.height is None:
        return None, "undecodable"
    if image.width * image.height > max_pixels:
        return None, "too_many_pixels"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pixels = opened(image.bytes)
            _draft(pixels)
            pixels.load()
            small(pixels)  # an image that cannot be displayed counts as undecodable
    except OSError as error:
        return None, "truncated" if "truncated" in str(error) else "undecodable"
    except Exception:  # Pillow's plugins raise SyntaxError, ValueError, struct.error and more on broken data
        return None, "undecodable"
    return pixels, ""


def _draft(pixels: PIL.Image.Image) -> None:
    """Decode JPEG data at the smallest scale that is enough for a small version; all data is still read."""
    scale = max(pixels.size) / SIDE
    if scale > 1:
        pixels.draft(None, (max(1, round(pixels.width / scale)), max(1, round(pixels.height / scale))))
