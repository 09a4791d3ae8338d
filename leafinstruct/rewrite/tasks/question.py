"""A question about one section of a page, answered by that section with its texts and images."""

from __future__ import annotations

from leafinstruct.document import Document
from leafinstruct.rewrite.segments import Span, answers, groups, sections
from leafinstruct.rewrite.task import Task, Turn, Turns, draw, span
from leafinstruct.text.words import words

MIN_PARTS = 2
"""Sections or groups; with only one, the question would be about the whole page."""
MIN_WORDS = 20
"""Words of an answer (own choice: shorter ones are captions)."""


def divide(document: Document) -> Turns | None:
    found = [place for place in _places(document) if _answers(document, place)]
    if not found:
        return None
    start, end = found[int(draw(document.id, "question") * len(found))]
    return (Turn((), span(start, end)),)


def _places(document: Document) -> list[Span]:
    """Sections; without headings and steps, text-image groups. A single step answers no question."""
    parts = document.parts
    places = sections(parts)
    if not places and not any(p.step or p.heading for p in parts) and (starts := groups(parts)):
        places = list(zip(starts, [*starts[1:], len(parts)], strict=True))
    return places if len(places) >= MIN_PARTS else []


def _answers(document: Document, place: Span) -> bool:
    parts = document.parts[slice(*place)]
    return answers(parts) and len(words(" ".join(p.text for p in parts))) >= MIN_WORDS


TASK = Task("question", "a question; one section of the page answers, with its pictures", divide, whole=False)
