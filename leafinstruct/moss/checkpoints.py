"""Real checkpoints with image output, by hub id or folder: Emu3 and Chameleon as transformers has them.

Images go through the checkpoint's own VQ encoder, resized to a square, and text through its own tokenizer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from leafinstruct.errors import LeafError
from leafinstruct.models.device import pick_device
from leafinstruct.moss.adapters import from_pretrained
from leafinstruct.moss.model import Backbone, Discrete
from leafinstruct.moss.neighbors import ImageTokens
from leafinstruct.moss.settings import TINY, TrainConfig

KINDS = {"emu3": "Emu3ForConditionalGeneration", "chameleon": "ChameleonForConditionalGeneration"}
_TURNS = {"user": " USER: ", "assistant": " ASSISTANT:"}  # as in Emu3's chat template
_BATCH = 8  # images encoded at once


@dataclass(frozen=True, slots=True)
class CheckpointTokenizer:
    """The `Tokenizer` of a checkpoint. `scale`, `mean` and `std` are those of its image processor: its VQ encoder takes
    (pixel * scale - mean) / std."""

    model: Any
    text_tokenizer: Any
    side: int
    image_tokens: ImageTokens
    before: list[int]
    after: list[int]
    scale: float
    mean: np.ndarray
    std: np.ndarray

    @property
    def vocabulary(self) -> int:
        return int(self.model.get_output_embeddings().out_features)

    @property
    def width(self) -> int:
        return 0

    @property
    def pad(self) -> int:
        return int(self.text_tokenizer.pad_token_id or 0)

    @property
    def start(self) -> list[int]:
        return [self.text_tokenizer.bos_token_id]

    @property
    def end(self) -> list[int]:
        return [self.text_tokenizer.eos_token_id]

    @property
    def writable(self) -> np.ndarray:
        allowed = np.zeros(self.vocabulary, bool)
        allowed[: len(self.text_tokenizer)] = True
        allowed[[i for i in self.text_tokenizer.all_special_ids if i < self.vocabulary]] = False
        layout = self.image_tokens
        allowed[layout.first : layout.first + layout.count] = False
        allowed[[*self.before, *self.after, *([] if layout.row_end is None else [layout.row_end])]] = False
        allowed[self.end] = True
        return allowed

    def role(self, role: str) -> list[int]:
        return self.text(_TURNS[role])

    def text(self, text: str) -> list[int]:
        return list(self.text_tokenizer(text, add_special_tokens=False)["input_ids"])

    def words(self, ids: Sequence[int]) -> str:
        return str(self.text_tokenizer.decode(list(ids), skip_special_tokens=True))

    def encode(self, images: np.ndarray) -> np.ndarray:
        import torch

        pixels = ((images * self.scale - self.mean) / self.std).transpose(0, 3, 1, 2).astype(np.float32)
        found = [np.zeros((0, self.image_tokens.span), np.int64)]
        model = self.model.model
        with torch.inference_mode():
            for start in range(0, len(pixels), _BATCH):
                part = torch.from_numpy(pixels[start : start + _BATCH]).to(model.device, model.dtype)
                sizes = torch.tensor([[self.side, self.side]] * len(part))
                more = {"image_sizes": sizes} if self.image_tokens.row_end is not None else {}
                ids = model.get_image_tokens(pixel_values=part, **more)
                found.append(ids.cpu().numpy().reshape(len(part), self.image_tokens.span))
        return np.concatenate(found).astype(np.int64)

    def vectors(self, images: np.ndarray) -> None:
        return None

    def decode(self, ids: np.ndarray, vectors: np.ndarray | None = None) -> np.ndarray | None:
        """Pixels by Emu3's decoder; None for Chameleon, whose decoder is not in transformers."""
        import torch

        model = self.model.model
        if not hasattr(model, "decode_image_tokens"):
            return None
        layout = self.image_tokens
        framed = torch.from_numpy(np.concatenate([ids, np.zeros(3, np.int64)]))[None].to(model.device)
        made = model.decode_image_tokens(framed, layout.rows, layout.columns).float().cpu().numpy()
        pixels = made.reshape(-1, 3, self.side, self.side)[0].transpose(1, 2, 0)
        return np.clip(np.round((pixels * self.std + self.mean) / self.scale), 0, 255).astype(np.uint8)


def load_checkpoint(config: TrainConfig, adapter: Path | None = None) -> Backbone:
    """The model and tokenizer of `config.model`, with the adapters of a folder if one is given. Raises LeafError if the
    checkpoint is missing or of a kind that cannot write images."""
    import torch
    import transformers

    try:
        found = transformers.AutoConfig.from_pretrained(config.model)
    except (OSError, ValueError) as error:
        known = ", ".join(TINY)
        raise LeafError(f"model {config.model!r}: {str(error).splitlines()[0]} (or name one of {known})") from None
    if found.model_type not in KINDS:
        raise LeafError(f"model {config.model!r} is a {found.model_type}; it must be one of {', '.join(KINDS)}")
    kind = getattr(transformers, KINDS[found.model_type])
    model = kind.from_pretrained(config.model, dtype=getattr(torch, config.precision)).to(pick_device("auto"))
    tokenizer = checkpoint_tokenizer(model, config.model)
    return Discrete(model if adapter is None else from_pretrained(model, adapter).eval(), tokenizer)


def checkpoint_tokenizer(model: Any, name: str) -> CheckpointTokenizer:
    """The tokenizer of a checkpoint, from its text tokenizer, image processor and vocabulary map. Raises LeafError if
    its image ids are not consecutive."""
    from transformers import AutoImageProcessor, AutoTokenizer

    text_tokenizer, processor = AutoTokenizer.from_pretrained(name), AutoImageProcessor.from_pretrained(name)
    mapping = model.model.vocabulary_mapping
    codes = mapping.image_tokens
    if codes[-1] - codes[0] + 1 != len(codes):
        raise LeafError(f"model {name!r}: the ids of its image tokens are not consecutive; use another checkpoint")

    def ids(*words: str) -> list[int]:
        return [i for word in words for i in text_tokenizer(word, add_special_tokens=False)["input_ids"]]

    if model.config.model_type == "emu3":
        factor = 2 ** (len(model.config.vq_config.channel_multiplier) - 1)
        grid = _emu3_side(processor) // factor
        layout = ImageTokens(codes[0], len(codes), grid, grid, row_end=mapping.eol_token_id)
        # As Emu3Processor writes an image: begin, its size, the image token, the codes with ends of rows, end of frame.
        before = ids("<|image start|>", f"{grid}*{grid}", "<|image token|>")
        after = ids("<|extra_201|>", "<|image end|>")
        side = grid * factor
    else:
        vq = model.config.vq_config
        side = vq.resolution
        grid = side // 2 ** (len(vq.channel_multiplier) - 1)
        layout = ImageTokens(codes[0], len(codes), grid, grid)
        before, after = ids("<racm3:break>"), ids("<eoss>")
    mean, std = np.array(processor.image_mean), np.array(processor.image_std)
    return CheckpointTokenizer(model, text_tokenizer, side, layout, before, after, processor.rescale_factor, mean, std)


def _emu3_side(processor: Any) -> int:
    """Side in pixels of the smallest square that the image processor takes."""
    return int(processor.min_pixels**0.5)
