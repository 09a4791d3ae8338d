"""Text from outside, made valid once, where it enters: halves of surrogate pairs, which JSON can escape and file names
can hold, and what no text needs: control characters, noncharacters, and tags, which nobody sees and models read."""

from __future__ import annotations

import re

SURROGATE = re.compile("[\ud800-\udfff]")
BREAK = re.compile("\r\n?|\x85")
SPACE = re.compile("[\x0b\x0c\x1c-\x1f]")
CONTROL = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x9f]")
NONCHARACTER = re.compile("[\ufdd0-\ufdef\ufffe\uffff]")
TAG = re.compile("(\U0001f3f4[\U000e0020-\U000e007e]{1,8}\U000e007f)|[\U000e0000-\U000e007f]")
"""Letters without a shape (U+E0000 to U+E007F); flags of regions need them, after a black flag."""
INVALID = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff\U000e0000-\U000e007f]")


def replace_surrogates(text: str) -> str:
    """The text with U+FFFD in place of each half of a surrogate pair; as long as before."""
    return SURROGATE.sub("\ufffd", text)


def valid(text: str) -> str:
    """The text as any file can hold it: without control characters but tabs and line feeds, without noncharacters and
    tags, halves of a surrogate pair joined, and U+FFFD for one without the other."""
    if not INVALID.search(text):
        return text
    if SURROGATE.search(text):
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    text = TAG.sub(r"\1", NONCHARACTER.sub("", text))
    return CONTROL.sub("", SPACE.sub(" ", BREAK.sub("\n", text)))


def valid_line(text: str) -> str:
    """The same on one line, for titles, addresses and names."""
    text = valid(text)
    return " ".join(text.split()) if "\n" in text or "\t" in text else text
