"""Training a MoSS model on published shards: read, learn, validate, test the pairing, generate, report.

One thread and fixed seeds: on one machine the same shards give the same report, but for the seconds.
"""

from __future__ import annotations

import json
import math
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from leafinstruct.document import LeafError
from leafinstruct.moss import adapters
from leafinstruct.moss.codebook import Codebook, fit
from leafinstruct.moss.data import Example, SplitCounts, find_shards, make_examples, read_rows
from leafinstruct.moss.generate import Sample, generate, pick_prompts, write_samples
from leafinstruct.moss.model import (
    TRAINED_WHOLE,
    Losses,
    collate,
    evaluate,
    load_body,
    save_body,
    tiny_llama,
    token_losses,
)
from leafinstruct.moss.pairing import one_per_record, pairing_test

if TYPE_CHECKING:
    import torch

Progress = Callable[[dict[str, Any]], None]
CODEBOOK_FILE, BASE_FOLDER = "codebook.npz", "base"
_LAST = 10  # steps whose mean is reported as the last loss: one batch alone is noise


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """Settings of a training. Defaults suit a hundred records on a laptop's CPU: two minutes.

    Images become grid x grid patches of patch x patch pixels: 64 tokens each. `context` is in tokens, a byte of text
    each. `held_out` rows of validation (then test) are validated and paired on: 60 gave z above 10 on good shards.
    """

    variant: str = "moss"
    r: int = 8
    alpha: float = 16.0
    kernel: int = 2
    steps: int = 60
    batch: int = 6
    learning_rate: float = 5e-3
    warmup: int = 10
    clip: float = 1.0
    context: int = 1024
    hidden: int = 128
    layers: int = 3
    grid: int = 8
    patch: int = 4
    codes: int = 256
    held_out: int = 60
    samples: int = 3
    temperature: float = 0.7
    seed: int = 0
    threads: int = 1

    def __post_init__(self) -> None:
        adapters.check_variant(self.variant)
        for name in ("r", "kernel", "steps", "batch", "hidden", "layers", "grid", "patch", "codes", "threads"):
            if getattr(self, name) < 1:
                raise LeafError(f"train: {name} is {getattr(self, name)}; it must be 1 or more")
        if self.hidden % 4:
            raise LeafError(f"train: hidden is {self.hidden}; it must be a multiple of 4")
        if self.context < 2 * (self.grid**2 + 4):
            raise LeafError(f"train: context {self.context} is too short for images of {self.grid**2} tokens")


@dataclass(frozen=True, slots=True)
class TrainReport:
    """What a training did. Losses are nats a token, of assistant's tokens only, text and image apart (None without
    such tokens): `first` of the first step, `last` the mean of the last 10, `validation` after training. `data` counts
    what became of the rows of each split (SplitCounts), `windows_trained` distinct windows, `tokens_trained` with
    repeats and padding. `samples` are paths within the folder, `codebook["mean_error"]` is of 255."""

    variant: str
    steps: int
    seconds: float
    trainable_parameters: int
    adapter_parameters: int
    total_parameters: int
    first: dict[str, float | None]
    last: dict[str, float | None]
    validation: dict[str, float | None]
    pairing: dict[str, float | int | None]
    data: dict[str, dict[str, Any]]
    windows_trained: int
    tokens_trained: int
    codebook: dict[str, float | int]
    samples: list[str]
    config: dict[str, Any]


@dataclass(slots=True)
class Data:
    """Windows to train on, held-out windows by record, the codebook of the training images, and the counts."""

    train: list[Example]
    held_out: list[Example]
    codebook: Codebook
    codebook_error: float
    counts: dict[str, SplitCounts]


