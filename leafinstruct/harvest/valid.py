"""The door of a run: documents as sources give them become documents that any file, database and terminal can hold."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from leafinstruct.document import Document, Image, LostImage, Part
from leafinstruct.text.valid import valid, valid_line

LINES = ("source", "site", "url", "path", "license", "title", "topic", "language", "error")
REPLACEMENT = "\ufffd"
MOST_STEPS = 2**31 - 1


def valid_document(document: Document) -> Document:
    """The document with valid texts and numbers; the same object if nothing had to change."""
    changed: dict[str, Any] = {}
    for name in LINES:
        before = getattr(document, name)
        if isinstance(before, str) and (after := valid_line(before)) != before:
            changed[name] = after
    parts, lost = tuple(map(_part, document.parts)), tuple(map(_lost, document.lost))
    if any(a is not b for a, b in zip(parts, document.parts, strict=True)):
        changed["parts"] = parts
    if any(a is not b for a, b in zip(lost, document.lost, strict=True)):
        changed["lost"] = lost
    return replace(document, **changed) if changed else document


def valid_image(image: Image) -> Image:
    url = valid_line(image.url)
    return image if url == image.url else replace(image, url=url)


def _part(part: Part) -> Part:
    stated = (part.text, part.alt, part.caption, part.url, part.anchor)
    if not all(isinstance(value, str) for value in stated):
        return part  # of a source that is not built in: writing it names the source
    texts = (valid(part.text), valid(part.alt), valid(part.caption), valid_line(part.url), valid_line(part.anchor))
    counted = (part.step, part.heading, part.procedure)
    numbers = (_whole(part.step, MOST_STEPS), _whole(part.heading, 6), _whole(part.procedure, MOST_STEPS))
    whole = all(a is b for a, b in zip(numbers, counted, strict=True))  # not equal: False is no number
    if texts == stated and whole:
        return part
    text = texts[0] or REPLACEMENT if part.type == "text" else ""  # a text part has text
    _, alt, caption, url, anchor = texts
    part = replace(part, text=text, alt=alt, caption=caption, url=url, anchor=anchor)
    step, heading, procedure = numbers
    return replace(part, step=step, heading=heading, procedure=procedure)


def _whole(value: Any, most: int) -> int:
    """A whole number from 0 to `most`; 0 for anything else that a row may say."""
    good = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most
    return value if good else 0


def _lost(image: LostImage) -> LostImage:
    ref, reason = valid_line(image.ref), valid_line(image.reason)
    return image if (ref, reason) == (image.ref, image.reason) else replace(image, ref=ref, reason=reason)
