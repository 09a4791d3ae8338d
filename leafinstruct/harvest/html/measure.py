"""First pass over a page: counts what is in each element, and drops those whose tag or attributes mark them as not
content."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from operator import sub

from selectolax.lexbor import LexborNode

from leafinstruct.harvest.html.blockmodel import Stats
from leafinstruct.harvest.html.names import SPECIAL, UNLIKELY, has_maybe_word, signs_of
from leafinstruct.harvest.html.special import ATTRIBUTES, TAGS, Special, add_special, is_special, shows_formula
from leafinstruct.harvest.html.walk import MAX_DEPTH, SILENT

CHROME_TAGS = frozenset(("nav", "footer", "aside", "menu"))
LOOKED_AT = CHROME_TAGS | TAGS | {"img"}
"""Tags that may tell what an element is, whatever its attributes."""
NOT_MEASURED = SILENT | {"noscript"}
CONTROLS = frozenset(("input", "select", "textarea"))
_CHROME_ROLES = """
    navigation banner contentinfo complementary search menu menubar toolbar dialog alertdialog alert tablist
    form
"""
CHROME_ROLES = frozenset(_CHROME_ROLES.split())
TELLING = frozenset(("role", "hidden", "data-max-width", "aria-hidden", "style"))
NOTED = TELLING | ATTRIBUTES
"""Attributes that most elements lack: one look for all."""
HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden")
_VOTERS = "p td pre li dd h2 h3 h4 h5 h6 blockquote figure section"
VOTERS = frozenset(_VOTERS.split())
SHARES = ((-1, 1), (-2, 2), (-3, 6), (-4, 9), (-5, 12))
"""What votes are divided by for the elements above, from the inside out."""
ARTICLE = 1000
"""Characters of the paragraphs of an article."""
CODE = 1.0
"""Characters of code to each other one above which a block is code, however it looks."""
ANCHOR = 60
"""Characters beside a heading or a short piece of code: more are not the name of a link or a button."""
_BLOCK_CHILDREN = "blockquote dl div img ol p pre table ul section article figure"
BLOCK_CHILDREN = frozenset(_BLOCK_CHILDREN.split())
HEADED = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
COUNTED = HEADED | frozenset(("a", "p", "li", "pre", "img"))
_NEVER_UNLIKELY = "a body img article main picture source table tr td code pre figure"
NEVER_UNLIKELY = HEADED | frozenset(_NEVER_UNLIKELY.split())
TEXT, LINKED, COMMAS, PARAGRAPHS, IMAGES, LINKS, ITEMS, INPUTS, IN_HEADINGS, IN_CODE = range(10)
"""Places in the counts, in the order of `Stats`."""


class Measures:
    """The measured elements by key, with their Stats: none that is dropped, and none below one. `votes` are those of
    the elements around text, by key, in the order in which they got the first; `nodes` are these elements."""

    def __init__(self, body: LexborNode, strict: bool) -> None:
        self.special: dict[int, Special] = {}
        self.dropped: set[int] = set()
        self.votes: defaultdict[int, float] = defaultdict(float)
        self.nodes: dict[int, LexborNode] = {}
        self.linked_images: list[LexborNode] = []
        self._strict = strict
        self._has_code = body.css_first("pre") is not None
        self._has_article = body.css_first("article") is not None
        self._above = [0] * len(SHARES)
        self._counts = [0] * (IN_CODE + 1)
        self._spans: dict[int, tuple[int, tuple[int, ...], tuple[int, ...]]] = {}
        self._stats: dict[int, Stats] = {}
        self._measure(body, body.tag or "", False, 0)
        self.votes.pop(0, None)

    def __contains__(self, key: int) -> bool:
        return key in self._spans

    def __getitem__(self, key: int) -> Stats:
        if (found := self._stats.get(key)) is None:
            depth, before, after = self._spans[key]
            found = self._stats[key] = tuple.__new__(Stats, (depth, *map(sub, after, before)))
        return found

    def get(self, key: int) -> Stats | None:
        return self[key] if key in self._spans else None

    def _measure(self, node: LexborNode, tag: str, linked: bool, depth: int) -> None:
        """Count on through a node below those whose keys are in `_above`: what is in it are the counts after it less
        those before. The busiest function of harvest: it looks at each node once, and makes no call for what most nodes
        lack."""
        key, counts = node.mem_id, self._counts
        before = tuple(counts)
        self._above.append(key)
        block_children = False
        for child in node.iter(include_text=True, skip_empty=True):
            if (content := child.text_content) is not None:
                if text := content.strip():
                    counts[TEXT] += len(text)
                    if linked:
                        counts[LINKED] += len(text)
                    if "," in text:
                        counts[COMMAS] += text.count(",")
                    if not text.isascii():
                        counts[COMMAS] += text.count("、") + text.count("，")
                continue
            name = child.tag or ""
            if name in NOT_MEASURED:
                if name in CONTROLS:
                    counts[INPUTS] += "disabled" not in child.attributes
                elif name == "script" and is_special(child, name, tag):
                    add_special(child, self.special)
            elif depth < MAX_DEPTH:
                signs, noted = 0, False
                if attributes := child.attributes:
                    noted = not NOTED.isdisjoint(attributes)
                    if names := attributes.get("class"):
                        signs = signs_of(names)
                    if (known := attributes.get("id")) and name not in NEVER_UNLIKELY:
                        signs |= signs_of(known) & UNLIKELY
                if (signs or noted or name in LOOKED_AT) and self._is_left_out(child, name, tag, attributes, signs, noted):
                    continue
                block_children = block_children or name in BLOCK_CHILDREN
                self._measure(child, name, linked or name == "a", depth + 1)
        self._above.pop()
        if tag in COUNTED:
            self._count(node, tag, before)
        if self.special and (special := self.special.get(key)) is not None and special.kind in ("code", "formula"):
            counts[IN_CODE] = before[IN_CODE] + counts[TEXT] - before[TEXT]
        self._spans[key] = depth, before, tuple(counts)
        if key in self.votes:
            self.nodes[key] = node
        if tag in VOTERS or (tag == "div" and not block_children):
            self._vote(counts[TEXT] - before[TEXT], counts[COMMAS] - before[COMMAS], counts[IMAGES] - before[IMAGES])

    def _count(self, node: LexborNode, tag: str, before: tuple[int, ...]) -> None:
        """Count the node itself."""
        counts = self._counts
        if tag == "a":
            counts[LINKS] += 1
            if counts[IMAGES] > before[IMAGES]:
                self.linked_images.append(node)
        elif tag == "p":
            counts[PARAGRAPHS] += 1
        elif tag == "li":
            counts[ITEMS] += 1
        elif tag == "img":
            counts[IMAGES] += 1
        elif tag == "pre":
            counts[IN_CODE] = before[IN_CODE] + counts[TEXT] - before[TEXT]
        else:
            counts[IN_HEADINGS] += counts[TEXT] - before[TEXT]

    def _vote(self, text: int, commas: int, images: int) -> None:
        """The votes of a block: one, one for each comma, and up to three for its length; a short one votes only if an
        image is in it: a step. Its parent gets all, the next one half, higher ones less."""
        if text >= 25 or images:
            count = 1 + commas + min(text // 100, 3)
            votes, above = self.votes, self._above
            for place, share in SHARES:
                votes[above[place]] += count / share

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
            or (noted and not ATTRIBUTES.isdisjoint(attributes))
        ):
            add_special(node, self.special)
            return (special := self.special.get(node.mem_id)) is not None and special.kind == "nothing"
        return False

    def _is_chrome(
        self, node: LexborNode, tag: str, attributes: Mapping[str, str | None], signs: int, noted: bool
    ) -> bool:
        if noted and (told := _tells(node, tag, attributes)) is not None:
            return told
        if tag in CHROME_TAGS:
            return True
        if not (self._strict and signs & UNLIKELY) or tag in NEVER_UNLIKELY:
            return False
        if has_maybe_word(attributes.get("class") or "") or has_maybe_word(attributes.get("id") or ""):
            return False
        if (self._has_code and _holds_code(node)) or (self._has_article and _holds_article(node)):
            return False
        return not (node.parent is not None and node.parent.tag == "figure")


def _holds_code(node: LexborNode) -> bool:
    """Whether a block is one of code; a button's name may be longer than the code."""
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
    style = (attributes.get("style") or "").lower()
    if (("none" in style or "hidden" in style) and HIDDEN.search(style)) or (attributes.get("aria-hidden") == "true" and tag != "img"):
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


