"""Training a MoSS model on published shards: read, train, validate, test the pairing, generate, report.

One thread and fixed seeds: on one machine, the same shards give the same report except for the seconds.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from leafinstruct.errors import LeafError
from leafinstruct.moss.adapters import parameter_counts, save_pretrained
from leafinstruct.moss.backbones import image_side, load_trained, prepare, tiny_backbone, tiny_tokenizer
from leafinstruct.moss.checkpoints import load_checkpoint
from leafinstruct.moss.codebook import Codebook
from leafinstruct.moss.continuous import Continuous, free_running
from leafinstruct.moss.data import Example, Row, SplitCounts, find_shards, make_examples, read_rows
from leafinstruct.moss.generate import generate
from leafinstruct.moss.loop import CHECKPOINT, run_steps
from leafinstruct.moss.model import Backbone, evaluate
from leafinstruct.moss.pairing import one_per_record, pairing_test
from leafinstruct.moss.prove.plot import write_plot
from leafinstruct.moss.samples import Sample, pick_prompts, remove_samples, split_at, write_samples
from leafinstruct.moss.settings import TINY, TrainConfig, TrainReport
from leafinstruct.moss.tokenizer import image_length

Progress = Callable[[dict[str, Any]], None]
_LAST = 10  # steps whose mean is reported as the last loss: a single batch is noise
_FREE = 8  # images whose free running is measured: 64 steps of decoding each


@dataclass(slots=True)
class Data:
    """Windows to train on, held-out windows by record, and the counts."""

    train: list[Example]
    held_out: list[Example]
    counts: dict[str, SplitCounts]


def train(
    shards: Path, out: Path, config: TrainConfig, progress: Progress | None = None, resume: bool = False
) -> TrainReport:
    """Train on a folder of shards and write adapter, base, codebook, log, plot, samples and report into `out`.

    `progress` is called with a JSON-able dict for every step and phase. `report.json` is written last. With `resume`,
    training continues from the checkpoint in `out`, if there is one. Raises LeafError if torch is missing, or no record
    can be trained on. Tiny models run on the CPU; checkpoints on a GPU if there is one.
    """
    torch = _torch()
    started = time.monotonic()
    threads = torch.get_num_threads()
    torch.set_num_threads(config.threads)
    try:
        with torch.random.fork_rng(devices=[]):
            return _train(shards, out, config, progress or (lambda event: None), started, resume)
    finally:
        torch.set_num_threads(threads)


def load(folder: Path) -> Backbone:
    """The model that a training wrote into a folder, ready to generate. Raises LeafError if there is none."""
    _torch()
    file = folder / "report.json"
    if not file.is_file():
        raise LeafError(f"{file}: no such file; name a folder written by `leafinstruct train`")
    settings = json.loads(file.read_text(encoding="utf-8"))["config"]
    config = TrainConfig(**{**settings, "target_modules": tuple(settings["target_modules"])})
    return load_trained(folder, config) if config.model in TINY else load_checkpoint(config, folder)


def _torch() -> Any:
    missing = [name for name in ("torch", "transformers", "safetensors") if find_spec(name) is None]
    if missing:
        raise LeafError(f"training needs {', '.join(missing)}: install leafinstruct[train]")
    import torch

    return torch


def _train(
    shards: Path, out: Path, config: TrainConfig, progress: Progress, started: float, resume: bool
) -> TrainReport:
    out.mkdir(parents=True, exist_ok=True)
    progress({"phase": "read"})
    backbone, data, error = read(shards, config)
    prepare(backbone, config, out)
    log = []
    with (out / "log.jsonl").open("w", encoding="utf-8") as file:
        for event in run_steps(backbone, data.train, config, data.held_out, out, resume):
            log.append(event)
            file.write(json.dumps(event) + "\n")
            file.flush()
            progress({"phase": "train", "steps": config.steps, **event})
    save_pretrained(backbone.model, out)
    backbone.model.eval()
    progress({"phase": "validate"})
    validation = evaluate(backbone, data.held_out, config.batch).means()
    pairing = pairing_test(backbone, one_per_record(data.held_out), config.batch)
    progress({"phase": "sample"})
    remove_samples(out / "samples")
    files = write_samples(sample(backbone, data, config), backbone.tokenizer, out / "samples")
    free = free_running(backbone, data.held_out[:_FREE]) if isinstance(backbone, Continuous) else None
    write_plot(log, out / "loss.svg", backbone.unit)
    counts = parameter_counts(backbone.model)
    tokenizer = backbone.tokenizer
    report = TrainReport(
        model=config.model,
        variant=config.variant,
        steps=len(log),
        seconds=round(time.monotonic() - started, 1),
        seconds_per_step=round(log[-1]["seconds"] / len(log), 4),
        trainable_parameters=counts["trainable"],
        adapter_parameters=counts["adapter"],
        total_parameters=counts["total"],
        image_unit=backbone.unit,
        first=_mean(log[:1]),
        last=_mean(log[-_LAST:]),
        validation=validation,
        pairing=asdict(pairing),
        data={split: asdict(counts) for split, counts in data.counts.items()},
        windows_trained=min(len(data.train), config.steps * config.batch),
        tokens_trained=sum(event["tokens"] for event in log),
        codebook={"codes": len(tokenizer.patches), "mean_error": error} if isinstance(tokenizer, Codebook) else None,
        free_running=free,
        samples=[file.relative_to(out).as_posix() for file in files],
        config=asdict(config),
    )
    (out / "report.json").write_text(json.dumps(asdict(report), indent=2) + "\n", encoding="utf-8")
    (out / CHECKPOINT).unlink(missing_ok=True)
    progress({"phase": "done", "seconds": report.seconds})
    return report


def read(shards: Path, config: TrainConfig) -> tuple[Backbone, Data, float]:
    """The model without adapters, the data in its tokens, and (for `tiny`) the mean error of its codebook (0 to 255).

    Reads as many training rows as the steps can use, and `held_out` rows of validation, then of test.
    """
    files = find_shards(shards)
    counts = {split: SplitCounts() for split in files}
    loaded = None if config.model in TINY else load_checkpoint(config)
    side = loaded.tokenizer.side if loaded else image_side(config)
    most = config.steps * config.batch * (max(config.context // (4 * config.grid**2), 1) if config.packed else 1)
    rows = list(islice(read_rows(files["train"], side, counts["train"]), most))
    if not sum(len(row.images) for row in rows):
        raise LeafError(f"{shards}: no training record with an image; dropped: {dict(counts['train'].dropped)}")
    images = np.concatenate([row.images for row in rows])
    backbone = loaded or tiny_backbone(tiny_tokenizer(images, config), config)
    length = image_length(backbone.tokenizer)
    if config.context < 2 * length:
        raise LeafError(f"train: context {config.context} is too short for images of {length} tokens; raise it")

    def windows(split: str, rows: list[Row]) -> list[Example]:
        return [e for row in rows for e in make_examples(row, backbone.tokenizer, config.context, counts[split])]

    train_examples, held_out, left = windows("train", rows), [], config.held_out
    for split in ("validation", "test"):
        if split in files and left:
            rows = list(islice(read_rows(files[split], side, counts[split]), left))
            left -= len(rows)
            held_out += windows(split, rows)
    tokenizer = backbone.tokenizer
    error = round(tokenizer.error(images), 2) if isinstance(tokenizer, Codebook) else 0.0
    return backbone, Data(train_examples, held_out, counts), error


def sample(backbone: Backbone, data: Data, config: TrainConfig) -> list[Sample]:
    """Answers to held-out prompts, and to training prompts if those are too few."""
    import torch

    prompts = [(*found, True) for found in pick_prompts(data.held_out, config.samples, config.context * 3 // 4)]
    seen = pick_prompts(data.train, config.samples - len(prompts), config.context * 3 // 4)
    prompts += [(*found, False) for found in seen]
    generator = torch.Generator().manual_seed(config.seed)
    samples = []
    for example, start, held_out in prompts:
        prompt, reference = split_at(example, start)
        answer = generate(backbone, prompt, config.context - start, config.temperature, generator)
        samples.append(Sample(example.record, held_out, prompt, reference, answer))
    return samples


def _mean(events: list[dict[str, Any]]) -> dict[str, float | None]:
    """Mean of the steps' losses, by modality, over the steps that had any."""
    means: dict[str, float | None] = {}
    for modality in ("text", "image"):
        values = [e["loss"][modality] for e in events if e["loss"][modality] is not None]
        means[modality] = round(sum(values) / len(values), 4) if values else None
    return means
