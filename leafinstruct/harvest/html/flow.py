"""A page as a flow of blocks before its images are fetched: what parsers return, and the steps of its blocks."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from leafinstruct.harvest.html.marks import ALL, LINK, MATH, without_marks

SPACES = re.compile(r"[ \t\r\n\f]+")
OTHER_SPACES = "\t\r\n\f"
BREAKS = re.compile(r" *\v[ \v]*")
CJK = (
    "\u2e80-\u2fff\u3000-\u30ff\u3100-\u312f\u31a0-\u4dbf\u4e00-\ua4cf"
    "\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff9f\uffe0-\uffe6\U00020000-\U0003ffff"
)
WRAP = re.compile(f"([{CJK}][{ALL}]*)[ \t]*[\r\n][ \t\r\n\f]*(?=[{ALL}]*[{CJK}])")
"""A line break between two wide characters is no space (CSS Text 4, segment breaks); Hangul has spaces."""
FIRST_WIDE = CJK[0]
SPACE_AND_MARKS = f" \t{ALL}"
INVISIBLE = "\u200b\u2060\ufeff\u00ad"
ODD = re.compile(f"[{INVISIBLE}\x1c-\x1f\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]")
"""What `str.split` would take for a space, and Python for one that browsers collapse; and what is invisible."""


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
    """One text or one image reference. `item` is (list, number) of the enclosing top-level ordered list item; a
    `tight` block follows without a blank line. An image is known by its `ref`; `larger` lists versions to take before
    that, largest first, `others` those to take if there is none of them.

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
    others: tuple[str, ...] = ()
    runs_on: bool = False
    """Whether it goes on with the line of the block before it: an image after text, or text after an image."""
    small: bool | None = None
    """Whether the page shows an image as small as a letter or a button; None if it does not say."""
    icon: bool = False
    """Whether an image is part of a page only inside a sentence."""
    anchor: str = ""
    """Of a heading; "" if the page states none."""

    @property
    def candidates(self) -> tuple[str, ...]:
        """Addresses of the image, the preferred one first."""
        return (*self.larger, self.ref, *self.others)


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
        self.after_image = False
        """Whether an image is the last thing on the line."""

    def text(self, text: str) -> None:
        self.inline.append(text)

    def line_break(self) -> None:
        self.inline.append("\v")

    def end(self, raw: bool = False) -> None:
        """End a paragraph or any other block. Formulas are not looked for in a `raw` one."""
        after_image, self.after_image = self.after_image, False
        if not self.inline:
            return
        text = "".join(self.inline)
        self.inline.clear()
        if self.formulas is not None and not raw and ("\\" in text or "$" in text):
            text = self.formulas(text)
        runs_on = after_image and not text.lstrip(" \t\r\n\f").startswith("\v")
        if "\n" in text and not text.isascii():
            text = _without_wraps(text)
        text = text.replace("\n", " ").strip(" ")
        plain = text if text.isascii() or text.isprintable() else without_marks(text)
        hidden = MATH in text or LINK in text  # TeX or an address, which is not in the plain text
        if not hidden and plain.isprintable() and "  " not in plain:  # the usual case: nothing to collapse
            self.block(plain.strip(), text, runs_on=runs_on)
            return
        marked = _collapse(text)
        has_marks = len(plain) < len(text)
        self.block(
            _collapse(without_marks(marked).replace("\n", "\v")) if has_marks else marked, marked, runs_on=runs_on
        )

    def block(self, text: str, source: str = "", code: str | None = None, runs_on: bool = False) -> None:
        """Add a whole block, whitespace unchanged; `source` is its text with marks."""
        if text:
            block = Block(
                self.marker + text,
                source=source or text,
                code=code,
                rule=self.rule,
                within=self.within,
                heading=self.heading,
                item=self.item,
                tight=self.tight,
                runs_on=runs_on,
            )
            self.marker, self.tight, self.rule = "", False, False
            self.blocks.append(block)

    def end_before_image(self) -> bool:
        """End what is before an image; whether something is on its line."""
        _, broken, line = without_marks("".join(self.inline)).rpartition("\v")
        on_line = bool(line.strip()) or (self.after_image and not broken)
        self.end()
        return on_line

    def image(
        self,
        ref: str,
        alt: str = "",
        larger: tuple[str, ...] = (),
        others: tuple[str, ...] = (),
        runs_on: bool = False,
        small: bool | None = None,
        icon: bool = False,
    ) -> None:
        alt = SPACES.sub(" ", alt).strip()
        block = Block(ref=ref, rule=self.rule, within=self.within, alt=alt, item=self.item, larger=larger)
        block.others, block.runs_on, block.small, block.icon = others, runs_on, small, icon
        self.rule = False
        self.blocks.append(block)
        self.after_image = True


def _without_wraps(text: str) -> str:
    """The text without line breaks between wide characters. The pattern is slow, and looked for only if a line begins
    as it needs."""
    if any(line.lstrip(SPACE_AND_MARKS)[:1] >= FIRST_WIDE for line in text.splitlines()[1:]):
        return WRAP.sub(r"\1", text)
    return text


def _collapse(text: str) -> str:
    """Text as browsers show it: whitespace becomes one space, a forced line break (marked by \\v) one newline."""
    if not text.isascii() and ("\n" in text or "\r" in text):
        text = _without_wraps(text)
    if "\v" not in text and (text.isascii() or not ODD.search(text)):
        return " ".join(text.split())
    if text.isascii():
        return "\n".join(line for part in text.split("\v") if (line := " ".join(part.split())))
    for character in INVISIBLE:
        text = text.replace(character, "")
    for space in OTHER_SPACES:  # takes a tenth of the time of a pattern
        text = text.replace(space, " ")
    while "  " in text:
        text = text.replace("  ", " ")
    return BREAKS.sub("\n", text).strip()
