"""Other shapes of a published row, for trainers that want them: functions, not second copies of the data."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any


def obelics(row: Mapping[str, Any]) -> dict[str, list[Any]]:
    """`texts` and `images` as OBELICS has them: parallel lists in reading order, at each place one of them None."""
    images = iter(row["images"])
    parts = [part for message in row["messages"] for part in message["content"]]
    return {
        "texts": [part["text"] if part["type"] == "text" else None for part in parts],
        "images": [next(images) if part["type"] == "image" else None for part in parts],
    }


def text_loss(
    collate: Callable[[Sequence[Mapping[str, Any]]], dict[str, Any]], image_tokens: Collection[int]
) -> Callable[[Sequence[Mapping[str, Any]]], dict[str, Any]]:
    """A collator whose labels leave out the ids `image_tokens`, for models that read images and write text.

    TRL's vision collator (1.16) counts the placeholders of the assistant's images as text to be learnt: a model would
    be taught to write them, and learn nothing about the images. They stay in the input.
    """
    import torch

    ids = torch.tensor(sorted(image_tokens))

    def collate_text(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        batch = collate(rows)
        batch["labels"] = batch["labels"].masked_fill(torch.isin(batch["labels"], ids), -100)
        return batch

    return collate_text
