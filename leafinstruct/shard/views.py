"""Other shapes of a published row, for trainers that need them: functions, not second copies of the data."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any


def obelics(row: Mapping[str, Any]) -> dict[str, list[Any]]:
    """`texts` and `images` as in OBELICS: parallel lists in reading order, with None in one of them at each index."""
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

    TRL's vision collator (1.16) trains on the placeholders of the assistant's images as text: a model would learn to
    write them and nothing about the images. They stay in the input.
    """
    import torch

    ids = torch.tensor(sorted(image_tokens))

    def collate_text(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        batch = collate(rows)
        batch["labels"] = batch["labels"].masked_fill(torch.isin(batch["labels"], ids), -100)
        return batch

    return collate_text
