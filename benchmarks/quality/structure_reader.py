"""The structure of a Markdown text as lists of items that can be compared, and how two structures are compared.

Any tool's Markdown is read the same way, by markdown-it-py, so that how it is written (fences or indentation, `*` or
`-`, padded cells) does not matter. Images are left out of texts.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.dollarmath import dollarmath_plugin
from pygments.lexers import find_lexer_class_by_name
from pygments.util import ClassNotFound

SPANNED = "\0"
"""Begins a cell of a reference that a spanning cell covers: its text may be repeated there or left out."""
NO_LANGUAGE = frozenset(("", "text", "txt", "none", "plain", "plaintext", "default", "nohighlight", "no-highlight"))
INFO = re.compile(r"[{.\s]*([\w+#.-]*)")
INVISIBLE = dict.fromkeys(map(ord, "\u200b\u2060\ufeff\u00ad"))
DISPLAYSTYLE = re.compile(r"\{\\displaystyle\s(.*)\}|\\displaystyle\s(.*)", re.DOTALL)
PERMALINK = re.compile(r"^#\s*|\s*[¶§🔗#\uf0c1]$")
TASK = re.compile(r"^\[[ xX]\] ")
Table = tuple[tuple[str, ...], ...]


class Code(NamedTuple):
    """A code block; the language is None in a reference if the page does not name it."""

    language: str | None
    text: str


class Heading(NamedTuple):
    level: int
    text: str


class Item(NamedTuple):
    """A list item: how deep (1 is outermost), its number or "-", and the text of its first paragraph."""

    depth: int
    mark: str
    text: str


@dataclass(slots=True)
class Structure:
    code: list[Code] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    headings: list[Heading] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    formulas: list[str] = field(default_factory=list)
    spans: list[str] = field(default_factory=list)
    """Inline code."""
    emphasis: list[tuple[str, str]] = field(default_factory=list)
    """("em" or "strong", text)"""


@cache
def markdown_parser(math: bool) -> MarkdownIt:
    """CommonMark with tables; with `math`, $…$ and $$…$$ are formulas (a price is none)."""
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    if math:
        parser.use(dollarmath_plugin, allow_space=False, allow_digits=False, double_inline=True)
    return parser


def read_structure(markdown: str, math: bool = True) -> Structure:
    return structure_of(markdown_parser(math).parse(markdown))


def structure_of(tokens: Sequence[Token]) -> Structure:
    """The structure of a parsed Markdown text, in order; headings and list items without a text are left out."""
    reader = _Reader()
    for token in tokens:
        method = getattr(reader, f"on_{token.type}", None)
        if method:
            method(token)
    reader.found.items = [item for item in reader.found.items if item.text]
    return reader.found


class _Reader:
    """Collects items token by token; `lists` holds the next number of each open list (None in a bulleted one), `open`
    the places in `found.items` of the open items."""

    def __init__(self) -> None:
        self.found = Structure()
        self.lists: list[int | None] = []
        self.open: list[int] = []
        self.level = 0
        self.rows: list[list[str]] = []
        self.in_table = False

    def on_fence(self, token: Token) -> None:
        self.found.code.append(Code(language_key(token.info), token.content.strip("\n")))

    on_code_block = on_fence

    def on_math_block(self, token: Token) -> None:
        self.found.formulas.append(tex_key(token.content))

    on_math_block_label = on_math_block

    def on_heading_open(self, token: Token) -> None:
        self.level = int(token.tag[1])

    def on_heading_close(self, token: Token) -> None:
        self.level = 0

    def on_bullet_list_open(self, token: Token) -> None:
        self.lists.append(None)

    def on_ordered_list_open(self, token: Token) -> None:
        self.lists.append(int(token.attrGet("start") or 0) if token.attrGet("start") is not None else 1)

    def on_bullet_list_close(self, token: Token) -> None:
        self.lists.pop()

    on_ordered_list_close = on_bullet_list_close

    def on_list_item_open(self, token: Token) -> None:
        number = self.lists[-1]
        self.open.append(len(self.found.items))
        self.found.items.append(Item(len(self.lists), "-" if number is None else str(number), ""))
        if number is not None:
            self.lists[-1] = number + 1

    def on_list_item_close(self, token: Token) -> None:
        self.open.pop()

    def on_table_open(self, token: Token) -> None:
        self.rows, self.in_table = [], True

    def on_tr_open(self, token: Token) -> None:
        self.rows.append([])

    def on_table_close(self, token: Token) -> None:
        """Rows without a text are left out: a table without a header gets an empty one in Markdown."""
        self.in_table = False
        if rows := tuple(tuple(row) for row in self.rows if any(row)):
            self.found.tables.append(rows)

    def on_inline(self, token: Token) -> None:
        children = token.children or []
        text = plain_text(children)
        self.inline(children)
        if self.in_table:
            self.rows[-1].append(text)
            return
        if self.level and text:
            self.found.headings.append(Heading(self.level, text))
        if self.open and not self.found.items[self.open[-1]].text:
            self.found.items[self.open[-1]] = self.found.items[self.open[-1]]._replace(text=TASK.sub("", text))

    def inline(self, children: Sequence[Token]) -> None:
        begun: list[int] = []
        for place, child in enumerate(children):
            if child.type == "code_inline":
                self.found.spans.append(text_key(child.content))
            elif child.type.startswith("math_inline"):
                self.found.formulas.append(tex_key(child.content))
            elif child.type in ("em_open", "strong_open"):
                begun.append(place)
            elif child.type in ("em_close", "strong_close") and (text := plain_text(children[begun.pop() : place])):
                self.found.emphasis.append((child.tag, text))


def plain_text(tokens: Iterable[Token]) -> str:
    """Inline tokens as people see them, without markup and images; a line break is a space."""
    pieces = []
    for token in tokens:
        if token.type in ("softbreak", "hardbreak") or (token.type == "html_inline" and token.content[:3] == "<br"):
            pieces.append(" ")
        elif token.type.startswith("math_inline"):
            pieces.append(f"${tex_key(token.content)}$")
        elif token.type in ("text", "code_inline", "text_special"):
            pieces.append(token.content)
    return text_key("".join(pieces))


def text_key(text: str) -> str:
    """Whitespace collapsed, and none before punctuation, where an image may have been."""
    text = unicodedata.normalize("NFC", " ".join(text.translate(INVISIBLE).split()))
    return re.sub(r" (?=[,.;:!?)](?:\s|$))", "", text)


def tex_key(tex: str) -> str:
    """Formulas are equal whatever the whitespace around commands; Wikipedia's \\displaystyle is not the author's."""
    tex = " ".join(tex.split())
    found = DISPLAYSTYLE.fullmatch(tex)
    tex = (found[1] or found[2]).strip() if found else tex
    return re.sub(r"\s*([^\w\s])\s*", r"\1", tex)


@cache
def language_key(info: str) -> str:
    """One name for each language (`js` is `javascript`); "" where no language is meant."""
    found = INFO.match(info)
    name = found[1].lower().rstrip(".") if found else ""
    if name in NO_LANGUAGE:
        return ""
    try:
        return str(find_lexer_class_by_name(name).aliases[0])
    except ClassNotFound:
        return name


def with_spans(table: Table) -> Table:
    """A hand-written reference: a cell "<" is covered by the one on its left, "^" by the one above."""
    rows: list[list[str]] = []
    for row in table:
        rows.append([])
        for column, cell in enumerate(row):
            if cell in ("<", "^"):
                covering = rows[-1][column - 1] if cell == "<" else rows[-2][column]
                cell = SPANNED + covering.removeprefix(SPANNED)
            rows[-1].append(cell)
    return tuple(tuple(row) for row in rows)


KINDS = ("code", "code text", "cells", "tables", "headings", "levels", "items", "formulas", "inline code", "emphasis")


def keys(structure: Structure, kind: str) -> list[Any]:
    """The items of one kind; equal items are equal keys. `code` has the language, `code text` not; `levels` are
    headings whatever the sign of a permalink in them."""
    if kind == "code text":
        return [code.text for code in structure.code]
    if kind == "levels":
        return [(level, PERMALINK.sub("", text)) for level, text in structure.headings]
    if kind == "tables":
        return [(place, table) for place, table in enumerate(structure.tables) if table]
    if kind == "cells":
        return [
            (place, row, column, cell)
            for place, table in enumerate(structure.tables)
            for row, cells in enumerate(table)
            for column, cell in enumerate(cells)
        ]
    items: list[Any] = getattr(structure, "spans" if kind == "inline code" else kind)
    return items


def compare(found: Structure, wanted: Structure) -> dict[str, tuple[Counter[Any], Counter[Any]]]:
    """For each kind the items found and wanted. Cells are those of tables at the same place (see `aligned`)."""
    found = aligned(found, wanted)
    return {kind: (Counter(keys(found, kind)), Counter(keys(wanted, kind))) for kind in KINDS}


def aligned(found: Structure, wanted: Structure) -> Structure:
    """What was found, with each table at the place of the wanted one it is most alike, and without languages of code
    whose language the page does not name."""
    unnamed = {code.text for code in wanted.code if code.language is None}
    code = [code._replace(language=None) if code.text in unnamed else code for code in found.code]
    left = list(found.tables)
    tables: list[Table] = []
    for table in wanted.tables:
        filled = [_filled(other, table) for other in left]
        alike = [_equal_cells(other, table) for other in filled]
        best = max(range(len(left)), key=alike.__getitem__, default=-1)
        if best >= 0 and alike[best]:
            tables.append(filled[best])
            del left[best]
        else:
            tables.append(())
    return replace(found, code=code, tables=tables + left)


def _filled(found: Table, wanted: Table) -> Table:
    """Cells that a spanning cell covers become the wanted ones if they are right."""

    def fill(cell: str, want: str) -> str:
        return want if want.startswith(SPANNED) and cell in ("", want[1:]) else cell

    rows = []
    for number, row in enumerate(found):
        wants = wanted[number] if number < len(wanted) else ()
        rows.append(tuple(fill(cell, wants[n]) if n < len(wants) else cell for n, cell in enumerate(row)))
    return tuple(rows)


def _equal_cells(found: Table, wanted: Table) -> int:
    """Cells with the same text at the same place; empty ones say nothing."""
    pairs = (pair for rows in zip(found, wanted, strict=False) for pair in zip(*rows, strict=False))
    return sum(cell == want and cell.strip(SPANNED) != "" for cell, want in pairs)
