#!/usr/bin/env python3
"""One tool's Markdown of many pages, for structure.py; runs in the peers' own environment.

usage: structure_tools.py TOOL PAGES.jsonl      TOOL: leafinstruct, trafilatura, markdownify, html2text, or list (prints
                                                the installed ones as JSON)
A line of PAGES is {html, main}; markdownify and html2text, which look for no content, get the main node. Writes a JSON
string a line to standard output and the version to standard error. A page on which a tool fails has no Markdown.
"""

from __future__ import annotations

import importlib.metadata
import json
import logging
import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

TOOLS = ("leafinstruct", "trafilatura", "markdownify", "html2text")
URL = "https://www.example.org/docs/page.html"
Extract = Callable[[str, str], str]


def leafinstruct_of() -> Extract:
    from leafinstruct.api import extract

    folder = tempfile.TemporaryDirectory()
    path = Path(folder.name) / "page.html"

    def one(html: str, main: str, folder: Any = folder) -> str:  # the folder lives as long as the function
        path.write_text(html, encoding="utf-8")
        page = extract(path, URL)
        whole = getattr(page, "markdown", None)
        return str(whole()) if whole else "\n\n".join(part_markdown(part) for part in page)

    return one


def part_markdown(part: Any) -> str:
    """A part as it is, with the level of a heading, which is a field."""
    if part.type == "image":
        return f"![{part.alt}]({part.url})"
    return "#" * part.heading + " " + part.text if part.heading and part.text[:1] != "#" else str(part.text)


def trafilatura_of() -> Extract:
    import trafilatura

    def one(html: str, main: str) -> str:
        return (
            trafilatura.extract(
                html,
                url=URL,
                output_format="markdown",
                include_tables=True,
                include_formatting=True,
                include_images=True,
                include_comments=False,
            )
            or ""
        )

    return one


def markdownify_of() -> Extract:
    from markdownify import markdownify

    def language(pre: Any) -> str:
        nodes = [pre, *pre.find_all("code", limit=1)]
        found = re.search(r"\blang(?:uage)?-([\w+#.-]+)", " ".join(c for n in nodes for c in n.get("class", [])))
        return found[1] if found else ""

    return lambda html, main: markdownify(main, heading_style="ATX", code_language_callback=language)


def html2text_of() -> Extract:
    import html2text

    def one(html: str, main: str) -> str:
        parser = html2text.HTML2Text(bodywidth=0)
        parser.backquote_code_style = True
        parser.unicode_snob = True
        return parser.handle(main)

    return one


def safe(extract: Extract, html: str, main: str) -> str:
    try:
        return extract(html, main)
    except Exception:
        return ""


def installed() -> list[str]:
    found = []
    for tool in TOOLS:
        try:
            importlib.metadata.version(tool)
            found.append(tool)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def main() -> None:
    logging.disable(logging.CRITICAL)
    if sys.argv[1] == "list":
        print(json.dumps(installed()))
        return
    tool = sys.argv[1]
    extract: Extract = globals()[f"{tool}_of"]()
    with Path(sys.argv[2]).open(encoding="utf-8") as file:
        for line in file:
            page = json.loads(line)
            print(json.dumps(safe(extract, page["html"], page["main"])))
    print(importlib.metadata.version(tool), file=sys.stderr)


if __name__ == "__main__":
    main()
