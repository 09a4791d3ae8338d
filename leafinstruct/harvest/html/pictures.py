"""Pictures that no `<img>` of their own shows: backgrounds of empty elements, objects, what buttons enlarge, and
what stands in the text of a <noscript>."""

from __future__ import annotations

import re
from collections.abc import Mapping

from selectolax.lexbor import LexborHTMLParser, LexborNode

BACKGROUNDS = ("data-bg", "data-background-image", "data-background", "data-bg-image", "data-bg-src")
BACKGROUND = re.compile(
    r"background(?:-image)?\s*:[^;]*?url\(\s*(?P<quote>['\"]?)(?P<address>[^'\"()]+)(?P=quote)\s*\)", re.I
)
IN_CALL = re.compile(r"\s*url\(\s*['\"]?([^'\"()]+)['\"]?\s*\)\s*$", re.I)
SHOWN = frozenset(("img", "amp-img", "picture", "video", "iframe", "svg", "canvas", "object"))
LONGEST_STYLE = 2000
"""Characters of a style that are read."""
MOST_BELOW = 50
"""Nodes that are looked at in an element; one with more is no picture."""
ENLARGES = re.compile(r"lightbox|zoom|enlarge|gallery|photo|image|figure", re.I)
PANEL = re.compile(r"accordion|faq|question", re.I)
RASTER = re.compile(r"image/(?:jpe?g|png|gif|webp|avif|bmp)", re.I)
LARGE = 200
"""Pixels: a picture as wide in a button is no icon of it."""


def background_of(node: LexborNode, attributes: Mapping[str, str | None]) -> str:
    """The address of the background of an element that shows nothing else; "" if there is none."""
    found = BACKGROUND.search((attributes.get("style") or "")[:LONGEST_STYLE])
    address = found["address"].strip() if found else ""
    for name in BACKGROUNDS:
        stated = (attributes.get(name) or "").strip()
        if inside := IN_CALL.match(stated):
            stated = inside[1].strip()
        if "." in stated and not stated.startswith(("#", "rgb", "{")) and " " not in stated:
            address = stated
    return address if address and not address.startswith("data:") and _is_empty(node) else ""


def _is_empty(node: LexborNode) -> bool:
    for number, below in enumerate(node.traverse(include_text=True)):
        if number > MOST_BELOW or below.tag in SHOWN or (below.is_text_node and (below.text_content or "").strip()):
            return False
    return True


def in_button(button: LexborNode) -> list[LexborNode]:
    """The pictures that a button enlarges, not those that are drawn on it."""
    names = f"{button.attributes.get('class') or ''} {button.attributes.get('aria-label') or ''}"
    images = button.css("img")
    return images if ENLARGES.search(names) else [image for image in images if _width(image) >= LARGE]


def is_title_of_panel(button: LexborNode, in_heading: bool) -> bool:
    """Whether a button is the title of what it opens."""
    attributes, parent = button.attributes, button.parent
    if in_heading:
        return parent is not None and parent.text(deep=True).strip() == button.text(deep=True).strip()
    return "aria-expanded" in attributes and PANEL.search(attributes.get("class") or "") is not None


def is_named_in_sentence(button: LexborNode) -> bool:
    """Whether words of a paragraph are before a button and after it, so that its name is one of them."""
    parent, beside = button.parent, (button.prev, button.next)
    if parent is None or parent.tag != "p":
        return False
    return all(near is not None and any(map(str.isalpha, near.text_content or "")) for near in beside)


def object_address(node: LexborNode) -> str:
    """The address of an object that is an image which is read here."""
    attributes = node.attributes
    return (attributes.get("data") or "").strip() if RASTER.match(attributes.get("type") or "") else ""


def in_text(noscript: LexborNode) -> list[LexborNode]:
    """The images of a <noscript> that was written as text, as browsers with scripts have it."""
    text = noscript.text(deep=True)
    return LexborHTMLParser(text).css("img") if "<img" in text else []


def _width(image: LexborNode) -> int:
    stated = (image.attributes.get("width") or "").removesuffix("px")
    return int(stated) if stated.isascii() and stated.isdigit() and len(stated) < 6 else 0
