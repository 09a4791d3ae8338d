"""Blocks as Markdown (CommonMark with pipe tables, `~~`, `$` formulas and `- [x]` tasks): the one place that writes it.

A term that is defined is a paragraph in bold before its definition; a caption is a paragraph before its table; of a
cell that spans several, the others are empty; a formula that is displayed stands between lines of `$$`.

Blocks are given as they stand between two images, or with the images among them. An item of a list that an image
interrupts goes on without its marker and its indentation; a list goes on with its next number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from leafinstruct.harvest.html.flow import Block, Container
from leafinstruct.harvest.html.marks import inline_markdown
from leafinstruct.harvest.html.tables import MOST_COLUMNS

CLOSING, ESCAPED = re.compile(r"(^| )(#+)$"), r"\1\\\2"
"""Number signs at the end of a heading, which Markdown would leave out."""
WriteImage = Callable[[Block], str]


def markdown_of(blocks: Iterable[Block], image: WriteImage | None = None) -> str:
    """The Markdown of some blocks. `image` writes an image among them; without it images are left out."""
    return Writer(image).written(list(blocks))


def image_markdown(block: Block) -> str:
    """An image as `![alt](address)`."""
    alt = re.sub(r"([\\\[\]`])", r"\\\1", block.alt or block.caption)
    address = re.sub(r"[\s()<>]", lambda found: quote(found[0]), block.ref)
    return f"![{' '.join(alt.split())}]({address})"


@dataclass
class Writer:
    """Writes blocks in order. `started` are the items whose marker was written, also by earlier calls, so that one
    writer can write the texts between the images of a page one after another."""

    image: WriteImage | None = None
    started: set[int] = field(default_factory=set)
    other: set[int] = field(default_factory=set)
    """Ordered lists that follow another directly, and are told from it by `1)` for `1.`."""

    def written(self, blocks: Sequence[Block]) -> str:
        self._out: list[str] = []
        self._last: Block | None = None
        self._here: set[int] = set()
        rest = [block for block in blocks if self.image or not block.ref]
        at = 0
        while at < len(rest):
            end = at + 1
            if rest[at].table and self._is_cell(rest[at]):
                while end < len(rest) and rest[end].table == rest[at].table and self._is_cell(rest[end]):
                    end += 1
            self._block(rest[at:end])
            at = end
        return "\n".join(self._out)

    def _is_cell(self, block: Block) -> bool:
        """Whether a block is written in a table: a row, or one that has its place. Without its images the latter would
        have empty cells beside it."""
        return bool(block.cells) or (block.place is not None and self.image is not None)

    def _block(self, group: Sequence[Block]) -> None:
        block = group[0]
        lines = self._lines(group)
        if not lines:
            return
        if not block.within:  # the usual case: no prefix, and a blank line before it
            if self._out:
                self._out += ["", "---", ""] if block.rule else [""]
            self._out += lines
            self._last = block
            return
        tight = self._tight(block)
        self._tell_apart(block)
        first, others = self._prefixes(block)
        if self._out and not tight:
            self._out.append(self._between(block))
        self._out += [_prefixed(others if number else first, line) for number, line in enumerate(lines)]
        self._last = block

    def _lines(self, group: Sequence[Block]) -> list[str]:
        block = group[0]
        if block.table and self._is_cell(block):
            rows = self._rows(group)
            return table(rows) if any(cell for row in rows for cell in row) else []
        if block.ref:
            return [self.image(block)] if self.image else []
        if block.code is not None:
            return fenced(block.source or block.text, block.code)
        if block.heading:
            title = inline_markdown(block.source or block.text, line=True)
            title = CLOSING.sub(ESCAPED, title) if title.endswith("#") else title
            return [f"{'#' * block.heading} {title}"]
        return inline_markdown(block.source or block.text).split("\n")

    def _rows(self, group: Sequence[Block]) -> list[list[str]]:
        """The cells of a table, as Markdown; blocks of one cell are lines of it."""
        rows: list[list[str]] = []
        last = 0
        for block in group:
            if block.place is None:
                rows.append([inline_markdown(cell, cell=True) if cell else "" for cell in block.cells])
                last = 0
                continue
            number, column = block.place
            if number != last:
                rows.append([])
            last, row = number, rows[-1]
            row += [""] * (column + 1 - len(row))
            row[column] += f"{'<br>' if row[column] else ''}{self._cell(block)}"
        return rows

    def _cell(self, block: Block) -> str:
        if block.ref:
            return self.image(block).replace("|", "\\|") if self.image else ""
        return inline_markdown(block.source or block.text, cell=True)

    def _prefixes(self, block: Block) -> tuple[str, str]:
        """What stands before the first line of a block, and before its others."""
        first = others = ""
        for container in block.within:
            if container.kind == "quote":
                first, others = f"{first}> ", f"{others}> "
                continue
            marker = self._marker(container)
            if container.key not in self.started:
                self.started.add(container.key)
                self._here.add(container.key)
                box = "" if container.ticked is None else "[x] " if container.ticked else "[ ] "
                first, others = f"{first}{marker}{box}", f"{others}{' ' * len(marker)}"
            elif container.key in self._here:
                first, others = f"{first}{' ' * len(marker)}", f"{others}{' ' * len(marker)}"
        return first, others

    def _tell_apart(self, block: Block) -> None:
        """Give a list that begins right after another one, or after its last item, the other mark."""
        for ours, theirs in zip(block.within, self._last.within if self._last else (), strict=False):
            if ours != theirs:
                ordered = ours.number is not None and theirs.number is not None
                if ordered and ours.of != theirs.of and theirs.of not in self.other:
                    self.other.add(ours.of)
                return

    def _marker(self, item: Container) -> str:
        return "- " if item.number is None else f"{item.number}{')' if item.of in self.other else '.'} "

    def _tight(self, block: Block) -> bool:
        """Whether a block follows without a blank line: the next item of a list whose items are single lines."""
        last = self._last
        if last is None or not block.within or not last.within:
            return False
        if block.ref or last.ref or block.heading or last.heading or block.code is not None or last.code is not None:
            return False
        if block.table or last.table:
            return False
        ours, theirs = block.within[-1], last.within[-1]
        if not ours.kind == theirs.kind == "item" or ours.key in self.started:
            return False
        begins = ours.of not in {container.of for container in last.within}
        if begins and theirs not in block.within and (ours.number is None) != (theirs.number is None):
            return False  # another kind of list after this one
        return not begins or ours.number in (None, 1)  # a list that begins with another number ends no paragraph

    def _between(self, block: Block) -> str:
        """The blank line before a block: inside a quote that goes on it has the quote's mark."""
        shared = [c for c in block.within if self._last and c in self._last.within]
        prefix = ""
        for container in shared:
            if container.kind == "quote":
                prefix += "> "
            elif container.key in self._here:
                prefix += " " * len(self._marker(container))
        return prefix.rstrip() if ">" in prefix else ""


def _prefixed(prefix: str, line: str) -> str:
    return f"{prefix}{line}" if line else prefix.rstrip()


def fenced(text: str, language: str) -> list[str]:
    """A fenced code block; the fence is longer than any in the text."""
    runs = re.findall(r"^[ \t]*(`{3,})", text, re.MULTILINE) if "```" in text else ()
    fence = "`" * max((3, *(len(run) + 1 for run in runs)))
    return [f"{fence}{language}", *text.split("\n"), fence]


def table(rows: Sequence[list[str]]) -> list[str]:
    """A pipe table. The first row is its head, as Markdown has no table without one."""
    width = max(len(row) for row in rows)
    filled = width if width <= MOST_COLUMNS else 0  # a row may be shorter than the head
    lines = [f"| {' | '.join(row + [''] * (filled - len(row)))} |" for row in rows]
    lines[0] += " |" * (width - max(filled, len(rows[0])))
    return [lines[0], f"|{' --- |' * width}", *lines[1:]]
