from __future__ import annotations

from typing import Any

import pytest
from made import core as made

from leafinstruct.score.ratios import Scorer, char_repetition, word_repetition


def score(*texts: str, images: int = 0) -> dict[str, Any]:
    shown = [made.image(str(i)) for i in range(images)]
    (row,) = Scorer({}).score(made.document("d", [*map(made.text, texts), *shown]))
    return row


def test_character_runs_as_obelics_counts_them() -> None:
    assert char_repetition("abcdefghij") == 0.0
    assert char_repetition("short") == 0.0
    # 11 runs of ten a's are one kind that stands 11 times
    assert char_repetition("a" * 20) == 1.0
    # twice ten different letters: 11 runs of 10 kinds, of which one stands twice; the root of 10 allows 3 kinds
    assert char_repetition("abcdefghij" * 2) == pytest.approx(2 / 11)


def test_word_runs_count_all_their_showings() -> None:
    assert word_repetition(list("abcdef")) == 0.0
    assert word_repetition(list("abcdeabcde")) == pytest.approx(2 / 6)
    assert word_repetition([]) == 0.0


def test_characters() -> None:
    row = score("ab 12!?")
    assert row["special_character_ratio"] == pytest.approx(5 / 7)
    assert row["digit_ratio"] == pytest.approx(2 / 6)
    assert score("ABc")["uppercase_ratio"] == pytest.approx(2 / 3)
    assert score("123")["uppercase_ratio"] is None


def test_tokens_and_words() -> None:
    row = score("Don't stop, (now)! 42")
    assert row["punctuation_ratio"] == pytest.approx(4 / 8)  # Don't stop , ( now ) ! 42
    assert row["mean_word_length"] == 4  # Don't, stop, now: OBELICS takes digits off as marks
    assert row["alpha_word_ratio"] == pytest.approx(3 / 4)


def test_lines_and_paragraphs() -> None:
    row = score("- one\n- two\n1. three\nand so on...", "same", "same")
    assert row["bullet_line_ratio"] == pytest.approx(3 / 6)
    assert row["ellipsis_line_ratio"] == pytest.approx(1 / 6)
    assert row["duplicate_paragraph_ratio"] == pytest.approx(1 / 3)


def test_words_for_each_image() -> None:
    assert score("one two three four", images=2)["words_per_image"] == 2
    assert score("one")["words_per_image"] is None


def test_without_text_there_are_numbers_or_nulls() -> None:
    row = score(images=1)
    assert {k for k, v in row.items() if v is None} == {"mean_word_length", "alpha_word_ratio", "uppercase_ratio"}
    assert row["words_per_image"] == 0 and row["punctuation_ratio"] == row["bullet_line_ratio"] == 0.0
