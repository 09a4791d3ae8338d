"""Tags on lines of their own, and what MDX has besides: imports and exports, and expressions between braces."""

from __future__ import annotations

import re
from html import escape

from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline

from leafinstruct.harvest.formats.dialects import blocks, javascript
from leafinstruct.harvest.formats.dialects.page import Dialect, of
from leafinstruct.harvest.formats.dialects.tag import Tag, scan

MODULE = re.compile(r"(?:import|export)\b[ \t{*]")
IMPORTED = re.compile(
    r"import\s+(?:([\w$]+)|\*\s+as\s+([\w$]+))?\s*,?\s*(?:\{([^{}]*)\})?\s*from\s*[\"']([^\"'\n]+)[\"']"
)
CONSTANT = re.compile(
    r"(?:export\s+)?(?:const|let|var)\s+([\w$]+)\s*=\s*(?:[\w.]+\(\s*)?(\"[^\"\n]*\"|'[^'\n]*'|`[^`$]*`)"
)
EXPORTED = re.compile(
    r"^export\s+(?:default\s+)?(?:const|let|var|function|async\s+function|class)\s+([\w$]+)", re.MULTILINE
)
IN_EXPRESSION = re.compile(r"<(?=[A-Za-z])")
_INLINE = """
    a abbr b bdi br cite code data del em i img ins kbd label mark q s samp small span strong sub sup time u var
"""
INLINE = frozenset(_INLINE.split())
OF_RAW = frozenset(("script", "style", "pre", "textarea"))
RAW_TEXT = re.compile(r"^(?:!?!|-!)?raw-loader!|\?raw$")
"""An import of the text of a file."""
OF_FRONT = re.compile(r"\s*(?:props\.)?front[mM]atter\.([\w.-]+)\s*")
NOT_TEXT = re.compile(r"\.{1,2}/|@[\w-]*/|~/")
"""The path of an import."""
QUOTED_CODE = re.compile(r"\{\s*`([^`]*)`\s*\}")


