"""Runs the stages in order, on any engine, after a pre-flight check of the whole pipeline."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from types import ModuleType

from leafinstruct import layout
from leafinstruct.context import Context
from leafinstruct.errors import LeafError, did_you_mean, file_error
from leafinstruct.heal import damaged_files, discard, heal
from leafinstruct.pipeline import STAGES, Pipeline
from leafinstruct.run import Run
from leafinstruct.shard.takedown_search import named_records
from leafinstruct.store import is_remote

FREE_BYTES = 1 << 30
"""Free disk space, in bytes, below which no build starts."""


def build(context: Context, stage: str) -> None:
    """Bring all stages up to and including `stage` up to date, reusing finished work; damaged files are made again, and
    what takedown requests name is erased. Holds the run's lock. Raises LeafError if the pre-flight fails or another
    process builds the run."""
    run, pipeline = context.run, context.pipeline
    preflight(pipeline, run, stage)
    with run.lock():
        records: set[str] = set()
        try:
            for damaged in list(damaged_files(run, context.workers)) if context.verify else ():
                discard(run, pipeline, damaged)
            heal(run, pipeline, lambda: records.update(named_records(run, pipeline.removals)))
            heal(run, pipeline, partial(_run_stages, context, stage, records))
        except BaseException:
            with suppress(LeafError):  # the first error says more, as on a full disk
                heal(run, pipeline, partial(_add_timings, context))
            raise
        finally:
            context.pool.close()
        heal(run, pipeline, partial(_add_timings, context))


def _run_stages(context: Context, stage: str, records: Collection[str]) -> None:
    """`records` are the ids of published records that takedown requests name."""
    removals = context.pipeline.removals
    last = {"harvest": "", "train": "shard"}.get(stage, stage)  # scores are about documents as harvested
    for name in STAGES[: STAGES.index(stage) + 1]:
        start, cpu = time.perf_counter(), time.process_time()
        _stage_module(name).run(context)
        context.stages[name] = time.perf_counter() - start, time.process_time() - cpu
        if name == last and len(removals):
            from leafinstruct.erase import erase

            erase(context.run, removals, records, context.progress)


TIMING: Mapping[str, str] = {
    "[].step": "what was done, such as `harvest` or `split`",
    "[].tasks": "tasks of this step, over all builds of the run",
    "[].seconds": "their wall seconds",
}
"""Keys of `timings.json` with their meanings."""


def _add_timings(context: Context) -> None:
    """Add this build's work to `timings.json`: tasks and wall seconds of each step."""
    if not context.progress.spent:
        return
    steps = {row["step"]: row for row in context.run.json(layout.TIMINGS) or []}
    for step, (tasks, seconds) in context.progress.spent.items():
        row = steps.setdefault(step, {"step": step, "tasks": 0, "seconds": 0.0})
        row["tasks"] += tasks
        row["seconds"] = round(row["seconds"] + seconds, 3)
    context.run.commit_json(layout.TIMINGS, list(steps.values()))


STAGE_PACKAGES = {"harvest": "harvest", "filter": "filter", "rewrite": "rewrite", "shard": "shard", "train": "moss"}
"""The subpackage of each stage, whose module `stage` has `check_settings` and `check` of a pipeline, and `run`."""


def _stage_module(name: str) -> ModuleType:
    return import_module(f"leafinstruct.{STAGE_PACKAGES[name]}.stage")


def preflight(pipeline: Pipeline, run: Run, stage: str) -> None:
    """Run every check that is possible before the work starts. Raises LeafError for the first problem."""
    if stage not in STAGES:
        raise LeafError(f"unknown stage '{stage}'{did_you_mean(stage, STAGES)}")
    for name in STAGES:  # settings of later stages, too: a misspelt one is cheapest to hear of now
        _stage_module(name).check_settings(pipeline)
    for name in STAGES[: STAGES.index(stage) + 1]:
        _stage_module(name).check(pipeline)
    _check_disk(run)


def _check_disk(run: Run) -> None:
    """Files of a run in an object store are first written to the temporary folder."""
    there = Path(tempfile.gettempdir() if is_remote(run.place) else run.place)
    with file_error(there, "name another folder with --run"):
        while not there.exists():
            there = there.parent
        free = shutil.disk_usage(there).free
    if free < FREE_BYTES:
        found, needed = f"{free / 2**20:.0f} MiB free", f"{FREE_BYTES >> 20} MiB"
        raise LeafError(f"{there}: {found}; a build needs at least {needed}: free some space or choose another --run")
