"""Elements that are more than their tag says, found once for a page: formulas, code that is no `pre`, headings by role,
and what stands in the text but is none of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from selectolax.lexbor import LexborNode

from leafinstruct.harvest.html import tex
from leafinstruct.harvest.html.dom import holds
from leafinstruct.harvest.html.pictures import BACKGROUNDS, background_of

SELECTOR = (
    "div.syntaxhighlighter, div.crayon-syntax, div.geshi, div.ltx_listing, div.fragment, "
    "td.blob-code, td.js-file-line, ol.linenums, xmp, listing, "
    "p > code:has(br), div > code:has(br), [role='heading'][aria-level], .jp-InputPrompt, "
    ".mw-editsection, .mw-cite-backlink, .mw-jump-link, .viewcode-link, .viewcode-back, .footnote-backref, "
    ".sr-only, .visually-hidden, .screen-reader-text, .back-to-top, "
    f".jp-OutputPrompt, .prompt, span.lang, .slick-cloned, .swiper-slide-duplicate, .cloned, .bx-clone, "
    "[class*='material-icons'], [class*='material-symbols'], "
    f"[style*='url('], {', '.join(f'[{name}]' for name in BACKGROUNDS)}, {tex.SELECTOR}"
)
TAGS = frozenset(("math", "mjx-container", "math-renderer", "xmp", "listing", "code"))
ATTRIBUTES = frozenset(("data-tex", "data-latex", "aria-level", *BACKGROUNDS))
BACKGROUND_NAMES = frozenset(BACKGROUNDS)
NOTHING = frozenset(
    (
        *("mw-editsection", "mw-cite-backlink", "mw-jump-link", "viewcode-link", "viewcode-back", "footnote-backref"),
        *("sr-only", "visually-hidden", "screen-reader-text", "back-to-top"),
        *("slick-cloned", "swiper-slide-duplicate", "cloned", "bx-clone"),
        *("material-icons", "material-icons-outlined", "material-symbols-outlined", "material-symbols-rounded"),
    )
)
"""Names of links beside the text to its source, of what is not shown, and of slides that a
script has repeated, and of names of icons that a font shows."""
PERMALINKS = frozenset(("#", "¶", "§", "🔗", "\uf0c1", "◆", "↩", "↩\ufe0e", "↵", "⏎"))
PERMALINK = re.compile(r"(?:^|[\s_-])(?:anchor|(?:perma|header|heading|hash)-?link)", re.I)
HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
BREAK = frozenset(("br",))
NOT_STEPS = re.compile(r"footnote|endnote|reference|citation|toc|contents|breadcrumb|pagination|comment", re.I)
PROMPT = re.compile(r"(?:In|Out)?\s*\[[\d\s*]*\]:?")
"""The numbers beside the cells of a notebook."""


@dataclass(frozen=True, slots=True)
class Special:
    kind: Literal["formula", "code", "heading", "picture", "nothing"]
    formula: tex.Formula | None = None
    level: int = 0
    address: str = ""


def find_special(root: LexborNode) -> dict[int, Special]:
    """The special elements below a node, by key."""
    found: dict[int, Special] = {}
    for node in root.css(SELECTOR):
        add_special(node, found)
    return found


def shows_formula(image: Mapping[str, str | None]) -> bool:
    """Whether SELECTOR finds an image by its address, given its attributes."""
    address = image.get("src")
    return address is not None and any(map(address.__contains__, tex.RENDERERS))


def is_special(node: LexborNode, tag: str, above: str) -> bool:
    """Whether SELECTOR finds a script or an element with one of TAGS, by the tag of its parent."""
    if tag == "script":
        return (node.attributes.get("type") or "").startswith("math/tex")
    return tag != "code" or (above in ("p", "div") and holds(node, BREAK))


def has_background(attributes: Mapping[str, str | None]) -> bool:
    """Whether SELECTOR finds an element by its background."""
    return "url(" in (attributes.get("style") or "") or not BACKGROUND_NAMES.isdisjoint(attributes)


def add_special(node: LexborNode, found: dict[int, Special]) -> None:
    key, special = _special(node)
    if special is not None:
        found.setdefault(key, special)


def _special(node: LexborNode) -> tuple[int, Special | None]:
    tag, attributes = node.tag or "", node.attributes
    names = (attributes.get("class") or "").split()
    if attributes.get("role") == "heading":
        level = attributes.get("aria-level") or ""
        return node.mem_id, Special("heading", level=int(level)) if level in tuple("123456") else None
    if (not NOTHING.isdisjoint(names) and not holds(node, HEADINGS)) or (
        ("prompt" in names or "Prompt" in str(names)) and _is_prompt(node)
    ):
        return node.mem_id, Special("nothing")
    if "lang" in names and tag == "span":
        return node.mem_id, Special("nothing") if _is_beside_code(node) else None
    if {"blob-code", "js-file-line"} & {*names}:
        table = _above(node, "table")
        return (table.mem_id, Special("code")) if table is not None else (0, None)
    if tag == "code" and "math" not in names:
        return node.mem_id, Special("code") if _is_alone(node) else None
    if {"syntaxhighlighter", "crayon-syntax", "linenums", "ltx_listing"} & {*names} or tag in ("xmp", "listing"):
        return node.mem_id, Special("code")
    if "geshi" in names:
        return node.mem_id, Special("code") if node.css_first("pre") is None else None
    if "fragment" in names:
        return node.mem_id, Special("code") if node.css_first("div.line") is not None else None
    if has_background(attributes):
        address = background_of(node, attributes)
        return node.mem_id, Special("picture", address=address) if address else None
    formula = tex.formula_of(node)
    return node.mem_id, Special("formula", formula) if formula is not None else None


def _is_prompt(node: LexborNode) -> bool:
    text = node.text(deep=True).strip()
    return len(text) < 20 and PROMPT.fullmatch(text) is not None


def _is_beside_code(node: LexborNode) -> bool:
    """Whether a name is that of the language of the code after it."""
    return any(near.tag == "pre" for near in _beside(node))


def _above(node: LexborNode, tag: str) -> LexborNode | None:
    here = node.parent
    while here is not None and here.tag != tag:
        here = here.parent
    return here


def _is_alone(node: LexborNode) -> bool:
    """Whether lines of code are all that is in a paragraph."""
    return not tex.has_neighbors(node)


def is_permalink(node: LexborNode, in_heading: bool) -> bool:
    """Whether a link leads to the heading in which it stands, or beside it, and is not all of its text."""
    text = node.text(deep=True).strip()
    if text in PERMALINKS:
        return True
    parent = node.parent
    if parent is None or not (in_heading or parent.tag in ("div", "header", "section")):
        return False
    attributes = node.attributes
    if not PERMALINK.search(attributes.get("class") or "") or (attributes.get("href") or "")[:1] != "#":
        return False
    if holds(node, HEADINGS):
        return False
    return parent.text(deep=True).strip() != text if in_heading else any(near.tag in HEADINGS for near in _beside(node))


def _beside(node: LexborNode) -> Iterator[LexborNode]:
    """A few nodes before and after one."""
    before, after = node.prev, node.next
    for _ in range(4):
        if before is not None:
            yield before
            before = before.prev
        if after is not None:
            yield after
            after = after.next


def tick_of(item: LexborNode) -> bool | None:
    """Whether the box of a task is ticked; None if the item does not begin with one."""
    here: LexborNode | None = item
    while here is not None and here.tag in ("li", "p", "label", "span"):
        here = here.child
        while here is not None and here.is_text_node and not (here.text_content or "").strip():
            here = here.next
    if here is None or here.tag != "input" or here.attributes.get("type") != "checkbox":
        return None
    return "checked" in here.attributes


def is_procedure(items: LexborNode) -> bool:
    """Whether an ordered list may be one of steps, by where it is and what it begins with."""
    return not (_inside(items, NOT_STEPS) or _is_contents(items))


def _is_contents(node: LexborNode) -> bool:
    """Whether a list names the sections of its page: its first item is a link to one."""
    item = node.css_first("li")
    link = item.css_first("a") if item is not None else None
    if item is None or link is None or (link.attributes.get("href") or "")[:1] != "#":
        return False
    return item.text(deep=True).strip().startswith(link.text(deep=True).strip() or "#")


def _inside(node: LexborNode, pattern: re.Pattern[str]) -> bool:
    """Whether class, id or role of the node or an ancestor matches (four levels cover a list's wrapper)."""
    here: LexborNode | None = node
    for _ in range(4):
        if here is None or here.tag == "body":
            return False
        attributes = here.attributes
        if any(pattern.search(attributes.get(name) or "") for name in ("class", "id", "role")):
            return True
        here = here.parent
    return False
