from __future__ import annotations

import pytest
from made import core as made
from made.pointer_labels import HELD, LAST, LATER, SENTENCES
from made.pointer_sentences import MEASURED, NOT_POINTING, POINTING

from leafinstruct.document import LostImage
from leafinstruct.score.pointers import Scorer
from leafinstruct.text.image_references import Pointer, find_pointers, image_positions, target
from leafinstruct.text.sentences import sentence_spans


def points(sentence: str) -> bool:
    return bool(find_pointers(made.document("d", [made.text(sentence), made.image("a")])))


def test_recall_and_precision_on_sentences_the_patterns_were_not_made_from() -> None:
    right = [s for kind in POINTING.values() for s in kind[MEASURED:]]
    wrong = [s for kind in NOT_POINTING.values() for s in kind[MEASURED:]]
    hits, false = [s for s in right if points(s)], [s for s in wrong if points(s)]
    assert len(right) == len(wrong) == 54
    assert len(hits) / len(right) >= 0.9, [s for s in right if s not in hits]
    assert len(hits) / (len(hits) + len(false)) >= 0.95, false


def test_recall_and_precision_on_two_hundred_labeled_sentences() -> None:
    for rows, recall in ((SENTENCES, 0.9), (HELD, 0.85), (LATER, 0.95), (LAST, 0.9)):
        right = [s for _, is_pointer, s in rows if is_pointer]
        hits = [s for s in right if points(s)]
        false = [s for _, is_pointer, s in rows if not is_pointer and points(s)]
        assert len(right) >= len(rows) / 2
        assert len(hits) / len(right) >= recall, [s for s in right if s not in hits]
        assert len(hits) / (len(hits) + len(false)) >= 0.95, false


@pytest.mark.parametrize("language", sorted(POINTING))
def test_no_language_is_left_behind(language: str) -> None:
    assert sum(map(points, POINTING[language])) >= 25
    assert sum(map(points, NOT_POINTING[language])) <= 1


@pytest.mark.parametrize(
    "text",
    [
        "See image3.png in the archive.",
        "Tie a figure 8 knot.",
        "The command is shown below:",
        "Open it in the image editor.",
        "Describe what the image shows.",
        "Wie viele Punkte sind auf der nächsten Karte?",
    ],
)
def test_what_looks_like_a_pointer_and_is_none(text: str) -> None:
    assert not points(text)


@pytest.mark.parametrize("text", ["It should look like this:", "So sollte es aussehen:", "Vous devriez obtenir ceci :"])
def test_a_colon_points_only_at_an_image_that_follows(text: str) -> None:
    shown = made.image("a")
    assert find_pointers(made.document("d", [made.text(text), shown]))
    assert find_pointers(made.document("d", [made.text(text)], [LostImage(1, "r", "missing")]))
    assert not find_pointers(made.document("d", [made.text(text)]))
    assert not find_pointers(made.document("d", [made.text(text + "\nx = 1"), shown]))


def test_headings_do_not_point() -> None:
    assert not find_pointers(made.document("d", [made.text("The picture below", heading=2)]))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Fold it. Turn it!", ["Fold it.", " Turn it!"]),
        ("It costs 3.5 g. Good.", ["It costs 3.5 g.", " Good."]),
        ("Use tools, e.g. a knife. Cut.", ["Use tools, e.g. a knife.", " Cut."]),
        ("Siehe Abb. 3. Dann weiter.", ["Siehe Abb. 3.", " Dann weiter."]),
        ("折る。次に切る。", ["折る。", "次に切る。"]),
        ("one\ntwo.", ["one", "two."]),
        ('He said "go." Then', ['He said "go."', " Then"]),
        ("See image.png below", ["See image.png below"]),
        ("", []),
    ],
)
def test_sentences_of_a_text(text: str, expected: list[str]) -> None:
    assert [text[a:b] for a, b in sentence_spans(text)] == expected


@pytest.mark.parametrize(
    ("sentence", "direction", "number", "only"),
    [
        ("See the picture below.", "after", None, True),
        ("See the picture above.", "before", None, True),
        ("Die obige Abbildung zeigt es.", "before", None, True),
        ("L'image ci-dessus le montre.", "before", None, True),
        ("The next photo shows the lid.", "after", None, True),
        ("See Figure 12.", "after", 12, True),
        ("Figure 3.2 shows the lid.", "after", None, True),
        ("As Figure 2 shows, the valve is open only while the float stands low.", "after", 2, False),
    ],
)
def test_where_and_how_a_sentence_points(sentence: str, direction: str, number: int | None, only: bool) -> None:
    (found,) = find_pointers(made.document("d", [made.text(sentence)]))
    assert (found.direction, found.number, found.only) == (direction, number, only)
    assert sentence[found.start : found.end] == sentence


def test_a_pointer_means_the_nearest_image_in_its_direction_or_the_other() -> None:
    parts = [made.image("a"), made.text("x"), made.text("y"), made.image("b"), made.image("c")]
    places = image_positions(made.document("d", parts))

    def means(part: int, direction: str, number: int | None = None) -> tuple[bool, int | None]:
        return target(Pointer(part, 0, 1, direction, number, True), places)  # type: ignore[arg-type]

    assert means(1, "after") == means(2, "after") == (True, 3)
    assert means(1, "before") == means(2, "before") == (True, 0)
    assert [means(1, "after", n) for n in (1, 2, 3, 4)] == [(True, 0), (True, 3), (True, 4), (False, None)]
    assert target(Pointer(0, 0, 1, "before", None, True), [(1, 1)]) == (True, 1)
    assert target(Pointer(0, 0, 1, "before", 1, True), []) == (False, None)


def test_lost_images_have_their_place() -> None:
    parts = [made.text("x"), made.image("a"), made.text("y")]
    whole = made.document("d", parts, [LostImage(1, "r", "missing"), LostImage(3, "r", "missing")])
    assert image_positions(whole) == [(1, None), (1, 1), (3, None)]


def test_rows_count_who_points_at_each_image_and_who_needs_it() -> None:
    needs = "The valve in the picture below is open only while the float stands lower than the rim."
    parts = [made.text(f"See the picture below. {needs}"), made.image("a"), made.image("b"), made.text(needs)]
    rows = Scorer({}).score(made.document("d", parts, [LostImage(4, "r", "missing")]))
    assert rows == [
        {"document": "d", "pointers": 3, "dangling_references": 1},
        {"document": "d", "part": 1, "references": 2, "essential_references": 1},
        {"document": "d", "part": 2, "references": 0, "essential_references": 0},
    ]
