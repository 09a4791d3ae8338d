"""Images to tokens and back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from leafinstruct.images.pixels import shrink
from leafinstruct.moss.codebook import FIRST_CODE, Codebook, cut, fit


def images(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (n, 32, 32, 3), dtype=np.uint8)


def test_decoded_image_has_the_same_tokens(tmp_path: Path) -> None:
    book = fit(images(6), grid=8, codes=64, seed=0)
    ids = book.encode(images(3, seed=1))
    assert ids.shape == (3, 64)
    assert ids.min() >= FIRST_CODE and ids.max() < book.vocabulary
    for row in ids:
        Image.fromarray(book.decode(row)).save(tmp_path / "image.png")
        again = np.asarray(Image.open(tmp_path / "image.png"))
        assert book.encode(again[None])[0].tolist() == row.tolist()


def test_few_patches_are_kept_exactly() -> None:
    tiles = np.random.default_rng(3).integers(0, 256, (5, 4, 4, 3), dtype=np.uint8)
    which = np.random.default_rng(4).integers(0, 5, (2, 8, 8))
    pixels = tiles[which].transpose(0, 1, 3, 2, 4, 5).reshape(2, 32, 32, 3)
    book = fit(pixels, grid=8, codes=64, seed=0)
    assert len(book.patches) == 5
    assert book.error(pixels) == 0
    assert book.decode(book.encode(pixels)[1]).tolist() == pixels[1].tolist()


def test_more_codes_lose_less_and_entries_differ() -> None:
    pixels = images(8)
    small, large = (fit(pixels, 8, codes, 0) for codes in (8, 128))
    assert large.error(pixels) < small.error(pixels)
    flat = large.patches.reshape(len(large.patches), -1)
    assert len(np.unique(flat, axis=0)) == len(flat) > 100


def test_same_seed_same_codebook_also_from_a_file(tmp_path: Path) -> None:
    book = fit(images(4), 8, 32, seed=5)
    book.save(tmp_path / "book.npz")
    for other in (fit(images(4), 8, 32, seed=5), Codebook.load(tmp_path / "book.npz")):
        assert np.array_equal(book.patches, other.patches)
        assert other.grid == book.grid


def test_cut_goes_in_raster_order() -> None:
    pixels = np.arange(4 * 4 * 3, dtype=np.uint8).reshape(1, 4, 4, 3)
    patches = cut(pixels, 2)
    assert patches[1].tolist() == pixels[0, 0:2, 2:4].ravel().tolist()
    assert patches[2].tolist() == pixels[0, 2:4, 0:2].ravel().tolist()


def test_shrink_averages_and_puts_transparency_on_white() -> None:
    clear = Image.new("RGBA", (64, 48), (0, 0, 0, 0))
    assert (shrink(clear, 8) == 255).all()
    gray = Image.fromarray(np.tile(np.array([[0, 255]], np.uint8), (16, 8)))
    assert set(shrink(gray, 8).ravel().tolist()) <= {127, 128}
