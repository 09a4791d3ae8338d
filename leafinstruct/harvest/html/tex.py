"""Formulas as TeX, from the markup of KaTeX, MathJax, MathML and Sphinx."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborNode

ANNOTATION = 'annotation[encoding="application/x-tex"], annotation[encoding="TeX"]'
DELIMITED = re.compile(r"\s*(?:\\\((.*)\\\)|\\\[(.*)\\\]|\$\$(.*)\$\$|\$(.*)\$)\s*", re.DOTALL)


def tex_of(node: LexborNode) -> str:
    """The TeX of an element that shows one formula; "" if it holds none."""
    annotation = node.css_first(ANNOTATION)
    if annotation is not None:
        return _clean(annotation.text(deep=True))
    for name in ("alttext", "data-tex", "data-latex", "data-expr"):
        if stated := node.attributes.get(name):
            return _clean(stated)
    delimited = DELIMITED.fullmatch(node.text(deep=True))
    return _clean(next(group for group in delimited.groups() if group is not None)) if delimited else ""


def _clean(tex: str) -> str:
    tex = " ".join(tex.split())
    if tex.startswith("{\\displaystyle") and tex.endswith("}"):  # Wikipedia
        tex = tex[len("{\\displaystyle") : -1].strip()
    return tex
