"""Lines of a document, and a document without some of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from leafinstruct.document import Document, Part


@dataclass(frozen=True, slots=True)
class Line:
    """A line with something in it: `number` within its part's text."""

    part: int
    number: int
    text: str


def lines_of(document: Document) -> list[Line]:
    """Lines of all texts in order, without empty ones."""
    return [
        Line(index, number, line)
        for index, part in enumerate(document.parts)
        if part.type == "text"
        for number, line in enumerate(part.text.splitlines())
        if line.strip()
    ]


def without_lines(document: Document, lines: Sequence[Line]) -> Document:
    """The edited document without some of its lines, and without texts that held nothing else. All stay if nothing else
    would be left of the text."""
    gone = {(line.part, line.number) for line in lines}
    if not gone or len(gone) == len(lines_of(document)):
        return document
    parts: list[Part] = []
    raw: list[int] = []
    for index, (part, source) in enumerate(zip(document.parts, document.raw, strict=True)):
        if any(index == of for of, _ in gone):
            kept = [line for number, line in enumerate(part.text.splitlines()) if (index, number) not in gone]
            text = re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()
            if not text:
                continue
            part = replace(part, text=text)
        parts.append(part)
        raw.append(source)
    return document.edited(parts, raw)
