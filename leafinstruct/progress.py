"""Progress of long work: a bar on a terminal, and lines to the logger `leafinstruct`, at INFO; what the user should
look at is a WARNING. The command line prints the log; a script configures `logging` as it likes."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

log = logging.getLogger("leafinstruct")
Item = TypeVar("Item")
LINE_SECONDS = 15.0
"""In a log, at most one line in this many seconds, and one at the end."""


class Progress:
    """Shows how far the work is, on standard error: standard output holds results only. `quiet` leaves warnings."""

    def __init__(self, quiet: bool = False) -> None:
        self.quiet = quiet
        self.live = sys.stderr.isatty() and not quiet
        self.spent: dict[str, tuple[int, float]] = {}
        """Items done and wall seconds, by label."""

    def say(self, text: str) -> None:
        if not self.quiet:
            log.info(text)

    def warn(self, text: str) -> None:
        log.warning(text)

    def over(self, items: Iterable[Item], total: int, label: str, unit: str = "partitions") -> Iterator[Item]:
        """Pass items on and show how many of `total` are done, the rate and the time left."""
        if total == 0:
            return
        track = self._bar if self.live else self._lines
        start, before = time.monotonic(), self.spent.get(label, (0, 0.0))
        for done, item in enumerate(track(items, total, label, unit), before[0] + 1):
            yield item
            self.spent[label] = done, before[1] + time.monotonic() - start

    def _bar(self, items: Iterable[Item], total: int, label: str, unit: str) -> Iterator[Item]:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        columns: list[Any] = [
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn(unit),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        ]
        with Bar(*columns, console=Console(stderr=True)) as bar:
            task = bar.add_task(label, total=total)
            for item in items:
                bar.advance(task)
                yield item

    def _lines(self, items: Iterable[Item], total: int, label: str, unit: str) -> Iterator[Item]:
        start = last = time.monotonic()
        for done, item in enumerate(items, 1):
            yield item
            now = time.monotonic()
            if done == total or now - last >= LINE_SECONDS:
                last, spent = now, max(now - start, 1e-9)
                left = (total - done) * spent / done
                self.say(f"{label}: {done}/{total} {unit}, {done / spent:.1f}/s, {left:.0f} s left")
