"""Whether an instruction gives the answer away in other words: by meaning, where shared words show nothing.

The measure is how much nearer an instruction is to a sentence of the answer than to the title: a request is near its
title, a leaked step is near that step. Similarity alone does not separate them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from leafinstruct.document import Described, Document, Message, Record, schema_of
from leafinstruct.rewrite.title import plain_title
from leafinstruct.text.plain import plain
from leafinstruct.text.sentences import sentences
from leafinstruct.text.words import words

if TYPE_CHECKING:
    import numpy as np

VERSION = 3
"""Grows whenever the same records would get other margins."""
MARGIN: Described = {
    "id": (pa.string(), "id of the record"),
    "margin": (
        pa.float64(),
        "largest over its turns: similarity of the request to the nearest sentence of the answer, minus similarity to "
        "the title or the answer's first line, whichever is nearer; null without a title or a sentence",
    ),
}
SCHEMA = schema_of(MARGIN)
MIN_WORDS = 4
"""Shorter sentences only name things."""
MAX_SENTENCES = 40
"""Sentences of an answer, from its beginning: a model cannot leak what it was not shown."""

Embed = Callable[[Sequence[str]], "np.ndarray"]
"""Texts to unit vectors, float [n, dim]."""


def margins(records: Sequence[Record], documents: Sequence[Document], embed: Embed) -> list[dict[str, Any]]:
    """A row {id, margin} for each record that is not dropped: `margin` is the largest over its turns of similarity to
    the nearest sentence of the answer minus similarity to the title or to the answer's first line, whichever is nearer;
    null without a title or a sentence."""
    titles = {document.id: plain_title(document) for document in documents}
    rows = []
    for record in records:
        if not record.dropped_by:
            turns = zip(record.messages[::2], record.messages[1::2], strict=True)
            found = [_margin(user, answer, titles[record.document], embed) for user, answer in turns]
            known = [value for value in found if value is not None]
            rows.append({"id": record.id, "margin": round(max(known), 4) if known else None})
    return rows


def _margin(user: Message, answer: Message, title: str, embed: Embed) -> float | None:
    texts = [plain(c.text) for c in answer.content if c.type == "text"]
    lines = [s for text in texts for s in sentences(text)]
    later = [s for s in lines[1:] if len(words(s)) >= MIN_WORDS][:MAX_SENTENCES]
    if not title or not later:
        return None
    vectors = embed([user.content[0].text, title, lines[0] or title, *later])
    near = vectors[1:] @ vectors[0]
    return float(near[2:].max() - near[:2].max())
