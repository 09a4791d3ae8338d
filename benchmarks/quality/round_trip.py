#!/usr/bin/env python3
"""Whether the Markdown of documents is what it says: rendered and stripped it has the words of the plain text, and the
rendered page, extracted, gives the same Markdown again.

usage: round_trip.py PATH ... [--limit N] [--show N] [--kind KIND]

PATH: a folder of Markdown, reStructuredText and HTML files, or PAGES.jsonl[.gz] with {id, url, html} a line. Texts are
rendered by markdown-it-py with formulas. Prints JSON: documents, the share of each check, and the differing documents
by kind: the first kind of structure that differs, else `words` or `marks`; `content` where extraction took less of the
page, `pictures` where it took an image for an icon. --show prints the first differing lines of so many documents.
"""

from __future__ import annotations

import argparse
import difflib
import gzip
import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin
from selectolax.lexbor import LexborHTMLParser
from structure_reader import KINDS, compare, read_structure

from leafinstruct.harvest.charset import decode, decode_text
from leafinstruct.harvest.formats.markdown import parse_markdown
from leafinstruct.harvest.formats.rst import parse_rst
from leafinstruct.harvest.html.flow import Block
from leafinstruct.harvest.html.page import parse_html
from leafinstruct.harvest.html.render import image_markdown, markdown_of
from leafinstruct.text.plain import read

ADDRESS = "https://pages.example/one.html"
ENDINGS = (".md", ".rst", ".html", ".htm")


@cache
def renderer() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    return parser.use(dollarmath_plugin, allow_space=False, allow_digits=False, double_inline=True)


def documents(paths: list[Path]) -> Iterator[tuple[str, list[Block]]]:
    for path in paths:
        if path.is_dir():
            for file in sorted(p for p in path.rglob("*") if p.suffix.lower() in ENDINGS and p.is_file()):
                yield file.relative_to(path).as_posix(), blocks_of(file)
            continue
        with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as lines:
            for line in lines:
                row = json.loads(line)
                yield row["id"], parse_html(row["html"], row["url"]).blocks


def blocks_of(file: Path) -> list[Block]:
    data = file.read_bytes()
    if file.suffix.lower() in (".html", ".htm"):
        return parse_html(data, ADDRESS).blocks
    text = decode_text(data) or decode(data) or ""
    return (parse_rst(text) if file.suffix.lower() == ".rst" else parse_markdown(text)).blocks


def words_differ(markdown: str) -> bool:
    """Whether rendering and stripping gives other words than the plain text has, apart from the markers of lists."""
    page = LexborHTMLParser(f"<body>{renderer().render(markdown)}</body>").text(deep=True)
    ours = "".join(leaf.text for leaf in read(markdown).root.leaves())
    return "".join(page.split()) != "".join(ours.split())


def again(markdown: str) -> str:
    html = f"<html><body><main>{renderer().render(markdown)}</main></body></html>"
    return markdown_of(parse_html(html, "").blocks, image_markdown)


def kind_of(before: str, after: str) -> str:
    """The first kind of structure that differs."""
    pictures = [re.findall(r"!\[[^\n]*?\]\([^()\n]*\)", text) for text in (before, after)]
    if len(pictures[0]) > len(pictures[1]):
        return "pictures"
    if len(after) < 0.9 * len(before):
        return "content"
    compared = compare(read_structure(after), read_structure(before))
    kinds = [kind for kind in KINDS if compared[kind][0] != compared[kind][1]]
    plain = [" ".join(leaf.text for leaf in read(text).root.leaves()).split() for text in (before, after)]
    return kinds[0] if kinds else "words" if plain[0] != plain[1] else "marks"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", type=Path, nargs="+")
    parser.add_argument("--limit", type=int, default=1_000_000)
    parser.add_argument("--show", type=int, default=0)
    parser.add_argument("--kind")
    arguments = parser.parse_args()
    total, other_words, kinds = 0, list[str](), Counter[str]()
    for name, blocks in documents(arguments.paths):
        markdown = markdown_of(blocks, image_markdown)
        if not markdown or total == arguments.limit:
            continue
        total += 1
        if words_differ(markdown_of(blocks)):
            other_words.append(name)
        found = again(markdown)
        if found == markdown:
            continue
        kind = kind_of(markdown, found)
        kinds[kind] += 1
        if arguments.show and arguments.kind in (None, kind):
            arguments.show -= 1
            lines = difflib.unified_diff(markdown.split("\n"), found.split("\n"), lineterm="", n=0)
            print(f"\n{name}: {kind}", *[line[:160] for line in list(lines)[2:10]], sep="\n  ")
    report = {
        "documents": total,
        "same_words": round(1 - len(other_words) / max(1, total), 4),
        "other_words": other_words[:20],
        "same_markdown": round(1 - kinds.total() / max(1, total), 4),
        "differing": dict(kinds.most_common()),
    }
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
