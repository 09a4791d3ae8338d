"""Edits of a text by places in its plain form: sentences and lines are taken out, words replaced, and the Markdown
stays whole.

What holds nothing after a cut goes too: emphasis, list items, quotes, rows of a table, fences. The head of a table
stays as long as the table has rows, and the items after one that went are numbered again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from leafinstruct.document import Document, Part
from leafinstruct.text.markdown import LEAVES, Node, content_end
from leafinstruct.text.plain import Reading, read

Edit = tuple[int, int, str]
"""Characters of the plain text, from and to, and what is there instead ("" for nothing)."""
NUMBER = re.compile(r"\d{1,9}(?=[.)])")
MARK = re.compile(r"(?:\d{1,9})?(?P<sign>[-+*.)])")
OTHER = {".": ")", ")": ".", "-": "*", "*": "-", "+": "-"}
BLOCK_START = re.compile(r"#{1,6}(?=\s|$)|[-+*](?=\s|$)|>|\d{1,9}(?=[.)](?:\s|$))|=+\s*$|-+\s*$|`{3}|~{3}|\|")
"""What would begin a block at the start of a paragraph."""


def without(markdown: str, spans: Sequence[tuple[int, int]]) -> str:
    """A text without some characters of its plain form; "" if nothing is left."""
    return edited(markdown, [(start, end, "") for start, end in spans])


def edited(markdown: str, edits: Sequence[Edit]) -> str:
    """A text after edits of its plain form, which do not overlap; "" if nothing is left."""
    edits = sorted(edit for edit in edits if edit[0] < edit[1])
    if not edits:
        return markdown
    reading = read(markdown)
    editor = _Editor(markdown, reading, edits)
    result = editor.result()
    if not editor.reads_as_wanted(result):  # what is left would be read as other markup
        result = _Editor(markdown, reading, edits, bare=True).result()
    return result


def _solid(text: str) -> str:
    return "".join(text.split())


def _escaped(text: str) -> str:
    return re.sub(r"([\\`*_\[\]<>$|~&#+=-])", r"\\\1", " ".join(text.split()))


def edit_parts(document: Document, edits: Mapping[int, Sequence[Edit]]) -> Document:
    """The edited document with edits of the plain form of some parts; a text of which nothing is left goes. `raw` of an
    edited document, or the positions of a raw one, follow."""
    positions = document.raw or tuple(range(len(document.parts)))
    parts: list[Part] = []
    raw: list[int] = []
    for index, part in enumerate(document.parts):
        if own := edits.get(index):
            text = edited(part.text, own)
            if not text:
                continue
            part = replace(part, text=text)
        parts.append(part)
        raw.append(positions[index])
    return document.edited(parts, raw)


class _Editor:
    def __init__(self, markdown: str, reading: Reading, edits: Sequence[Edit], bare: bool = False) -> None:
        """`bare`: what is left of a paragraph is written without its inline markup."""
        self.markdown = markdown
        self.bare = bare
        self.plain = reading.plain
        self.root = reading.root
        self.kept = bytearray(b"\1") * len(self.plain)
        self.new: dict[int, str] = {}
        """Replacements by their place in the plain text."""
        self.source: list[Edit] = []
        """Edits of the source."""
        for start, end, text in edits:
            self.kept[start:end] = bytes(min(end, len(self.plain)) - start)
            if text:
                self.new[start] = text
        for node in self.root.walk():
            if node.kind == "table" and not all(map(self._empty, node.children)) and self._empty(node.children[0]):
                head = node.children[0]  # the names of columns stay
                self.kept[head.at : head.until] = b"\1" * (head.until - head.at)

    def left(self, at: int, until: int) -> str:
        """What is left of a stretch of the plain text, with what is new in it."""
        return "".join(
            self.new.get(i, "") + (self.plain[i] if self.kept[i] else "") for i in range(at, min(until, len(self.kept)))
        )

    def reads_as_wanted(self, result: str) -> bool:
        """Whether the texts of a result are what is left, apart from spaces."""
        wanted = "".join(self.left(leaf.at, leaf.until) for leaf in self.root.leaves())
        return _solid(wanted) == _solid("".join(leaf.text for leaf in read(result).root.leaves()))

    def result(self) -> str:
        for node in list(self.root.walk()):
            if node.kind in ("paragraph", "heading", "cell", "html"):
                self._tidy(node)
            elif node.kind == "code":
                self._tidy_code(node)
        if self._gone(self.root):
            return ""
        self._children(self.root)
        out, at = [], 0
        for start, end, text in sorted(self.source):
            if start >= at:
                out += [self.markdown[at:start], text]
            at = max(at, end)
        return "".join([*out, self.markdown[at:]]).strip("\n").rstrip()

    # Which characters of a block go along

    def _tidy(self, node: Node) -> None:
        """Drop spaces at the edges of what is left of a line and of emphasis, double spaces, and breaks of lines that
        hold nothing."""
        if not self._cut(node):
            return
        for inner in node.walk():
            if inner.kind not in LEAVES:
                self._strip(inner.at, inner.until)
        for start in range(node.at + 1, node.until):
            if self._is_space(start) and not self.kept[start - 1] and self._space_before(node.at, start):
                self.kept[start] = 0
        breaks = [leaf.at for leaf in node.leaves() if leaf.kind == "break" and self.kept[leaf.at]]
        begin = node.at
        for place in [*breaks, node.until]:
            self._strip(begin, place)
            if not self._holds(begin, place):
                if place < node.until:
                    self.kept[place] = 0
                elif begin > node.at:
                    self.kept[begin - 1] = 0
            else:
                begin = place + 1

    def _strip(self, at: int, until: int) -> None:
        here = [i for i in range(at, until) if self.kept[i] or i in self.new]
        while here and self._is_space(here[0]):
            self.kept[here.pop(0)] = 0
        while here and self._is_space(here[-1]):
            self.kept[here.pop()] = 0

    def _space_before(self, at: int, place: int) -> bool:
        """Whether a space, or nothing, is before a place, over what was cut."""
        for i in range(place - 1, at - 1, -1):
            if i in self.new:
                return False
            if self.kept[i]:
                return self.plain[i].isspace()
        return True

    def _tidy_code(self, node: Node) -> None:
        """A line of code goes with its end, and only with it."""
        begin = node.at
        for place in [*(i for i in range(node.at, node.until) if self.plain[i] == "\n"), node.until]:
            says = self._says(begin, place)
            if not says and not all(self.kept[begin:place]):
                self.kept[begin:place] = bytes(place - begin)
            if place < node.until and (says or begin < place):
                self.kept[place] = says or self.kept[place] and all(self.kept[begin:place])
            begin = place + 1

    def _is_space(self, place: int) -> bool:
        return bool(self.kept[place]) and self.plain[place] != "\n" and self.plain[place].isspace()

    def _holds(self, at: int, until: int) -> bool:
        return any(self.kept[at:until]) or any(place in self.new for place in range(at, until))

    def _says(self, at: int, until: int) -> bool:
        return any(i in self.new or (self.kept[i] and not self.plain[i].isspace()) for i in range(at, until))

    # What to cut from the source

    def _gone(self, node: Node) -> bool:
        """Whether something was cut from a node and nothing is left of it."""
        if node.kind in ("mark", "rule"):
            return False
        holding = node.children if node.kind not in LEAVES else ()
        if node.kind in LEAVES or not holding:
            return node.at < node.until and not self._says(node.at, node.until)
        if node.kind == "table":
            rows = node.children
            return len(rows) > 0 and all(self._empty(row) for row in rows) and any(map(self._cut, rows))
        texts = [child for child in holding if child.kind not in ("mark", "rule")]
        return bool(texts) and all(self._gone(child) or self._silent(child) for child in texts) and self._cut(node)

    def _cut(self, node: Node) -> bool:
        return not all(self.kept[node.at : node.until])

    def _silent(self, node: Node) -> bool:
        """Whether a node never had text."""
        leaves = [node] if node.kind in LEAVES else node.leaves()
        return not any(leaf.text.strip() for leaf in leaves)

    def _empty(self, node: Node) -> bool:
        return not any(self._says(leaf.at, leaf.until) for leaf in node.leaves())

    def _children(self, node: Node) -> None:
        """Cut what is gone of a block's children, and go on inside the others."""
        if self.bare and node.kind in ("paragraph", "heading", "cell") and self._cut(node):
            text = _escaped(self.left(node.at, node.until))
            self.source.append(
                (node.children[0].start, node.children[-1].end, re.sub(r"^(\d{1,9})([.)])", r"\1\\\2", text))
            )
            return
        if node.kind in ("paragraph", "heading", "cell", "html", "code"):
            self._leaves(node)
            if node.kind == "paragraph":
                self._guard(node)
            return
        children = node.children
        place = 0
        while place < len(children):
            if node.kind in ("row", "head") or not self._gone(children[place]):
                self._children(children[place])
                place += 1
                continue
            end = place
            while end < len(children) and self._gone(children[end]):
                end += 1
            self._cut_blocks(children, place, end)
            place = end
        if node.kind == "list" and node.number is not None:
            self._number(node)

    def _cut_blocks(self, children: Sequence[Node], first: int, end: int) -> None:
        if end < len(children):
            self.source.append((children[first].start, children[end].start, ""))
            if first and children[first - 1].kind == children[end].kind == "list":
                self._tell_apart(children[first - 1], children[end])
        elif children[first - 1].kind == "head":
            line = self.markdown.rfind("\n", 0, children[first].start)
            self.source.append((line, self._end(children[-1]), ""))
        else:
            self.source.append((self._end(children[first - 1]), self._end(children[-1]), ""))

    def _tell_apart(self, one: Node, other: Node) -> None:
        """Other marks for a list that now follows another one directly, so that the two stay apart."""
        ours, theirs = (MARK.match(self.markdown, node.children[0].start) for node in (one, other))
        if ours is None or theirs is None or ours["sign"] != theirs["sign"]:
            return
        for item in other.children:
            if not self._gone(item) and (found := MARK.match(self.markdown, item.start)):
                self.source.append((*found.span("sign"), OTHER[found["sign"]]))

    def _end(self, node: Node) -> int:
        return content_end(node, self.markdown)

    def _number(self, node: Node) -> None:
        """Number the items that are left from the list's first number on, if one went."""
        left = [item for item in node.children if not self._gone(item)]
        if len(left) == len(node.children):
            return
        for number, item in enumerate(left, node.number or 0):
            if found := NUMBER.match(self.markdown, item.start):
                shorter = len(found[0]) - len(str(number))
                self.source.append((found.start(), found.end(), str(number)))
                self.source.append((found.end() + 1, found.end() + 1, " " * shorter))  # its blocks keep their place

    def _leaves(self, node: Node) -> None:
        for place, child in enumerate(node.children):
            after = node.children[place + 1].start if place + 1 < len(node.children) else child.end
            if child.kind == "break":
                if child.at < child.until and not self.kept[child.at]:
                    self.source.append((child.start, max(after, child.end), ""))
            elif child.kind not in LEAVES:
                if self._gone(child):
                    self.source.append((child.start, child.end, ""))
                else:
                    self._leaves(child)
            elif self._cut(child):
                self._leaf(child, code=node.kind == "code")

    def _leaf(self, leaf: Node, code: bool) -> None:
        """Cut characters of one leaf: those of the source where they are the same, else all of it."""
        if not self._holds(leaf.at, leaf.until):
            start = leaf.start
            if leaf.text.endswith("\n"):  # a line of code, with the indentation before it
                start = self.markdown.rfind("\n", 0, start) + 1
            self.source.append((start, leaf.end, ""))
            return
        begin = self._text_start(leaf)
        if begin < 0:
            new = "".join(text for place, text in sorted(self.new.items()) if leaf.at <= place < leaf.until)
            self.source.append((leaf.start, leaf.end, new))
            return
        at = leaf.at
        while at < leaf.until:
            if self.kept[at]:
                at += 1
                continue
            end = at + 1
            while end < leaf.until and not self.kept[end] and end not in self.new:
                end += 1
            whole = at == leaf.at and leaf.kind == "text"  # with the backslash before it
            start, stop = leaf.start if whole else begin + at - leaf.at, begin + end - leaf.at
            new = self.new.get(at, "")
            ends = end == leaf.until and len(leaf.text) > leaf.until - leaf.at
            if ends and not new and at > leaf.at and self.plain[at - 1] == "\n":
                start -= 1  # the last line of code, with the end of the one before
            self.source.append((start, stop, new if code else self._written(new, leaf, stop)))
            at = end

    def _text_start(self, leaf: Node) -> int:
        """Where a leaf's text begins in the source; -1 where it is written in another way, as an entity."""
        source = self.markdown[leaf.start : leaf.end]
        if leaf.kind == "text":
            known = source.endswith(leaf.text) and source[: -len(leaf.text)] in ("", "\\")
            return leaf.end - len(leaf.text) if known else -1
        place = source.find(leaf.text) if leaf.text else -1
        return leaf.start + place if place >= 0 else -1

    def _written(self, new: str, leaf: Node, stop: int) -> str:
        """A replacement as it is written in a leaf: brackets before what would make them a link are escaped."""
        if leaf.kind == "text" and new.endswith("]") and self.markdown[stop : stop + 1] in ("(", "[", ":"):
            return new.replace("[", "\\[").replace("]", "\\]")
        return new

    def _guard(self, node: Node) -> None:
        """Backslashes before what would now begin a block, at the start of a line of a paragraph."""
        if not self._cut(node):
            return
        leaves = list(node.leaves())
        breaks = [leaf.at for leaf in leaves if leaf.kind == "break" and self.kept[leaf.at]]
        begin = node.at
        for end in [*breaks, node.until]:
            left = [i for i in range(begin, end) if self.kept[i] or i in self.new]
            found = BLOCK_START.match("".join(self.plain[i] if self.kept[i] else "x" for i in left))
            if found and left[0] > begin:
                place = left[len(found[0])] if found[0][0].isdigit() else left[0]
                leaf = next(leaf for leaf in leaves if leaf.at <= place < leaf.until)
                source = self._text_start(leaf) + place - leaf.at
                if leaf.kind == "text" and source >= leaf.start and self.markdown[source - 1 : source] != "\\":
                    self.source.append((source, source, "\\"))
            begin = end + 1
