from __future__ import annotations

from typing import Any

import PIL.Image
import PIL.ImageDraw
import pytest
from made import core as made

from leafinstruct.document import Document, Image, Part
from leafinstruct.images.decode import decode
from leafinstruct.score.repeats import Scorer, Sketch

SAME = 3
"""The threshold of filters/repeats.yaml."""


def sketches(*images: Image) -> dict[str, Sketch]:
    found = {image.sha256: decode(image, 10**7)[0] for image in images}
    return {sha: Scorer({}).sketch(pixels) for sha, pixels in found.items() if pixels is not None}


def nearest(*images: Image, **settings: Any) -> list[float | None]:
    shown = Document("d", "", "", "", "", "", "", "", "en", tuple(Part("image", image=i.sha256) for i in images))
    return [row["nearest"] for row in Scorer(settings).score(shown, sketches(*images))[1:]]


def screen(button: str = "", box: tuple[int, int, int, int] = (300, 250, 380, 280)) -> PIL.Image.Image:
    """A screenshot: windows, rows of text; with a color, a highlighted button."""
    pixels = PIL.Image.new("RGB", (400, 300), "#eeeeee")
    pen = PIL.ImageDraw.Draw(pixels)
    pen.rectangle((0, 0, 400, 24), fill="#335577")
    pen.rectangle((10, 40, 120, 290), fill="white", outline="black")
    for row in range(50, 280, 20):
        pen.text((16, row), f"entry {row * 37 % 101}", fill="black")
        pen.text((140, row), f"some words of line {row * 53 % 97} here", fill="black")
    if button:
        pen.rectangle(box, fill=button, outline="black")
    return pixels


def test_each_showing_is_counted_in_order() -> None:
    shown = [made.image("a"), made.text("x"), made.image("b"), made.image("a"), made.image("a")]
    assert Scorer({}).score(made.document("d", shown), {}) == [
        {"document": "d", "distinct_share": 0.5},
        {"document": "d", "part": 0, "occurrence": 1, "times": 3, "nearest": None},
        {"document": "d", "part": 2, "occurrence": 1, "times": 1, "nearest": None},
        {"document": "d", "part": 3, "occurrence": 2, "times": 3, "nearest": 0.0},
        {"document": "d", "part": 4, "occurrence": 3, "times": 3, "nearest": 0.0},
    ]


def test_without_images_there_is_no_share() -> None:
    assert Scorer({}).score(made.document("d", [made.text("x")]), {}) == [{"document": "d", "distinct_share": None}]


@pytest.mark.parametrize("drawn", [made.scene(1), made.scene(7), screen()], ids=["scene", "other scene", "screen"])
def test_the_same_picture_in_another_file_is_near(drawn: PIL.Image.Image) -> None:
    copies = [
        made.picture(drawn),
        made.picture(drawn, "JPEG", quality=85),
        made.picture(drawn, "WEBP", quality=60),
        made.picture(drawn.quantize(64)),
        made.picture(drawn.convert("RGBA")),
    ]
    found = nearest(*copies)
    assert found[0] is None
    assert all(value is not None and value < SAME for value in found[1:]), found


def test_a_resized_photograph_is_near() -> None:
    drawn = made.scene(4)
    sizes = [(200, 150), (280, 210), (600, 450)]
    found = nearest(made.picture(drawn), *(made.picture(drawn.resize(s, PIL.Image.Resampling.LANCZOS)) for s in sizes))
    assert all(value is not None and value < SAME for value in found[1:]), found


@pytest.mark.parametrize(
    "step",
    [screen("#d04040"), screen("#cccccc"), screen("#ffffff", (130, 48, 330, 64)), screen().convert("L")],
    ids=["red button", "gray button", "line of text gone", "without color"],
)
def test_neighboring_steps_differ(step: PIL.Image.Image) -> None:
    value = nearest(made.picture(screen()), made.picture(step))[1]
    assert value is None or value > SAME


def test_the_hash_chooses_what_is_compared() -> None:
    pair = made.picture(made.scene(1)), made.picture(made.scene(2))
    assert nearest(*pair) == [None, None]
    assert (nearest(*pair, hash_bits=64)[1] or 0) > 50


def test_what_cannot_be_decoded_is_skipped() -> None:
    broken = made.image_of(b"no image")
    assert nearest(made.picture(made.scene(1)), broken, made.picture(made.scene(1), "GIF"))[1] is None
    assert nearest(broken, broken) == [None, 0.0]
