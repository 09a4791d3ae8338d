from __future__ import annotations

from collections.abc import Callable
from typing import Any

import core_made as made
import PIL.Image
import pytest

from leafinstruct.document import Image
from leafinstruct.score import stage
from leafinstruct.score.decode import decode
from leafinstruct.score.image import Scorer


def measure(image: Image, limit: int = 10**6) -> dict[str, Any]:
    return Scorer({}).measure(image, *decode(image, limit))


def test_facts_of_a_good_image() -> None:
    image = made.picture()
    assert measure(image) == {
        "sha256": image.sha256, "bytes": len(image.bytes), "width": 40, "height": 20, "short_side": 20, "long_side": 40,
        "aspect": 2.0, "readable": True, "decode_error": "", "frames": 1, "animated": False,
        "contrast": pytest.approx(74, abs=2),
    }  # fmt: skip


def test_size_is_as_displayed_not_as_decoded() -> None:
    image = made.picture(PIL.Image.effect_noise((1200, 600), 40).convert("RGB"), "JPEG")
    row = measure(image)
    assert (row["width"], row["long_side"], row["readable"]) == (1200, 1200, True)
    turned = made.image_of(image.bytes, "jpeg", 600, 1200)
    assert (measure(turned)["width"], measure(turned)["aspect"]) == (600, 2.0)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP"])
def test_a_file_that_was_cut_is_unreadable(kind: str) -> None:
    noise = PIL.Image.effect_noise((200, 100), 90)
    whole = made.picture(noise, kind)
    assert measure(whole)["readable"]
    cut = made.image_of(whole.bytes[: len(whole.bytes) // 2], kind.lower(), 200, 100)
    row = measure(cut)
    assert not row["readable"]
    assert row["decode_error"] in ("truncated", "undecodable")
    assert "contrast" not in row and "frames" not in row


@pytest.mark.parametrize(
    ("image", "error"),
    [
        (made.image_of(b"", width=None, height=None), "undecodable"),
        (made.image_of(b"<html>not found</html>"), "undecodable"),
        (made.image_of(b"\x89PNG\r\n\x1a\n" + b"\0" * 40), "undecodable"),
    ],
)
def test_what_is_no_image_is_unreadable(image: Image, error: str) -> None:
    row = measure(image)
    assert (row["readable"], row["decode_error"]) == (False, error)


def test_too_many_pixels_are_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*arguments: object, **more: object) -> None:
        raise AssertionError("opened")

    image = made.picture()
    assert measure(image, 800)["readable"]
    monkeypatch.setattr(PIL.Image, "open", never)
    row = measure(image, 799)
    assert (row["readable"], row["decode_error"], row["long_side"]) == (False, "too_many_pixels", 40)


def test_animation_is_counted() -> None:
    frames = [PIL.Image.new("L", (8, 8), shade) for shade in (0, 100, 200)]
    moving = made.picture(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert (measure(moving)["frames"], measure(moving)["animated"]) == (3, True)


def grey(mode: str, value: Any) -> PIL.Image.Image:
    return PIL.Image.new(mode, (16, 16), value)


def half(mode: str, low: Any, high: Any) -> PIL.Image.Image:
    whole = grey(mode, low)
    whole.paste(grey(mode, high).crop((0, 0, 8, 16)), (0, 0))
    return whole


@pytest.mark.parametrize(
    ("pixels", "contrast"),
    [
        (grey("L", 9), 0.0),
        (grey("RGB", (200, 10, 10)), 0.0),
        (half("L", 0, 255), 127.5),
        (half("1", 0, 1), 127.5),
        (half("RGB", (0, 0, 0), (255, 255, 255)), 127.5),
        (half("I;16", 1000, 60000), 127.5),
        (grey("I;16", 1000), 0.0),
        (half("RGBA", (0, 0, 0, 0), (0, 0, 0, 255)), 127.5),
        (half("RGBA", (0, 0, 0, 0), (255, 255, 255, 255)), 0.0),
        (half("LA", (0, 0), (0, 255)), 127.5),
    ],
)
def test_contrast_is_that_of_what_a_reader_sees(pixels: PIL.Image.Image, contrast: float) -> None:
    assert measure(made.picture(pixels))["contrast"] == pytest.approx(contrast, abs=0.01)


def test_all_image_scorers_share_one_decode(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    filters = {"one": {"scorer": "image"}, "two": {"scorer": "image"}}
    built = made.pipeline(tmp_path, filters)
    opened: list[int] = []
    real: Callable[..., PIL.Image.Image] = PIL.Image.open
    monkeypatch.setattr(PIL.Image, "open", lambda *a, **k: (opened.append(1), real(*a, **k))[1])
    images = [made.picture(grey("L", shade)) for shade in (1, 2, 3)]
    tables = stage._measure_images(built.filters, images)
    assert len(opened) == 3
    assert tables["one"].num_rows == tables["two"].num_rows == 3
