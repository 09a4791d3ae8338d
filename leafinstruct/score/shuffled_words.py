"""Evidence that the words or characters of a text are not in the order they were written in, without a model.

In writing with capitals a sentence ends before a capital letter; in shuffled words it seldom does. In writing without
spaces the same characters are adjacent again and again, because they make up words.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

END = re.compile(r"(?<=[^\W\d_]{4})[.!?][\"'”’)]* +[\"'“‘(]*([^\W\d_])")
"""The end of a sentence, not of an abbreviation of up to three letters, and the first letter of the next one."""
FIRST_LETTER = re.compile(r"(?<!\w)[^\W\d_]")
FEWEST_ENDS = 5
FEWEST_CAPITALS = 0.03
"""Share of words; a text with fewer capitals does not begin its sentences with them. In prose it is one in ten."""
DENSE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
"""Chinese, Japanese and Korean characters without anything between them."""


def lowercase_sentence_starts(text: str) -> float | None:
    """Share of the sentence ends inside a line that a lowercase letter follows; None with fewer than five of them or
    with hardly any capitals in the text."""
    small = [letter.islower() for letter in END.findall(text) if letter.islower() or letter.isupper()]
    if len(small) < FEWEST_ENDS:
        return None
    first: Sequence[str] = FIRST_LETTER.findall(text)
    if sum(letter.isupper() for letter in first) < FEWEST_CAPITALS * len(first):
        return None
    return sum(small) / len(small)


def char_bigram_repetition(text: str) -> float | None:
    """How much more often pairs of adjacent dense characters recur than if all characters were shuffled.

    Repetitions of pairs over those expected from the frequencies of characters: 1 for shuffled characters, above 8 for
    texts. None if chance alone gives fewer than one repetition: the text is too short.
    """
    runs = DENSE.findall(text)
    pairs = Counter(one + other for run in runs for one, other in zip(run, run[1:], strict=False))
    characters = Counter(character for run in runs for character in run)
    total, size = pairs.total(), characters.total()
    again = sum(count * (count - 1) for count in pairs.values()) / 2
    alike = sum((count / size) ** 2 for count in characters.values())
    expected = total * (total - 1) / 2 * alike**2
    return again / expected if expected >= 1 else None
