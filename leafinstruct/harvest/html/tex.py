"""Formulas as TeX: elements that show one, in the markup of KaTeX, MathJax, MathML, Sphinx, wikis and image renderers,
and formulas that stand in the text for a script to find."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import parse_qs, unquote, urlsplit

from selectolax.lexbor import LexborNode

from leafinstruct.harvest.html.marks import (
    ALL,
    CODE,
    CODE_END,
    DISPLAY,
    MATH,
    MATH_END,
    PLAIN,
    PLAIN_END,
)

LONGEST = 5000
"""Characters of a formula; a longer "formula" is text between two signs."""
RENDERERS = (
    "latex.codecogs.com", "/latex.php?", "cht=tx", "mathtex.cgi", "mimetex.cgi", "render/math?", "/equation?tex=",
    "math.now.sh", "i.upmath.me", "/mathml2img", "tex.s2cms",
)  # fmt: skip
"""Parts of the addresses of pictures of formulas."""
QUERY = ("latex", "tex", "math", "chl", "from", "inline", "block", "formula")
JAX = ".MathJax, .MathJax_Preview, .MathJax_Display, .MathJax_SVG, .MathJax_SVG_Display, .MathJax_CHTML, .mjx-chtml"
PICTURES = (
    "img.tex, img.latex, img.mathtex, img.math, img.mathjax, img.ql-img-inline-formula, img.ql-img-displayed-equation, "
    "img.mwe-math-fallback-image-inline, img.mwe-math-fallback-image-display"
)
SELECTOR = (
    ".katex-display, .katex, .mwe-math-element, mjx-container, math-renderer, math, script[type^='math/tex'], .math, "
    f".arithmatex, .ztext-math, .ql-formula, .js-render-math, [data-tex], [data-latex], {JAX}, {PICTURES}, "
) + ", ".join(f'img[src*="{part}"]' for part in RENDERERS)
TAGS = frozenset(("math", "mjx-container", "math-renderer"))
FRAMES = frozenset(("katex", "katex-display", "mwe-math-element", *re.findall(r"\.([\w-]+)", JAX)))
"""Names of elements that hold one formula."""
BLOCKS = "p + p, h1, h2, h3, h4, h5, h6, li, table, figure, blockquote"
ATTRIBUTES = ("alttext", "data-tex", "data-latex", "data-expr", "data-value")
DELIMITED = re.compile(r"\s*(?:\\\((.*)\\\)|\\\[(.*)\\\]|\$\$(.*)\$\$|\$`?(.*?)`?\$)\s*", re.DOTALL)
DELIMITER = re.compile(r"\\[()\[\]]|\$")
NOT_TEX = ".eqno, .headerlink, .MathJax_Preview, .ltx_tag"
COMMENT = re.compile(r"(?<!\\)%.*")
DISPLAYSTYLE = re.compile(r"\{\\displaystyle\s(.*)\}", re.DOTALL)
OPTIONS = re.compile(r"^(?:\s*\\(?:dpi\s*\{\d+\}|(?:bg|fg)_\w+|inline|large|small|tiny|huge)(?![a-zA-Z])\s*)+")
"""What a picture's address says of its size and color."""


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula of a page. Without `tex` an element only shows the signs of one whose TeX stands elsewhere; `shown` if
    its own signs do."""

    tex: str
    display: bool = False
    shown: bool = False


def formula_of(node: LexborNode) -> Formula | None:
    """The formula that an element (one that SELECTOR finds) shows."""
    tag = node.tag or ""
    names = (node.attributes.get("class") or "").split()
    if tag == "script":
        return Formula(_clean(node.text(deep=True)), "mode=display" in _type(node), _shown_before(node))
    if tag == "img":
        tex = _tex_of_picture(node)
        return Formula(tex, "display" in " ".join(names) or _is_alone(node)) if tex else None
    if not (tag in TAGS or FRAMES.intersection(names) or _is_one(node)):
        return None
    if tag != "math" and (inner := node.css_first("script[type^='math/tex']")) is not None:
        return Formula(_clean(inner.text(deep=True)), "mode=display" in _type(inner))
    of_script = tag != "mjx-container" and any("MathJax" in name or name == "mjx-chtml" for name in names)
    if of_script and _is_before_script(node):
        return Formula("")
    tex, display = _tex_of(node, names)
    if not tex:
        return None
    return Formula(tex, display or _is_display(node, names))


def _is_one(node: LexborNode) -> bool:
    """Whether an element that is only called `math` can be one formula, not a text with some."""
    if len(node.css("annotation, img, script, .MathJax, .katex")) > 1 or node.css_first(BLOCKS) is not None:
        return False
    return len(node.text(deep=True)) <= LONGEST


def _type(script: LexborNode) -> str:
    return "".join((script.attributes.get("type") or "").split())


def _shown_before(script: LexborNode) -> bool:
    """Whether MathJax has written the formula before its script, as signs."""
    here = script.prev
    while here is not None and not here.is_text_node:
        names = here.attributes.get("class") or ""
        if not ("MathJax" in names or "mjx" in names):
            return False
        if here.text(deep=True).strip():
            return True
        here = here.prev
    return False


def _is_before_script(node: LexborNode) -> bool:
    """Whether an element shows the signs of a script's formula; other elements of the same may be between."""
    here: LexborNode | None = node
    for _ in range(4):
        here = here.next if here is not None else None
        if here is None or here.is_text_node:
            return False
        if here.tag == "script":
            return _type(here).startswith("math/tex")
    return False


