"""Markdown inside blocks of HTML, which CommonMark leaves as it is and the generators that people use do not."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from html import escape
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.common.html_blocks import block_names
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock, html_block
from markdown_it.token import Token

from leafinstruct.harvest.formats.dialects.mdx import QUOTED_CODE
from leafinstruct.harvest.formats.dialects.page import of

_BOXES = "|".join(sorted({*block_names, "picture"}))
APART = re.compile(
    r"<(?P<raw>pre|code|script|style|textarea|svg|math|kbd|samp)\b(?:[^<>\"']|\"[^\"]*\"|'[^']*')*>.*?</(?P=raw)\s*>"
    rf"|<!--.*?-->|</?(?:{_BOXES}|x-[\w-]+|[A-Z][\w.]*)\b(?:[^<>\"']|\"[^\"]*\"|'[^']*')*>",
    re.DOTALL | re.IGNORECASE,
)
SIGNS = re.compile(r"\*\S|(?<!\w)_\S|`|\]\(|\]\[|!\[|~~|^[ \t]*(?:#{1,6} |[-*+] |\d+[.)] |> )", re.MULTILINE)
BLOCK = re.compile(r"^[ \t]*(?:#{1,6} |[-*+] |\d+[.)] |> |\|.*\|[ \t]*$|!\[[^\]]*\]\([^()\n]*\)[ \t]*$)", re.MULTILINE)
FENCE = re.compile(r"[ \t]*(?:`{3,}|~{3,}|:{3,}|(?:!!!|\?\?\?\+?)[ \t]+\w|===[+!]?[ \t]+\")")
ATTRIBUTES = re.compile(r"^[ \t]*\{[:.#][^{}\n]*\}[ \t]*$", re.MULTILINE)
RAW = re.compile(r"<(?:script|pre|style|textarea|!|\?)", re.IGNORECASE)
LONGEST = 20_000
"""Characters of a text between two tags in which Markdown is looked for."""


def plugin(parser: MarkdownIt) -> None:
    def render(self: RendererHTML, tokens: Sequence[Token], place: int, options: Any, env: Any) -> str:
        return _rendered(parser, tokens[place].content, env)

    parser.block.ruler.at("html_block", _html_block, {"alt": ["paragraph", "reference", "blockquote"]})
    parser.add_render_rule("html_block", render)


def _html_block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A block of HTML as in CommonMark, but fenced code and directives end it. In MDX, and inside another, there are
    only scripts, styles and the like."""
    raw = RAW.match(state.src, state.bMarks[start] + state.tShift[start]) is not None
    if not raw and (of(state.env).mdx or state.env.get("in_html")):
        return False
    if not html_block(state, start, end, silent):
        return False
    if silent or raw:
        return True
    for line in range(start + 1, state.line):
        if FENCE.match(state.src, state.bMarks[line]):
            state.line = line
            state.tokens[-1].content = state.getLines(start, line, state.blkIndent, True)
            break
    return True


def _rendered(parser: MarkdownIt, html: str, env: Any) -> str:
    """A block of HTML with the Markdown between its tags rendered. Raw text stays as it is."""
    if of(env).mdx:
        return QUOTED_CODE.sub(lambda found: escape(found[1]), html)
    if RAW.match(html) and not ("-->" in html and html.startswith("<!--")):
        return html
    if "{" in html:
        html = ATTRIBUTES.sub("", html)
    if not SIGNS.search(html):
        return html
    out, place = [], 0
    for found in APART.finditer(html):
        out += [_text(parser, html[place : found.start()], env), found[0]]
        place = found.end()
    out.append(_text(parser, html[place:], env))
    return "".join(out)


def _text(parser: MarkdownIt, text: str, env: Any) -> str:
    if len(text) > LONGEST or not SIGNS.search(text):
        return text
    outer = env.get("in_html")
    env["in_html"] = True
    stripped = textwrap.dedent(text.strip("\n")) if text.startswith("\n") else text.strip()
    if BLOCK.search(stripped):
        html = f"\n{parser.render(stripped, env)}\n"
    else:
        html = parser.renderInline("\n".join(line.strip() for line in stripped.split("\n")), env)
        html = text[: len(text) - len(text.lstrip())] + html + text[len(text.rstrip()) :]
    env["in_html"] = outer
    return html
