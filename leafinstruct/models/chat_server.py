"""Asks a server, several requests at once, and tells what one prompt gets from what all get.

What all get is no fact about a prompt. So the first request goes alone, and where requests fail, a request that is
known to be harmless is sent: if that fails too, nothing more is asked.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from leafinstruct.models.chat_answer import nothing_said
from leafinstruct.models.chat_dialect import Ask, Dialect, changes_between, other_dialect, variants
from leafinstruct.models.chat_faults import CHANGEABLE, Failure
from leafinstruct.models.chat_http import post
from leafinstruct.progress import log

LONGEST_PAUSE = 60.0
Found = dict[str, Any] | Failure


@dataclass
class ChatServer:
    """A model on a server. A request is tried `retries` times more, after `backoff` seconds and then twice as long each
    time, or when the server says."""

    model: str
    url: str
    headers: Mapping[str, str]
    extra: Mapping[str, Any]
    """Fields of every request; None leaves one out."""
    timeout: float
    retries: int
    backoff: float
    parallel: int
    secrets: tuple[str, ...] = ()
    """What is never shown, should the server repeat it."""
    dialect: Dialect = Dialect()
    _good: dict[tuple[bool, bool], Ask] = field(default_factory=dict)
    """The last request of each shape that was answered."""

    def ask(self, asks: Sequence[Ask]) -> tuple[list[Found], str]:
        """What the server gives for each request, in order; and why no more should be asked, "" if it can be."""
        found: list[Found] = []
        if asks and asks[0].shape not in self._good:
            found.append(self._first(asks[0]))
            if stop := self._stop(asks, found):
                return found, stop
        rest, dead = self._in_rounds(asks[len(found) :])
        return [*found, *rest], dead or self._stop(asks[len(found) :], rest)

    def _in_rounds(self, asks: Sequence[Ask]) -> tuple[list[Found], str]:
        """What the server gives for each request, and why no more should be asked. Those without an answer are asked
        again together, after a pause; when none of a round was answered, one goes alone until it is, so that a dead
        server is asked few times."""
        found: dict[int, Found] = {}
        tries: Counter[int] = Counter()
        waiting, pause, stop = list(range(len(asks))), self.backoff, ""
        with ThreadPoolExecutor(self.parallel) as pool:
            now = waiting
            while now:
                found |= zip(now, pool.map(partial(self._one, retries=0), (asks[at] for at in now)), strict=True)
                tries.update(now)
                failed = {at: one for at in now if isinstance(one := found[at], Failure) and one.kind == "transient"}
                dead = len(failed) == len(now)
                waiting = [at for at in waiting if at not in now or (at in failed and tries[at] <= self.retries)]
                if dead and tries[now[0]] > self.retries:
                    stop, dead = self._harmless(asks[now[0]], failed[now[0]]), False
                now = [] if stop else waiting[:1] if dead else waiting
                if now:
                    self._pause(max((one.wait for one in failed.values()), default=0.0), pause)
                    pause = min(2 * pause, LONGEST_PAUSE)
        return [_after(tries[at], found[at]) for at in range(len(asks))], stop

    def _first(self, ask: Ask) -> Found:
        """The first request, which goes alone; if it fails, the dialect that the server takes is looked for."""
        found = self._one(ask)
        if not isinstance(found, Failure) or found.status not in CHANGEABLE or found.too_long is not None:
            return found
        probe = ask.probe()
        if not isinstance(self._one(probe, retries=0), Failure):
            return found
        for dialect in variants(self.dialect):
            # the server may have recovered meanwhile: then nothing is to be changed
            if not isinstance(self._post(probe, dialect), Failure):
                if isinstance(self._post(probe, self.dialect), Failure):
                    self._learn(probe, dialect)
                return self._one(ask)
        return found

    def _stop(self, asks: Sequence[Ask], found: Sequence[Found]) -> str:
        """Why no more should be asked: the server gives a harmless request no answer either. "" if it can be."""
        failures = [(ask, one) for ask, one in zip(asks, found, strict=False) if isinstance(one, Failure)]
        well = len(found) - len(failures)
        if not failures or (well and all(one.kind == "transient" for _, one in failures)):
            return ""
        ask, failure = failures[0]
        if failure.kind == "settings" and not self._good:
            return self._said(failure)
        return self._harmless(ask, failure, self.retries if well else 0)

    def _harmless(self, ask: Ask, failed: Failure, retries: int = 0) -> str:
        """Why no more should be asked than a request that failed, if a harmless one of its shape fails too; else ""."""
        harmless = self._good.get(ask.shape) or ask.probe()
        return self._said(failed) if isinstance(self._one(harmless, retries), Failure) else ""

    def _said(self, failure: Failure) -> str:
        return (
            f"model {self.model!r} at {self.url}: {failure.hint}{failure.words}; nothing of this is stored: mend it "
            "and build again"
        )

    def _one(self, ask: Ask, retries: int | None = None) -> Found:
        """What the server gives for a request in the end."""
        dialect, pause, tries = self.dialect, self.backoff, 0
        left = self.retries if retries is None else retries
        while True:
            tries += 1
            found = self._post(ask, dialect)
            if not isinstance(found, Failure):
                self._learn(ask, dialect)
                return found
            changeable = found.status in CHANGEABLE and found.too_long is None
            if changeable and (changed := other_dialect(dialect, found.said)):
                dialect = changed
                continue
            if found.kind != "transient":
                return found
            if not left:
                return _after(tries, found)
            left -= 1
            self._pause(found.wait, pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    @staticmethod
    def _pause(wait: float, pause: float) -> None:
        """Wait as long as the server says; else about `pause` seconds, so that many do not ask again all at once."""
        time.sleep(min(wait or pause * random.uniform(0.5, 1.0), LONGEST_PAUSE))

    def _learn(self, ask: Ask, dialect: Dialect) -> None:
        self._good[ask.shape] = ask
        if dialect != self.dialect:
            for name in changes_between(self.dialect, dialect):
                log.warning("model %r: the server wants %s: it is asked so", self.model, name)
            self.dialect = dialect

    def _post(self, ask: Ask, dialect: Dialect) -> Found:
        body = {**dialect.body(self.model, ask), **self.extra}
        sent = {name: value for name, value in body.items() if value is not None}
        found = post(self.url, sent, self.headers, self.timeout)
        if isinstance(found, dict) and not ask.logprobs:
            found = nothing_said(found) or found
        if isinstance(found, Failure):
            for secret in self.secrets:
                found = replace(found, words=found.words.replace(secret, "…"))
        return found


def _after(tries: int, found: Found) -> Found:
    if isinstance(found, Failure) and found.kind == "transient" and tries > 1:
        return replace(found, words=f"no answer after {tries} attempts: {found.words}")
    return found
