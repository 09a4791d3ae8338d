"""Markdown to a page: CommonMark, and what `dialects` add to it. Code is never changed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache, partial
from html import escape
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock
from markdown_it.token import Token
from mdit_py_plugins.attrs import attrs_plugin
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.field_list import _fieldlist_rule
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.myst_blocks.index import block_break, line_comment, target
from mdit_py_plugins.tasklists import tasklists_plugin
from selectolax.lexbor import LexborHTMLParser

from leafinstruct.harvest.charset import with_whole_characters
from leafinstruct.harvest.formats import makecode
from leafinstruct.harvest.formats.around import NOWHERE, Around
from leafinstruct.harvest.formats.dialects import (
    blocks,
    chunks,
    directives,
    fences,
    grids,
    includes,
    indented,
    inline,
    inner,
    knitr,
    liquid,
    mdx,
    quotes,
)
from leafinstruct.harvest.formats.dialects.lowering import lowered
from leafinstruct.harvest.formats.dialects.page import Dialect, dialect_of, flat, of
from leafinstruct.harvest.formats.dialects.templates import PATH, without_templates
from leafinstruct.harvest.formats.markdown_math import PROTECTED, environment, math_plugin
from leafinstruct.harvest.html.flow import Block, Page
from leafinstruct.harvest.html.walk import walk
from leafinstruct.harvest.metadata import field, split_front_matter

LEAD = ("image", "cover", "cover_image", "featured_image", "featuredimage", "hero", "lead_image")
"""Front matter keys under which generators' themes keep the image above the text; a thumbnail is for lists."""
QUOTED_ONCE = re.compile(r"(?<=\))\{([^{}\n\"]*='[^{}\n\"]*)\}")
IN_HTML = re.compile(r"!\[([^\]]*)\]\(\s*<?([^\s<>)]+)>?[^)]*\)")
ENDS = re.compile(r"(?:</(?:td|th|tr|table|tbody|div|details|p|center|figure|li|ul|ol|section)>\s*)+")
"""What is left of a block of HTML behind an empty line, indented as in HTML."""
RULED_TAG = re.compile(r"^[ \t]*-{2,}[ \t]*/?[ \t]*[a-z][a-z-]*[ \t]*/?[ \t]*-{2,}[ \t]*$", re.MULTILINE)
RULED_TITLE = re.compile(r"^---[ \t]*\ntitle:[ \t]*(.+?)[ \t]*\n(?:[a-z_]+:.*\n)*---[ \t]*$", re.MULTILINE)
FENCE = re.compile(r"^[ \t>]*(?:(?:[-*+]|\d+[.)])[ \t]+)*(`{3,}|~{3,})", re.MULTILINE)
OUTLINE = re.compile(r"^(#{1,6} [^\n]*\n)(?=\t+[-*+] )((?:\t[^\n]*(?:\n|\Z)|[ \t]*\n)+)", re.MULTILINE)
"""A list below a heading, indented as if it belonged to it: outliners write it so, and to CommonMark it is code."""
DEEPER = re.compile(r"^\t", re.MULTILINE)
LIST_OF_CONTENTS = re.compile(
    r"^[ \t]*(?:[-*+]|\d+\.)[ \t]+[^\n]{0,80}\n[ \t]*\{:[ \t]*toc[^}\n]*\}[ \t]*$", re.MULTILINE | re.IGNORECASE
)
MYST_BLOCKS = ("myst_line_comment", "myst_block_break", "myst_target")
"""Comments (`%`), breaks (`+++`) and targets (`(label)=`)."""


def parse_markdown(text: str, links: str | None = None, name: str = "", around: Around = NOWHERE) -> Page:
    """Blocks, title and stated metadata of a Markdown file, with its links as in `walk`. The `name` of the file and
    what is `around` it tell its dialect. Never raises on bad input: any text is valid CommonMark."""
    front, body = split_front_matter(text.replace("\r\n", "\n").replace("\r", "\n"))
    body = with_whole_characters(body)
    if "\n\t" in body:
        body = OUTLINE.sub(lambda found: found[1] + DEEPER.sub("", found[2]), body)
    dialect = dialect_of(body, name, around)
    dialect.render = render
    dialect.values = _values(front)
    html = lowered(render(body, dialect), dialect)
    return page_of(html, front, links)


