"""The command line in the tests' own process."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from leafinstruct import cli


@contextmanager
def in_this_process() -> Iterator[Callable[..., int]]:
    """Runs a command in a folder, and returns its exit code."""
    with pytest.MonkeyPatch.context() as patch:

        def run(*arguments: str, folder: Path) -> int:
            patch.chdir(folder)
            patch.setattr(sys, "argv", ["leafinstruct", *arguments])
            try:
                cli.main()
            except SystemExit as end:
                return int(end.code or 0)
            return 0

        yield run
