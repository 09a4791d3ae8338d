"""Code in fences: its language and title, options of executable chunks (knitr, Quarto), and the images that a chunk is
known to show."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from leafinstruct.harvest.formats.dialects import includes
from leafinstruct.harvest.formats.dialects.page import Dialect, of
from leafinstruct.harvest.formats.dialects.tag import written

_LANGUAGES = """
    r python julia bash sh zsh sql ojs observable mermaid dot js javascript css stan rcpp cpp c perl ruby node go scala
    octave matlab sas stata haskell rust fortran shell powershell html php lua asy tikz d3 eval
    webr-r webr pyodide pyodide-python shinylive-r shinylive-python
"""
LANGUAGES = frozenset(_LANGUAGES.split())
OPTION_LINE = re.compile(r"^[ \t]*(?:#|//|--|%%)\|[ \t]?(.*)$")
OPTION = re.compile(r"([\w.-]+)[ \t]*:[ \t]*(.*)$")
CHUNK_OPTION = re.compile(r"([\w.-]+)[ \t]*=[ \t]*(?:\"((?:[^\"\\]|\\.)*)\"|'((?:[^'\\]|\\.)*)'|([^,\"']+))")
GRAPHICS = re.compile(
    r"\b(?:include_graphics|Image|imread|display_image)\(\s*(?:c\()?(?:path\s*=\s*|filename\s*=\s*)?([^()]*)", re.DOTALL
)
PATH = re.compile(r"[\"']([^\"'\n]+\.(?:png|jpe?g|gif|webp|svg|bmp|tiff?))[\"']", re.IGNORECASE)
TITLE = re.compile(
    r"\b(?:title|filename|caption|name|header)[ \t]*=[ \t]*(?:\"([^\"]*)\"|'([^']*)')|^\w+:(?:title=)?(\S+\.\w+)$",
    re.IGNORECASE,
)
LANGUAGE = re.compile(r"[ \t]*(?:\{[ \t]*)?\.?(?:([A-Za-z][\w+#.-]*)(?![\w+#.-]*[ \t]*=))?")
LABEL = re.compile(r"[\w+#.:-]+(?:\{[^{}\n]*\})?[ \t]+(?:\{[^{}\n]*\}[ \t]*)?\[([^\[\]\n]+)\]")
"""The label of a tab with code, as VitePress writes it."""
GROUP = re.compile(r"<(/?)(?:CodeGroup|CodeBlocks|CodeTabs|RequestExample|ResponseExample)\b")
IN_GROUP = re.compile(r"[\w+#.-]+[ \t]+(?![\[{])([^={}\n]+?)(?:[ \t]+(?:\{|[\w-]+=|lines$|expandable$|wrap$).*)?$")
"""The label of code in a group of Mintlify."""
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


def is_language(name: str) -> bool:
    return name in LANGUAGES


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


def shown(language: str, more: str, text: str, dialect: Dialect) -> str:
    """What readers see of an executable chunk: its code, and images that it takes from files."""
    options = {key.lower().replace(".", "-"): a or b or c.strip() for key, a, b, c in CHUNK_OPTION.findall(more)}
    lines, key = text.split("\n"), ""
    while lines and (found := OPTION_LINE.match(lines[0])):
        if option := OPTION.match(found[1]):
            key = option[1].lower().replace(".", "-")
            options[key] = option[2].strip().strip("\"'")
        elif key:  # goes on
            options[key] = f"{options[key].lstrip('>|').strip()} {found[1].strip()}"
        lines.pop(0)
    if _is_off(options.get("include")):
        return ""
    body = "\n".join(lines).strip("\n")
    images = _images(body, options) if not _is_off(options.get("eval")) else ""
    hidden = _is_off(options.get("echo")) or (images and GRAPHICS.match(body.strip()) is not None)
    title = options.get("filename", "") or options.get("lst-cap", "")
    head = f"<p><strong>{escape(title)}</strong></p>\n" if title and not hidden else ""
    return head + ("" if hidden else code(body, language.removeprefix("webr-") or language)) + images


def _is_off(value: str | None) -> bool:
    return value is not None and value.strip().lower() in ("false", "f", "no")


def _images(body: str, options: Mapping[str, str]) -> str:
    caption = options.get("fig-cap", "")
    alt = options.get("fig-alt", "")
    paths = [path for call in GRAPHICS.findall(body) for path in PATH.findall(call)]
    return "".join(
        "\n" + written("x-image", {"src": path, "alt": alt, "caption": caption}, alone=True) + "\n" for path in paths
    )
