"""What a stage works with: the run, the pipeline, the engine's map, and the options of one build."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from leafinstruct.errors import LeafError
from leafinstruct.models.pool import Pool
from leafinstruct.pipeline import Pipeline, load_pipeline, with_rules
from leafinstruct.progress import Progress
from leafinstruct.run import Run
from leafinstruct.timing import Spent, Timed, texts_among

RunModelTasks = Callable[[Callable[..., Any], Sequence[tuple[Any, ...]]], Iterator[Any]]
RunTasks = Callable[[Callable[..., Any], Sequence[tuple[Any, ...]], int], Iterator[Any]]


@dataclass(frozen=True)
class Job:
    """What a worker needs to open the build itself; small and picklable."""

    pipeline: Path
    run: str
    digest: str
    """That of the pipeline as the build has it."""
    rules: tuple[tuple[str, str], ...] = ()
    """Expressions of rules that are not those of the files (see `with_rules`)."""

    def open(self) -> tuple[Pipeline, Run]:
        """Raises LeafError if the pipeline is not what the build began with."""
        return _open(self)


@dataclass(frozen=True)
class Opened:
    """A job in a process that has the pipeline and the run open already."""

    pipeline: Pipeline
    run: Run

    def open(self) -> tuple[Pipeline, Run]:
        return self.pipeline, self.run


@lru_cache(maxsize=4)
def _open(job: Job) -> tuple[Pipeline, Run]:
    pipeline = load_pipeline(job.pipeline)
    if job.rules:
        pipeline = with_rules(pipeline, dict(job.rules))
    if pipeline.digest() != job.digest:
        raise LeafError(f"{job.pipeline}: {CHANGED}")
    return pipeline, Run(job.run)


CHANGED = "a file of the pipeline or of its code was changed since the build began; load the pipeline and build again"


@dataclass
class Context:
    """One build. `limit` cuts each source to its first documents; `score_all` turns gating off; `verify` reads all
    files of the run first."""

    run: Run
    pipeline: Pipeline
    run_tasks: RunTasks
    workers: int = 1
    limit: int | None = None
    score_all: bool = False
    verify: bool = False
    only: frozenset[str] | None = None
    """Names of the partitions to make; None for all."""
    progress: Progress = field(default_factory=Progress)
    pool: Pool = field(default_factory=Pool)
    run_model_tasks: RunModelTasks | None = None
    """How an engine runs tasks that call a model; None: in this process, with the models of `pool`."""
    spent: list[Spent] = field(default_factory=list)
    stages: dict[str, tuple[float, float]] = field(default_factory=dict)
    """Seconds and CPU seconds of this process, by stage."""
    job: Any = None
    """What a worker opens: anything with `open() -> (Pipeline, Run)`; a `Job` by default."""

    def __post_init__(self) -> None:
        _open.cache_clear()  # the pipeline may have been edited since this process last built it
        pipeline = self.pipeline
        rules = tuple(sorted(pipeline.other_rules.items()))
        self.job = self.job or Job(pipeline.path.resolve(), self.run.address, pipeline.digest(), rules)

    def map(self, function: Callable[..., Any], tasks: Sequence[tuple[Any, ...]], label: str) -> list[Any]:
        """Run `function(job, *task)` for all tasks on the engine, with progress; results in any order."""
        ready = [(number, self.job, *task) for number, task in enumerate(tasks)]
        timed = self.progress.over(self.run_tasks(Timed(function), ready, self.workers), len(ready), label)
        return self._results(timed, tasks, label)

    def map_whole(
        self, function: Callable[..., Any], tasks: Sequence[tuple[Any, ...]], label: str, unit: str
    ) -> list[Any]:
        """Like `map`, for work on the whole run rather than on partitions: its time is not added to `spent`."""
        ready = [(self.job, *task) for task in tasks]
        found = list(self.progress.over(self.run_tasks(function, ready, self.workers), len(ready), label, unit))
        if tasks:
            self.run.store.forget()
        return found

    def map_with_model(self, function: Callable[..., Any], tasks: Sequence[tuple[Any, ...]], label: str) -> list[Any]:
        """Run `function(pool, job, *task)` for all tasks in the process that holds the models, with progress."""
        if self.run_model_tasks is None:
            here = Opened(self.pipeline, self.run)
            timed = Timed(function)
            made = (timed(number, self.pool, here, *task) for number, task in enumerate(tasks))
            return self._results(self.progress.over(made, len(tasks), label), tasks, label)
        results = self.run_model_tasks(function, [(self.job, *task) for task in tasks])
        found = list(self.progress.over(results, len(tasks), label))
        self.run.store.forget()
        return found

    def _results(self, timed: Iterable[Any], tasks: Sequence[tuple[Any, ...]], label: str) -> list[Any]:
        """Results of timed tasks, after adding the time of each to `spent`."""
        found = []
        for number, seconds, cpu, result in timed:
            loading, self.pool.loading = self.pool.loading, 0.0
            self.spent.append(Spent(label, tuple(texts_among(tasks[number])), seconds, cpu, loading))
            found.append(result)
        if tasks:
            self.run.store.forget()  # the tasks wrote files of their own
        return found
