"""What a planter returns: the parts of the changed document and the truth about them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from leafinstruct.document import Document, Image, Part


class CannotPlant(Exception):
    """The document lacks what the defect needs; the message names it."""


@dataclass(frozen=True, slots=True)
class Planted:
    """`wrong` are the image parts of `parts` that should not be where they are; `images` those that are new."""

    parts: tuple[Part, ...]
    wrong: tuple[int, ...] = ()
    images: tuple[Image, ...] = ()
    variant: str = ""


def places(document: Document, kind: str) -> list[int]:
    """Indices of the parts of a type (text or image), without pictures inside sentences."""
    return [i for i, part in enumerate(document.parts) if part.type == kind and not part.inline]


def prose(document: Document) -> list[int]:
    """Indices of the text parts that are not headings. Raises CannotPlant if there are none."""
    found = [i for i, part in enumerate(document.parts) if part.type == "text" and not part.heading]
    if not found:
        raise CannotPlant("no text besides headings")
    return found


def needs(found: Collection[object], least: int, what: str) -> None:
    """Raises CannotPlant if there are fewer than `least`."""
    if len(found) < least:
        raise CannotPlant(f"fewer than {least} {what}")
