"""A model writes text and images one token at a time; they are turned back into text and pixels."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from leafinstruct.moss.model import Backbone
from leafinstruct.moss.tokenizer import Tokenizer, image_length, image_plan

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class Written:
    """Ids int64 [time] and, where images are vectors, those of all image tokens among them, float32 [n, width]."""

    ids: np.ndarray
    vectors: np.ndarray | None = None


def generate(
    backbone: Backbone,
    prompt: Written,
    new_tokens: int,
    temperature: float = 0.0,
    generator: torch.Generator | None = None,
) -> Written:
    """Continue the prompt by at most `new_tokens`, up to and including the end of the turn. Temperature 0 is greedy.

    The format limits the next token: within an image, as many image tokens as the grid has; elsewhere text, the end, or
    an image if it still fits. Decodes with a cache of keys, values and the convolution's past.
    """
    import torch
    from transformers import DynamicCache

    tokenizer, device = backbone.tokenizer, backbone.model.device
    limit, begin, length = len(prompt.ids) + new_tokens, tokenizer.before[0], image_length(tokenizer)
    ids, vectors, plan = prompt.ids.tolist(), [], deque[int | None]()
    cache, step = DynamicCache(), torch.from_numpy(prompt.ids)[None].to(device)
    shown = None if prompt.vectors is None else torch.from_numpy(prompt.vectors).to(device)
    in_text, in_image = (torch.from_numpy(allowed).to(device) for allowed in _allowed(tokenizer))
    with torch.inference_mode():
        while len(ids) < limit:
            logits, vector = backbone.step(step, cache, shown)
            inside, forced, shown = bool(plan), plan.popleft() if plan else None, None
            if forced is not None:
                token = forced
            else:
                in_text[begin] = len(ids) + length <= limit
                allowed = in_image if inside else in_text
                token = _choose(logits.masked_fill(~allowed, -torch.inf), temperature, generator)
            ids.append(token)
            if inside and forced is None and tokenizer.width:
                shown = vector[None]
                vectors.append(vector.cpu().numpy())
            elif not inside and token == begin:
                plan = image_plan(tokenizer)
            elif not inside and token == tokenizer.end[-1]:
                break
            step = torch.tensor([[token]], device=device)
    return Written(np.array(ids[len(prompt.ids) :]), np.array(vectors) if vectors else None)


def _allowed(tokenizer: Tokenizer) -> tuple[np.ndarray, np.ndarray]:
    """Bool [vocabulary] each: what may be written outside an image, and inside."""
    image = np.zeros(tokenizer.vocabulary, bool)
    image[tokenizer.image_tokens.first : tokenizer.image_tokens.first + tokenizer.image_tokens.count] = True
    return tokenizer.writable, image


def _choose(logits: torch.Tensor, temperature: float, generator: torch.Generator | None) -> int:
    import torch

    if temperature == 0:
        return int(logits.argmax())
    return int(torch.multinomial((logits / temperature).softmax(0).cpu(), 1, generator=generator))


@dataclass(frozen=True, slots=True)
class Undecoded:
    """An image of a model that cannot turn its tokens into pixels."""

    tokens: int


def to_parts(written: Written, tokenizer: Tokenizer) -> list[str | np.ndarray | Undecoded]:
    """Texts and images (uint8 [side, side, 3]) in reading order. No image is cut off: windows and `new_tokens` both
    keep images whole."""
    parts: list[str | np.ndarray | Undecoded] = []
    layout, ids = tokenizer.image_tokens, written.ids.tolist()
    words: list[int] = []
    at = images = 0
    while at < len(ids):
        if ids[at] != tokenizer.before[0]:
            words.append(ids[at])
            at += 1
            continue
        if text := tokenizer.words(words):
            parts.append(text)
        words = []
        start = at + len(tokenizer.before)
        vectors = (
            None if written.vectors is None else written.vectors[images * layout.size : (images + 1) * layout.size]
        )
        pixels = tokenizer.decode(written.ids[start : start + layout.span], vectors)
        parts.append(Undecoded(layout.size) if pixels is None else pixels)
        images += 1
        at += image_length(tokenizer)
    text = tokenizer.words(words)
    return [*parts, text] if text else parts
