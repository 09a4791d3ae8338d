"""The ratios that OBELICS and OmniCorpus filter on, each by the definition of its origin.

They count words as those projects do: separated by white space, without punctuation at their ends; and they are about
prose, as in those projects' corpora, without code blocks and tables.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import ClassVar

from leafinstruct.document import Document
from leafinstruct.score.base import Column, DocumentScorer, Row
from leafinstruct.text.inline import without_inline
from leafinstruct.text.plain import reading, spoken

CHAR_NGRAM = 10
"""OBELICS' character_repetition_length."""
WORD_NGRAM = 5
"""OBELICS' word_repetition_length."""
MARKS = "".join(chr(c) for c in range(0x3000) if unicodedata.category(chr(c))[0] in "PSNZ") + "_"
TOKEN = re.compile(r"[\w']+|[^\w\s]")
BULLET = re.compile(r"\s*(?:[-*+•‣◦▪●·–]|\d+[.)])\s")
TRAIL = ("...", "…")


class Scorer(DocumentScorer):
    version = 4
    columns = (
        Column(
            "char_repetition_ratio", "document", "float", "share", "OBELICS: most frequent repeated 10-character runs"
        ),
        Column("word_repetition_ratio", "document", "float", "share", "OBELICS: 5-word runs that occur more than once"),
        Column(
            "special_character_ratio",
            "document",
            "float",
            "share",
            "OBELICS: characters that are punctuation, digits, symbols or space",
        ),
        Column("punctuation_ratio", "document", "float", "share", "OBELICS: tokens that are punctuation"),
        Column("duplicate_paragraph_ratio", "document", "float", "share", "Gopher: paragraphs that occurred before"),
        Column("bullet_line_ratio", "document", "float", "share", "Gopher: lines that begin with a bullet or number"),
        Column("ellipsis_line_ratio", "document", "float", "share", "Gopher: lines that end with an ellipsis"),
        Column(
            "mean_word_length", "document", "float", "characters", "Gopher: mean length of a word; null without words"
        ),
        Column("alpha_word_ratio", "document", "float", "share", "Gopher: words with a letter; null without words"),
        Column(
            "uppercase_ratio",
            "document",
            "float",
            "share",
            "OmniCorpus: letters that are capitals; null without letters",
        ),
        Column("digit_ratio", "document", "float", "share", "OmniCorpus: characters other than space that are digits"),
        Column("words_per_image", "document", "float", "words", "OmniCorpus: words per image; null without images"),
    )
    renamed: ClassVar[Mapping[str, str]] = {
        "char_repetition": "char_repetition_ratio",
        "word_repetition": "word_repetition_ratio",
        "special": "special_character_ratio",
        "punctuation": "punctuation_ratio",
        "repeated_paragraphs": "duplicate_paragraph_ratio",
        "bullets": "bullet_line_ratio",
        "trailing_off": "ellipsis_line_ratio",
        "mean_word": "mean_word_length",
        "letter_words": "alpha_word_ratio",
        "upper": "uppercase_ratio",
        "digits": "digit_ratio",
    }

    def score(self, document: Document) -> list[Row]:
        document = without_inline(document)
        text = spoken(document)
        words = _words(text)
        read = reading(document).text
        every = words if read == text else _words(read)
        lines = [line for line in text.splitlines() if line.strip()]
        paragraphs = [p.strip() for p in re.split(r"\n\s*\n", text) if p.strip()]
        letters = [c for c in text if c.isalpha()]
        tokens = TOKEN.findall(text)
        solid = sum(not c.isspace() for c in text)
        return [
            {
                "document": document.id,
                "char_repetition_ratio": char_repetition(text),
                "word_repetition_ratio": word_repetition(words),
                "special_character_ratio": _share((not c.isalpha() for c in text), len(text)) or 0.0,
                "punctuation_ratio": _share((not (t[0].isalnum() or t[0] in "_'") for t in tokens), len(tokens)) or 0.0,
                "duplicate_paragraph_ratio": 1 - len(set(paragraphs)) / len(paragraphs) if paragraphs else 0.0,
                "bullet_line_ratio": _share((BULLET.match(line) is not None for line in lines), len(lines)) or 0.0,
                "ellipsis_line_ratio": _share((line.rstrip().endswith(TRAIL) for line in lines), len(lines)) or 0.0,
                "mean_word_length": sum(map(len, words)) / len(words) if words else None,
                "alpha_word_ratio": _share((any(c.isalpha() for c in w) for w in text.split()), len(text.split())),
                "uppercase_ratio": _share((c.isupper() for c in letters), len(letters)),
                "digit_ratio": _share((c.isdigit() for c in text), solid) or 0.0,
                "words_per_image": len(every) / len(document.images) if document.images else None,
            }
        ]


def _words(text: str) -> list[str]:
    return [word for raw in text.lower().split() if (word := raw.strip(MARKS))]


def _share(hits: Iterable[bool], total: int) -> float | None:
    return sum(hits) / total if total else None


def char_repetition(text: str) -> float:
    """Share of the 10-character runs that are of the most frequent kinds: of those that occur more than once, as many
    as the square root of the number of kinds."""
    counts = Counter(text[i : i + CHAR_NGRAM] for i in range(len(text) - CHAR_NGRAM + 1))
    if not counts:
        return 0.0
    repeated = sum(n > 1 for n in counts.values())
    kinds = min(math.isqrt(len(counts)), repeated)
    return sum(n for _, n in counts.most_common(kinds)) / counts.total()


def word_repetition(words: list[str]) -> float:
    counts = Counter(tuple(words[i : i + WORD_NGRAM]) for i in range(len(words) - WORD_NGRAM + 1))
    return sum(n for n in counts.values() if n > 1) / counts.total() if counts else 0.0
