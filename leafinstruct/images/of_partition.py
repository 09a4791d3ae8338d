"""Reads a partition's images as they are stored, or opened for a model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import PIL.Image
import pyarrow.parquet as pq

from leafinstruct.document import Image
from leafinstruct.images.opening import opened
from leafinstruct.images.pixels import MAX_PIXELS, displayed


def open_images(stored: AbstractContextManager[pq.ParquetFile]) -> Iterator[Image]:
    """Images of a partition's file sorted by sha256, one batch of rows in memory at a time."""
    with stored as file:
        for batch in file.iter_batches(batch_size=64):
            for row in batch.to_pylist():
                yield Image(**row)


def image_opener(stored: AbstractContextManager[pq.ParquetFile], wanted: set[str]) -> Callable[[str], PIL.Image.Image]:
    """A function that gives one of the wanted images of a partition as displayed (RGB); it raises OSError if it cannot
    be decoded."""
    held = {image.sha256: image for image in open_images(stored) if image.sha256 in wanted} if wanted else {}

    def open_image(sha256: str) -> PIL.Image.Image:
        image = held[sha256]
        if (image.width or 0) * (image.height or 0) > MAX_PIXELS:
            raise OSError("too_many_pixels")
        try:
            pixels = opened(image.bytes)
            pixels.load()
            return displayed(pixels)
        except OSError:
            raise
        except Exception as error:  # Pillow's plugins raise many kinds of errors on broken data
            raise OSError(f"undecodable ({type(error).__name__})") from None

    return open_image
