"""Text that was encoded as UTF-8 twice: `Ã¶` for `ö`, `â€œ` for a quotation mark."""

from __future__ import annotations

import re

LEAST = 3
"""Characters that were encoded twice, from which a page is one that was: it may quote one or two."""
MOSTLY = 10
"""Signs of it to each other character that would be one, if it was not."""


SHOWN_AS = {byte: bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in range(0x80, 0xC0)}
"""The character that a byte is in Windows-1252; of the five bytes that are none there, browsers keep the number."""
BYTES = {ord(character): byte for byte, character in SHOWN_AS.items()}
_T = f"[{re.escape(''.join({*SHOWN_AS.values(), *map(chr, SHOWN_AS)}))}]"
TWICE = re.compile(f"(?:[\u00c2-\u00df]{_T}|[\u00e0-\u00ef]{_T}{{2}}|[\u00f0-\u00f4]{_T}{{3}})+")
LATIN = re.compile(f"[\u00c0-\u00ff]|{_T}")
LEAD = b"\xc3"
"""Of all that was the first byte of a character before."""
LEADS = tuple(lead.encode() for lead in ("Ã", "Â", "â€", "Ð", "ãƒ", "ã‚", "ã€", "ï¼", "çš„", "Ø§", "×\x90"))
"""One of them is in nearly all text that was encoded twice, and in little other."""
PHONETIC = re.compile("[\u0250-\u02af]")


def encoded_once(text: str, data: bytes) -> str:
    """The text of UTF-8 `data`, if it is not likely to have been encoded twice, else what was meant."""
    if len(text) == len(data) or data.count(LEAD) < LEAST or sum(map(data.count, LEADS)) < LEAST:
        return text
    found = TWICE.sub(lambda run: _mended(run[0]), text)
    changed = len(LATIN.findall(text)) - len(LATIN.findall(found))
    return found if changed >= LEAST and MOSTLY * len(LATIN.findall(TWICE.sub("", text))) <= changed else text


def _mended(run: str) -> str:
    try:
        text = run.translate(BYTES).encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return run
    return run if PHONETIC.search(text) else text  # a capital before a sign, as in CAFÉ®
