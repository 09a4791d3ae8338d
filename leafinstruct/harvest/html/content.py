"""Finds the content of a web page: evidence for each block, from the DOM alone and without site-specific rules.

Text counts for the element around it, as in Readability (Arc90, 2009): paragraphs vote for their ancestors, links take
votes away, and class and id names hint at what a block is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from selectolax.lexbor import LexborNode

from leafinstruct.harvest.html.blockmodel import (
    LISTS,
    Stats,
    by_word,
    has_bad_word,
    has_good_word,
    has_unlikely_word,
    is_content,
    one_of,
)
from leafinstruct.harvest.html.special import ATTRIBUTES, TAGS, Special, add_special, is_special, may_be_special
from leafinstruct.harvest.html.teasers import teasers
from leafinstruct.harvest.html.walk import MAX_DEPTH, SILENT

CHROME_TAGS = frozenset(("nav", "footer", "aside", "menu"))
CONTROLS = frozenset(("input", "select", "textarea"))
_CHROME_ROLES = """
    navigation banner contentinfo complementary search menu menubar toolbar dialog alertdialog alert tablist
    form
"""
CHROME_ROLES = frozenset(_CHROME_ROLES.split())
TELLING = frozenset(("role", "hidden", "data-max-width", "aria-hidden", "style"))
NOTED = TELLING | ATTRIBUTES
"""Attributes that most elements lack: one look for all."""
CONTENT_TAGS = frozenset(("article", "main"))
MAYBE = one_of(
    r"and|article|body|column|content|main|shadow|entry|post-?text|story|recipe|step|instruction|text-|section(?<=^section)$",
)
HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden")
BASE = {"div": 5, "article": 10, "main": 10, "pre": 3, "td": 3, "blockquote": 3, "section": 2}
BASE |= dict.fromkeys(("address", "ol", "ul", "dl", "dd", "dt", "li", "form"), -3)
BASE |= dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6", "th"), -5)
_VOTERS = "p td pre li dd h2 h3 h4 h5 h6 blockquote figure section"
VOTERS = frozenset(_VOTERS.split())
_PRUNED = "div section ul ol dl table fieldset header details"
PRUNED = frozenset(_PRUNED.split())
SHARES = (1, 2, 6, 9, 12)
"""What votes are divided by for the elements above, from the inside out."""
ARTICLE = 1000
"""Characters of the paragraphs of an article."""
MOST = 0.5
"""A block with more than this share of the content's text is content, however it looks."""

CODE = 1.0
"""Characters of code to each other one above which a block is code, however it looks."""
FEW_LINKS = 0.25
"""Share of links in a block with code; more are a menu that quotes some."""
STEP = re.compile(r"\s*(?:step\s+)?\d{1,2}\s?[.):]\s+\S", re.IGNORECASE)
STEP_LINKS = 0.75
LEAST_OF_STEP = 5
"""Share of links in a short step, and its characters beside them: more, or fewer, are an item of a numbered menu."""
ANCHOR = 60
"""Characters beside a heading or a short piece of code: more are not the name of a link or a button."""
ONLY_CODE = 9.0
"""The same of a block that is too little to be all of the content."""


