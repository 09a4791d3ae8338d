"""Lines of a document, and a document without some of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from leafinstruct.document import Document, Part


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is not blank; `number` is its index in the text of part `part`."""

    part: int
    number: int
    text: str


def lines_of(document: Document) -> list[Line]:
    """Lines of all text parts in order, without blank ones."""
    return [
        Line(index, number, line)
        for index, part in enumerate(document.parts)
        if part.type == "text"
        for number, line in enumerate(part.text.splitlines())
        if line.strip()
    ]


def without_lines(document: Document, lines: Sequence[Line]) -> Document:
    """The edited document without some of its lines, and without text parts that hold nothing else. The document is
    unchanged if no text would be left."""
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
