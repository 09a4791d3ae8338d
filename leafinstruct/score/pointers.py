"""Sentences that point at an image: "see the picture below", "as shown in Figure 2".

A pointer matters when its image went: a sentence that only points can go with it, one that says more cannot.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from leafinstruct.document import Document
from leafinstruct.score.base import Column, DocumentScorer, Row

IMAGE_WORD = (
    r"(?:picture|photo(?:graph)?|image|figure|fig\.|illustration|diagram|drawing|screenshot|screen shot|sketch"
    r"|bild|foto|abbildung|abb\.|zeichnung|skizze|grafik|screenshot|illustration"
    r"|figure|photo|dessin|schéma|capture d'écran|croquis)s?"
)
BELOW = (
    r"(?:below|following|next|beneath|underneath|unten|unterhalb|folgend\w*|nächst\w*|ci-dessous|suivante?|ci-après)"
)
ABOVE = r"(?:above|previous|preceding|oben|oberhalb|vorig\w*|vorherig\w*|ci-dessus|précédente?)"
SIDE = r"(?:on the (?:left|right)|to the (?:left|right)|(?:links|rechts) (?:im|auf dem)|à (?:gauche|droite))"
SHOWN = r"(?:shown|seen|pictured|illustrated|depicted|see|look at|gezeigt|zu sehen|siehe|voir|montre|illustré\w*)"

NEAR = re.compile(
    rf"\b(?:the|this|that|dem|der|das|die|diese[mrs]?|la|le|l'|cette|les)?\s*(?P<before>{BELOW}|{ABOVE})\s+{IMAGE_WORD}\b"
    rf"|\b{IMAGE_WORD}\s+(?P<after>{BELOW}|{ABOVE}|{SIDE})"
    rf"|\b(?:as\s+)?{SHOWN}\s+(?P<bare>below|above|unten|oben|ci-dessous|ci-dessus)\b"
    r"|\b(?:in|see|look at|im|siehe|auf|dans|sur|voir)\s+"
    rf"(?:the|this|that|dem|diesem|der|dieser|das|la|le|cette|l'|l’)\s*(?P<plain>{IMAGE_WORD})\b",
    re.IGNORECASE,
)
NUMBERED = re.compile(
    r"\b(?:figure|fig\.?|abbildung|abb\.|bild|picture|photo|image)\s*(?P<number>\d{1,3})\b", re.IGNORECASE
)
SENTENCE = re.compile(r"[^.!?。！？\n]+(?:[.!?。！？]+(?=\s|$|[\"')\]])[\"')\]]*|(?=\n|$)|[.!?](?=\S))", re.MULTILINE)
ABBREVIATION = re.compile(r"\b(?:fig|abb|z|B|e\.g|i\.e|approx|ca|Nr|No)\.$", re.IGNORECASE)
ONLY_POINTS_WORDS = 9
"""A sentence of at most so many words with a pointer says nothing that is lost with the image (own choice)."""


@dataclass(frozen=True, slots=True)
class Pointer:
    """A sentence of text part `part`, characters `start` to `end`, that points at the image before or after it."""

    part: int
    start: int
    end: int
    direction: Literal["after", "before"]
    number: int | None
    only: bool


def find_pointers(document: Document) -> list[Pointer]:
    found = []
    for index, part in enumerate(document.parts):
        if part.type == "text" and not part.heading:
            for start, end in sentences(part.text):
                pointer = _pointer(part.text[start:end])
                if pointer:
                    direction, number, only = pointer
                    found.append(Pointer(index, start, end, direction, number, only))
    return found


def sentences(text: str) -> Iterator[tuple[int, int]]:
    """Character spans of the sentences of a text."""
    start: int | None = None
    for match in SENTENCE.finditer(text):
        begin = match.start() if start is None else start
        if ABBREVIATION.search(match.group()):
            start = begin
            continue
        start = None
        if text[begin : match.end()].strip():
            yield begin, match.end()
    if start is not None:
        yield start, len(text)


def _pointer(sentence: str) -> tuple[Literal["after", "before"], int | None, bool] | None:
    near = NEAR.search(sentence)
    numbered = NUMBERED.search(sentence)
    if not near and not numbered:
        return None
    words = len(re.findall(r"\w+", sentence))
    direction: Literal["after", "before"] = "after"
    if near and re.search(ABOVE, near.group(), re.IGNORECASE):
        direction = "before"
    return direction, int(numbered["number"]) if numbered else None, words <= ONLY_POINTS_WORDS


def slots(document: Document) -> list[tuple[int, int | None]]:
    """Every place where the page shows an image, in order: (part index before which it stands, part index or None
    for an image that harvest could not get)."""
    here: list[tuple[int, int | None]] = [(i, i) for i, p in enumerate(document.parts) if p.type == "image"]
    gone: list[tuple[int, int | None]] = [(lost.position, None) for lost in document.lost]
    return sorted(here + gone, key=lambda s: (s[0], s[1] is not None))


def target(pointer: Pointer, places: list[tuple[int, int | None]]) -> tuple[bool, int | None]:
    """What a pointer points at: (whether there is such a place at all, the image's part index or None if it is lost).

    A numbered pointer means the n-th image of the document; any other the nearest in its direction, then the other.
    """
    if pointer.number is not None and places:
        if 1 <= pointer.number <= len(places):
            return True, places[pointer.number - 1][1]
        return False, None
    after = [p for p in places if p[0] > pointer.part]
    before = [p for p in places if p[0] <= pointer.part]
    ordered = [after[:1], before[-1:]] if pointer.direction == "after" else [before[-1:], after[:1]]
    for choice in ordered:
        if choice:
            return True, choice[0][1]
    return False, None


class Scorer(DocumentScorer):
    version = 1
    columns = (
        Column("pointed", "image", "int", "sentences", "sentences that point at the image"),
        Column("needed", "image", "int", "sentences", "those of them that say more than that"),
        Column("pointers", "document", "int", "sentences", "sentences that point at an image"),
        Column("lost_needed", "document", "int", "sentences", "sentences that say something of an image that is lost"),
    )

    def score(self, document: Document) -> list[Row]:
        places = slots(document)
        found = find_pointers(document)
        rows = {
            i: {"document": document.id, "part": i, "pointed": 0, "needed": 0}
            for i, part in enumerate(document.parts)
            if part.type == "image"
        }
        lost = 0
        for pointer in found:
            exists, index = target(pointer, places)
            if index is not None:
                rows[index]["pointed"] += 1  # type: ignore[operator]
                rows[index]["needed"] += not pointer.only  # type: ignore[operator]
            elif not pointer.only and (exists or not places):
                lost += 1
        about = {"document": document.id, "pointers": len(found), "lost_needed": lost}
        return [about, *rows.values()]
