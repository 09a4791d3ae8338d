"""Lines that a command prints, with Markdown among them: rendered on a terminal, as it is written elsewhere."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from leafinstruct.text.printable import printable, printable_json, printable_line


@dataclass(frozen=True, slots=True)
class Passage:
    """Markdown among the lines, with what stands before its first line; its other lines are indented as far."""

    lead: str
    markdown: str

    def __str__(self) -> str:
        return self.lead + re.sub(r"\n(?!\n)", "\n" + " " * len(self.lead), printable(self.markdown))


def safe(lines: Sequence[str | Passage]) -> list[str | Passage]:
    """The lines, printable wherever they are printed, each on one line; a passage always is printable."""
    return [line if isinstance(line, Passage) else printable_line(line) for line in lines]


def echo(text: object, *, error: bool = False, end: str = "\n") -> None:
    """Print a text on standard output, or on standard error. All that commands print goes through here."""
    print(printable(str(text)), file=sys.stderr if error else sys.stdout, end=end, flush=error)


def echo_json(value: Any, indent: int | None = None) -> None:
    """Print a value as JSON, with escapes for what a terminal would obey."""
    echo(printable_json(json.dumps(value, indent=indent, ensure_ascii=False, default=str)))


def print_lines(lines: Sequence[str | Passage]) -> None:
    """Print the lines on standard output: Markdown rendered on a terminal, as it is written elsewhere."""
    if not sys.stdout.isatty():
        echo("\n".join(map(str, lines)))
        return
    from rich.console import Console

    console = Console()
    for line in lines:
        if isinstance(line, str):
            echo(line)
        else:
            console.print(_rendered(line))


def _rendered(passage: Passage) -> object:
    """The passage for Rich: its lead beside its Markdown."""
    from rich.table import Table
    from rich.text import Text

    from leafinstruct.report.markdown import for_terminal

    beside = Table.grid(expand=True)
    beside.add_column(width=len(passage.lead), no_wrap=True)
    beside.add_column(ratio=1)
    beside.add_row(Text(passage.lead), for_terminal(passage.markdown))
    return beside
