"""Code in fences: its language and title, options of executable chunks (knitr, Quarto), and the images that a chunk is
known to show."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

from leafinstruct.harvest.formats.dialects import kinds
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
HIGHLIGHT = re.compile(
    r"^[ \t]*(?://|#|--|/\*|<!--|\{/\*)[ \t]*(?:highlight-(?:next-line|start|end)|error-next-line)[ \t]*"
    r"(?:\*/\}?|-->)?[ \t]*\n?",
    re.MULTILINE,
)
SNIPPET = re.compile(r"^[ \t]*-{1,}8<-{1,}[ \t]+[\"']([^\"'\n]+)[\"'][ \t]*$", re.MULTILINE)


def plugin(parser: MarkdownIt) -> None:
    parser.add_render_rule("fence", _render)


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
    title = TITLE.search(info)
    shown = next((group for group in title.groups() if group), "") if title else ""
    language = LANGUAGE.match(info)[1] or ""  # type: ignore[index]  # matches everywhere
    if language.endswith("-exec") or language == "eval_rst":
        language = ""
    text = HIGHLIGHT.sub("", token.content)
    if SNIPPET.search(text):
        text = SNIPPET.sub(lambda found: _snippet(found[1], dialect), text)
    head = f"<p><strong>{escape(shown)}</strong></p>\n" if shown else ""
    return head + code(text.rstrip("\n") if text.strip() else "", language)


def _snippet(path: str, dialect: Dialect) -> str:
    name, _, lines = path.partition(":")
    found = dialect.around.file(name)
    if found is None or dialect.left[0] <= 0:
        return ""
    dialect.left[0] -= 1
    return kinds.lines_of(found[0], {"lines": lines.replace(":", "-")} if re.fullmatch(r"\d*(?::\d*)?", lines) else {})


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
