"""What a reader sees of a text: Markdown without its markup.

Scorers and rules read this form, so that their numbers are about the words and not about the signs around them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from leafinstruct.document import Document
from leafinstruct.text.markdown import LEAVES, Node, content_end, parse
from leafinstruct.text.sentences import sentence_spans

KEPT, TREES = 8192, 512
"""Texts whose plain form is kept, a partition's, so that scorers one after another do not read them again; and whose
tree is, a document's."""
MARKUP = re.compile(
    r"[\\`*_~<&$|]|\]\(|^\s*\[|^[ \t]|[ \t]$|^(?:[#>+=-]|\d{1,9}[.)])",
    re.MULTILINE,
)
"""Without any of this a text has no markup: the usual paragraph."""
HEADING = re.compile(r"#{1,6} ([^\n]*[^\n#\s])")
BLANK = re.compile(r"\n[ \t>]*\n")
APART = {"code": ("```", "~~~"), "table": ("|",)}
"""Blocks that are no prose, and what a text with one has in it."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A text as it is read: `plain`, and the tree of its Markdown with the places of both."""

    plain: str
    root: Node

    def spans(self, kind: str) -> list[tuple[int, int]]:
        """Where blocks of a kind are in the plain text."""
        return [(node.at, node.until) for node in self.root.walk() if is_apart(node, kind)]


def is_apart(node: Node, kind: str) -> bool:
    """Whether a block is of a kind; code is what stands in a fence."""
    return node.kind == kind and (kind != "code" or node.language is not None)


@lru_cache(maxsize=KEPT)
def plain(markdown: str) -> str:
    """The text without markup: list markers and line breaks as they are shown, a row of a table as `a | b`, code and
    the TeX of formulas as they are."""
    if not MARKUP.search(markdown):
        return markdown
    heading = HEADING.fullmatch(markdown)
    if heading and not MARKUP.search(heading[1]):
        return heading[1]
    return read(markdown).plain


@lru_cache(maxsize=KEPT)
def prose(markdown: str) -> str:
    """The plain text without code blocks and tables; "" if there is nothing else."""
    text = plain(markdown)
    for start, end in reversed(blocks_apart(markdown)):
        text = text[:start].rstrip("\n") + text[end:]
    return text.lstrip("\n")


def prose_end(markdown: str) -> str:
    """The prose of a text that ends in prose; "" for one that ends in code or a table."""
    apart = blocks_apart(markdown)
    return "" if apart and apart[-1][1] == len(plain(markdown)) else prose(markdown)


@lru_cache(maxsize=TREES)
def read(markdown: str) -> Reading:
    root = parse(markdown)
    return Reading(_Reader(markdown).read(root), root)


def blocks_apart(markdown: str) -> list[tuple[int, int]]:
    """Where the plain text is code or a table, in order."""
    return sorted(span for kind in APART for span in _spans(markdown, kind))


def spoken_spans(markdown: str) -> Iterator[tuple[int, int]]:
    """Character spans of the sentences of the plain text that are neither code nor in a table."""
    apart = blocks_apart(markdown)
    for start, end in sentence_spans(plain(markdown)):
        if not any(first < end and start < last for first, last in apart):
            yield start, end


def spoken(document: Document) -> str:
    """The prose of all texts of a document."""
    texts = (prose(part.text) for part in document.parts if part.type == "text")
    return "\n\n".join(text for text in texts if text)


def share(markdown: str, kind: str) -> tuple[int, int]:
    """Characters of the plain text that are in blocks of a kind (`code` or `table`), and all of them."""
    return sum(end - start for start, end in _spans(markdown, kind)), len(plain(markdown))


def _spans(markdown: str, kind: str) -> list[tuple[int, int]]:
    return read(markdown).spans(kind) if any(sign in markdown for sign in APART[kind]) else []


def reading(document: Document) -> Document:
    """The document with the plain form of its texts; a text of markup alone is as it was."""
    parts = [replace(p, text=shown(p.text)) if p.type == "text" else p for p in document.parts]
    return replace(document, parts=tuple(parts))


def shown(markdown: str) -> str:
    """The plain text; of markup alone, the text as it is."""
    text = plain(markdown)
    return text if text.strip() else markdown


class _Reader:
    """Writes the plain text of a tree, and the places of its nodes in it."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.end = 0
        """Where the block before ended in the source."""
        self.out: list[str] = []
        self.length = 0
        self.marker = ""
        self.tight = False
        self.lists = 0

    def read(self, root: Node) -> str:
        self._block(root)
        return "".join(self.out)

    def _write(self, text: str) -> None:
        self.out.append(text)
        self.length += len(text)

    def _block(self, node: Node) -> None:
        if node.kind == "list":
            self._list(node)
        elif node.kind == "table":
            self._table(node)
        elif node.kind in ("quote", "item", "document"):
            node.at = self.length
            for child in node.children:
                self._block(child)
            node.until = self.length
        elif node.children:
            self._begin(node)
            self._inline(node, last=node.kind in ("code", "html"))
            node.until = self.length

    def _begin(self, node: Node) -> None:
        if self.out:
            apart = not self.tight and BLANK.search(self.source, self.end, node.start)
            self._write("\n\n" if apart else "\n")
        self.end = content_end(node, self.source)
        self._write(self.marker)
        self.marker, self.tight = "", False
        node.at = self.length

    def _list(self, node: Node) -> None:
        node.at = self.length
        self.lists += 1
        for place, item in enumerate(node.children):
            number = "- " if node.number is None else f"{node.number + place}. "
            self.marker = "  " * (self.lists - 1) + number
            self.tight = place > 0 or self.lists > 1
            self._block(item)
            self.marker, self.tight = "", False
        self.lists -= 1
        node.until = self.length

    def _table(self, node: Node) -> None:
        for place, row in enumerate(node.children):
            self.tight = place > 0
            self._begin(row)
            if not place:
                node.at = row.at
            for column, cell in enumerate(row.children):
                self._write(" | " if column else "")
                cell.at = self.length
                self._inline(cell)
                cell.until = self.length
            row.until = self.length
        node.until = self.length

    def _inline(self, node: Node, last: bool = False) -> None:
        """`last`: the line break at the end of code is not shown."""
        for place, child in enumerate(node.children):
            child.at = self.length
            if child.kind in LEAVES:
                ends = last and place == len(node.children) - 1
                self._write(child.text.removesuffix("\n") if ends else child.text)
            else:
                self._inline(child)
            child.until = self.length
