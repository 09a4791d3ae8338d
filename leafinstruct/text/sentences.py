"""Where the sentences of a text begin and end, in any language that ends them with a punctuation mark."""

from __future__ import annotations

import re
from collections.abc import Iterator

SPACED, FULL = ".!?…؟", "。！？।॥"
"""End marks: those of the first kind end a sentence only before a space, a closing mark or the end of the line, so that
3.5 and image.png hold no end."""
CLOSING = "\"'”’»›)\\]」』）】》"
MARK, CLOSE = f"[{SPACED}{FULL}]", f"[{CLOSING}]*"
SENTENCE = re.compile(
    rf"{MARK}*(?:[^{SPACED}{FULL}\n]|[{SPACED}](?=[^\s{SPACED}{FULL}{CLOSING}]))+(?:{MARK}+{CLOSE}|(?=\n|$))"
    rf"|{MARK}+{CLOSE}"
)
"""Marks that open a line ("...and then") belong to the sentence after them."""
ABBREVIATION = re.compile(r"(?<!\w)(?:[Ff]ig|Abb|[Ee]\.g|[Ii]\.e|[Aa]pprox|ca|z\.\s?B)\.$")
NUMBERED, NUMBER = re.compile(r"(?<!\w)(?:[Nn]o|Nr|z)\.$"), re.compile(r"\s*(?:\d|B\.)")
"""Abbreviations only before a number (No. 5), or before the second half of `z. B.`: each also ends sentences."""
LONGEST_ABBREVIATION = 8
END = re.compile(rf"{MARK}{CLOSE}$")


def sentence_spans(text: str) -> Iterator[tuple[int, int]]:
    """Character spans of the sentences of a text, with the space before each. The end of a line ends a sentence."""
    start: int | None = None
    for match in SENTENCE.finditer(text):
        begin = match.start() if start is None else start
        if _abbreviates(text, begin, match.end()):
            start = begin
            continue
        start = None
        if text[begin : match.end()].strip():
            yield begin, match.end()
    if start is not None:
        yield start, len(text)


def _abbreviates(text: str, begin: int, end: int) -> bool:
    """Whether what ends there is an abbreviation, after which its sentence goes on."""
    last = text[max(begin, end - LONGEST_ABBREVIATION) : end]
    return bool(ABBREVIATION.search(last) or (NUMBERED.search(last) and NUMBER.match(text, end)))


def sentences(text: str) -> list[str]:
    """The sentences of a text, without the space around them."""
    return [text[start:end].strip() for start, end in sentence_spans(text)]


def ends_sentence(line: str) -> bool:
    """Whether a line ends with an end mark, perhaps followed by closing quotes or brackets."""
    return END.search(line.rstrip()) is not None


def whole_sentences(text: str) -> str:
    """A text up to its last complete sentence; "" if it has none."""
    for start, end in reversed(list(sentence_spans(text))):
        if ends_sentence(text[start:end]):
            return text[:end]
    return ""
