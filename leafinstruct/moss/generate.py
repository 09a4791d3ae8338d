"""Text and images written one token at a time by a trained model, turned back into text and PNG."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from leafinstruct.moss.adapters import decoding
from leafinstruct.moss.codebook import ASSISTANT, END, FIRST_CODE, IMAGE, Codebook
from leafinstruct.moss.data import Example

if TYPE_CHECKING:
    import torch

_STYLE = (
    "body{font:15px sans-serif;margin:2em}td{vertical-align:top;width:33%;padding:.6em;border-top:1px solid #ccc}"
    "p{white-space:pre-wrap;overflow-wrap:anywhere}img{image-rendering:pixelated;width:128px;display:block}"
)


def generate(
    model: torch.nn.Module,
    prompt: np.ndarray,
    codebook: Codebook,
    new_tokens: int,
    temperature: float = 0.0,
    generator: torch.Generator | None = None,
) -> np.ndarray:
    """Ids int64 that follow the prompt [time], at most `new_tokens`, up to and with END. Temperature 0 is greedy.

    What may come next follows from the format: within an image only image tokens, grid * grid of them; elsewhere
    bytes, END, or an image if it still fits. Decodes with a cache of keys, values and the convolution's past.
    """
    import torch
    from transformers import DynamicCache

    limit = len(prompt) + new_tokens
    size = codebook.grid**2
    cache = DynamicCache()
    ids, given, in_image = prompt.tolist(), len(prompt), 0
    step = torch.from_numpy(prompt)[None]
    with torch.inference_mode(), decoding(model):
        while len(ids) < limit:
            logits = model(input_ids=step, past_key_values=cache, use_cache=True, logits_to_keep=1).logits[0, -1]
            allowed = _allowed(codebook, in_image > 0, len(ids) + 1 + size <= limit)
            chosen = _choose(logits.float().masked_fill(~torch.from_numpy(allowed), -torch.inf), temperature, generator)
            ids.append(chosen)
            in_image = size if chosen == IMAGE else max(in_image - 1, 0)
            if chosen == END:
                break
            step = torch.tensor([[chosen]])
    return np.array(ids[given:])


def _allowed(codebook: Codebook, in_image: bool, image_fits: bool) -> np.ndarray:
    allowed = np.zeros(codebook.vocabulary, bool)
    if in_image:
        allowed[FIRST_CODE:] = True
    else:
        allowed[:256] = True
        allowed[END] = True
        allowed[IMAGE] = image_fits
    return allowed


def _choose(logits: torch.Tensor, temperature: float, generator: torch.Generator | None) -> int:
    import torch

    if temperature == 0:
        return int(logits.argmax())
    return int(torch.multinomial((logits / temperature).softmax(0), 1, generator=generator))


def to_parts(ids: np.ndarray, codebook: Codebook) -> list[str | np.ndarray]:
    """Texts and images (uint8 [side, side, 3]) in reading order. Bytes that are not UTF-8 become U+FFFD; an image that
    a window's end or `new_tokens` cut off cannot occur, as both keep images whole."""
    parts: list[str | np.ndarray] = []
    text = bytearray()
    at = 0
    while at < len(ids):
        token = int(ids[at])
        if token < 256:
            text.append(token)
        elif text:
            parts.append(text.decode("utf-8", "replace"))
            text.clear()
        if token == IMAGE:
            parts.append(codebook.decode(ids[at + 1 : at + 1 + codebook.grid**2]))
            at += codebook.grid**2
        at += 1
    return [*parts, text.decode("utf-8", "replace")] if text else parts


@dataclass(frozen=True, slots=True)
class Sample:
    """A prompt, the answer of the record and the model's, as token ids; `held_out` if training did not see it."""

    record: str
    held_out: bool
    prompt: np.ndarray
    reference: np.ndarray
    generated: np.ndarray


def pick_prompts(examples: Sequence[Example], count: int, longest: int) -> list[tuple[Example, int]]:
    """The first `count` examples that hold their record's start and an answer, with the length of the prompt (up to
    the first token of the answer), no prompt longer than `longest`."""
    found = []
    for example in examples:
        turns = np.flatnonzero(example.ids == ASSISTANT)
        if len(turns) and 1 < turns[0] < longest and example.labels[turns[0] + 1 :].max(initial=-1) >= 0:
            found.append((example, int(turns[0]) + 1))
    return found[:count]


def write_samples(samples: Sequence[Sample], codebook: Codebook, folder: Path) -> list[Path]:
    """Write each sample's texts and PNGs and `index.html`, which shows answer and reference side by side. Reference
    images are what their tokens decode to: the best the model could do. Returns all files, the index first."""
    folder.mkdir(parents=True, exist_ok=True)
    index = folder / "index.html"
    files, rows = [index], []
    for number, sample in enumerate(samples):
        cells = []
        for kind in ("prompt", "reference", "generated"):
            written, cell = _write_parts(to_parts(getattr(sample, kind), codebook), folder, f"{number:02d}-{kind}")
            files += written
            cells.append(f"<td>{cell}</td>")
        seen = "held out" if sample.held_out else "seen in training"
        rows.append(
            f"<tr><td colspan=3><b>{html.escape(sample.record)}</b> ({seen})</td></tr><tr>{''.join(cells)}</tr>"
        )
    head = "<tr><th>prompt</th><th>reference</th><th>generated</th></tr>"
    page = f"<!doctype html><meta charset=utf-8><title>Samples</title><style>{_STYLE}</style>"
    index.write_text(f"{page}<h1>Samples</h1><table>{head}{''.join(rows)}</table>\n", encoding="utf-8")
    return files


def _write_parts(parts: list[str | np.ndarray], folder: Path, name: str) -> tuple[list[Path], str]:
    """Files of one side of a sample (a text with a line for each image, and the images), and its HTML."""
    from PIL import Image

    files, cells, lines = [folder / f"{name}.txt"], [], []
    for part in parts:
        if isinstance(part, str):
            cells.append(f"<p>{html.escape(part)}</p>")
            lines.append(part)
        else:
            file = folder / f"{name}-{len(files)}.png"
            Image.fromarray(part).save(file)
            files.append(file)
            cells.append(f'<img src="{file.name}" alt="">')
            lines.append(f"[{file.name}]")
    files[0].write_text("\n".join(lines) + "\n", encoding="utf-8")
    return files, "".join(cells)
