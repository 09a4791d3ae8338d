"""Boxes by indentation, as Python-Markdown and its extensions write them: admonitions (`!!!`), boxes that fold (`???`),
tabs (`===`), and blocks between slashes."""

from __future__ import annotations

import re

from markdown_it.rules_block import StateBlock

from leafinstruct.harvest.formats.dialects import blocks, kinds
from leafinstruct.harvest.formats.dialects.page import of

BOX = re.compile(r"(?:!!!|\?\?\?\+?)[ \t]*(?P<kind>[\w-]+(?:[ \t]+[\w-]+)*)?[ \t]*(?:\"(?P<title>.*)\")?[ \t]*$")
TAB = re.compile(r"===[+!]{0,2}[ \t]+(?:\"(?P<title>.*)\"|'(?P<other>.*)')[ \t]*$")
SLASHES = re.compile(r"/{3,}[ \t]*(?:(?P<name>[\w-]+)(?:[ \t]*\|[ \t]*(?P<title>.*))?)?$")
DEFINITION = re.compile(r":[ \t]{1,3}(?=\S)")
IMAGE = re.compile(r"!\[[^\[\]\n]*\]\([^()\n]*\)(?:[ \t]*\{[^{}\n]*\})?")
"""An image and nothing else."""
OPTION = re.compile(r"[\w-]+:")
STEP = 4


def _last(state: StateBlock, start: int, end: int, indent: int) -> int:
    """The line after the content of a box that is `indent` columns deep."""
    last = start + 1
    for at in range(start + 1, end):
        if state.isEmpty(at):
            continue
        if state.sCount[at] < indent:
            break
        last = at + 1
    return last


def definition(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A definition whose term is no text: what another extension puts there."""
    found = DEFINITION.match(blocks.line_of(state, start))
    if found is None or silent or not of(state.env).four_columns or state.is_code_block(start):
        return False
    before = state.bMarks[start], state.tShift[start], state.sCount[start]
    indent = state.sCount[start] + STEP
    last = _last(state, start, end, indent)
    state.bMarks[start] += state.tShift[start] + found.end()
    state.tShift[start], state.sCount[start] = 0, indent
    blocks.content(state, start, last, indent)
    state.bMarks[start], state.tShift[start], state.sCount[start] = before
    state.line = last
    return True


def box(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    line = blocks.line_of(state, start).rstrip()
    if line[:3] not in ("!!!", "???", "===") or state.is_code_block(start):
        return False
    tab = line[0] == "="
    found = TAB.match(line) if tab else BOX.match(line)
    if found is None or not (tab or found["kind"] or found["title"]):
        return False
    if silent:
        return True
    if tab:
        title = found["title"] or found["other"] or ""
    else:
        kind = (found["kind"] or "").split()[:1]
        title = found["title"] if found["title"] is not None else " ".join(kind).replace("-", " ").capitalize()
    indent = state.sCount[start] + STEP
    last = _last(state, start, end, indent)
    blocks.html(state, "\n<div>\n")
    blocks.title(state, title, start)
    if last > start + 1:
        blocks.content(state, start + 1, last, indent)
    blocks.html(state, "</div>\n")
    state.line = last
    return True


def _options(state: StateBlock, end: int) -> None:
    """Go on behind the options of a block."""
    while state.line < end and state.sCount[state.line] >= STEP and OPTION.match(blocks.line_of(state, state.line)):
        state.line += 1


def _captioned(state: StateBlock, start: int, end: int) -> bool:
    """Make a figure of a caption and the image alone before it, if there is one."""
    closing = (
        line
        for line in range(start + 1, end)
        if blocks.line_of(state, line).strip("/ \t") == "" and not state.isEmpty(line)
    )
    last = next(closing, -1)
    *_, opening, text, ending = [None, None, None, *state.tokens[-3:]]
    if last < 0 or opening is None or text is None or ending is None or opening.type != "paragraph_open":
        return False
    if text.type != "inline" or not IMAGE.fullmatch(text.content.strip()):
        return False
    for token, tag in ((opening, "<figure>"), (ending, "")):
        token.type, token.tag, token.nesting, token.content = blocks.RAW, "", 0, f"\n{tag}\n"
    _options(state, last)
    blocks.html(state, "<figcaption>\n")
    blocks.content(state, state.line, last)
    blocks.html(state, "</figcaption></figure>\n")
    state.line = last + 1
    return True


def slashes(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """`/// name | Title`, its options, and `///`, which ends it."""
    line = blocks.line_of(state, start).rstrip()
    if line[:3] != "///" or state.is_code_block(start) or not of(state.env).four_columns:
        return False
    found = SLASHES.match(line)
    if found is None:
        return False
    if silent:
        return True
    state.line = start + 1
    name = found["name"] or ""
    if name.endswith("caption") and _captioned(state, start, end):
        return True
    if name:
        title = found["title"] or (name.capitalize() if name in kinds.ADMONITIONS else "")
        blocks.title(state, "" if name in ("html", "define") or name.endswith("caption") else title, start)
        _options(state, end)
    return True
