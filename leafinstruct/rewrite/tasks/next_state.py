"""The next step: given the image of a state, what to do next and the image of the next state."""

from __future__ import annotations

from leafinstruct.document import Document
from leafinstruct.rewrite.segments import answers, has_image, is_procedure, transitions
from leafinstruct.rewrite.task import Task, Turn, Turns, draw, span


def divide(document: Document) -> Turns | None:
    parts = document.parts
    if not is_procedure(document):
        return None
    pairs = [
        (one, two) for one, two in transitions(parts) if has_image(parts[slice(*one)]) and answers(parts[slice(*two)])
    ]
    if not pairs:
        return None
    one, two = pairs[int(draw(document.id, "next_state") * len(pairs))]
    state = max(i for i in span(*one) if parts[i].is_figure)
    return (Turn((state,), span(*two), shown=span(*one)),)


TASK = Task(
    "next_state", "a picture of one step is given; the next step answers, text and picture", divide, whole=False
)
