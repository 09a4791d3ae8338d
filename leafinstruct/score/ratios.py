"""The ratios that OBELICS and OmniCorpus gate on, each by the definition of its origin.

They count words as those projects do: what white space parts, without marks at its ends.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

from leafinstruct.document import Document
from leafinstruct.score.base import Column, DocumentScorer, Row

CHAR_NGRAM = 10
"""OBELICS' character_repetition_length."""
WORD_NGRAM = 5
"""OBELICS' word_repetition_length."""
MARKS = "".join(chr(c) for c in range(0x3000) if unicodedata.category(chr(c))[0] in "PSNZ") + "_"
TOKEN = re.compile(r"[\w']+|[^\w\s]")
BULLET = re.compile(r"\s*(?:[-*+•‣◦▪●·–]|\d+[.)])\s")
TRAIL = ("...", "…")


class Scorer(DocumentScorer):
    version = 1
    columns = (
        Column("char_repetition", "document", "float", "share", "OBELICS: most frequent repeated 10-character runs"),
        Column("word_repetition", "document", "float", "share", "OBELICS: 5-word runs that stand more than once"),
        Column("special", "document", "float", "share", "OBELICS: characters that are marks, digits, symbols or space"),
        Column("punctuation", "document", "float", "share", "OBELICS: tokens that are marks"),
        Column("repeated_paragraphs", "document", "float", "share", "Gopher: paragraphs that stood before"),
        Column("bullets", "document", "float", "share", "Gopher: lines that begin with a bullet or number"),
        Column("trailing_off", "document", "float", "share", "Gopher: lines that end with an ellipsis"),
        Column("mean_word", "document", "float", "characters", "Gopher: mean length of a word; null without words"),
        Column("letter_words", "document", "float", "share", "Gopher: words with a letter; null without words"),
        Column("upper", "document", "float", "share", "OmniCorpus: letters that are capitals; null without letters"),
        Column("digits", "document", "float", "share", "OmniCorpus: characters other than space that are digits"),
        Column("words_per_image", "document", "float", "words", "OmniCorpus: words an image; null without images"),
    )

    def score(self, document: Document) -> list[Row]:
        text = document.text
        words = [w for raw in text.lower().split() if (w := raw.strip(MARKS))]
        lines = [line for line in text.splitlines() if line.strip()]
        paragraphs = [p.strip() for p in re.split(r"\n\s*\n", text) if p.strip()]
        letters = [c for c in text if c.isalpha()]
        tokens = TOKEN.findall(text)
        solid = sum(not c.isspace() for c in text)
        return [
            {
                "document": document.id,
                "char_repetition": char_repetition(text),
                "word_repetition": word_repetition(words),
                "special": _share((not c.isalpha() for c in text), len(text)) or 0.0,
                "punctuation": _share((not (t[0].isalnum() or t[0] in "_'") for t in tokens), len(tokens)) or 0.0,
                "repeated_paragraphs": 1 - len(set(paragraphs)) / len(paragraphs) if paragraphs else 0.0,
                "bullets": _share((BULLET.match(line) is not None for line in lines), len(lines)) or 0.0,
                "trailing_off": _share((line.rstrip().endswith(TRAIL) for line in lines), len(lines)) or 0.0,
                "mean_word": sum(map(len, words)) / len(words) if words else None,
                "letter_words": _share((any(c.isalpha() for c in w) for w in text.split()), len(text.split())),
                "upper": _share((c.isupper() for c in letters), len(letters)),
                "digits": _share((c.isdigit() for c in text), solid) or 0.0,
                "words_per_image": len(words) / len(document.images) if document.images else None,
            }
        ]


def _share(hits: Iterable[bool], total: int) -> float | None:
    return sum(hits) / total if total else None


def char_repetition(text: str) -> float:
    """Of all runs of 10 characters those of the most frequent kinds: as many kinds as the root of their number, of
    those that stand more than once."""
    counts = Counter(text[i : i + CHAR_NGRAM] for i in range(len(text) - CHAR_NGRAM + 1))
    if not counts:
        return 0.0
    repeated = sum(n > 1 for n in counts.values())
    kinds = min(math.isqrt(len(counts)), repeated)
    return sum(n for _, n in counts.most_common(kinds)) / counts.total()


def word_repetition(words: list[str]) -> float:
    counts = Counter(tuple(words[i : i + WORD_NGRAM]) for i in range(len(words) - WORD_NGRAM + 1))
    return sum(n for n in counts.values() if n > 1) / counts.total() if counts else 0.0
