from __future__ import annotations

import random

import pytest
from made import core as made

from leafinstruct.document import Document
from leafinstruct.errors import LeafError
from leafinstruct.score.duplicates import Scorer


def words(seed: int, count: int = 200) -> list[str]:
    draw = random.Random(seed)
    return [f"w{draw.randrange(5000)}" for _ in range(count)]


def page(name: str, *seeds: int, changed: int = 0) -> Document:
    text = [w for seed in seeds for w in words(seed)]
    for position in random.Random(name).sample(range(len(text)), changed):
        text[position] = "other"
    return made.document(name, [made.text(" ".join(text))])


def clusters(documents: list[Document], size: int = 100, **settings: float) -> dict[str, tuple[str | None, int]]:
    scorer = Scorer(settings)
    maps = [scorer.map(documents[i : i + size]) for i in range(0, len(documents), size)]
    return {r["document"]: (r["cluster"], r["cluster_size"]) for r in scorer.table(scorer.reduce(maps)).to_pylist()}


DOCUMENTS = [page("c", 1), page("a", 1), page("b", 1, changed=3), page("d", 2), page("e", 3), page("f", 3, changed=120)]


@pytest.mark.parametrize("size", [1, 2, 100])
def test_near_duplicates_share_a_cluster_whatever_the_partitions(size: int) -> None:
    alone = (None, 1)
    expected = {"a": ("a", 3), "b": ("a", 3), "c": ("a", 3), "d": alone, "e": alone, "f": alone}
    assert clusters(DOCUMENTS, size) == expected
    assert clusters(DOCUMENTS[::-1], size) == expected


def test_similarity_is_a_setting() -> None:
    pair = [page("a", 1), page("b", 1, changed=12)]  # about 0.7 of their 3-grams are shared
    assert clusters(pair, similarity=0.5)["b"] == ("a", 2)
    assert clusters(pair, similarity=0.95)["b"] == (None, 1)


def test_case_and_marks_do_not_matter_and_order_does() -> None:
    plain = " ".join(words(1))
    loud = made.document("b", [made.text(plain.upper().replace(" ", ", ") + "!")])
    turned = made.document("c", [made.text(" ".join(plain.split()[::-1]))])
    found = clusters([made.document("a", [made.text(plain)]), loud, turned])
    assert found["b"] == ("a", 2)
    assert found["c"] == (None, 1)


def test_texts_too_short_for_one_ngram_have_no_row() -> None:
    assert clusters([made.document("a", [made.text("fold it")]), made.document("b")]) == {}


def test_japanese_texts_are_compared_by_characters() -> None:
    text = "紙を半分に折ってから角を中央に合わせてください。次に裏返します。"
    found = clusters([made.document(n, [made.text(text)]) for n in "ab"])
    assert found["b"] == ("a", 2)


def test_bands_that_leave_a_rest_are_refused() -> None:
    with pytest.raises(LeafError, match="must divide 'permutations'"):
        Scorer({"bands": 30})
