"""What a WARC record holds: a page, another format of text, or anything else that a page may show."""

from __future__ import annotations

import re
from collections.abc import Iterable

from fastwarc.warc import HeaderMap, WarcRecord

from leafinstruct.harvest.warc.encodings import body_of

PAGE, OTHER, REVISIT, PAGE_REVISIT, UNREAD, ERROR = "page", "other", "revisit", "page_revisit", "unread", "error"
HTML_TYPES = ("text/html", "application/xhtml+xml", "application/vnd.wap.xhtml+xml")
_UNSURE = """
    application/octet-stream application/binary application/unknown application/x-unknown application/download
    application/force-download application/x-httpd-php unknown/unknown application/xml text/xml text/unknown
"""
UNSURE = frozenset(("", *_UNSURE.split()))
"""Types that servers state where they know none: the content decides."""
MISTAKEN = UNSURE | {"text/plain"}
"""Types that servers state for pages too."""
_TEXTS = """
    text/plain text/markdown text/x-markdown text/x-rst text/rtf application/rtf application/pdf application/x-pdf
    application/epub+zip application/msword application/vnd.oasis.opendocument.text
    application/vnd.openxmlformats-officedocument.wordprocessingml.document
"""
TEXTS = frozenset(_TEXTS.split())
"""Formats of documents that are not read from WARC files."""
MIME = re.compile(r"\s*([\w!#$&^.+-]+/[\w!#$&^.+-]+)\s*(?:;|$)")
CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([^\s\"';,]+)", re.IGNORECASE)
WEB = re.compile(r"(?:https?|ftp|file)://", re.IGNORECASE)
ROBOTS = re.compile(r"/robots\.txt$", re.IGNORECASE)
BEFORE_TAG = re.compile(rb"\A(?:\xef\xbb\xbf)?(?:\s+|<!--.*?-->|<\?xml[^>]*\?>)*", re.DOTALL)
PAGE_START = re.compile(rb"<(?:!doctype\s+html|html|head|body)[\s>/]", re.IGNORECASE)
ANY_START = re.compile(
    rb"<(?:title|script|iframe|h1|div|font|table|a|style|b|br|p|meta|link|center|main|article|section)[\s>]",
    re.IGNORECASE,
)
PARAGRAPH = 500
"""Bytes; a shorter text is an answer to a script rather than a document."""
HEAD = 4096
"""Bytes of a body that are looked at."""


def header_values(headers: HeaderMap, name: str) -> list[str]:
    """All values of a header: a server may send it several times."""
    return [value for key, value in headers.items() if key.lower() == name]


def content_types(record: WarcRecord) -> list[str]:
    """Values of Content-Type of what a record holds: of the response, or of the record of a resource. A first one that
    is a type is enough."""
    headers = record.headers if record.http_headers is None else record.http_headers
    first = headers.get("Content-Type") or ""
    return [first] if MIME.match(first) and "," not in first else header_values(headers, "content-type")


def charset_of(types: Iterable[str]) -> str | None:
    """The charset that Content-Type states; the last one, if it states several (WHATWG Fetch)."""
    found = CHARSET.findall(",".join(types))
    return found[-1] if found else None


def type_of(types: Iterable[str]) -> str:
    """The MIME type that Content-Type states; "" for none, or for what is no type."""
    found = [match[1].lower() for value in ",".join(types).split(",") if (match := MIME.match(value))]
    return found[-1] if found else ""


def kind_of(record: WarcRecord, url: str, head: bytes) -> str:
    """PAGE, UNREAD (a document of another format) or OTHER. `head` is how the record's body begins, encoded."""
    stated = type_of(content_types(record))
    if not WEB.match(url):  # of crawlers: urn:pageinfo:, metadata://, dns:
        return OTHER
    if stated in HTML_TYPES:
        return PAGE
    if stated in UNSURE or stated in TEXTS:
        start = body_of(record, head)
        identified = type_of(header_values(record.headers, "warc-identified-payload-type"))
        if stated in MISTAKEN and (identified in HTML_TYPES or (stated in UNSURE and is_html(start, stated))):
            return PAGE
        if stated in UNSURE:
            stated = "application/pdf" if start.startswith(b"%PDF") else "" if stated.endswith("/xml") else "text/plain"
        of_text = stated in TEXTS and (b"\0" not in start or not stated.startswith("text/"))
        if of_text and len(start) >= PARAGRAPH and not ROBOTS.search(url):
            return UNREAD
    return OTHER


def is_stated_page(record: WarcRecord) -> bool:
    """Whether the headers of an answer, or those that a revisit repeats, are those of a page."""
    return type_of(content_types(record)) in HTML_TYPES


def is_html(start: bytes, stated: str) -> bool:
    """Whether a body begins as a page does (WHATWG MIME Sniffing); one with a stated type as only pages do."""
    begin = BEFORE_TAG.sub(b"", start[:HEAD], count=1)
    return bool(PAGE_START.match(begin) or (not stated and ANY_START.match(begin)))
