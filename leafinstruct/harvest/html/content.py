"""Finds the content of a web page: evidence for each block, from the DOM alone and without site-specific rules.

Text counts for the element around it, as in Readability (Arc90, 2009): paragraphs vote for their ancestors, links take
votes away, and class and id names hint at what a block is. `measure` makes the first pass, this module the second.
"""

from __future__ import annotations

import re

from selectolax.lexbor import LexborNode

from leafinstruct.harvest.html.blockmodel import LISTS, Stats, is_content
from leafinstruct.harvest.html.measure import ANCHOR, MOSTLY_CODE, REMARK, Measures
from leafinstruct.harvest.html.names import BAD, GOOD, has_bad_word, has_unlikely_word, is_title, quality_of
from leafinstruct.harvest.html.tables import is_data
from leafinstruct.harvest.html.teasers import teasers

HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
CONTENT_TAGS = frozenset(("article", "main"))
BASE = {"div": 5, "article": 10, "main": 10, "pre": 3, "td": 3, "blockquote": 3, "section": 2}
BASE |= dict.fromkeys(("address", "ol", "ul", "dl", "dd", "dt", "li", "form"), -3)
BASE |= dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6", "th"), -5)
NAMED = 25
"""What a good word in the class, or in the id, of an element is worth; a bad one costs as much."""
LARGEST_BONUS = max(BASE.values()) + 2 * NAMED
_PRUNED = "div section ul ol dl table fieldset header details"
PRUNED = frozenset(_PRUNED.split())
MOST = 0.5
"""A block with more than this share of the content's text is content, however it looks."""
LEAST = 0.5
"""Share of the page's text outside of links that its content has at least."""
TITLE_PAGE = "titlepage"
"""What DocBook calls the frame of a title."""
MORE_LINKS = 0.2
"""Share of links of what an element adds to another, if it adds more of the same."""
MOST_LINKS = 0.5
"""Share of links in a block that is more than a list of them."""
FEW_LINKS = 0.25
"""Share of links in a block with code; more are a menu that quotes some."""
LINKS_IN_TEXT = 0.4
"""Share of links in a short block of paragraphs."""
LINKS_IN_BOX = 0.7
"""Share of links in a box that is called a remark."""
LINKED_HEADING = ", ".join(f"{heading} a[href]:not([href^='#'])" for heading in HEADINGS)
"""The title of a teaser; one that links to itself is of this page."""
PLACED = re.compile(r"(?:^|[;\s])(?:top|bottom)\s*:", re.IGNORECASE)
STEP = re.compile(r"\s*(?:step\s+)?\d{1,2}\s?[.):]\s+\S", re.IGNORECASE)
STEP_LINKS = 0.75
LEAST_OF_STEP = 5
"""Share of links in a short step, and its characters beside them: more, or fewer, are an item of a numbered menu."""
ONLY_CODE = 9.0
"""MOSTLY_CODE of a block that is too little to be all of the content."""


