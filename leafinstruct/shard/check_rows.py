"""The checks of one row: each yields a message for every fault that it finds in the row."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from leafinstruct.images.strip import strip
from leafinstruct.shard.schema import PUBLISHED, TEXT_COLUMNS
from leafinstruct.text.markdown_faults import faults


@dataclass(frozen=True, slots=True)
class Look:
    """What the bytes of an image contain: size in pixels as displayed, why they do not decode ("" if they do), and the
    metadata that could have been removed and that could not."""

    sha256: str
    width: int = 0
    height: int = 0
    error: str = ""
    metadata: tuple[str, ...] = ()
    metadata_left: tuple[str, ...] = ()


def look(data: bytes, known: Mapping[str, Look]) -> Look:
    """Decode an image fully, as `datasets` shows it, unless the same bytes are in `known` (by sha256)."""
    from PIL import Image

    from leafinstruct.images.pixels import orientation

    sha256 = hashlib.sha256(data).hexdigest()
    if sha256 in known:
        return known[sha256]
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            width, height = reversed(image.size) if orientation(image) >= 5 else image.size
    except Exception as error:  # Pillow raises many types on damaged files; all mean the same here
        return Look(sha256, error=f"{type(error).__name__}: {str(error)[:120]}")
    stripped = strip(data)
    return Look(sha256, width, height, "", stripped.removed, stripped.left)


NULLABLE = ("clip_score", "generated_caption", "caption_model")
"""Of an image's facts, those that not every image has."""


def _parts(row: dict) -> list[tuple[str, dict]]:
    """Each content entry of a row with the role of its message, in reading order."""
    return [(message["role"], part) for message in row["messages"] or [] for part in message["content"] or []]


def nulls(row: dict, looks: list[Look]) -> Iterator[str]:
    for name in (*TEXT_COLUMNS, *PUBLISHED):
        if row[name] is None:
            yield f"{name} is null"
    for number, message in enumerate(row["messages"] or []):
        if message["role"] is None or message["content"] is None:
            yield f"message {number} has a null role or content"
    if any(part["type"] is None or part["text"] is None for _, part in _parts(row)):
        yield "a content entry has a null type or text"
    if any(not image or image["bytes"] is None for image in row["images"] or []):
        yield "an image has no bytes"
    for number, meta in enumerate(row["image_meta"] or []):
        if empty := [name for name, value in (meta or {}).items() if value is None and name not in NULLABLE]:
            yield f"image_meta {number}: {', '.join(empty)} is null"


def content(row: dict, looks: list[Look]) -> Iterator[str]:
    for role, part in _parts(row):
        if part["type"] not in ("text", "image"):
            yield f"a content entry of the {role} has type {part['type']!r}"
        elif part["type"] == "image" and part["text"]:
            yield f"the text of an image entry is {part['text'][:40]!r}, not empty"
        elif part["type"] == "text" and not (part["text"] or "").strip():
            yield f"a text entry of the {role} is blank"
    for message in row["messages"] or []:
        kinds = [part["type"] for part in message["content"] or []]
        if ("text", "text") in zip(kinds, kinds[1:], strict=False):
            yield f"two texts of the {message['role']} follow each other; chat templates join them without a space"


def markdown(row: dict, looks: list[Look]) -> Iterator[str]:
    for number, message in enumerate(row["messages"] or []):
        for part in message["content"] or []:
            for fault in faults(part["text"] or "") if part["type"] == "text" else ():
                yield f"a text of message {number} ({message['role']}): {fault}"


def roles(row: dict, looks: list[Look]) -> Iterator[str]:
    found = [message["role"] for message in row["messages"] or []]
    if found != [("user", "assistant")[number % 2] for number in range(len(found))]:
        yield f"roles are {found}; they must alternate, and the user must begin"


def answer(row: dict, looks: list[Look]) -> Iterator[str]:
    if not any(role == "assistant" and (part["type"] == "image" or part["text"]) for role, part in _parts(row)):
        yield "no turn of the assistant has content"


def placeholders(row: dict, looks: list[Look]) -> Iterator[str]:
    places = sum(part["type"] == "image" for _, part in _parts(row))
    if places != len(looks):
        yield f"{places} image entries in the messages but {len(looks)} images"


def decode(row: dict, looks: list[Look]) -> Iterator[str]:
    for number, image in enumerate(looks):
        if image.error:
            yield f"image {number} does not decode: {image.error}"


def image_meta(row: dict, looks: list[Look]) -> Iterator[str]:
    metas = row["image_meta"] or []
    if len(metas) != len(looks):
        yield f"{len(metas)} image_meta for {len(looks)} images"
        return
    for number, (meta, image) in enumerate(zip(metas, looks, strict=True)):
        if (meta or {}).get("sha256") != image.sha256:
            yield f"image {number}: image_meta has sha256 {(meta or {}).get('sha256')}, the bytes have {image.sha256}"
        elif not image.error and (meta["width"], meta["height"]) != (image.width, image.height):
            size = f"{meta['width']} x {meta['height']}"
            yield f"image {number}: image_meta has {size}, the displayed size is {image.width} x {image.height}"


def metadata(row: dict, looks: list[Look]) -> Iterator[str]:
    for number, image in enumerate(looks):
        if image.metadata:
            yield f"image {number} has removable metadata: {', '.join(image.metadata)}"


RowCheck = Callable[[dict, list[Look]], Iterator[str]]
ROW_CHECKS: dict[str, tuple[str, RowCheck]] = {
    "nulls": ("no text, role, type or image is null", nulls),
    "content": (
        "entries are texts that are not blank, or images with an empty text; no two texts in a row",
        content,
    ),
    "markdown": ("code fences in texts are closed, and rows of tables have their head and delimiter row", markdown),
    "roles": ("roles alternate and the user begins", roles),
    "answer": ("a turn of the assistant has content", answer),
    "placeholders": ("the messages have as many image entries as the row has images", placeholders),
    "decode": ("every image decodes", decode),
    "image_meta": ("image_meta has the sha256 and the displayed size of each image", image_meta),
    "metadata": ("no image has metadata that could be removed", metadata),
}
