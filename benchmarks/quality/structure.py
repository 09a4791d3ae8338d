#!/usr/bin/env python3
"""How much structure of a page survives extraction: code, tables, headings, lists, formulas, inline code, emphasis.

usage: structure.py [FOLDER ...] [--files 80] [--dialects 4] [--only DIALECT ...] [--tool NAME ...] [--peers PYTHON]
                    [--by-dialect] [--worst N [--kind KIND]] [--json] [--check]

Markdown files below FOLDER (by default `$LEAFINSTRUCT_CORPUS/tutorials`) are drawn so that each kind of structure is
there, and rendered to pages in the markup of site generators, each file in some of them; the sources beside this file
in all of them. Pages written by hand, for markup that no Markdown gives, are the third set. What is wanted is read from
the sources' own tokens, what a tool found from its Markdown, by one parser (structure_reader.py).

`recall` is the share of wanted items that are found as they are: code to the byte (except empty lines around it) and
with its language; a cell with its place in the table; a heading with its level; an item with its depth, number and
first paragraph. `precision` is the share of found items that are wanted. leafinstruct and trafilatura see the whole
page, markdownify and html2text the main node alone. PYTHON is that of an environment with the peers; tools that are not
there are named as skipped. --check tests the measure itself: a tool that returns the sources gets 1, one that damages
them less, and all code of all dialects can be read.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any

from structure_cases import CASES, END, PROSE, SOURCES
from structure_markup import MARKUP
from structure_pages import DIALECTS, Page, make_pages, page_plain
from structure_reader import KINDS, Structure, compare, read_structure, with_spans
from structure_tools import TOOLS

from leafinstruct.harvest.formats.dialects.page import dialect_of
from leafinstruct.harvest.formats.markdown import prepare
from leafinstruct.harvest.metadata import split_front_matter

SCRIPT = Path(__file__).with_name("structure_tools.py")
LARGEST = 200_000
"""Bytes of a Markdown file; larger ones are books."""
FORMULA = re.compile(r"\$\$|\$[^\s$\d][^$\n]*[\\^_{][^$\n]*\$")
FEATURES = ("code", "language", "tables", "numbered", "nested", "headings", "items", "formulas")
SETS = ("files", "sources", "hand-written")
Scores = dict[str, list[int]]
"""For each kind: wanted, found, and both."""


@dataclass
class Result:
    """What one tool found on all pages."""

    version: str = ""
    scores: dict[str, Scores] = field(default_factory=dict)
    """By set or dialect, and by kind."""
    differing: list[tuple[Page, dict[str, tuple[Counter[Any], Counter[Any]]]]] = field(default_factory=list)
    """Pages with missing items: by kind, those missing and those found instead."""


# Pages


def features(structure: Structure) -> set[str]:
    """What a file is drawn for."""
    found = {kind for kind in ("code", "tables", "headings", "items", "formulas") if getattr(structure, kind)}
    found |= {"language"} if any(code.language for code in structure.code) else set()
    found |= {"numbered"} if any(item.mark != "-" for item in structure.items) else set()
    return found | ({"nested"} if any(item.depth > 1 for item in structure.items) else set())


def draw(folders: Sequence[Path], count: int) -> list[tuple[str, str]]:
    """(path, Markdown) of files, in turn the next with each feature in an order that only depends on their paths."""
    paths = sorted((path, folder) for folder in folders for path in folder.rglob("*.md"))
    named = sorted((_hash(path.relative_to(folder).as_posix()), path, folder) for path, folder in paths)
    texts: dict[str, str] = {}
    waiting: dict[str, list[str]] = {feature: [] for feature in FEATURES}
    for _, path, folder in named:
        if path.stat().st_size <= LARGEST and (text := _body(path)):
            name = path.relative_to(folder).as_posix()
            texts[name] = text
            for feature in features(read_structure(text, math=bool(FORMULA.search(text)))):
                waiting[feature].append(name)
    drawn: dict[str, None] = {}
    while len(drawn) < count and any(waiting.values()):
        for feature in FEATURES:
            while waiting[feature] and waiting[feature][0] in drawn:
                waiting[feature].pop(0)
            if waiting[feature] and len(drawn) < count:
                drawn[waiting[feature].pop(0)] = None
    return [(name, texts[name]) for name in drawn]


def _body(path: Path) -> str:
    """A file without front matter and the template tags of its generator; "" if it is not text."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""
    body = split_front_matter(text.replace("\r\n", "\n").replace("\r", "\n"))[1]
    return prepare(body, dialect_of(body, path.name))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def pages_of_files(files: Iterable[tuple[str, str]], dialects: Sequence[str], each: int) -> list[Page]:
    """Each file in so many dialects, which only its path decides."""
    pages: list[Page] = []
    for name, text in files:
        drawn = sorted((_hash(f"{name} {dialect}"), dialect) for dialect in dialects)[:each]
        pages += make_pages(name, text, [dialect for _, dialect in drawn], math=bool(FORMULA.search(text)))
    return pages


