#!/usr/bin/env python3
"""One extractor over many pages, for extract.py and quality/fit_blocks.py; runs in the peers' own environment.

usage: extractors.py TOOL PAGES.jsonl[.gz]

TOOL: trafilatura, trafilatura-markdown, trafilatura-recall, readability, resiliparse, leafinstruct, or list, which
prints the installed ones as JSON.
Writes {id, parts} a line to standard output, and {"pages", "cpu_seconds", "version"} to standard error. Only the
extraction is timed: not reading, not importing, not writing.
"""

from __future__ import annotations

import gzip
import importlib.metadata
import json
import logging
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

PACKAGES = {
    "trafilatura": "trafilatura",
    "trafilatura-markdown": "trafilatura",
    "trafilatura-recall": "trafilatura",
    "readability": "readability-lxml",
    "resiliparse": "resiliparse",
    "leafinstruct": "leafinstruct",
}
Parts = list[dict[str, Any]]


def tree_parts(element: Any, image: str, source: str) -> Parts:
    """Texts and images of an lxml tree in order."""
    parts: Parts = []
    for node in element.iter():
        if isinstance(node.tag, str):
            if node.tag == image and node.get(source):
                parts.append({"type": "image", "url": node.get(source)})
            if node.text and node.tag not in ("script", "style"):
                parts.append({"type": "text", "text": node.text})
        if node.tail:
            parts.append({"type": "text", "text": node.tail})
    return parts


def trafilatura_of(recall: bool) -> Callable[[str, str], Parts]:
    import lxml.etree
    import trafilatura

    def extract(html: str, url: str) -> Parts:
        xml = trafilatura.extract(
            html, include_images=True, include_comments=False, favor_recall=recall, output_format="xml"
        )
        return tree_parts(lxml.etree.fromstring(xml.encode()).find("main"), "graphic", "src") if xml else []

    return extract


def trafilatura_markdown_of() -> Callable[[str, str], Parts]:
    import trafilatura

    def extract(html: str, url: str) -> Parts:
        text = trafilatura.extract(
            html, include_images=True, include_comments=False, include_formatting=True, output_format="markdown"
        )
        return [{"type": "text", "text": text or ""}]

    return extract


def readability_of() -> Callable[[str, str], Parts]:
    import lxml.html
    import readability

    def extract(html: str, url: str) -> Parts:
        return tree_parts(lxml.html.fromstring(readability.Document(html).summary()), "img", "src")

    return extract


def resiliparse_of() -> Callable[[str, str], Parts]:
    from resiliparse.extract.html2text import extract_plain_text

    return lambda html, url: [{"type": "text", "text": extract_plain_text(html, main_content=True)}]


def leafinstruct_of() -> Callable[[str, str], Parts]:
    from leafinstruct.harvest.extract import page_parts
    from leafinstruct.harvest.html.page import parse_html

    return lambda html, url: page_parts(parse_html(html, url))


def make(tool: str) -> Callable[[str, str], Parts]:
    return {
        "trafilatura": lambda: trafilatura_of(False),
        "trafilatura-markdown": trafilatura_markdown_of,
        "trafilatura-recall": lambda: trafilatura_of(True),
        "readability": readability_of,
        "resiliparse": resiliparse_of,
        "leafinstruct": leafinstruct_of,
    }[tool]()


def safe(extract: Callable[[str, str], Parts], html: str, url: str) -> Parts:
    """A tool that fails on a page has found nothing on it."""
    try:
        return extract(html, url)
    except Exception:
        return []


def installed() -> list[str]:
    found = []
    for tool, package in PACKAGES.items():
        try:
            importlib.metadata.version(package)
            found.append(tool)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def main() -> None:
    logging.disable(logging.CRITICAL)
    if sys.argv[1] == "list":
        print(json.dumps(installed()))
        return
    tool, path = sys.argv[1], Path(sys.argv[2])
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
        pages = [json.loads(line) for line in file if line.strip()]
    extract = make(tool)
    safe(extract, pages[0]["html"], pages[0]["url"])
    start = time.process_time()
    found = [safe(extract, page["html"], page["url"]) for page in pages]
    seconds = time.process_time() - start
    for page, parts in zip(pages, found, strict=True):
        print(json.dumps({"id": page["id"], "parts": parts}))
    version = importlib.metadata.version(PACKAGES[tool])
    print(json.dumps({"pages": len(pages), "cpu_seconds": round(seconds, 4), "version": version}), file=sys.stderr)


if __name__ == "__main__":
    main()
