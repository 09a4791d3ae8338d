"""Applies decisions to a document: removes dropped images, and sentences that only point at them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from leafinstruct.document import Document, Part
from leafinstruct.errors import LeafError, own_code
from leafinstruct.score.base import DocumentScorer
from leafinstruct.text.image_references import find_pointers, image_positions, target
from leafinstruct.text.surrogates import replace_surrogates


def apply(document: Document, kept_parts: frozenset[int], language: str = "") -> Document:
    """The edited document, without dropped images and without sentences that only pointed at them.

    `kept_parts` are the indexes of the kept image parts; `language` is used if the document declares none.
    """
    places = image_positions(document)
    cuts: dict[int, list[tuple[int, int]]] = {}
    for pointer in find_pointers(document):
        exists, index = target(pointer, places)
        gone = index not in kept_parts if index is not None else exists or not places
        if gone and pointer.only:
            cuts.setdefault(pointer.part, []).append((pointer.start, pointer.end))
    parts: list[Part] = []
    raw: list[int] = []
    for index, part in enumerate(document.parts):
        if part.type == "image" and index not in kept_parts:
            continue
        if index in cuts:
            text = _without(part.text, cuts[index])
            if not text:
                continue
            part = replace(part, text=text)
        parts.append(part)
        raw.append(index)
    return replace(document.edited(parts, raw), language=document.language or language)


def edit_texts(document: Document, editors: Sequence[DocumentScorer]) -> Document:
    """The document with all its texts (title, parts, alternative texts, captions) as the scorers edit them."""

    def edited(text: str) -> str:
        for scorer in editors:
            text = _edited_by(scorer, text, document)
        return text

    parts = [replace(p, text=edited(p.text), alt=edited(p.alt), caption=edited(p.caption)) for p in document.parts]
    return replace(document, title=edited(document.title), parts=tuple(parts))


def _edited_by(scorer: DocumentScorer, text: str, document: Document) -> str:
    if not scorer.code:
        return scorer.edit(text)
    where = f"scorer {type(scorer).__qualname__}: edit of document {document.id} ({document.path or document.url})"
    with own_code(scorer.code, where):
        found = scorer.edit(text)
    if not isinstance(found, str) or (text and not found):
        raise LeafError(f"{where}: it made {str(found)[:60]!r} of a text; it returns a text, which is not empty")
    return replace_surrogates(found)


CUT = "\0"
"""Marks where a sentence was cut; no text contains it at that point."""


def _without(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """A text without some of its sentences. Lines with nothing else are removed whole, with their list mark."""
    kept, at = [], 0
    for start, end in sorted(spans):
        kept.append(text[at:start].replace(CUT, "").rstrip(" ") + CUT)
        at = end
    kept.append(text[at:].replace(CUT, ""))
    lines: list[str] = []
    emptied = False
    for line in "".join(kept).split("\n"):
        gone = CUT in line and not re.sub(r"[-*•\s\0]|\d+[.)]", "", line)
        if not gone and not (emptied and not line and (not lines or not lines[-1])):
            lines.append(line.replace(CUT, ""))
        emptied = gone
    return "\n".join(lines).strip()
