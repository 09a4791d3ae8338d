"""The local engine: a pool of fresh processes for work on the CPU, or this process if one worker is enough."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from leafinstruct.errors import LeafError


class LocalEngine:
    """Keeps its processes between the steps of a build: each takes seconds to start and import what it needs."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None

    def run_tasks(self, function: Callable[..., Any], tasks: Sequence[tuple[Any, ...]], workers: int) -> Iterator[Any]:
        """Results of `function(*task)` as they come in. The function must be importable by name; it commits its own
        files. The first error ends the work and is raised; files committed by then are kept.
        """
        if workers <= 1 or len(tasks) <= 1:
            for task in tasks:
                yield function(*task)
            return
        if self._pool is None:
            # Spawned, not forked: locks and threads of libraries do not survive a fork.
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(workers, context, initializer=_end_with_parent)
        done = False
        try:
            for future in as_completed([self._pool.submit(function, *task) for task in tasks]):
                yield future.result()
            done = True
        except BrokenProcessPool:
            raise LeafError("a worker process died (often: out of memory); build again with fewer --workers") from None
        finally:
            if not done:
                self.close()

    def close(self) -> None:
        """End the processes; waiting tasks are not started."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None


def run_tasks(function: Callable[..., Any], tasks: Sequence[tuple[Any, ...]], workers: int) -> Iterator[Any]:
    """Like `LocalEngine.run_tasks`, with processes for these tasks alone."""
    engine = LocalEngine()
    try:
        yield from engine.run_tasks(function, tasks, workers)
    finally:
        engine.close()


def _end_with_parent() -> None:
    """End this worker if the build that started it is killed: it would wait for work forever, or keep writing."""
    parent = multiprocessing.parent_process()

    def wait() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
