"""Tables and glossaries that directives hold as lists or values."""

from __future__ import annotations

import csv
from collections.abc import Mapping

from markdown_it.rules_block import StateBlock
from markdown_it.token import Token

from leafinstruct.harvest.formats.dialects import blocks
from leafinstruct.harvest.formats.dialects.page import of

MOST_CELLS = 10_000


def glossary(state: StateBlock, start: int, end: int) -> None:
    """Terms, and below each what it means, deeper."""
    line = start
    blocks.html(state, "\n<dl>\n")
    while line < end:
        last = line + 1
        if not state.isEmpty(line) and state.sCount[line] > state.blkIndent:
            while last < end and (state.isEmpty(last) or state.sCount[last] > state.blkIndent):
                last += 1
            blocks.html(state, "<dd>\n")
            blocks.content(state, line, last, state.sCount[line])
            blocks.html(state, "</dd>\n")
        elif not state.isEmpty(line):
            blocks.html(state, "<dt>")
            blocks.inline(state, blocks.line_of(state, line).strip(), line)
            blocks.html(state, "</dt>\n")
        line = last
    blocks.html(state, "</dl>\n")


def list_table(state: StateBlock, start: int, end: int, options: Mapping[str, str]) -> None:
    """A table written as a list of rows, each a list of cells."""
    first = len(state.tokens)
    blocks.content(state, start, end)
    tokens = state.tokens[first:]
    del state.tokens[first:]
    if not tokens or not tokens[0].type.endswith("list_open"):
        state.tokens += tokens
        return
    heads = options.get("header-rows", "0").strip()
    rows, base = 0, tokens[0].level
    for token in tokens:
        depth = token.level - base
        state.tokens += _in_table(token, depth, rows <= int(heads) if heads.isdigit() else False)
        rows += token.type == "list_item_open" and depth == 1


def _in_table(token: Token, depth: int, head: bool) -> list[Token]:
    """A token of a list of lists as one of a table: levels are those of the list, row, list of cells, and cell."""
    if not (token.type.endswith(("list_open", "list_close")) and depth in (0, 2)) and not (
        token.type in ("list_item_open", "list_item_close") and depth in (1, 3)
    ):
        return [token]
    tag = {0: "table", 1: "tr", 2: "", 3: "td"}[depth]
    made = Token(blocks.RAW, "", 0)
    made.content = f"<{'/' if token.nesting < 0 else ''}{tag}>\n" if tag else ""
    return [made]


def csv_table(state: StateBlock, text: str, options: Mapping[str, str]) -> None:
    if path := options.get("file", ""):
        found = of(state.env).around.file(path)
        text = found[0] if found else ""
    head = list(csv.reader([options["header"]], skipinitialspace=True)) if options.get("header") else []
    try:
        rows = [*head, *csv.reader(text.strip().split("\n"), skipinitialspace=True)]
    except csv.Error:
        rows = head
    blocks.html(state, "\n<table>\n")
    left = MOST_CELLS
    for row in rows:
        left -= len(row)
        if not row or left < 0:
            continue
        blocks.html(state, "<tr>")
        for cell in row:
            blocks.html(state, "<td>")
            blocks.inline(state, cell.strip(), 0)
            blocks.html(state, "</td>")
        blocks.html(state, "</tr>\n")
    blocks.html(state, "</table>\n")
