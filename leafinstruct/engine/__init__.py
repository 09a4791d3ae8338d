"""Engines: how the tasks of a stage run over partitions. All engines run the same stages and write the same files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from leafinstruct.build import build
from leafinstruct.context import Context
from leafinstruct.engine.local import LocalEngine
from leafinstruct.errors import LeafError, did_you_mean
from leafinstruct.pipeline import Pipeline
from leafinstruct.run import Run

ENGINES = ("local", "ray")


def on_engine(engine: str, run: Run, pipeline: Pipeline, stage: str, workers: int, options: Mapping[str, Any]) -> None:
    """Build a run up to a stage; `options` are those of a Context. Raises LeafError for an unknown engine."""
    if engine not in ENGINES:
        raise LeafError(f"unknown engine '{engine}'{did_you_mean(engine, ENGINES)}")
    from leafinstruct.engine.ray import RayEngine, RaySettings

    settings = pipeline.section("ray", RaySettings)
    if engine == "local":
        local = LocalEngine()
        try:
            build(Context(run, pipeline, local.run_tasks, workers, **options), stage)
        finally:
            local.close()
        return
    ray = RayEngine(settings, workers)
    try:
        build(Context(run, pipeline, ray.run_tasks, workers, run_model_tasks=ray.run_model_tasks, **options), stage)
    finally:
        ray.close()
