"""An edit: given the image of a state and what is done to it, the image of the result."""

from __future__ import annotations

from leafinstruct.document import Document
from leafinstruct.rewrite.segments import ORDER, Span, is_procedure, transitions
from leafinstruct.rewrite.task import Task, Turn, Turns, draw, span
from leafinstruct.text.words import words

MAX_WORDS = 60
"""Words of the step (own choice): longer ones are several steps, of which one image shows the last."""


def divide(document: Document) -> Turns | None:
    if not is_procedure(document):
        return None
    pairs = [turn for one, two in transitions(document.parts) if (turn := _edit(document, one, two))]
    return (pairs[int(draw(document.id, "edit") * len(pairs))],) if pairs else None


def _edit(document: Document, one: Span, two: Span) -> Turn | None:
    """From the last image of one unit to the only image of the next, if that begins with an order."""
    parts = document.parts
    before = [i for i in span(*one) if parts[i].is_figure]
    after = [i for i in span(*two) if parts[i].is_figure]
    doing = [i for i in span(*two) if not parts[i].is_figure and not parts[i].heading]
    text = " ".join(parts[i].text for i in doing)
    if not before or len(after) != 1 or not ORDER.match(text) or len(words(text)) > MAX_WORDS:
        return None
    return Turn((before[-1], *doing), tuple(after))


TASK = Task(
    "edit", "a picture and what is done to it are given; the picture of the result answers", divide, whole=False
)
