"""First pass over a page: counts what is in each element, and drops those whose tag or attributes mark them as not
content."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from itertools import islice
from struct import Struct

from selectolax.lexbor import LexborNode

from leafinstruct.harvest.html.blockmodel import Stats
from leafinstruct.harvest.html.dom import TAG_BY_ID, TEXT_ID
from leafinstruct.harvest.html.names import SPECIAL, UNLIKELY, has_maybe_word, is_title, signs_of
from leafinstruct.harvest.html.special import (
    ATTRIBUTES,
    TAGS,
    Special,
    add_special,
    has_background,
    is_special,
    shows_formula,
)
from leafinstruct.harvest.html.walk import MAX_DEPTH, SILENT

CHROME_TAGS = frozenset(("nav", "footer", "aside", "menu"))
LOOKED_AT = CHROME_TAGS | TAGS | {"img"}
"""Tags that may tell what an element is, whatever its attributes."""
NOT_MEASURED = SILENT | {"noscript", "object", "button", "-comment"}
CONTROLS = frozenset(("input", "select", "textarea"))
NO_FORM = frozenset(("checkbox", "radio", "hidden"))
"""Inputs that tick an ingredient or open a tab as often as they fill in a form."""
_CHROME_ROLES = """
    navigation banner contentinfo complementary search menu menubar toolbar dialog alertdialog tablist
    form