def _tex_of(node: LexborNode, names: list[str]) -> tuple[str, bool]:
    """The TeX that an element states, and whether its signs say that it is displayed."""
    for annotation in node.css("annotation"):
        if "tex" in (annotation.attributes.get("encoding") or "").lower():
            return _clean(annotation.text(deep=True)), False
    if "math" in names and len(pictures := node.css("img")) == 1 and not node.text(deep=True).strip():
        return _clean(pictures[0].attributes.get("alt") or ""), False
    for one in (node, *node.css("math[alttext], [data-latex]")[:1]):
        for name in ATTRIBUTES:
            if stated := one.attributes.get(name):
                return _clean(stated), False
    if node.css_first("img, math, mjx-container, p + p") is not None:
        return "", False
    text = _text_without(node, NOT_TEX)
    if len(text) > LONGEST:
        return "", False
    if delimited := DELIMITED.fullmatch(text):
        inner = next(group for group in delimited.groups() if group is not None)
        shown = delimited[2] is not None or delimited[3] is not None
        return ("", False) if DELIMITER.search(re.sub(r"\\\\", "", inner)) else (_clean(inner), shown)
    bare = "math" in names or "js-render-math" in names
    plain = all(child.is_text_node or child.tag == "code" for child in node.iter(include_text=True))
    if bare and plain and (node.tag in ("span", "code", "pre") or looks_like_tex(text)):
        return _clean(text), False
    return "", False


def _text_without(node: LexborNode, selector: str) -> str:
    text = node.text(deep=True)
    for extra in node.css(selector):
        if extra.mem_id != node.mem_id:
            text = text.replace(extra.text(deep=True), "", 1)
    return text


def _is_display(node: LexborNode, names: list[str]) -> bool:
    attributes = node.attributes
    if node.tag in ("div", "pre") or {"katex-display", "display", "js-display-math", "MathJax_Display"} & {*names}:
        return True
    if attributes.get("display") in ("block", "true") or attributes.get("data-math-style") == "display":
        return True
    if node.css_first("math[display='block'], .mwe-math-mathml-display, .katex-display") is not None:
        return "katex" not in names
    return "mwe-math-element" in names and _is_alone(node)


def _is_alone(node: LexborNode) -> bool:
    """Whether nothing else is in the paragraph of an element."""
    here: LexborNode | None = node
    while here is not None and here.tag not in ("p", "dd", "div", "center", "body"):
        if has_neighbors(here):
            return False
        here = here.parent
    return here is not None and here.tag != "body"


def has_neighbors(node: LexborNode) -> bool:
    """Whether something but space and line breaks stands beside an element."""
    return any(_is_something(near) for near in (*_near(node, "prev"), *_near(node, "next")))


def _near(node: LexborNode, way: str) -> Iterator[LexborNode]:
    """What stands before or after an element, the nearest first."""
    here = getattr(node, way)
    while here is not None:
        yield here
        if _is_something(here):
            return
        here = getattr(here, way)


def _is_something(node: LexborNode) -> bool:
    if node.is_text_node:
        return bool((node.text_content or "").strip())
    return not node.is_comment_node and node.tag != "br"


def _tex_of_picture(node: LexborNode) -> str:
    attributes = node.attributes
    for name in ("data-tex", "data-latex"):
        if stated := attributes.get(name):
            return _clean(stated)
    alt = (attributes.get("alt") or "").strip()
    named = {"tex", "latex", "mathtex", "math", "mathjax"} & {*(attributes.get("class") or "").split()}
    if alt and (named or "formula" in (attributes.get("class") or "") or "mwe-math" in (attributes.get("class") or "")):
        return _clean(alt)
    asked = _asked_for(attributes.get("src") or "")
    return _clean(asked or (alt if looks_like_tex(alt) else ""))


def _asked_for(address: str) -> str:
    """The TeX in the address of a renderer."""
    try:
        query = urlsplit(address).query
    except ValueError:
        return ""
    found = parse_qs(query)
    for name in QUERY:
        if name in found:
            return found[name][0]
    return unquote(query) if "=" not in query.partition("\\")[0] else ""


def _clean(tex: str) -> str:
    """TeX on one line, without comments, delimiters and what only a renderer wants."""
    if "%" in tex:
        tex = COMMENT.sub("", tex)
    tex = " ".join(OPTIONS.sub("", tex.replace("&space;", " ")).split())
    if (delimited := DELIMITED.fullmatch(tex)) and not DELIMITER.search(tex[2:-2]):
        tex = next(group for group in delimited.groups() if group is not None).strip()
    found = DISPLAYSTYLE.fullmatch(tex)  # Wikipedia
    tex = found[1].strip() if found else tex
    return tex.removeprefix("\\displaystyle").strip() if tex[13:14] in (" ", "\\", "{") else tex  # LaTeXML


