"""Where the sentences of a text begin and end."""

from __future__ import annotations

import re
from collections.abc import Iterator

SENTENCE = re.compile(r"(?:[^.!?。！？\n]|[.!?](?=[^\s.!?\"')\]]))+(?:[.!?。！？]+[\"')\]]*|(?=\n|$))")
"""Up to a full stop that a space, a closing mark or the line's end follows: 3.5 and image.png hold none."""
ABBREVIATION = re.compile(r"\b(?:fig|abb|z|B|e\.g|i\.e|approx|ca|Nr|No)\.$", re.IGNORECASE)


def sentences(text: str) -> Iterator[tuple[int, int]]:
    """Character spans of the sentences of a text."""
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


BREAK = re.compile(r"(?<=[.!?。！？])\s*|\n+")
"""Between two sentences, wherever a full stop stands; good enough to look for a run of words."""
