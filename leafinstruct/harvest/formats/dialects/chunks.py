"""Code in fences: its language, its title or label, and what it takes in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from leafinstruct.harvest.formats.dialects import includes
from leafinstruct.harvest.formats.dialects.page import of

TITLE = re.compile(
    r"\b(?:title|filename|caption|name|header|tab)[ \t]*=[ \t]*(?:\"([^\"]*)\"|'([^']*)')|^\w+:(?:title=)?(\S+\.\w+)$",
    re.IGNORECASE,
)
LANGUAGE = re.compile(r"[ \t]*(?:\{[ \t]*)?\.?(?:([A-Za-z][\w+#.-]*)(?![\w+#.-]*[ \t]*=))?")
LABEL = re.compile(r"[\w+#.:-]+(?:\{[^{}\n]*\})?[ \t]+(?:\{[^{}\n]*\}[ \t]*)?\[([^\[\]\n]+)\]")
"""The label of a tab with code, as VitePress writes it."""
GROUP = re.compile(r"<(/?)(?:CodeGroup|CodeBlocks|CodeTabs|RequestExample|ResponseExample)\b")
IN_GROUP = re.compile(r"[\w+#.-]+[ \t]+(?![\[{])([^={}\n]+?)(?:[ \t]+(?:\{|[\w-]+=|lines$|expandable$|wrap$).*)?$")
"""The label of code in a group of Mintlify."""
BASE64 = re.compile(r"[A-Za-z0-9+/]{20,}={0,2}")
"""A drawing, as wikis keep it."""
SHIKI = re.compile(
    r"[ \t]*(?://|#|--|;|/\*|<!--|\{/\*)[ \t]*\[!code[^\]\n]*\][ \t]*(?:\*/\}?|-->)?[ \t]*$", re.MULTILINE
)
"""A comment that highlights its line, and that readers do not see."""
HIGHLIGHT = re.compile(
    r"^[ \t]*(?://|#|--|/\*|<!--|\{/\*)[ \t]*(?:highlight-(?:next-line|start|end)|error-next-line)[ \t]*"
    r"(?:\*/\}?|-->)?[ \t]*\n?",
    re.MULTILINE,
)


def plugin(parser: MarkdownIt) -> None:
    parser.core.ruler.after("block", "labels_of_code", _labels)
    parser.add_render_rule("fence", _render)


def _labels(state: StateCore) -> None:
    """Keep the labels of code in groups, which are words after the language."""
    depth = 0
    for token in state.tokens if GROUP.search(state.src) else ():
        if token.type == "fence" and depth and (found := IN_GROUP.match(token.info.strip())):
            token.meta["label"] = found[1]
        elif token.type != "fence":
            depth += sum(-1 if closing else 1 for closing in GROUP.findall(token.content))


def code(text: str, language: str) -> str:
    named = f' class="language-{escape(language)}"' if language else ""
    return f"\n<pre><code{named}>{escape(text)}</code></pre>\n" if text.strip() else ""


def _render(self: RendererHTML, tokens: Sequence[Token], place: int, options: Any, env: Any) -> str:
    """A fenced code block with its title, and with what it includes."""
    token = tokens[place]
    info = token.info.strip()
    dialect = of(env)
    if info == "math":
        return f'<p><span class="math display">{escape(token.content)}</span></p>\n'
    if info == "diagram" and BASE64.fullmatch(token.content.strip()):
        return f'<p><img src="data:image/svg+xml;base64,{token.content.strip()}"></p>\n'
    title = TITLE.search(info) or LABEL.match(info)
    shown = next((group for group in title.groups() if group), "") if title else str(token.meta.get("label", ""))
    language = LANGUAGE.match(info)[1] or ""  # type: ignore[index]  # matches everywhere
    if language.endswith("-exec") or language == "eval_rst":
        language = ""
    text = HIGHLIGHT.sub("", token.content)
    text = SHIKI.sub("", text) if "[!code" in text else text
    text = includes.within_code(text, dialect)
    head = f"<p><strong>{escape(shown)}</strong></p>\n" if shown else ""
    return head + code(text.rstrip("\n") if text.strip() else "", language)
