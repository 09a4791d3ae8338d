"""What the words of a class or an id say about an element. Results are cached: templates repeat their names on every
page of a site."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import groupby
from operator import itemgetter


def one_of(parts: str) -> re.Pattern[str]:
    """A pattern of parts given with | between them, joined by their first letters: a search tries each alternative at
    every character of a word."""
    by_letter = groupby(sorted(parts.split("|")), itemgetter(0))
    return re.compile("|".join(f"{letter}(?:{'|'.join(part[1:] for part in found)})" for letter, found in by_letter))


_UNLIKELY = one_of(
    r"-ad-|ad-break|adsbygoogle|agegate|banner|breadcrumb|combx|comment|community|cookie|consent|cover-wrap|disqus|extra|footer|gdpr|"
    r"header|legends|menu|navbar|navigation|newsletter|modal|pager|pagination|popup|popular|promo|recommend|related|remark|"
    r"replies|rss|shoutbox|share|sharing|sidebar|skyscraper|skip-?link|social|sponsor|subscri|supplemental|toolbar|tweet|widget|yom-remote",
)
_SPECIAL = re.compile(
    r"(?:syntaxhighlighter|crayon-syntax|fragment|blob-code|js-file-line|linenums|mw-editsection|arithmatex|mjx-chtml|"
    r"jp-(?:in|out)putprompt|prompt|lang|(?:\w+-)?math|mwe-math.*|mathjax.*|mathtex|katex|katex-display|tex|latex|"
    r"ql-formula|ql-img-.*)$"
)
"""Elements that `special` looks at."""
_GOOD = one_of(
    r"article|body|content|entry|hentry|h-entry|main|page|post|text|blog|story|recipe|instruction|direction|step|lesson|tutorial",
)
_BAD = one_of(
    r"-ad-|hidden|hid(?<=^hid)$|banner|combx|comment|com-|contact|foot|gdpr|masthead|media|meta|outbrain|promo|"
    r"related|scroll|share|shoutbox|sidebar|skyscraper|sponsor|shopping|tags|tool|widget|newsletter|subscri|breadcrumb|author|byline",
)
_MAYBE = one_of(
    r"and|article|body|column|content|main|shadow|entry|post-?text|story|recipe|step|instruction|text-|section(?<=^section)$",
)
UNLIKELY, SPECIAL = 1, 2
"""Signs of a name: of what is no content; of a formula, code, or anything else that is more than its tag says."""
CACHED = 16384
"""Names whose signs are cached."""


class _ByWord(dict[str, int]):
    """The signs of names: those of all their words. It forgets all when there are many: to keep them in order, as
    lru_cache does, takes several times as long."""

    def __init__(self, of_word: Callable[[str], int]) -> None:
        self._of_word = of_word
        self._words: dict[str, int] = {}

    def __missing__(self, names: str) -> int:
        words = self._words
        for full in (self, words):
            if len(full) >= CACHED:
                full.clear()
        signs = 0
        for word in names.lower().split():  # in lowercase, as a pattern that ignores case takes ten times as long
            if (known := words.get(word)) is None:
                known = words[word] = self._of_word(word)
            signs |= known
        self[names] = signs
        return signs


def _signs_of_word(word: str) -> int:
    return (UNLIKELY if _UNLIKELY.search(word) else 0) | (SPECIAL if _SPECIAL.match(word) else 0)


signs_of = _ByWord(_signs_of_word).__getitem__
"""UNLIKELY and SPECIAL of a class or id. A page has hundreds of combinations of few words, so each word is searched
once."""
has_good_word = _ByWord(lambda word: _GOOD.search(word) is not None).__getitem__
has_bad_word = _ByWord(lambda word: _BAD.search(word) is not None).__getitem__
has_maybe_word = _ByWord(lambda word: _MAYBE.search(word) is not None).__getitem__


def has_unlikely_word(names: str) -> bool:
    return signs_of(names) & UNLIKELY > 0
