#!/usr/bin/env python3
"""What harvest keeps of a documentation tree, whatever dialect its pages are written in.

usage: dialects.py FOLDER ... [--show N] [--only TEXT]

FOLDER: a repository of Markdown, notebooks, reStructuredText or HTML. Each page is harvested as the source `tutorial`
does it, and compared with its own source, which is read with patterns alone. Prints one JSON object for each folder:
references to images in the sources (and in the files they include) that are found, lost with a reason, and silently
gone; the share of each page's words that is kept; documents in whose texts marks of a dialect are left (code apart).
--show prints examples of what is gone and of marks, --only takes the pages whose path has that text.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from leafinstruct.document import Document
from leafinstruct.harvest.links import BADGE
from leafinstruct.harvest.metadata import split_front_matter
from leafinstruct.harvest.sources import load_source
from leafinstruct.pipeline import SourceSettings
from leafinstruct.text.words import words

IMAGE = r"[^\s\"'`()<>{}\[\]|,=]*[^\s\"'`()<>{}\[\]|,=/]\.(?:png|jpe?g|gif|webp|svg|avif|bmp)"
REFERENCE = re.compile(
    rf"!\[(?:[^\[\]]|\[[^\[\]]*\])*\]\(\s*<?([^\s()<>]+(?:\([^()\s]*\)[^\s()<>]*)?)|<img\b[^<>]*?\bsrc\s*=\s*[{{\"'(]*([^\"'\s{{}}<>]+)"
    rf"|!\[\[([^\[\]|#\n]+\.(?:png|jpe?g|gif|webp|svg))|(?:\{{(?:figure|image)\}}|\.\. (?:figure|image)::)[ \t]+(\S+)"
    rf"|\{{\{{[<%][^{{}}\n]*?[\s\"'=]({IMAGE})|\b(?:src|img|image|source|light)\s*=\s*(?:\{{?[\"'(]*|\{{\w+\([\"'])({IMAGE})|include_graphics\(\s*[\"']([^\"'\n]+)"
    rf"|\{{%[^%\n]*?[\s\"'=]({IMAGE})|<[A-Z][\w.]*\s[^<>]*?\b(?!\w*(?:icon|logo|dark|avatar|poster|href|link))\w+=\"({IMAGE})\"",
    re.IGNORECASE,
)
IMPORTED = re.compile(r"^import[ \t]+(\w+)[ \t]+from[ \t]+[\"']([^\"'\n]+)[\"']", re.MULTILINE)
QUOTED_RST = re.compile(
    r"^([ \t]*)(?:\.\.(?![ \t]*(?:[\w:.+-]+::|\||_|\[))|"
    r"\.\.[ \t]+(?:code|code-block|sourcecode|parsed-literal)::|[^\n]*::[ \t]*$)"
    r"[^\n]*\n(?:[ \t]*\n|\1[ \t]+[^\n]*\n)*",
    re.MULTILINE,
)
"""Comments and code of reStructuredText."""
RST_COMMENT = re.compile(
    r"^([ \t]*)\.\.(?![ \t]*(?:[\w:.+-]+::|\||_|\[))[^\n]*\n(?:[ \t]*\n|\1[ \t]+[^\n]*\n)*", re.MULTILINE
)
DIRECTIVE = re.compile(r"[ \t]*\.\.[ \t]+(?!code|sourcecode|parsed-literal)[\w:.+-]+::")
FENCED = re.compile(
    r"^([ \t>]*)(`{3,}|~{3,})(?!\{(?:figure|image|note|tip|warning|admonition|tab|grid|card|dropdown|important|hint|"
    r"seealso|margin|sidebar|exercise|solution|attention|caution|danger|prf|list-table|r[ ,}]))"
    r"[^\n]*\n.*?^[ \t>]*\2[`~]*[ \t]*$",
    re.MULTILINE | re.DOTALL,
)
COMMENT = re.compile(r"<!--.*?-->|\{/\*.*?\*/\}", re.DOTALL)
CODE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)
MARKS = {
    "directive": re.compile(r"^\s*:::+|\{[a-z][\w-]*\}\\?`|^\s*\(\S+\)=\s*$|```\{", re.MULTILINE),
    "admonition": re.compile(r"^\s*(?:!!!|\?\?\?\+?)\s\w|^\s*={3}\s+\"", re.MULTILINE),
    "shortcode": re.compile(r"\{\{[<%]|\{%|%\}|\{\{[^{}]*\}\}"),
    "tag": re.compile(r"\\?</?[A-Z][\w.]*(?:\s[^<>]*)?/?>|\\?<x-|=\{|className"),
    "attributes": re.compile(r"\{[:#.][^{}\n]*\}|\{\s?[.#][\w-]+[^{}\n]*\}"),
    "wiki": re.compile(r"!?\\?\[\\?\[[^\[\]\n]+\]\\?\]"),
    "alert": re.compile(r"\[![A-Za-z]+\]"),
    "image": re.compile(r"!\\?\[[^\[\]\n]*\]\\?\("),
    "link": re.compile(r"(?<!\\)\]\\?\((?:https?://|\.{0,2}/|#)"),
    "module": re.compile(r"^(?:import .* from ['\"]|export (?:const|default))", re.MULTILINE),
    "option": re.compile(r"^:[a-z][\w-]*: |^#\| ", re.MULTILINE),
    "icon": re.compile(r":(?:material|fontawesome|octicons)-[\w-]+:"),
    "reference": re.compile(r"(?<!\w)@(?:fig|tbl|sec|eq)-\w|\\@ref\("),
    "contents": re.compile(r"^\[TOC\]|\{:toc\}|\\newpage", re.MULTILINE),
}
FORMULA = re.compile(r"(?<!\\)(\$\$?)(?!\s).+?(?<!\\)\1", re.DOTALL)
CELL = re.compile(r"^[ \t>]*(`{3,})[^\n`]*\n.*?^[ \t>]*\1`*[ \t]*$", re.MULTILINE | re.DOTALL)


def references(text: str, ending: str) -> Iterator[str]:
    """Names of the image files that a source refers to, comments and code left out."""
    if ending == ".rst":
        text = QUOTED_RST.sub(lambda found: "" if not DIRECTIVE.match(found[0]) else found[0], text)
    elif ending == ".md":
        text = re.sub(r"^% [^\n]*$", "", text, flags=re.MULTILINE)
    imported = dict(IMPORTED.findall(text))
    text = CODE.sub(" ", FENCED.sub("\n", COMMENT.sub(" ", text)))
    for groups in REFERENCE.findall(text):
        ref = next(filter(None, groups), "")
        ref = unquote(imported.get(ref, ref)).split("?")[0].split("#")[0]
        name = ref.removeprefix("attachment:").rstrip("\\").replace("\\", "/").rpartition("/")[2]
        if name and not ref.startswith("data:") and not BADGE.search(ref):
            yield name


def sources_of(text: str, path: str) -> str:
    if not path.endswith(".ipynb"):
        return text
    try:
        book = json.loads(text)
    except ValueError:
        return ""
    cells = book.get("cells") or [c for sheet in book.get("worksheets", []) for c in sheet.get("cells", [])]
    return "\n\n".join("".join(c.get("source", "")) for c in cells if c.get("cell_type") == "markdown")


def shown_names(document: Document) -> Counter[str]:
    """Names of the files of a document's images, found and lost. One that the page holds itself has none."""
    found = Counter(unquote(p.url).rpartition("/")[2] for p in document.parts if p.type == "image" and p.url)
    found.update(unquote(one.ref).split("?")[0].split("#")[0].rpartition("/")[2] for one in document.lost)
    return found


