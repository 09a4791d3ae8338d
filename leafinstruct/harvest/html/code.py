"""The text and the language of a code block, as site generators and highlighters write them."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborNode

LANGUAGE = re.compile(
    r"(?:(?:^|\s)(?:language|lang|highlight-source|highlight-text|highlight|src|listing|crayon|code)[-_:]"
    r"|(?:^|\s)brush:\s*)([A-Za-z][\w+#.-]*)",
    re.IGNORECASE,
)
_NOT_LANGUAGES = """
    none text plain plaintext default notranslate nohighlight txt source block box wrapper container toolbar line lines
    example snippet inline highlighter html-basic output content area body group tabs pre style styling
"""
NOT_LANGUAGES = frozenset(_NOT_LANGUAGES.split())
ATTRIBUTES = ("data-lang", "data-language", "data-code-lang", "lang", "data-enlighter-language", "syntax")
NAME = re.compile(r"[\w+#.-]{1,20}")
GUTTER = (
    ".linenos, .lineno, .line-numbers-rows, .gutter, .lnt, .ln, .rouge-gutter, .line-number, .linenumber, "
    ".hljs-ln-numbers, .hljs-ln-n, [data-line-number]:empty, .crayon-nums, .blob-num, .copybtn, .copy-button, "
    ".react-syntax-highlighter-line-number, button, .clipboard-copy, .code-toolbar > .toolbar"
)
EDGES = re.compile(r"\A\n+|\n+[ \t]*\Z")
"""Empty lines around code, and the indentation of an end tag."""
LINES = frozenset(("div", "p", "li", "tr"))
"""Elements of which each is a line of its own."""


def language_of_code(node: LexborNode) -> str:
    """The language that a `pre`, its code or one of the elements around it states; "" if none does."""
    here: list[LexborNode] = [node, *node.css("code")[:1]]
    parent = node.parent
    for _ in range(5):
        if parent is None or parent.tag in ("body", "article", "main", "section"):
            break
        here.append(parent)
        parent = parent.parent
    for one in here:
        if found := _stated(one):
            return found
    return ""


def _stated(node: LexborNode) -> str:
    attributes = node.attributes
    for name in ATTRIBUTES:
        value = (attributes.get(name) or "").strip().lower()
        stated = name != "lang" or node.tag in ("pre", "code")  # elsewhere it is the language that people speak
        if stated and NAME.fullmatch(value) and value not in NOT_LANGUAGES:
            return value
    for found in LANGUAGE.finditer(attributes.get("class") or ""):
        language = found[1].lower().rstrip(".;,")
        if language not in NOT_LANGUAGES and not language.startswith(("line", "wrap")):
            return language
    return _bare_class(node)


_KNOWN = """
    bash sh shell console zsh powershell python py python3 javascript js jsx typescript ts tsx json yaml yml toml ini
    xml html css scss c cpp c++ csharp c# java kotlin swift go rust ruby rb perl php sql r lua dart scala haskell
    clojure elixir erlang julia matlab diff dockerfile makefile cmake nginx vim arduino processing pycon ipython
"""
KNOWN = frozenset(_KNOWN.split())


def _bare_class(node: LexborNode) -> str:
    """A class that is a language's name alone, as highlight.js and Pandoc write it: `hljs python`."""
    if node.tag not in ("pre", "code"):
        return ""
    return next((word for word in (node.attributes.get("class") or "").lower().split() if word in KNOWN), "")


def text_of_code(node: LexborNode) -> str:
    """The text of a `pre` as it is shown, without line numbers and buttons."""
    for gutter in node.css(GUTTER):
        if gutter.tag != "pre" and gutter.mem_id != node.mem_id:
            gutter.decompose()
    for br in node.css("br"):
        br.replace_with("\n")
    if node.css_first("div, p, li, tr") is not None:
        out: list[str] = []
        _lines(node, out)
        text = "".join(out)
    else:
        text = node.text(deep=True)
    return EDGES.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _lines(node: LexborNode, out: list[str]) -> None:
    """Text in which each line's element ends its line, once."""
    for child in node.iter(include_text=True):
        if child.is_text_node:
            out.append(child.text_content or "")
        else:
            line = child.tag in LINES
            if line and out and not out[-1].endswith("\n"):
                out.append("\n")
            _lines(child, out)
            if line and out and not out[-1].endswith("\n"):
                out.append("\n")
