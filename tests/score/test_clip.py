"""The clip scorer over a made encoder: what is compared with what, each image and text embedded once, errors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import PIL.Image
import pytest
from made.core import document, image, text

from leafinstruct.document import Document
from leafinstruct.score.background_texts import TEXTS
from leafinstruct.score.base import Item
from leafinstruct.score.clip import Scorer, assign

WORDS = ("cat", "dog", "tea", "car")
PICTURES = {image(word).image: word for word in WORDS}


def vector(words: str) -> np.ndarray:
    """One direction for each word, and one for everything else."""
    found = np.array([words.lower().split().count(word) for word in WORDS] + [0.1], dtype=np.float32)
    return found / np.linalg.norm(found)


class Encoder:
    """Reads four words at once; counts what it is given."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.images = 0

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        self.texts += texts
        return np.stack([vector(t) for t in texts])

    def embed_images(self, images: Iterable[PIL.Image.Image]) -> np.ndarray:
        found = [vector(pixels.info["shows"]) for pixels in images]
        self.images += len(found)
        return np.stack(found) if found else np.zeros((0, 5), np.float32)

    def text_windows(self, words: str) -> list[str]:
        listed = words.split()
        return [" ".join(listed[i : i + 4]) for i in range(0, len(listed), 4)]


class Pool:
    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder

    def clip(self, settings: Any) -> Encoder:
        return self.encoder


def opened(sha: str) -> PIL.Image.Image:
    if sha not in PICTURES:
        raise OSError("truncated")
    pixels = PIL.Image.new("RGB", (2, 2))
    pixels.info["shows"] = PICTURES[sha]
    return pixels


def scored(*documents: Document, parts: Iterable[int] = (), **settings: Any) -> tuple[list[dict[str, Any]], Encoder]:
    encoder, scorer = Encoder(), Scorer(settings)
    scorer.load(Pool(encoder))  # type: ignore[arg-type]
    encoder.texts.clear()
    every = [frozenset(parts) or frozenset(i for i, p in enumerate(d.parts) if p.type == "image") for d in documents]
    rows = list(scorer.score([Item(d, p) for d, p in zip(documents, every, strict=True)], opened))
    return rows, encoder


TUTORIAL = document("d", [text("a cat"), image("cat"), text("a dog"), image("dog"), text("some tea"), image("tea")])


def test_an_image_is_compared_with_what_stands_beside_it_and_with_the_page() -> None:
    made = document("d", [text("a cat"), image("dog", alt="my dog"), text("then more of it and a dog")])
    (row,), _ = scored(made)
    assert row["context_similarity"] == row["caption"] > 0.9  # the alt text
    assert row["page_similarity"] > 0.6
    bare = document("d", [text("a cat"), image("dog"), text("then more of it and a dog")])
    (row,), _ = scored(bare, near_windows=1)
    assert row["context_similarity"] < 0.3 and row["caption"] is None  # the dog stands in the second window
    (row,), _ = scored(bare, near_windows=2)
    assert row["context_similarity"] > 0.6


def test_what_an_image_has_in_common_with_any_text_is_taken_off() -> None:
    (row,), _ = scored(document("d", [text("a cat"), image("cat")]))
    strange = float(vector("cat") @ np.mean([vector(t) for t in TEXTS], axis=0))
    assert row["context_contrast"] == pytest.approx(row["context_similarity"] - strange) and 0 < strange < 0.3


def test_images_in_their_places_stand_out_from_shuffled_ones() -> None:
    shuffled = document("s", [text("a cat"), image("tea"), text("a dog"), image("cat"), text("some tea"), image("dog")])
    rows, _ = scored(TUTORIAL, shuffled)
    right = [row["position_contrast"] for row in rows if row["document"] == "d"]
    wrong = [row["position_contrast"] for row in rows if row["document"] == "s"]
    assert len(right) == len(wrong) == 3 and np.mean(right) > 0.2 > 0 > np.mean(wrong)


def test_similarity_within_a_document_is_of_neighbors_less_all_others() -> None:
    made = document("d", [text("x"), image("cat"), image("cat"), image("dog")])
    first, second, third = scored(made)[0]
    assert first["siblings"] == pytest.approx((1 + third["siblings"]) / 2, abs=1e-5)
    assert first["neighbors"] > 0.4 and second["neighbors"] == pytest.approx(0, abs=1e-6)


def test_each_image_and_text_is_embedded_once() -> None:
    again = document("e", [*TUTORIAL.parts, image("cat")])
    rows, encoder = scored(TUTORIAL, again)
    assert len(rows) == 7 and encoder.images == 3
    assert len(encoder.texts) == len(set(encoder.texts))


def test_without_order_only_what_is_asked_for_is_embedded() -> None:
    rows, encoder = scored(TUTORIAL, parts=[1], order=False)
    assert (
        encoder.images == len(rows) == 1
        and rows[0].get("position_contrast") is None
        and rows[0]["context_similarity"] > 0.9
    )
    # With it a number does not depend on what else is asked for.
    whole, alone = scored(TUTORIAL)[0], scored(TUTORIAL, parts=[1])[0]
    assert whole[0] == alone[0] and alone[0]["position_contrast"] is not None


def test_a_broken_image_is_an_error_and_an_image_without_text_is_null() -> None:
    rows, _ = scored(document("d", [image("broken"), image("cat")]))
    assert rows[0]["error"] == "truncated" and "context_similarity" not in rows[0]
    assert (
        rows[1]["error"] is None
        and rows[1]["context_similarity"] is rows[1]["page_similarity"] is rows[1].get("position_contrast") is None
    )


def test_images_without_order_are_assigned_to_texts() -> None:
    pytest.importorskip("scipy")
    similarity = np.array([[0.9, 0.8, 0.1], [0.8, 0.1, 0.0]])
    assert assign(similarity) == [1, 0]  # together better than each for itself
    assert assign(np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3]])) == [0, 0, 1]  # one too many goes where it fits best
    assert assign(np.zeros((2, 0))) == []
