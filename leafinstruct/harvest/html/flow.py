"""A page as a flow of blocks before its images are fetched: what parsers return, and the steps of its blocks."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from leafinstruct.harvest.html.marks import ALL, ANY, without_marks

SPACES = re.compile(r"[ \t\r\n\f]+")
OTHER_SPACES = "\t\r\n\f"
BREAKS = re.compile(r" *\v[ \v]*")
CJK = (
    "\u2e80-\u2fff\u3000-\u30ff\u3100-\u312f\u31a0-\u4dbf\u4e00-\ua4cf"
    "\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff9f\uffe0-\uffe6\U00020000-\U0003ffff"
)
WRAP = re.compile(f"([{CJK}][{ALL}]*)[ \t]*[\r\n][ \t\r\n\f]*(?=[{ALL}]*[{CJK}])")
"""A line break between two wide characters is no space (CSS Text 4, segment breaks); Hangul has spaces."""
INVISIBLE = "\u200b\u2060\ufeff\u00ad"
STEP_WORD = re.compile(
    r"^\W*(?:step|schritt|étape|etape|paso|passo|passaggio|stap|steg|trin|krok|шаг|крок|bước|adım|步骤|步驟|ステップ|手順|단계)"
    r"\s*(\d+|one|two|three|four|five|six|seven|eight|nine|ten)\b",
    re.IGNORECASE,
)
NUMBERED = re.compile(r"^\W*(\d{1,2})\s*[.):](?!\d)\s*\S")


@dataclass(frozen=True, slots=True)
class Container:
    """A list item or a block quote around blocks, told from others by `key`. `number` of an item of an ordered list;
    None for a bullet. `ticked` or not, if the item is a task."""

    kind: Literal["item", "quote"]
    key: int
    of: int = 0
    """The list of an item."""
    number: int | None = None
    ticked: bool | None = None


@dataclass(slots=True)
class Block:
    """One text or one image reference. `item` is (list, number) of the enclosing top-level ordered list item; `larger`
    lists larger versions of the image, largest first; a `tight` block follows without a blank line.

    `text` is what a reader sees. `source` is the same with marks of inline markup (see `marks`), or "" if it has none;
    `code` is the language of a code block ("" if it states none). A row of a table has its `cells`, with marks, and the
    key of its `table`; of a row with images or paragraphs in it each block is one of its own, at `place`: row and
    column. `within` are the containers, outermost first. A `rule` is a line across the page before the block.
    """

    text: str = ""
    ref: str = ""
    source: str = ""
    code: str | None = None
    cells: tuple[str, ...] = ()
    table: int = 0
    place: tuple[int, int] | None = None
    rule: bool = False
    within: tuple[Container, ...] = ()
    alt: str = ""
    caption: str = ""
    heading: int = 0
    item: tuple[int, int] = (0, 0)
    tight: bool = False
    larger: tuple[str, ...] = ()


@dataclass(slots=True)
class Page:
    """What a parser returns for one file."""

    blocks: list[Block] = field(default_factory=list)
    title: str = ""
    language: str = ""
    license: str = ""
    url: str = ""
    topic: str = ""
    error: str = ""
    images: dict[str, bytes] = field(default_factory=dict)
    """Images that the file itself holds, by their references."""

    @property
    def first_heading(self) -> str:
        return next((b.text for b in self.blocks if b.heading), "")


class Flow:
    """Collects inline text into blocks. Whitespace collapses; a list marker waits for the first text of its item.
    `formulas` marks those that stand in a text."""

    def __init__(self, formulas: Callable[[str], str] | None = None) -> None:
        self.blocks: list[Block] = []
        self.heading = 0
        self.item = (0, 0)
        self.marker = ""
        self.tight = False
        self.within: tuple[Container, ...] = ()
        self.inline: list[str] = []
        self.rule = False
        self.formulas = formulas

    def text(self, text: str) -> None:
        self.inline.append(text)

    def line_break(self) -> None:
        self.inline.append("\v")

    def end(self, raw: bool = False) -> None:
        """End a paragraph or any other block. Formulas are not looked for in a `raw` one."""
        if self.inline:
            text = "".join(self.inline)
            self.inline.clear()
            if text and not text.isspace():
                if self.formulas is not None and not raw and ("\\" in text or "$" in text):
                    text = self.formulas(text)
                marked = _collapse(text)
                has_marks = not marked.isascii() and ANY.search(marked)
                plain = _collapse(without_marks(marked).replace("\n", "\v")) if has_marks else marked
                self.block(plain, marked)

    def block(self, text: str, source: str = "", code: str | None = None) -> None:
        """Add a whole block, whitespace unchanged; `source` is its text with marks."""
        if text:
            marker, self.marker = self.marker, ""
            tight, self.tight = self.tight, False
            self._append(
                Block(
                    marker + text,
                    source=source or text,
                    code=code,
                    within=self.within,
                    heading=self.heading,
                    item=self.item,
                    tight=tight,
                )
            )

    def _append(self, block: Block) -> None:
        block.rule, self.rule = self.rule, False
        self.blocks.append(block)

    def image(self, ref: str, alt: str = "", larger: tuple[str, ...] = ()) -> None:
        self.end()
        alt = SPACES.sub(" ", alt).strip()
        self._append(Block(ref=ref, alt=alt, item=self.item, larger=larger, within=self.within))


def _collapse(text: str) -> str:
    """Text as browsers show it: whitespace becomes one space, a forced line break (marked by \\v) one newline."""
    if text.isascii():  # the usual case, the fastest way
        lines = (" ".join(line.split()) for line in text.split("\v")) if "\v" in text else (" ".join(text.split()),)
        return "\n".join(line for line in lines if line)
    if "\n" in text or "\r" in text:
        text = WRAP.sub(r"\1", text)
    for character in INVISIBLE:
        text = text.replace(character, "")
    for space in OTHER_SPACES:  # takes a tenth of the time of a pattern
        text = text.replace(space, " ")
    while "  " in text:
        text = text.replace("  ", " ")
    return (BREAKS.sub("\n", text) if "\v" in text else text).strip()


def steps_of(blocks: Sequence[Block]) -> list[int]:
    """The step of each block (0: none). Headings "Step 3" decide; else items of ordered lists; else numbered headings.
    Each needs at least two steps."""
    for steps in (_heading_steps(blocks, STEP_WORD), _item_steps(blocks), _heading_steps(blocks, NUMBERED)):
        if max(steps, default=0) > 1:
            return steps
    return [0] * len(blocks)


def _heading_steps(blocks: Sequence[Block], pattern: re.Pattern[str]) -> list[int]:
    levels = [b.heading for b in blocks if b.heading and pattern.match(b.text)]
    level = max(set(levels), key=levels.count, default=0)
    steps, step, count = [], 0, 0
    for block in blocks:
        if block.heading and block.heading <= level:
            begins = block.heading == level and pattern.match(block.text)
            count += bool(begins)
            step = count if begins else 0
        steps.append(step)
    return steps


def _item_steps(blocks: Sequence[Block]) -> list[int]:
    """A list that continues the numbers of the one before (with an image between them) is the same list."""
    steps: list[int] = []
    count, last, gap = 0, (0, 0), 0
    for block in blocks:
        if block.item == (0, 0):
            steps.append(0)
            gap = -1 if block.heading or gap < 0 else gap + 1
            continue
        if block.item != last:
            if last != (0, 0) and gap > 0 and block.item[1] == last[1] + 1:
                steps[-gap:] = [count] * gap
            count += 1
        steps.append(count)
        last, gap = block.item, 0
    return steps
