"""Statistics of a document's text: length, language, repetition, symbols, and whether its sentences end."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from leafinstruct.document import Document
from leafinstruct.score.base import Column, DocumentScorer, Row
from leafinstruct.score.shuffled_words import char_bigram_repetition, lowercase_sentence_starts
from leafinstruct.settings import Positive
from leafinstruct.text.inline import without_inline
from leafinstruct.text.language import identify
from leafinstruct.text.lexicon import boilerplate_rate, stopword_ratio
from leafinstruct.text.plain import prose_end, reading, share, spoken
from leafinstruct.text.sentences import sentences
from leafinstruct.text.truncation import has_open_row, is_truncated
from leafinstruct.text.words import count_words, words

SENTENCE_END = tuple(".!?:;…。！？：；)]}）】»”\"'’`|>*_")
SYMBOLS = re.compile(r"[^\w\s.,;:!?'\"()\-–—’“”。，、！？：；（）「」]")
LIST_ITEM = re.compile(r"[-*+•#|>]|\d+[.)]|https?:")
NO_PROSE = re.compile(r"[{};]|\w\(.*\)|=>|[=<>!]=|\s=\s|\s\|\s|https?://\S+$")
"""Lines of code, rows of tables and lines that end in an address."""
OPEN_MARKS = tuple(",，、-–—")
DATE = re.compile(r"\b\d{4}-\d\d-\d\d\b")
HEADING_WORDS = 8
REMARK_WORDS = 14
LINE_WORDS = 5
"""Shorter lines repeat in good texts: braces of code, table rules, the same button twice."""


class Scorer(DocumentScorer):
    version = 9
    columns = (
        Column("words", "document", "int", "words", "words of all text parts"),
        Column("language", "document", "text", "ISO 639-1", "detected; the declared one if the text is too short"),
        Column("language_score", "document", "float", "probability", "of the detected language"),
        Column("duplicate_line_ratio", "document", "float", "share", "repeated lines of 5 words or more"),
        Column("duplicate_5gram_ratio", "document", "float", "share", "repeated word 5-grams of the document"),
        Column("stopword_ratio", "document", "float", "share", "words that are function words; null without a list"),
        Column("boilerplate_rate", "document", "float", "per 100 words", "phrases of menus, footers and notices"),
        Column("symbols", "document", "float", "share", "characters that are neither letters, digits nor punctuation"),
        Column("sentence_words", "document", "float", "words", "median words of a sentence"),
        Column("unterminated_parts", "document", "float", "share", "parts of prose that end without punctuation"),
        Column("ends_unterminated", "document", "bool", "", "the last part is prose and ends without punctuation"),
        Column("truncated_parts", "document", "float", "share", "text parts that end where no text ends, as in a word"),
        Column("ends_truncated", "document", "bool", "", "the last text part ends where no text ends"),
        Column("lowercase_sentence_starts", "document", "float", "share", "sentences that begin in lower case"),
        Column(
            "char_bigram_repetition", "document", "float", "times", "pairs of CJK characters that recur, over chance"
        ),
        Column("code_ratio", "document", "float", "share", "characters of the text that are in code blocks"),
        Column("table_ratio", "document", "float", "share", "characters of the text that are in tables"),
        Column("trailing_images", "document", "int", "images", "images after the last text part"),
        Column("images", "document", "int", "images", "images of the raw document, but for those inside sentences"),
        Column("missing_images", "document", "int", "images", "images that harvest could not get"),
    )
    renamed: ClassVar[Mapping[str, str]] = {
        "furniture": "boilerplate_rate",
        "pairs_repeat": "char_bigram_repetition",
        "ends_astray": "lowercase_sentence_starts",
        "open_ends": "unterminated_parts",
        "stops_open": "ends_unterminated",
        "cut_ends": "truncated_parts",
        "stops_cut": "ends_truncated",
        "longest_tail": "trailing_images",
        "lost_images": "missing_images",
        "stop_words": "stopword_ratio",
        "repeated_ngrams": "duplicate_5gram_ratio",
        "repeated_lines": "duplicate_line_ratio",
    }

    @dataclass(frozen=True)
    class Settings:
        sample_chars: Positive = 2000
        """Characters of the text that language detection reads."""

    def score(self, document: Document) -> list[Row]:
        document = without_inline(document)
        texts = [p.text for p in document.parts if p.type == "text"]
        prose = spoken(document)
        lines = [line.strip() for line in prose.splitlines() if line.strip()]
        found, own = words(reading(document).text), words(prose)
        language, certainty = identify(prose[: self.settings.sample_chars], document.language)
        cuts = parts_truncated(document, language, found)
        return [
            {
                "document": document.id,
                "words": len(found),
                "language": language,
                "language_score": certainty,
                "duplicate_line_ratio": repeated([line for line in lines if count_words(line) >= LINE_WORDS]),
                "duplicate_5gram_ratio": repeated(list(zip(*(own[i:] for i in range(5)), strict=False))),
                "stopword_ratio": stopword_ratio(own, language),
                "boilerplate_rate": boilerplate_rate(prose, len(found)),
                "symbols": len(SYMBOLS.findall(prose)) / max(1, len(prose)),
                "sentence_words": sentence_length(prose),
                "unterminated_parts": unterminated_parts(document),
                "ends_unterminated": ends_unterminated(document),
                "truncated_parts": sum(cuts) / len(cuts) if cuts else None,
                "ends_truncated": cuts[-1] if cuts else False,
                "lowercase_sentence_starts": lowercase_sentence_starts(prose),
                "char_bigram_repetition": char_bigram_repetition(prose),
                "code_ratio": share_of(texts, "code"),
                "table_ratio": share_of(texts, "table"),
                "trailing_images": trailing_images(document),
                "images": len(document.images),
                "missing_images": len(document.lost),
            }
        ]


def repeated(items: list[object] | list[str] | list[tuple[str, ...]]) -> float:
    """Share of the items that occurred before."""
    counts = Counter(items)
    return (len(items) - len(counts)) / len(items) if items else 0.0


def share_of(texts: list[str], kind: str) -> float:
    """Share of the characters that readers see which are in blocks of a kind, `code` or `table`."""
    counts = [share(text, kind) for text in texts]
    return sum(inside for inside, _ in counts) / max(1, sum(every for _, every in counts))


def ends_of(document: Document) -> list[str]:
    """The prose of each text part that is no heading and ends in prose."""
    texts = [prose_end(p.text) for p in document.parts if p.type == "text" and not p.heading]
    return [text for text in texts if text.strip()]


def sentence_length(text: str) -> float:
    """Median number of words of a sentence; a line of a list and a heading count as one."""
    lengths = sorted(n for s in sentences(text) if (n := count_words(s)))
    return float(lengths[len(lengths) // 2]) if lengths else 0.0


def unterminated_parts(document: Document) -> float | None:
    """Share of the text parts ending in a paragraph that stop without punctuation; None if there are none. Lists,
    headings, code and tables may end in any way; a short line alone counts as a heading or a caption."""
    texts = [text for text in ends_of(document) if not _is_caption(text)]
    ends = [end for end in map(_without_headings, texts) if _is_prose(_last_line(end))]
    return sum(_is_open(_last_line(end)) and not _is_remark(end) for end in ends) / len(ends) if ends else None


def _is_prose(line: str) -> bool:
    return count_words(line) >= 5 and not LIST_ITEM.match(line) and not NO_PROSE.search(line)


def _is_open(line: str) -> bool:
    """Whether a line stops in a word or at a mark that needs more text; a footnote's arrow or a smiley ends it."""
    return not line.endswith(SENTENCE_END) and (line[-1].isalnum() or line.endswith(OPEN_MARKS))


