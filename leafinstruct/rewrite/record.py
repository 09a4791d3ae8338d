"""Records from drafts: messages whose image placeholders match images and image_meta, or the row with the drop
reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from leafinstruct.document import Content, Document, ImageMeta, Message, Part, Record, record_id
from leafinstruct.rewrite.task import Draft
from leafinstruct.text.plain import shown

Scores = tuple[tuple[str, float | None], ...]
PLACES = 4
"""Decimal places of published floats."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Values from earlier stages that a record publishes.

    `clip`: the score of an image, by document id and position of its part in the raw document. `scores`: columns of a
    document, by its id.
    """

    clip: Mapping[tuple[str, int], float | None] = field(default_factory=dict)
    scores: Mapping[str, Scores] = field(default_factory=dict)


def messages_of(draft: Draft, instructions: Sequence[str], plain: bool = False) -> tuple[Message, ...]:
    """For each turn the user's request followed by what the user gives; then the answer. `plain` leaves out the markup
    of the document's texts."""
    found: list[Message] = []
    for turn, instruction in enumerate(instructions):
        found.append(Message("user", (Content("text", instruction), *contents(draft.input(turn), plain))))
        found.append(Message("assistant", contents(draft.output(turn), plain)))
    return tuple(found)


def contents(parts: Sequence[Part], plain: bool = False) -> tuple[Content, ...]:
    """Parts as content of a message, in order. Neighboring texts are joined, with a blank line between them."""
    found: list[Content] = []
    for part in parts:
        if part.type == "image":
            found.append(Content("image"))
            continue
        text = _plain(part.text) if plain else part.text
        if found and found[-1].type == "text":
            text = f"{found.pop().text}\n\n{text}"
        found.append(Content("text", text))
    return tuple(found)


def _plain(text: str) -> str:
    """A text without markup; the spaces beside a picture of its line stay."""
    before, after = (" " * text.startswith(" "), " " * text.endswith(" "))
    return f"{before}{shown(text).strip(' ')}{after}"


def record(draft: Draft, messages: tuple[Message, ...], writer: str, facts: Facts, topic: str = "") -> Record:
    """The published example. Its images are in the order of the parts that the messages were made of. `topic` is used
    if the document has none."""
    positions = [i for i in draft.positions if draft.document.parts[i].type == "image"]
    named = replace(draft.document, topic=draft.document.topic or topic)
    return _row(
        named,
        draft.task,
        writer,
        facts,
        messages=messages,
        images=tuple(draft.document.parts[i].image for i in positions),
        image_meta=tuple(_image_meta(draft.document, i, facts) for i in positions),
    )


def dropped(document: Document, task: str, reason: str, writer: str, facts: Facts) -> Record:
    """The row of a document that became no example; `reason` names a rule."""
    return _row(document, task, writer, facts, dropped_by=f"rewrite:{reason}")


def _row(
    document: Document,
    task: str,
    writer: str,
    facts: Facts,
    messages: tuple[Message, ...] = (),
    images: tuple[str, ...] = (),
    image_meta: tuple[ImageMeta, ...] = (),
    dropped_by: str = "",
) -> Record:
    scores = ((name, _rounded(value)) for name, value in facts.scores.get(document.id, ()))
    return Record(
        id=record_id(document.id, task),
        document=document.id,
        task=task,
        source=document.source,
        path=document.path,
        url=document.url,
        site=document.site,
        license=document.license,
        topic=document.topic,
        language=document.language,
        messages=messages,
        images=images,
        image_meta=image_meta,
        scores=tuple(scores),
        writer=writer,
        dropped_by=dropped_by,
    )


def _image_meta(document: Document, position: int, facts: Facts) -> ImageMeta:
    part = document.parts[position]
    raw = document.raw[position] if document.raw else position
    score = _rounded(facts.clip.get((document.id, raw)))
    return ImageMeta(part.image, part.url, document.license, part.caption or part.alt, score)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, PLACES)
