"""How long the tasks of a build take, measured where they run, and how long a server asks to wait."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from leafinstruct.under_way import Watched, note


@dataclass(frozen=True, slots=True)
class Spent:
    """Time that one task took. `about` has the strings among its arguments (such as names of partitions); `loading` is
    the part of `seconds` in which a model was loaded."""

    step: str
    about: tuple[str, ...]
    seconds: float
    cpu: float
    loading: float = 0.0


@dataclass(frozen=True)
class Timed:
    """Runs a task and times it: returns (number of the task, seconds, CPU seconds, result)."""

    function: Callable[..., Any]

    @property
    def is_watched(self) -> bool:
        return isinstance(self.function, Watched)

    @property
    def imports(self) -> tuple[str, ...]:
        return getattr(self.function, "imports", ())

    def lost(self, opened: str, number: int, *task: Any) -> None:
        """See `Watched`."""
        if isinstance(self.function, Watched):
            self.function.lost(opened, *task)

    def __call__(self, number: int, *task: Any) -> tuple[int, float, float, Any]:
        import pyarrow as pa

        # Arrow's own allocator keeps freed memory: a build of 20,000 documents grew by 100 MB and was no faster.
        pa.set_memory_pool(pa.system_memory_pool())
        note(f"partition {next(texts_among(task), '?')}")
        start, cpu = time.perf_counter(), time.process_time()
        result = self.function(*task)
        return number, time.perf_counter() - start, time.process_time() - cpu, result


def texts_among(task: Iterable[Any]) -> Iterator[str]:
    """Strings among the arguments of a task, including names of objects, keys of mappings and items of lists."""
    for value in task:
        if isinstance(value, str):
            yield value
        elif isinstance(value, Mapping | list | tuple):
            yield from (key for key in value if isinstance(key, str))
        elif name := getattr(value, "name", ""):
            yield str(name)


def retry_after(value: str) -> float:
    """Seconds that a `Retry-After` header asks to wait, given as seconds or as a date (RFC 9110, 10.2.3); 0 for a past
    date and for an invalid value. Always finite."""
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        try:
            seconds = parsedate_to_datetime(value).timestamp() - time.time()
        except Exception:  # a server may send anything
            return 0.0
    return max(seconds, 0.0) if math.isfinite(seconds) else 0.0
