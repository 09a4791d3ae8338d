"""`prove`: is it the data or the adapter? A grid of small trainings, data x adapter x seed, with equal tokens.

Toy scale: a frozen backbone of half a million parameters. It can only show the direction of differences.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from statistics import mean, stdev
from tempfile import TemporaryDirectory
from typing import Any

from leafinstruct import layout
from leafinstruct.errors import LeafError, did_you_mean
from leafinstruct.moss.config import VARIANTS
from leafinstruct.moss.prove.damage import check_teaching, damage_table
from leafinstruct.moss.prove.grid import SHUFFLED, Arm, GridData, arm_config, read_grid, switch_off, train_one
from leafinstruct.moss.settings import TrainConfig
from leafinstruct.run import Run, fingerprint, void

SCHEMA = 2
SCALE = "toy: one frozen backbone of under a million parameters, images of 64 tokens, one learning rate for all"
RANDOM = (
    "toy: random backbones whose embeddings and head are trained too, images of 64 tokens, one learning rate for all"
)
_DAMAGED = 100  # records of each reference file that the table of damages uses
# Two-sided 95 % points of Student's t for 1 to 9 degrees of freedom (any table); seeds are few.
_T = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)

MATCHED = tuple(Arm(name, name, True) for name in ("linear", "separate", "moss", "raster1d"))
PRESETS: dict[str, tuple[Arm, ...]] = {
    "small": MATCHED,
    "full": (
        *MATCHED,
        Arm("depthwise", "depthwise", True),
        Arm("bottleneck", "bottleneck", True),
        Arm("none", "none", False),
        *(Arm(f"{name}, equal rank", name, False) for name in VARIANTS if name != "moss"),
    ),
}


@dataclass(frozen=True, slots=True)
class ProveConfig:
    """The grid. `train` configures every single training; its seed only shuffles images, fits the codebook and trains
    the backbone. A training sees steps x batch x context tokens. `base_steps` train the backbone that all share (0:
    backbones stay random, and embeddings and head are trained with the adapters). Each text is cut to `text` bytes,
    about as much as an image has tokens: whole pages would leave images 3 % of the tokens, and no arm learned them."""

    preset: str = "small"
    seeds: int = 3
    workers: int = 2
    base_steps: int = 400
    text: int = 96
    train: TrainConfig = TrainConfig(steps=150, batch=4, context=512, packed=True, held_out=60, warmup=10)

    def __post_init__(self) -> None:
        if self.preset not in PRESETS:
            hint = did_you_mean(self.preset, PRESETS)
            raise LeafError(f"prove: preset {self.preset!r}: use one of {', '.join(PRESETS)}{hint}")
        if not 2 <= self.seeds <= len(_T) + 1:
            raise LeafError(f"prove: seeds is {self.seeds}; it must be 2 to {len(_T) + 1}, for an interval")
        if self.base_steps < 0:
            raise LeafError(f"prove: base_steps is {self.base_steps}; it must be 0 or more")


def prove(
    folders: Mapping[str, Path], config: ProveConfig, run: Run, progress: Callable[[str], None] | None = None
) -> dict[str, Any]:
    """Train the grid on folders of shards by name, the first being the reference, and summarize it.

    Every training is committed to `prove/runs/` of the run when it ends, and reused while data and settings are the
    same. The result is JSON-able; `report.py` documents and draws it. Raises LeafError if a folder has no shards or
    fails a check that training would not notice.
    """
    if not folders:
        raise LeafError("prove: name at least one folder of shards")
    if SHUFFLED in folders:
        raise LeafError(f"prove: the name {SHUFFLED!r} is taken by the control made from the first folder; rename it")
    say, started, train = progress or (lambda line: None), time.monotonic(), config.train
    arms, first = PRESETS[config.preset], next(iter(folders.values()))
    with TemporaryDirectory() as folder:
        say("prove: reading shards")
        for name, shards in folders.items():
            if failed := check_teaching(shards).failed:
                raise LeafError(
                    f"data {name!r}, {shards}: {', '.join(failed)} failed, which training would not notice; fix them"
                )
        most = train.steps * train.batch * max(train.context // 128, 1)
        grid, prepared = read_grid(folders, train, most, config.text), Path(folder) / "grid.pickle"
        grid = replace(grid, base=shared_backbone(grid, list(folders), config, run, say))
        grid.save(prepared)
        results = _train_all(grid, prepared, config, run, say)
        say("prove: decoding speed")
        decoding = {arm.name: decoding_speed(grid, arm, train) for arm in arms}
    return {
        "schema": SCHEMA,
        "scale": SCALE if config.base_steps else RANDOM,
        "reference": next(iter(folders)),
        "data": list(grid.train),
        "shards": {name: _listed(shards) for name, shards in folders.items()},
        "arms": [asdict(arm) for arm in arms],
        "facts": grid.facts,
        "rows": summarize(results),
        "comparisons": compare(results, next(iter(folders))),
        "decoding": decoding,
        "damages": {name: list(failed) for name, failed in damage_table(first, _DAMAGED).items()},
        "runs": results,
        "config": asdict(config),
        "seconds": round(time.monotonic() - started, 1),
    }


def shared_backbone(
    grid: GridData, names: Sequence[str], config: ProveConfig, run: Run, say: Callable[[str], None]
) -> dict[str, Any] | None:
    """The weights of the backbone of all trainings: stored in the run for the same data and settings, or trained now
    and committed. None for random backbones."""
    from safetensors.torch import load, save

    from leafinstruct.moss.prove.pretrain import VERSION, train_base

    if not config.base_steps:
        return None
    settings, digests = asdict(config.train), [grid.digest(name) for name in names]
    file = layout.proof(f"runs/base-{fingerprint(VERSION, digests, config.base_steps, settings)}.safetensors")
    if not run.exists(file):
        say(f"prove: training the backbone, {config.base_steps} steps")
        windows = {name: grid.train[name] for name in names}
        with one_thread():
            data = save(train_base(grid.codebook, windows, config.train, config.base_steps))
        run.commit(file, lambda out: void(out.write(data)))
    return load(run.read(file))


def _listed(shards: Path) -> dict[str, str]:
    """SHA-256 of each file in the folder's manifest; empty without a manifest."""
    if not (file := shards / layout.MANIFEST).is_file():
        return {}
    return {one["file"]: one["sha256"] for one in json.loads(file.read_bytes())["files"]}


