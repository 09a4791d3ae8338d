"""What the words of a class or an id say, with words that only look alike."""

from __future__ import annotations

import pytest

from leafinstruct.harvest.html import names
from leafinstruct.harvest.html.names import BAD, GOOD, SPECIAL, UNLIKELY, has_maybe_word, quality_of, signs_of


@pytest.mark.parametrize(
    ("given", "signs"),
    [
        ("", 0),
        ("story", 0),
        ("my-sidebar", UNLIKELY),
        ("box  Post-Comments", UNLIKELY),
        ("skip-link", UNLIKELY),
        ("katex", SPECIAL),
        ("a-math", SPECIAL),
        ("mathjax_display x", SPECIAL),
        ("mathematics", 0),
        ("text language-python", 0),
        ("lang", SPECIAL),
        ("prompts", 0),
        ("Latex banner", SPECIAL | UNLIKELY),
    ],
)
def test_signs(given: str, signs: int) -> None:
    assert signs_of(given) == signs


@pytest.mark.parametrize(
    ("given", "quality"),
    [("hid", BAD), ("x hid y", BAD), ("chid", 0), ("hidx", 0), ("post", GOOD), ("post-author", GOOD | BAD)],
)
def test_quality(given: str, quality: int) -> None:
    assert quality_of(given) == quality


@pytest.mark.parametrize(("given", "maybe"), [("section", 1), ("a section b", 1), ("subsection", 0), ("section-1", 0)])
def test_maybe(given: str, maybe: int) -> None:
    assert has_maybe_word(given) == maybe


def test_cache_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "CACHED", 3)
    cached = names._Cached(len)
    assert [cached[name] for name in ("a", "bb", "ccc", "dddd")] == [1, 2, 3, 4] and len(cached) == 1
