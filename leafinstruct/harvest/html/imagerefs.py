"""Which file an <img> shows: its URL behind lazy loading, `srcset` and `picture`, and larger versions of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from selectolax.lexbor import LexborNode

from leafinstruct.harvest.html.flow import Block

LAZY = (
    "data-src",
    "data-original",
    "data-lazy-src",
    "data-lazy",
    "data-actualsrc",
    "data-url",
    "data-echo",
    "data-img",
)
LAZY_SETS = ("srcset", "data-srcset", "data-lazy-srcset")
OTHERS = frozenset((*LAZY, *LAZY_SETS))
"""Attributes that name other files than `src`."""
PLACEHOLDER = re.compile(
    r"(?:^|[/_.-])(?:blank|placeholder|spacer|loading|lazy|transparent|pixel|1x1|grey|gray)[\w-]*\.", re.I
)
MOST_HEIGHT, MOST_WIDTH = 48, 160
"""Pixels of a small picture inside a sentence: an icon, a key, a button (own choice)."""
STYLE_SIZE = re.compile(r"(?:^|[;\s])(height|width)\s*:\s*([^;]+)", re.IGNORECASE)
LENGTH = re.compile(r"(\d{1,5}(?:\.\d{1,4})?)(px|em|rem|ex|pt|)")
UNITS = {"px": 1.0, "": 1.0, "em": 16.0, "rem": 16.0, "ex": 8.0, "pt": 4 / 3}
SMALL_NAME = re.compile(
    r"(?:^|[\s_-])(?:emoji|smiley|inline-?icon|icon-inline|inlineimage|inlinemediaobject|guiicon)(?![a-z])", re.I
)
SET_ENTRY = re.compile(r"\s*(\S*[^\s,])(?:\s+([\d.]+)([wx]))?\s*(?:,|$)")


def image_refs(node: LexborNode, attributes: Mapping[str, str | None]) -> tuple[str, tuple[str, ...]]:
    """The reference of an image, ignoring lazy-loading placeholders, and larger versions, largest first."""
    src = (attributes.get("src") or "").strip()
    picture = parent if (parent := node.parent) is not None and parent.tag == "picture" else None
    if picture is None and OTHERS.isdisjoint(attributes):
        return src, ()
    sets = [text for name in LAZY_SETS if (text := attributes.get(name))]
    if picture is not None:
        sets += [text for s in picture.css("source") for name in LAZY_SETS if (text := s.attributes.get(name))]
    sized = sorted((entry for text in sets for entry in _set_entries(text)), key=lambda e: -e[1])
    larger = tuple(dict.fromkeys(url for url, _ in sized))
    lazy = next((value for name in LAZY if (value := (attributes.get(name) or "").strip())), "")
    if lazy and (not src or src != lazy):
        src = lazy
    elif not src or (larger and _is_placeholder(src)):
        src = larger[0] if larger else src
    return src, tuple(url for url in larger if url != src)


def is_small(attributes: Mapping[str, str | None]) -> bool | None:
    """Whether an image is shown as small as a letter or a button; None if its element does not say."""
    style = dict(STYLE_SIZE.findall(attributes.get("style") or ""))
    sizes = [_pixels(style.get(name) or attributes.get(name) or "") for name in ("height", "width")]
    height, width = sizes
    if height is not None or width is not None:
        return (MOST_HEIGHT if height is None else height) <= MOST_HEIGHT and (width or 0) <= MOST_WIDTH
    names = f"{attributes.get('class') or ''} {attributes.get('id') or ''}"
    return True if SMALL_NAME.search(names) else None


def _pixels(text: str) -> float | None:
    """A length in pixels, as of CSS or an attribute; None for a share, or what is no length."""
    found = LENGTH.fullmatch(text.strip().lower())
    return float(found[1]) * UNITS[found[2]] if found else None


def same_file(last: Block, ref: str, larger: tuple[str, ...]) -> bool:
    """Whether two consecutive images are one in different sizes: they share a file name."""
    names = [
        {url.split("?")[0].rpartition("/")[2] for url in urls} for urls in ((last.ref, *last.larger), (ref, *larger))
    ]
    return bool(names[0] & names[1])


def _is_placeholder(src: str) -> bool:
    return src.startswith("data:") or bool(PLACEHOLDER.search(src))


def _set_entries(text: str) -> Iterator[tuple[str, float]]:
    """URLs of a srcset with their width, or their density times a nominal thousand."""
    for url, size, unit in SET_ENTRY.findall(text[:10000]):
        if not url.startswith("data:"):
            try:
                yield url, float(size or 1) * (1 if unit == "w" else 1000)
            except ValueError:
                continue
