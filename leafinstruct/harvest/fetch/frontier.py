"""Picks the URL to request next: hosts take turns, each with a limited number of requests at a time."""

from __future__ import annotations

import asyncio
import heapq
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from leafinstruct.text.urls import host_of

WINDOW = 20_000
"""URLs read ahead, so that one slow host at the front does not stop the others."""
STEP = 256


@dataclass(frozen=True, slots=True)
class Task:
    url: str
    tries: int = 1

    @property
    def host(self) -> str:
        return host_of(self.url)


class Frontier:
    """Waiting URLs, by host. `wanted` decides whether a URL is requested at all."""

    def __init__(self, urls: Iterator[str], wanted: Callable[[str], bool], per_host: int) -> None:
        self.urls = urls
        self.wanted = wanted
        self.per_host = per_host
        self.waiting: dict[str, deque[Task]] = {}
        self.turn: deque[str] = deque()
        self.active: Counter[str] = Counter()
        self.known: set[str] = set()
        """URLs that wait or are being requested."""
        self.pause: dict[str, float] = {}
        self.delayed: list[tuple[float, str, int]] = []
        self.ended = False
        self.idle: deque[asyncio.Future[None]] = deque()

    async def next(self) -> Task | None:
        """The next URL that may be requested now; None when none is left."""
        while True:
            self._fill()
            if (task := self._ready()) is not None:
                if self.turn:
                    self._wake()
                return task
            if self.ended and not self.known:
                self._wake()
                return None
            waiter = asyncio.get_running_loop().create_future()
            self.idle.append(waiter)
            await asyncio.wait([waiter], timeout=self._wait())
            if not waiter.done():
                self.idle.remove(waiter)

    def _wake(self) -> None:
        """Let one worker look again: a worker that finds something wakes the next."""
        if self.idle:
            self.idle.popleft().set_result(None)

    def done(self, task: Task) -> None:
        self.known.discard(task.url)
        self._release(task)

    def again(self, task: Task, delay: float, whole_host: bool) -> None:
        """Request again after `delay` seconds; with `whole_host`, nothing else of that host before."""
        due = time.monotonic() + delay
        heapq.heappush(self.delayed, (due, task.url, task.tries + 1))
        if whole_host:
            self.pause[task.host] = max(due, self.pause.get(task.host, 0.0))
        self._release(task)

    def slow_down(self, host: str, delay: float) -> None:
        """Let `delay` seconds pass before the next request to a host."""
        self.pause[host] = max(time.monotonic() + delay, self.pause.get(host, 0.0))

    def _release(self, task: Task) -> None:
        self.active[task.host] -= 1
        if not self.active[task.host]:
            del self.active[task.host]
        self._wake()

    def _fill(self) -> None:
        now = time.monotonic()
        while self.delayed and self.delayed[0][0] <= now:
            _, url, tries = heapq.heappop(self.delayed)
            self._add(Task(url, tries))
        read = 0
        while not self.ended and len(self.known) < WINDOW and (read < STEP or not self.turn):
            found = next(self.urls, None)
            if found is None:
                self.ended = True
                break
            read += 1
            self.add(found)

    def add(self, url: str) -> None:
        """Let a URL wait, if it is wanted and does not wait yet."""
        if url not in self.known and self.wanted(url):
            self.known.add(url)
            self._add(Task(url))

    def _add(self, task: Task) -> None:
        if task.host not in self.waiting:
            self.waiting[task.host] = deque()
            self.turn.append(task.host)
        self.waiting[task.host].append(task)

    def _ready(self) -> Task | None:
        now = time.monotonic()
        for _ in range(len(self.turn)):
            host = self.turn.popleft()
            if self.active[host] < self.per_host and self.pause.get(host, 0.0) <= now:
                task = self.waiting[host].popleft()
                self.active[host] += 1
                if self.waiting[host]:
                    self.turn.append(host)
                else:
                    del self.waiting[host]
                    self.pause.pop(host, None)  # it has passed
                return task
            self.turn.append(host)
        return None

    def _wait(self) -> float:
        """Seconds until a URL may be ready without a request ending."""
        now = time.monotonic()
        times = [self.pause[h] for h in self.turn if h in self.pause and self.active[h] < self.per_host]
        if self.delayed:
            times.append(self.delayed[0][0])
        return max(min(times, default=now + 1.0) - now, 0.001)
