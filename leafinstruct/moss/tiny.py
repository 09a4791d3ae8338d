"""The bundled tiny models: a Llama of transformers with a random backbone, whose images are ids or vectors.

Proving shards needs no checkpoint: adapters, embeddings and head learn on top of a backbone that stays random.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from leafinstruct.errors import LeafError

if TYPE_CHECKING:
    import torch


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
        initializer_range=hidden
        ** -0.5,  # a random backbone must propagate the signal; transformers' .02 is for backbones that learn
        tie_word_embeddings=False,
        use_cache=False,
        pad_token_id=None,
        bos_token_id=None,
        eos_token_id=None,
    )
    torch.manual_seed(seed)
    return LlamaForCausalLM(config)


def save_backbone(model: Any, folder: Path) -> None:
    """Write `config.json` and `model.safetensors` of a model without adapters, as transformers reads them."""
    from safetensors.torch import save

    folder.mkdir(parents=True, exist_ok=True)
    model.config.save_pretrained(folder)
    (folder / "model.safetensors").write_bytes(save(model.state_dict(), metadata={"format": "pt"}))


def load_backbone(folder: Path) -> torch.nn.Module:
    """The model that `save_backbone` wrote into a folder. Raises LeafError if there is none."""
    from safetensors.torch import load_file
    from transformers import LlamaConfig, LlamaForCausalLM

    from leafinstruct.moss.continuous import add_vectors

    if not (folder / "model.safetensors").is_file():
        raise LeafError(f"{folder}: contains no model.safetensors; name a folder written by `leafinstruct train`")
    config = LlamaConfig.from_pretrained(folder)
    model = LlamaForCausalLM(config)
    if width := getattr(config, "patch_width", 0):
        add_vectors(model, width)
    model.load_state_dict(load_file(folder / "model.safetensors"))
    return model