PLAIN = re.compile(
    r"<[^<>]*>|\{[^{}\n]*\}|\]\([^()\s]*\)|^\s*(?:import|export) .*$|^---\n.*?\n---\n|https?://\S+|&\w+;", re.MULTILINE
)


OF_RST = re.compile(
    r"^([ \t]*)\.\.[ \t]+toctree::.*\n(?:[ \t]*\n|\1[ \t]+\S.*\n)*|^[ \t]+:[\w-]+:.*$"
    r"|^[ \t]*\.\.[ \t]+(?:[\w:.+-]+::(?:[ \t]+\S+\.\w+$)?|_.*$)"
    r"|:[\w:+.-]+:(?=`)|(?<=`)__?",
    re.MULTILINE,
)
"""Directives, their options and roles of reStructuredText, and its lists of pages."""


def kept_share(text: str, document: Document) -> float:
    """The share of the words of a source that are in its document, marks and addresses left out."""
    if document.path.endswith(".rst"):
        text = OF_RST.sub(" ", RST_COMMENT.sub("", text))
    source = Counter(w.lower() for w in words(PLAIN.sub(" ", COMMENT.sub(" ", text))) if w.isalpha())
    kept = Counter(w.lower() for p in document.parts for w in words(f"{p.text} {p.alt} {p.caption}") if w.isalpha())
    total = sum(source.values())
    return sum((source & kept).values()) / total if total else 1.0


