"""Markdown of documents and records as people see it: as HTML that is safe in a page, and on a terminal.

Texts come from the web. Whatever is no Markdown is shown as it was written, and nothing is loaded: no HTML but pairs of
`<sub>`, `<sup>` and `<kbd>`, no images, and links to http and https only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from mdit_py_plugins.dollarmath import dollarmath_plugin

from leafinstruct.text.printable import printable

if TYPE_CHECKING:
    from rich.markdown import Markdown

PAIR = re.compile("<(sub|sup|kbd)>")
WEB = re.compile("https?://", re.IGNORECASE)
NESTING = 20
"""Levels of blocks in each other, as the CommonMark preset of markdown-it has it; more are shown as written."""


def to_html(markdown: str) -> str:
    """The Markdown as an HTML element whose tags and attributes are those of Markdown alone."""
    parser = _parser(pairs=True)
    tokens = _tokens(parser, markdown)
    return f'<div class="markdown" dir="auto">{parser.renderer.render(tokens, parser.options, {})}</div>'


PLACE = "\ufdef"
"""A character that no text has, for the place of a picture inside a sentence."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An image among texts, as HTML, and what stands below it if it is not inside a sentence."""

    html: str
    below: str = ""


def interleaved(contents: Sequence[str | Picture]) -> str:
    """Markdown texts and images in order as HTML; an image between texts of one line (see `text.inline`) is in it."""
    found: list[str] = []
    line: list[str] = []
    here: list[str] = []

    def written() -> None:
        if line:
            pieces = to_html("".join(line)).split(PLACE)
            found.append("".join(piece + picture for piece, picture in zip(pieces, [*here, ""], strict=False)))
            line.clear()
            here.clear()

    for index, one in enumerate(contents):
        if isinstance(one, str):
            if not (line and line[-1] == PLACE):
                written()
            line.append(one.replace(PLACE, ""))
            continue
        before, after = contents[index - 1] if index else "", contents[index + 1] if index + 1 < len(contents) else ""
        goes_on = (isinstance(before, str) and before.endswith(" ")) or (isinstance(after, str) and after[:1] == " ")
        if goes_on or (line and line[-1] == PLACE and isinstance(before, Picture)):
            if isinstance(before, str) and not before.endswith(" "):
                written()
            line.append(PLACE)
            here.append(one.html.replace("<img ", '<img class="inline" ', 1))
        else:
            written()
            found += [one.html, one.below]
    written()
    return "".join(found)


def style() -> str:
    """The style sheet of what `to_html` returns."""
    return (files("leafinstruct.report") / "templates" / "markdown.css").read_text(encoding="utf-8")


def for_terminal(markdown: str) -> Markdown:
    """The Markdown as Rich prints it. Rich's own parser would leave out what looks like HTML."""
    from rich.markdown import Markdown

    shown = Markdown("", hyperlinks=False)
    shown.parsed = _tokens(_parser(pairs=False), printable(markdown))
    for token in shown.parsed:
        for one in (token, *(token.children or ())):
            one.content = printable(one.content)  # again, for characters that were written as entities
    return shown


def _tokens(parser: MarkdownIt, markdown: str) -> list[Token]:
    tokens = parser.parse(markdown)
    if any(token.level >= NESTING - 1 for token in tokens):  # the parser leaves out what lies deeper
        return [Token("fence", "code", 0, content=f"{markdown}\n", block=True)]
    return tokens


@cache
def _parser(pairs: bool) -> MarkdownIt:
    """CommonMark with tables, strikethrough and formulas; with `pairs`, some HTML elements."""
    parser = MarkdownIt("commonmark", {"html": False, "xhtmlOut": False, "maxNesting": NESTING})
    parser.enable(["table", "strikethrough"]).disable("reference")  # a definition would be shown nowhere
    parser.use(dollarmath_plugin, allow_labels=False, allow_space=False, allow_digits=False, allow_blank_lines=False,
               double_inline=True)  # fmt: skip
    if pairs:
        parser.inline.ruler.before("autolink", "pair", _pair)
    parser.core.ruler.push("as_shown", _as_shown)
    return parser


def _pair(state: StateInline, silent: bool) -> bool:
    """An element that Markdown has no signs for, from its start tag to the next end tag of its name."""
    found = PAIR.match(state.src, state.pos, state.posMax)
    end = state.src.find(f"</{found[1]}>", found.end(), state.posMax) if found else -1
    if not found or end < 0:
        return False
    after, outer = end + len(found[1]) + 3, state.posMax
    if not silent:
        state.push(f"{found[1]}_open", found[1], 1)
        state.pos, state.posMax = found.end(), end
        state.md.inline.tokenize(state)
        state.push(f"{found[1]}_close", found[1], -1)
    state.pos, state.posMax = max(after, state.pos), outer  # a formula may begin inside and end outside
    return True


def _as_shown(state: StateCore) -> None:
    """Formulas become code; images, and links that lead to no web page, the text that they were written as."""
    for token in state.tokens:
        if token.type == "math_block":
            token.type, token.tag, token.info = "fence", "code", "tex"
            token.content = f"{token.content.strip()}\n"
        if token.children:
            token.children = list(_inline(token.children))


def _inline(tokens: Sequence[Token]) -> Iterator[Token]:
    link: Token | None = None
    for token in tokens:
        if token.type.startswith("math_inline"):
            tex = f"{token.markup}{token.content}{token.markup}"
            yield Token("code_inline", "code", 0, {"class": "math"}, content=tex)
        elif token.type == "image":
            yield _text(f"![{token.content}]{_target(token, 'src')}")
        elif token.type == "link_open":
            link = token
            if WEB.match(str(token.attrGet("href"))):
                token.attrs |= {"rel": "noopener noreferrer nofollow", "target": "_blank"}
                yield token
            else:
                yield _text("[")
        elif token.type == "link_close" and link and not WEB.match(str(link.attrGet("href"))):
            yield _text(f"]{_target(link, 'href')}")
        else:
            yield token


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)


def _target(token: Token, key: str) -> str:
    title = f' "{token.attrGet("title")}"' if token.attrGet("title") else ""
    return f"({token.attrGet(key)}{title})"
