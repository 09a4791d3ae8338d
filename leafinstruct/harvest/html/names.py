"""What the words of a class or an id say about an element. Results are cached: templates repeat their names on every
page of a site."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import groupby
from operator import itemgetter

from selectolax.lexbor import LexborNode


def _one_of(parts: str) -> re.Pattern[str]:
    """A pattern of parts given with | between them, joined by their first letters: a search tries each alternative at
    every character."""
    by_letter = groupby(sorted(parts.split("|")), itemgetter(0))
    return re.compile("|".join(f"{letter}(?:{'|'.join(part[1:] for part in found)})" for letter, found in by_letter))


_UNLIKELY_PARTS = (
    r"-ad-|a(?<!\wa)d-container|a(?<!\wa)d-slot|a(?<!\wa)d-wrapper|a(?<!\wa)d-unit|ad-break|author-bio|author-box|author-card|"
    r"adsbygoogle|agegate|banner|breadcrumb|combx|comment|community|cookie|consent|cover-wrap|disqus|extra|footer|gdpr|"
    r"header(?<!table-header)|legends|menu|navbar|navigation|newsletter|modal|pager|pagination|popup|popular|promo|recommend|related|remark|"
    r"replies|rss|shoutbox|share|sharing|sidebar|skyscraper|skip-?link|social|sponsor|subscri|supplemental|toolbar|tweet|widget|yom-remote"
)
_UNLIKELY = _one_of(_UNLIKELY_PARTS)
_SPECIAL = re.compile(
    r"(?:syntaxhighlighter|crayon-syntax|geshi|ltx_listing|fragment|blob-code|js-file-line|linenums|mw-(?:editsection|cite-backlink|jump-link)|viewcode-(?:link|back)|footnote-backref|"
    r"sr-only|visually-hidden|screen-reader-text|back-to-top|slick-cloned|swiper-slide-duplicate|cloned|bx-clone|material-(?:icons|symbols).*|arithmatex|mjx-chtml|"
    r"jp-(?:in|out)putprompt|prompt|lang|(?:\w+-)?math|mwe-math.*|mathjax.*|mathtex|katex|katex-display|tex|latex|"
    r"ql-formula|ql-img-.*)$"
)
"""Words of elements that `special` looks at."""
_SPECIAL_PARTS = (
    r"syntaxhighlighter|crayon-syntax|geshi|ltx_listing|fragment(?!\S)|blob-code|js-file-line|linenums|mw-|viewcode|backref|sr-only|-hidden|reader-text|to-top|clone|duplicate|material-|math|mjx-chtml|"
    r"prompt(?!\S)|lang(?!\S)|tex(?!\S)|katex|arithmatex|ql-"
)
"""What these words have."""
_TELLING = _one_of(f"{_UNLIKELY_PARTS}|{_SPECIAL_PARTS}")
_GOOD = _one_of(
    r"article|body|content|entry|hentry|h-entry|main|page|post|text|blog|story|recipe|instruction|direction|step|lesson|tutorial",
)
_BAD = _one_of(
    r"-ad-|hidden|hid(?<!\Shid)(?!\S)|banner|combx|comment|com-|contact|foot(?!note)|gdpr|masthead|media(?!-text)|meta|outbrain|promo|"
    r"related|scroll|share|shoutbox|sidebar|skyscraper|sponsor|shopping|tags|tool|widget|newsletter|subscri|breadcrumb|author|byline",
)
_MAYBE = _one_of(
    r"and|article|body|column|content|main|shadow|entry|post-?text|story|recipe|step|instruction|text-|"
    r"section(?<!\Ssection)(?!\S)",
)
UNLIKELY, SPECIAL, GOOD, BAD = 1, 2, 4, 8
"""Signs of an element that is no content; of one that is a formula, code, or anything else that is more than its tag
says; and for and against a block."""
WORD = re.compile(r"[^\W_]+")
TITLE = 4
"""Words of an id that may be a title."""
CACHED = 16384
"""Names whose signs are cached."""


class _Cached(dict[str, int]):
    """Signs of names, in lowercase: a pattern that ignores case takes ten times as long. It forgets all when there are
    many: to keep them in order, as lru_cache does, takes several times as long."""

    def __init__(self, signs: Callable[[str], int]) -> None:
        self._signs = signs

    def __missing__(self, names: str) -> int:
        if len(self) >= CACHED:
            self.clear()
        found = self[names] = self._signs(names.lower())
        return found


def _signs(names: str) -> int:
    if not _TELLING.search(names):
        return 0
    special = any(map(_SPECIAL.match, names.split()))
    return (UNLIKELY if _UNLIKELY.search(names) else 0) | (SPECIAL if special else 0)


def _quality(names: str) -> int:
    return (GOOD if _GOOD.search(names) else 0) | (BAD if _BAD.search(names) else 0)


signs_of = _Cached(_signs).__getitem__
"""UNLIKELY and SPECIAL, or 0, for a class or id."""
quality_of = _Cached(_quality).__getitem__
"""GOOD and BAD, or 0, for a class or id."""
has_maybe_word = _Cached(lambda names: _MAYBE.search(names) is not None).__getitem__


def has_unlikely_word(names: str) -> bool:
    return signs_of(names) & UNLIKELY > 0


def has_bad_word(names: str) -> bool:
    return quality_of(names) & BAD > 0


def is_title(node: LexborNode, name: str) -> bool:
    """Whether an id repeats the title of what it names, as generators of documentation write them: it says what that is
    about, not what it is. A short one may say both ("related-posts")."""
    words = WORD.findall(name.lower())
    heading = node.css_first("h1, h2, h3, h4, h5, h6") if len(words) >= TITLE else None
    return heading is not None and set(words).issubset(WORD.findall(heading.text(deep=True).lower()))
