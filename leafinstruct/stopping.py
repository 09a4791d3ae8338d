"""Ends a command that is stopped by Ctrl-C or SIGTERM: in one line that says what is kept, at whatever moment. Imports
nothing, because a command can be stopped while it still imports."""

from __future__ import annotations

import _thread
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

INTERRUPTED, TERMINATED = 130, 143
"""Exit codes after Ctrl-C and after SIGTERM, as shells give them."""
KEPT = "leafinstruct: stopped; finished work is kept, build again to continue"
_received: list[int] = []


class Terminated(KeyboardInterrupt):
    """SIGTERM: work ends as after Ctrl-C."""


class Stopped(SystemExit):
    """The end of a stopped command that has said so."""


def _terminate(number: int, frame: FrameType | None) -> None:
    _received.append(number)
    raise Terminated


def _raise_later(number: signal.Signals) -> None:
    time.sleep(0.01)
    _thread.interrupt_main(number)


def _not_lost(unraisable: sys.UnraisableHookArgs) -> None:
    """A stop that came where Python raises nothing, as in the callback of an import's lock, comes again."""
    if isinstance(unraisable.exc_value, KeyboardInterrupt):
        _thread.start_new_thread(_raise_later, (signal.SIGTERM if _received else signal.SIGINT,))
    else:
        sys.__unraisablehook__(unraisable)


def _is_stop(end: BaseException | None) -> bool:
    """Whether an exception is Ctrl-C or SIGTERM: Typer makes it an exit, and Python and libraries other errors."""
    if isinstance(end, SystemExit):
        return not isinstance(end, Stopped) and end.code == INTERRUPTED
    seen: set[int] = set()
    while end is not None and id(end) not in seen:
        seen.add(id(end))
        if isinstance(end, KeyboardInterrupt) or any(map(_is_stop, getattr(end, "exceptions", ()))):
            return True
        end = end.__cause__ or end.__context__
    return False


@contextmanager
def one_line_when_stopped() -> Iterator[None]:
    """Around a command: Ctrl-C and SIGTERM become one line on standard error, and an exit code."""
    if signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _terminate)
    before, sys.unraisablehook = sys.unraisablehook, _not_lost
    try:
        yield
    except BaseException as end:
        if not _is_stop(end):
            raise
        for number in (signal.SIGINT, signal.SIGTERM):  # once is enough
            signal.signal(number, signal.SIG_IGN)
        exec(
            ""
        )  # after an interrupt inside of `exec`, as of a dataclass, Python would end by the signal; this resets it
        print(KEPT, file=sys.stderr, flush=True)
        raise Stopped(TERMINATED if _received else INTERRUPTED) from None
    finally:
        sys.unraisablehook = before


@contextmanager
def without_interrupts() -> Iterator[None]:
    """Around the start of a process: it never receives the Ctrl-C of its parent, which ends it; the parent receives it
    at the end of the block."""
    mask = getattr(signal, "pthread_sigmask", None)
    if mask is None:
        yield
        return
    before = mask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        mask(signal.SIG_SETMASK, before)
