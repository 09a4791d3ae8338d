"""Windows to batches: one window per row, or several packed into rows of one length without a leak between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from leafinstruct.moss.data import IGNORE, Example

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class Batch:
    """`ids`, `labels`, `positions` int64 [rows, time]. Positions restart with every window: this tells transformers
    where a packed row's windows meet, and it lets none attend to another. `vectors` float32 [image tokens, width] in
    order of rows and time, or None."""

    ids: torch.Tensor
    labels: torch.Tensor
    positions: torch.Tensor
    vectors: torch.Tensor | None = None

    def to(self, device: torch.device) -> Batch:
        vectors = None if self.vectors is None else self.vectors.to(device)
        return Batch(self.ids.to(device), self.labels.to(device), self.positions.to(device), vectors)


def collate(rows: Sequence[Sequence[Example]], pad: int, length: int = 0) -> Batch:
    """Each row's windows end to end, padded on the right (where a causal model cannot see it) to the longest row, or to
    `length`."""
    import torch

    longest = max(length, max(sum(len(e.ids) for e in row) for row in rows))
    ids = np.full((len(rows), longest), pad)
    labels = np.full((len(rows), longest), IGNORE)
    positions = np.zeros((len(rows), longest), np.int64)
    for index, row in enumerate(rows):
        at = 0
        for example in row:
            end = at + len(example.ids)
            ids[index, at:end] = example.ids
            labels[index, at:end] = example.labels
            positions[index, at:end] = np.arange(end - at)
            at = end
        positions[index, at:] = np.arange(longest - at)
    vectors = [example.vectors for row in rows for example in row if example.vectors is not None]
    shown = torch.from_numpy(np.concatenate(vectors).reshape(-1, vectors[0].shape[-1])) if vectors else None
    return Batch(torch.from_numpy(ids), torch.from_numpy(labels), torch.from_numpy(positions), shown)


def pack(examples: Sequence[Example], length: int) -> list[list[Example]]:
    """Rows of at most `length` tokens, filled in the given order: a window is put into the first of the last 16 open
    rows that has room."""
    rows: list[list[Example]] = []
    room: list[int] = []
    for example in examples:
        need = len(example.ids)
        for index in range(max(0, len(rows) - 16), len(rows)):
            if room[index] >= need:
                rows[index].append(example)
                room[index] -= need
                break
        else:
            rows.append([example])
            room.append(length - need)
    return rows


def endless(examples: Sequence[Example], batch: int, seed: int, packed: int = 0) -> Iterator[list[list[Example]]]:
    """Batches of `batch` rows without end: every window once before any repeats, in an order drawn by the seed. With
    `packed`, a row holds as many windows as fit in that many tokens."""
    generator = np.random.default_rng(seed)
    waiting: list[list[Example]] = []
    while True:
        while len(waiting) < batch:
            shuffled = [examples[i] for i in generator.permutation(len(examples))]
            waiting += pack(shuffled, packed) if packed else [[example] for example in shuffled]
        yield waiting[:batch]
        waiting = waiting[batch:]
