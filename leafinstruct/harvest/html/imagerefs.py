"""Which files an <img> may show, in order of preference: its address behind lazy loading, `srcset` and `picture`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import NamedTuple

from selectolax.lexbor import LexborNode

from leafinstruct.harvest.html.flow import Block
from leafinstruct.harvest.html.media import is_shown

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
LAZY_NAMES = frozenset(LAZY)
LAZY_SETS = ("srcset", "data-srcset", "data-lazy-srcset")
_NOT_LAZY = """
    src alt title class id style usemap name width height border align hspace vspace loading decoding fetchpriority
    sizes role itemprop data-caption data-sizes
"""
NOT_LAZY = frozenset(_NOT_LAZY.split())
"""Attributes without the address of another file."""
KNOWN = NOT_LAZY.union(LAZY, LAZY_SETS)
WORSE = re.compile(r"low|blur|placeholder|hover|icon|poster|dark|mobile|print|fallback|error")
"""Names of attributes with addresses of what is shown instead of the image."""
IMAGE_FILE = re.compile(r"\S+\.(?:jpe?g|png|webp|gif|avif|bmp)(?:[?#]\S*)?", re.IGNORECASE)
IMAGE_SET = re.compile(r"\S+\.(?:jpe?g|png|webp|gif|avif)\S*\s+\d+(?:\.\d+)?[wx](?:,|\s|$)", re.IGNORECASE)
NO_FILE = ("data:", "about:", "blob:", "javascript:", "#")
PLACEHOLDER = re.compile(
    r"(?:^|[_.-])(?:blank|placeholder|spacer|load(?:ing|er)|preloader|spinner|lazy|transparent|pixel|1x1|grey|gray|dummy|"
    r"empty|no-?image)[\w-]*\."
)
"""In names of files."""
MOST = 20
"""Addresses before and after the one that an image is known by; more are not meant for readers."""
PREVIEW = 20_000
"""Characters of a data: address; a longer one is an image rather than a blurred preview of one."""
SET_START = re.compile(r"[\s,]*(\S+)")
SIZE = re.compile(r"(?:^|\s)(\d{0,9}\.?\d{1,9})([wx])(?:\s|$)", re.IGNORECASE)
PIXELS = re.compile(r"\s*(\d+)\s*(?:px)?\s*$")
MOST_HEIGHT, MOST_WIDTH = 48, 160
"""Pixels of a small picture inside a sentence: an icon, a key, a button (own choice)."""
STYLE_SIZE = re.compile(r"(?:^|[;\s])(height|width)\s*:\s*([^;]+)", re.IGNORECASE)
LENGTH = re.compile(r"(\d{1,5}(?:\.\d{1,4})?)(px|em|rem|ex|pt|)")
UNITS = {"px": 1.0, "": 1.0, "em": 16.0, "rem": 16.0, "ex": 8.0, "pt": 4 / 3}
SMALL_NAME = re.compile(
    r"(?:^|[\s_-])(?:emoji|smiley|(?:inline-?)?icons?|icon-inline|inlineimage|inlinemediaobject|guiicon|btn|button|key)(?![a-z])",
    re.I,
)
NARROW = 480
"""Pixels; a version in this width is for telephones."""
DARK_ADDRESS = re.compile(r"#(?:gh-dark-mode-only|only-dark)$")
DARK_CLASS = frozenset(("only-dark", "dark-only", "dark-mode-only", "gh-dark-mode-only", "show-dark"))
SHOWN_WHEN_DARK = frozenset(("dark:block", "dark:inline", "dark:inline-block", "dark:flex"))


class Refs(NamedTuple):
    """Addresses of one image: the one it is known by, versions to take before it, largest first, and others to take if
    there is none of them, best first."""

    ref: str
    larger: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


def image_refs(node: LexborNode, attributes: Mapping[str, str | None]) -> Refs:
    """The addresses of an image, ignoring lazy-loading placeholders. Sources for narrow or dark screens and for print
    come last, and the file that the image links to after them."""
    src = (attributes.get("src") or "").strip()
    parent = node.parent
    around = parent.tag if parent is not None else ""
    if around != "picture" and src and attributes.keys() <= NOT_LAZY:  # the usual image
        return Refs(src, (), tuple(url for url in linked_file(parent) if url != src) if around == "a" else ())
    shown, hidden = list(_sized(attributes, LAZY_SETS)), list[str]()
    if parent is not None and around == "picture":
        found = list[tuple[str, float]]()
        for source in parent.css("source")[:MOST]:
            of_source = source.attributes
            entries = [*_sized(of_source, LAZY_SETS), *((url, 1000.0) for url in _lazy(of_source))]
            if is_shown(of_source.get("media") or "", of_source.get("type") or ""):
                found += entries
            else:
                hidden += [url for url, _ in entries]
        shown = found + shown  # browsers take the first source that fits
        parent = parent.parent
    lazy = [*_lazy(attributes)]
    more = list[str]()
    if not attributes.keys() <= KNOWN:
        more, sets = _unnamed(attributes)
        shown += sets
    if not (shown or lazy or more or hidden) and (parent is None or parent.tag != "a"):
        return Refs(src)
    others = [*more, *hidden, *linked_file(parent)]
    placeholder = not src or ((shown or lazy or more) and _is_placeholder(src))
    if lazy:
        ref, others = lazy[0], [*lazy[1:], *([] if placeholder else [src]), *others]
    else:
        ref = src if not placeholder else next((url for url, _ in shown), (others or [src])[0])
    least = next((size for url, size in shown if url == ref), 0.0) or _width(attributes)
    larger = [url for url, size in shown if size >= least]
    others = [*(url for url, size in shown if size < least), *others]
    return Refs(ref, *_each_once(ref, larger, others))


def _each_once(ref: str, larger: Iterable[str], others: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    first = dict.fromkeys(islice((url for url in larger if url != ref), MOST))
    rest = dict.fromkeys(islice((url for url in others if url != ref and url not in first), MOST))
    return tuple(first), tuple(rest)


def _sized(attributes: Mapping[str, str | None], names: Iterable[str]) -> list[tuple[str, float]]:
    """URLs in the attributes that hold sets, largest first."""
    texts = [text for name in names if (text := attributes.get(name))]
    return sorted((entry for text in texts for entry in _set_entries(text)), key=lambda e: -e[1]) if texts else []


def _lazy(attributes: Mapping[str, str | None]) -> list[str]:
    if LAZY_NAMES.isdisjoint(attributes):
        return []
    values = ((attributes.get(name) or "").strip() for name in LAZY)
    return [
        value for value in values if value and ("." in value or "/" in value) and "{" not in value and value[:1] != "["
    ]


def _unnamed(attributes: Mapping[str, str | None]) -> tuple[list[str], list[tuple[str, float]]]:
    """Addresses and sets in attributes of any other name: scripts that load images later choose their own."""
    files, sets = list[str](), list[tuple[str, float]]()
    for name, value in attributes.items():
        if value and name not in KNOWN and "." in value and not WORSE.search(name):
            if IMAGE_FILE.fullmatch(value.strip()):
                files.append(value.strip())
            elif IMAGE_SET.match(value):
                sets += sorted(_set_entries(value), key=lambda e: -e[1])
    return files, sets


def linked_file(link: LexborNode | None) -> list[str]:
    """The file that an image is a link to: usually the whole picture of a thumbnail."""
    href = (link.attributes.get("href") or "").strip() if link is not None and link.tag == "a" else ""
    return [href] if IMAGE_FILE.fullmatch(href) else []


def _width(attributes: Mapping[str, str | None]) -> float:
    """The width in which the image is shown, if it states one, else that of a telephone."""
    found = PIXELS.match(attributes.get("width") or "")
    return float(min(int(found[1][:6]), 1000) if found else NARROW)


def is_same_image(last: Block, refs: Refs, unscripted: bool) -> bool:
    """Whether an image in (`unscripted`) or after <noscript> is the one before it, which a script would have put there.
    That one may be a preview of it; from then on it is known by the address that is shown without scripts."""
    if not unscripted:
        return _is_preview(refs.ref) or _same_file(last, refs)
    preview = _is_preview(last.ref)
    if not preview and not _same_file(last, refs):
        return False
    seen = () if preview else last.candidates
    last.ref, last.larger = refs.ref, last.larger or refs.larger
    rest = (ref for ref in (*refs.larger, *refs.others, *seen) if ref not in (last.ref, *last.larger))
    last.others = tuple(dict.fromkeys(rest))
    return True


def is_small(attributes: Mapping[str, str | None]) -> bool | None:
    """Whether an image is shown as small as a letter or a button; None if its element does not say."""
    style = dict(STYLE_SIZE.findall(stated)) if (stated := attributes.get("style")) else {}
    height = _pixels(style.get("height") or attributes.get("height"))
    width = _pixels(style.get("width") or attributes.get("width"))
    if height is not None or width is not None:
        return (MOST_HEIGHT if height is None else height) <= MOST_HEIGHT and (width or 0) <= MOST_WIDTH
    names = f"{attributes.get('class') or ''} {attributes.get('id') or ''}"
    return True if SMALL_NAME.search(names) else None


def _pixels(text: str | None) -> float | None:
    """A length in pixels, as of CSS or an attribute; None for a share, or what is no length."""
    found = LENGTH.fullmatch(text.strip().lower()) if text else None
    return float(found[1]) * UNITS[found[2]] if found else None


def _same_file(last: Block, refs: Refs) -> bool:
    """Whether two images are one in different sizes: they share a file name."""
    names = [
        {url.split("?")[0].rpartition("/")[2] for url in urls}
        for urls in ((last.ref, *last.larger), (refs.ref, *refs.larger))
    ]
    return bool(names[0] & names[1])


def _is_preview(ref: str) -> bool:
    """Whether an address is that of a placeholder, or of a small preview inside the page."""
    return len(ref) < PREVIEW and _is_placeholder(ref)


def is_dark_twin(ref: str, attributes: Mapping[str, str | None]) -> bool:
    """Whether an image is shown on dark screens only: the one for light screens is next to it."""
    if "#" in ref and DARK_ADDRESS.search(ref):
        return True
    names = attributes.get("class") or ""
    if "dark" not in names:
        return False
    words = frozenset(names.split())
    return bool(words & DARK_CLASS) or ("hidden" in words and bool(words & SHOWN_WHEN_DARK))


def _is_placeholder(src: str) -> bool:
    if src.startswith(NO_FILE) or src == "//:0":
        return True
    return PLACEHOLDER.search(src.partition("?")[0].rpartition("/")[2].lower()) is not None


def _set_entries(text: str) -> Iterator[tuple[str, float]]:
    """URLs of a srcset with their width, or their density times a nominal thousand. An entry ends at a comma after its
    descriptors, or at the end of its URL; a comma inside a URL is part of it."""
    text = text[:10000]
    place = 0
    while found := SET_START.match(text, place):
        url, place = found[1].rstrip(","), found.end()
        about = ""
        if not found[1].endswith(","):
            end = text.find(",", place)
            about, place = (text[place:end], end + 1) if end >= 0 else (text[place:], len(text))
        if url and not url.startswith("data:"):
            size = SIZE.search(about)
            yield url, float(size[1]) * (1 if size[2] in "wW" else 1000) if size else 1000.0