def _is_remark(text: str) -> bool:
    """Whether the last paragraph of several is one short sentence: such a remark often has no full stop."""
    head, _, last = text.rpartition("\n\n")
    remark = last.strip().lstrip("> *_")
    whole = "\n" not in remark and not re.search(r"[.!?。！？]\s", remark)
    return bool(head.strip()) and whole and remark[:1].isupper() and count_words(remark) <= REMARK_WORDS


def _is_caption(text: str) -> bool:
    """Whether a text is one short line, and no byline: those have dates."""
    line = text.strip()
    return (
        "\n" not in line
        and not DATE.search(line)
        and not line.endswith(SENTENCE_END)
        and count_words(line) <= HEADING_WORDS
    )


def parts_truncated(document: Document, language: str, found: list[str]) -> list[bool]:
    """For each text part that is not a heading, whether it was cut off."""
    vocabulary = Counter(found)
    texts = [p.text for p in document.parts if p.type == "text" and not p.heading]
    return [has_open_row(text) or is_truncated(prose_end(text), language, vocabulary) for text in texts]


def ends_unterminated(document: Document) -> bool:
    """Whether the document's text as a whole stops in the middle of a sentence."""
    texts = [p.text for p in document.parts if p.type == "text"]
    line = _last_line(prose_end(texts[-1])) if texts else ""
    return _is_prose(line) and _is_open(line)


def _last_line(text: str) -> str:
    return text.rstrip().split("\n")[-1].strip()


def _without_headings(text: str) -> str:
    """A text up to its last paragraph that is not a heading."""
    lines = text.rstrip().split("\n")
    while len(lines) > 1 and not lines[-2].strip() and count_words(lines[-1]) <= HEADING_WORDS:
        if lines[-1].rstrip().endswith(SENTENCE_END):
            break
        lines = "\n".join(lines[:-1]).rstrip().split("\n")
    return "\n".join(lines)


def trailing_images(document: Document) -> int:
    count = 0
    for part in reversed(document.parts):
        if part.type == "text":
            break
        count += 1
    return count
