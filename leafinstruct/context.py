"""What a stage is given to work with: the run, the pipeline, the engine's map, and the options of one build."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from leafinstruct.models.pool import Pool
from leafinstruct.pipeline import Pipeline, load_pipeline
from leafinstruct.progress import Progress
from leafinstruct.run import Run

RunModelTasks = Callable[[Callable[..., Any], Sequence[tuple[Any, ...]]], Iterator[Any]]
RunTasks = Callable[[Callable[..., Any], Sequence[tuple[Any, ...]], int], Iterator[Any]]


@dataclass(frozen=True)
class Job:
    """What a worker needs to open the build for itself; small and picklable."""

    pipeline: Path
    run: str

    def open(self) -> tuple[Pipeline, Run]:
        return _open(self.pipeline, self.run)


@dataclass(frozen=True)
class Opened:
    """A job in the process that has everything open already."""

    pipeline: Pipeline
    run: Run

    def open(self) -> tuple[Pipeline, Run]:
        return self.pipeline, self.run


@lru_cache(maxsize=4)
def _open(pipeline: Path, run: str) -> tuple[Pipeline, Run]:
    return load_pipeline(pipeline), Run(run)


@dataclass
class Context:
    """One build: `limit` cuts each source to its first documents, `score_all` switches gates off."""

    run: Run
    pipeline: Pipeline
    run_tasks: RunTasks
    workers: int = 1
    limit: int | None = None
    score_all: bool = False
    progress: Progress = field(default_factory=Progress)
    pool: Pool = field(default_factory=Pool)
    run_model_tasks: RunModelTasks | None = None
    """How an engine runs work that asks a model; without it this process does, with the models of `pool`."""

    def __post_init__(self) -> None:
        _open.cache_clear()  # the pipeline may have been edited since this process last built it

    @property
    def job(self) -> Job:
        return Job(self.pipeline.path.resolve(), self.run.address)

    def map(self, function: Callable[..., Any], tasks: Sequence[tuple[Any, ...]], label: str) -> list[Any]:
        """Run `function(job, *task)` for all tasks on the engine, with progress; results in no given order."""
        ready = [(self.job, *task) for task in tasks]
        return self._all(self.run_tasks(function, ready, self.workers), len(ready), label)

    def map_with_model(self, function: Callable[..., Any], tasks: Sequence[tuple[Any, ...]], label: str) -> list[Any]:
        """Run `function(pool, job, *task)` for all tasks where the models are, with progress."""
        if self.run_model_tasks is None:
            here = Opened(self.pipeline, self.run)
            results: Iterator[Any] = (function(self.pool, here, *task) for task in tasks)
        else:
            results = self.run_model_tasks(function, [(self.job, *task) for task in tasks])
        return self._all(results, len(tasks), label)

    def _all(self, results: Iterator[Any], count: int, label: str) -> list[Any]:
        found = list(self.progress.over(results, count, label))
        if count:
            self.run.store.forget()  # the tasks wrote files of their own
        return found
