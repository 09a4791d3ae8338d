"""Words of a text as its readers count them, in any language; stems, content words and n-grams."""

from __future__ import annotations

import re

from leafinstruct.text.lexicon import FUNCTION_WORDS

UNSPACED = "\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9d\U00020000-\U0003134f"
"""Kana and Han, written without spaces between words. Korean has spaces."""
MARKS = (
    "\u0300-\u036f\u0483-\u0489\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0900-\u0963\u0966-\u0dff"
    "\u0e30-\u0e3a\u0e47-\u0e4e\u0eb0-\u0ebc\u0ec8-\u0ece\u102b-\u103e\u17b4-\u17d3\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff"
)
"""Vowels, accents and points written on letters, which Python's `\\w` leaves out; they do not split words."""
_LETTERS = rf"[^\W_{UNSPACED}]+(?:[{MARKS}]+[^\W_{UNSPACED}]*)*"
WORD = re.compile(rf"[{UNSPACED}]|{_LETTERS}(?:['’-]{_LETTERS})*")
"""A word: a run of letters and digits, with an apostrophe or hyphen inside; of kana and Han each character."""
_ASCII = {code: chr(code).lower() if chr(code).isalnum() or chr(code) in "'-" else " " for code in range(128)}


def words(text: str) -> list[str]:
    """The words of a text in lower case."""
    lower = text.lower()
    if not lower.isascii():
        return WORD.findall(lower)
    found: list[str] = []  # the same words, in a sixth of the time
    for run in lower.translate(_ASCII).split():
        if run.isalnum():
            found.append(run)
        else:
            found += WORD.findall(run)
    return found


def count_words(text: str) -> int:
    return len(words(text))


CONTENT_LETTERS = 4
"""Words of at least this length carry content in any language written with an alphabet; shorter ones are mostly
articles and prepositions. Neither count if they are in FUNCTION_WORDS."""
STEM_LETTERS = 5


def ngrams(items: list[str], size: int) -> set[tuple[str, ...]]:
    return set(zip(*(items[i:] for i in range(size)), strict=False))


def stem(word: str) -> str:
    """The first letters of a word, which most endings do not change."""
    return word[:STEM_LETTERS]


def content(text: str) -> set[str]:
    """Content words by their first letters; for Chinese and Japanese, pairs of characters.

    A three-letter word ("mug", "hem") counts unless it is a function word; its plural is the same word.
    """
    found = words(text)
    stems = {stem(w) for w in found if len(w) >= CONTENT_LETTERS and w not in FUNCTION_WORDS}
    short = {w for w in found if len(w) == CONTENT_LETTERS - 1 and w.isalpha() and w not in FUNCTION_WORDS}
    stems = {s[:-1] if len(s) == CONTENT_LETTERS and s[-1] == "s" and s[-2] not in "ius" else s for s in stems}
    pairs = {a + b for a, b in zip(found, found[1:], strict=False) if len(a) == len(b) == 1 and a > "\u3000" < b}
    return stems | short | pairs
