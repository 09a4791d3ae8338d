"""A dual encoder: images and texts as unit vectors in one space. The only module that loads models with open_clip.

All batches have the same size and shape, padded if items run out, so that a number never depends on its neighbors.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from leafinstruct.errors import LeafError
from leafinstruct.models.device import Device, pick_device
from leafinstruct.models.weights import ModelPath, resolve
from leafinstruct.settings import Positive

if TYPE_CHECKING:
    import numpy as np
    import torch
    from PIL.Image import Image

# On CPUs bigger batches are slower (27 images a second at 8 on two cores).
CPU_BATCH = 8


class Clip:
    """An open_clip model, ready to embed.

    `model` is a folder in open_clip's format, `hf-hub:org/name`, `org/name`, open_clip's `architecture/tag` (such as
    `ViT-B-32/laion2b_s34b_b79k`), or `demo:clip-lite0` / `demo:clip-lite2`, which are assembled dual encoders and not
    CLIP checkpoints. Raises LeafError if open_clip is not installed or the weights cannot be found.
    """

    def __init__(self, model: str, device: Device = "cpu", batch_size: Positive = CPU_BATCH) -> None:
        self.device = pick_device(device)
        found = resolve(model)
        self.name = model
        self.batch_size = batch_size
        self._model, self._preprocess, self._tokenizer = _load(found, self.device)
        # A hub model's commit may be known only once it is downloaded.
        self.revision = found.revision if found.kind != "hub" else resolve(model).revision
        self.context_tokens: int = self._tokenizer.context_length
        self.dim: int = self.embed_texts(["a"]).shape[1]

    def embed_images(self, images: Iterable[Image]) -> np.ndarray:
        """Unit vectors [n, dim] float32, in order, of images as displayed (orientation, transparency, 16 bits)."""
        from leafinstruct.images.pixels import displayed

        tensors = (self._preprocess(displayed(image)) for image in images)
        return self._embed(tensors, self._model.encode_image)

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Unit vectors [m, dim] float32, in order; a text longer than `context_tokens` is cut there."""
        return self._embed((self._tokenizer([text])[0] for text in texts), self._model.encode_text)

    def text_windows(self, text: str, max_tokens: int | None = None) -> list[str]:
        """Split a text at spaces into windows of at most `max_tokens` (default: what fits the text encoder)."""
        room = self.context_tokens - 2  # start and end
        return text_windows(text, min(max_tokens or room, room), self._count_tokens)

    def _count_tokens(self, text: str) -> int:
        inner = getattr(self._tokenizer, "tokenizer", None)  # open_clip's wrapper of a transformers tokenizer
        if inner is None:
            return len(self._tokenizer.encode(text))
        return len(inner(text, add_special_tokens=False)["input_ids"])

    def _embed(self, rows: Iterable[torch.Tensor], encode: Callable[..., torch.Tensor]) -> np.ndarray:
        import numpy as np
        import torch

        vectors = []
        with torch.inference_mode():
            for batch in _batches(iter(rows), self.batch_size):
                filler = [torch.zeros_like(batch[0])] * (self.batch_size - len(batch))
                full = torch.stack(batch + filler).to(self.device)
                out = encode(full, normalize=True)[: len(batch)]
                vectors.append(out.float().cpu().numpy())
        if not vectors:
            return np.zeros((0, self.dim), dtype=np.float32)
        return np.concatenate(vectors)


def text_windows(text: str, max_tokens: int, count: Callable[[str], int]) -> list[str]:
    """Split `text` at spaces into pieces of at most `max_tokens` by `count`; split longer words inside.

    Nothing of the text is lost except the spaces at the cuts; a blank text gives no window.
    """
    windows: list[str] = []
    current, used = "", 0
    for word in re.findall(r"\S+\s*", text):
        for piece in _pieces(word, max_tokens, count):
            tokens = count(piece)
            if current and used + tokens > max_tokens:
                windows.append(current.strip())
                current, used = "", 0
            current, used = current + piece, used + tokens
    return [*windows, current.strip()] if current else windows


def _pieces(word: str, max_tokens: int, count: Callable[[str], int]) -> Iterator[str]:
    if len(word) < 2 or count(word) <= max_tokens:
        yield word
        return
    half = len(word) // 2
    yield from _pieces(word[:half], max_tokens, count)
    yield from _pieces(word[half:], max_tokens, count)


def _batches(rows: Iterator[torch.Tensor], size: int) -> Iterator[list[torch.Tensor]]:
    while batch := list(islice(rows, size)):
        yield batch


def _load(found: ModelPath, device: str) -> tuple[Any, Any, Any]:
    """Model, image transform and tokenizer. open_clip raises many kinds of errors: each becomes one line."""
    try:
        import open_clip
    except ImportError as error:
        raise LeafError(f"model {found.name!r} needs open_clip ({error}): pip install leafinstruct[clip]") from error
    pretrained = None
    if found.kind == "folder":
        name = f"local-dir:{found.path}"
    elif found.kind == "hub":
        # open_clip takes no revision: download the files of that one, then load them as a folder.
        name = f"local-dir:{_snapshot(found)}" if found.requested else f"hf-hub:{found.path}"
    else:
        name, pretrained = found.path.split("/")
    try:
        model, preprocess = open_clip.create_model_from_pretrained(name, pretrained=pretrained, device=device)
        tokenizer = open_clip.get_tokenizer(name)
    except Exception as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise LeafError(f"model {found.name!r} does not load in open_clip: {reason}") from error
    return model.eval(), preprocess, tokenizer


def _snapshot(found: ModelPath) -> str:
    from huggingface_hub import snapshot_download

    try:
        return snapshot_download(found.path, revision=found.requested)
    except Exception as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise LeafError(
            f"model {found.name!r}: not in the local cache, and the hub cannot provide it: {reason}"
        ) from error
