"""Images whose attributes or URL mark them as not content: icons, logos, avatars, buttons, trackers."""

from __future__ import annotations

import re
from collections.abc import Mapping

ICON_WORDS = re.compile(
    r"(?:^|[\s_-])(?:icons?|logo|avatar|gravatar|sprite|emoji|smiley|badge|share|social|tracking|tracker|pixel|spacer|btn|button|"
    r"rating|stars?|userpic|profile-?pic|author-?(?:image|photo|avatar))(?:$|[\s_-])",
)
_ICON_FILE = (
    r"(?:spacer|blank|pixel|1x1|transparent|clear|logo|icon|sprite|avatar|loading|arrow|rss|print|email|facebook|twitter|"
    r"pinterest)[a-z0-9@]{0,4}(?:[-_]\w{1,8})?\.(?:png|gif|jpe?g|svg|webp)(?:$|\?)"
)
ICON_FILE = re.compile(_ICON_FILE)
ICON_PATH = re.compile(
    r"/(?:(?:icons?|avatars?|emojis?|smilies|badges?|sprites?|buttons?|gravatar|\w+[_-]ads|banners?)/|"
    rf"{_ICON_FILE}|pixel\?|(?:count|track|beacon)(?:er|ing)?\.(?:php|gif))"
)
"""Begins with a literal, which is looked for many times as fast as choices."""
ICON_HOSTS = ("gravatar.com", "feed.feedburner", "feeds.feedburner", "statcounter")
PIXELS = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(?:px)?\s*$")
ADVERT_PATH = re.compile(r"/(?:ads|adverts?)/")
LINE, BIG = 3, 200
"""Pixels: an image with a side this short is a line or a tracker; with one this long it is not an icon, but may be an
ad."""
SMALL = 40
"""Pixels: images declared no larger than this on both sides are icons; the smallest useful step image seen was twice
that."""


def is_no_icon(ref: str, attributes: Mapping[str, str | None]) -> bool:
    """Whether an image may be content."""
    return not icon_reason(ref, attributes)


def icon_reason(ref: str, attributes: Mapping[str, str | None]) -> str:
    """Why an image is not content, by its declared size, its class names or its URL `ref`: icon_size, line_size,
    advert_address, icon_name, icon_address; "" if it may be content."""
    width, height = _pixels(attributes, "width"), _pixels(attributes, "height")
    if width is not None and height is not None and width <= SMALL and height <= SMALL:
        return "icon_size"
    if (width is not None and width <= LINE) or (height is not None and height <= LINE):
        return "line_size"
    address = ref.lower()  # a pattern that ignores case takes several times as long
    if ADVERT_PATH.search(address) or "doubleclick.net" in address:
        return "advert_address"
    if (width or 0) >= BIG or (height or 0) >= BIG:
        return ""
    if ICON_WORDS.search(f"{attributes.get('class') or ''} {attributes.get('id') or ''}".lower()):
        return "icon_name"
    icon = ICON_FILE.match(address) or ICON_PATH.search(address) or any(host in address for host in ICON_HOSTS)
    return "icon_address" if icon else ""


def _pixels(attributes: Mapping[str, str | None], name: str) -> float | None:
    stated = attributes.get(name)
    found = PIXELS.match(stated) if stated else None
    return float(found[1]) if found else None
