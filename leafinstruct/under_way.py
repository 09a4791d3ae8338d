"""What a worker process works on, kept in a small file that outlives it: a process that is killed tells nothing."""

from __future__ import annotations

import mmap
from pathlib import Path

SIZE = 512
"""Bytes of a note."""


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


def noted(file: Path) -> str:
    """The last note in a file; "" if there is none."""
    try:
        return file.read_bytes().rstrip(b"\0").decode(errors="replace")
    except OSError:
        return ""
