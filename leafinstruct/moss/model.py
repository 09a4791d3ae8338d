"""The bundled tiny model: a Llama of transformers with a random body, and the loss both modalities share.

No checkpoint is needed to prove shards: adapters, embeddings and head learn on top of a body that stays random.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from leafinstruct.document import LeafError
from leafinstruct.moss.codebook import FIRST_CODE, PAD
from leafinstruct.moss.data import IGNORE, Example

if TYPE_CHECKING:
    import torch

TRAINED_WHOLE = ("embed_tokens", "lm_head")


def tiny_llama(vocabulary: int, hidden: int, layers: int, context: int, seed: int) -> torch.nn.Module:
    """A LlamaForCausalLM with random weights (under a million parameters at the default sizes)."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=hidden,
        intermediate_size=2 * hidden,
        num_hidden_layers=layers,
        num_attention_heads=2,  # half of a step's time is attention, and it grows with the number of heads
        num_key_value_heads=2,
        max_position_embeddings=context,
        initializer_range=hidden**-0.5,  # a random body must pass signal on; transformers' .02 is for bodies that learn
        tie_word_embeddings=False,
        use_cache=False,
        pad_token_id=None,
        bos_token_id=None,
        eos_token_id=None,
    )
    torch.manual_seed(seed)
    return LlamaForCausalLM(config)


def save_body(model: Any, folder: Path) -> None:
    """Write `config.json` and `model.safetensors` of a model without adapters, as transformers reads them."""
    from safetensors.torch import save

    folder.mkdir(parents=True, exist_ok=True)
    model.config.save_pretrained(folder)
    (folder / "model.safetensors").write_bytes(save(model.state_dict(), metadata={"format": "pt"}))


def load_body(folder: Path) -> torch.nn.Module:
    """The model in a folder of `save_body`; LeafError if there is none."""
    from safetensors.torch import load_file
    from transformers import LlamaConfig, LlamaForCausalLM

    if not (folder / "model.safetensors").is_file():
        raise LeafError(f"{folder}: no model.safetensors in it; name a folder written by `leafinstruct train`")
    model = LlamaForCausalLM(LlamaConfig.from_pretrained(folder))
    model.load_state_dict(load_file(folder / "model.safetensors"))
    return model


def collate(examples: Sequence[Example]) -> tuple[torch.Tensor, torch.Tensor]:
    """input_ids and labels int64 [batch, time], padded on the right (where a causal model cannot see it)."""
    import torch

    longest = max(len(e.ids) for e in examples)
    ids = np.full((len(examples), longest), PAD)
    labels = np.full((len(examples), longest), IGNORE)
    for index, example in enumerate(examples):
        ids[index, : len(example.ids)] = example.ids
        labels[index, : len(example.ids)] = example.labels
    return torch.from_numpy(ids), torch.from_numpy(labels)


def token_losses(model: torch.nn.Module, ids: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Cross-entropy in nats of each token given those before it, float32 [batch, time]; 0 without a label.

    Own cross-entropy over the full vocabulary: some models with image output mask image logits in their own loss.
    """
    import torch

    logits = model(input_ids=ids).logits[:, :-1].float()
    losses = torch.nn.functional.cross_entropy(
        logits.flatten(0, 1), labels[:, 1:].flatten(), ignore_index=IGNORE, reduction="none"
    )
    return torch.nn.functional.pad(losses.view(len(ids), -1), (1, 0))


@dataclass(slots=True)
class Losses:
    """Sums of token losses of each modality, and how many tokens they are of."""

    text: float = 0.0
    image: float = 0.0
    text_tokens: int = 0
    image_tokens: int = 0

    def add(self, losses: torch.Tensor, labels: torch.Tensor) -> None:
        image, text = labels >= FIRST_CODE, (labels >= 0) & (labels < FIRST_CODE)
        self.text += float(losses.detach()[text].sum())
        self.image += float(losses.detach()[image].sum())
        self.text_tokens += int(text.sum())
        self.image_tokens += int(image.sum())

    def means(self) -> dict[str, float | None]:
        """Mean loss in nats a token, 4 places; None where there were no tokens."""
        return {
            "text": round(self.text / self.text_tokens, 4) if self.text_tokens else None,
            "image": round(self.image / self.image_tokens, 4) if self.image_tokens else None,
        }


def evaluate(model: torch.nn.Module, examples: Sequence[Example], batch: int) -> Losses:
    """Losses over examples, without training on them."""
    import torch

    total = Losses()
    with torch.inference_mode():
        for start in range(0, len(examples), batch):
            ids, labels = collate(examples[start : start + batch])
            total.add(token_losses(model, ids, labels), labels)
    return total
