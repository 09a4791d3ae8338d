"""Characters that a terminal would obey instead of show."""

from __future__ import annotations

BIDI = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
"""Embeddings, overrides and isolates, which show the text after them in another order."""
CONTROL = (*(code for code in range(0x20) if chr(code) not in "\t\n"), *range(0x7F, 0xA0), *BIDI)
REPLACED = str.maketrans(dict.fromkeys(CONTROL, "\ufffd"))


def printable(text: str) -> str:
    """The text with U+FFFD in place of characters that a terminal would obey."""
    return text.replace("\r\n", "\n").translate(REPLACED)