def pages_of_sources(dialects: Sequence[str]) -> list[Page]:
    return [page for name, text in SOURCES.items() for page in make_pages(name, text, dialects, math=True)]


def pages_of_cases() -> list[Page]:
    """The hand-written pages, between two paragraphs that make each long enough to be a page."""
    pages = []
    for name, (html, markdown) in (CASES | MARKUP).items():
        text = f"# Working with small boats\n\n{markdown}\n"
        wanted = read_structure(text)
        wanted.tables = [with_spans(table) for table in wanted.tables]
        text = re.sub(r"\| [<^] (?=\|)", "| ", text)
        page, main = page_plain(f"{PROSE}{html}{END}", "Small boats")
        pages.append(Page(name, "hand-written", page, main, text, wanted, math=True))
    return pages


# Tools and scores


class ToolFailed(Exception):
    """A tool that cannot even be loaded."""


def run_tool(tool: str, python: str, pages: Path) -> tuple[list[str], str]:
    """The Markdown of each page, and the tool's version."""
    done = subprocess.run([python, SCRIPT, tool, pages], capture_output=True, text=True)
    if done.returncode:
        raise ToolFailed((done.stderr.strip().splitlines() or ["no message"])[-1])
    return [json.loads(line) for line in done.stdout.splitlines()], done.stderr.splitlines()[-1]


def measure(markdowns: Sequence[str], sets: dict[str, list[Page]]) -> Result:
    result = Result()
    pages = [(name, page) for name, some in sets.items() for page in some]
    for (name, page), markdown in zip(pages, markdowns, strict=True):
        compared = compare(read_structure(markdown, page.math), page.wanted)
        for group in dict.fromkeys((name, page.dialect)):
            add(result.scores.setdefault(group, defaultdict(lambda: [0, 0, 0])), compared)
        differing = {k: (want - found, found - want) for k, (found, want) in compared.items() if found != want}
        if differing:
            result.differing.append((page, differing))
    return result


def add(scores: Scores, compared: dict[str, tuple[Counter[Any], Counter[Any]]]) -> None:
    for kind, (found, wanted) in compared.items():
        counts = (wanted.total(), found.total(), (found & wanted).total())
        scores[kind] = [a + b for a, b in zip(scores[kind], counts, strict=True)]


def shares(counts: Sequence[int]) -> dict[str, float | int | None]:
    wanted, found, both = counts
    recall = round(both / wanted, 4) if wanted else None
    precision = round(both / found, 4) if found else None
    return {"wanted": wanted, "found": found, "both": both, "recall": recall, "precision": precision}


def measure_all(sets: dict[str, list[Page]], options: argparse.Namespace) -> tuple[dict[str, Result], dict[str, str]]:
    """Results by tool, and why a tool is skipped."""
    peers = str(options.peers or sys.executable)
    listed = subprocess.run([peers, SCRIPT, "list"], check=True, capture_output=True, text=True).stdout
    present = {"leafinstruct", *json.loads(listed)}
    skipped = {tool: "it is not installed (--peers)" for tool in options.tool if tool not in present}
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pages.jsonl"
        rows = [json.dumps({"html": p.html, "main": p.main}) for pages in sets.values() for p in pages]
        path.write_text("\n".join(rows), encoding="utf-8")
        for tool in (tool for tool in options.tool if tool in present):
            python = sys.executable if tool == "leafinstruct" else peers
            try:
                markdowns, version = run_tool(tool, python, path)
            except ToolFailed as failure:
                skipped[tool] = str(failure)
                continue
            results[tool] = measure(markdowns, sets)
            results[tool].version = version
    return results, skipped


# Output


def report(sets: dict[str, list[Page]], results: dict[str, Result], skipped: dict[str, str]) -> dict[str, Any]:
    tools = {
        tool: {
            "version": result.version,
            "sets": {
                group: {kind: shares(scores[kind]) for kind in KINDS if any(scores[kind])}
                for group, scores in result.scores.items()
            },
        }
        for tool, result in results.items()
    }
    return {"pages": {name: len(pages) for name, pages in sets.items()}, "tools": tools, "skipped": skipped}


def table(results: dict[str, Result], group: str) -> list[str]:
    """Kinds as rows, tools as columns: recall / precision."""
    lines = [f"{group:16}{'wanted':>8}  " + "".join(f"{tool:>16}" for tool in results)]
    for kind in KINDS:
        rows = [shares(result.scores[group][kind]) for result in results.values()]
        if any(row["wanted"] or row["found"] for row in rows):
            cells = "".join(f"{_share(row['recall'])} / {_share(row['precision'])}".rjust(16) for row in rows)
            lines.append(f"  {kind:14}{rows[0]['wanted']:>8}  {cells}")
    return lines


