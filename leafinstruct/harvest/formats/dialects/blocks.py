"""What block rules share: tags among the tokens, titles, content that is parsed in place, and where code begins."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.parser_block import ParserBlock
from markdown_it.renderer import RendererHTML
from markdown_it.ruler import RuleOptionsType
from markdown_it.rules_block import StateBlock, list_block, paragraph
from markdown_it.token import Token

from leafinstruct.harvest.formats.dialects.page import of
from leafinstruct.harvest.formats.dialects.tag import written

INTERRUPTING: RuleOptionsType = {"alt": ["paragraph", "reference", "blockquote", "list", "footnote_def"]}
RAW = "dialect_html"
DEPTH = "depth of directives"
DEEPEST = 20


class State(StateBlock):
    """Code by indentation begins where the dialect says: nowhere in MDX and inside HTML, and in Python-Markdown four
    columns behind a column that four divides."""

    def is_code_block(self, line: int) -> bool:
        if self.sCount[line] - self.blkIndent < 4 or not self._code_enabled:
            return False
        dialect = of(self.env)
        if dialect.mdx or self.env.get("in_html"):
            return False
        return not dialect.four_columns or self.sCount[line] - -(-self.blkIndent // 4) * 4 >= 4


class Parser(ParserBlock):
    def parse(self, src: str, md: MarkdownIt, env: Any, outTokens: list[Token]) -> list[Token] | None:
        if not src:
            return None
        state = State(src, md, env, outTokens)
        self.tokenize(state, state.line, state.lineMax)
        return state.tokens


BlockRule = Callable[[StateBlock, int, int, bool], bool]


def plugin(parser: MarkdownIt, rules: Mapping[str, Sequence[BlockRule]]) -> None:
    """Let a parser read blocks by the dialect of its environment, with `rules` by the character with which a line
    begins: a line is asked for few of them. Comes before all others, as it replaces the parser of blocks."""

    def asked(state: StateBlock, start: int, end: int, silent: bool) -> bool:
        place = state.bMarks[start] + state.tShift[start]
        first = state.src[place] if place < state.eMarks[start] else ""
        for rule in rules.get(first, ()):  # noqa: SIM110 - asked of every line: a generator costs more than the rules
            if rule(state, start, end, silent):
                return True
        return False

    parser.block = Parser()
    parser.block.ruler.at("list", _list, {"alt": ["paragraph", "reference", "blockquote"]})
    parser.block.ruler.at("paragraph", _paragraph)
    parser.block.ruler.before("table", "dialects", asked, INTERRUPTING)
    parser.add_render_rule(RAW, _render)


def _list(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A list; where nothing is code by indentation, also one whose items are four columns deep."""
    before = state.listIndent
    state.listIndent = -1 if of(state.env).mdx else before
    found = list_block(state, start, end, silent)
    state.listIndent = before
    return found


def _paragraph(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A paragraph. Where nothing is code by indentation, what may end it does so however deep it is indented: what
    components hold is."""
    if not of(state.env).mdx:
        return paragraph(state, start, end, silent)
    rules, last = state.md.block.ruler.getRules("paragraph"), start + 1
    before, state.parentType = state.parentType, "paragraph"
    while last < state.lineMax and not state.isEmpty(last):
        if state.sCount[last] >= 0 and any(rule(state, last, state.lineMax, True) for rule in rules):
            break
        last += 1
    text = state.getLines(start, last, state.blkIndent, False).strip()
    state.line, state.parentType = last, before
    state.push("paragraph_open", "p", 1).map = [start, last]
    inline(state, text, start)
    state.push("paragraph_close", "p", -1)
    return True


def by_character(*rules: tuple[str, BlockRule]) -> dict[str, list[BlockRule]]:
    """Rules by each of the characters that are given with them, in order."""
    found: dict[str, list[BlockRule]] = {}
    for characters, rule in rules:
        for character in characters:
            found.setdefault(character, []).append(rule)
    return found


def _render(self: RendererHTML, tokens: Sequence[Token], place: int, options: Any, env: Any) -> str:
    return tokens[place].content


def line_of(state: StateBlock, line: int) -> str:
    """A line without what is before it: indentation, and marks of the containers around it."""
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]


def html(state: StateBlock, content: str) -> None:
    state.push(RAW, "", 0).content = content


def tag(state: StateBlock, name: str, attributes: Mapping[str, str] | None = None, alone: bool = False) -> None:
    html(state, f"\n{written(name, attributes or {}, alone)}\n")


def inline(state: StateBlock, text: str, line: int) -> None:
    token = state.push("inline", "", 0)
    token.content, token.map, token.children = text, [line, line + 1], []


def title(state: StateBlock, text: str, line: int) -> None:
    """A title, which may have inline markup."""
    if text.strip():
        html(state, "\n<p><strong>")
        inline(state, text.strip(), line)
        html(state, "</strong></p>\n")


def content(state: StateBlock, start: int, end: int, indent: int | None = None) -> None:
    """Parse lines as the content of a box, which begins `indent` columns deep."""
    depth = state.env.get(DEPTH, 0)
    before = state.parentType, state.lineMax, state.blkIndent, state.tight
    state.lineMax, state.parentType = end, "container"
    state.blkIndent = state.blkIndent if indent is None else indent
    state.env[DEPTH] = depth + 1
    if depth < DEEPEST:
        state.md.block.tokenize(state, start, end)
    else:
        text = state.getLines(start, end, state.blkIndent, True)
        html(state, "<p>")
        inline(state, text, start)
        html(state, "</p>\n")
    state.env[DEPTH] = depth
    state.parentType, state.lineMax, state.blkIndent, state.tight = before


def end_of_fence(state: StateBlock, start: int, end: int, mark: str, count: int) -> tuple[int, bool]:
    """The line that closes a fence, and whether there is one; else where its container ends."""
    for line in range(start + 1, end):
        if state.sCount[line] < state.blkIndent and not state.isEmpty(line):
            return line, False
        text = line_of(state, line).rstrip()
        if len(text) >= count and text == mark * len(text) and state.sCount[line] - state.blkIndent < 4:
            return line, True
    return end, False
