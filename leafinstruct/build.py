"""The stages in order, over whichever engine, after a pre-flight that looks at the whole pipeline first."""

from __future__ import annotations

import shutil
import tempfile
import time
from importlib import import_module
from pathlib import Path
from types import ModuleType

from leafinstruct import layout
from leafinstruct.context import Context
from leafinstruct.errors import LeafError, did_you_mean
from leafinstruct.pipeline import STAGES, Pipeline
from leafinstruct.run import Run
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
                _stage_module(name).run(context)
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


ROOMS = {"harvest": "harvest", "filter": "filter", "rewrite": "rewrite", "shard": "shard", "train": "moss"}
"""Of each stage the room whose module `stage` has `check(pipeline)` and `run(context)`."""


def _stage_module(name: str) -> ModuleType:
    return import_module(f"leafinstruct.{ROOMS[name]}.stage")


def preflight(pipeline: Pipeline, run: Run, stage: str) -> None:
    """Everything that can be known to be wrong before the work starts. Raises LeafError for the first such thing."""
    if stage not in STAGES:
        raise LeafError(f"unknown stage '{stage}'{did_you_mean(stage, STAGES)}")
    for name in STAGES[: STAGES.index(stage) + 1]:
        _stage_module(name).check(pipeline)
    _check_disk(run)


def _check_disk(run: Run) -> None:
    """Of a run in an object store, files are made in the folder for temporary files."""
    there = Path(tempfile.gettempdir() if is_remote(run.place) else run.place)
    while not there.exists():
        there = there.parent
    free = shutil.disk_usage(there).free
    if free < FREE_BYTES:
        raise LeafError(f"{there}: {free / 2**20:.0f} MiB free; a build needs at least {FREE_BYTES >> 20} MiB")
