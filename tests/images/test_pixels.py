from __future__ import annotations

import io
import math
import struct
from statistics import pvariance

import numpy as np
import PIL.Image
import pytest
from made import core as made

from leafinstruct.images.pixels import COSINE_BITS, displayed, level_variance, perceptual_hash, shrink, small


def hash_in_integers(gray: PIL.Image.Image) -> int:
    """The hash by Python's own integers, which no linear algebra touches."""
    levels = [list(row) for row in np.asarray(gray.resize((32, 32), PIL.Image.Resampling.BOX)).tolist()]
    cosines = [[round(math.cos(math.pi * k * (2 * n + 1) / 64) * 2**COSINE_BITS) for n in range(32)] for k in range(8)]
    across = [[sum(c[n] * row[n] for n in range(32)) for c in cosines] for row in levels]
    low = [sum(c[m] * across[m][j] for m in range(32)) for c in cosines for j in range(8)]
    ordered = sorted(low)
    return int("".join("1" if 2 * value > ordered[31] + ordered[32] else "0" for value in low), 2)


def pictures(count: int) -> list[PIL.Image.Image]:
    """Grayscale pictures of kinds whose frequencies lie near their median: shapes, ramps, few and no levels."""
    ramp = PIL.Image.linear_gradient("L")
    kinds = [
        lambda n: made.scene(n).convert("L"),
        lambda n: ramp.resize((40 + n, 20)),
        lambda n: PIL.Image.new("L", (50, 50), n % 256),
        lambda n: ramp.rotate(n).point([0] * 128 + [255] * 128),
    ]
    return [kinds[n % len(kinds)](n) for n in range(count)]


def test_the_hash_is_that_of_whole_numbers() -> None:
    shown = pictures(200)
    assert [perceptual_hash(gray) for gray in shown] == [hash_in_integers(gray) for gray in shown]


def test_the_largest_sum_fits() -> None:
    assert 255 * 32**2 * 2 ** (2 * COSINE_BITS) * 2 < 2**63


def test_the_variance_of_levels_is_exact() -> None:
    for gray in pictures(12):
        assert level_variance(gray) == pytest.approx(float(pvariance(np.asarray(gray).ravel().tolist())), rel=1e-12)


def photograph() -> PIL.Image.Image:
    """An RGB picture whose halves differ in both directions, so that a turn shows."""
    drawn = made.scene(3)
    drawn.paste("black", (0, 0, 100, 60))
    return drawn


def test_a_picture_stored_on_its_side_is_displayed_upright() -> None:
    upright = photograph()
    for orientation, back in ((3, PIL.Image.Transpose.ROTATE_180), (6, PIL.Image.Transpose.ROTATE_90)):
        exif = PIL.Image.Exif()
        exif[0x0112] = orientation
        image = made.picture(upright.transpose(back), "PNG", exif=exif.tobytes())
        assert displayed(opened(image.bytes)).tobytes() == upright.tobytes()
        assert shrink(opened(image.bytes), 16).tobytes() == shrink(upright, 16).tobytes()


def test_sixteen_bits_are_displayed_as_their_upper_eight() -> None:
    gray = photograph().convert("L")
    deep = PIL.Image.fromarray(np.asarray(gray).astype(np.uint16) * 257)
    image = made.picture(deep, "PNG")
    assert opened(image.bytes).mode == "I;16"
    assert displayed(opened(image.bytes)).convert("L").tobytes() == gray.tobytes()
    assert perceptual_hash(small(opened(image.bytes)).gray) == perceptual_hash(small(gray).gray)


@pytest.mark.parametrize("bits", [8, 16])
def test_levels_that_count_from_white_are_not_shown_as_a_negative(bits: int) -> None:
    gray = photograph().convert("L")
    levels = np.asarray(gray).astype(np.uint16) * 257 if bits == 16 else np.asarray(gray)
    stored = PIL.Image.fromarray(np.iinfo(levels.dtype).max - levels)
    image = made.picture(stored, "TIFF", tiffinfo={262: 1})
    entry = struct.pack("<HHI", 262, 3, 1)
    assert image.bytes.count(entry) == 1
    counts_from_white = image.bytes.replace(entry + b"\1", entry + b"\0")
    assert displayed(opened(counts_from_white)).convert("L").tobytes() == gray.tobytes()
    assert small(opened(counts_from_white)).gray.tobytes() == small(gray).gray.tobytes()


@pytest.mark.parametrize("scale", [1 / 255, 1.0, 257.0, 1e6])
def test_numbers_without_an_agreed_white_keep_their_picture(scale: float) -> None:
    gray = photograph().convert("L").point(lambda level: min(255, level + 1))
    gray.putpixel((0, 0), 255)
    numbers = PIL.Image.fromarray((np.asarray(gray) * scale).astype(np.float32))
    shown = np.asarray(displayed(numbers).convert("L")).astype(int)
    assert abs(shown - np.asarray(gray)).max() <= 1


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
def test_one_number_that_is_none_keeps_the_picture(broken: float) -> None:
    levels = np.asarray(photograph().convert("L")).astype(np.float32)
    whole = np.asarray(displayed(PIL.Image.fromarray(levels)))
    levels[0, 0] = broken
    shown = np.asarray(displayed(PIL.Image.fromarray(levels)))
    assert (shown[0, 0] == 0).all() and (shown[1:] == whole[1:]).all()


def test_only_the_transparent_level_of_sixteen_bits_is_clear() -> None:
    levels = np.array([[1280, 1281, 5, 0]], np.uint16)
    deep = opened(made.picture(PIL.Image.fromarray(levels), "PNG", transparency=1280).bytes)
    assert deep.info["transparency"] == 1280
    assert np.asarray(displayed(deep))[0, :, 0].tolist() == [255, 4, 0, 0]


def test_transparency_lies_on_white_paper() -> None:
    clear = photograph().convert("RGBA")
    clear.putalpha(0)
    assert displayed(clear).getcolors() == [(400 * 300, (255, 255, 255))]


def opened(data: bytes) -> PIL.Image.Image:
    pixels = PIL.Image.open(io.BytesIO(data))
    pixels.load()
    return pixels