def _share(value: float | int | None) -> str:
    return "  -  " if value is None else f"{value:.3f}"


def worst(result: Result, count: int, kind: str | None) -> list[str]:
    """Pages with the most missing items, and what is missing (-) and found instead (+)."""

    def missing(entry: tuple[Page, dict[str, tuple[Counter[Any], Counter[Any]]]]) -> int:
        return sum(less.total() for name, (less, _) in entry[1].items() if kind in (None, name))

    lines = []
    for page, differing in sorted(filter(missing, result.differing), key=missing, reverse=True)[:count]:
        lines.append(f"\n{page.id}")
        for name, (less, more) in differing.items():
            if kind in (None, name):
                lines.append(f"  {name}: {less.total()} missing, {more.total()} not wanted")
                lines += [f"    - {_short(item)}" for item in list(less)[:8]]
                lines += [f"    + {_short(item)}" for item in list(more)[:8]]
    return lines


def _short(item: Any) -> str:
    text = repr(tuple(item) if isinstance(item, tuple) else item)
    return text if len(text) <= 160 else f"{text[:100]} … {text[-55:]}"


# The measure itself


def check() -> list[str]:
    """What is wrong with the measure; nothing if it can be trusted."""
    sets = {"sources": pages_of_sources(list(DIALECTS)), "hand-written": pages_of_cases()}
    pages = [page for some in sets.values() for page in some]
    result = measure([page.markdown for page in pages], sets)
    wrong = [f"{page.id}: the source itself lacks {[*differing]}" for page, differing in result.differing]
    wrong += [
        f"{p.id}: cannot read {c.text!r}" for p in sets["sources"] for c in p.wanted.code if not readable(c.text, p)
    ]
    for kind, damage in DAMAGES.items():
        damaged = measure([re.sub(*damage, page.markdown, flags=re.MULTILINE) for page in pages], sets)
        wanted, _, both = (sum(counts) for counts in zip(*(s[kind] for s in damaged.scores.values()), strict=True))
        if both == wanted:
            wrong.append(f"{kind}: damage by {damage} is not seen")
    return wrong


DAMAGES = {
    "code": (r"^```(\w+)", "```"),
    "code text": (r"^    return", "   return"),
    "cells": ("297", "298"),
    "headings": ("^### ", "#### "),
    "items": (r"^( *)1\. ", r"\1- "),
    "formulas": (r"\\frac", "frac"),
    "inline code": ("`", ""),
    "emphasis": (r"\*\*", ""),
}
"""For each kind a change of a text that must be seen."""


def readable(code: str, page: Page) -> bool:
    """Whether a browser shows the code on the page as it is."""
    shown = re.sub(r"<br>", "\n", page.main) if page.dialect == "docusaurus" else page.main
    return code.rstrip() in unescape(re.sub(r"<[^<>]*>", "", shown))


def options_of(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="*")
    parser.add_argument("--files", type=int, default=80)
    parser.add_argument("--dialects", type=int, default=4, help="of each file")
    parser.add_argument("--only", nargs="+", choices=DIALECTS, default=list(DIALECTS), metavar="DIALECT")
    parser.add_argument("--tool", nargs="+", choices=TOOLS, default=list(TOOLS), metavar="NAME")
    parser.add_argument("--peers", type=Path)
    parser.add_argument("--by-dialect", action="store_true")
    parser.add_argument("--worst", type=int, default=0, metavar="N", help="pages of the first tool")
    parser.add_argument("--kind", choices=KINDS)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args(arguments)
    if not options.folders and (corpus := os.environ.get("LEAFINSTRUCT_CORPUS")):
        options.folders = [Path(corpus) / "tutorials"]
    for folder in options.folders:
        if not folder.is_dir():
            parser.error(f"{folder} is not a folder; name one with Markdown files")
    return options


def main() -> None:
    options = options_of()
    if options.check:
        wrong = check()
        print("\n".join(wrong) or "the measure is right")
        sys.exit(bool(wrong))
    files = draw(options.folders, options.files)
    pages = (
        pages_of_files(files, options.only, options.dialects), pages_of_sources(options.only), pages_of_cases(),
    )  # fmt: skip
    sets = {name: some for name, some in zip(SETS, pages, strict=True) if some}
    results, skipped = measure_all(sets, options)
    if options.json:
        print(json.dumps({"files": len(files), **report(sets, results, skipped)}, indent=1))
        return
    print(", ".join(f"{tool} {result.version}" for tool, result in results.items()), "(recall / precision)")
    for name, reason in skipped.items():
        print(f"{name} is skipped: {reason}")
    for group in (*sets, *(options.only if options.by_dialect else ())):
        print(*table(results, group), sep="\n")
    if options.worst and results:
        print(*worst(next(iter(results.values())), options.worst, options.kind), sep="\n")


if __name__ == "__main__":
    main()