def page_of(html: str, front: dict[str, Any], links: str | None) -> Page:
    """A page from its HTML and its front matter."""
    tree = LexborHTMLParser(f"<body>{html}</body>")
    page = Page(blocks=[*_lead(front, html), *(walk(tree.body, links=links) if tree.body is not None else [])])
    page.title = field(front, "title", "name")
    page.language = field(front, "lang", "language", "locale")
    page.license = field(front, "license", "licence", "copyright_license")
    page.topic = field(front, "topic")
    page.url = field(front, "canonical_url", "url") if "://" in field(front, "canonical_url", "url") else ""
    return page


def render(text: str, dialect: Dialect) -> str:
    """The HTML of a text, with tags of components as they are."""
    _, body = split_front_matter(text) if dialect.chain else ({}, text)
    body = prepare(body, dialect)
    return str(_parser().render(body, {**environment(body), "dialect": dialect}))


def _values(front: dict[str, Any]) -> dict[str, str]:
    """What a page's front matter lets its text say: substitutions, and the names of its resources."""
    values = {f"meta {key}": value for key, value in flat(front)}
    myst = front.get("myst")
    stated = front.get("substitutions") or (myst.get("substitutions") if isinstance(myst, dict) else None)
    for key, value in stated.items() if isinstance(stated, dict) else ():
        values[str(key)] = str(value)
    resources = front.get("resources")
    for one in resources if isinstance(resources, list) else ():
        if isinstance(one, dict) and isinstance(one.get("src"), str):
            values[f"resource {one.get('name', one['src'])}"] = one["src"]
            values[f"title of {one['src']}"] = str(one.get("title", ""))
    return {**values, **dict(liquid.galleries(front))}


def _lead(front: dict[str, Any], html: str) -> list[Block]:
    """The image that front matter puts above the text, unless the text shows it too."""
    path = next((v for key in LEAD if isinstance(v := front.get(key), str) and PATH.match(v.strip())), "").strip()
    return [Block(ref=path)] if path and path.rpartition("/")[2] not in html else []


def prepare(body: str, dialect: Dialect) -> str:
    """The text without what is no Markdown, outside of code: template tags are tags of the page or gone."""
    pieces, for_makecode = [], makecode.written_for_makecode(body)
    for piece, is_code in _by_fence(body):
        if for_makecode:
            piece = makecode.plain(piece) if not is_code else "" if makecode.hidden(piece) else piece
        if not is_code:
            if "--" in piece:
                piece = RULED_TAG.sub("", RULED_TITLE.sub(r"\n**\1**\n", piece))
            if "{:" in piece:
                piece = LIST_OF_CONTENTS.sub("", piece)
            piece = includes.with_includes(piece)
            if dialect.templates == "shortcodes":
                piece = knitr.prepared(piece, dialect)
            if "='" in piece:
                piece = QUOTED_ONCE.sub(lambda m: "{" + re.sub(r"='([^']*)'", r'="\1"', m[1]) + "}", piece)
            if dialect.templates and not dialect.mdx:
                piece = without_templates(piece, dialect)
            elif "{{" in piece and (dialect.myst or dialect.values):
                piece = SUBSTITUTION.sub(partial(_substituted, dialect), piece)
        elif dialect.mdx and (wrapped := MDX_BLOCK.match(piece)):
            piece = f"\n{wrapped[1]}\n"
        elif dialect.myst and "{{" in piece:
            piece = _inside_directive(piece, dialect)
        pieces.append(piece)
    text = "".join(pieces)
    return SHOWN.sub(r"{{\1\2\3}}", text) if dialect.templates == "all" and "*/" in text else text


SHOWN = re.compile(r"\{\{([<%])/\*(.{0,2000}?)\*/([>%])\}\}", re.DOTALL)
"""A shortcode of Hugo that a page quotes."""
MDX_BLOCK = re.compile(r"[ \t]*(?:`{3,}|~{3,})mdx-code-block[ \t]*\n(.*)(?:^|\n)[ \t]*(?:`{3,}|~{3,})\Z", re.DOTALL)
"""MDX that other readers of Markdown would not understand."""
SIZE = re.compile(r"\s*\|\s*\d+(?:x\d+)?\s*$")
"""Of an image, as Obsidian writes it."""
OF_DIRECTIVE = re.compile(r"[ \t>]*(?:(?:[-*+]|\d+[.)])[ \t]+)*(?:`{3,}|~{3,})\{([\w:.+-]+)\}")
SUBSTITUTION = re.compile(
    rf"(?P<kept>(`+)(?!`).{{1,500}}?(?<!`)\2(?!`)|{PROTECTED})|(?<!\{{)\{{\{{\s*(?P<name>[\w-]+)\s*\}}\}}(?!\}})|"
    r"(?P<expression>\{\{ [^{}\n]{1,300} \}\})",
    re.DOTALL,
)