def train(shards: Path, out: Path, config: TrainConfig, progress: Progress | None = None) -> TrainReport:
    """Train on a folder of shards and write adapter, base, codebook, log, samples and report into `out`.

    `progress` is called with a JSON-able dict for every step and phase. `report.json` is written last. LeafError if
    torch is missing, or no record can be trained on. Runs on the CPU, where the tiny model is at home.
    """
    torch = _torch()
    started = time.monotonic()
    threads = torch.get_num_threads()
    torch.set_num_threads(config.threads)
    try:
        with torch.random.fork_rng(devices=[]):
            return _train(shards, out, config, progress or (lambda event: None), started)
    finally:
        torch.set_num_threads(threads)


def load(folder: Path) -> tuple[torch.nn.Module, Codebook]:
    """The model and codebook that a training wrote into a folder, ready to generate."""
    _torch()
    model = adapters.from_pretrained(load_body(folder / BASE_FOLDER), folder)
    return model.eval(), Codebook.load(folder / CODEBOOK_FILE)


def _torch() -> Any:
    missing = [name for name in ("torch", "transformers", "safetensors") if find_spec(name) is None]
    if missing:
        raise LeafError(f"training needs {', '.join(missing)}: install leafinstruct[train]")
    import torch

    return torch


def _train(shards: Path, out: Path, config: TrainConfig, progress: Progress, started: float) -> TrainReport:
    out.mkdir(parents=True, exist_ok=True)
    progress({"phase": "read"})
    data = read_data(shards, config)
    model = make_model(data.codebook, config, out)
    data.codebook.save(out / CODEBOOK_FILE)
    log = []
    with (out / "log.jsonl").open("w", encoding="utf-8") as file:
        for event in run_steps(model, data.train, config):
            log.append(event)
            file.write(json.dumps(event) + "\n")
            file.flush()
            progress({"phase": "train", "steps": config.steps, **event})
    adapters.save_pretrained(model, out)
    model.eval()
    progress({"phase": "validate"})
    validation = evaluate(model, data.held_out, config.batch).means()
    size = data.codebook.image_tokens.size
    pairing = pairing_test(model, one_per_record(data.held_out), size, config.batch)
    progress({"phase": "sample"})
    shutil.rmtree(out / "samples", ignore_errors=True)
    files = write_samples(sample(model, data, config), data.codebook, out / "samples")
    parameters = dict(model.named_parameters())
    report = TrainReport(
        variant=config.variant,
        steps=len(log),
        seconds=round(time.monotonic() - started, 1),
        trainable_parameters=sum(p.numel() for p in parameters.values() if p.requires_grad),
        adapter_parameters=sum(p.numel() for name, p in parameters.items() if ".moss." in name),
        total_parameters=sum(p.numel() for p in parameters.values()),
        first=_mean(log[:1]),
        last=_mean(log[-_LAST:]),
        validation=validation,
        pairing=asdict(pairing),
        data={split: asdict(counts) for split, counts in data.counts.items()},
        windows_trained=min(len(data.train), config.steps * config.batch),
        tokens_trained=sum(event["tokens"] for event in log),
        codebook={"codes": len(data.codebook.patches), "mean_error": round(data.codebook_error, 2)},
        samples=[file.relative_to(out).as_posix() for file in files],
        config=asdict(config),
    )
    (out / "report.json").write_text(json.dumps(asdict(report), indent=2) + "\n", encoding="utf-8")
    progress({"phase": "done", "seconds": report.seconds})
    return report


def read_data(shards: Path, config: TrainConfig) -> Data:
    """Read as many training rows as the steps can use, and `held_out` rows of validation, then of test."""
    files = find_shards(shards)
    side = config.grid * config.patch
    counts = {split: SplitCounts() for split in files}
    rows = list(islice(read_rows(files["train"], side, counts["train"]), config.steps * config.batch))
    if not sum(len(row.images) for row in rows):
        raise LeafError(f"{shards}: no training record with an image; dropped: {dict(counts['train'].dropped)}")
    images = np.concatenate([row.images for row in rows])
    codebook = fit(images, config.grid, config.codes, config.seed)
    train_examples = [e for row in rows for e in make_examples(row, codebook, config.context, counts["train"])]
    held_out: list[Example] = []
    left = config.held_out
    for split in ("validation", "test"):
        if split in files and left:
            rows = list(islice(read_rows(files[split], side, counts[split]), left))
            left -= len(rows)
            held_out += [e for row in rows for e in make_examples(row, codebook, config.context, counts[split])]
    return Data(train_examples, held_out, codebook, codebook.error(images), counts)


