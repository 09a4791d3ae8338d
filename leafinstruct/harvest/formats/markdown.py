"""Markdown to a page: CommonMark with front matter and the template tags of site generators.

Template tags that name an image become images; other tags are dropped. Code is never changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from html import escape
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from mdit_py_plugins.attrs import attrs_plugin
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.footnote import footnote_plugin
from selectolax.lexbor import LexborHTMLParser

from leafinstruct.harvest.charset import with_whole_characters
from leafinstruct.harvest.formats import makecode
from leafinstruct.harvest.formats.markdown_math import PROTECTED, environment, math_plugin
from leafinstruct.harvest.html.flow import Block, Page
from leafinstruct.harvest.html.walk import walk
from leafinstruct.harvest.metadata import field, split_front_matter

LEAD = ("image", "cover", "cover_image", "featured_image", "featuredimage", "hero", "lead_image")
"""Front matter keys under which generators' themes keep the image above the text; a thumbnail is for lists."""
IMAGE_NAME = r"[^\s\"'{}<>|]+\.(?:png|jpe?g|gif|webp|avif|svg|bmp|tiff?)"
TAG = re.compile(
    r"(?P<code>(?P<ticks>`+)(?!`).{1,500}?(?<!`)(?P=ticks)(?!`)|" + PROTECTED + r")"
    r"|(?P<comment>\{%-?\s*comment\s*-?%\}.{0,4000}?\{%-?\s*endcomment\s*-?%\}|\{#.{0,500}?#\}|\{/\*.{0,500}?\*/\})"
    r"|(?P<tag>\{{2,3}[^{}]{0,2000}\}{2,3}|\{%[^{}]{0,2000}%\}|"
    r"\{\{[^{}]{0,500}\{[^{}]{0,500}\}[^{}]{0,500}\}\}|\{(?:image|panel|video|glossary-link|interactive-[\w-]+|button-link|math|scratch|iframe|"
    r"boxed-text|table-of-contents|relative-link|style|comment)\b[^{}]{0,500}\})"
    r"|(?P<list>\{:[^{}\n]*\}|\[\[\[[^\[\]\n]*\]\]\])",
    re.DOTALL,
)
NAMED = re.compile(r"([\w-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'{}%>]+))")
QUOTED = re.compile(r"\"([^\"]*)\"|'([^']*)'|“([^”]*)”")
PATH = re.compile(rf"^(?:{IMAGE_NAME})(?:[?#].*)?$", re.IGNORECASE)
BARE_PATH = re.compile(rf"(?:^|[\s=]){IMAGE_NAME}", re.IGNORECASE)
IN_ADDRESS = re.compile(r"(\]\(<?|src\s*=\s*[\"'])\s*(\{\{[^{}\n]*\}\}|\{%[^%\n]*%\})\s*", re.IGNORECASE)
QUOTED_ONCE = re.compile(r"(?<=\))\{([^{}\n\"]*='[^{}\n\"]*)\}")
IN_HTML = re.compile(r"!\[([^\]]*)\]\(\s*<?([^\s<>)]+)>?[^)]*\)")
RULED_TAG = re.compile(r"^[ \t]*-{2,}[ \t]*/?[ \t]*[a-z][a-z-]*[ \t]*/?[ \t]*-{2,}[ \t]*$", re.MULTILINE)
RULED_TITLE = re.compile(r"^---[ \t]*\ntitle:[ \t]*(.+?)[ \t]*\n(?:[a-z_]+:.*\n)*---[ \t]*$", re.MULTILINE)
FENCE = re.compile(r"^[ \t>]*(?:(?:[-*+]|\d+[.)])[ \t]+)*(`{3,}|~{3,})", re.MULTILINE)
CONTAINER = re.compile(r"^[ \t]*:{3,}.*$|^[ \t]*> \[!\w+\][ \t]*$", re.MULTILINE)
IMPORT = re.compile(
    r"^import[ \t]+(?:([\w$]+)|[^\n\"';]{1,200})[ \t]+from[ \t]+[\"']([^\"'\n]+)[\"'];?[ \t]*$"
    r"|^export[ \t]+(?:const|default)\b.*$",
    re.MULTILINE,
)
JSX_SOURCE = re.compile(r"\bsrc=\{(?:[^{}\"'`]*[\"'`]([^\"'`]+)[\"'`][^{}]*|([\w$]+))\}")


def parse_markdown(text: str, links: str | None = None) -> Page:
    """Blocks, title and stated metadata of a Markdown file, with its links as in `walk`. Never raises on bad input: any
    text is valid CommonMark."""
    front, body = split_front_matter(text.replace("\r\n", "\n").replace("\r", "\n"))
    html = _renderer().render(prepare(with_whole_characters(body)), environment(body))
    tree = LexborHTMLParser(f"<body>{html}</body>")
    page = Page(blocks=[*_lead(front, html), *(walk(tree.body, links=links) if tree.body is not None else [])])
    page.title = field(front, "title", "name")
    page.language = field(front, "lang", "language", "locale")
    page.license = field(front, "license", "licence", "copyright_license")
    page.topic = field(front, "topic")
    page.url = field(front, "canonical_url", "url") if "://" in field(front, "canonical_url", "url") else ""
    return page


