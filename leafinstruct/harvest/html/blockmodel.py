"""Whether a block inside a page's main element is content.

A block of text alone: a logistic score of features a reader would name, with weights in block_weights.json next to this
file (benchmarks/quality/fit_blocks.py fitted them). A block with images: rules, which no fitted score surpassed on
unseen sites.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import groupby
from math import log, log1p
from operator import itemgetter, mul
from pathlib import Path


def one_of(parts: str) -> re.Pattern[str]:
    """A pattern of parts given with | between them, joined by their first letters: a search tries each alternative at
    every character of a word."""
    by_letter = groupby(sorted(parts.split("|")), itemgetter(0))
    return re.compile("|".join(f"{letter}(?:{'|'.join(part[1:] for part in found)})" for letter, found in by_letter))


UNLIKELY = one_of(
    r"-ad-|ad-break|adsbygoogle|agegate|banner|breadcrumb|combx|comment|community|cookie|consent|cover-wrap|disqus|extra|footer|gdpr|"
    r"header|legends|menu|navbar|navigation|newsletter|modal|pager|pagination|popup|popular|promo|recommend|related|remark|"
    r"replies|rss|shoutbox|share|sharing|sidebar|skyscraper|skip-?link|social|sponsor|subscri|supplemental|toolbar|tweet|widget|yom-remote",
)
GOOD = one_of(
    r"article|body|content|entry|hentry|h-entry|main|page|post|text|blog|story|recipe|instruction|direction|step|lesson|tutorial",
)
BAD = one_of(
    r"-ad-|hidden|hid(?<=^hid)$|banner|combx|comment|com-|contact|foot|gdpr|masthead|media|meta|outbrain|promo|"
    r"related|scroll|share|shoutbox|sidebar|skyscraper|sponsor|shopping|tags|tool|widget|newsletter|subscri|breadcrumb|author|byline",
)
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
NAMES = 16384
"""Class and id names whose result is cached: templates repeat theirs on every page of a site."""


class _Words(dict[str, bool]):
    """Whether any word of a class or id matches a pattern, once found. It forgets all when there are many: to keep them
    in order, as lru_cache does, takes several times as long."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self._search = pattern.search
        self._words: dict[str, bool] = {}

    def __missing__(self, names: str) -> bool:
        words = self._words
        for full in (self, words):
            if len(full) >= NAMES:
                full.clear()
        found = False
        for word in names.lower().split():
            if (known := words.get(word)) is None:
                known = words[word] = self._search(word) is not None
            if known:
                found = True
                break
        self[names] = found
        return found


def by_word(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    """A cached test whether any word of a class or id matches a lowercase pattern. A page has hundreds of combinations
    of few words, so each word is searched once, and in lowercase: a pattern that ignores case takes ten times as
    long."""
    return _Words(pattern).__getitem__


has_unlikely_word, has_good_word, has_bad_word = by_word(UNLIKELY), by_word(GOOD), by_word(BAD)


@dataclass(slots=True)
class Stats:
    """Contents of a subtree: characters of text, of links, of code and formulas; commas; elements of some kinds."""

    depth: int = 0
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

    def add(self, other: Stats) -> None:
        self.text += other.text
        self.linked += other.linked
        self.commas += other.commas
        self.paragraphs += other.paragraphs
        self.images += other.images
        self.links += other.links
        self.items += other.items
        self.inputs += other.inputs
        self.headed += other.headed
        self.code += other.code

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


@lru_cache(maxsize=NAMES)
def _name_signals(names: str) -> tuple[float, float, float]:
    return float(has_good_word(names)), float(has_bad_word(names)), float(has_unlikely_word(names))


@cache
def _weights() -> tuple[tuple[float, ...], float]:
    """A weight for each feature, and the lowest score (log odds) of content."""
    stored = json.loads(Path(__file__).with_name("block_weights.json").read_text())
    threshold = stored["threshold"]
    return tuple(stored["weights"][name] for name in FEATURES), log(threshold / (1 - threshold))
