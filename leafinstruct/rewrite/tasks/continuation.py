"""Given the first k steps, sections or groups with their texts and images, the rest; k is drawn by the id."""

from __future__ import annotations

from leafinstruct.document import Document
from leafinstruct.rewrite.segments import answers, cuts, has_image, has_prose
from leafinstruct.rewrite.task import Task, Turn, Turns, draw, span


def divide(document: Document) -> Turns | None:
    """Prefers cuts where the input shows an image too."""
    parts = document.parts
    possible = [p for p in cuts(parts) if has_prose(parts[:p]) and answers(parts[p:])]
    choice = [p for p in possible if has_image(parts[:p])] or possible
    if not choice:
        return None
    cut = choice[int(draw(document.id, "continue") * len(choice))]
    return (Turn(span(0, cut), span(cut, len(parts))),)


TASK = Task("continue", "the first steps are given, text and images; the rest answers", divide)