def _train_all(
    grid: GridData, prepared: Path, config: ProveConfig, run: Run, say: Callable[[str], None]
) -> list[dict[str, Any]]:
    """The results of all trainings: those stored in the run, and the others trained now, seed by seed."""
    tasks = [(data, arm, seed) for seed in range(config.seeds) for data in grid.train for arm in PRESETS[config.preset]]
    settings, digests = asdict(replace(config.train, seed=0)), {data: grid.digest(data) for data in grid.train}
    files = [
        layout.proof(f"runs/{fingerprint(SCHEMA, digests[data], asdict(arm), seed, settings)}.json")
        for data, arm, seed in tasks
    ]
    found = {file: run.json(file) for file in files}
    todo = [(task, file) for task, file in zip(tasks, files, strict=True) if found[file] is None]
    if len(todo) < len(tasks):
        say(f"prove: {len(tasks) - len(todo)} trainings are reused")
    with ProcessPoolExecutor(config.workers, mp_context=get_context("spawn")) as pool:
        waiting = {pool.submit(train_one, prepared, *task, config.train): file for task, file in todo}
        for number, done in enumerate(as_completed(waiting), 1):
            result = found[waiting[done]] = done.result()
            run.commit_json(waiting[done], result)
            say(
                f"prove: {number}/{len(todo)} {result['data']}, {result['arm']}, seed {result['seed']}: "
                f"image {_loss(result['image'])}, text {_loss(result['text'])}"
            )
    return [{**found[file], "data": data} for (data, _, _), file in zip(tasks, files, strict=True)]