def marks(document: Document) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in document.parts:
        text = FORMULA.sub(" ", CODE.sub(" ", CELL.sub("", part.text))) if part.type == "text" else part.caption
        for kind, pattern in MARKS.items():
            if hit := pattern.search(text):
                found.setdefault(kind, text[max(hit.start() - 40, 0) : hit.end() + 60].replace("\n", "⏎"))
    return found


def measure(folder: Path, show: int, only: str) -> dict[str, object]:
    source = load_source(SourceSettings(folder.name, "tutorial", {"path": str(folder)}), folder.parent)
    chunks = source.plan(None)
    reasons, lost, kinds = Counter[str](), Counter[str](), Counter[str]()
    found = gone = pages = marked = 0
    shares: list[tuple[float, str]] = []
    shown: list[str] = []
    for chunk in chunks:
        made = source.harvest(chunk, None)
        for document in made.documents:
            if document.error:
                reasons[document.error] += 1
                continue
            path = document.path.partition("/")[2]
            file = folder / path
            if only not in path or not file.is_file():
                continue
            pages += 1
            text = split_front_matter(sources_of(file.read_text("utf-8", "replace"), path))[1]
            have = shown_names(document)
            lost.update(one.reason for one in document.lost)
            for name in sorted(set(references(text, Path(path).suffix))):
                if "dark" in name.lower():
                    continue  # the same picture for a dark page
                if (
                    any(name.lower() == one.lower() or (name.lower() in one.lower()) for one in have)
                    or "badge" in name
                    or "shields" in name
                ):
                    found += 1
                else:
                    gone += 1
                    shown.append(f"gone   {path}: {name}")
            shares.append((kept_share(text, document), path))
            if left := marks(document):
                marked += 1
                kinds.update(left.keys())
                shown += [f"mark   {path}: {kind}: {hit}" for kind, hit in left.items()]
    shares.sort()
    shown += [f"words  {path}: {share:.2f}" for share, path in shares[:show]]
    for line in shown[: show * 10]:
        print(line)
    return {
        "folder": folder.name,
        "pages": pages,
        "not_read": dict(reasons),
        "images": {"found_or_lost": found, "lost": dict(lost), "gone": gone},
        "words_kept": {
            "median": round(statistics.median(s for s, _ in shares), 3) if shares else None,
            "tenth": round(shares[len(shares) // 10][0], 3) if shares else None,
            "below_.8": sum(s < 0.8 for s, _ in shares),
        },
        "with_marks": marked,
        "share_with_marks": round(marked / pages, 4) if pages else None,
        "marks": dict(kinds),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--show", type=int, default=0)
    parser.add_argument("--only", default="")
    given = parser.parse_args()
    for folder in given.folders:
        print(json.dumps(measure(folder.resolve(), given.show, given.only), ensure_ascii=False))


if __name__ == "__main__":
    main()
