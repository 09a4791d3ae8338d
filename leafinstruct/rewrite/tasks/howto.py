"""Instructions with images, from a request alone."""

from __future__ import annotations

from leafinstruct.document import Document
from leafinstruct.rewrite.segments import answers, is_procedure
from leafinstruct.rewrite.task import Task, Turn, Turns, span


def divide(document: Document) -> Turns | None:
    fits = answers(document.parts) and is_procedure(document)
    return (Turn((), span(0, len(document.parts))),) if fits else None


TASK = Task("howto", "a request; the whole of the instructions answers", divide)
