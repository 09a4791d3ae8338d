"""Faults that a cut leaves in Markdown: a code fence without its other half, a table without its head.

A parser says what is code and what is a table (CommonMark, tables as in GitHub Flavored Markdown). A fault is what
looks like a part of one and is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import groupby

from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

OPENING = re.compile(r" {0,3}(`{3,}(?=[^`]*$)|~{3,})[ \t]*\S")
"""The first line of fenced code that states its language, which no closing line does."""
DELIMITER = re.compile(r"\|?[ \t]*:?-+:?[ \t]*(\|[ \t]*:?-+:?[ \t]*)*\|?")
PIPE = re.compile(r"(?<!\\)\|")
NESTING = 100
"""Levels of blocks in each other; what lies deeper is not looked at."""


def faults(markdown: str) -> list[str]:
    """Each fault with its line, counted from 1, such as `line 3: code fence without its other half`."""
    if "|" not in markdown and "```" not in markdown and "~~~" not in markdown:
        return []
    found: list[tuple[int, str]] = []
    paragraph = False
    for token in _parser().parse(f"{markdown}\n"):
        if token.map and token.type == "fence":
            found += _of_fence(token.map[0], token.map[1], token.markup, token.content)
        elif token.map and paragraph:
            found += ((token.map[0] + at, fault) for at, fault in _of_tables(token.content.split("\n")))
        paragraph = token.type == "paragraph_open"
    return [f"line {at + 1}: {fault}" for at, fault in found]


@cache
def _parser() -> MarkdownIt:
    """Reads blocks only: what is inside of lines does not matter here."""
    parser = MarkdownIt("commonmark", {"maxNesting": NESTING}).enable("table").disable("inline")
    return parser.use(dollarmath_plugin, allow_labels=False, allow_blank_lines=False)


def _of_fence(start: int, end: int, fence: str, code: str) -> Iterator[tuple[int, str]]:
    """Faults of fenced code on the lines from `start` to before `end`, with the closing one if there is one."""
    if code.count("\n") != end - start - 2:
        yield start, "code fence without its other half"
    for at, line in enumerate(code.split("\n"), start + 1):
        inner = OPENING.match(line)
        if inner and inner[1].startswith(fence):
            yield at, "code fence opens inside another"


def _of_tables(lines: list[str]) -> Iterator[tuple[int, str]]:
    """Faults of the lines of a paragraph, which is no table; one for lines of a table that follow each other."""
    for of_table, found in groupby(range(len(lines)), lambda at: _is_delimiter(lines[at]) or _is_row(lines[at])):
        run = list(found)
        delimiter = next((at for at in run if _is_delimiter(lines[at])), None)
        if not of_table:
            continue
        if delimiter is not None:
            head = lines[delimiter - 1] if delimiter else ""
            if not head.endswith("\\"):  # a line break, so that the line was written as text
                yield delimiter, _of_delimiter(head, lines[delimiter])
        elif len(run) > 1 and _cells(lines[run[0]]) == _cells(lines[run[1]]):
            yield run[0], "table rows without a delimiter row"


def _of_delimiter(head: str, delimiter: str) -> str:
    if "|" not in head:
        return "table without a head"
    if _cells(head) != _cells(delimiter):
        return f"table with {_cells(head)} cells in its head and {_cells(delimiter)} in its delimiter row"
    return "delimiter row without a table"


def _is_delimiter(line: str) -> bool:
    line = line.strip()
    return (line.count("|") > 1 or "|" in line[1:-1]) and DELIMITER.fullmatch(line) is not None


def _is_row(line: str) -> bool:
    """Whether a line begins and ends with a pipe and has two cells or more. With pipes in it only, it may be prose."""
    line = line.strip()
    return line.startswith("|") and PIPE.match(line, len(line) - 1) is not None and _cells(line) > 1


def _cells(row: str) -> int:
    cells = PIPE.split(row.strip())
    return len(cells) - (not cells[0]) - (len(cells) > 1 and not cells[-1])