"""
CHROME_ROLES = frozenset(_CHROME_ROLES.split())
TELLING = frozenset(("role", "hidden", "data-max-width", "aria-hidden", "style"))
NOTED = TELLING | ATTRIBUTES
"""Attributes that most elements lack: one look for all."""
HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden")
OPENED = re.compile(
    r"\b(?:tab-?(?:pane|panel)|expand-content|accordion-(?:body|content|panel)|collaps(?:e|ible)-content|spoiler)"
)
"""Names of what a click on its title shows."""
_VOTERS = "p td pre li dd h2 h3 h4 h5 h6 blockquote figure section"
VOTERS = frozenset(_VOTERS.split())
SHARES = (1, 2, 6, 9, 12)
"""What votes are divided by for the elements above, from the inside out."""
SHORT = 25
"""Characters: a block with less votes only if an image is in it: a step."""
ARTICLE = 1000
"""Characters of the paragraphs of an article."""
MOSTLY_CODE = 1.0
"""Characters of code to each other one above which a block is code, however it looks."""
REMARK = re.compile(
    r"^(?:footnote|footnote-list|citation|topic|admonition|callout|note|tip|hint|info|warning|caution|danger|important"
    r"|example|[\w-]+-aside|[\w-]*(?:admonition|callout)[\w-]*)$"
)
"""Names of boxes beside the text that belong to it."""
SIDEBARS = frozenset(("sidebar", "sidebarblock"))
TITLE_OF_BOX = ".titlepage, .sidebar-title, .sidebarblock > .content, p.title, h1.title, h2.title, h3.title, h4.title"
ANCHOR = 60
"""Characters beside a heading or a short piece of code: more are not the name of a link or a button."""
_BLOCK_CHILDREN = "blockquote dl div img ol p pre table ul section article figure"
BLOCK_CHILDREN = frozenset(_BLOCK_CHILDREN.split())
HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_NEVER_UNLIKELY = "a body img article main picture source table tr td code pre figure"
_INLINE = "abbr acronym b bdi bdo big cite dfn em font i kbd mark q s samp small span strong sub sup tt u var"
NEVER_UNLIKELY = HEADINGS | frozenset(f"{_NEVER_UNLIKELY} {_INLINE}".split())
MOST_VERSIONS = 100
"""Siblings among which the same figure for wider screens is looked for."""
COUNTS = Struct("<11I")
"""Counts are one integer, of 32 bits for each of `Stats`, in its order: to add ten numbers at each element would take
several times as long."""
TEXT, LINKED, COMMAS, PARAGRAPHS, IMAGES, LINKS, ITEMS, INPUTS, HEADED, CODE, DEPTH = range(0, 352, 32)
MASK = (1 << 32) - 1
CHARACTER = 1 << TEXT
LINKED_CHARACTER = CHARACTER | 1 << LINKED
COMMA = 1 << COMMAS
INPUT = 1 << INPUTS
LEVELS = tuple(level << DEPTH for level in range(MAX_DEPTH + 1))
CODE_KINDS = ("code", "formula")
OF_TAG = {"a": 1 << LINKS, "p": 1 << PARAGRAPHS, "li": 1 << ITEMS, "img": 1 << IMAGES}


Above = tuple[int, "Above | None"]
"""The key of the element around a node, and of those around that one."""


class Measures:
    """The measured elements by key, with their Stats: none that is dropped, and none below one. `votes` are those of
    the elements around text, by key, in the order in which they got the first; `nodes` are these elements. `remarks`
    are boxes beside the text that belong to it, `opened` those that readers have to open."""

    def __init__(self, body: LexborNode, strict: bool) -> None:
        self.special: dict[int, Special] = {}
        self.dropped: set[int] = set()
        self.votes: defaultdict[int, float] = defaultdict(float)
        self.nodes: dict[int, LexborNode] = {}
        self.linked_images: list[LexborNode] = []
        self.remarks: set[int] = set()
        self.opened: set[int] = set()
        self._strict = strict
        self._counts: dict[int, int] = {}
        self._stats: dict[int, Stats] = {}
        self._measure(body, body.tag or "", CHARACTER, 0, None)

    def __contains__(self, key: int) -> bool:
        return key in self._counts

    def __getitem__(self, key: int) -> Stats:
        if (found := self.get(key)) is None:
            raise KeyError(key)
        return found

    def get(self, key: int) -> Stats | None:
        if (found := self._stats.get(key)) is None and (inside := self._counts.get(key)) is not None:
            found = self._stats[key] = Stats._make(COUNTS.unpack(inside.to_bytes(COUNTS.size, "little")))
        return found

    def _measure(self, node: LexborNode, tag: str, character: int, level: int, above: Above | None) -> int:
        """The counts of a node at depth `level`, in which a character of text is counted as `character`.
        The busiest function of harvest: it looks at each node once, and makes no call for what most nodes lack."""
        counts, block_children = 0, False
        key = node.mem_id
        here = key, above
        for child in node.iter(include_text=True, skip_empty=True):
            if (number := child.tag_id) == TEXT_ID:
                if text := (child.text_content or "").strip():
                    counts += len(text) * character
                    if "," in text:
                        counts += text.count(",") * COMMA
                    if not text.isascii():
                        counts += (text.count("、") + text.count("，")) * COMMA
                continue
            name = TAG_BY_ID.get(number) or child.tag or ""
            if name in NOT_MEASURED:
                if name in CONTROLS:
                    stated = child.attributes
                    if "disabled" not in stated and (stated.get("type") or "").lower() not in NO_FORM:
                        counts += INPUT
                elif name == "script" and is_special(child, name, tag):
                    add_special(child, self.special)
            elif level < MAX_DEPTH:
                signs, noted = 0, False
                of_child = character
                if attributes := child.attributes:
                    if name == "a" and "href" in attributes:
                        of_child = LINKED_CHARACTER
                    if names := attributes.get("class"):
                        signs = signs_of(names)
                    if not names or len(attributes) > 1:
                        noted = not NOTED.isdisjoint(attributes)
                        if (
                            (known := attributes.get("id"))
                            and name not in NEVER_UNLIKELY
                            and (of_id := signs_of(known) & UNLIKELY)
                            and not is_title(child, known)
                        ):
                            signs |= of_id
                if (signs or noted or name in LOOKED_AT) and self._is_left_out(
                    child, name, tag, attributes, signs, noted
                ):
                    continue
                block_children = block_children or name in BLOCK_CHILDREN
                counts += self._measure(child, name, of_child, level + 1, here)
        if own := OF_TAG.get(tag):
            counts += own
            if tag == "a" and counts >> IMAGES & MASK:
                self.linked_images.append(node)
        elif tag in HEADINGS:
            counts += (counts & MASK) << HEADED
        if tag == "pre" or (self.special and (special := self.special.get(key)) and special.kind in CODE_KINDS):
            counts += ((counts & MASK) - (counts >> CODE)) << CODE  # all of its text
        self._counts[key] = counts + LEVELS[level]
        if key in self.votes:
            self.nodes[key] = node
        if tag in VOTERS or (tag == "div" and not block_children):
            length = counts & MASK
            if length >= SHORT or counts >> IMAGES & MASK:
                self._vote(length, counts >> COMMAS & MASK, above)
        return counts

    def _vote(self, text: int, commas: int, above: Above | None) -> None:
        """The votes of a block: one, one for each comma, and up to three for its length. Its parent gets all, the next
        one half, higher ones less."""
        count = 1 + commas + min(text // 100, 3)
        votes = self.votes
        for share in SHARES:
            if above is None:
                return
            key, above = above
            votes[key] += count / share

    def _is_left_out(
        self,
        node: LexborNode,
        tag: str,
        above: str,
        attributes: Mapping[str, str | None],
        signs: int,
        noted: bool,
    ) -> bool:
        """Whether an element is none of the content, by its tag, the signs of its names and, if it has any that are
        NOTED, its attributes; notes one that is special."""
        if self._is_chrome(node, tag, attributes, signs, noted):
            self.dropped.add(node.mem_id)
            return True
        if (
            signs & SPECIAL
            or (tag in TAGS and is_special(node, tag, above))
            or (tag == "img" and shows_formula(attributes))
            or (noted and (not ATTRIBUTES.isdisjoint(attributes) or has_background(attributes)))
        ):
            add_special(node, self.special)
            return (special := self.special.get(node.mem_id)) is not None and special.kind == "nothing"
        return False

    def _is_chrome(
        self, node: LexborNode, tag: str, attributes: Mapping[str, str | None], signs: int, noted: bool
    ) -> bool:
        if noted and (told := _tells(node, tag, attributes)) is not None:
            if not (told and _opens(attributes)):
                return told
            self.opened.add(node.mem_id)
            return False
        if tag in CHROME_TAGS:
            return not (tag == "aside" and self._is_remark(node, attributes.get("class") or ""))
        if not (self._strict and signs & UNLIKELY) or tag in NEVER_UNLIKELY:
            return False
        if _is_head_of_part(node, attributes):
            self.remarks.add(node.mem_id)
            return False
        if has_maybe_word(attributes.get("class") or "") or has_maybe_word(attributes.get("id") or ""):
            return False
        if node.css_first("pre, article") is not None and (_holds_code(node) or _holds_article(node)):
            return False
        if "sidebar-title" in (attributes.get("class") or ""):
            return False
        if "sidebar" in (names := attributes.get("class") or "") and self._is_remark(node, names):
            return False
        return not (node.parent is not None and node.parent.tag == "figure")

    def _is_remark(self, node: LexborNode, names: str) -> bool:
        """Whether a box beside the text is a remark of it, as DocBook, docutils and generators of manuals mark them."""
        found = set(names.lower().split())
        if found & SIDEBARS:
            remark = node.css_first(TITLE_OF_BOX) is not None
        else:
            remark = node.tag == "aside" and any(map(REMARK.search, found))
        if remark:
            self.remarks.add(node.mem_id)
        return remark


def _is_head_of_part(node: LexborNode, attributes: Mapping[str, str | None]) -> bool:
    """Whether a block is called a header because a heading is all that is in it."""
    names = f"{attributes.get('class') or ''} {attributes.get('id') or ''}".lower()
    if "header" not in names or signs_of(names.replace("header", "")) & UNLIKELY:
        return False
    whole = node.parent is not None and node.parent.tag in ("main", "article")
    heading = node.css_first(f"{'h1, ' if whole else ''}h2, h3, h4, h5, h6")
    if heading is None or heading.css_first("a[href]:not([href^='#'])") is not None:
        return False
    return len(node.text(deep=True).strip()) <= len(heading.text(deep=True).strip()) + ANCHOR


def _holds_code(node: LexborNode) -> bool:
    """Whether a block is one of code; a button's name may be longer than the code."""
    code = sum(len(pre.text(deep=True)) for pre in node.css("pre"))
    return code > 0 and code + ANCHOR >= MOSTLY_CODE * (len("".join(node.text(deep=True).split())) - code)