class Content:
    """The content of one page: `root` to walk from, and what to skip on the way."""

    def __init__(self, body: LexborNode, strict: bool = True, host: str = "") -> None:
        self.strict = strict
        self.special: dict[int, Special] = {}
        self.stats: dict[int, Stats] = {}
        self.scores: dict[int, float] = {}
        self.nodes: dict[int, LexborNode] = {}
        self.dropped: set[int] = set()
        self.linked_images: list[LexborNode] = []
        self.above: list[int] = []
        self.has_code = body.css_first("pre") is not None
        self.has_article = body.css_first("article") is not None
        self._measure(body, body.tag or "", False, 0)
        self.root = self._choose(body)
        self.most = MOST * self.stats[self.root.mem_id].text
        self.dropped.update(node.mem_id for node in teasers(self.linked_images, self.root, self.stats, host))

    def keep(self, node: LexborNode, tag: str) -> bool:
        """Whether a block below the root is content."""
        key = node.mem_id
        if key in self.dropped:
            return False
        if tag not in PRUNED or (stats := self.stats.get(key)) is None or stats.text > self.most or _is_code(stats):
            return True
        if self.special and (special := self.special.get(key)) is not None and special.kind != "nothing":
            return True
        attributes = node.attributes
        names = f"{attributes.get('class') or ''} {attributes.get('id') or ''}"
        return is_content(tag, names, stats, self.stats[self.root.mem_id]) or self._is_structure(
            node, tag, names, stats
        )

    def _is_structure(self, node: LexborNode, tag: str, names: str, stats: Stats) -> bool:
        """Whether a block that looks like none of the content, because it is short, is part of its structure: data, a
        list in an item, a section, or only a frame around such a block (which is then looked at itself)."""
        if has_unlikely_word(names):
            return False
        if stats.code and stats.link_density <= FEW_LINKS and not has_bad_word(names):
            return True
        if stats.inputs and "task-list" not in names:
            return False
        few_links = stats.link_density <= 0.5
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
                or (in_text and stats.paragraphs > 0 and not stats.linked)
            )
        if few_links:
            return tag in DATA or tag == "details" or above in HOLDERS or (stats.paragraphs > 0 and not stats.linked)
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

    # First pass: measure every element, drop those whose tag or attributes mark them as not content

    def _measure(self, node: LexborNode, tag: str, linked: bool, depth: int) -> Stats:
        """Stats of a node below those whose keys are in `above`. The busiest function of harvest: it looks at each node
        once, and makes no call for what most nodes lack."""
        stats = Stats(depth)
        key = node.mem_id
        self.stats[key] = stats
        self.above.append(key)
        block_children = False
        for child in node.iter(include_text=True, skip_empty=True):
            if (content := child.text_content) is not None:
                if text := content.strip():
                    stats.text += len(text)
                    if linked:
                        stats.linked += len(text)
                    if "," in text:
                        stats.commas += text.count(",")
                    if not text.isascii():
                        stats.commas += text.count("、") + text.count("，")
                continue
            name = child.tag or ""
            if name in SILENT:
                if name in CONTROLS:
                    stats.inputs += "disabled" not in child.attributes
                elif name == "script" and is_special(child, name, tag):
                    add_special(child, self.special)
            elif depth < MAX_DEPTH and name != "noscript":
                attributes = child.attributes
                noted = not NOTED.isdisjoint(attributes)
                if self._is_chrome(child, name, attributes, noted) if attributes else name in CHROME_TAGS:
                    self.dropped.add(child.mem_id)
                    continue
                if (
                    (attributes and may_be_special(name, attributes))
                    or (name in TAGS and is_special(child, name, tag))
                    or (noted and not ATTRIBUTES.isdisjoint(attributes))
                ):
                    add_special(child, self.special)
                    if (special := self.special.get(child.mem_id)) is not None and special.kind == "nothing":
                        continue
                block_children = block_children or name in BLOCK_CHILDREN
                if child.first_child is None:
                    self.stats[child.mem_id] = found = EMPTY.get(name, NOTHING)
                else:
                    found = self._measure(child, name, linked or name == "a", depth + 1)
                if found is not NOTHING:
                    stats.add(found)
        self.above.pop()
        if key in self.scores:
            self.nodes[key] = node
        if tag in COUNTED:
            self._count(node, tag, stats)
        if self.special and (special := self.special.get(key)) is not None and special.kind in ("code", "formula"):
            stats.code = stats.text
        # a short block votes only if an image is in it: a step
        if (stats.text >= 25 or stats.images) and (tag in VOTERS or (tag == "div" and not block_children)):
            self._vote(stats)
        return stats

    def _count(self, node: LexborNode, tag: str, stats: Stats) -> None:
        """Add the node itself to the contents of its subtree."""
        if tag == "a":
            stats.links += 1
            if stats.images:
                self.linked_images.append(node)
        elif tag == "p":
            stats.paragraphs += 1
        elif tag == "li":
            stats.items += 1
        elif tag == "pre":
            stats.code = stats.text
        else:
            stats.headed += stats.text

    def _is_chrome(self, node: LexborNode, tag: str, attributes: Mapping[str, str | None], noted: bool) -> bool:
        """Whether an element is none of the content; `noted` if it has attributes that may tell."""
        if noted and (told := _tells(node, tag, attributes)) is not None:
            return told
        if tag in CHROME_TAGS:
            return True
        if tag in NEVER_UNLIKELY:
            return False
        named, known = attributes.get("class"), attributes.get("id")
        if not self.strict:
            return False
        # one by one, as a page's classes repeat, and its classes and ids together do not
        if not ((named and has_unlikely_word(named)) or (known and has_unlikely_word(known))):
            return False
        if has_maybe_word(named or "") or has_maybe_word(known or ""):
            return False
        if (self.has_code and _holds_code(node)) or (self.has_article and _holds_article(node)):
            return False
        return not (node.parent is not None and node.parent.tag == "figure")

    def _vote(self, stats: Stats) -> None:
        """A block's votes: one, one for each comma, and up to three for its length. Its parent gets all, the next one
        half, higher ones less."""
        votes = 1 + stats.commas + min(stats.text // 100, 3)
        scores = self.scores
        for key, share in zip(self.above[-1:-6:-1], SHARES, strict=False):
            scores[key] = scores.get(key, 0.0) + votes / share

    # Second pass: the element with the most votes, and the siblings that belong to it

    def _choose(self, body: LexborNode) -> LexborNode:
        best, best_score = body, 0.0
        for key, votes in self.scores.items():
            node = self.nodes[key]
            score = (votes + BASE.get(node.tag or "", 0) + _weight(node)) * (1 - self.stats[key].link_density)
            self.scores[key] = score
            if score > best_score and not _is_code(self.stats[key], ONLY_CODE):
                best, best_score = node, score
        best = self._widen(best, best_score)
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

    def _widen(self, best: LexborNode, score: float) -> LexborNode:
        """Move up to a parent that holds the content's other sections too: one that is nearly as good, or has it as its
        only child."""
        here: LexborNode | None = best
        while (
            here is not None
            and (here := here.parent) is not None
            and here.tag not in ("body", "html")
            and here.mem_id in self.stats
        ):
            above = self.scores.get(here.mem_id, 0.0)
            alone = sum(c.mem_id in self.stats and c.mem_id not in self.dropped for c in here.iter()) == 1
            if (alone and here is best.parent) or above >= score * 0.75 or self._adds_text(here, best, above / score):
                best, score = here, max(above, score * 0.9)
        return best

    def _adds_text(self, here: LexborNode, best: LexborNode, part: float) -> bool:
        """Whether an ancestor adds more of the same: running text with few links, or sections without any."""
        more, now = self.stats[here.mem_id], self.stats[best.mem_id]
        text, linked = more.text - now.text, more.linked - now.linked
        least = 0.3 if here.tag in CONTENT_TAGS or best.tag in PARTS else 0.5
        if part < least or text <= 140 or linked >= 0.2 * text:
            return False
        sections = more.headed > now.headed and more.images == now.images and linked < 0.05 * text
        return sections or more.paragraphs - now.paragraphs >= 2

    def _belongs(self, sibling: LexborNode, best: LexborNode, best_score: float) -> bool:
        stats = self.stats.get(sibling.mem_id)
        if stats is None:
            return False
        same_class = sibling.attributes.get("class") or ""
        bonus = best_score * 0.2 if same_class and same_class == best.attributes.get("class") else 0.0
        if self.scores.get(sibling.mem_id, 0.0) + bonus >= max(10.0, best_score * 0.2):
            return True
        if sibling.tag == "p":
            return (stats.text > 80 and stats.link_density < 0.25) or (0 < stats.text <= 80 and not stats.linked)
        return sibling.tag in ("figure", "picture", "img") or (sibling.tag in ("h1", "h2") and stats.link_density < 0.3)

    def _may_belong(self, sibling: LexborNode) -> bool:
        """Whether a sibling belongs to the content if others do: a block of text without a sign that it does not."""
        stats = self.stats.get(sibling.mem_id)
        if stats is None or stats.inputs or stats.link_density > 0.25:
            return False
        return _is_code(stats) or (sibling.tag in TEXT_BLOCKS and not _has_bad_name(sibling))


def _is_code(stats: Stats, least: float = CODE) -> bool:
    """Whether a block is a code block with what highlighters add to it: a name, a language, buttons."""
    return stats.code > 0 and stats.code >= least * (stats.text - stats.code)


def _is_step(node: LexborNode, stats: Stats) -> bool:
    """Whether a block is a short step, or some, by its number."""
    few = stats.link_density <= STEP_LINKS and stats.text - stats.linked >= LEAST_OF_STEP
    return few and STEP.match(node.text(deep=True)) is not None


def _is_framed_heading(stats: Stats) -> bool:
    """Whether a block is a heading that is no link, with nothing but a link to it beside it."""
    beside = stats.text - stats.headed
    return stats.headed > 0 and beside <= ANCHOR and not stats.paragraphs and 2 * (stats.linked - beside) < stats.headed


def _holds_code(node: LexborNode) -> bool:
    """The same of a node that was not measured; a button's name may be longer than the code."""
    code = sum(len(pre.text(deep=True)) for pre in node.css("pre"))
    return code > 0 and code + ANCHOR >= CODE * (len("".join(node.text(deep=True).split())) - code)


def _tells(node: LexborNode, tag: str, attributes: Mapping[str, str | None]) -> bool | None:
    """What the TELLING attributes of an element say: whether it is no content; None if they say nothing."""
    role = (attributes.get("role") or "").lower()
    if role in CHROME_ROLES:
        return True
    if "hidden" in attributes:
        return not (role == "tabpanel" and node.css_first("pre"))  # another way to do the same
    if "data-max-width" in attributes and _is_for_smaller_screen(node):
        return True
    if tag == "a" and attributes.get("aria-hidden") == "true" and attributes.get("tabindex") == "-1":
        return True  # hidden from screen readers: a link next to it has the same target
    style = attributes.get("style")
    if (style and HIDDEN.search(style.lower())) or (attributes.get("aria-hidden") == "true" and tag != "img"):
        return not (node.css_first("img") and tag in ("div", "figure", "a", "span"))
    return None


def _holds_article(node: LexborNode) -> bool:
    """Whether an element has one article, of running text: a page that opens in a frame over another has the names of
    the frame, a list of teasers has many articles."""
    articles = node.css("article")
    return len(articles) == 1 and sum(len(p.text(deep=True)) for p in articles[0].css("p")) > ARTICLE


def _is_for_smaller_screen(node: LexborNode) -> bool:
    """Whether a sibling is the same figure for wider screens (as ai2html writes them): readers see one of them."""
    above = node.parent
    names = [sibling.attributes for sibling in above.iter() if sibling.tag == node.tag] if above is not None else []
    most = _number(node.attributes.get("data-max-width"))
    return any(0 < most < _number(sibling.get("data-min-width")) for sibling in names)


def _number(stated: str | None) -> float:
    return float(stated) if stated and stated.isascii() and stated.isdigit() else 0.0


_BLOCK_CHILDREN = "blockquote dl div img ol p pre table ul section article figure"
BLOCK_CHILDREN = frozenset(_BLOCK_CHILDREN.split())
_TEXT_BLOCKS = "hr h3 h4 h5 h6 ol ul dl blockquote pre table"
TEXT_BLOCKS = frozenset(_TEXT_BLOCKS.split())
PARTS = LISTS | frozenset(("table", "tbody", "tr", "td", "li", "dd", "blockquote"))
"""Elements that are seldom all of the content."""
HOLDERS = frozenset(("li", "td", "th", "dd", "blockquote", "details"))
"""Elements in which a list or a table is a part of what they say."""
_HEADED = "h1 h2 h3 h4 h5 h6"
HEADED = frozenset(_HEADED.split())
_STYLES = """
    simple arabic loweralpha upperalpha disc circle square bullet bulleted itemizedlist orderedlist simplelist
    wp-block-list
"""
STYLES = frozenset(_STYLES.split())
"""Names that say how a list is marked, not what it is for."""
DATA = LISTS | {"table"}
COUNTED = HEADED | frozenset(("a", "p", "li", "pre"))
NOTHING = Stats()
EMPTY = {"img": Stats(images=1), "a": Stats(links=1), "p": Stats(paragraphs=1), "li": Stats(items=1)}
"""Of elements with nothing in them; others have NOTHING."""
_NEVER_UNLIKELY = "a body img article main picture source table tr td code pre figure"
NEVER_UNLIKELY = HEADED | frozenset(_NEVER_UNLIKELY.split())


has_maybe_word = by_word(MAYBE)


def _name_weight(name: str) -> int:
    return 25 * (has_good_word(name) - has_bad_word(name))


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


def _has_bad_name(node: LexborNode) -> bool:
    attributes = node.attributes
    return has_bad_word(f"{attributes.get('class') or ''} {attributes.get('id') or ''}")


def _weight(node: LexborNode) -> int:
    attributes = node.attributes
    return _name_weight(attributes.get("class") or "") + _name_weight(attributes.get("id") or "")
