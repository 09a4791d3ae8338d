"""Applies decisions to a document: removes dropped images, and sentences that only point at them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from leafinstruct.document import Document
from leafinstruct.errors import LeafError, own_code
from leafinstruct.score.base import DocumentScorer
from leafinstruct.text.edits import Edit, edit_parts
from leafinstruct.text.image_references import find_pointers, image_positions, target
from leafinstruct.text.inline import without_inline
from leafinstruct.text.language import language_of
from leafinstruct.text.valid import valid


def apply(document: Document, kept_parts: frozenset[int], language: str = "") -> Document:
    """The edited document, without dropped images and without sentences that only pointed at them; inside a sentence
    the alternative text stands for a dropped picture.

    `kept_parts` are the indexes of the kept image parts; `language` is the detected one.
    """
    places = image_positions(document)
    cuts: dict[int, list[Edit]] = {}
    for pointer in find_pointers(document):
        exists, index = target(pointer, places)
        gone = index not in kept_parts if index is not None else exists or not places
        if gone and pointer.only:
            cuts.setdefault(pointer.part, []).append((pointer.start, pointer.end, ""))
    cut = edit_parts(document, cuts)
    lost = {raw for part, raw in zip(cut.parts, cut.raw, strict=True) if part.inline and raw not in kept_parts}
    cut = without_inline(cut, lost)
    kept = [
        (part, raw) for part, raw in zip(cut.parts, cut.raw, strict=True) if part.type == "text" or raw in kept_parts
    ]
    made = document.edited([part for part, _ in kept], [raw for _, raw in kept])
    return replace(made, language=language or language_of(document))


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
    return valid(found)