def _inside_directive(fence: str, dialect: Dialect) -> str:
    """A fence whose directive holds text, with its substitutions; another one as it is."""
    head, newline, rest = fence.partition("\n")
    name = OF_DIRECTIVE.match(head)
    if name is None or name[1] in directives.CODE or name[1] in ("math", "raw", "eval-rst", "mermaid"):
        return fence
    inside = (
        (_inside_directive(piece, dialect) if is_code else SUBSTITUTION.sub(partial(_substituted, dialect), piece))
        for piece, is_code in _by_fence(rest)
    )
    return head + newline + "".join(inside)


def _substituted(dialect: Dialect, found: re.Match[str]) -> str:
    """A value of the page or its project. In MyST the engine's other expressions go, as template tags do."""
    if found["kept"]:
        return found[0]
    name = found["name"]
    if not dialect.myst:
        return dialect.values.get(name, found[0]) if name else found[0]
    return dialect.substitution(name) if name else ""


def _by_fence(body: str) -> Iterator[tuple[str, bool]]:
    """The text in order, split at fenced code: (piece, whether it is code)."""
    place = 0
    while opening := FENCE.search(body, place):
        mark = opening[1]
        yield body[place : opening.start()], False
        closing = re.compile(rf"^[ \t>]*{re.escape(mark[0])}{{{len(mark)},}}[ \t]*$", re.MULTILINE)
        end = closing.search(body, opening.end())
        place = end.end() if end else len(body)
        yield body[opening.start() : place], True
    yield body[place:], False


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": True}).use(blocks.plugin, BLOCK_RULES).enable(["table", "strikethrough"])
    parser.use(attrs_plugin, after=("image", "link"), spans=False)
    parser.use(deflist_plugin).use(footnote_plugin).use(tasklists_plugin).use(math_plugin)
    for plugin in (inner, inline, chunks, quotes):
        parser.use(plugin.plugin)
    for name in MYST_BLOCKS:
        parser.add_render_rule(name, _render_nothing)
    parser.validateLink = lambda url: True  # type: ignore[method-assign]  # data: images are read like others
    parser.add_render_rule("footnote_anchor", _render_nothing)
    parser.add_render_rule("image", _render_image)
    parser.add_render_rule("code_block", _render_code_block)
    return parser


def _in_myst(rule: blocks.BlockRule) -> blocks.BlockRule:
    def asked(state: StateBlock, start: int, end: int, silent: bool) -> bool:
        return of(state.env).myst and rule(state, start, end, silent)

    return asked


BLOCK_RULES = blocks.by_character(
    ("ie", mdx.module),
    ("{", mdx.expression_block),
    ("<", mdx.tags),
    ("[{$\\*#^%@<", inline.silent_line),
    ("`~:", directives.named),
    ("`~", fences.box),
    (":", directives.colons),
    (":", grids.caption),
    (":", indented.definition),
    ("!?=", indented.box),
    ("/", indented.slashes),
    ("+", grids.drawn_table),
    ("%", _in_myst(line_comment)),
    ("+", _in_myst(block_break)),
    ("(", _in_myst(target)),
    (":", _in_myst(_fieldlist_rule)),  # elsewhere a line begins with `:warning:` and other emoji
)


def _render_nothing(self: RendererHTML, tokens: Sequence[Token], place: int, options: Any, env: Any) -> str:
    return "\n"


def _render_image(self: RendererHTML, tokens: Sequence[Token], place: int, options: Any, env: Any) -> str:
    token = tokens[place]
    alt = self.renderInlineAsText(token.children, options, env) if token.children else ""
    alt = SIZE.sub("", alt) if "|" in alt else alt
    values = {
        "src": token.attrGet("src"),
        "alt": alt or token.attrGet("alt"),
        "class": token.attrGet("class"),
        "data-caption": token.attrGet("data-caption"),
    }
    return "<img" + "".join(f' {k}="{escape(str(v))}"' for k, v in values.items() if v) + ">"


def _render_code_block(self: RendererHTML, tokens: Sequence[Token], place: int, options: Any, env: Any) -> str:
    """Indented text of images only is rendered: it was meant to be shown, not quoted."""
    content = tokens[place].content
    if ENDS.fullmatch(content.strip()):
        return content
    if IN_HTML.sub("", content).strip():
        return f"<pre><code>{escape(content)}</code></pre>\n"
    return IN_HTML.sub(lambda m: f'<img src="{escape(m[2])}" alt="{escape(m[1])}">', content)
