"""What a worker process works on, kept in a small file that outlives it: a process that is killed tells nothing."""

from __future__ import annotations

import mmap
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SIZE = 512
"""Bytes of a note."""
OPENED = "input "
"""Begins the note of a process that has opened an input."""
EXCEEDED = getattr(signal, "SIGPROF", 0)
"""Ends a process whose input exceeds its bounds."""


@dataclass(frozen=True)
class Watched:
    """A task that may cost the life of the process it runs in. `lost(input, *task)` takes note that an input did,
    before the task runs again. `imports` are modules that it needs."""

    function: Callable[..., Any]
    lost: Callable[..., None]
    imports: tuple[str, ...] = ()
    is_watched = True

    def __call__(self, *task: Any) -> Any:
        return self.function(*task)


class _Note:
    file: mmap.mmap | None = None


def keep_in(file: Path) -> None:
    """Keep the notes of this process in a new file from now on."""
    file.write_bytes(bytes(SIZE))
    with file.open("r+b") as opened:
        _Note.file = mmap.mmap(opened.fileno(), SIZE)


def note(text: str) -> None:
    """Note what is worked on now. Takes a microsecond, and does nothing in a process that keeps no notes."""
    if _Note.file is not None:
        _Note.file[:] = text.encode(errors="replace")[:SIZE].ljust(SIZE, b"\0")


def current() -> str | None:
    """The last note of this process; None if it keeps no notes."""
    return None if _Note.file is None else _text(_Note.file[:])


def noted(file: Path) -> str:
    """The last note in a file; "" if there is none."""
    try:
        return _text(file.read_bytes())
    except OSError:
        return ""


def _text(data: bytes) -> str:
    return data.rstrip(b"\0").decode(errors="replace")


def death(code: int | None, note: str) -> str:
    """How a process ended, and what it was at work on."""
    how = "died"
    if code is not None and code < 0:
        how = f"was killed by signal {-code} (often: out of memory)"
    elif code:
        how = f"ended with exit code {code} (often: code that it ran called exit)"
    where = f" at work on {note}" if note else ""
    return f"a worker process {how}{where}; build again, with fewer --workers if memory was short"


def end_with_parent() -> None:
    """End this process if the build that started it is killed: it would wait for work forever, or keep writing."""
    parent = multiprocessing.parent_process()

    def wait_for_it() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=wait_for_it, daemon=True).start()