class Content:
    """The content of one page: `root` to walk from, and what to skip on the way."""

    def __init__(self, body: LexborNode, strict: bool = True, host: str = "") -> None:
        self.stats = Measures(body, strict)
        self.special, self.dropped = self.stats.special, self.stats.dropped
        self.root = self._choose(body)
        self._whole = self.stats[self.root.mem_id]
        self.most = MOST * self._whole.text
        cards = teasers(self.stats.linked_images, self.root, self.stats, host)
        self.dropped.update(card.mem_id for card in cards)

    def keep(self, node: LexborNode, tag: str) -> bool:
        """Whether a block below the root is content."""
        key = node.mem_id
        if key in self.dropped:
            return False
        if tag not in PRUNED or key in self.stats.remarks:
            return True
        if (stats := self.stats.get(key)) is None or stats.text > self.most or _is_code(stats):
            return True
        if key in self.stats.opened:
            return stats.link_density <= MOST_LINKS
        if self.special and (special := self.special.get(key)) is not None and special.kind != "nothing":
            return True
        names = _names(node)
        if TITLE_PAGE in names:
            return True
        return is_content(tag, names, stats, self._whole) or self._is_structure(node, tag, names, stats)

    def _is_structure(self, node: LexborNode, tag: str, names: str, stats: Stats) -> bool:
        """Whether a block that looks like none of the content, because it is short, is part of its structure: data, a
        list in an item, a section, or only a frame around such a block (which is then looked at itself)."""
        if has_unlikely_word(names):
            return False
        if stats.code and stats.link_density <= FEW_LINKS and not has_bad_word(names):
            return True
        if stats.inputs and "task-list" not in names:
            return False
        few_links = stats.link_density <= MOST_LINKS
        framed = _framed(node) if few_links and tag == "div" else ""
        if framed == "table" and few_links:
            return True  # whatever it is called: most names say that it scrolls
        if stats.images or has_bad_word(names):
            return False
        parent = node.parent
        above = parent.tag if parent is not None else ""
        in_text = parent is not None and self.stats[parent.mem_id].text >= self.most
        if tag == "div":
            return (
                framed in LISTS
                or framed == "blockquote"
                or _is_framed_heading(stats)
                or (
                    _is_step(node, stats)
                    and (in_text or (parent is not None and _is_step(parent, self.stats[parent.mem_id])))
                )
                or (few_links and above in HOLDERS)
                or _says_something(node, tag, stats)
            )
        if few_links:
            return tag in DATA or tag == "details" or above in HOLDERS or _says_something(node, tag, stats)
        if tag not in LISTS:
            return False
        return above == "li" or (in_text and STYLES.issuperset(names.split()) and self._is_introduced(node))

    def _is_introduced(self, node: LexborNode) -> bool:
        """Whether a list of links, which may be sources, follows a paragraph or a heading of the text."""
        before = node.prev
        while before is not None and before.is_text_node:
            before = before.prev
        if before is None or (stats := self.stats.get(before.mem_id)) is None or before.mem_id in self.dropped:
            return False
        heads = stats.headed == stats.text > 0
        return before.tag == "p" or (heads and not has_unlikely_word(before.text(deep=True)))

    # The element with the most votes, and the siblings that belong to it

    def _choose(self, body: LexborNode) -> LexborNode:
        best, best_score = body, 0.0
        votes = self.stats.votes
        leader = max(votes, key=votes.__getitem__, default=0)
        least = self._score(leader) if not self._is_only_code(leader) else 0.0
        for key, count in votes.items():
            if count + LARGEST_BONUS < least:
                continue
            score = self._score(key)
            if score > best_score and not self._is_only_code(key):
                best, best_score = self.stats.nodes[key], score
        best = self._to_heading(self._to_most(self._widen(best, best_score), body))
        best = _to_table(best) if best.tag in ROWS else best
        parent = best.parent
        if parent is None or best.tag == "body" or parent.mem_id not in self.stats:
            return best
        joined = False
        for sibling in parent.iter():
            if sibling.mem_id == best.mem_id or sibling.mem_id in self.dropped:
                continue
            if self._belongs(sibling, best, best_score):
                joined = True
            elif not self._may_belong(sibling):
                self.dropped.add(sibling.mem_id)
        return parent if joined else best

    def _is_only_code(self, key: int) -> bool:
        """Whether a block is too little to be all of the content."""
        stats = self.stats.get(key)
        return stats is not None and _is_code(stats, ONLY_CODE)

    def _score(self, key: int) -> float:
        """What the votes for an element come to, with its tag, its names and its links; 0 without any."""
        if (votes := self.stats.votes.get(key)) is None:
            return 0.0
        node = self.stats.nodes[key]
        return (votes + BASE.get(node.tag or "", 0) + _weight(node)) * (1 - self.stats[key].link_density)

    def _widen(self, best: LexborNode, score: float) -> LexborNode:
        """Move up to a parent that holds the content's other sections too, or is nearly as good."""
        here: LexborNode | None = best
        while (
            here is not None
            and (here := here.parent) is not None
            and here.tag not in ("body", "html")
            and here.mem_id in self.stats
        ):
            above = self._score(here.mem_id)
            if above >= score * 0.75 or self._adds_text(here, best, above / score):
                best, score = here, max(above, score * 0.9)
        return best

    def _to_most(self, best: LexborNode, body: LexborNode) -> LexborNode:
        """Move up to the first element with half of the page's text outside of links, unless it adds many links: the
        sections of a manual are alike, and one of them is not the page."""
        least, above = LEAST * self._unlinked(body), best
        while self._unlinked(above) < least and (parent := above.parent) is not None and parent.mem_id in self.stats:
            above = parent
        more, now = self.stats[above.mem_id], self.stats[best.mem_id]
        return above if more.linked - now.linked < MORE_LINKS * (more.text - now.text) else best

    def _to_heading(self, best: LexborNode) -> LexborNode:
        """Move up to the last section around the content that begins with a heading of its own, above those in it, as
        far as it adds few links and no controls: a section's only long list is not the section."""
        now, here = self.stats[best.mem_id], best.parent
        while here is not None and here.tag not in ("body", "html") and here.mem_id in self.stats:
            more = self.stats[here.mem_id]
            if more.inputs > now.inputs or more.linked - now.linked > MORE_LINKS * (more.text - now.text):
                break
            if more.headed > now.headed and (heading := self._first_heading(here)):
                if best.css_first(",".join(HEADINGS[: HEADINGS.index(heading) + 1])) is not None:
                    break
                best = here
            here = here.parent
        return best

    def _first_heading(self, node: LexborNode) -> str:
        """The tag of the heading that an element begins with; "" if it begins with something else."""
        for child in node.iter():
            stats = self.stats.get(child.mem_id)
            if stats is not None and stats.text > 0 and child.mem_id not in self.dropped:
                if child.tag in HEADINGS:
                    return child.tag
                found = child.css_first(",".join(HEADINGS)) if _is_framed_heading(stats) else None
                return found.tag or "" if found is not None else ""
        return ""

    def _unlinked(self, node: LexborNode) -> int:
        stats = self.stats[node.mem_id]
        return stats.text - stats.linked

    def _adds_text(self, here: LexborNode, best: LexborNode, part: float) -> bool:
        """Whether an ancestor adds more of the same: running text with few links, or sections without any."""
        more, now = self.stats[here.mem_id], self.stats[best.mem_id]
        text, linked = more.text - now.text, more.linked - now.linked
        least = 0.3 if here.tag in CONTENT_TAGS or best.tag in PARTS else 0.5
        if part < least or text <= 140 or linked >= MORE_LINKS * text:
            return False
        sections = more.headed > now.headed and more.images == now.images and linked < 0.05 * text
        return sections or more.paragraphs - now.paragraphs >= 2

    def _belongs(self, sibling: LexborNode, best: LexborNode, best_score: float) -> bool:
        stats = self.stats.get(sibling.mem_id)
        if stats is None:
            return False
        same_class = sibling.attributes.get("class") or ""
        bonus = best_score * 0.2 if same_class and same_class == best.attributes.get("class") else 0.0
        if self._score(sibling.mem_id) + bonus >= max(10.0, best_score * 0.2):
            return True
        if sibling.tag == "p":
            return (stats.text > 80 and stats.link_density < 0.25) or (0 < stats.text <= 80 and not stats.linked)
        if _is_framed_heading(stats) and (TITLE_PAGE in same_class or _is_in_content_tag(sibling)):
            return True
        if "footnotes" in (same_class, sibling.attributes.get("id")):
            return True
        return sibling.tag in ("figure", "picture", "img") or (sibling.tag in ("h1", "h2") and stats.link_density < 0.3)

    def _may_belong(self, sibling: LexborNode) -> bool:
        """Whether a sibling belongs to the content if others do: a block of text without a sign that it does not."""
        stats = self.stats.get(sibling.mem_id)
        if stats is None or stats.inputs or stats.link_density > 0.25:
            return False
        return _is_code(stats) or (sibling.tag in TEXT_BLOCKS and not _has_bad_name(sibling))


