"""Lines of a document, and a document without some of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from leafinstruct.document import Document
from leafinstruct.text.edits import Edit, edit_parts
from leafinstruct.text.plain import plain


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is not blank; `number` is its index in the plain text of part `part`."""

    part: int
    number: int
    text: str


def lines_of(document: Document) -> list[Line]:
    """Lines of all text parts in order, without blank ones."""
    return [
        Line(index, number, line)
        for index, part in enumerate(document.parts)
        if part.type == "text"
        for number, line in enumerate(plain(part.text).splitlines())
        if line.strip()
    ]


def without_lines(document: Document, lines: Sequence[Line]) -> Document:
    """The edited document without some of its lines, and without text parts that hold nothing else. The document is
    unchanged if no text would be left."""
    gone = {(line.part, line.number) for line in lines}
    if not gone or len(gone) == len(lines_of(document)):
        return document
    edits = {part: _spans(plain(document.parts[part].text), {n for of, n in gone if of == part}) for part, _ in gone}
    return edit_parts(document, edits)


def _spans(text: str, numbers: set[int]) -> list[Edit]:
    """The places of some lines, without their ends."""
    found, at = [], 0
    for number, line in enumerate(text.splitlines(keepends=True)):
        if number in numbers:
            found.append((at, at + len(line.rstrip()), ""))
        at += len(line)
    return found
