"""Markdown as a tree, each node with its place in the text and in what a reader sees of it.

Texts are CommonMark with pipe tables, `~~` and `$` formulas. pyromark parses: of the parsers for Python it is the one
that gives the place of inline markup in the source, which edits need.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from leafinstruct.text.valid import replace_surrogates

if TYPE_CHECKING:
    import numpy as np

MAX_DEPTH = 100
"""Deeper nesting is no writer's; such a text is read as it is."""
TAG = re.compile(r"<(/?)(sub|sup|kbd)>")
"""The only HTML that is markup in a text; any other is shown as it is."""
BREAK = re.compile(r"<br ?/?>")
INLINE = frozenset(("strong", "emphasis", "strike", "link", "image", "tag"))
LEAVES = frozenset(("text", "span", "math", "break", "mark"))
"""Text, a code span, a formula, a line break, and HTML that is markup."""
_BLOCKS = {
    "Paragraph": "paragraph",
    "Heading": "heading",
    "BlockQuote": "quote",
    "List": "list",
    "Item": "item",
    "CodeBlock": "code",
    "HtmlBlock": "html",
    "Table": "table",
    "TableHead": "head",
    "TableRow": "row",
    "TableCell": "cell",
}
CONTAINERS = frozenset(("document", "list", "item", "quote"))
_INLINE = {"Strong": "strong", "Emphasis": "emphasis", "Strikethrough": "strike", "Link": "link", "Image": "image"}
KINDS = _BLOCKS | _INLINE


@dataclass(slots=True)
class Node:
    """A block, inline markup, or a leaf with its `text` as shown. `start` and `end` are its characters in the source;
    `at` and `until` those in the plain text, set by `leafinstruct.text.plain`."""

    kind: str
    start: int
    end: int
    text: str = ""
    children: list[Node] = field(default_factory=list)
    number: int | None = None
    """First number of an ordered list."""
    language: str | None = None
    """Of a fenced code block; None for one that is only indented."""
    at: int = 0
    until: int = 0

    def leaves(self) -> Iterator[Node]:
        """The leaves below the node, in order."""
        for child in self.children:
            if child.kind in LEAVES:
                yield child
            else:
                yield from child.leaves()

    def walk(self) -> Iterator[Node]:
        """The nodes below the node, each before what is in it."""
        for child in self.children:
            yield child
            yield from child.walk()


def parse(markdown: str) -> Node:
    """The tree of a text; one paragraph of text if it is nested too deep to be read as Markdown."""
    import pyromark

    source = replace_surrogates(markdown)
    options = pyromark.Options.ENABLE_TABLES | pyromark.Options.ENABLE_MATH | pyromark.Options.ENABLE_STRIKETHROUGH
    builder = _Builder(source)
    for event, where in pyromark.events_with_range(source, options=options):
        builder.event(event, where["start"], where["end"])
        if len(builder.open) > MAX_DEPTH:
            whole = Node("text", 0, len(markdown), markdown)
            paragraph = Node("paragraph", 0, len(markdown), children=[whole])
            return Node("document", 0, len(markdown), children=[paragraph])
    builder.end_loose()
    return builder.root


