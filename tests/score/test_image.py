from __future__ import annotations

from collections.abc import Callable
from typing import Any

import PIL.Image
import PIL.ImageFilter
import pytest
from made import core as made

from leafinstruct.document import Image
from leafinstruct.filter import cpu_scores
from leafinstruct.images.decode import decode
from leafinstruct.score.image import Scorer


def measure(image: Image, limit: int = 10**6) -> dict[str, Any]:
    return Scorer({}).measure(image, *decode(image, limit))


def test_facts_of_a_good_image() -> None:
    image = made.picture()
    assert measure(image) == {
        "sha256": image.sha256, "bytes": len(image.bytes), "width": 40, "height": 20, "short_side": 20, "long_side": 40,
        "metadata_left": "",
        "aspect_ratio": 2.0, "readable": True, "decode_error": "", "frames": 1, "animated": False,
        "contrast": pytest.approx(74, abs=2), "uniform_area_ratio": pytest.approx(0.05),
        "sharpness": pytest.approx(0.778, abs=0.01),
        "colorfulness": 0.0, "hash": "8000000000000000",
    }  # fmt: skip


def test_size_is_as_displayed_not_as_decoded() -> None:
    image = made.picture(PIL.Image.effect_noise((1200, 600), 40).convert("RGB"), "JPEG")
    row = measure(image)
    assert (row["width"], row["long_side"], row["readable"]) == (1200, 1200, True)
    turned = made.image_of(image.bytes, "jpeg", 600, 1200)
    assert (measure(turned)["width"], measure(turned)["aspect_ratio"]) == (600, 2.0)


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


def gray(mode: str, value: Any) -> PIL.Image.Image:
    return PIL.Image.new(mode, (16, 16), value)


def half(mode: str, low: Any, high: Any) -> PIL.Image.Image:
    whole = gray(mode, low)
    whole.paste(gray(mode, high).crop((0, 0, 8, 16)), (0, 0))
    return whole


@pytest.mark.parametrize(
    ("pixels", "contrast"),
    [
        (gray("L", 9), 0.0),
        (gray("RGB", (200, 10, 10)), 0.0),
        (half("L", 0, 255), 127.5),
        (half("1", 0, 1), 127.5),
        (half("RGB", (0, 0, 0), (255, 255, 255)), 127.5),
        (half("I;16", 1000, 60000), 115.0),
        (gray("I;16", 1000), 0.0),
        (half("RGBA", (0, 0, 0, 0), (0, 0, 0, 255)), 127.5),
        (half("RGBA", (0, 0, 0, 0), (255, 255, 255, 255)), 0.0),
        (half("LA", (0, 0), (0, 255)), 127.5),
    ],
)
def test_contrast_is_that_of_what_a_reader_sees(pixels: PIL.Image.Image, contrast: float) -> None:
    assert measure(made.picture(pixels))["contrast"] == pytest.approx(contrast, abs=0.01)


def tones(hue: int, saturation: int) -> PIL.Image.Image:
    lightness = PIL.Image.linear_gradient("L")
    flat = [PIL.Image.new("L", lightness.size, value) for value in (hue, saturation)]
    return PIL.Image.merge("HSV", (*flat, lightness)).convert("RGB")


def test_gray_pictures_have_no_color_and_vivid_ones_more_than_pale_ones() -> None:
    gray_one, pale, vivid = (measure(made.picture(tones(20, s)))["colorfulness"] for s in (0, 60, 255))
    assert gray_one < 1 < pale < vivid
    flat = measure(made.picture(gray("RGB", (255, 0, 0))))["colorfulness"]
    assert flat == pytest.approx(0.3 * (255**2 + 127.5**2) ** 0.5)  # no spread; the formula's mean by hand


def test_a_blurred_picture_is_less_sharp() -> None:
    noise = PIL.Image.effect_noise((120, 90), 60)
    values = [measure(made.picture(noise.filter(PIL.ImageFilter.GaussianBlur(r))))["sharpness"] for r in (0, 1, 3)]
    assert values[0] > 3 * values[1] > 9 * values[2] > 0
    assert measure(made.picture(gray("L", 7)))["sharpness"] == 0.0
    assert measure(made.picture(gray("L", 7).crop((0, 0, 16, 2))))["sharpness"] is None


def test_flat_is_the_largest_share_of_like_tones() -> None:
    assert measure(made.picture(half("L", 0, 255)))["uniform_area_ratio"] == 0.5
    assert measure(made.picture(half("L", 100, 107)))["uniform_area_ratio"] == 1.0
    assert measure(made.picture(half("L", 100, 108)))["uniform_area_ratio"] == 0.5


def bits(one: Image, other: Image) -> int:
    return (int(measure(one)["hash"], 16) ^ int(measure(other)["hash"], 16)).bit_count()


def test_hashes_survive_encoding_size_and_orientation_and_tell_pictures_apart() -> None:
    drawn, foreign = made.scene(1), made.scene(2)
    turned = PIL.Image.Exif()
    turned[0x0112] = 6
    copies = [
        made.picture(drawn, "JPEG", quality=40),
        made.picture(drawn.resize((200, 150), PIL.Image.Resampling.LANCZOS), "WEBP"),
        made.picture(drawn.resize((900, 675))),
        made.picture(drawn.transpose(PIL.Image.Transpose.ROTATE_90), "JPEG", exif=turned.tobytes()),
    ]
    original = made.picture(drawn)
    assert all(bits(original, copy) <= 4 for copy in copies), [bits(original, copy) for copy in copies]
    assert bits(original, made.picture(foreign)) > 12


def test_broken_exif_data_hurts_nobody() -> None:
    row = measure(made.picture(made.scene(1), "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff"))
    assert row["readable"] and row["hash"]


def test_large_jpeg_data_is_decoded_small_but_read_to_its_end() -> None:
    whole = made.picture(made.scene(3).resize((1600, 1200)), "JPEG", quality=95)
    pixels, error = decode(whole, 10**7)
    assert pixels is not None and pixels.size == (400, 300) and error == ""
    cut = made.image_of(whole.bytes[:-2000], "jpeg", 1600, 1200)
    assert decode(cut, 10**7) == (None, "truncated")


def test_all_scorers_of_pixels_share_one_decode(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    filters = {"one": {"scorer": "image"}, "two": {"scorer": "image"}, "three": {"scorer": "repeats"}}
    built = made.pipeline(tmp_path, filters)
    opened: list[int] = []
    real: Callable[..., PIL.Image.Image] = PIL.Image.open
    monkeypatch.setattr(PIL.Image, "open", lambda *a, **k: (opened.append(1), real(*a, **k))[1])
    images = [made.picture(gray("L", shade)) for shade in (1, 2, 3)]
    sketches: dict[str, dict[str, Any]] = {"three": {}}
    names = ("one", "two", "three")
    rows = cpu_scores._measure_images(
        built.filters, images, sketches, {name: [] for name in names}, dict.fromkeys(names, 0.0)
    )
    assert len(opened) == 3
    assert len(rows["one"]) == len(rows["two"]) == len(sketches["three"]) == 3
