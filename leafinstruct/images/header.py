"""Structural checks of the bytes of an image: whether it is one, its format and size. Decodes and judges nothing."""

from __future__ import annotations

import hashlib
import math
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib import import_module

import PIL.Image
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile

from leafinstruct.document import Image
from leafinstruct.images.opening import opened
from leafinstruct.images.pixels import MAX_PIXELS, orientation

MAX_BYTES = 20 * 2**20
"""Bytes; larger files do not illustrate a page and would only fill the run."""
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "BMP", "TIFF", "ICO", "PPM", "JPEG2000")
"""Pixel formats that browsers show or cameras write. Others that Pillow supports need external programs (EPS) or have
no signature (TGA)."""
PLUGINS = ("Jpeg", "Png", "Gif", "WebP", "Avif", "Bmp", "Tiff", "Ico", "Ppm", "Jpeg2K")
"""Their modules in Pillow."""
HEIF = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")
"""Brands of the container that phones write; Pillow has no decoder for its content."""
SVG = re.compile(rb"<svg[\s/>]", re.IGNORECASE)
TEXT_START = re.compile(rb"\s*(?:<[!?a-z]|[{\[]\s*[\"{\[\]}]|[\w.,:;#/*\-\"'()]{2,} )", re.IGNORECASE)


def read_image(data: bytes, url: str) -> Image | str:
    """The image with what its header states, or why there is none: empty, too_many_bytes, svg, heic, not_an_image,
    unreadable_header. The content decides, not the file name's extension. Never raises."""
    if not data:
        return "empty"
    if len(data) > MAX_BYTES:
        return "too_many_bytes"
    try:
        with warnings.catch_warnings(action="ignore"), _no_pixel_limit():
            image = opened(data, _formats())
            width, height = image.size
            if _turn(image, data) >= 5:  # stored on its side
                width, height = height, width
    except Exception:  # Pillow's parsers raise anything from SyntaxError to struct.error on a damaged header
        return _what_else(data)
    return Image(hashlib.sha256(data).hexdigest(), data, str(image.format), width, height, url)


@cache
def _formats() -> tuple[str, ...]:
    """Those of FORMATS that this build of Pillow can read."""
    for name in PLUGINS:  # not `PIL.Image.init`, which imports those of forty other formats
        with suppress(ImportError):
            import_module(f"PIL.{name}ImagePlugin")
    return tuple(name for name in FORMATS if name in PIL.Image.OPEN)


@contextmanager
def _no_pixel_limit() -> Iterator[None]:
    """Turn off Pillow's limit: reading a header allocates no pixels, and a rule decides how many are too many."""
    limit, PIL.Image.MAX_IMAGE_PIXELS = PIL.Image.MAX_IMAGE_PIXELS, None
    try:
        yield
    finally:
        PIL.Image.MAX_IMAGE_PIXELS = limit


def _turn(image: PIL.Image.Image, data: bytes) -> int:
    """The orientation. A PNG with metadata after its pixels, which is rare, is decoded to read it."""
    if isinstance(image, TiffImageFile):  # its size is given as displayed
        return 1
    if isinstance(image, PngImageFile) and _ends_in_metadata(data) and math.prod(image.size) <= MAX_PIXELS:
        with suppress(Exception):  # Pillow's parsers raise many kinds of errors on a damaged file
            image.load()
    return orientation(image)


def _ends_in_metadata(png: bytes) -> bool:
    at, kind, pixels = 8, b"", False
    while at + 8 <= len(png):
        kind = png[at + 4 : at + 8]
        pixels |= kind == b"IDAT"
        if pixels and kind in (b"eXIf", b"iTXt", b"tEXt", b"zTXt"):
            return True
        at += 12 + int.from_bytes(png[at : at + 4])
    return False


def _what_else(data: bytes) -> str:
    head = data[:4096].removeprefix(b"\xef\xbb\xbf")
    if head[:2] == b"\x1f\x8b":
        return "not_an_image"
    if head[4:8] == b"ftyp" and head[8:12] in HEIF:
        return "heic"
    if SVG.search(head) and head.lstrip()[:1] == b"<":
        return "svg"
    if b"\0" not in head and TEXT_START.match(head):
        return "not_an_image"
    return "unreadable_header"
