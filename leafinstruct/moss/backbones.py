"""From a name to a model with its tokenizer: `tiny`, `tiny-continuous`, or a checkpoint by hub id or folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from leafinstruct.moss.adapters import from_pretrained, inject
from leafinstruct.moss.codebook import Codebook, fit
from leafinstruct.moss.config import MossConfig
from leafinstruct.moss.continuous import VECTOR_MODULES, Continuous, Pixels, add_vectors
from leafinstruct.moss.model import TRAINED_WHOLE, Backbone, Discrete
from leafinstruct.moss.settings import TINY, TrainConfig
from leafinstruct.moss.tiny import load_backbone, save_backbone, tiny_llama

CODEBOOK_FILE, BASE_FOLDER = "codebook.npz", "base"


def image_side(config: TrainConfig) -> int:
    """Width and height in pixels of images in the tiny models."""
    return config.grid * config.patch


def tiny_tokenizer(images: np.ndarray, config: TrainConfig) -> Codebook | Pixels:
    """The tokenizer of a tiny model for uint8 images [n, side, side, 3]; a codebook is fitted to them."""
    if config.model == "tiny":
        return fit(images, config.grid, config.codes, config.seed)
    return Pixels(config.grid, config.patch)


def tiny_backbone(tokenizer: Codebook | Pixels, config: TrainConfig) -> Backbone:
    """A tiny model without adapters; the seed makes its random backbone."""
    model: Any = tiny_llama(tokenizer.vocabulary, config.hidden, config.layers, config.context, config.seed)
    if isinstance(tokenizer, Codebook):
        return Discrete(model, tokenizer)
    add_vectors(model, tokenizer.width)
    return Continuous(model, tokenizer)


def moss_config(backbone: Backbone, config: TrainConfig) -> MossConfig:
    """The adapters that a training asks for. Tiny models also train embeddings and head in full; checkpoints train
    nothing but the adapters."""
    tiny = TRAINED_WHOLE + (VECTOR_MODULES if config.model == "tiny-continuous" else ())
    return MossConfig(
        image_tokens=backbone.tokenizer.image_tokens,
        variant=config.variant,
        r=config.r,
        image_r=config.image_r,
        alpha=config.alpha,
        dropout=config.dropout,
        kernel=config.kernel,
        target_modules=config.target_modules,
        modules_to_save=tiny if config.model in TINY else (),
    )


def prepare(backbone: Backbone, config: TrainConfig, out: Path) -> Backbone:
    """Inject the adapters, after writing to `out` the files that a tiny model is loaded from."""
    import torch

    if config.model in TINY:
        save_backbone(backbone.model, out / BASE_FOLDER)
    if isinstance(backbone.tokenizer, Codebook):
        backbone.tokenizer.save(out / CODEBOOK_FILE)
    torch.manual_seed(config.seed)  # the same adapters, whatever was drawn before
    inject(backbone.model, moss_config(backbone, config))
    if config.gradient_checkpointing:
        backbone.model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    return backbone


def load_trained(folder: Path, config: TrainConfig) -> Backbone:
    """The tiny model that a training with this configuration wrote into a folder, ready to generate."""
    model: Any = from_pretrained(load_backbone(folder / BASE_FOLDER), folder).eval()
    if config.model == "tiny":
        return Discrete(model, Codebook.load(folder / CODEBOOK_FILE))
    return Continuous(model, Pixels(config.grid, config.patch))
