"""Where the sentences of a text begin and end, in any language that ends them with a punctuation mark."""

from __future__ import annotations

import re
from collections.abc import Iterator

SENTENCE = re.compile(r"(?:[^.!?。！？\n]|[.!?](?=[^\s.!?\"')\]]))+(?:[.!?。！？]+[\"')\]]*|(?=\n|$))")
"""Up to an end mark before a space, a closing mark or the end of the line, so that 3.5 and image.png hold no end."""
ABBREVIATION = re.compile(r"\b(?:fig|abb|z|B|e\.g|i\.e|approx|ca|Nr|No)\.$", re.IGNORECASE)
END = re.compile(r"[.!?…。！？]['\"”’»)\]]*$")


def sentence_spans(text: str) -> Iterator[tuple[int, int]]:
    """Character spans of the sentences of a text, with the space before each. The end of a line ends a sentence."""
    start: int | None = None
    for match in SENTENCE.finditer(text):
        begin = match.start() if start is None else start
        if ABBREVIATION.search(match.group()):
            start = begin
            continue
        start = None
        if text[begin : match.end()].strip():
            yield begin, match.end()
    if start is not None:
        yield start, len(text)


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
