"""Whether a block inside a page's main element is content.

A block of text alone: a logistic score of features a reader would name, with weights in block_weights.json next to this
file (benchmarks/quality/fit_blocks.py fitted them). A block with images: rules, which no fitted score surpassed on
unseen sites.
"""

from __future__ import annotations

import json
from functools import cache, lru_cache
from math import log, log1p
from operator import mul
from pathlib import Path
from typing import NamedTuple

from leafinstruct.harvest.html.names import BAD, CACHED, GOOD, has_unlikely_word, quality_of

LISTS = frozenset(("ul", "ol", "dl"))
SECTIONS = frozenset(("section", "header", "details", "fieldset"))
_FEATURES = """
    bias text link_density paragraphs items links link_length inputs headed good bad unlikely list table section share
    depth
"""
FEATURES = tuple(_FEATURES.split())
"""What `features` returns, in order: 1; log of characters / 5; share of link text; log of paragraphs, of list items, of
links; characters of a link / 30; controls; share of text in headings; words of class and id (three); kind of element
(three); share of the main element's text; depth below it / 10."""
STEP = 60
"""Characters per image: a block with less text is a step or a figure, unless all of it is links."""


class Stats(NamedTuple):
    """Contents of a subtree: characters of text, of links, of headings, of code and formulas; commas; elements of some
    kinds."""

    text: int = 0
    linked: int = 0
    commas: int = 0
    paragraphs: int = 0
    images: int = 0
    links: int = 0
    items: int = 0
    inputs: int = 0
    headed: int = 0
    code: int = 0
    depth: int = 0

    @property
    def link_density(self) -> float:
        return self.linked / self.text if self.text else 0.0


def features(tag: str, names: str, stats: Stats, root: Stats) -> list[float]:
    """FEATURES of a block with class and id `names`, below the page's main element `root`."""
    text, links = stats.text, stats.links
    return [
        1.0,
        log1p(text) / 5,
        min(1.0, stats.linked / text) if text else 0.0,
        log1p(stats.paragraphs),
        log1p(stats.items),
        log1p(links),
        min(2.0, stats.linked / links / 30) if links else 0.0,
        min(3.0, stats.inputs),
        stats.headed / text if text else 0.0,
        *_name_signals(names),
        float(tag in LISTS),
        float(tag == "table"),
        float(tag in SECTIONS),
        min(1.0, text / root.text) if root.text else 0.0,
        min(10, stats.depth - root.depth) / 10,
    ]


def is_content(tag: str, names: str, stats: Stats, root: Stats) -> bool:
    """Whether a block is kept."""
    if not stats.text:
        return True
    if stats.images:
        return _is_illustrated_content(tag, names, stats)
    weights, least = _weights()
    return sum(map(mul, weights, features(tag, names, stats, root))) >= least


def _is_illustrated_content(tag: str, names: str, stats: Stats) -> bool:
    """Follows Readability's conditional cleaning, with an exception for steps."""
    density = stats.link_density
    if stats.commas >= 10 or (stats.text < STEP * stats.images and density < 0.9):
        return True
    if tag in LISTS:
        return density <= 0.66 or stats.text <= 25
    if tag == "table":
        return density <= 0.6
    if stats.inputs > max(1, stats.paragraphs / 3):
        return False
    good, bad, _ = _name_signals(names)
    return stats.paragraphs >= 4 or density <= (0.5 if good > bad else 0.35)


@lru_cache(maxsize=CACHED)
def _name_signals(names: str) -> tuple[float, float, float]:
    quality = quality_of(names)
    return float(quality & GOOD > 0), float(quality & BAD > 0), float(has_unlikely_word(names))


@cache
def _weights() -> tuple[tuple[float, ...], float]:
    """A weight for each feature, and the lowest score (log odds) of content."""
    stored = json.loads(Path(__file__).with_name("block_weights.json").read_text())
    threshold = stored["threshold"]
    return tuple(stored["weights"][name] for name in FEATURES), log(threshold / (1 - threshold))
