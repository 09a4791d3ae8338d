#!/usr/bin/env python3
"""Fit leafinstruct/harvest/html/block_weights.json: which blocks inside a page's main element are content.

usage: fit_blocks.py --warc DIR [--html DIR] --leave-out MARKS.json --peers PYTHON [--skip REGEX] [--write]

DIR --warc: WARC files of pages; DIR --html: further saved pages (news pages with clutter balance the rest).
MARKS.json: [{url}] of pages that other benchmarks measure; they are left out, as are addresses that match --skip:
whole books, of which readability keeps a part and so calls the rest clutter. PYTHON: an interpreter that has
trafilatura, readability-lxml and their like (see peers/extractors.py).

Labels are weak and no person's: a block is content if both peers have (nearly) all of its words, in threes, and none
if neither has them or if it stands on a fifth of its site's pages; only pages on which the peers agree count. Sites
weigh the square root of their blocks. Prints JSON: accuracies on sites left out of the fit, for each threshold.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import re
import subprocess
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from selectolax.lexbor import LexborHTMLParser, LexborNode
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from leafinstruct.harvest.charset import decode
from leafinstruct.harvest.html import blockmodel
from leafinstruct.harvest.html.content import PRUNED, Content
from leafinstruct.harvest.html.walk import SILENT
from leafinstruct.harvest.warc.index import build_index
from leafinstruct.harvest.warc.kinds import PAGE
from leafinstruct.harvest.warc.read import read_bodies

WORD = re.compile(r"\w+")
IN, OUT = 0.7, 0.15
"""Share of a block's triples of words that both peers have (content), or neither has (none)."""
AGREE = 0.8
"""F1 of the peers' words on pages whose labels are trusted."""
MAX_PAGE = 600_000
"""Bytes: whole books teach little about blocks, and readability takes minutes on them."""
LEAST_KEPT = 0.97
"""The stored threshold is the highest at which this share of content stays, on sites left out of the fit."""


@dataclass
class Candidate:
    site: str
    words: list[str]
    values: list[float]
    label: int | None = None


def read_pages(arguments: argparse.Namespace) -> list[dict[str, str]]:
    marked = {row["url"] for row in json.loads(arguments.leave_out.read_text())}
    pages: dict[str, str] = {}
    for file in sorted(arguments.warc.glob("*.warc.gz")):
        rows = build_index(file).to_pylist()
        urls = {r["offset"]: r["url"] for r in rows if r["kind"] == PAGE and r["status"] == 200}
        for offset, body in read_bodies(str(file), urls):
            if body is None or len(body.data) > MAX_PAGE or urls[offset] in marked:
                continue
            if arguments.skip and re.search(arguments.skip, urls[offset]):
                continue
            if text := decode(body.data, body.charset):
                pages.setdefault(urls[offset], text)
    for path in sorted(arguments.html.glob("**/*.html")) if arguments.html else []:
        if text := decode(path.read_bytes()):
            pages[f"http://{re.sub('[^a-z]', '', path.stem.lower())}.example/{path.name}"] = text
    return [{"id": url, "url": url, "html": html} for url, html in pages.items()]


