"""From a DOM to a flow of blocks: text, lists, tables, code and images in reading order, in one pass.

All formats end here: Markdown and reStructuredText are rendered to HTML first, so that lists with images, figures and
tables are handled once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from selectolax.lexbor import LexborNode

from leafinstruct.harvest.html.anchors import anchor_of
from leafinstruct.harvest.html.code import is_column_of_numbers, language_of_code, text_of_code
from leafinstruct.harvest.html.dom import TAG_BY_ID, TEXT_ID, holds, holds_one_text
from leafinstruct.harvest.html.flow import Block, Container, Flow
from leafinstruct.harvest.html.imagerefs import image_refs, is_dark_twin, is_same_image, is_small, linked_file
from leafinstruct.harvest.html.marks import (
    ADDRESS_END,
    LINK,
    LINK_END,
    MATH,
    OF_TAG,
    PAIRS,
    PLAIN,
    PLAIN_END,
    STRONG,
    STRONG_END,
    SUP,
    without_marks,
)
from leafinstruct.harvest.html.pictures import (
    in_button,
    in_text,
    is_named_in_sentence,
    is_title_of_panel,
    object_address,
)
from leafinstruct.harvest.html.special import Special, find_special, is_permalink, is_procedure, tick_of
from leafinstruct.harvest.html.steps import continued
from leafinstruct.harvest.html.tables import NOT_A_CELL, Table, cells_of, is_line, text_of_cell
from leafinstruct.harvest.html.tex import Formula, RawFormulas, marked
from leafinstruct.text.urls import web_address

LISTS = frozenset(("ul", "ol"))
MAX_DEPTH = 150
"""Deeper nesting is broken markup; its text is taken flat (each level takes up to four of Python's thousand frames)."""
LONGEST_HEADING = 300
"""Characters; a longer heading that holds paragraphs was never closed."""
_SILENT = """
    script style template head title svg iframe embed video audio canvas map input select textarea
    datalist dialog meta link base rt rp colgroup frameset math-field
"""
SILENT = frozenset(_SILENT.split())
_BLOCKS = """
    address article aside blockquote body center dd details dialog dir div dl dt fieldset figcaption footer form
    header hgroup hr li main menu nav ol optgroup option p section summary table tbody td tfoot th thead tr ul
    caption legend search
"""
BLOCKS = frozenset(_BLOCKS.split())
HEADINGS = {f"h{n}": n for n in range(1, 7)}
IMAGES = frozenset(("img", "amp-img", "image"))
ALONE = HEADINGS.keys() | {"p", "div", "ul", "ol", "table", "pre", "figure", "blockquote", "li"}
"""Blocks: markup around them is no inline markup."""
Keep = Callable[[LexborNode, str], bool]
KeepImage = Callable[[str, Mapping[str, str | None]], bool]


def walk(
    root: LexborNode,
    keep: Keep | None = None,
    keep_image: KeepImage | None = None,
    special: dict[int, Special] | None = None,
    links: str | None = None,
) -> list[Block]:
    """Blocks of a subtree. `keep` may skip an element by node and tag, `keep_image` an image by reference and
    attributes; `special` are its special elements, if they were found before. `links` is the address from which links
    are kept ("" keeps absolute ones); None keeps their text alone."""
    walker = _Walker(root, keep, keep_image, find_special(root) if special is None else special)
    walker.links = links
    METHODS.get(root.tag or "", _Walker.children)(walker, root, 0)
    walker.flow.end()
    return continued(walker.flow.blocks) if walker.lists else walker.flow.blocks


class _Walker:
    def __init__(
        self, root: LexborNode, keep: Keep | None, keep_image: KeepImage | None, special: dict[int, Special]
    ) -> None:
        self.formulas = RawFormulas(lambda: root).marked
        self.flow = Flow(self.formulas)
        self.special = special
        self.keep = keep
        self.keep_image = keep_image
        self.lists = 0
        self.containers = 0
        self.table = Table()
        self.depth_of_lists = 0
        self.captions: list[tuple[int, int]] = []
        self.frame = 0
        self.noscript = False
        self.after_noscript = -1
        self.links: str | None = None

    def children(self, node: LexborNode, depth: int) -> None:
        inline = self.flow.inline
        for child in node.iter(include_text=True):
            if child.tag_id != TEXT_ID:
                self.below(child, depth)
            elif (text := child.text_content or "") and (inline or not text.isspace()):  # no space begins a block
                inline.append(text)

    def child(self, child: LexborNode, depth: int) -> None:
        if (text := child.text_content) is None:
            self.below(child, depth)
        else:
            self.flow.text(text)

    def below(self, node: LexborNode, depth: int) -> None:
        """An element in another at some depth."""
        tag = TAG_BY_ID.get(node.tag_id) or node.tag or ""
        if depth >= MAX_DEPTH:
            self.flow.text(node.text(deep=True) + " ")
        elif self.special and (special := self.special.get(node.mem_id)) is not None:
            self.special_element(node, tag, special, depth + 1)
        elif tag not in SILENT and (self.keep is None or self.keep(node, tag)):
            METHODS.get(tag, _Walker.children)(self, node, depth + 1)

    def block(self, node: LexborNode, depth: int) -> None:
        flow = self.flow
        flow.end()
        self.children(node, depth)
        flow.end()

    def special_element(self, node: LexborNode, tag: str, special: Special, depth: int) -> None:
        if special.formula is not None:
            self.formula(node, special.formula, depth)
        elif special.kind == "nothing" or (self.keep is not None and not self.keep(node, tag)):
            return
        elif special.kind == "picture":
            self.background(node, special.address)
        elif special.kind == "heading":
            self.heading_of(node, special.level, depth)
        else:
            self.code(node)

    def marked(self, node: LexborNode, depth: int) -> None:
        """Inline markup; of an element around blocks, or of the number of a footnote, nothing but its content."""
        mark = OF_TAG[node.tag or ""]
        if not holds_one_text(node):
            note = mark == SUP and node.css_first('a[href*="#"]') is not None
            if note or holds(node, ALONE):
                self.children(node, depth)
                return
        self.flow.inline.append(mark)
        self.children(node, depth)
        self.flow.inline.append(PAIRS[mark])

    def formula(self, node: LexborNode, formula: Formula, depth: int) -> None:
        """A formula: its TeX, and its signs for the plain text."""
        outer, begin = (self.flow, self.special, self.keep_image), self.flow.inline
        self.flow, self.special, self.keep_image = Flow(), {}, lambda *_: False
        if node.tag not in SILENT and node.tag not in IMAGES:
            for annotation in node.css("annotation, annotation-xml"):
                annotation.decompose()
            self.children(node, depth)
        self.flow.end()
        signs = " ".join(block.text for block in self.flow.blocks)
        self.flow, self.special, self.keep_image = outer
        begin.append(marked(formula, signs) if formula.tex else f"{PLAIN}{signs}{PLAIN_END}")

    def heading(self, node: LexborNode, depth: int) -> None:
        self.heading_of(node, HEADINGS[node.tag or ""], depth)

    def heading_of(self, node: LexborNode, level: int, depth: int) -> None:
        self.flow.end()
        begin = len(self.flow.blocks)
        self.flow.heading = level
        unclosed = len(node.text(deep=True)) > LONGEST_HEADING
        for child in node.iter(include_text=True):
            if unclosed and child.tag in BLOCKS:  # no end tag: the heading ends where the text begins
                self.flow.end()
                self.flow.heading = 0
            self.child(child, depth)
        self.flow.end()
        self.flow.heading = 0
        if len(self.flow.blocks) > begin:
            self.flow.blocks[begin].anchor = anchor_of(node)

    def on_br(self, node: LexborNode, depth: int) -> None:
        self.flow.line_break()

    def on_a(self, node: LexborNode, depth: int) -> None:
        if is_permalink(node, in_heading=self.flow.heading > 0):
            return
        address = "" if self.links is None else web_address(node.attributes.get("href") or "", self.links)
        if address and not holds(node, ALONE):
            self.flow.text(f"{LINK}{address}{ADDRESS_END}")
            self.children(node, depth)
            self.flow.text(LINK_END)
        else:
            self.children(node, depth)

    def on_pre(self, node: LexborNode, depth: int) -> None:
        self.code(node)

    def code(self, node: LexborNode) -> None:
        self.flow.end()
        language = language_of_code(node)
        text = text_of_code(node)
        if is_column_of_numbers(node, text):
            return
        self.flow.block(text.rstrip(), text, language)
        for image in node.css("img"):
            self.image(image)

    def on_hr(self, node: LexborNode, depth: int) -> None:
        self.flow.end()
        self.flow.rule = bool(self.flow.blocks)

    def on_ol(self, node: LexborNode, depth: int) -> None:
        self.list(node, depth, ordered=True)

    def on_ul(self, node: LexborNode, depth: int) -> None:
        self.list(node, depth, ordered=False)

    def list(self, node: LexborNode, depth: int, ordered: bool) -> None:
        flow = self.flow
        flow.end()
        outer = flow.item
        attributes = node.attributes
        steps = ordered and self.depth_of_lists == 0 and is_procedure(node)
        self.lists += 1
        number = self.lists
        step = -1 if "reversed" in attributes else 1
        count = _integer(attributes.get("start"), 1 if step > 0 else sum(child.tag == "li" for child in node.iter()))
        self.depth_of_lists += 1
        first, within = True, flow.within
        item: Container | None = None
        for child in node.iter():
            if child.tag != "li":
                if child.tag in LISTS and item is not None:  # its item was closed before it
                    flow.within = (*within, item)
                self.child(child, depth)
                flow.within = within
                continue
            count = _integer(child.attributes.get("value"), count)
            if steps:
                flow.item = (number, count)
            flow.marker = "  " * (self.depth_of_lists - 1) + (f"{count}. " if ordered else "- ")
            flow.tight = not first or self.depth_of_lists > 1
            self.containers += 1
            item = Container("item", self.containers, number, count if ordered else None, tick_of(child))
            flow.within = (*within, item)
            if depth < MAX_DEPTH and (self.keep is None or self.keep(child, "li")):
                self.children(child, depth + 1)
            flow.end()
            flow.marker, flow.tight, flow.within = "", False, within
            count, first = count + step, False
        self.depth_of_lists -= 1
        flow.item = outer

    def on_blockquote(self, node: LexborNode, depth: int) -> None:
        flow = self.flow
        flow.end()
        within = flow.within
        self.containers += 1
        flow.within = (*within, Container("quote", self.containers))
        self.children(node, depth)
        flow.end()
        flow.within = within

    def on_dt(self, node: LexborNode, depth: int) -> None:
        """A term is a paragraph in bold, as Markdown has no lists of definitions."""
        self.flow.end()
        inside = [child for child in node.iter(include_text=True) if (child.text(deep=True) or "").strip()]
        term = inside[0] if len(inside) == 1 and inside[0].tag == "p" else node
        bold = not any(child.tag in BLOCKS or child.tag in HEADINGS for child in term.iter())
        self.flow.text(STRONG if bold else "")
        self.children(term, depth)
        self.flow.text(STRONG_END if bold else "")
        self.flow.end()

    def on_dd(self, node: LexborNode, depth: int) -> None:
        self.flow.end()
        self.flow.tight = True
        self.children(node, depth)
        self.flow.end()
        self.flow.tight = False

    def on_table(self, node: LexborNode, depth: int) -> None:
        self.flow.end()
        outer = self.table
        self.containers += 1
        self.table = Table(self.containers, node)
        self.children(node, depth)
        self.flow.end()
        self.table = outer

    def on_tr(self, node: LexborNode, depth: int) -> None:
        """A row of plain cells is a line; cells with images or blocks are blocks in order, and in a table of data each
        has its place."""
        self.flow.end()
        cells = cells_of(node)
        starts, width = self.table.grid.place(cells)
        if len(cells) < 2 or not is_line(node):
            placed = self.table.data and bool(cells) and node.css_first(NOT_A_CELL) is None
            self.blocks_of_row(node, dict(zip((c.mem_id for c in cells), starts, strict=True)) if placed else {}, depth)
            return
        marks = self.cells(cells, depth)
        self.flow.tight = self.table.rows > 0
        self.table.rows += 1
        texts = [text_of_cell(cell) for cell in cells]
        if self.special:
            texts = [without_marks(mark) if MATH in mark else text for mark, text in zip(marks, texts, strict=True)]
        self.flow.text(" | ".join(t.strip() for t in texts))
        before = len(self.flow.blocks)
        self.flow.end(raw=True)
        if len(self.flow.blocks) > before:
            filled = dict(zip(starts, marks, strict=True))
            row = self.flow.blocks[-1]
            row.cells, row.table = tuple(filled.get(column, "") for column in range(width)), self.table.key
        self.flow.tight = False

    def blocks_of_row(self, row: LexborNode, columns: Mapping[int, int], depth: int) -> None:
        """The blocks of a row's cells in order; those of cells with a column get their place."""
        self.table.rows_of_blocks += 1
        for child in row.iter(include_text=True):
            begin = len(self.flow.blocks)
            self.child(child, depth)
            self.flow.end()
            if (column := columns.get(child.mem_id, -1)) >= 0:
                for block in self.flow.blocks[begin:]:
                    block.place, block.table = (self.table.rows_of_blocks, column), self.table.key

    def cells(self, cells: Sequence[LexborNode], depth: int) -> tuple[str, ...]:
        """Text of each cell with marks."""
        outer = self.flow
        found = []
        for cell in cells:
            self.flow = Flow(self.formulas)
            self.children(cell, depth + 1)
            self.flow.end()
            found.append(" ".join(block.source or block.text for block in self.flow.blocks))
        self.flow = outer
        return tuple(found)

    def on_figure(self, node: LexborNode, depth: int) -> None:
        """The figure's last image gets the caption; a figure without an image is text."""
        self.flow.end()
        begin, outer = len(self.flow.blocks), self.captions
        self.captions = []
        self.children(node, depth)
        self.flow.end()
        for start, end in reversed(self.captions):
            blocks = self.flow.blocks
            images = [b for b in (*blocks[begin:start], *blocks[end:]) if b.ref and not b.icon]
            caption = blocks[start:end]
            if images and not any(b.ref for b in caption):
                images[-1].caption = "\n".join(b.text for b in caption) or images[-1].caption
                del blocks[start:end]
        self.captions = outer

    def on_figcaption(self, node: LexborNode, depth: int) -> None:
        self.flow.end()
        start = len(self.flow.blocks)
        self.children(node, depth)
        self.flow.end()
        self.captions.append((start, len(self.flow.blocks)))

    def on_noscript(self, node: LexborNode, depth: int) -> None:
        """The fallback of a lazy image: the image itself, unless it is here already."""
        self.noscript = True
        for child in node.css("img") or in_text(node):
            self.image(child)
        self.frame = 0
        self.noscript = False
        self.after_noscript = len(self.flow.blocks)

    def on_button(self, node: LexborNode, depth: int) -> None:
        """What a button enlarges; and the title of what it opens, which is all of a heading. All images where nothing
        is left out."""
        if is_title_of_panel(node, in_heading=self.flow.heading > 0):
            (self.children if self.flow.heading else self.block)(node, depth)
            return
        if self.flow.inline and is_named_in_sentence(node):
            self.children(node, depth)
            return
        for image in in_button(node) if self.keep else node.css("img"):
            self.image(image)

    def on_label(self, node: LexborNode, depth: int) -> None:
        """Labels beside one another are names of tabs, each on a line of its own."""
        beside = any(near is not None and near.tag == "label" for near in (node.prev, node.next))
        (self.block if beside else self.children)(node, depth)

    def on_object(self, node: LexborNode, depth: int) -> None:
        """An object: the image that it is, or the one for browsers that cannot show it."""
        if address := object_address(node):
            self.background(node, address)
            return
        for image in node.css("img")[:1]:
            self.image(image)

    def background(self, node: LexborNode, address: str) -> None:
        """A picture that is no <img>; a small one is the icon of something."""
        attributes = node.attributes
        if is_small(attributes) or (self.keep_image is not None and not self.keep_image(address, attributes)):
            return
        runs_on = self.flow.end_before_image()
        alt = attributes.get("aria-label") or attributes.get("title") or ""
        self.flow.image(address, alt, others=tuple(linked_file(node)), runs_on=runs_on)

    def image(self, node: LexborNode, depth: int = 0) -> None:
        attributes = node.attributes
        refs = image_refs(node, attributes)
        ref = refs.ref
        if not ref or is_dark_twin(ref, attributes):
            return
        small, icon = is_small(attributes), self.keep_image is not None and not self.keep_image(ref, attributes)
        if icon and not small:
            return
        runs_on = self.flow.end_before_image()
        last = self.flow.blocks[-1] if self.flow.blocks else None
        near_noscript = self.noscript or self.after_noscript == len(self.flow.blocks)
        frame, before = _frame(node), self.frame
        self.frame = frame
        if last is not None and last.ref:
            if last.ref == ref and frame == before:
                return  # a lightbox's copy
            if near_noscript and is_same_image(last, refs, self.noscript):
                last.alt = last.alt or " ".join((attributes.get("alt") or "").split())
                return
        self.flow.image(ref, attributes.get("alt") or "", refs.larger, refs.others, runs_on, small, icon)
        if caption := attributes.get("data-caption"):
            self.flow.blocks[-1].caption = caption


METHODS = dict.fromkeys(OF_TAG, _Walker.marked) | dict.fromkeys(BLOCKS, _Walker.block)
METHODS |= dict.fromkeys(HEADINGS, _Walker.heading) | dict.fromkeys(IMAGES, _Walker.image)
METHODS |= {name.removeprefix("on_"): method for name, method in vars(_Walker).items() if name.startswith("on_")}
"""What to do with an element, by its tag; others have nothing but what is in them."""


def _frame(node: LexborNode) -> int:
    """The element that holds an image, skipping its own link or picture element."""
    frame = node.parent
    while frame is not None and frame.tag in ("a", "picture", "span"):
        frame = frame.parent
    return frame.mem_id if frame is not None else 0


def _integer(text: str | None, otherwise: int) -> int:
    try:
        return int(text) if text else otherwise
    except ValueError:
        return otherwise
