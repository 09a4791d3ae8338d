"""Whether files outside of a run, of which a partition was made, are as they were."""

from __future__ import annotations

import os
from collections.abc import Mapping
from stat import S_ISREG
from typing import Any

from leafinstruct.sums import file_sha256

HASH_LIMIT = 64 << 20
"""Bytes; larger inputs are recognized by size and mtime alone: reading them would cost as much as harvesting them."""


def file_stamps(paths: list[str]) -> dict[str, list[Any]]:
    """For each path [size, mtime in ns, sha256 or ""]; [-1, 0, ""] for a missing file and for a device or pipe."""
    return {path: _stamp(path) for path in sorted(paths)}


def stamps_hold(stamps: Mapping[str, list[Any]]) -> bool:
    """Whether the files are unchanged: by size and mtime, and by hash if only the mtime changed."""
    for path, (size, mtime, sha) in stamps.items():
        try:
            stat = os.stat(path)  # noqa: PTH116 - thousands of calls; Path objects cost more than the stat
        except (OSError, ValueError):
            stat = None
        if stat is None or not S_ISREG(stat.st_mode):
            if size != -1:
                return False
            continue
        if size == -1 or stat.st_size != size:
            return False
        if stat.st_mtime_ns != mtime and (not sha or file_sha256(path) != sha):
            return False
    return True


def _stamp(path: str) -> list[Any]:
    try:
        stat = os.stat(path)  # noqa: PTH116
        if S_ISREG(stat.st_mode):  # a device or a pipe would be read for ever
            return [stat.st_size, stat.st_mtime_ns, file_sha256(path) if stat.st_size <= HASH_LIMIT else ""]
    except (OSError, ValueError):  # ValueError: no name of a file
        pass
    return [-1, 0, ""]