COMMAND = re.compile(r"\\[A-Za-z]+|[\^_]\s*[\w{\\]|\\[,;:!{}|]")
SHORT = re.compile(r"[A-Za-z]\w?'?|[A-Za-z]\([^()]{1,20}\)")


def looks_like_tex(text: str) -> bool:
    """Whether a text has what only formulas have: a command, an index, a relation, or nothing but a letter."""
    text = text.strip()
    if not text or len(text) > LONGEST:
        return False
    return bool(COMMAND.search(text) or SHORT.fullmatch(text) or (re.search(r"[=<>+≤≥]", text) and is_terse(text)))


def is_terse(text: str) -> bool:
    """Whether no two words follow each other."""
    return re.search(r"[^\W\d_]{3,}\s+[^\W\d_]{2,}", text) is None


# Formulas in the text

ENVIRONMENTS = "equation|align|gather|multline|eqnarray|alignat|flalign|displaymath|math|split|cases|[bpvV]?matrix"
NO_MARK = f"[^{ALL}]"
RAW = re.compile(
    rf"(?P<code>{CODE}[^{CODE_END}]*{CODE_END}|{MATH}[^{MATH_END}]*{MATH_END}|{PLAIN}[^{PLAIN_END}]*{PLAIN_END})"
    rf"|(?<!\\)\\\((?P<inline>(?:(?!\\\(){NO_MARK}){{1,1000}}?)\\\)"
    rf"|(?<!\\)\\\[(?P<display>(?:(?!(?<!\\)\\\[){NO_MARK}){{1,3000}}?)\\\]"
    rf"|(?<![\\$])\$\$(?!\$)(?P<dollars>[^${ALL}]{{1,3000}}?)(?<!\\)\$\$(?!\$)"
    rf"|(?P<whole>\\begin\{{(?P<name>{ENVIRONMENTS})(?P<star>\*?)\}}(?:(?!\\begin\{{(?P=name)){NO_MARK}){{1,3000}}?\\end\{{(?P=name)(?P=star)\}})"
    rf"|(?<![\\$\w])\$(?P<dollar>[^\s${ALL}](?:[^${ALL}]{{0,300}}?[^\s${ALL}\\])?)\$(?![$\d\w])",
    re.DOTALL,
)
BEGINNINGS = ("\\(", "\\[", "\\begin{")
"""Of the formulas that RAW finds, but for those between dollar signs."""
LOADER = re.compile(r"mathjax|katex", re.IGNORECASE)
DOLLAR = re.compile(
    r"""inlineMath["']?\s*:\s*(?:\{\s*["']\[\+\]["']\s*:\s*)?\[[^:]{0,80}?\[\s*(["'])\$\1|left["']?\s*:\s*(["'])\$\2"""
)
"""A page's settings by which one $ begins a formula."""


class RawFormulas:
    """Marks the formulas in a text that a script of the page would find. Without such a script only those that cannot
    be anything else; a single $ only where the page's settings name it."""

    def __init__(self, root: Callable[[], LexborNode]) -> None:
        self._root = root

    @cached_property
    def _scripts(self) -> list[str]:
        here = self._root()
        while here.parent is not None:
            here = here.parent
        scripts = here.css("script")
        return [f"{s.attributes.get('src') or ''} {s.text(deep=True)[:LONGEST]}" for s in scripts]

    @cached_property
    def loaded(self) -> bool:
        return any(LOADER.search(script) for script in self._scripts)

    @cached_property
    def dollar(self) -> bool:
        return self.loaded and any(DOLLAR.search(script) for script in self._scripts)

    def marked(self, text: str) -> str:
        if text.count("$") < 2 and not any(sign in text for sign in BEGINNINGS):
            return text
        return RAW.sub(self._marked, text)

    def _marked(self, found: re.Match[str]) -> str:
        if found["code"] is not None:
            return found[0]
        kind = "whole" if found["whole"] else str(found.lastgroup)
        tex = _clean(found[kind].replace("\v", " "))
        wanted = looks_like_tex(tex)
        if kind == "dollar":
            wanted = wanted and self.dollar
        elif kind == "dollars":
            wanted = self.loaded or (wanted and COMMAND.search(tex) is not None)
        else:
            wanted = wanted or self.loaded
        if not tex or not wanted:
            return found[0]
        return marked(Formula(tex, kind in ("display", "dollars", "whole")), found[0])


def marked(formula: Formula, signs: str) -> str:
    """A formula with marks: its TeX for Markdown, and the signs that a reader sees, or the TeX if there are none."""
    if not signs.strip() and not formula.shown:
        signs = f"$${formula.tex}$$" if formula.display else f"${formula.tex}$"
    display = DISPLAY if formula.display else ""
    return f"{MATH}{display}{formula.tex}{MATH_END}{PLAIN}{signs}{PLAIN_END}"
