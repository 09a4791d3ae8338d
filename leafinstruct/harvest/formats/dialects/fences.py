"""Fences of backticks that are boxes: what mdbook-admonish and the Admonition plugin of Obsidian read."""

from __future__ import annotations

import re

from markdown_it.rules_block import StateBlock

from leafinstruct.harvest.formats.dialects import blocks

BOX = re.compile(r"(?P<mark>`{3,}|~{3,})[ \t]*(?:admonish\b|ad-(?P<kind>[\w-]+))(?P<rest>[^`\n]*)$")
TITLE = re.compile(r"\btitle[ \t]*=[ \t]*(?:\"((?:[^\"\\]|\\.)*)\"|'([^']*)')|\"((?:[^\"\\]|\\.)*)\"")
KIND = re.compile(r"[ \t]+([A-Za-z][\w-]*)(?![\w-]*=)")
OPTION = re.compile(r"(title|collapse|icon|color|colour)[ \t]*:[ \t]*(.*)$")


def box(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """```` ```admonish kind title="Title" ```` and ```` ```ad-kind ````, whose first lines may be options."""
    line = blocks.line_of(state, start)
    found = BOX.match(line) if line[:3] in ("```", "~~~") and not state.is_code_block(start) else None
    if found is None:
        return False
    if silent:
        return True
    kind = found["kind"] or ((named := KIND.match(found["rest"])) and named[1]) or ""
    stated = TITLE.search(found["rest"])
    title = next((group for group in stated.groups() if group is not None), "") if stated else kind.capitalize()
    closing, closed = blocks.end_of_fence(state, start, end, found["mark"][0], len(found["mark"]))
    first = start + 1
    while found["kind"] and first < closing and (option := OPTION.match(blocks.line_of(state, first))):
        title = option[2].strip() if option[1] == "title" else title
        first += 1
    state.line = first
    blocks.html(state, "\n<div>\n")
    blocks.title(state, title or ("" if stated else "Note"), start)
    blocks.content(state, first, closing)
    blocks.html(state, "</div>\n")
    state.line = closing + closed
    return True
