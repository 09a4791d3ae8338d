"""HTML to a page: the main content in reading order, with its images, title, language and license."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import urljoin

import numpy as np
from selectolax.lexbor import LexborDocumentOptions, LexborHTMLParser, LexborNode

from leafinstruct.harvest import licenses
from leafinstruct.harvest.charset import decode, with_whole_characters
from leafinstruct.harvest.html.content import Content
from leafinstruct.harvest.html.flow import Block, Page
from leafinstruct.harvest.html.icons import icon_reason, is_no_icon
from leafinstruct.harvest.html.imagerefs import image_refs, is_dark_twin
from leafinstruct.harvest.html.parts import pieces
from leafinstruct.harvest.html.walk import IMAGES, walk
from leafinstruct.text.urls import host_of, with_slashes

LITTLE = 250
"""Characters of content below which the search is repeated without class names as evidence (Readability: 500)."""
MARKUP = re.compile(
    r"<(?:!doctype|html|head|body|title|meta|div|p|a|b|i|em|strong|font|center|img|h[1-6]|table|span|br|ul|ol|dl|"
    r"section|article|main|header|blockquote|figure|picture|pre|code)\b",
    re.I,
)


BASE = "base[href]"
WITHOUT_EVENTS = LexborDocumentOptions.WO_EVENTS.value
"""Parser option: nothing is copied from one element into another, as a page with scripts would do."""
MAX_PAGE = 10 * 2**20
"""Bytes. Larger pages are data; the longest tutorial page seen is a tenth of it."""
MAX_OPEN = 5000
"""Open elements, and attributes of one. Parsing time is quadratic in both: 0.3 s at this many, 30 s at 100,000."""
NESTING = re.compile(
    rb"<(/?)(?!(?:p|li|d[dt]|option|t[rdh]|tbody|thead|tfoot|br|hr|img|input|meta|link|area|base|col|embed|source|track|wbr|param|"
    rb"a|b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)\b)[a-z]",
    re.I,
)
ABSOLUTE = re.compile(r"https?://[\w.-]+/[\w./%@,~+-]*(?:\?[\w./%@,~+=&-]+)?", re.ASCII)
"""The usual addresses, which joining with another leaves unchanged."""
LONG_TAG = 20_000
"""Characters of a tag above which its attributes are counted."""


def parse_html(
    html: bytes | str, url: str, charset: str | None = None, whole: bool = False, links: str | None = None
) -> Page:
    """The content of a page; references of its images are absolute if `url` is given. `whole` keeps everything but
    navigation, for trees of documents. `links` is the address from which links are kept ("" keeps absolute ones); None
    keeps their text alone. An input without content has `error`: empty, undecodable, not_html, too_large,
    too_deep, too_many_attributes, broken_html, no_text."""
    text = decode(html, charset) if isinstance(html, bytes) else html
    if text is None:
        return Page(error="undecodable")
    if not text or text.isspace():
        return Page(error="empty")
    if not MARKUP.search(text):
        return Page(error="not_html")
    data = text.encode("utf-8", "ignore")
    if excess := _excess(data):
        return Page(error=excess)
    dom = LexborHTMLParser(data, options=WITHOUT_EVENTS)
    if dom.body is None:
        return Page(error="broken_html")
    start = _base(dom.css(BASE), links) if links else links
    page = Page(_whole(dom, start) if whole else _content(dom, url, start))
    stated = dom.css(f'{BASE}, h1, meta[property="og:title"], [rel~="license"]')  # one search for all
    page.title = _title(dom, stated)
    page.language = (dom.root.attributes.get("lang") or dom.root.attributes.get("xml:lang") or "") if dom.root else ""
    page.license = _license(stated)
    if url:
        _resolve(page.blocks, _base(stated, url))
    if not page.blocks:
        page.error = "no_text"
    if any("\ufffd" in block.text for block in page.blocks) and (mended := with_whole_characters(text)) != text:
        return parse_html(mended, url, whole=whole, links=links)
    return page


def _excess(html: bytes) -> str:
    """Why a page is not worth parsing, by one look at its tags; "" for every page that people read."""
    if len(html) > MAX_PAGE:
        return "too_large"
    if any(len(inside.split()) > MAX_OPEN for inside in _long_tags(html)):
        return "too_many_attributes"
    data = np.frombuffer(html, np.uint8)  # counts in a fraction of the time of bytes.count
    tags = data == ord("<")
    if np.count_nonzero(tags) > MAX_OPEN and np.count_nonzero(tags[:-1] & (data[1:] != ord("/"))) > MAX_OPEN:
        depth = 0
        for closing in NESTING.findall(html):
            depth = max(0, depth - 1) if closing else depth + 1
            if depth > MAX_OPEN:
                return "too_deep"
    return ""


def _long_tags(html: bytes) -> Iterator[bytes]:
    """What is inside of tags longer than LONG_TAG. Looks at few of them: it jumps from one "<" to the last one within
    reach."""
    here = html.find(b"<")
    while here >= 0:
        there = html.rfind(b"<", here + 1, here + LONG_TAG + 2)
        if there < 0:
            there = html.find(b"<", here + 1)
            next_tag = there if there >= 0 else len(html)
            end = html.find(b">", here, next_tag)
            end = end if end >= 0 else next_tag
            if end - here - 1 > LONG_TAG and html[here + 1 : here + 2].isalpha():
                yield html[here + 1 : end]
        here = there


def extract_parts(html: bytes | str, url: str) -> list[dict[str, Any]]:
    """Parts of one page as dictionaries: {"type": "text", "text"} with Markdown, or {"type": "image", "url", "alt",
    "caption"}."""
    return [
        {"type": "text", "text": piece.text}
        if piece.image is None
        else {"type": "image", "url": piece.image.ref, "alt": piece.image.alt, "caption": piece.image.caption}
        for piece in pieces(parse_html(html, url).blocks)
    ]


def dropped_images(html: bytes | str, url: str, page: Page) -> list[tuple[str, str]]:
    """Images of a page's HTML that are not part of its content: (URL, reason), in order, each URL once. Reasons: those
    of `icon_reason`; same_image for another size of a kept one; dark_variant; outside_content."""
    text = (decode(html) if isinstance(html, bytes) else html) or ""
    data = text.encode("utf-8", "ignore")
    dom = LexborHTMLParser(b"" if _excess(data) else data, options=WITHOUT_EVENTS)
    base = _base(dom.css(BASE), url) if url else ""
    kept = {ref for block in page.blocks if block.ref for ref in block.candidates}
    dropped: dict[str, str] = {}
    for node in dom.css(",".join(IMAGES)):
        attributes = node.attributes
        ref, *more = image_refs(node, attributes)
        address = _join(base, ref) if base else ref
        if not ref or address in kept:
            continue
        same = any((_join(base, other) if base else other) in kept for others in more for other in others)
        reason = "dark_variant" if is_dark_twin(ref, attributes) else icon_reason(ref, attributes)
        dropped.setdefault(address, "same_image" if same else reason or "outside_content")
    return list(dropped.items())


def _content(dom: LexborHTMLParser, url: str, links: str | None) -> list[Block]:
    assert dom.body is not None
    host = host_of(url)
    blocks: list[Block] = []
    most = 0
    for strict in (True, False):
        content = Content(dom.body, strict, host)
        found = walk(content.root, content.keep, is_no_icon, content.special, links)
        if (length := sum(len(b.text) for b in found)) > most:
            blocks, most = found, length
        if most > LITTLE:
            break
    return blocks


def _whole(dom: LexborHTMLParser, links: str | None) -> list[Block]:
    assert dom.body is not None
    return walk(dom.body, lambda node, tag: tag not in ("nav", "footer"), links=links)


def _title(dom: LexborHTMLParser, stated: Sequence[LexborNode]) -> str:
    """og:title (the page without its site), then a lone <h1>, then <title>."""
    metas = (node.attributes for node in stated if node.tag == "meta")
    meta = next((attributes for attributes in metas if (attributes.get("property") or "").lower() == "og:title"), {})
    if title := (meta.get("content") or "").strip():
        return " ".join(title.split())
    headings = [" ".join(node.text(deep=True).split()) for node in stated if node.tag == "h1"]
    named = " ".join(head.text(deep=True).split()) if (head := dom.css_first("title")) is not None else ""
    return headings[0] if len(headings) == 1 and headings[0] else named


def _license(stated: Iterable[LexborNode]) -> str:
    """SPDX identifier of a link with rel=license, "" if none names a known license."""
    for node in stated:
        attributes = node.attributes
        rel = (attributes.get("rel") or "").lower().split()
        if "license" in rel and (found := licenses.identify(attributes.get("href") or "")):
            return found
    return ""


def _base(stated: Iterable[LexborNode], url: str) -> str:
    """The address from which those of a page start: that of the first `base` in it, or the page's own."""
    bases = (node.attributes for node in stated if node.tag == "base")
    base = next((attributes for attributes in bases if "href" in attributes), None)
    return _join(url, base["href"] or "") if base is not None else url


def _resolve(blocks: list[Block], base: str) -> None:
    for block in blocks:
        if block.ref:
            block.ref = _join(base, block.ref)
            block.larger = tuple(_join(base, ref) for ref in block.larger)
            block.others = tuple(_join(base, ref) for ref in block.others)


def _join(base: str, ref: str) -> str:
    """Absolute URL, as browsers read it; one that cannot be parsed is returned unchanged."""
    if ABSOLUTE.fullmatch(ref) or ref[:5].lower() == "data:":
        return ref
    plain = re.sub(r"[\t\r\n]", "", ref).strip()
    if "\\" in plain:
        plain = with_slashes(plain)
    try:
        return urljoin(base, plain)
    except ValueError:
        return ref