def _tells(node: LexborNode, tag: str, attributes: Mapping[str, str | None]) -> bool | None:
    """What the TELLING attributes of an element say: whether it is no content; None if they say nothing."""
    if (role := attributes.get("role")) and (role := role.lower()) in CHROME_ROLES:
        return True
    if "hidden" in attributes:
        return True
    if "data-max-width" in attributes and _is_for_smaller_screen(node):
        return True
    if tag == "a" and attributes.get("aria-hidden") == "true" and attributes.get("tabindex") == "-1":
        return True  # hidden from screen readers: a link next to it has the same target
    if _hides(attributes.get("style")) or (attributes.get("aria-hidden") == "true" and tag != "img"):
        return not (node.css_first("img") and tag in ("div", "figure", "a", "span"))
    return None


def _opens(attributes: Mapping[str, str | None]) -> bool:
    """Whether a hidden element is shown when its title is clicked: another way to do the same, or more about it."""
    role = (attributes.get("role") or "").lower()
    return role not in CHROME_ROLES and (role == "tabpanel" or OPENED.search(attributes.get("class") or "") is not None)


def _hides(style: str | None) -> bool:
    if not style:
        return False
    style = style.lower()
    return ("display" in style or "visibility" in style) and HIDDEN.search(style) is not None


def _holds_article(node: LexborNode) -> bool:
    """Whether an element has one article, of running text: a page that opens in a frame over another has the names of
    the frame, a list of teasers has many articles."""
    articles = node.css("article")
    return len(articles) == 1 and sum(len(p.text(deep=True)) for p in articles[0].css("p")) > ARTICLE


def _is_for_smaller_screen(node: LexborNode) -> bool:
    """Whether a sibling is the same figure for wider screens (as ai2html writes them): readers see one of them."""
    above, most = node.parent, _number(node.attributes.get("data-max-width"))
    if above is None or most <= 0:
        return False
    names = (sibling.attributes for sibling in islice(above.iter(), MOST_VERSIONS) if sibling.tag == node.tag)
    return any(most < _number(sibling.get("data-min-width")) for sibling in names)


def _number(stated: str | None) -> float:
    return float(stated) if stated and stated.isascii() and stated.isdigit() else 0.0