def peer_words(pages: list[dict[str, str]], tool: str, python: Path) -> dict[str, list[str]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pages.jsonl"
        path.write_text("\n".join(json.dumps(page) for page in pages))
        script = Path(__file__).parents[1] / "peers" / "extractors.py"
        out = subprocess.run([python, script, tool, path], check=True, capture_output=True, text=True).stdout
    rows = (json.loads(line) for line in out.splitlines())
    return {
        row["id"]: WORD.findall(" ".join(p["text"] for p in row["parts"] if p["type"] == "text").lower())
        for row in rows
    }


def triples(words: list[str]) -> list[tuple[str, ...]]:
    return [tuple(words[i : i + 3]) for i in range(max(1, len(words) - 2))] if words else []


def agreement(a: list[str], b: list[str]) -> float:
    both = sum((Counter(a) & Counter(b)).values())
    return 2 * both / max(1, len(a) + len(b))


def candidates(page: dict[str, str]) -> list[Candidate]:
    """Blocks without images that `Content.keep` asks the model about."""
    body = LexborHTMLParser(page["html"]).body
    if body is None:
        return []
    content = Content(body)
    root = content.stats[content.root.mem_id]
    found = []
    for node in below(content.root, content):
        stats, attributes = content.stats[node.mem_id], node.attributes
        if node.tag in PRUNED and 0 < stats.text <= content.most and not stats.images:
            names = f"{attributes.get('class') or ''} {attributes.get('id') or ''}"
            words = WORD.findall(node.text(deep=True, separator=" ").lower())
            values = blockmodel.features(node.tag, names, stats, root)
            found.append(Candidate(site_of(page["url"]), words, values))
    return found


def below(node: LexborNode, content: Content) -> Iterator[LexborNode]:
    for child in node.iter():
        if child.mem_id in content.stats and child.mem_id not in content.dropped and child.tag not in SILENT:
            yield child
            yield from below(child, content)


def site_of(url: str) -> str:
    parts = urlsplit(url)
    return parts.netloc + (parts.path.split("/")[1] if parts.path.count("/") > 1 else "")


def label(pages: list[dict[str, str]], peers: list[dict[str, list[str]]]) -> list[Candidate]:
    trusted = [p for p in pages if agreement(*(peer[p["id"]] for peer in peers)) >= AGREE]
    by_page = {page["id"]: candidates(page) for page in trusted}
    seen: dict[str, Counter[str]] = defaultdict(Counter)
    for blocks in by_page.values():
        for key, site in {(" ".join(block.words), block.site) for block in blocks}:
            seen[site][key] += 1
    sites = Counter(site_of(page["url"]) for page in trusted)
    for page in trusted:
        have = [set(triples(peer[page["id"]])) for peer in peers]
        for block in by_page[page["id"]]:
            own = triples(block.words)
            shares = [sum(t in words for t in own) / len(own) if own else 0.5 for words in have]
            times = seen[block.site][" ".join(block.words)]
            if len(block.words) > 3 and sites[block.site] > 4 and times >= max(3, 0.2 * sites[block.site]):
                block.label = 0
            elif min(shares) >= IN:
                block.label = 1
            elif max(shares) <= OUT:
                block.label = 0
    return [block for blocks in by_page.values() for block in blocks if block.label is not None]


def fit(blocks: list[Candidate]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The stored threshold and weights by feature, and what they reach on sites that the fit did not see."""
    values = np.array([b.values for b in blocks])
    labels = np.array([b.label for b in blocks])
    sites = np.array([b.site for b in blocks])
    weights = np.array([math.sqrt(5 + len(b.words)) for b in blocks])
    for site in set(sites):
        weights[sites == site] /= math.sqrt((sites == site).sum())
    unseen = np.zeros(len(labels))
    for train, test in GroupKFold(8).split(values, labels, sites):
        model = LogisticRegression(max_iter=3000, fit_intercept=False)
        model.fit(values[train], labels[train], sample_weight=weights[train])
        unseen[test] = model.predict_proba(values[test])[:, 1]
    reached = {}
    for threshold in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6):
        right = ((unseen > threshold) == labels) * weights
        reached[str(threshold)] = {
            name: round(float(right[labels == c].sum() / weights[labels == c].sum()), 3)
            for c, name in ((1, "content_kept"), (0, "clutter_dropped"))
        }
    model = LogisticRegression(max_iter=3000, fit_intercept=False).fit(values, labels, sample_weight=weights)
    threshold = max(float(t) for t, row in reached.items() if row["content_kept"] >= LEAST_KEPT)
    counts = {"content": int(labels.sum()), "clutter": int((1 - labels).sum()), "sites": len(set(sites))}
    found = zip(blockmodel.FEATURES, model.coef_[0], strict=True)
    stored = {"threshold": threshold, "weights": {name: round(float(weight), 4) for name, weight in found}}
    return stored, {**counts, "unseen_sites": reached}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("warc", "html", "leave-out", "peers"):
        parser.add_argument(f"--{name}", type=Path, required=name != "html")
    parser.add_argument("--skip")
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    pages = read_pages(arguments)
    peers = [peer_words(pages, tool, arguments.peers) for tool in ("readability", "trafilatura-recall")]
    stored, report = fit(label(pages, peers))
    pages_hash = hashlib.sha256("".join(sorted(page["id"] for page in pages)).encode()).hexdigest()[:12]
    print(json.dumps({"pages": len(pages), "pages_hash": pages_hash, **report}, indent=1))
    if arguments.write:
        target = Path(blockmodel.__file__).with_name("block_weights.json")
        target.write_text(json.dumps(stored, indent=1) + "\n")


if __name__ == "__main__":
    main()
