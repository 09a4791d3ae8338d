"""The local engine: a pool of fresh processes for work on the CPU, or this process if one worker is enough."""

from __future__ import annotations

import multiprocessing
import os
import signal
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.connection import wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leafinstruct import under_way
from leafinstruct.errors import LeafError
from leafinstruct.stopping import without_interrupts

if TYPE_CHECKING:
    from leafinstruct.watched import Watchers


class LocalEngine:
    """Keeps its processes between the steps of a build: each takes seconds to start and import what it needs."""

    def __init__(self) -> None:
        self._pool: _Pool | None = None
        self._watchers: Watchers | None = None

    def run_tasks(self, function: Callable[..., Any], tasks: Sequence[tuple[Any, ...]], workers: int) -> Iterator[Any]:
        """Results of `function(*task)` as they come in. The function must be importable by name; it commits its own
        files. The first error ends the work and is raised; files committed by then are kept.
        """
        if getattr(function, "is_watched", False) and tasks and hasattr(os, "fork"):
            yield from self._watched(function, tasks, workers)
            return
        if workers <= 1 or len(tasks) <= 1:
            for task in tasks:
                yield function(*task)
            return
        if self._pool is None:
            self._pool = _Pool(workers)
        with self._closed_unless_done():
            yield from self._pool.results(function, tasks)

    def _watched(self, function: Callable[..., Any], tasks: Sequence[tuple[Any, ...]], workers: int) -> Iterator[Any]:
        """The same in processes that are replaced when a task costs one: also with one worker, this process lives."""
        from leafinstruct.watched import Watchers

        if self._watchers is None:
            self._watchers = Watchers(workers)
        with self._closed_unless_done():
            yield from self._watchers.results(function, tasks)

    @contextmanager
    def _closed_unless_done(self) -> Iterator[None]:
        """Around work in the processes: an error and a stop end them, a stop at once."""
        try:
            yield
        except BaseException as end:
            self.close(at_once=isinstance(end, KeyboardInterrupt))
            raise

    def close(self, at_once: bool = False) -> None:
        """End the processes; waiting tasks are not started, and with `at_once` running ones are not waited for."""
        if self._watchers is not None:
            self._watchers.close()
            self._watchers = None
        if self._pool is not None:
            self._pool.close(at_once)
            self._pool = None


class _Pool:
    """Worker processes, and a folder in which each notes what it works on."""

    def __init__(self, workers: int) -> None:
        # Spawned, not forked: locks and threads of libraries do not survive a fork.
        context = multiprocessing.get_context("spawn")
        self._notes = tempfile.TemporaryDirectory(prefix="leafinstruct-")
        self._started = context.Event()
        self._executor = ProcessPoolExecutor(workers, context, _begin, (self._started, self._notes.name))

    def results(self, function: Callable[..., Any], tasks: Sequence[tuple[Any, ...]]) -> Iterator[Any]:
        processes: dict[int, Any] = {}
        try:
            with without_interrupts():  # submitting starts processes
                futures = [self._executor.submit(function, *task) for task in tasks]
            processes = dict(getattr(self._executor, "_processes", None) or {})
            for future in as_completed(futures):
                yield future.result()
        except BrokenProcessPool:
            self._executor.shutdown()  # waits for the ends of all processes
            if not self._started.is_set():
                raise LeafError(NO_GUARD) from None
            raise LeafError(self._death(processes)) from None

    def _death(self, processes: dict[int, Any]) -> str:
        """How a process ended, and what it was at work on. The executor terminates the others."""
        ends = {pid: process.exitcode for pid, process in processes.items()}
        first = [pid for pid, code in ends.items() if code not in (None, 0, -signal.SIGTERM)] or list(ends)
        notes = filter(None, (under_way.noted(Path(self._notes.name, str(pid))) for pid in first))
        return under_way.death(ends[first[0]] if first else None, " or ".join(notes))

    def close(self, at_once: bool) -> None:
        processes = list((getattr(self._executor, "_processes", None) or {}).values())
        self._executor.shutdown(wait=False, cancel_futures=True)
        while at_work := [process for process in processes if process.exitcode is None]:
            if at_once or any(process.exitcode for process in processes):
                for process in at_work:  # one that was killed may have held the lock of the queue that ends the others
                    process.kill()  # files are there whole or not at all
            wait([process.sentinel for process in at_work])
        self._executor.shutdown()
        self._notes.cleanup()


NO_GUARD = (
    "worker processes ended before they began: each imports the script that started the build, so a script must call "
    'leafinstruct below `if __name__ == "__main__":`, and cannot come from standard input; or use workers=1'
)


def is_starting() -> bool:
    """Whether this is a worker process that still imports the script which started it (see NO_GUARD)."""
    return getattr(multiprocessing.current_process(), "_inheriting", False)


def run_tasks(function: Callable[..., Any], tasks: Sequence[tuple[Any, ...]], workers: int) -> Iterator[Any]:
    """Like `LocalEngine.run_tasks`, with processes for these tasks alone."""
    engine = LocalEngine()
    try:
        yield from engine.run_tasks(function, tasks, workers)
    finally:
        engine.close()


def _begin(started: Any, notes: str) -> None:
    """Called once in each worker."""
    started.set()
    under_way.keep_in(Path(notes, str(os.getpid())))
    under_way.end_with_parent()
