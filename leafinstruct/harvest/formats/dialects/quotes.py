"""Quotes that are boxes: GitHub's alerts (`> [!NOTE]`), Obsidian's callouts with a title, Microsoft's notes and
includes."""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from leafinstruct.harvest.formats.dialects.blocks import RAW
from leafinstruct.harvest.formats.dialects.tag import written

ALERT = re.compile(r"[ \t]*\[!([A-Za-z][\w-]*)(?:\|[^\]\n]*)?\][+-]?[ \t]*(.*)")
INCLUDE = re.compile(
    r"\[!INCLUDE[ \t]*(?:\[[^\]\n]*\])?\(([^()\n]+)\)\]|\[!INCLUDE[ \t]*\[[^\]\n]*\]\(([^()\n]+)\)\]", re.IGNORECASE
)
CODE = re.compile(r"\[!code-([\w+#]+)?(?:\[[^\]\n]*\])?\(([^()\n]+?)(?:\?[^()\n]*)?\)\]", re.IGNORECASE)
WITHOUT_LABEL = frozenset(
    ("div", "video", "include", "column", "row", "image", "gallery", "cards", "blank", "multi-column")
)


def plugin(parser: MarkdownIt) -> None:
    parser.core.ruler.after("block", "alerts", _alerts)


def _alerts(state: StateCore) -> None:
    """Turn quotes that begin with `[!kind]` into a title and what it stands before; take in Microsoft's includes."""
    if "[!" not in state.src:
        return
    made: list[Token] = []
    open_quotes: list[bool] = []
    tokens = state.tokens
    for at, token in enumerate(tokens):
        if token.type == "blockquote_open":
            first = tokens[at + 2] if at + 2 < len(tokens) and tokens[at + 1].type == "paragraph_open" else None
            found = ALERT.match(first.content) if first is not None else None
            open_quotes.append(found is not None)
            if first is None or found is None:
                made.append(token)
                continue
            first.content = first.content[found.end() :].lstrip("\n")
            made += _title(found[1], found[2], first)
        elif token.type == "blockquote_close" and open_quotes and open_quotes.pop():
            made.append(_raw("</div>\n"))
        else:
            if token.type == "inline" and "[!" in token.content:
                token.content = CODE.sub(_code, INCLUDE.sub(_include, token.content))
            made.append(token)
    state.tokens = made


def _title(kind: str, text: str, first: Token) -> list[Token]:
    text = text.strip()
    if not text and kind.lower() not in WITHOUT_LABEL:
        text = kind.replace("-", " ").capitalize()
    if kind.lower() in WITHOUT_LABEL:
        text = ""
    if not text:
        return [_raw("<div>\n")]
    inline = Token("inline", "", 0, content=text, map=first.map, children=[])
    return [_raw("<div>\n<p><strong>"), inline, _raw("</strong></p>\n")]


def _raw(content: str) -> Token:
    return Token(RAW, "", 0, content=content)


def _include(found: re.Match[str]) -> str:
    return written("x-include", {"src": found[1] or found[2]}, alone=True)


def _code(found: re.Match[str]) -> str:
    return written("x-literalinclude", {"src": found[2], "language": (found[1] or "").lower()}, alone=True)
