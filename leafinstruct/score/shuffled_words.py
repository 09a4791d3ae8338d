"""Evidence that the words or characters of a text do not stand in the order they were written in: no model is asked.

In writing with capitals a sentence ends before a capital letter; where words were shuffled it seldom does. In writing
without spaces the same characters stand side by side again and again, because they make up words.
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
"""Of words: who writes hardly any capitals does not begin sentences with them. In prose one word in ten has one."""
DENSE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
"""Chinese, Japanese and Korean characters without anything between them."""


def lowercase_sentence_starts(text: str) -> float | None:
    """Share of the sentence ends inside a line behind which a small letter stands; None with fewer than five of them
    or with hardly any capitals in the text."""
    small = [letter.islower() for letter in END.findall(text) if letter.islower() or letter.isupper()]
    if len(small) < FEWEST_ENDS:
        return None
    first: Sequence[str] = FIRST_LETTER.findall(text)
    if sum(letter.isupper() for letter in first) < FEWEST_CAPITALS * len(first):
        return None
    return sum(small) / len(small)


def char_bigram_repetition(text: str) -> float | None:
    """How much more often two dense characters stand side by side again than if all of them were shuffled.

    Repetitions of a pair over those expected from how frequent its characters are: 1 for shuffled characters, above 8
    for texts. None where by chance fewer than one repetition is to be expected: the text is too short to tell.
    """
    runs = DENSE.findall(text)
    pairs = Counter(one + other for run in runs for one, other in zip(run, run[1:], strict=False))
    characters = Counter(character for run in runs for character in run)
    total, size = pairs.total(), characters.total()
    again = sum(count * (count - 1) for count in pairs.values()) / 2
    alike = sum((count / size) ** 2 for count in characters.values())
    expected = total * (total - 1) / 2 * alike**2
    return again / expected if expected >= 1 else None
