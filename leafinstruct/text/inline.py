"""Small pictures inside sentences: how the texts of their line go together, and what stands for a picture that is gone.

A text that a picture follows on its line ends with a space, and one that goes on after a picture begins with a space or
with the mark that ends or goes on with a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import replace

from leafinstruct.document import Document, Part

ENDING = r".,;:!?)\]}»”’…%。，、；：！？）」』"
WIDE = r"\u3000-\u30ff\u4e00-\u9fff"
GOES_ON = re.compile(rf"[\s{ENDING}]")
NO_SPACE_AFTER = re.compile(rf"[(\[{{«“‘„「『\s{WIDE}]$")
NO_SPACE_BEFORE = re.compile(rf"[\s{ENDING}{WIDE}]")


def joined(before: str, after: str) -> str:
    """Two pieces of one line, with a space between them where one belongs."""
    if not before or not after or NO_SPACE_AFTER.search(before) or NO_SPACE_BEFORE.match(after):
        return before + after
    return f"{before} {after}"


def without_inline(document: Document, gone: Container[int] | None = None) -> Document:
    """The document without its pictures inside sentences (those at the positions `gone`; by default all): the
    alternative text stands in the sentence instead, and the texts of the line are one part. `raw` follows."""
    if not any(part.inline for part in document.parts):
        return document
    parts: list[Part] = []
    raw: list[int] = []
    begun = ""  # what begins a line, before its first text
    after_gone = False
    for part, position in zip(document.parts, document.raw or range(len(document.parts)), strict=True):
        last = parts[-1] if parts and parts[-1].type == "text" and parts[-1].text.endswith(" ") else None
        if part.inline and (gone is None or position in gone):
            word = _escaped(part.alt)
            if last is not None:
                parts[-1] = replace(last, text=f"{joined(last.text.rstrip(' '), word)} ")
            else:
                begun = joined(begun, word)
            after_gone = True
            continue
        if part.type == "text" and after_gone and GOES_ON.match(part.text):
            text = part.text.lstrip(" ")
            if last is not None and not begun:
                parts[-1] = replace(last, text=joined(last.text.rstrip(" "), text))
                after_gone = False
                continue
            part = replace(part, text=joined(begun, text))
        begun = begun if part.inline else ""
        after_gone = False
        parts.append(part)
        raw.append(position)
    return document.edited(_stripped(parts), raw)


def _stripped(parts: list[Part]) -> list[Part]:
    """The parts without spaces at the ends of texts that are beside no picture of their line."""
    found = []
    for index, part in enumerate(parts):
        if part.type == "text":
            text = part.text if index and parts[index - 1].inline else part.text.lstrip(" ")
            beside = index + 1 < len(parts) and parts[index + 1].inline
            part = replace(part, text=text if beside else text.rstrip(" "))
        found.append(part)
    return found


def _escaped(text: str) -> str:
    return re.sub(r"([\\`*_\[\]<>$|~&#])", r"\\\1", " ".join(text.split()))
