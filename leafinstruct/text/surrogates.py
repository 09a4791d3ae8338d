"""Halves of surrogate pairs, which JSON can escape and no UTF-8 file can hold."""

from __future__ import annotations

import re

SURROGATE = re.compile("[\ud800-\udfff]")


def replace_surrogates(text: str) -> str:
    """The text with U+FFFD in place of each half of a surrogate pair."""
    return SURROGATE.sub("\ufffd", text)
