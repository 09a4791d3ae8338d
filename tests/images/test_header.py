from __future__ import annotations

import struct
import zlib

import PIL.Image
import pytest
from made.harvest import picture
from made.images import ODD

from leafinstruct.document import Image
from leafinstruct.images.header import MAX_BYTES, read_image


def png_header(width: int, height: int) -> bytes:
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body)) + b"\0\0\0\x0aIDAT"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "AVIF"])
def test_reads_header(kind: str) -> None:
    image = read_image(picture(7, (64, 48), kind), "mislabelled.xyz")
    assert isinstance(image, Image)
    assert (image.format, image.width, image.height, image.url) == (kind, 64, 48, "mislabelled.xyz")
    assert len(image.sha256) == 64


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_size_is_as_displayed(kind: str) -> None:
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    image = read_image(picture(7, (64, 48), kind, exif=exif), "")
    assert isinstance(image, Image)
    assert (image.width, image.height) == (48, 64)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"<!doctype html><title>404</title>", "not_an_image"),
        (b'{"error": "no such file"}', "not_an_image"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "not_an_image"),
        (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "svg"),
        (b"<svg width='1'></svg>", "svg"),
        (picture()[:20], "unreadable_header"),
        (b"\x00\x00\x00\x18ftypheic" + bytes(100), "heic"),
        (bytes(MAX_BYTES + 1), "too_many_bytes"),
    ],
)
def test_reasons(data: bytes, reason: str) -> None:
    assert read_image(data, "x.png") == reason


def test_pixels_are_no_question_of_the_header() -> None:
    """A 100-megapixel image is read here and dropped by a rule; Pillow's limit is back afterwards."""
    limit = PIL.Image.MAX_IMAGE_PIXELS
    image = read_image(png_header(40_000, 30_000), "")
    assert isinstance(image, Image)
    assert (image.width, image.height) == (40_000, 30_000)
    assert limit == PIL.Image.MAX_IMAGE_PIXELS


def test_every_truncation_is_an_image_or_a_reason() -> None:
    data = picture(3, kind="JPEG")
    results = [read_image(data[:n], "") for n in range(0, len(data), 7)]
    assert results[1] == "unreadable_header"
    assert isinstance(results[-1], Image)
    assert all(isinstance(r, Image | str) for r in results)


@pytest.mark.parametrize("name", ODD)
def test_odd_kinds(name: str) -> None:
    make, kind = ODD[name]
    image = read_image(make(), "")
    assert isinstance(image, Image)
    assert image.format == kind
    assert (image.width, image.height) == ((48, 36) if kind == "ICO" else (64, 48))


@pytest.mark.parametrize("name", ODD)
def test_odd_kinds_cut_at_every_tenth(name: str) -> None:
    data = ODD[name][0]()
    found = [read_image(data[: len(data) * tenth // 10], "") for tenth in range(10)]
    assert found[0] == "empty"
    assert all(isinstance(f, Image) or f in ("unreadable_header", "not_an_image") for f in found[1:])
