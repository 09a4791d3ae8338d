"""Teasers: blocks that show another page of the site, with an image and a title that both link to it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from urllib.parse import urlsplit

from selectolax.lexbor import LexborNode

from leafinstruct.harvest.html.dom import holds
from leafinstruct.harvest.html.measure import Measures
from leafinstruct.harvest.html.names import CACHED
from leafinstruct.text.urls import host_of

PICTURE = re.compile(r"\.(?:jpe?g|png|gif|webp|avif|svg|bmp|tiff?)$", re.IGNORECASE)
TITLES = frozenset(("h1", "h2", "h3", "h4", "h5", "h6", "p"))
TITLE = 12
"""Characters from which link text is a title and not "more"."""
LARGEST = 0.3
"""Share of the content's text above which a block is not a teaser."""
LEVELS = 7
"""How many levels above an image its title may be."""
REST = 500
"""Characters outside teasers: a page with less is a list of teasers, which are then its content."""


def teasers(linked_images: Iterable[LexborNode], root: LexborNode, stats: Measures, host: str) -> list[LexborNode]:
    """The teasers below `root`, given its links that hold images and the page's host ("" if unknown); none on a page
    that has little else."""
    whole = stats[root.mem_id]
    cards: dict[int, LexborNode] = {}
    for link in linked_images:
        if card := _card(link, root, stats, host):
            cards[card.mem_id] = card
    outer = {key: card for key, card in cards.items() if not _is_below(card, cards, root)}
    rest = whole.text - sum(stats[key].text for key in outer)
    return list(outer.values()) if len(outer) > 1 and rest >= REST else []


def _card(link: LexborNode, root: LexborNode, stats: Measures, host: str) -> LexborNode | None:
    """The smallest element around a linked image that also holds a title with the same target."""
    most, here = LARGEST * stats[root.mem_id].text, link.parent
    for _ in range(LEVELS):
        if here is None or here.mem_id == root.mem_id or here.mem_id not in stats or stats[here.mem_id].text > most:
            return None
        if stats[here.mem_id].linked >= TITLE and _has_title(here, link, host):
            return here
        here = here.parent
    return None


def _has_title(card: LexborNode, link: LexborNode, host: str) -> bool:
    """Whether a title in a card leads to the same page as a link with an image."""
    target = _page(link.attributes.get("href") or "", host)
    return target != "" and any(
        _page(other.attributes.get("href") or "", host) == target
        and len(other.text(deep=True).strip()) >= TITLE
        and (other.mem_id != link.mem_id or holds(other, TITLES))
        for other in card.css("a[href]")
    )


@lru_cache(maxsize=CACHED)
def _page(href: str, host: str) -> str:
    """The page of the same site that a link leads to; "" for an image, an anchor in this page, or another site."""
    try:
        parts = urlsplit(href.strip())
    except ValueError:
        return ""
    elsewhere = parts.netloc and host_of(href) not in ("", host)
    if elsewhere or parts.scheme not in ("", "http", "https") or PICTURE.search(parts.path):
        return ""
    return parts._replace(scheme="", netloc="", fragment="").geturl()


def _is_below(card: LexborNode, cards: Mapping[int, LexborNode], root: LexborNode) -> bool:
    here = card.parent
    while here is not None and here.mem_id != root.mem_id:
        if here.mem_id in cards:
            return True
        here = here.parent
    return False
