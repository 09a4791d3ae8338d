"""Given images, the account they belong to: the first images are given without their text; all text and the other
images answer."""

from __future__ import annotations

import re

from leafinstruct.document import Document
from leafinstruct.rewrite.segments import answers, is_procedure
from leafinstruct.rewrite.task import Task, Turn, Turns, draw, span

MIN_IMAGES = 3
"""Some to give and some to answer with."""
MIN_TEXTS = 2
POINTER = re.compile(
    r"\b(?:above|below|following|next) (?:is |are )?(?:an? |the )?(?:image|picture|photo|figure|drawing|screenshot)"
    r"|\b(?:image|picture|photo|figure|drawing|screenshot)s? (?:above|below|on the (?:left|right))"
    r"|\b(?:shown|seen|pictured) (?:above|below|here)\b|\b(?:bild|foto|abbildung)\w* (?:oben|unten)\b"
    r"|\b(?:oben|unten) (?:zu sehen|gezeigt|abgebildet)\b",
    re.IGNORECASE,
)
"""Points at where an image is on the page; false once the image has moved into the request."""


def divide(document: Document) -> Turns | None:
    parts = document.parts
    images = [i for i, p in enumerate(parts) if p.is_figure]
    texts = [p for p in parts if p.type == "text" and not p.heading]
    if len(images) < MIN_IMAGES or len(texts) < MIN_TEXTS or is_procedure(document):
        return None
    if any(POINTER.search(p.text) for p in texts):
        return None
    given = tuple(images[: 1 + int(draw(document.id, "account") * (len(images) - 1))])
    answer = tuple(i for i in span(0, len(parts)) if i not in given)
    if not answers([parts[i] for i in answer]):
        return None
    return (Turn(given, answer, shown=span(0, len(parts))),)


TASK = Task("account", "pictures are given; the account with the remaining pictures answers", divide)
