"""Models whose images go in and come out as vectors, as in Emu2: cross-entropy on text, regression on image tokens.

A regression predicts the mean of what may come. Fed with its own output it therefore turns gray and drifts: the loss
under teacher forcing says little about free running, and `free_running` measures how little.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from leafinstruct.moss.batches import Batch
from leafinstruct.moss.codebook import FIRST_CODE, ByteText, cut, writable
from leafinstruct.moss.data import Example
from leafinstruct.moss.neighbors import ImageTokens
from leafinstruct.moss.tokenizer import Tokenizer

if TYPE_CHECKING:
    import torch

VECTOR_MODULES = ("patch_in", "patch_out")


@dataclass(frozen=True, slots=True)
class Pixels(ByteText):
    """A `Tokenizer` whose image tokens are the pixels of grid x grid patches, scaled to -1 to 1; all have one id."""

    grid: int
    patch: int

    @property
    def width(self) -> int:
        return self.patch**2 * 3

    @property
    def side(self) -> int:
        return self.grid * self.patch

    @property
    def vocabulary(self) -> int:
        return FIRST_CODE + 1

    @property
    def writable(self) -> np.ndarray:
        return writable(self.vocabulary)

    @property
    def image_tokens(self) -> ImageTokens:
        return ImageTokens(FIRST_CODE, 1, self.grid, self.grid)

    def encode(self, images: np.ndarray) -> np.ndarray:
        return np.full((len(images), self.grid**2), FIRST_CODE)

    def vectors(self, images: np.ndarray) -> np.ndarray:
        return (cut(images, self.grid) / 127.5 - 1).reshape(len(images), self.grid**2, self.width)

    def decode(self, ids: np.ndarray, vectors: np.ndarray | None = None) -> np.ndarray | None:
        if vectors is None:
            return None
        pixels = np.clip(np.round((vectors + 1) * 127.5), 0, 255).astype(np.uint8)
        tiles = pixels.reshape(self.grid, self.grid, self.patch, self.patch, 3)
        return tiles.transpose(0, 2, 1, 3, 4).reshape(self.side, self.side, 3)


def add_vectors(model: Any, width: int) -> None:
    """Give a causal LM of transformers an input and an output projection for image vectors. In each pass,
    `model.image_vectors` [image tokens, width], in order of rows and time, replaces the embeddings of id FIRST_CODE."""
    import torch

    hidden = model.config.hidden_size
    model.patch_in = torch.nn.Linear(width, hidden)
    model.patch_out = torch.nn.Linear(hidden, width)
    model.config.patch_width = width
    model.image_vectors = None

    def place(_embedding: Any, args: tuple[Any, ...], output: torch.Tensor) -> torch.Tensor:
        shown = args[0] == FIRST_CODE
        if not shown.any():
            return output
        return output.masked_scatter(shown.unsqueeze(-1), model.patch_in(model.image_vectors.to(output.dtype)))

    model.get_input_embeddings().register_forward_hook(place)


@dataclass(slots=True)
class Continuous:
    """A model after `add_vectors`. An image token's loss is the mean squared error of its vector."""

    model: Any
    tokenizer: Tokenizer
    unit: str = "squared error"

    def losses(self, batch: Batch) -> torch.Tensor:
        import torch

        self.model.image_vectors = batch.vectors
        hidden = self.model.base_model(
            input_ids=batch.ids, position_ids=batch.positions, use_cache=False
        ).last_hidden_state[:, :-1]
        labels, losses = batch.labels[:, 1:], torch.zeros(batch.labels.shape, device=batch.labels.device)
        text, image = (labels >= 0) & (labels != FIRST_CODE), labels == FIRST_CODE
        logits = self.model.get_output_embeddings()(hidden[text])
        losses[:, 1:][text] = torch.nn.functional.cross_entropy(logits.float(), labels[text], reduction="none")
        if batch.vectors is not None:
            wanted = batch.vectors[image[batch.ids[:, 1:] == FIRST_CODE]]
            losses[:, 1:][image] = (self.model.patch_out(hidden[image]).float() - wanted).square().mean(1)
        return losses

    def step(self, ids: torch.Tensor, cache: Any, vectors: torch.Tensor | None) -> tuple[torch.Tensor, torch.Tensor]:
        self.model.image_vectors = vectors
        hidden = self.model.base_model(input_ids=ids, past_key_values=cache, use_cache=True).last_hidden_state[0, -1]
        return self.model.get_output_embeddings()(hidden).float(), self.model.patch_out(hidden).float()


def free_running(backbone: Continuous, examples: Sequence[Example]) -> dict[str, float | int]:
    """Mean squared error of the first image of each answer with its own output fed back in (`free`), with the true
    image fed in (`forced`), and of a plain gray image (`grey`), over `n` images."""
    import torch
    from transformers import DynamicCache

    size = backbone.tokenizer.image_tokens.size
    sums: dict[str, float] = {"free": 0.0, "forced": 0.0, "grey": 0.0}
    count = 0
    for example in examples:
        number = next((n for n, (_, answer) in enumerate(example.image_positions) if answer), None)
        if number is None or example.vectors is None:
            continue
        count += 1
        true = torch.from_numpy(example.vectors[number])
        ids = torch.from_numpy(example.ids[: example.image_positions[number][0]])[None]
        shown = torch.from_numpy(example.vectors[:number].reshape(-1, true.shape[1]))
        one = torch.tensor([[FIRST_CODE]])
        for name in ("free", "forced"):
            cache, written = DynamicCache(), []
            with torch.inference_mode():
                vector = backbone.step(ids, cache, shown)[1]
                for token in range(size):
                    written.append(vector)
                    fed = vector if name == "free" else true[token]
                    vector = backbone.step(one, cache, fed[None])[1]
            sums[name] += float((torch.stack(written) - true).square().mean())
        sums["grey"] += float(true.square().mean())
    return {**{name: round(total / max(count, 1), 4) for name, total in sums.items()}, "n": count}
