"""Tables drawn with lines (`+---+---+`), as Pandoc and its descendants read them. docutils' parser knows the drawing;
the cells are Markdown."""

from __future__ import annotations

from docutils.parsers.rst.tableparser import GridTableParser, TableMarkupError
from docutils.statemachine import StringList
from markdown_it.rules_block import StateBlock

from leafinstruct.harvest.formats.dialects import blocks

MOST_LINES = 500
DEPTH = "depth of drawn tables"
DEEPEST = 3


def drawn_table(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    line = blocks.line_of(state, start)
    if line[:3] not in ("+--", "+:-", "+==") or state.is_code_block(start) or line.strip("+-=: \t"):
        return False
    last = start
    while last < min(end, start + MOST_LINES) and blocks.line_of(state, last)[:1] in ("+", "|"):
        last += 1
    if last - start < 3 or state.env.get(DEPTH, 0) >= DEEPEST:
        return False
    lines = [_line(blocks.line_of(state, number)) for number in range(start, last)]
    width = max(map(len, lines))
    try:
        _, heads, rows = GridTableParser().parse(StringList([one.ljust(width) for one in lines], "table"))
    except (TableMarkupError, IndexError, AssertionError, ValueError):  # a drawing that does not close
        return False
    if silent:
        return True
    state.line = last
    state.env[DEPTH] = state.env.get(DEPTH, 0) + 1
    blocks.html(state, "\n<table>\n")
    for cell_tag, group in (("th", heads), ("td", rows)):
        for row in group:
            blocks.html(
                state, f"<tr>{''.join(_cell(state, cell, cell_tag) for cell in row if cell is not None)}</tr>\n"
            )
    blocks.html(state, "</table>\n")
    state.env[DEPTH] -= 1
    return True


def _line(text: str) -> str:
    """A line without the colons that align a column."""
    return text.rstrip().replace(":", "-") if text[:1] == "+" and not text.strip("+-=: \t") else text.rstrip()


def _cell(state: StateBlock, cell: tuple[int, int, int, list[str]], tag: str) -> str:
    rows, columns, _, lines = cell
    spans = "".join(f' {name}="{count + 1}"' for name, count in (("rowspan", rows), ("colspan", columns)) if count)
    html = state.md.render("\n".join(lines), state.env).strip()
    if html.startswith("<p>") and html.count("<p>") == 1 and html.endswith("</p>"):
        html = html[3:-4]
    return f"<{tag}{spans}>{html}</{tag}>"


def caption(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """`: text`, the caption of the table above or below, as Pandoc reads it."""
    line = blocks.line_of(state, start)
    if line[:2] != ": " or state.is_code_block(start):
        return False
    above = state.tokens[-1].type == "table_close" if state.tokens else False
    following = start + 1
    while following < end and state.isEmpty(following):
        following += 1
    below = following < end and blocks.line_of(state, following)[:1] in ("|", "+")
    begins = not state.tokens or state.tokens[-1].type != "paragraph_close"
    if silent or not (above or (below and begins and following > start + 1)):
        return False
    state.line = start + 1
    blocks.html(state, "\n<p>")
    blocks.inline(state, line[2:].strip(), start)
    blocks.html(state, "</p>\n")
    return True
