from __future__ import annotations

from typing import Any

import pytest
from made import core as made

from leafinstruct.document import LostImage, Part
from leafinstruct.score.text import Scorer, repeated, sentence_length

ENGLISH = "Fold the sheet in half from top to bottom and press the crease with your thumb nail."
GERMAN = "Falte das Blatt von oben nach unten in der Mitte und drücke die Kante mit dem Daumen fest."


def score(*texts: str | Part, **more: Any) -> dict[str, Any]:
    parts = [made.text(t) if isinstance(t, str) else t for t in texts]
    (row,) = Scorer({}).score(made.document("d", parts, **more))
    return row


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Don't fold it.", 3),
        ("well-known 42 cm", 3),
        ("紙を折る", 4),
        ("fold 紙", 2),
        ("한국어 글자", 2),
        ("--- !", 0),
        ("a_b", 2),
    ],
)
def test_words(text: str, words: int) -> None:
    assert score(text)["words"] == words


def test_language_is_detected_or_else_the_declared_one() -> None:
    for text, language in [(ENGLISH, "en"), (GERMAN, "de")]:
        row = score(text, language="xx")
        assert row["language"] == language
        assert 0.5 < row["language_score"] <= 1
    assert (score("Zu kurz", language="de-AT")["language"], score("Zu kurz")["language_score"]) == ("de", None)


def test_repetition_counts_what_stood_before() -> None:
    assert repeated(["a", "b", "a", "a"]) == 0.5
    assert repeated([]) == 0.0
    assert score(ENGLISH)["duplicate_line_ratio"] == 0
    assert score(ENGLISH, ENGLISH, ENGLISH, GERMAN)["duplicate_line_ratio"] == 0.5
    assert score("}\n}\n}\nmore info\nmore info")["duplicate_line_ratio"] == 0, "short lines repeat in good texts"
    assert score(ENGLISH)["duplicate_5gram_ratio"] == 0
    assert score("buy now " * 30)["duplicate_5gram_ratio"] > 0.9


CODE = "```js\n" + "for (let i = 0; i < n; i++) { a[i] += 1; }\n" * 12 + "```"
TABLE = "| size | width |\n| --- | --- |\n" + "| 1 | 2 |\n" * 12


@pytest.mark.parametrize("apart", [CODE, TABLE.strip()])
def test_code_and_tables_are_no_prose(apart: str) -> None:
    bare, with_it = score(ENGLISH, ENGLISH[:-1]), score(f"{ENGLISH}\n\n{apart}", ENGLISH[:-1])
    about = {"words", "code_ratio", "table_ratio", "truncated_parts", "unterminated_parts"}
    assert {k: v for k, v in bare.items() if k not in about} == {k: v for k, v in with_it.items() if k not in about}
    assert with_it["words"] > bare["words"]
    shares = with_it["code_ratio"], with_it["table_ratio"]
    assert max(shares) > 0.3 and min(shares) == 0 == bare["code_ratio"] == bare["table_ratio"]


def test_a_text_that_ends_in_code_is_not_cut_off() -> None:
    assert score(f"{ENGLISH}\n\nNow run the following long command\n\n{CODE}")["unterminated_parts"] is None
    assert not score(f"{ENGLISH}\n\nNow run the following long command\n\n{CODE}")["ends_unterminated"]
    assert score(f"{ENGLISH}\n\nNow run the following long command")["ends_unterminated"]


def test_the_numbers_are_those_of_the_words_that_are_read() -> None:
    marked = "**Fold** the *sheet* in half from `top` to bottom and\\\npress the crease with your thumb nail."
    assert score(marked) == score(
        "Fold the sheet in half from top to bottom and\npress the crease with your thumb nail."
    )


def test_symbols_are_neither_letters_nor_punctuation() -> None:
    assert score("Fold it, (now); “so” – 折る。")["symbols"] == 0
    assert score("ab@#")["symbols"] == 0.5


def test_stop_words_are_those_of_the_detected_language() -> None:
    assert score(ENGLISH)["stopword_ratio"] == pytest.approx(8 / 17)  # the, in, from, to, and, the, with, your
    assert score(GERMAN)["stopword_ratio"] > 0.3
    assert score("Zu kurz", language="sv")["stopword_ratio"] is None
    assert score("home search menu cart login gallery offers", language="en")["stopword_ratio"] == 0.0


def test_boilerplate_is_counted_per_hundred_words() -> None:
    assert score("Fold the sheet in half. Turn it round.")["boilerplate_rate"] == 0.0
    assert score("Home | Log in | Privacy | Cookies | Newsletter")["boilerplate_rate"] == pytest.approx(4 / 6 * 100)


def test_sentence_length_is_the_median() -> None:
    assert sentence_length("One two. One two three four! One.") == 2.0
    assert sentence_length("一二三。四五") == 3.0
    assert sentence_length("") == 0.0


@pytest.mark.parametrize(
    ("texts", "share"),
    [
        ((ENGLISH,), 0.0),
        ((ENGLISH[:-8],), 1.0),
        ((ENGLISH, ENGLISH[:-8]), 0.5),
        (("Too short to say",), None),
        (("- fold the sheet in half from top",), None),
        ((made.text(ENGLISH[:-8], heading=2),), None),
        ((ENGLISH + "\n\nThe next step",), 0.0),
        ((ENGLISH[:-8] + "\n\nThe next step",), 1.0),
        ((ENGLISH[:-8] + ",",), 1.0),
        ((ENGLISH[:-8] + " ↩",), 0.0),
        ((ENGLISH + "\n\nPaper and cloth ask for another way to fold them",), 0.0),
        ((ENGLISH + "\n\nand then you turn all of it round and begin",), 1.0),
        (("total_of_sheets = count_sheets(in_this_stack, and_in_the_other)",), None),
        (("Pins of the board\nPIN 12 | Relay of the first pump",), None),
        (("You find all of it at https://example.org/folding/sheets",), None),
    ],
)
def test_open_ends_are_prose_that_stops_in_the_middle(texts: tuple[str | Part, ...], share: float | None) -> None:
    assert score(*texts)["unterminated_parts"] == share


def test_a_line_with_a_date_is_no_caption() -> None:
    assert score("2025-03-01 2025-01-02 Kim Lee, Automated Action GitHub")["unterminated_parts"] == 1
    assert score("Kim Lee at the Automated Action Hub")["unterminated_parts"] is None


def test_a_document_that_stops_in_the_middle_is_truncated() -> None:
    assert score(ENGLISH, ENGLISH[:-8])["ends_unterminated"] is True
    assert score(ENGLISH[:-8], ENGLISH)["ends_unterminated"] is False
    assert score(ENGLISH[:-8], made.image("a"))["ends_unterminated"] is True
    assert score(ENGLISH, "- fold the sheet in half now")["ends_unterminated"] is False


def test_images_are_counted() -> None:
    shown = made.image("a")
    row = score(shown, "x", shown, shown, lost=[LostImage(0, "r", "missing")])
    assert (row["images"], row["missing_images"], row["trailing_images"]) == (3, 1, 2)
    assert score(shown, "x")["trailing_images"] == 0


def test_a_document_without_text_has_numbers_too() -> None:
    row = score(made.image("a"))
    assert (row["words"], row["duplicate_5gram_ratio"], row["symbols"], row["unterminated_parts"]) == (
        0,
        0.0,
        0.0,
        None,
    )
