"""Samples of a trained model: prompt, reference and the generated answer, as files side by side."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from leafinstruct.moss.data import IGNORE, Example
from leafinstruct.moss.generate import Undecoded, Written, to_parts
from leafinstruct.moss.tokenizer import Tokenizer

_STYLE = (
    "body{font:15px sans-serif;margin:2em}td{vertical-align:top;width:33%;padding:.6em;border-top:1px solid #ccc}"
    "p{white-space:pre-wrap;overflow-wrap:anywhere}img{image-rendering:pixelated;width:128px;display:block}"
)


@dataclass(frozen=True, slots=True)
class Sample:
    """A prompt, the answer of the record and the model's; `held_out` if training did not see it."""

    record: str
    held_out: bool
    prompt: Written
    reference: Written
    generated: Written


def pick_prompts(examples: Sequence[Example], count: int, longest: int) -> list[tuple[Example, int]]:
    """The first `count` examples that hold their record's start and an answer, with the length of the prompt (up to the
    first token of the answer), which must be below `longest`."""
    found = []
    for example in examples:
        labeled = np.flatnonzero(example.labels != IGNORE)
        if example.opens and len(labeled) and 0 < labeled[0] < longest:
            found.append((example, int(labeled[0])))
    return found[:count]


def split_at(example: Example, start: int) -> tuple[Written, Written]:
    """The tokens before and from a position, each with the vectors of its images."""
    if example.vectors is None:
        return Written(example.ids[:start]), Written(example.ids[start:])
    before = sum(place < start for place, _ in example.image_positions)
    width = example.vectors.shape[-1]
    prompt, answer = example.vectors[:before], example.vectors[before:]
    return Written(example.ids[:start], prompt.reshape(-1, width)), Written(
        example.ids[start:], answer.reshape(-1, width)
    )


WRITTEN = re.compile(r"\d{2,}-(?:prompt|reference|generated)(?:\.txt|-\d+\.png)|index\.html")
"""Names of the files of samples."""


def remove_samples(folder: Path) -> None:
    """Delete the samples of an earlier training, and nothing else that lies in their folder."""
    for file in folder.glob("*"):
        if WRITTEN.fullmatch(file.name) and file.is_file():
            file.unlink()


def write_samples(samples: Sequence[Sample], tokenizer: Tokenizer, folder: Path) -> list[Path]:
    """Write each sample's texts and PNGs and `index.html`, which shows answer and reference side by side. Reference
    images are decoded from their tokens: the best the model could do. Returns all files, the index first."""
    folder.mkdir(parents=True, exist_ok=True)
    index = folder / "index.html"
    files, rows = [index], []
    for number, sample in enumerate(samples):
        cells = []
        for kind in ("prompt", "reference", "generated"):
            written, cell = _write_parts(to_parts(getattr(sample, kind), tokenizer), folder, f"{number:02d}-{kind}")
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


def _write_parts(parts: list[str | np.ndarray | Undecoded], folder: Path, name: str) -> tuple[list[Path], str]:
    """Files of one side of a sample (a text with a line for each image, and the images), and its HTML."""
    from PIL import Image

    files, cells, lines = [folder / f"{name}.txt"], [], []
    for part in parts:
        if isinstance(part, str):
            cells.append(f"<p>{html.escape(part)}</p>")
            lines.append(part)
        elif isinstance(part, Undecoded):
            lines.append(f"[an image of {part.tokens} tokens; this model's decoder of images is not in transformers]")
            cells.append(f"<p><i>{html.escape(lines[-1])}</i></p>")
        else:
            file = folder / f"{name}-{len(files)}.png"
            Image.fromarray(part).save(file)
            files.append(file)
            cells.append(f'<img src="{file.name}" alt="">')
            lines.append(f"[{file.name}]")
    files[0].write_text("\n".join(lines) + "\n", encoding="utf-8")
    return files, "".join(cells)