def _lead(front: dict[str, Any], html: str) -> list[Block]:
    """The image that front matter puts above the text, unless the text shows it too."""
    path = next((v for key in LEAD if isinstance(v := front.get(key), str) and PATH.match(v.strip())), "").strip()
    return [Block(ref=path)] if path and path.rpartition("/")[2] not in html else []


def prepare(body: str) -> str:
    """The text with template tags removed or turned into Markdown images, outside of code."""
    imports = {name: path for name, path in IMPORT.findall(body) if name}
    pieces, for_makecode = [], makecode.written_for_makecode(body)
    for piece, is_code in _by_fence(body):
        if for_makecode:
            piece = makecode.plain(piece) if not is_code else "" if makecode.hidden(piece) else piece
        if not is_code:
            piece = RULED_TITLE.sub(r"\n**\1**\n", piece)
            piece = CONTAINER.sub("", IMPORT.sub("", RULED_TAG.sub("", piece)))
            piece = JSX_SOURCE.sub(lambda m: f'src="{m[1] or imports.get(m[2], "")}"', piece)
            piece = QUOTED_ONCE.sub(lambda m: "{" + re.sub(r"='([^']*)'", r'="\1"', m[1]) + "}", piece)
            piece = TAG.sub(_tag, IN_ADDRESS.sub(_address, piece))
        pieces.append(piece)
    return "".join(pieces)


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


def _address(found: re.Match[str]) -> str:
    """A template tag inside a URL: the path it quotes, or nothing (the root of the site)."""
    quoted = QUOTED.search(found[2])
    path = next((g for g in quoted.groups() if g), "") if quoted else ""
    return found[1] + (path if PATH.match(path) else "")


def _tag(found: re.Match[str]) -> str:
    if found["code"]:
        return found[0]
    if not found["tag"]:
        return ""
    named = {k.lower(): a or b or c for k, a, b, c in NAMED.findall(found[0])}
    quoted = [a or b or c for a, b, c in QUOTED.findall(found[0])]
    bare = BARE_PATH.search(found[0])
    paths = [v for v in (*named.values(), *quoted) if PATH.match(v.strip())] or (
        [bare[0].strip(" =\n")] if bare else []
    )
    if not paths:
        return ""
    words = [q for q in quoted if q != paths[0] and " " in q]
    alt = named.get("alt") or (words[0] if words and not named else "")
    return _image(paths[0], alt, named.get("caption", ""))


def _image(path: str, alt: str, caption: str) -> str:
    caption = "" if caption.lower() in ("true", "false") else caption.replace('"', "'")
    alt = re.sub(r"([\[\]\\*_`])", r"\\\1", " ".join(alt.split()))
    attributes = f'{{data-caption="{caption}"}}' if caption else ""
    return f"![{alt}](<{path.strip()}>){attributes}"


@cache
def _renderer() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    parser.use(attrs_plugin, after=("image", "link"), spans=False)
    parser.use(deflist_plugin).use(footnote_plugin).use(math_plugin)
    parser.validateLink = lambda url: True  # type: ignore[method-assign]  # data: images are read like others
    parser.add_render_rule("image", _render_image)
    parser.add_render_rule("html_block", _render_html_block)
    parser.add_render_rule("code_block", _render_code_block)
    return parser


def _render_image(self: RendererHTML, tokens: Sequence[Token], place: int, options: Any, env: Any) -> str:
    token = tokens[place]
    alt = self.renderInlineAsText(token.children, options, env) if token.children else ""
    values = {
        "src": token.attrGet("src"),
        "alt": alt or token.attrGet("alt"),
        "data-caption": token.attrGet("data-caption"),
    }
    return "<img" + "".join(f' {k}="{escape(str(v))}"' for k, v in values.items() if v) + ">"


def _render_html_block(self: RendererHTML, tokens: Sequence[Token], place: int, options: Any, env: Any) -> str:
    """CommonMark does not render Markdown inside an HTML block; the generators that people use do."""
    return IN_HTML.sub(lambda m: f'<img src="{escape(m[2])}" alt="{escape(m[1])}">', tokens[place].content)


def _render_code_block(self: RendererHTML, tokens: Sequence[Token], place: int, options: Any, env: Any) -> str:
    """Indented text of images only is rendered: it was meant to be shown, not quoted."""
    content = tokens[place].content
    if IN_HTML.sub("", content).strip():
        return f"<pre><code>{escape(content)}</code></pre>\n"
    return _render_html_block(self, tokens, place, options, env)
