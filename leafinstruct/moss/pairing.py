"""The pairing test: do held-out images fit their own record's text better than another record's?

A falling loss proves nothing: blank images train best of all. This number is near 0 when images and texts do not belong
together, whatever the loss does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from leafinstruct.moss.data import IGNORE, Example
from leafinstruct.moss.model import Backbone, example_losses


@dataclass(frozen=True, slots=True)
class Pairing:
    """Over `n` held-out rows: `gap`, the mean of CE(images | another row's text) - CE(images | own text) in nats per
    token, and `z` = gap / standard error (None below 2 rows). `skipped` rows had no image to compare."""

    z: float | None
    n: int
    gap: float | None
    skipped: int


def pairing_test(backbone: Backbone, examples: Sequence[Example], batch: int) -> Pairing:
    """Takes one example per row. The other text is that of the next row in order of layout (the number of images, and
    whose they are), so each text is used once as own and once as another's: position and length cancel out. Compares
    the images that are the assistant's in both rows."""
    rows = sorted(
        (e for e in examples if _answers(e)), key=lambda e: (len(e.image_positions), e.image_positions and _roles(e))
    )
    pairs, span = [], backbone.tokenizer.image_tokens.span
    for own, other in zip(rows, rows[1:] + rows[:1], strict=True):
        common = sorted(_answers(own) & _answers(other))
        if common and own is not other:
            pairs.append((_only(own, own, common, span), _only(other, own, common, span)))
    own_losses = example_losses(backbone, [own for own, _ in pairs], batch)
    gaps = example_losses(backbone, [other for _, other in pairs], batch) - own_losses
    skipped = len(examples) - len(gaps)
    if len(gaps) < 2:
        return Pairing(None, len(gaps), None, skipped)
    error = gaps.std(ddof=1) / len(gaps) ** 0.5
    z = round(float(gaps.mean() / error), 2) if error > 0 else None
    return Pairing(z, len(gaps), round(float(gaps.mean()), 4), skipped)


def one_per_record(examples: Sequence[Example]) -> list[Example]:
    """Each record's first window with an image of the assistant, or else its last."""
    chosen: dict[str, Example] = {}
    for example in examples:
        if example.record not in chosen or not _answers(chosen[example.record]):
            chosen[example.record] = example
    return list(chosen.values())


def _roles(example: Example) -> tuple[bool, ...]:
    return tuple(answer for _, answer in example.image_positions)


def _answers(example: Example) -> set[int]:
    """Indices of the images that are the assistant's."""
    return {index for index, (_, answer) in enumerate(example.image_positions) if answer}


def _only(text: Example, images: Example, compared: list[int], span: int) -> Example:
    """The text of one example with the images of another in its places, labels on the compared images only."""
    ids, labels = text.ids.copy(), np.full_like(text.labels, IGNORE)
    for (place, _), (source, _) in zip(text.image_positions, images.image_positions, strict=False):
        ids[place : place + span] = images.ids[source : source + span]
    vectors = None if text.vectors is None or images.vectors is None else text.vectors.copy()
    if vectors is not None and images.vectors is not None:
        shared = min(len(vectors), len(images.vectors))
        vectors[:shared] = images.vectors[:shared]
    for index in compared:
        place = text.image_positions[index][0]
        labels[place : place + span] = ids[place : place + span]
    return Example(images.record, ids, labels, text.image_positions, text.opens, vectors)
