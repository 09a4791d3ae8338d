"""Formulas in Markdown sources: between dollar signs, in TeX's brackets, as environments and in fences named `math`,
as sites show them with MathJax or KaTeX.

A dollar sign is also a price or a variable: what stands between two must look like TeX. Where a text has a formula that
can be nothing else, numbers and names between dollar signs are formulas too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from html import escape
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.ruler import RuleOptionsType
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from mdit_py_plugins.amsmath import amsmath_block
from mdit_py_plugins.dollarmath.index import math_block_dollar, math_inline_dollar
from mdit_py_plugins.texmath.index import make_block_func, rules

from leafinstruct.harvest.html.tex import LONGEST, is_terse

CERTAIN = re.compile(r"\\[A-Za-z]+|\\[,;:!{}|]|\^|(?<![A-Za-z]{2})_[\w{\\]")
"""A command, a power or an index; `user_id` is a name."""
SHORT = re.compile(r"[A-Za-z]\d?'?|[A-Za-z]\([^()]{1,20}\)")
RELATION = re.compile(r"[\w)\]}]\s*[=<>+≤≥]\s*[\w(\[{-]")
EVIDENCE = re.compile(r"\$[^$\n]{0,300}?\\[A-Za-z]+[^$\n]{0,300}?\$|\$\$[^$]{0,1000}?\\[A-Za-z]+")
PROTECTED = (
    r"\$\$[^$]{1,3000}?\$\$|(?<![\w$\\])\$[^$\n]{0,300}?\\[A-Za-z][^$\n]{0,300}?\$"
    r"|\\\[(?:(?!\\[\[\]]).){1,1500}\\\]"
)
"""Formulas whose braces are no template tags."""
BRACKETS = re.compile(
    r"(\\{1,2})(?:\((?P<inline>(?:(?!\\[()]).)+?)\1\)|\[(?P<display>(?:(?!\\[\[\]]).)+?)\1\])", re.DOTALL
)
"""Site generators take one backslash from two."""
BLOCKS: RuleOptionsType = {"alt": ["paragraph", "reference", "blockquote", "list", "footnote_def"]}

MOST_LINES = 200
"""Of a formula."""

BlockRule = Callable[[StateBlock, int, int, bool], bool]


def math_plugin(parser: MarkdownIt) -> None:
    """Make formulas elements of the class `math`, whose text the walk of a page takes for TeX."""
    parser.inline.ruler.before("escape", "math_dollars", _dollars)
    parser.inline.ruler.before("escape", "math_brackets", _brackets)
    bracketed = rules["brackets"]["block"][-1]
    for name, rule, opening, closing in (
        ("math_block", math_block_dollar(True, None, False), "$$", "$$"),
        ("math_bracketed", make_block_func(bracketed), "\\[", "\\]"),
        ("amsmath", amsmath_block, "\\begin{", "\\end{"),
    ):
        parser.block.ruler.before("fence", name, _if_tex(rule, opening, closing), BLOCKS)
    parser.add_render_rule("math_inline", _render_inline)
    for name in ("math_block", "math_block_label", "amsmath"):
        parser.add_render_rule(name, _render_block)


def environment(body: str) -> dict[str, Any]:
    """What the rules take from the environment of a rendering: `tex`, whether the text has a certain formula."""
    return {"tex": EVIDENCE.search(body) is not None}


def _is_tex(content: str, env: Any) -> bool:
    content = content.strip()
    if CERTAIN.search(content) or SHORT.fullmatch(content):
        return True
    return bool(content) and is_terse(content) and (bool(env.get("tex")) or RELATION.search(content) is not None)


_pandoc = math_inline_dollar(allow_space=False, allow_digits=False, allow_double=True)


def _dollars(state: StateInline, silent: bool) -> bool:
    """`$x$`, GitLab's and GitHub's form with backticks inside the signs, and `$$x$$` inside of a paragraph: displayed
    if its lines are its own, else Jekyll's form of `$x$`."""
    start = state.pos
    if not _pandoc(state, True):
        return False
    written, after = state.src[start : state.pos], state.src[state.pos : state.pos + 1]
    double = written.startswith("$$")
    quoted = written[1] == written[-2] == "`"
    content = written[2:-2] if double or quoted else written[1:-1]
    in_word = not double and (re.match(r"\w", after) or (start and re.match(r"[\w$]", state.src[start - 1])))
    if in_word or not (quoted or _is_tex(content, state.env)):
        state.pos = start
        return False
    before, behind = state.src[:start].rpartition("\n")[2], state.src[state.pos :].partition("\n")[0]
    return _push(state, content, double and not (before + behind).strip(" .,;:"), silent)


def _brackets(state: StateInline, silent: bool) -> bool:
    found = BRACKETS.match(state.src, state.pos) if state.src[state.pos] == "\\" else None
    if found is None or not _is_tex(found["inline"] or found["display"], state.env):
        return False
    state.pos = found.end()
    return _push(state, found["inline"] or found["display"], found["display"] is not None, silent)


def _push(state: StateInline, content: str, display: bool, silent: bool) -> bool:
    if not silent:
        token = state.push("math_inline", "math", 0)
        token.content, token.block = content, display
    return True


def _if_tex(rule: BlockRule, opening: str, closing: str) -> BlockRule:
    """The rule of a block of a formula, where the content is TeX. It is asked only where the formula ends near enough:
    it reads on to the end of the text."""

    def checked(state: StateBlock, start: int, end: int, silent: bool) -> bool:
        begin = state.bMarks[start] + state.tShift[start]
        inner = begin + len(opening)
        if not state.src.startswith(opening, begin) or state.src.find(closing, inner, begin + LONGEST) < 0:
            return False
        count, line = len(state.tokens), state.line
        near = min(end, start + MOST_LINES)
        wanted = rule(state, start, near, False) and _is_tex(state.tokens[-1].content, state.env)
        if silent or not wanted:
            del state.tokens[count:]
            state.line = line
        return wanted

    return checked


def _render_inline(self: RendererHTML, tokens: Sequence[Token], place: int, options: Any, env: Any) -> str:
    token = tokens[place]
    return f'<span class="math{" display" if token.block else ""}">{escape(token.content)}</span>'


def _render_block(self: RendererHTML, tokens: Sequence[Token], place: int, options: Any, env: Any) -> str:
    return f'<p><span class="math display">{escape(tokens[place].content)}</span></p>\n'
