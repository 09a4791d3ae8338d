"""The text and the language of a code block, as site generators and highlighters write them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborNode

STATED = re.compile(
    r"(?:(?:^|\s)(?:language|highlight-source|highlight-text|mw-highlight-lang|highlight|lang|sourceCode|crayon|"
    r"listing|source|code|src|hl|sh)[-_:]|(?:^|[\s\"])brush:\s*)([A-Za-z][\w+#.-]*)",
    re.IGNORECASE,
)
VAGUE = re.compile(r"\s*(?:lang|sourceCode|crayon|listing|source|code|src|hl|sh)[-_:]", re.IGNORECASE)
"""Prefixes that also begin other names: what follows has to be a language that is known."""
SURE = re.compile(r"\s*(?:lang|src)[-_:]", re.IGNORECASE)
"""Those that do not on a `pre` or its code."""
_NOT_LANGUAGES = """
    none text plain plaintext plain-text plain_text default notranslate nohighlight no-highlight txt raw auto undefined
    null unknown generic source box wrapper container toolbar line lines example snippet inline highlighter
    content area body group tabs pre style styling
"""
NOT_LANGUAGES = frozenset(_NOT_LANGUAGES.split())
_ATTRIBUTES = """
    data-lang data-language data-code-lang data-code-block-lang lang data-enlighter-language syntax
    data-syntaxhighlighter-params
"""
ATTRIBUTES = tuple(_ATTRIBUTES.split())
NAMED = frozenset(ATTRIBUTES)
NAME = re.compile(r"[\w+#.-]{1,20}")
BRUSH = re.compile(r".*\bbrush:\s*")
_KNOWN = """
    abap actionscript ada adoc apache applescript arduino asciidoc asm assembly awk bash bat batch bibtex c c# c++ cc
    cfg clj clojure cmake cmd coffee coffeescript conf console cpp cs csh csharp css csv cuda curl cython d dart delphi
    diff django docker dockerfile elisp elixir elm erb erl erlang f# fish fortran fsharp gherkin git gitignore glsl go
    golang gradle graphql groovy handlebars haskell haxe hcl hlsl hs html http ini ipython ipython3 java javascript
    jinja jinja2 jq js json json5 jsonc jsp jsx julia kotlin kt latex less lisp llvm log lua make makefile markdown
    markup mathematica matlab md mermaid nasm nginx nim nix nsis objc objective-c objectivec ocaml octave pascal patch
    perl php pl plsql postgresql powershell processing prolog promql properties proto protobuf ps1 puppet py pycon
    pytb python python2 python3 pwsh qml r racket rb regex restructuredtext rb rs rst ruby rust sass scala scheme scss
    sed sh shell shell-session sml solidity sparql sql sqlite stylus svelte svg swift systemd tcl tcsh terminal
    terraform tex toml ts tsql tsx twig typescript typst v vala vb vbnet verilog vhdl vim viml vue wasm x86asm xml
    xquery yaml yml zig zsh