def _is_code(stats: Stats, least: float = MOSTLY_CODE) -> bool:
    """Whether a block is a code block with what highlighters add to it: a name, a language, buttons."""
    return stats.code > 0 and stats.code >= least * (stats.text - stats.code)


def _says_something(node: LexborNode, tag: str, stats: Stats) -> bool:
    """Whether a short block has words of its own: it is no row of links or buttons, no teaser, and is not drawn on a
    picture."""
    box = any(map(REMARK.search, (node.attributes.get("class") or "").lower().split()))
    most = LINKS_IN_BOX if box else LINKS_IN_TEXT if stats.paragraphs else FEW_LINKS
    if stats.link_density > most or _is_drawn(node):
        return False
    if stats.headed:
        own = stats.text - stats.linked
        if stats.linked and node.css_first(LINKED_HEADING) is not None:
            return False
        return stats.headed < own or (tag == "header" and _is_framed_heading(stats))
    return (stats.paragraphs > 0 and stats.text > ANCHOR) or node.css_first("button") is None


def _is_drawn(node: LexborNode) -> bool:
    """Whether a block has a place of its own on what is below it, as the labels of a chart."""
    return PLACED.search(node.attributes.get("style") or "") is not None


def _is_step(node: LexborNode, stats: Stats) -> bool:
    """Whether a block is a short step, or some, by its number."""
    few = stats.link_density <= STEP_LINKS and stats.text - stats.linked >= LEAST_OF_STEP
    return few and STEP.match(node.text(deep=True)) is not None


