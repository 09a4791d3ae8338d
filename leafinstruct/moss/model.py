"""What training, evaluation and generation need from a model, and the kind whose images are ids (`Discrete`).

Losses are our own cross-entropy on the head's output: some models with image output mask image logits in theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from leafinstruct.moss.batches import Batch, collate
from leafinstruct.moss.data import Example
from leafinstruct.moss.tokenizer import Tokenizer

if TYPE_CHECKING:
    import torch

TRAINED_WHOLE = ("embed_tokens", "lm_head")


class Backbone(Protocol):
    """A model with its tokenizer. `unit` is the unit of an image token's loss; text is in nats."""

    model: Any
    tokenizer: Tokenizer
    unit: str

    def losses(self, batch: Batch) -> torch.Tensor:
        """Loss of each labeled token given those before it, float32 [rows, time], 0 without a label."""
        ...

    def step(self, ids: torch.Tensor, cache: Any, vectors: torch.Tensor | None) -> tuple[torch.Tensor, torch.Tensor]:
        """One pass of cached decoding over ids [1, time] (`vectors` [image tokens, width] of the image tokens among
        them): logits [vocabulary] and image vector [width] of the next token."""
        ...


@dataclass(slots=True)
class Discrete:
    """A causal LM of transformers with one vocabulary for text and images: Llama, Emu3, Chameleon."""

    model: Any
    tokenizer: Tokenizer
    unit: str = "nats"

    def losses(self, batch: Batch) -> torch.Tensor:
        import torch

        hidden = self.model.base_model(
            input_ids=batch.ids, position_ids=batch.positions, use_cache=False
        ).last_hidden_state
        wanted = batch.labels[:, 1:] >= 0
        logits = self.model.get_output_embeddings()(hidden[:, :-1][wanted])  # labeled positions only: half the work
        losses = torch.zeros(batch.labels.shape, device=hidden.device)
        losses[:, 1:][wanted] = torch.nn.functional.cross_entropy(
            logits.float(), batch.labels[:, 1:][wanted], reduction="none"
        )
        return losses

    def step(self, ids: torch.Tensor, cache: Any, vectors: torch.Tensor | None) -> tuple[torch.Tensor, torch.Tensor]:
        hidden = self.model.base_model(input_ids=ids, past_key_values=cache, use_cache=True).last_hidden_state[0, -1]
        return self.model.get_output_embeddings()(hidden).float(), hidden[:0]


@dataclass(slots=True)
class Losses:
    """Sums of token losses of each modality, and their numbers of tokens."""

    text: float = 0.0
    image: float = 0.0
    text_tokens: int = 0
    image_tokens: int = 0

    def add(self, losses: torch.Tensor, labels: torch.Tensor, tokenizer: Tokenizer) -> None:
        layout = tokenizer.image_tokens
        image = (labels >= layout.first) & (labels < layout.first + layout.count)
        text = (labels >= 0) & ~image
        self.text += float(losses.detach()[text].sum())
        self.image += float(losses.detach()[image].sum())
        self.text_tokens += int(text.sum())
        self.image_tokens += int(image.sum())

    def means(self) -> dict[str, float | None]:
        """Mean loss per token, 4 places; None where there were no tokens."""
        return {
            "text": round(self.text / self.text_tokens, 4) if self.text_tokens else None,
            "image": round(self.image / self.image_tokens, 4) if self.image_tokens else None,
        }


def evaluate(backbone: Backbone, examples: Sequence[Example], batch: int) -> Losses:
    """Losses over examples, without training on them. Examples of similar length share a batch, which needs little
    padding."""
    import torch

    total = Losses()
    ordered = sorted(examples, key=lambda example: len(example.ids))
    with torch.inference_mode():
        for start in range(0, len(ordered), batch):
            part = collate([[e] for e in ordered[start : start + batch]], backbone.tokenizer.pad).to(
                backbone.model.device
            )
            total.add(backbone.losses(part), part.labels, backbone.tokenizer)
    return total


def example_losses(backbone: Backbone, examples: Sequence[Example], batch: int) -> np.ndarray:
    """Mean loss over the labeled tokens of each example, float64 [n]."""
    import torch

    means = np.zeros(len(examples))
    order = sorted(range(len(examples)), key=lambda index: len(examples[index].ids))
    with torch.inference_mode():
        for start in range(0, len(order), batch):
            chosen = order[start : start + batch]
            part = collate([[examples[i]] for i in chosen], backbone.tokenizer.pad).to(backbone.model.device)
            losses = backbone.losses(part).double()
            means[chosen] = (losses.sum(1) / (part.labels >= 0).sum(1)).cpu().numpy()
    return means
