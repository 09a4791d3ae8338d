"""Extrapolate from a sample to the full build: time, disk and cost of each stage, with 95% intervals.

The work of a partition grows with its share of its source's input (a ratio estimate per source, Cochran, Sampling
Techniques, ch. 6). The work of the main process between partitions (corpus-wide steps, shards) grows with the number of
documents. Intervals are bootstrapped over the partitions of each source; they do not cover other load on the machine.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from leafinstruct.errors import LeafError
from leafinstruct.filter.stage import TOGETHER
from leafinstruct.pipeline import Pipeline
from leafinstruct.plan.sample import SMALLER, TINY, Part, Sample

DRAWS = 2000
PRICES = {"cpu-hour": "CPU time", "gpu-hour": "GPU time", "gib-month": "a month of storage"}
STAGE_OF = {"index": "harvest", "harvest": "harvest", "rewrite": "rewrite"}
"""Stages of steps; any other step belongs to filter."""
WHOLE = ("index",)
"""Steps that a sample build runs in full."""
Estimate = dict[str, Any]
"""`value`, `low`, `high` (95%); `low` and `high` are None where one sampled partition shows no spread."""


def prices(text: str) -> dict[str, float]:
    """Parse `cpu-hour=0.04,gpu-hour=2`. Raises LeafError for an unknown name or an invalid number."""
    found = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        name, _, value = entry.partition("=")
        try:
            found[name] = float(value)
        except ValueError:
            raise LeafError(f"--prices: '{entry}' is not NAME=NUMBER, such as cpu-hour=0.04") from None
        if name not in PRICES:
            raise LeafError(f"--prices: unknown '{name}'; known names are {', '.join(PRICES)}")
    return found


@dataclass(frozen=True)
class Whole:
    """Scales sums over sampled partitions to all input. `draws` are resamples: how often each contains each part."""

    parts: Mapping[str, Part]
    names: list[str]
    draws: np.ndarray
    alone: bool
    """Whether some source has only one sampled partition."""

    def of(self, values: Callable[[str], float]) -> Estimate:
        """Estimate of the sum of `values` over all partitions, from the sampled ones."""
        numbers = np.array([values(name) for name in self.names])
        weights = np.array([self.parts[name].weight for name in self.names])
        sources = np.array([self.parts[name].source for name in self.names])
        total, resampled = 0.0, np.zeros(len(self.draws))
        for source in dict.fromkeys(sources.tolist()):
            mine = sources == source
            total += numbers[mine].sum() / weights[mine].sum()
            resampled += (self.draws[:, mine] @ numbers[mine]) / (self.draws[:, mine] @ weights[mine])
        if self.alone:
            return {"value": total, "low": None, "high": None}
        low, high = np.percentile(resampled, [2.5, 97.5])
        return {"value": total, "low": float(low), "high": float(high)}


def whole_of(sample: Sample) -> Whole:
    names = list(sample.parts)
    by_source: dict[str, list[int]] = defaultdict(list)
    for at, name in enumerate(names):
        by_source[sample.parts[name].source].append(at)
    chance = np.random.default_rng(0)
    draws = np.zeros((DRAWS, len(names)))
    alone = False
    for source, places in by_source.items():
        drawn = chance.multinomial(len(places), np.full(len(places), 1 / len(places)), DRAWS)
        draws[:, places] = drawn
        alone |= len(places) == 1 and sample.whole[source] > 1
    return Whole(sample.parts, names, draws, alone)


def predict(sample: Sample, pipeline: Pipeline, workers: int, gpus: float, priced: Mapping[str, float]) -> Estimate:
    """The estimate as plain values; seconds are wall-clock time with `workers` processes."""
    whole = whole_of(sample)
    parts = sample.parts
    documents = whole.of(lambda name: parts[name].documents)
    if not documents["value"]:
        raise LeafError(f"{pipeline.path}: the sample has no documents; use a larger --limit")
    growth = documents["value"] / sum(part.documents for part in parts.values())
    models = {f.name for f in pipeline.filters if f.scorer and f.scorer.model}
    models |= set() if pipeline.rewrite.get("writer") == "template" else {"rewrite"}
    steps = [
        _step(sample, whole, name, workers, name in models) for name in dict.fromkeys(s.step for s in sample.spent)
    ]
    stages = [_stage(name, sample, steps, growth, gpus) for name in sample.stages]
    disk = _plus(whole.of(lambda name: parts[name].disk), sample.shards * growth + sample.indexes)
    totals = {
        "hours": sum(stage["seconds"]["value"] for stage in stages) / 3600,
        "cpu_hours": sum(stage["cpu_seconds"] for stage in stages) / 3600,
        "gpu_hours": sum(stage["gpu_hours"] for stage in stages),
    }
    units = {"cpu-hour": totals["cpu_hours"], "gpu-hour": totals["gpu_hours"], "gib-month": disk["value"] / 2**30}
    return {
        "pipeline": pipeline.name,
        "workers": workers,
        "gpus": gpus,
        "sample": {"partitions": len(parts), "documents": sum(part.documents for part in parts.values())},
        "input_bytes": sum(sample.inputs.values()),
        "documents": documents,
        "images": whole.of(lambda name: parts[name].images),
        "image_bytes": whole.of(lambda name: parts[name].image_bytes),
        "disk_bytes": disk,
        "stages": stages,
        "steps": steps,
        "total": totals,
        "cost": {name: units[name] * price for name, price in priced.items()},
    }


def _step(sample: Sample, whole: Whole, name: str, workers: int, model: bool) -> Estimate:
    """One step over all partitions; the time of a task is split among the partitions it processed."""
    wall, cpu = defaultdict[str, float](float), defaultdict[str, float](float)
    spent = [one for one in sample.spent if one.step == name]
    fixed, fixed_cpu = _fixed(sample, name)
    tasks = math.ceil(sum(sample.whole.values()) / SMALLER)
    for one in spent:
        about = [part for part in one.about if part in sample.parts]
        for part in about:
            wall[part] += max(0.0, one.seconds - one.loading - fixed) / len(about)
            cpu[part] += max(0.0, one.cpu - fixed_cpu) / len(about)
        tasks = math.ceil(tasks / TOGETHER) if len(about) > 1 else tasks
    if name in WHOLE:
        seconds: Estimate = dict.fromkeys(("value", "low", "high"), sum(one.seconds for one in spent))
        busy = sum(one.cpu for one in spent)
    else:
        seconds = _plus(whole.of(lambda part: wall[part]), fixed * tasks)
        busy = whole.of(lambda part: cpu[part])["value"] + fixed_cpu * tasks
    share = 1 if model else workers  # one process holds a model
    seconds = {key: value if value is None else value / share for key, value in seconds.items()}
    loading = sum(one.loading for one in spent)
    return {"step": name, "model": model, "seconds": _plus(seconds, loading), "cpu_seconds": busy}


def _fixed(sample: Sample, step: str) -> tuple[float, float]:
    """Fixed seconds and CPU seconds of a task, besides its documents. Harvest reads a whole chunk, then splits it."""
    tiny, spent = ([one for one in of if one.step == step] for of in (sample.tiny, sample.spent))
    if not tiny or step == "harvest":
        return 0.0, 0.0
    of_documents = TINY / sum(part.documents for part in sample.parts.values())
    seconds = sum(one.seconds - one.loading for one in tiny) - of_documents * sum(o.seconds - o.loading for o in spent)
    cpu = sum(one.cpu for one in tiny) - of_documents * sum(one.cpu for one in spent)
    return max(0.0, seconds) / len(tiny), max(0.0, cpu) / len(tiny)


def _stage(name: str, sample: Sample, steps: list[Estimate], growth: float, gpus: float) -> Estimate:
    """A stage: its steps, and the work of the main process besides them."""
    mine = [step for step in steps if STAGE_OF.get(step["step"], "filter") == name]
    spent = [one for one in sample.spent if STAGE_OF.get(one.step, "filter") == name]
    tiny = [one for one in sample.tiny if STAGE_OF.get(one.step, "filter") == name]
    overhead, overhead_cpu = (
        _grown(
            sample.stages[name][at] - sum((one.seconds, one.cpu)[at] for one in spent),
            sample.tiny_stages.get(name, (0.0, 0.0))[at] - sum((one.seconds, one.cpu)[at] for one in tiny),
            growth,
        )
        for at in (0, 1)
    )
    seconds: Estimate = {"value": overhead, "low": overhead, "high": overhead}
    for step in mine:
        seconds = {k: None if None in (v, step["seconds"][k]) else v + step["seconds"][k] for k, v in seconds.items()}
    asked = sum(step["seconds"]["value"] for step in mine if step["model"])
    cpu = overhead_cpu + sum(step["cpu_seconds"] for step in mine)
    return {"stage": name, "seconds": seconds, "cpu_seconds": cpu, "gpu_hours": asked * gpus / 3600}


def _grown(value: float, fixed: float, growth: float) -> float:
    fixed = max(0.0, min(fixed, value))
    return fixed + max(0.0, value - fixed) * growth


def _plus(estimate: Estimate, more: float) -> Estimate:
    return {key: None if value is None else value + more for key, value in estimate.items()}


def plan_lines(found: Estimate) -> list[str]:
    """The estimate for a terminal."""
    size = found["sample"]
    alone = found["documents"]["low"] is None
    lines = [
        f"estimated from {size['documents']} documents in {size['partitions']} partitions, "
        f"for {_bytes(found['input_bytes'])} of input and {found['workers']} workers",
        "no intervals: a source has only one sampled partition; use a larger --limit" if alone else "95% intervals",
        f"documents {_range(found['documents'], _count)}",
        f"images    {_range(found['images'], _count)}, {_range(found['image_bytes'], _bytes)}",
        f"disk      {_range(found['disk_bytes'], _bytes)}",
    ]
    for stage in found["stages"]:
        gpu = f", {stage['gpu_hours']:.2f} GPU-hours" if stage["gpu_hours"] else ""
        lines.append(f"{stage['stage']:9} {_range(stage['seconds'], _time)}{gpu}")
    total = found["total"]
    lines.append(f"total     {_time(total['hours'] * 3600)}, {total['cpu_hours']:.2f} CPU-hours")
    lines += [f"cost      {cost:.2f} for {PRICES[name]}" for name, cost in found["cost"].items()]
    return lines


def _range(estimate: Estimate, show: Callable[[float], str]) -> str:
    if estimate["low"] is None:
        return show(estimate["value"])
    return f"{show(estimate['value'])} ({show(estimate['low'])} to {show(estimate['high'])})"


def _count(value: float) -> str:
    return f"{value:,.0f}"


def _bytes(value: float) -> str:
    return f"{value / 2**30:.2f} GiB" if value >= 2**29 else f"{value / 2**20:.1f} MiB"


def _time(seconds: float) -> str:
    return (
        f"{seconds / 3600:.1f} h"
        if seconds >= 5400
        else f"{seconds / 60:.1f} min"
        if seconds >= 90
        else f"{seconds:.0f} s"
    )
