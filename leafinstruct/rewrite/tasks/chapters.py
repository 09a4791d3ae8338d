"""Several turns: a tutorial with natural chapters, requested one after the other."""

from __future__ import annotations

import re

from leafinstruct.document import Document
from leafinstruct.rewrite.segments import answers, has_prose, is_procedure, sections
from leafinstruct.rewrite.task import Task, Turn, Turns, span

MAX_TURNS = 4
"""Each turn costs a request: longer conversations are joined into this many (own choice)."""
MIN_TURNS = 2
ONLY_A_NUMBER = re.compile(
    r"\W*(?:step|part|chapter|section|lesson|schritt|teil|kapitel|étape|partie|chapitre|paso|parte|passo)?\W*"
    r"(?:[\d.]+|[ivx]+)?\W*",
    re.IGNORECASE,
)
"""A heading that names nothing: nobody asks for "Step 2"."""


def divide(document: Document) -> Turns | None:
    """Chapters with text and image each; one that lacks either is joined to the one before it. Nothing is left out."""
    parts = document.parts
    if not is_procedure(document):
        return None
    starts = [start for start, _ in sections(parts)]
    ends = [*starts[1:], len(parts)]
    chapters: list[list[int]] = []
    for start, end in zip([0, *starts[1:]], ends, strict=False):
        if chapters and not answers(parts[slice(*chapters[-1])]):
            chapters[-1][1] = end
        else:
            chapters.append([start, end])
    if len(chapters) > 1 and not answers(parts[slice(*chapters[-1])]):
        _, end = chapters.pop()
        chapters[-1][1] = end
    later = [parts[start].text for start, _ in chapters[1:]]
    if len(chapters) < MIN_TURNS or not has_prose(parts) or any(ONLY_A_NUMBER.fullmatch(text) for text in later):
        return None
    turns = min(MAX_TURNS, len(chapters))
    cuts = [chapters[i * len(chapters) // turns][0] for i in range(turns)] + [len(parts)]
    return tuple(Turn((), span(start, end)) for start, end in zip(cuts, cuts[1:], strict=False))


TASK = Task("chapters", "several turns; each chapter answers one request", divide)
