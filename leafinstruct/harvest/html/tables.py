"""Tables: which hold data, and in which columns their cells stand."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from selectolax.lexbor import LexborNode

from leafinstruct.harvest.html.dom import holds, holds_one_text

MOST_COLUMNS = 100
MOST_ROWS = 1000
"""A cell that spans more is an error, or means the rest of the table."""
WIDEST = 1000
"""Columns; cells further right span none."""
NOT_A_LINE = frozenset(["img", "table", "ul", "ol", "dl", "pre", "script", "style", "h1", "h2", "h3", "h4", "h5", "h6"])
"""What a row of plain cells does not hold; nor two paragraphs, one after the other."""
PARAGRAPH = frozenset(("p",))
LINES = frozenset(("div", "p", "br"))
NOT_A_CELL = "td table, ul, ol, dl, pre, h1, h2, h3, h4, h5, h6"
"""What a pipe table cannot hold: such a row becomes its blocks in reading order."""
LONGEST_CELL = 200
"""Characters: a table with longer cells and without a head is layout."""


class Grid:
    """The columns of one table, with those that cells of rows above still cover."""

    def __init__(self) -> None:
        self._covered: dict[int, int] = {}

    def place(self, cells: Sequence[LexborNode]) -> tuple[list[int], int]:
        """The columns in which the cells of the next row begin, and the width of the row. Columns that a cell spans or
        one above covers stay empty."""
        starts: list[int] = []
        column = 0
        for cell in cells:
            column = self._next_free(column)
            starts.append(column)
            rows = _span(cell, "rowspan", MOST_ROWS)
            for _ in range(_span(cell, "colspan", MOST_COLUMNS) if column < WIDEST else 1):
                if rows > 1 and column < WIDEST:
                    self._covered[column] = rows - 1
                column += 1
        return starts, self._next_free(column)

    def _next_free(self, column: int) -> int:
        while left := self._covered.get(column, 0):
            self._covered[column] = left - 1
            column += 1
        return column


def _span(cell: LexborNode, name: str, most: int) -> int:
    stated = cell.attributes.get(name) or "1"
    if not (stated.isascii() and stated.isdigit()):
        return 1
    return min(int(stated) if name == "colspan" else int(stated) or most, most) or 1


def cells_of(row: LexborNode) -> list[LexborNode]:
    return [child for child in row.iter() if child.tag in ("td", "th")]


def is_line(row: LexborNode) -> bool:
    """Whether a row of a table is one of plain cells."""
    if holds(row, NOT_A_LINE) or "ltx_eqn" in (row.attributes.get("class") or ""):
        return False
    return not (holds(row, PARAGRAPH) and row.css_first("p + p"))


def text_of_cell(cell: LexborNode) -> str:
    """The text of a cell, with a space between its lines."""
    has_lines = not holds_one_text(cell) and holds(cell, LINES)
    return cell.text(deep=True, separator=" " if has_lines else "")


def is_data(table: LexborNode) -> bool:
    """Whether a table is one of data, not a frame: it has a head or a caption, or short cells in two columns or
    more."""
    if table.attributes.get("role") in ("presentation", "none") or "ltx_eqn" in (table.attributes.get("class") or ""):
        return False
    if table.css_first("td table") is not None:
        return False
    if table.css_first("th, thead, caption") is not None:
        return True
    rows = [cells for row in table.css("tr") if (cells := cells_of(row))]
    wide = [cells for cells in rows if len(cells) > 1]
    short = all(len(cell.text(deep=True)) <= LONGEST_CELL for cells in wide for cell in cells)
    return len(wide) > 1 and short


class Table:
    """A table on the way: its columns, and how many of its rows were lines or blocks. A walk outside of any table has
    one without a node."""

    def __init__(self, key: int = 0, node: LexborNode | None = None) -> None:
        self.key = key
        self.grid = Grid()
        self.rows = 0
        self.rows_of_blocks = 0
        self._node = node

    @cached_property
    def data(self) -> bool:
        return self._node is not None and is_data(self._node)
