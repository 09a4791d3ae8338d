from __future__ import annotations

from collections import Counter

import pytest
from made import core as made

from leafinstruct.score.text import Scorer
from leafinstruct.text.truncation import has_open_row, is_truncated
from leafinstruct.text.words import WORD

STORY = "Mix the ingredients in a bowl. Knead the dough and leave it for an hour; the ingredients rise. "


def cut(text: str, language: str = "en", more: str = STORY) -> bool:
    return is_truncated(text, language, Counter(WORD.findall((more + text).lower())))


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Now add the", "en"),
        ("Now add the ingred", "en"),
        ("Now add some salt t", "en"),
        ("Add salt (as much as you like", "en"),
        ("Download it from [the page", "en"),
        ("- salt\n- pepper and", "en"),
        ("Jetzt kommt das Salz mit dem", "de"),
        ("Ajoutez le sel et", "fr"),
    ],
)
def test_what_no_text_ends_with(text: str, language: str) -> None:
    assert cut(text, language)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Now add the salt.", "en"),
        ("Now add the salt", "en"),
        ("Press Ctrl and C", "en"),
        ("Turn the oven on", "en"),
        ("1) Fold it\n2) Turn it", "en"),
        ("| flour | water |\n| 200 g | 1 l |", "en"),
        ("Das „Kennfeld“ ist hier zu sehen.", "de"),
        ("Schalte das Licht an", "de"),
        ("The", "en"),
        ("let count = 0", "en"),
        ("", "en"),
    ],
)
def test_how_texts_do_end(text: str, language: str) -> None:
    assert not cut(text, language)


def test_an_open_row_of_a_table() -> None:
    assert has_open_row("| flour | water |\n| 200 g | 1") and has_open_row("  | a | b\n")
    assert not has_open_row("| flour | water |\n| 200 g | 1 l |") and not has_open_row("a | b")


def test_a_word_is_cut_only_if_it_stands_nowhere_else_and_a_longer_one_does() -> None:
    assert not cut("Now add the ingred", more="")
    assert not cut("Now add the ingred", more=STORY + "An ingred is short for one. ")


def test_documents_are_scored_by_their_parts() -> None:
    parts = [made.text("Now add the"), made.image("a"), made.text("Stir it well."), made.text("On the", heading=2)]
    (row,) = Scorer({}).score(made.document("d", parts))
    assert (row["truncated_parts"], row["ends_truncated"]) == (0.5, False)
    (row,) = Scorer({}).score(made.document("d", [made.text(STORY), made.text("Now add the"), made.image("a")]))
    assert (row["truncated_parts"], row["ends_truncated"]) == (0.5, True)
    (row,) = Scorer({}).score(made.document("d", [made.image("a")]))
    assert (row["truncated_parts"], row["ends_truncated"]) == (None, False)


def test_captions_are_no_open_ends() -> None:
    long = "Fold the sheet in half from top to bottom and press the crease with"
    (row,) = Scorer({}).score(made.document("d", [made.text("Set a variable from a calculation"), made.text(long)]))
    assert row["unterminated_parts"] == 1.0