def make_model(codebook: Codebook, config: TrainConfig, out: Path) -> torch.nn.Module:
    """The tiny model with its adapters; the frozen body is written to `out` as transformers writes it."""
    model = tiny_llama(codebook.vocabulary, config.hidden, config.layers, config.context, config.seed)
    save_body(model, out / BASE_FOLDER)
    moss = adapters.MossConfig(
        image_tokens=codebook.image_tokens,
        variant=config.variant,
        r=config.r,
        alpha=config.alpha,
        kernel=config.kernel,
        modules_to_save=TRAINED_WHOLE,
    )
    return adapters.inject(model, moss)


def run_steps(model: torch.nn.Module, examples: list[Example], config: TrainConfig) -> Iterator[dict[str, Any]]:
    """Train, and give an event for each step: its losses, learning rate, gradient norm, tokens and seconds so far."""
    import torch

    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=config.learning_rate, weight_decay=0.0)
    batches = _batches(examples, config)
    started = time.monotonic()
    model.train()
    for step in range(config.steps):
        optimizer.param_groups[0]["lr"] = rate = learning_rate(step, config)
        ids, labels = collate(next(batches))
        losses = token_losses(model, ids, labels)
        (losses.sum() / (labels >= 0).sum()).backward()
        norm = torch.nn.utils.clip_grad_norm_(trained, config.clip)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        sums = Losses()
        sums.add(losses, labels)
        yield {
            "step": step + 1,
            "loss": sums.means(),
            "learning_rate": round(rate, 7),
            "gradient_norm": round(float(norm), 4),
            "tokens": ids.numel(),
            "seconds": round(time.monotonic() - started, 2),
        }


def learning_rate(step: int, config: TrainConfig) -> float:
    """Linear warm-up, then a cosine down to a tenth."""
    warmup = min(config.warmup, config.steps)
    if step < warmup:
        return config.learning_rate * (step + 1) / warmup
    done = (step - warmup) / max(config.steps - warmup, 1)
    return config.learning_rate * (0.1 + 0.45 * (1 + math.cos(math.pi * done)))


def _batches(examples: list[Example], config: TrainConfig) -> Iterator[list[Example]]:
    """Batches without end: every window once before any comes again, in an order of the seed."""
    generator = np.random.default_rng(config.seed)
    waiting: list[Example] = []
    while True:
        while len(waiting) < config.batch:
            waiting += [examples[i] for i in generator.permutation(len(examples))]
        yield waiting[: config.batch]
        waiting = waiting[config.batch :]


def sample(model: torch.nn.Module, data: Data, config: TrainConfig) -> list[Sample]:
    """Answers to held-out prompts, and to training prompts where those are too few."""
    import torch

    prompts = [(*found, True) for found in pick_prompts(data.held_out, config.samples, config.context * 3 // 4)]
    seen = pick_prompts(data.train, config.samples - len(prompts), config.context * 3 // 4)
    prompts += [(*found, False) for found in seen]
    generator = torch.Generator().manual_seed(config.seed)
    samples = []
    for example, start, held_out in prompts:
        prompt, reference = example.ids[:start], example.ids[start:]
        answer = generate(model, prompt, data.codebook, config.context - start, config.temperature, generator)
        samples.append(Sample(example.record, held_out, prompt, reference, answer))
    return samples


def _mean(events: list[dict[str, Any]]) -> dict[str, float | None]:
    """Mean of the steps' losses, modality by modality, over the steps that had any."""
    means: dict[str, float | None] = {}
    for modality in ("text", "image"):
        values = [e["loss"][modality] for e in events if e["loss"][modality] is not None]
        means[modality] = round(sum(values) / len(values), 4) if values else None
    return means