def _to_table(rows: LexborNode) -> LexborNode:
    """The table that some rows are of, if it is one of data."""
    table: LexborNode | None = rows
    while table is not None and table.tag in ROWS:
        table = table.parent
    return table if table is not None and table.tag == "table" and is_data(table) else rows


def _is_in_content_tag(node: LexborNode) -> bool:
    return node.parent is not None and node.parent.tag in CONTENT_TAGS


def _is_framed_heading(stats: Stats) -> bool:
    """Whether a block is a heading that is no link, with nothing but a link to it beside it."""
    beside = stats.text - stats.headed
    return stats.headed > 0 and beside <= ANCHOR and not stats.paragraphs and 2 * (stats.linked - beside) < stats.headed


_TEXT_BLOCKS = "hr h3 h4 h5 h6 ol ul dl blockquote pre table"
TEXT_BLOCKS = frozenset(_TEXT_BLOCKS.split())
PARTS = LISTS | frozenset(("table", "tbody", "tr", "td", "li", "dd", "blockquote"))
"""Elements that are seldom all of the content."""
ROWS = frozenset(("tr", "thead", "tbody", "tfoot"))
HOLDERS = frozenset(("li", "td", "th", "dd", "blockquote", "details", *HEADINGS))
"""Elements in which a list or a table is a part of what they say."""
_STYLES = """
    simple arabic loweralpha upperalpha disc circle square bullet bulleted itemizedlist orderedlist simplelist
    wp-block-list
"""
STYLES = frozenset(_STYLES.split())
"""Names that say how a list is marked, not what it is for."""
DATA = LISTS | {"table"}


def _name_weight(name: str | None) -> int:
    quality = quality_of(name) if name else 0
    return NAMED if quality == GOOD else -NAMED if quality == BAD else 0


def _framed(node: LexborNode) -> str:
    """The tag of the only element with text inside another and the frames in it; "" if there is more."""
    for _ in range(4):
        inside = [child for child in node.iter(include_text=True) if (child.text(deep=True) or "").strip()]
        if len(inside) != 1 or inside[0].is_text_node:
            return ""
        node = inside[0]
        if node.tag != "div":
            return node.tag or ""
    return ""


def _names(node: LexborNode) -> str:
    attributes = node.attributes
    return f"{attributes.get('class') or ''} {_id(node, attributes.get('id'))}"


def _id(node: LexborNode, name: str | None) -> str:
    """The id of an element, if it says what the element is."""
    if not name or ((quality_of(name) & BAD or has_unlikely_word(name)) and is_title(node, name)):
        return ""
    return name


def _has_bad_name(node: LexborNode) -> bool:
    return has_bad_word(_names(node))


def _weight(node: LexborNode) -> int:
    attributes = node.attributes
    return _name_weight(attributes.get("class")) + _name_weight(_id(node, attributes.get("id")))