"""
KNOWN = frozenset(_KNOWN.split())
OTHER_NAMES = {
    "html-basic": "html", "html-php": "php", "html-erb": "erb", "html-django": "django", "shell-session": "console",
    "gfm": "markdown", "batchfile": "batch", "ipython3": "python", "ipython2": "python",
}  # fmt: skip
"""Names of grammars and kernels that readers know by another name."""
BEARERS = frozenset(("pre", "code", "figure"))
"""Elements whose class may be the name of a language alone."""
LEVELS = 5
"""Elements around a code block that may state its language, not counting those of a table."""
TABLE = frozenset(("table", "tbody", "tr", "td"))
TEXT = frozenset(("p", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6"))
OUTSIDE = frozenset(("body", "article", "main", "section", "li", "blockquote", "dd"))

NOT_CODE = (
    ".linenos, .lineno, .linenumber, .line-number, .linenodiv, .line-numbers-rows, .gutter, .lnt, .ln, .rouge-gutter, "
    ".hljs-ln-numbers, .hljs-ln-n, [data-line-number]:empty, .crayon-nums, .blob-num, .conum, .conum + b, .co > img, "
    ".react-syntax-highlighter-line-number, .clipboard-copy, .code-toolbar > .toolbar, .crayon-toolbar, "
    "[style*='user-select:none'], [style*='user-select: none'], "
    ".syntaxhighlighter .toolbar, .md-annotation, .language-id, .ltx_tag_listingline, "
    ".twoslash-popup-container, [class*='copy'], "
    "button, textarea, select, script, style, svg, template"
)
"""Line numbers, callouts, buttons and hints that stand inside code."""
BUTTON = 40
"""Characters: more are code, whatever the name of their element."""
LINES = frozenset(("div", "p", "li", "tr", "ol", "ul", "table"))
"""Elements of which each is a line of its own, or more."""
LINE_CLASS = re.compile(
    r"(?:^|\s)(?:[\w-]*code-?line|token-line|highlight-line|line|view-line|crayon-line|cl)(?:\s|$)", re.IGNORECASE
)
SHOWN_AS_LINE = re.compile(r"display\s*:\s*(?:block|flex|table-row)")
DEEPEST = 100
"""Elements inside one another, of which lines are told apart."""
NUMBERS = re.compile(r"\s*\d+(?:\s+\d+)*\s*")


# The language


def language_of_code(node: LexborNode) -> str:
    """The language that a code block, its code or one of the elements around it states; "" if none does."""
    for one in _bearers(node):
        if found := _stated(one, inside=one.tag in BEARERS):
            return OTHER_NAMES.get(found, found)
    named = node.css_first(".crayon-language")
    name = named.text(deep=True).strip().lower() if named is not None else ""
    return name if NAME.fullmatch(name) and name not in NOT_LANGUAGES else ""


def _bearers(node: LexborNode) -> Iterator[LexborNode]:
    """The block, its code, and elements around it as long as they hold nothing but code."""
    yield node
    yield from node.css("code")[:1]
    here, level = node, 0
    while (parent := here.parent) is not None and level < LEVELS and parent.tag not in OUTSIDE:
        if _is_among_text(here):
            return
        yield parent
        here = parent
        level += here.tag not in TABLE


def _is_among_text(node: LexborNode) -> bool:
    """Whether a paragraph is near an element, so that what is around both is no frame of code."""
    before, after = node.prev, node.next
    for _ in range(3):
        if (before is not None and before.tag in TEXT) or (after is not None and after.tag in TEXT):
            return True
        before = before.prev if before is not None else None
        after = after.next if after is not None else None
    return False


def _stated(node: LexborNode, inside: bool) -> str:
    attributes = node.attributes
    for name in () if NAMED.isdisjoint(attributes) else ATTRIBUTES:
        value = BRUSH.sub("", (attributes.get(name) or "").strip().lower()).partition(";")[0]
        stated = name != "lang" or inside  # elsewhere it is the language that people speak
        if stated and NAME.fullmatch(value) and value not in NOT_LANGUAGES:
            return value
    names = attributes.get("class") or ""
    for found in STATED.finditer(names):
        language = found[1].lower().rstrip(".;,")
        if _is_language(language, bool(VAGUE.match(found[0])) and not (inside and SURE.match(found[0]))):
            return language
    return _bare_class(names.split()) if inside or "highlight" in names or "ourceCode" in names else ""


def _is_language(name: str, vague: bool) -> bool:
    if name in KNOWN:
        return True
    return (
        not vague
        and len(name) > 2
        and name not in NOT_LANGUAGES
        and not name.startswith(("line", "number", "wrap", "code-with"))
    )


def _bare_class(names: list[str]) -> str:
    """A class that is a language's name alone, as highlight.js, Hexo and Pandoc write it: `hljs python`. After Pandoc's
    `sourceCode` comes a language, known or not."""
    if found := next((name for name in names if name.lower() in KNOWN), ""):
        return found.lower()
    after = names[names.index("sourceCode") + 1 :] if "sourceCode" in names else []
    return next((name.lower() for name in after if NAME.fullmatch(name) and _is_language(name.lower(), False)), "")


# The text


def text_of_code(node: LexborNode) -> str:
    """The text of a code block as it is shown, without line numbers and buttons, and without empty lines around it."""
    only = _only_code(node)
    if all(child.is_text_node for child in (only or node).iter(include_text=True)) and node.tag == "pre":
        return _without_edges((only or node).text(deep=True))
    plain = node.css_first("textarea.crayon-plain")
    if plain is not None and (text := plain.text(deep=True).strip("\n")):
        return text
    numbered = node.tag == "div" and node.css_first(".lineno") is not None
    for extra in node.css(NOT_CODE):
        if extra.mem_id != node.mem_id and extra.tag not in ("pre", "code") and not _is_long(extra):
            extra.decompose()
    _without_name(node)
    for br in node.css("br"):
        br.replace_with("\n")
    only = _only_code(node)
    text = _text(only if only is not None else node).replace("\r\n", "\n").replace("\r", "\n")
    if node.tag != "pre":
        indented = numbered and all(line[0] in " \N{NO-BREAK SPACE}" for line in text.split("\n") if line.strip())
        text = _with_plain_spaces(text, 1 if indented else 0)
    return text.strip("\n") if _ends_in_a_line(node) else _without_edges(text)


def _without_name(node: LexborNode) -> None:
    """Take the name of the language out of a `pre` that holds its own title bar."""
    if node.tag != "pre" or node.css_first("div code") is None:
        return
    bar = next((part for part in node.css("div, span")[:LEVELS] if part.css_first("code") is None), None)
    if bar is not None and (title := bar.text(deep=True).strip().lower()) and title == language_of_code(node):
        bar.decompose()


def _without_edges(text: str) -> str:
    """The text without empty lines around it, and without the indentation of an end tag."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").lstrip("\n")
    end = text.rstrip(" \t")
    return end.rstrip("\n") if end.endswith("\n") else text


