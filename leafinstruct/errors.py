"""Errors that the user must fix, each as one line, with the nearest known name."""

from __future__ import annotations

from collections.abc import Iterable


class LeafError(Exception):
    """Something the user must change: one line that names the file or key, what is wrong and what to do."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint for a misspelled name: the nearest known one, or all of them if none is near."""
    from difflib import get_close_matches

    names = sorted(known)
    near = get_close_matches(word, names, n=1, cutoff=0.6)
    return f" (did you mean '{near[0]}'?)" if near else f" (known: {', '.join(names)})"
