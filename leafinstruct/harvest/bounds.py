"""What one input may cost the process that reads it: CPU time and memory, kept by the kernel.

Parsers in C return to no Python code that could look at a clock. So the kernel ends the process; the build knows from
the process's last note which input it had opened, and makes the partition again without it.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated

from msgspec import Meta
from selectolax.lexbor import SelectolaxError

from leafinstruct import under_way
from leafinstruct.under_way import EXCEEDED, OPENED

TOO_COSTLY = "too_costly"
"""The reason that is counted for an input which exceeded its bounds."""
OUT_OF_MEMORY = (MemoryError, SelectolaxError)
"""What an allocation that failed raises: HTML has no other error."""
LONGEST = 400
"""Bytes of an input's name in a note."""


@dataclass(frozen=True)
class Bounds:
    """What one input may cost."""

    seconds: Annotated[float, Meta(gt=0)] = 8.0
    """CPU seconds of reading one input."""
    megabytes: Annotated[int, Meta(ge=1)] = 800
    """MB of memory above what the process had before it."""


class TooCostly(Exception):
    """An input that exceeded its bounds before."""


@dataclass
class _Partition:
    """The inputs of what is harvested now: those that are left out, and CPU seconds spent on each so far."""

    bounds: Bounds = field(default_factory=Bounds)
    without: frozenset[str] = frozenset()
    spent: dict[str, float] = field(default_factory=dict)
    opened: str = ""
    before: str | None = None
    """The note of this process before; None if it keeps no notes: then nothing is bounded."""


_now = _Partition()


def begin(bounds: Bounds, without: frozenset[str]) -> None:
    """Begin a partition whose inputs have these bounds, without some of them."""
    global _now
    _now = _Partition(bounds, without, before=under_way.current() if EXCEEDED else None)


@contextmanager
def bounded(where: str) -> Iterator[None]:
    """Around all that is done to one input. Raises TooCostly at once for one that exceeded its bounds before. The
    bounds hold in processes that are watched; several such blocks of an input share them."""
    name = named(where)
    if name in _now.without:
        raise TooCostly(name)
    if _now.before is None or _now.opened:
        yield
        return
    under_way.note(OPENED + name)
    _now.opened = name
    limit_memory(_now.bounds.megabytes)
    signal.setitimer(signal.ITIMER_PROF, max(_now.bounds.seconds - _now.spent.get(name, 0.0), 0.001))
    try:
        yield
    except OUT_OF_MEMORY:
        signal.raise_signal(EXCEEDED)
    finally:
        left, _ = signal.setitimer(signal.ITIMER_PROF, 0)
        limit_memory(None)
        _now.spent[name] = _now.bounds.seconds - left
        _now.opened = ""
        under_way.note(_now.before)


@contextmanager
def shared() -> Iterator[None]:
    """Around work that is not billed to the input which begins it, as listing the files of a repository for all."""
    if not _now.opened:
        yield
        return
    left, _ = signal.setitimer(signal.ITIMER_PROF, 0)
    limit_memory(None)
    try:
        yield
    finally:
        limit_memory(_now.bounds.megabytes)
        signal.setitimer(signal.ITIMER_PROF, max(left, 0.001))


def named(where: str) -> str:
    """An input in a note: its name, or the end of a long one with a hash."""
    data = where.encode("utf-8", "surrogatepass")
    if len(data) <= LONGEST and where.isprintable():
        return where
    from leafinstruct.harvest.files import partition_name

    return partition_name(where)


def limit_memory(megabytes: int | None) -> None:
    """Let this process have so much more memory than now; None lifts the limit. Only Linux has one of this kind."""
    if (setter := _setter()) is not None:
        setter(None if megabytes is None else megabytes * 1_000_000)


@cache
def _setter() -> Callable[[int | None], None] | None:
    try:
        import resource

        statm = os.open("/proc/self/statm", os.O_RDONLY)
    except (ImportError, OSError):
        return None
    page = os.sysconf("SC_PAGE_SIZE")
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)

    def limit(more: int | None) -> None:
        most = soft
        if more is not None:
            most = int(os.pread(statm, 200, 0).split()[5]) * page + more
            most = min(most, hard) if hard != resource.RLIM_INFINITY else most
        resource.setrlimit(resource.RLIMIT_DATA, (most, hard))

    return limit