class _Builder:
    def __init__(self, source: str) -> None:
        self.source = source
        self.root = Node("document", 0, len(source))
        self.open = [self.root]
        self.loose: Node | None = None
        self.last = 0
        """Where the last leaf ended."""
        self._places = None if source.isascii() else _characters_before(source)

    def event(self, event: Any, start: int, end: int) -> None:
        if self._places is not None:  # places are in bytes
            start, end = int(self._places[start]), int(self._places[end])
        if isinstance(event, str):
            self._lone(event, start, end)
            return
        ((name, value),) = event.items()
        if name in ("Start", "End") and value == "Strikethrough" and self.source[start : start + 2] != "~~":
            place = start if name == "Start" else end - 1  # a tilde alone is one
            self.leaf(Node("text", place, place + 1, "~"))
        elif name == "Start":
            self._start(value, start, end)
        elif name == "End":
            self._end(value)
        elif name in ("Text", "Html"):
            self.leaf(Node("text", start, end, value))
        elif name == "Code":
            self.leaf(Node("span", start, end, value))
        elif name in ("InlineMath", "DisplayMath"):
            self.leaf(Node("math", start, end, value.strip()))
        elif name == "InlineHtml":
            self._html(value, start, end)
        else:
            self.leaf(Node("text", start, end, str(value)))

    def _lone(self, event: str, start: int, end: int) -> None:
        if event in ("SoftBreak", "HardBreak"):
            self.leaf(Node("break", start, end, "\n"))
        elif event == "Rule":
            self.end_loose()
            self.open[-1].children.append(Node("rule", start, end))

    def _start(self, value: Any, start: int, end: int) -> None:
        name, about = (value, None) if isinstance(value, str) else next(iter(value.items()))
        kind = KINDS.get(name, "paragraph")
        if kind in INLINE:
            self._loosely(start)
        else:
            self.end_loose()
        node = Node(kind, start, end)
        if kind == "list":
            node.number = about
        elif kind == "code" and isinstance(about, dict):
            node.language = about["Fenced"]
        self.open[-1].children.append(node)
        self.open.append(node)

    def _end(self, value: Any) -> None:
        kind = KINDS.get(value if isinstance(value, str) else next(iter(value)), "paragraph")
        if kind not in INLINE:
            self.end_loose()
            while self.open[-1].kind in INLINE:  # a tag that is not closed
                self.open.pop()
        else:
            while self.open[-1].kind == "tag":
                self.open.pop()
        self.open.pop()

    def leaf(self, node: Node) -> None:
        self._loosely(node.start)
        if node.kind == "text" and self._escaped(node.start):
            node.start -= 1
        self.last = node.end
        self.open[-1].children.append(node)
        if self.loose is not None:
            self.loose.end = node.end

    def _escaped(self, place: int) -> bool:
        """Whether a backslash before a character, which is no text itself, makes it one of the text."""
        return self.open[-1].kind != "code" and self.last < place and self.source[place - 1 : place] == "\\"

    def _loosely(self, start: int) -> None:
        """Begin a paragraph for text that is in an item of a tight list, where there is none."""
        if self.open[-1].kind in ("item", "document"):
            self.loose = Node("paragraph", start, start)
            self.open[-1].children.append(self.loose)
            self.open.append(self.loose)

    def end_loose(self) -> None:
        if self.loose is not None:
            while self.open[-1] is not self.loose:
                self.open.pop()
            self.open.pop()
            self.loose.end = max((child.end for child in self.loose.children), default=self.loose.end)
            self.loose = None

    def _html(self, value: str, start: int, end: int) -> None:
        found = TAG.fullmatch(value)
        if BREAK.fullmatch(value):
            self.leaf(Node("break", start, end, "\n"))
        elif found is None:
            self.leaf(Node("text", start, end, value))
        elif not found[1]:
            self._loosely(start)
            node = Node("tag", start, end, found[2])
            node.children.append(Node("mark", start, end))
            self.open[-1].children.append(node)
            self.open.append(node)
        elif self.open[-1].kind == "tag" and self.open[-1].text == found[2]:
            self.open[-1].children.append(Node("mark", start, end))
            self.open.pop().end = end
        else:
            self.leaf(Node("mark", start, end))


def _characters_before(text: str) -> np.ndarray:
    """int64 [bytes + 1]: how many characters begin before each byte of a text in UTF-8."""
    import numpy as np

    data = np.frombuffer(text.encode(), np.uint8)
    return np.concatenate([[0], np.cumsum((data & 0xC0) != 0x80)])


def content_end(node: Node, source: str) -> int:
    """Where a block's own text ends in the source, without blank lines after it."""
    while node.kind in CONTAINERS and node.children:
        node = node.children[-1]
    return node.start + len(source[node.start : node.end].rstrip())


def block_ends(markdown: str) -> list[int]:
    """Where a text may be divided: the ends of its blocks and of the items of its lists, in order."""
    ends: list[int] = []
    for block in parse(markdown).children:
        inner = block.children if block.kind == "list" else [block]
        ends += [content_end(one, markdown) for one in inner]
    return sorted({end for end in ends if end > 0} | {len(markdown.rstrip())})