def _with_plain_spaces(text: str, indent: int) -> str:
    """The text of a highlighter that uses no `pre` and so cannot write a space as one; `indent` are the spaces after
    its line numbers."""
    lines = (line[indent:] for line in text.replace("\N{NO-BREAK SPACE}", " ").split("\n"))
    return "\n".join(line if line.strip() else "" for line in lines)


def _ends_in_a_line(node: LexborNode) -> bool:
    """Whether the last text stands in the element of a line, so that spaces at its end are code."""
    last: LexborNode | None = node.last_child
    while last is not None and not last.is_text_node and last.tag in ("pre", "code"):
        last = last.last_child
    return last is not None and not last.is_text_node


def _is_long(node: LexborNode) -> bool:
    """Whether an element with the name of a button is in fact a frame around the code."""
    copies = "copy" in (node.attributes.get("class") or "")
    return copies and node.tag != "button" and len(node.text(deep=True)) > BUTTON


def _only_code(node: LexborNode) -> LexborNode | None:
    """The code of a `pre` in which nothing but space is around it."""
    found = None
    for child in node.iter(include_text=True):
        if child.is_text_node:
            if (child.text_content or "").strip():
                return None
        elif child.tag != "code" or found is not None:
            return found if not child.text(deep=True) else None
        else:
            found = child
    return found


def _text(node: LexborNode) -> str:
    text = node.text(deep=True)
    blocks = node.css_first("div, p, li, tr") is not None
    touching = node.css_first(".gatsby-highlight-code-line") is not None
    if not blocks and not touching and ("\n" in text or node.css_first("code, span + span") is None):
        return text
    out: list[str] = []
    _lines(node, out, spans=not blocks and "\n" not in text.strip("\n"))
    return "".join(out)


def _lines(node: LexborNode, out: list[str], spans: bool, depth: int = 0) -> None:
    """Text in which each line's element ends its line, once; with `spans` so does a `span` or `code` that is a line."""
    children = list(node.iter(include_text=True))
    lines = [not child.is_text_node and _is_line(child, spans) for child in children]
    for at, child in enumerate(children):
        if child.is_text_node:
            between = 0 < at < len(children) - 1 and lines[at - 1] and lines[at + 1]
            text = child.text_content or ""
            if not (between or node.tag in ("tr", "tbody", "table", "ol", "ul")) or text.strip():
                out.append(text)
            continue
        if lines[at] and out and not out[-1].endswith("\n"):
            out.append("\n")
        before = len(out)
        if depth < DEEPEST:
            _lines(child, out, spans, depth + 1)
        else:
            out.append(child.text(deep=True))
        if lines[at] and not (len(out) > before and out[-1].endswith("\n")):
            out.append("\n")


def _is_line(node: LexborNode, spans: bool) -> bool:
    if node.tag in LINES or (spans and SHOWN_AS_LINE.search(node.attributes.get("style") or "")):
        return True
    if "gatsby-highlight-code-line" in (node.attributes.get("class") or ""):
        return True  # which takes the end of its line away
    if not spans or node.tag not in ("span", "code"):
        return False
    return node.tag == "code" or LINE_CLASS.search(node.attributes.get("class") or "") is not None


def is_column_of_numbers(node: LexborNode, text: str) -> bool:
    """Whether a `pre` holds the line numbers of the code beside it."""
    if not NUMBERS.fullmatch(text):
        return False
    numbers = [int(number) for number in text.split()[:10_000]]
    if any(after != before + 1 for before, after in zip(numbers, numbers[1:], strict=False)):
        return False
    here: LexborNode | None = node
    for _ in range(3):
        if here is None or here.tag in OUTSIDE:
            return False
        beside = here.next
        while beside is not None and (beside.is_text_node or beside.is_comment_node):
            beside = beside.next
        if beside is not None:
            code = beside if beside.tag == "pre" else beside.css_first("pre, code")
            lines = code.text(deep=True).strip("\n").count("\n") + 1 if code is not None else 0
            return lines > 0 and (beside.tag == "td" or (lines == len(numbers) > 1))
        here = here.parent
    return False
