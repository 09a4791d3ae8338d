"""What a tag of a template engine is, by its name."""

from __future__ import annotations

import re

_CONTROL = """
    if unless elsif elseif else endif endunless endif for endfor case when endcase assign capture endcapture increment
    decrement cycle tablerow endtablerow layout extends block endblock set endset from import macro endmacro do with
    endwith spaceless endspaceless load trans endtrans blocktrans autoescape partial end render_caption lead endlead
    break continue liquid ifversion endifversion ifchanged seo feed_meta css_asset js_asset jekyll page site data
"""
CONTROL = frozenset(_CONTROL.split())
_RAW_CODE = """
    highlight prism code codeblock sourcecode code-block snippet terminal console shell katex-block
"""
RAW_CODE = frozenset(_RAW_CODE.split())
CODE = re.compile(r"^(?:code|source|syntax|prism)|(?:code|highlight)$|^code-toggle$")
NOT_CODE = re.compile(r"^[ \t]*(?:```|~~~)|\{\{[<%]|\{%", re.MULTILINE)
PARAMETER = re.compile(r"\{\{[<%]\s*param\b[^{}\n]{0,200}\}\}")
VERBATIM = frozenset(("raw", "verbatim", "nomarkdown", "unsafe", "html"))
_HIDDEN = """
    comment style script stylesheet javascript schema chart plotly kroki graphviz plantuml drawio abc
"""
HIDDEN = frozenset(_HIDDEN.split())
_FORMULAS = "katex math latex mathjax"
FORMULAS = frozenset(_FORMULAS.split())
_TITLED = """
    tab expand details accordion collapse card step admonition-title tab-item panel accordion-item section
    toggle spoiler dropdown carditem
"""
TITLED = frozenset(_TITLED.split())
"""Shortcodes whose first argument is their title."""
_BOXES = "notice alert callout hint admonition box panel infobox callouts message"
BOXES = frozenset(_BOXES.split())
"""Shortcodes whose first argument is the kind of a box."""
LABELED = frozenset(("notice", "admonition"))
"""Those of them that show the kind as a title."""
IMAGES = re.compile(
    r"(?:^|[-_/])(?:img|image|figure|fig|imgproc|photo|picture|screenshot|thumbnail|resize|lightbox|pic|inline-image)",
    re.IGNORECASE,
)
_INCLUDES = """
    include include_relative include_cached readfile include-md includemd mdinclude partial render import
    snippet includes include_markdown include-file
"""
INCLUDES = frozenset(_INCLUDES.split())
GALLERY = re.compile(r"gallery|carousel|slider|slideshow", re.IGNORECASE)
TEXTS = ("content", "text", "body", "message", "description")
