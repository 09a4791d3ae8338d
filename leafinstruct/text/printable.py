"""Characters that a terminal would obey instead of show. Everything that a command prints goes through here."""

from __future__ import annotations

import re

BIDI = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
"""Marks, embeddings, overrides and isolates, which show the text around them in another order."""
CONTROL = (
    *(code for code in range(0x20) if chr(code) not in "\t\n"),
    *(0x2028, 0x2029),
    *range(0x7F, 0xA0),
    *BIDI,
    *range(0xD800, 0xE000),
)
"""Control characters but tab and line feed, separators of lines, and halves of surrogate pairs, which cannot be
printed at all."""
REPLACED = str.maketrans(dict.fromkeys(CONTROL, "\ufffd"))
OBEYED = re.compile(f"[{''.join(re.escape(chr(code)) for code in CONTROL)}]")


def printable(text: str) -> str:
    """The text with U+FFFD in place of characters that a terminal would obey."""
    return text.replace("\r\n", "\n").translate(REPLACED)


def printable_line(text: str) -> str:
    """The same on one line: for titles, addresses, reasons and errors."""
    return printable(" ".join(text.split("\n")) if "\n" in text else text)


def printable_json(text: str) -> str:
    """JSON with the same values, in which those characters are escaped."""
    return OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
