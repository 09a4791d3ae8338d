from __future__ import annotations

import math
from statistics import pvariance

import numpy as np
import PIL.Image
import pytest
from made import core as made

from leafinstruct.images.pixels import COSINE_BITS, level_variance, perceptual_hash


def hash_in_integers(grey: PIL.Image.Image) -> int:
    """The hash by Python's own integers, which no linear algebra touches."""
    levels = [list(row) for row in np.asarray(grey.resize((32, 32), PIL.Image.Resampling.BOX)).tolist()]
    cosines = [[round(math.cos(math.pi * k * (2 * n + 1) / 64) * 2**COSINE_BITS) for n in range(32)] for k in range(8)]
    low = [
        sum(cosines[i][m] * cosines[j][n] * levels[m][n] for m in range(32) for n in range(32))
        for i in range(8)
        for j in range(8)
    ]
    ordered = sorted(low)
    return int("".join("1" if 2 * value > ordered[31] + ordered[32] else "0" for value in low), 2)


def pictures(count: int) -> list[PIL.Image.Image]:
    """Greyscale pictures of kinds whose frequencies lie near their median: shapes, ramps, few and no levels."""
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
    assert [perceptual_hash(grey) for grey in shown] == [hash_in_integers(grey) for grey in shown]


def test_the_largest_sum_fits() -> None:
    assert 255 * 32**2 * 2 ** (2 * COSINE_BITS) * 2 < 2**63


def test_the_variance_of_levels_is_exact() -> None:
    for grey in pictures(12):
        assert level_variance(grey) == pytest.approx(float(pvariance(np.asarray(grey).ravel().tolist())), rel=1e-12)
