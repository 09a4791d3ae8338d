"""The data and the single trainings of `prove`: one codebook and one held-out set for all, equal tokens for each.

Workers read the prepared windows from one file, so that a grid of many trainings decodes every image once.
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from leafinstruct.errors import LeafError
from leafinstruct.moss.codebook import Codebook, fit
from leafinstruct.moss.config import MossConfig, match, total_size
from leafinstruct.moss.data import Example, Row, SplitCounts, find_shards, make_examples, read_rows
from leafinstruct.moss.settings import TrainConfig

SHUFFLED = "shuffled"
_CODEBOOK_IMAGES = 600  # of each dataset; k-means looks at no more patches than 300 images have


@dataclass(frozen=True, slots=True)
class Arm:
    """An adapter of the grid. `matched`: its rank is chosen so that it has as many parameters as `moss` of the
    configured rank; else it has the configured rank. `none` has no adapter: the plain backbone."""

    name: str
    variant: str
    matched: bool


@dataclass(frozen=True, slots=True)
class GridData:
    """Training windows by name of the data, held-out windows, the codebook of all, and the weights of the backbone that
    all share (None: a random one for each seed)."""

    train: dict[str, list[Example]]
    held_out: list[Example]
    codebook: Codebook
    facts: dict[str, Any]
    base: dict[str, Any] | None = None

    def digest(self, data: str) -> str:
        """Hash of all that a training on this data sees: its windows, the held-out ones, the codebook and the
        backbone."""
        seen = hashlib.sha256(self.codebook.patches.tobytes())
        for example in [*self.train[data], *self.held_out]:
            seen.update(example.ids.tobytes())
            seen.update(example.labels.tobytes())
        for _, weights in sorted((self.base or {}).items()):  # safetensors gives them in any order
            seen.update(weights.numpy().tobytes())
        return seen.hexdigest()

    def save(self, file: Path) -> None:
        file.write_bytes(pickle.dumps(self))


def read_grid(folders: Mapping[str, Path], config: TrainConfig, most: int, text: int = 0) -> GridData:
    """Read at most `most` training records of each folder of shards; the first is the reference. Texts are cut to their
    first and last `text` / 2 bytes (0: not cut).

    The reference's validation and test records are held out, filled up to `config.held_out` with training records in
    order of their id's hash. A held-out page is trained on in no dataset. `shuffled` is the reference with each image
    moved to another record. Raises LeafError if nothing is left to train on.
    """
    reference = next(iter(folders))
    rows = {name: _rows(folder, config, most + config.held_out) for name, folder in folders.items()}
    split, own = _held_out_rows(folders[reference], config), rows[reference]
    missing = max(config.held_out - len(split), 0)
    chosen = sorted((row for row in own if len(row.images)), key=lambda row: _hash(row.id))[:missing]
    if len(own) <= len(chosen):
        raise LeafError(
            f"{folders[reference]}: {len(own)} records are too few to hold {missing} of them out; add records"
        )
    held_rows = split + chosen
    pages = {row.page for row in held_rows}
    trained = {name: [row for row in found if row.page not in pages][:most] for name, found in rows.items()}
    trained[SHUFFLED] = shuffle_images(trained[reference], config.seed)
    for name, found in trained.items():
        if not sum(len(row.images) for row in found):
            raise LeafError(f"data {name!r}: no record with an image is left to train on; add records")
    images = [np.concatenate([row.images for row in trained[name]])[:_CODEBOOK_IMAGES] for name in folders]
    codebook = fit(np.concatenate(images), config.grid, config.codes, config.seed)
    counts = SplitCounts()

    def windows(found: Sequence[Row]) -> list[Example]:
        cut = [cut_texts(row, text) for row in found] if text else found
        return [e for row in cut for e in make_examples(row, codebook, config.context, counts)]

    held = windows(held_rows)
    facts = {
        "records": {name: len(found) for name, found in trained.items()},
        "held_out": {"records": len(held_rows), "from_train": len(chosen), "windows": len(held)},
        "removed_as_held_out": {name: sum(row.page in pages for row in rows[name]) for name in folders},
        "codes": len(codebook.patches),
    }
    return GridData({name: windows(found) for name, found in trained.items()}, held, codebook, facts)


def cut_texts(row: Row, most: int) -> Row:
    """The record with every text longer than `most` bytes cut to its first and last half of them."""

    def cut(text: str | None) -> str | None:
        data = (text or "").encode("utf-8", "replace")
        if len(data) <= most:
            return text
        return "".join(part.decode("utf-8", "ignore") for part in (data[: most // 2], data[-(most // 2) :]))

    return replace(row, turns=tuple((role, tuple(cut(part) for part in parts)) for role, parts in row.turns))


def _rows(folder: Path, config: TrainConfig, most: int) -> list[Row]:
    found, side = [], config.grid * config.patch
    for row in read_rows(find_shards(folder)["train"], side, SplitCounts()):
        found.append(row)
        if len(found) == most:
            break
    return found


def _held_out_rows(folder: Path, config: TrainConfig) -> list[Row]:
    files, side = find_shards(folder), config.grid * config.patch
    rows = [r for split in ("validation", "test") for r in read_rows(files.get(split, []), side, SplitCounts())]
    return [row for row in rows if len(row.images)][: config.held_out]


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def shuffle_images(rows: Sequence[Row], seed: int) -> list[Row]:
    """The same texts and the same images, with every image in a place of another record (if there is one)."""
    owners = np.repeat(np.arange(len(rows)), [len(row.images) for row in rows])
    order = np.random.default_rng(seed).permutation(len(owners))
    step = max(np.bincount(owners, minlength=1).max(), 1) if len(owners) else 0
    # Sorted by owner and rotated by the most images any record has, no image returns to its own record.
    by_owner = order[np.argsort(owners[order], kind="stable")]
    giver = np.empty(len(owners), np.int64)
    giver[by_owner] = np.roll(by_owner, step)
    images = np.concatenate([row.images for row in rows]) if rows else np.zeros((0, 1, 1, 3), np.uint8)
    mixed, ends = images[giver], np.cumsum([len(row.images) for row in rows])
    return [replace(row, images=mixed[end - len(row.images) : end]) for row, end in zip(rows, ends, strict=True)]


def arm_config(arm: Arm, layout: Any, config: TrainConfig, layers: Sequence[tuple[int, int]]) -> MossConfig:
    """The adapter of an arm for layers given as (inputs, outputs)."""
    base = MossConfig(layout, "moss", config.r, 0, config.alpha, config.dropout, config.kernel)
    own = replace(base, variant="linear" if arm.variant == "none" else arm.variant)
    return match(own, total_size(base, layers), layers) if arm.matched else own


def train_one(prepared: Path, data: str, arm: Arm, seed: int, config: TrainConfig) -> dict[str, Any]:
    """One training of the grid in this process, on one thread: losses, pairing, parameters and time."""
    import torch

    from leafinstruct.moss.adapters import inject, layer_sizes, parameter_counts, routing_of
    from leafinstruct.moss.backbones import tiny_backbone
    from leafinstruct.moss.loop import run_steps
    from leafinstruct.moss.model import TRAINED_WHOLE, evaluate
    from leafinstruct.moss.pairing import one_per_record, pairing_test

    torch.set_num_threads(1)
    grid: GridData = pickle.loads(prepared.read_bytes())
    config = replace(config, seed=seed)
    backbone = tiny_backbone(grid.codebook, config)
    moss = MossConfig(grid.codebook.image_tokens)
    moss = arm_config(arm, grid.codebook.image_tokens, config, layer_sizes(backbone.model, moss))
    if grid.base is None:
        moss = replace(moss, modules_to_save=TRAINED_WHOLE)
    else:
        backbone.model.load_state_dict(grid.base)
    torch.manual_seed(seed)
    inject(backbone.model, moss)
    if arm.variant == "none":
        switch_off(backbone.model)
    counts = parameter_counts(backbone.model)
    events = list(run_steps(backbone, grid.train[data], config)) if counts["trainable"] else []
    backbone.model.eval()
    losses = evaluate(backbone, grid.held_out, config.batch)
    pairing = pairing_test(backbone, one_per_record(grid.held_out), config.batch)
    times = np.diff([0.0, *(event["seconds"] for event in events)])
    return {
        "data": data,
        "arm": arm.name,
        "seed": seed,
        "image": losses.means()["image"],
        "text": losses.means()["text"],
        "z": pairing.z,
        "pairs": pairing.n,
        "r": moss.r,
        "image_r": moss.image_rank,
        "adapter_parameters": 0 if not routing_of(backbone.model).enabled else counts["adapter"],
        "trainable_parameters": counts["trainable"],
        "tokens": sum(event["tokens"] for event in events),
        "seconds_per_step": round(float(np.median(times)), 4) if events else None,
    }


def switch_off(model: Any) -> None:
    """Disable the adapters for good: the control that learns nothing, or on a random backbone embeddings and head."""
    from leafinstruct.moss.adapters import routing_of

    routing_of(model).enabled = False
    for name, parameter in model.named_parameters():
        if ".moss." in name:
            parameter.requires_grad_(False)
