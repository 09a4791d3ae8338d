from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leafinstruct.text.sentences import ends_sentence, sentence_spans, sentences, whole_sentences


@pytest.mark.parametrize(
    "split",
    [
        ["Fold it.", "Turn it over!", "Ready?"],
        ["He said “Go.”", "Then left."],
        ["She asked (why?)", "Nobody knew."],
        ["「行く。」", "と言った。", "「はい！」", "と。"],
        ["Add 3.5 ml to image.png.", "Stir."],
        ["See fig. 3, e.g. the left one.", "Or No. 5."],
        ["Nimm z. B. den Bogen.", "Falte ihn."],
        ["The answer is no.", "Go on."],
        ["Follow plan B.", "Go on."],
        ["Sort from a to z.", "Go on."],
        ["Wait…", "Now turn it."],
        ["क्या यह ठीक है।", "हाँ।"],
        ["هل هذا صحيح؟", "نعم."],
        ["...and wait.", "Go."],
        ["!! Click here.", "Go."],
        ["...", "Go."],
    ],
)
def test_sentences_of_texts(split: list[str]) -> None:
    apart = "" if split[0].startswith("「") else " "
    assert sentences(apart.join(split)) == split or sentences("\n".join(split)) == split
    assert [found for line in split for found in sentences(line)] == split


@given(st.text(alphabet="aB3 .!?…。”)]\n।", max_size=60))
def test_no_character_is_lost(text: str) -> None:
    covered = "".join(text[start:end] for start, end in sentence_spans(text))
    assert "".join(covered.split()) == "".join(text.split())


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("The answer: “Who are you?” Please write a guide that tells", "The answer: “Who are you?”"),
        ("Explain whether it is yes or no. Then continue with the", "Explain whether it is yes or no."),
        ("A text without an end", ""),
        ("All of it. Is whole.", "All of it. Is whole."),
    ],
)
def test_a_text_up_to_its_last_whole_sentence(text: str, whole: str) -> None:
    assert whole_sentences(text) == whole


def test_closing_marks_may_follow_an_end() -> None:
    assert all(ends_sentence(line) for line in ("Go.", "「行く。」", "(Go!)", "“Go?”  ", "Go…"))
    assert not any(ends_sentence(line) for line in ("Go", "Go:", "3.5"))
