from __future__ import annotations

import random

import pytest

from leafinstruct.score.shuffled_words import char_bigram_repetition, lowercase_sentence_starts

PROSE = (
    "Anna opens the window before she paints. The wall dries faster when the air moves. Her brother mixes the colour. "
    "They start in the corner near the door. Nobody may lean against the frame. In Bremen they would wait longer. "
    "Then both of them clean their brushes. The water turns blue at once."
)
DENSE = (
    "把面粉放进碗里，加水搅拌面粉。把面团放在碗里盖好，面团发好后把面团切开。碗里再加水，搅拌均匀，面粉和水成面团。" * 2
)


def shuffled(items: list[str], joint: str) -> str:
    random.Random(3).shuffle(items)
    return joint.join(items)


def test_sentences_begin_with_capitals_until_words_are_shuffled() -> None:
    assert lowercase_sentence_starts(PROSE) == 0
    found = lowercase_sentence_starts(shuffled(PROSE.split(), " "))
    assert found is not None and found > 0.45


@pytest.mark.parametrize(
    "text",
    [
        "One. Two.",
        PROSE.lower(),
        "The museum keeps them (inv. no. 21, inv. no. 22, exh. cat. 3, inv. no. 23, inv. no. 24, inv. no. 25).",
    ],
)
def test_few_ends_no_capitals_and_abbreviations_say_nothing(text: str) -> None:
    assert lowercase_sentence_starts(text) is None


def test_characters_of_words_stand_side_by_side_again_until_they_are_shuffled() -> None:
    whole, broken = char_bigram_repetition(DENSE), char_bigram_repetition(shuffled(list(DENSE), ""))
    assert whole is not None and broken is not None
    assert whole > 3 > broken


def test_pairs_say_nothing_of_short_or_spaced_writing() -> None:
    assert char_bigram_repetition("把面粉放进碗里") is None
    assert char_bigram_repetition(PROSE) is None
