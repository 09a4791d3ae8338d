"""Processes for work that may cost one its life: each notes what it opens, and a lost one is replaced.

They are forked from a server that has imported what they need: a new one takes milliseconds, and shares its memory.
They import no script, so any script may start a build.
"""

from __future__ import annotations

import gc
import io
import multiprocessing
import os
import tempfile
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from multiprocessing import popen_forkserver, reduction, resource_tracker, spawn
from multiprocessing.connection import Connection, wait
from multiprocessing.context import set_spawning_popen
from multiprocessing.forkserver import ForkServer, read_signed
from multiprocessing.pool import ExceptionWithTraceback  # type: ignore[attr-defined]
from multiprocessing.util import Finalize, close_fds  # type: ignore[attr-defined]
from pathlib import Path
from typing import Any

from leafinstruct import under_way
from leafinstruct.errors import LeafError
from leafinstruct.stopping import without_interrupts
from leafinstruct.under_way import EXCEEDED, OPENED

COLLECTED = 50_000
"""New objects after which garbage is looked for: documents in the making are many, and few of them make circles."""
SUSPECTED = 2
"""Ends of another kind after which an input is thought to be their cause: other programs end processes, too."""
_SERVER = ForkServer()


class Watchers:
    """At most `most` processes for watched tasks; they are kept until they are closed."""

    def __init__(self, most: int) -> None:
        self.most = max(most, 1)
        self._notes = tempfile.TemporaryDirectory(prefix="leafinstruct-")
        resource_tracker.ensure_running()  # unblocks SIGINT, so not as late as `without_interrupts`
        self._idle: list[_Worker] = []
        self._at_work: dict[Connection, tuple[_Worker, tuple[Any, ...]]] = {}
        self._started = 0

    def results(self, function: Any, tasks: Sequence[tuple[Any, ...]]) -> Iterator[Any]:
        """Results of `function(*task)` as they come in; the function is a `Watched`, or has its attributes. A task that
        loses its process runs again. Raises LeafError if a process ends that had no input open."""
        left, ends = deque(tasks), Counter[tuple[str, str]]()
        while left or self._at_work:
            while left and len(self._at_work) < self.most:
                self._give(function, left.popleft())
            for connection in wait(list(self._at_work)):
                worker, task = self._at_work.pop(connection)  # type: ignore[call-overload]
                try:
                    good, value = worker.connection.recv()
                except (EOFError, OSError):
                    end, note = worker.end()
                    opened = note.removeprefix(OPENED) if note.startswith(OPENED) else ""
                    ends[repr(task), opened] += 1
                    if not opened or (end != -EXCEEDED and end >= 0):
                        raise LeafError(under_way.death(end, note)) from None
                    if end == -EXCEEDED or ends[repr(task), opened] >= SUSPECTED:
                        function.lost(opened, *task)
                    left.appendleft(task)
                    continue
                self._idle.append(worker)
                if not good:
                    raise value
                yield value

    def _give(self, function: Any, task: tuple[Any, ...]) -> None:
        with without_interrupts():  # a process that is not in a list would not be ended
            worker = self._idle.pop() if self._idle else self._start(function.imports)
            self._at_work[worker.connection] = worker, task
        worker.connection.send((function, task))

    def _start(self, imports: tuple[str, ...]) -> _Worker:
        self._started += 1
        return _Worker(Path(self._notes.name, str(self._started)), imports)

    def close(self) -> None:
        """End all processes, those at work too: files are there whole or not at all."""
        for worker in [*self._idle, *(worker for worker, _ in self._at_work.values())]:
            worker.kill()
        self._idle, self._at_work = [], {}
        self._notes.cleanup()


class _Worker:
    def __init__(self, note: Path, imports: tuple[str, ...]) -> None:
        self.note = note
        self.connection, there = multiprocessing.Pipe()
        _SERVER.set_forkserver_preload(list(imports))  # counts for the first process
        self.process = _Process(target=_work, args=(there, str(note), dict(os.environ)))
        self.process.start()
        there.close()

    def end(self) -> tuple[int, str]:
        """Exit code (negative: a signal) and last note of a process that has ended, or does no more."""
        self.connection.close()
        self.process.join(5)
        if self.process.exitcode is None:
            self.process.kill()
            self.process.join()
        return self.process.exitcode or 0, under_way.noted(self.note)

    def kill(self) -> None:
        self.process.kill()
        self.process.join()
        self.connection.close()


class _Popen(popen_forkserver.Popen):
    """A process of our own server, which does not import the script that started the build."""

    def _launch(self, process_obj: Any) -> None:
        prepared: Mapping[str, Any] = spawn.get_preparation_data(process_obj._name)
        data = io.BytesIO()
        set_spawning_popen(self)
        try:
            reduction.dump({key: one for key, one in prepared.items() if not key.startswith("init_main")}, data)
            reduction.dump(process_obj, data)
        finally:
            set_spawning_popen(None)
        self.sentinel, writer = _SERVER.connect_to_new_process(self._fds)  # type: ignore[attr-defined]
        self.finalizer = Finalize(self, close_fds, (os.dup(writer), self.sentinel))
        with open(writer, "wb") as out:  # noqa: PTH123 - a descriptor
            out.write(data.getbuffer())
        self.pid = read_signed(self.sentinel)


class _Process(multiprocessing.process.BaseProcess):
    _start_method = "forkserver"

    @staticmethod
    def _Popen(process_obj: Any) -> _Popen:
        return _Popen(process_obj)


def _work(connection: Connection, note: str, environment: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    try:
        under_way.keep_in(Path(note))
    except FileNotFoundError:
        return  # stopped while this process started: the folder of notes is gone
    under_way.end_with_parent()
    gc.freeze()  # what the server imported is never garbage
    gc.set_threshold(COLLECTED)
    while True:
        try:
            function, task = connection.recv()
        except EOFError:
            return
        try:
            answer = True, function(*task)
        except BaseException as error:
            answer = False, ExceptionWithTraceback(error, error.__traceback__)
        connection.send(answer)
