"""Odd and hostile images: pixels, or a named reason why there are none."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable

import PIL.Image
import pytest
from made.images import ODD

from leafinstruct.document import Image
from leafinstruct.images.decode import decode
from leafinstruct.images.header import read_image
from leafinstruct.images.pixels import MAX_PIXELS

REASONS = {"truncated", "undecodable"}


def read(data: bytes) -> Image:
    image = read_image(data, "")
    assert isinstance(image, Image)
    return image


def one_color(width: int, height: int, kind: str) -> bytes:
    out = io.BytesIO()
    PIL.Image.new("1", (width, height)).save(out, kind)
    return out.getvalue()


def icon_of(png: bytes) -> bytes:
    """An icon whose directory says 48 pixels, whatever the picture inside has."""
    return struct.pack("<HHHBBBBHHII", 0, 1, 1, 48, 48, 0, 0, 1, 32, len(png), 22) + png


@pytest.mark.parametrize("name", ODD)
def test_odd_kinds_are_decoded(name: str) -> None:
    image = read(ODD[name][0]())
    pixels, reason = decode(image, MAX_PIXELS)
    assert (pixels and pixels.size, reason) == ((image.width, image.height), "")


@pytest.mark.parametrize("name", ODD)
def test_odd_kinds_cut_at_every_tenth_are_decoded_or_named(name: str) -> None:
    data = ODD[name][0]()
    cut = [read_image(data[: len(data) * tenth // 10], "") for tenth in range(1, 10)]
    for image in cut:
        if isinstance(image, Image):
            pixels, reason = decode(image, MAX_PIXELS)
            assert reason in REASONS if pixels is None else reason == ""


@pytest.mark.parametrize(
    ("kind", "reason"), [("JPEG", "truncated"), ("PNG", "truncated"), ("WEBP", "unreadable_header")]
)
def test_half_a_photograph_is_dropped_by_name(kind: str, reason: str) -> None:
    out = io.BytesIO()
    PIL.Image.effect_noise((256, 256), 90).convert("RGB").save(out, kind)
    image = read_image(out.getvalue()[: out.tell() // 2], "")
    assert (image if isinstance(image, str) else decode(image, MAX_PIXELS)[1]) == reason


@pytest.mark.parametrize("make", [lambda png: png, icon_of], ids=["png", "icon"])
def test_a_bomb_is_dropped_by_what_it_would_unpack_to(make: Callable[[bytes], bytes]) -> None:
    data = make(one_color(10_000, 10_000, "PNG"))
    assert len(data) < 20_000
    assert decode(read(data), MAX_PIXELS) == (None, "too_many_pixels")