def _loss(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def summarize(results: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """A row for each data and arm, in order of appearance: mean and standard deviation over seeds."""
    rows = []
    for data, arm in dict.fromkeys((r["data"], r["arm"]) for r in results):
        own = [r for r in results if (r["data"], r["arm"]) == (data, arm)]
        row = {name: own[0][name] for name in ("adapter_parameters", "trainable_parameters", "tokens", "r", "image_r")}
        for name in ("image", "text", "z", "seconds_per_step"):
            values = [r[name] for r in own if r[name] is not None]
            row[name] = round(mean(values), 4) if values else None
            row[f"{name}_sd"] = round(stdev(values), 4) if len(values) > 1 else None
        rows.append({"data": data, "arm": arm, "n": len(own), **row})
    return rows


def compare(results: Sequence[dict[str, Any]], reference: str) -> list[dict[str, Any]]:
    """Differences paired by seed (same backbone, same order of data): every arm against `separate` on the reference
    data, and all other data against the reference with each arm. Below zero: the first is better."""
    found = {(r["data"], r["arm"], r["seed"]): r for r in results}
    arms, datas = list(dict.fromkeys(r["arm"] for r in results)), list(dict.fromkeys(r["data"] for r in results))
    pairs = [((reference, arm), (reference, "separate")) for arm in arms if arm != "separate"]
    pairs += [((reference, arm), (data, arm)) for data in datas if data != reference for arm in arms]
    compared = []
    for first, second in pairs:
        seeds = sorted(seed for data, arm, seed in found if (data, arm) == first and (*second, seed) in found)
        entry: dict[str, Any] = {"first": list(first), "second": list(second), "n": len(seeds)}
        for name in ("image", "text"):
            values = [
                found[*first, seed][name] - found[*second, seed][name]
                for seed in seeds
                if found[*first, seed][name] is not None and found[*second, seed][name] is not None
            ]
            entry[name] = interval(values)
        base = [found[*second, seed]["text"] for seed in seeds]
        entry["text_percent"] = round(100 * entry["text"]["mean"] / mean(base), 2) if entry["text"] else None
        compared.append(entry)
    return compared


def interval(values: Sequence[float]) -> dict[str, float] | None:
    """Mean of differences and its two-sided 95 % interval by Student's t; None for fewer than two."""
    if len(values) < 2:
        return None
    half = _T[min(len(values) - 2, len(_T) - 1)] * stdev(values) / math.sqrt(len(values))
    middle = mean(values)
    return {"mean": round(middle, 4), "low": round(middle - half, 4), "high": round(middle + half, 4)}


def decoding_speed(grid: GridData, arm: Arm, config: TrainConfig) -> dict[str, float | None]:
    """Tokens per second of cached greedy decoding, in this process: with the adapter, without any, and with it merged
    into the weights (`linear` only)."""
    from leafinstruct.moss.adapters import disabled, inject, layer_sizes, merge
    from leafinstruct.moss.backbones import tiny_backbone
    from leafinstruct.moss.config import MossConfig

    backbone = tiny_backbone(grid.codebook, config)
    layout = grid.codebook.image_tokens
    inject(backbone.model, arm_config(arm, layout, config, layer_sizes(backbone.model, MossConfig(layout))))
    if arm.variant == "none":
        switch_off(backbone.model)
    backbone.model.eval()
    with one_thread():
        speed: dict[str, float | None] = {"adapter": _tokens_a_second(backbone, grid)}
        with disabled(backbone.model):
            speed["none"] = _tokens_a_second(backbone, grid)
        if arm.variant == "linear":
            merge(backbone.model)
        speed["merged"] = _tokens_a_second(backbone, grid) if arm.variant == "linear" else None
    return speed


@contextmanager
def one_thread() -> Iterator[None]:
    """Inside this context torch computes on one thread: two on a shared machine of two cores made a step 40 times as
    slow."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _tokens_a_second(backbone: Any, grid: GridData) -> float:
    """Median of three passes over one image's tokens, one token at a time."""
    import torch
    from transformers import DynamicCache

    layout, start = grid.codebook.image_tokens, [*grid.codebook.start, *grid.codebook.role("assistant")]
    ids = torch.tensor([[*start, *grid.codebook.before, *range(layout.first, layout.first + layout.count)]])
    ids = ids[:, : len(start) + 1 + layout.size]
    rates = []
    for _ in range(3):
        cache, began = DynamicCache(), time.perf_counter()
        with torch.inference_mode():
            for time_step in range(ids.shape[1]):
                backbone.step(ids[:, time_step : time_step + 1], cache, None)
        rates.append(ids.shape[1] / (time.perf_counter() - began))
    return round(sorted(rates)[1], 1)


def with_train(config: ProveConfig, **changes: Any) -> ProveConfig:
    """The same grid with other settings of its trainings."""
    return replace(config, train=replace(config.train, **changes))


def named_folders(given: Sequence[str], shards: Path | None) -> dict[str, Path]:
    """Folders by name from words like `raw=runs/raw/shards`, after a run's own shards as `filtered`, if given. Raises
    LeafError for a word without a name."""
    folders = {"filtered": shards} if shards else {}
    for word in given:
        name, equals, folder = word.partition("=")
        if not (name and equals and folder):
            raise LeafError(f"--data {word!r}: write it as NAME=FOLDER, for example raw=runs/raw/shards")
        folders[name] = Path(folder)
    return folders