def module(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Imports and exports: what they name is kept, nothing is shown."""
    line = blocks.line_of(state, start)
    dialect = of(state.env)
    if silent or not dialect.mdx or state.sCount[start] > 0 or not MODULE.match(line):
        return False
    place = state.bMarks[start]
    closing = javascript.end_of_statement(state.src, place)
    last = _line_at(state, closing, start, end) if closing >= 0 else -1
    if last < 0:
        return False
    _keep_names(state.src[place:closing], dialect)
    state.line = last + 1
    return True


def _keep_names(source: str, dialect: Dialect) -> None:
    for name, module, several, path in IMPORTED.findall(source):
        value = javascript.unescaped(path)
        if RAW_TEXT.search(value):
            value = dialect.text_of(RAW_TEXT.sub("", value))
        for one in filter(None, (name, module, *(part.split(" as ")[-1].strip() for part in several.split(",")))):
            dialect.names[one] = value
    for name in EXPORTED.findall(source):
        dialect.names.setdefault(name, "")
    for name, value in CONSTANT.findall(source):
        dialect.names[name] = value[1:-1]


def tags(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Tags that fill their lines. What HTML or MDX has between them is Markdown again."""
    line = blocks.line_of(state, start)
    if line[:1] != "<" or line[1:2] in ("!", "?"):
        return False
    dialect = of(state.env)
    made = line.startswith(("<x-", "</x-"))
    if not made and state.is_code_block(start):
        return False
    place = state.bMarks[start] + state.tShift[start]
    first = scan(state.src, place)
    if first is None or not (made or dialect.mdx or first.expressions or not first.is_html):
        return False
    name = first.name.lower()
    if name in OF_RAW and not first.expressions:
        return False
    inline = name in INLINE or (not name and not dialect.mdx)
    if silent and (inline or not (dialect.mdx or made)):
        return False
    at, last, pieces = place, start, list[str]()
    one: Tag | None = first
    while one is not None:
        last = _line_at(state, one.end, last, end)
        if last < 0:
            return False
        pieces.append(state.src[one.start : one.end])
        at = one.end
        rest = state.src[at : state.eMarks[last]]
        if not rest.strip():
            break
        at += len(rest) - len(rest.lstrip())
        if dialect.mdx and state.src[at] == "{" and (closing := javascript.end_of(state.src, at)) > 0:
            last = _line_at(state, closing, last, end)
            if last < 0:
                return False
            pieces.append(_shown(state.src[at + 1 : closing - 1], dialect))
            rest = state.src[closing : state.eMarks[last]]
            at = closing + len(rest) - len(rest.lstrip())
            if not rest.strip():
                break
        one = scan(state.src, at)
        if one is None or (one.name.lower() in INLINE and one.kind == "open"):
            return first.is_html and not inline and dialect.mdx and _line_of_html(state, start, last, silent)
    if inline and first.kind == "open" and not made:
        return False  # begins a paragraph
    if not silent:
        state.line = last + 1
        blocks.html(state, "\n" + "".join(pieces) + "\n")
    return True


def _line_of_html(state: StateBlock, start: int, last: int, silent: bool) -> bool:
    """A line that begins with a tag of HTML and goes on with text: no paragraph of its own."""
    if not silent:
        state.line = last + 1
        blocks.html(state, "\n")
        blocks.inline(state, state.getLines(start, last + 1, state.blkIndent, False).strip(), start)
        blocks.html(state, "\n")
    return True


def _line_at(state: StateBlock, place: int, line: int, end: int) -> int:
    """The line in which a place is; -1 if it is behind the last."""
    while line < end and state.eMarks[line] < place:
        line += 1
    return line if line < end else -1


def expression_block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    if not of(state.env).mdx or blocks.line_of(state, start)[:1] != "{":
        return False
    place = state.bMarks[start] + state.tShift[start]
    closing = javascript.end_of(state.src, place)
    last = _line_at(state, closing, start, end) if closing > 0 else -1
    if last < 0 or state.src[closing : state.eMarks[last]].strip():
        return False
    if not silent:
        state.line = last + 1
        blocks.html(state, f"\n{_shown(state.src[place + 1 : closing - 1], of(state.env))}\n")
    return True


def _shown(source: str, dialect: Dialect) -> str:
    """An expression as HTML: its text if that is known; of tags in it the images, as the rest depends on a program."""
    if found := OF_FRONT.fullmatch(source):
        return escape(dialect.values.get(f"meta {found[1].lower()}", ""))
    text = javascript.shown(source, dialect.names)
    if text is not None and NOT_TEXT.match(text) and text == dialect.names.get(source.strip()):
        return ""
    if text is not None:
        return f"<x-literal>{escape(text)}</x-literal>"
    images: list[str] = []
    for found in IN_EXPRESSION.finditer(source):
        one = scan(source, found.start())
        if one is not None and (one.name.lower() == "img" or any(map(javascript.is_image, one.attributes.values()))):
            images.append(source[one.start : one.end])
    return "\n".join(images)


def expression(state: StateInline, dialect: Dialect) -> tuple[int, str] | None:
    """An expression inside a text."""
    end = javascript.end_of(state.src, state.pos) if dialect.mdx else -1
    return (end - state.pos, _shown(state.src[state.pos + 1 : end - 1], dialect)) if end > 0 else None


def tag(state: StateInline, dialect: Dialect) -> tuple[int, str] | None:
    """A tag that HTML's syntax does not have: with expressions, a name with dots, or none."""
    following = state.src[state.pos + 1 : state.pos + 2]
    if not (following.isalpha() or following in ("/", ">")):
        return None
    found = scan(state.src, state.pos)
    if found is None or "://" in state.src[found.start : found.start + 12]:
        return None
    if not (found.expressions or "." in found.name or (not found.name and dialect.mdx)):
        return None
    return found.end - found.start, state.src[found.start : found.end]
