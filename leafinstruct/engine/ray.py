"""The Ray engine: partitions as tasks, models held by actors, on an existing cluster or on one started here.

Tasks commit their own files into the run folder, which all nodes reach under the same path; only a job and the name of
a partition are sent. A task or actor that dies with its node runs again elsewhere and reuses what it had committed.
"""

from __future__ import annotations

import atexit
import logging
import math
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta

from leafinstruct.errors import LeafError
from leafinstruct.models.pool import Pool
from leafinstruct.timing import texts_among

if TYPE_CHECKING:
    from leafinstruct.watched import Watchers

IN_FLIGHT = 2
"""Tasks given to Ray for each processor or actor: enough that none waits, few enough that an error stops the rest."""


@dataclass(frozen=True)
class RaySettings:
    """`address` of a cluster ("auto" finds one, "" starts one here). `actors` hold models, each with its own `gpus` and
    `cpus`; a model that spans several GPUs (vLLM's tensor_parallel_size) needs `gpus` to match. A task is retried
    `retries` times if its process or node dies; an error that it raises ends the build."""

    address: str = ""
    actors: Annotated[int, Meta(ge=1)] = 1
    gpus: Annotated[float, Meta(ge=0)] = 0
    cpus: Annotated[float, Meta(ge=0)] = 1
    retries: Annotated[int, Meta(ge=0)] = 3


class RayEngine:
    """Runs tasks on Ray. `run_tasks` is for work on the CPU, `run_model_tasks` for work that uses a model."""

    def __init__(self, settings: RaySettings, workers: int) -> None:
        try:
            import ray
        except ImportError:
            raise LeafError("package ray is not installed; pip install leafinstruct[ray]") from None
        self._settings = settings
        self._started = not ray.is_initialized()
        if self._started:
            _connect(settings, workers)

    def close(self) -> None:
        """Disconnect from the cluster; shut it down if it was started here."""
        import ray

        if self._started:
            ray.shutdown()

    def run_tasks(self, function: Callable[..., Any], tasks: Sequence[tuple[Any, ...]], workers: int) -> Iterator[Any]:
        """Results of `function(*task)` as they come in, from any node. The first error ends the work and is raised."""
        import ray

        remote = ray.remote(num_cpus=1, max_retries=self._settings.retries)(_quiet)
        most = IN_FLIGHT * max(1, int(ray.cluster_resources().get("CPU", 1)))
        yield from _windowed(((_about(task), partial(remote.remote, function, task)) for task in tasks), most)

    def run_model_tasks(self, function: Callable[..., Any], tasks: Sequence[tuple[Any, ...]]) -> Iterator[Any]:
        """Results of `function(pool, *task)` as they come in; each actor keeps its models from task to task."""
        import ray

        settings = self._settings
        kind = ray.remote(
            num_cpus=settings.cpus,
            num_gpus=settings.gpus,
            max_restarts=settings.retries,
            max_task_retries=settings.retries,
        )(_Holder)
        holders: list[Any] = [kind.remote() for _ in range(min(settings.actors, len(tasks)))]
        try:
            yield from _shared(holders, function, tasks)
        finally:
            for holder in holders:
                ray.kill(holder)


class _Holder:
    """An actor: one model at a time in its memory, loaded when a task first asks for it."""

    def __init__(self) -> None:
        self.pool = Pool()

    def begin(self) -> None:
        """Returns once the cluster has started the actor."""

    def run(self, function: Callable[..., Any], task: tuple[Any, ...]) -> Any:
        return _quiet(function, (self.pool, *task))


def _quiet(function: Callable[..., Any], task: tuple[Any, ...]) -> Any:
    """Run a task; an error that the user must fix is returned as a value, so that Ray neither retries nor wraps it."""
    try:
        if getattr(function, "is_watched", False):
            [found] = _watchers().results(function, [task])
            return found
        return function(*task)
    except LeafError as error:
        return error


@cache
def _watchers() -> Watchers:
    """The process for watched tasks that belongs to this one of Ray."""
    from leafinstruct.watched import Watchers

    made = Watchers(1)
    atexit.register(made.close)
    return made


def _connect(settings: RaySettings, workers: int) -> None:
    import ray

    # Worker processes use this environment as it is; otherwise Ray would zip and send the working folder.
    os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    try:
        if settings.address:
            ray.init(address=settings.address, log_to_driver=False, logging_level=logging.ERROR)
        else:
            ray.init(
                address="local",  # not another cluster that happens to run on this machine
                num_cpus=max(workers, math.ceil(settings.cpus), 1),  # a step runs tasks or asks models, never both
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.ERROR,
                _node_ip_address="127.0.0.1",
            )
    except (ConnectionError, RuntimeError, ValueError) as error:
        where = f"at '{settings.address}'" if settings.address else "on this machine"
        reason = str(error).splitlines()[0][:200]
        raise LeafError(f"ray: no cluster {where} ({reason}); start one with: ray start --head") from None


def _windowed(submits: Iterator[tuple[str, Callable[[], Any]]], most: int) -> Iterator[Any]:
    """Keep at most `most` tasks submitted, each with what it is about, and pass on results as they are ready."""
    import ray

    waiting: dict[Any, str] = {}

    def first() -> Any:
        [done], _ = ray.wait(list(waiting))
        return _result(done, waiting.pop(done))

    try:
        for about, submit in submits:
            if len(waiting) >= most:
                yield first()
            waiting[submit()] = about
        while waiting:
            yield first()
    finally:
        for left in waiting:
            ray.cancel(left, force=False)


def _shared(holders: Sequence[Any], function: Callable[..., Any], tasks: Sequence[tuple[Any, ...]]) -> Iterator[Any]:
    """Give each actor a task once it has started, and the next when it finishes one. While the cluster is full or still
    growing, the actors that have started do all the work."""
    import ray

    left = list(reversed(tasks))
    holder_of: dict[Any, Any] = {holder.begin.remote(): holder for holder in holders}
    at_work: dict[Any, str] = {}
    while left or at_work:
        [reference], _ = ray.wait(list(holder_of))
        holder, result = holder_of.pop(reference), _result(reference, at_work.get(reference, "a model's start"))
        if left:
            task = left.pop()
            started = holder.run.remote(function, task)
            holder_of[started] = holder
            at_work[started] = _about(task)
        if at_work.pop(reference, ""):
            yield result


def _about(task: Iterable[Any]) -> str:
    return f"partition {next(texts_among(task), '?')}"


def _result(reference: Any, about: str) -> Any:
    import ray
    from ray.exceptions import RayError, RayTaskError

    try:
        value = ray.get(reference)
    except RayTaskError as error:
        raise error.as_instanceof_cause() from None
    except RayError as error:
        reason = str(error).strip().splitlines()[0][:200]
        raise LeafError(
            f"ray: the work on {about} ended its process again and again ({reason}); look for what ends it, such as "
            "memory that runs out or code that calls exit, and build again"
        ) from None
    if isinstance(value, LeafError):
        raise value
    return value
