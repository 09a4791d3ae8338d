"""Directives as docutils runs them here: what only Sphinx and its extensions know keeps its text and images."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import docutils.nodes as nodes
from docutils.parsers.rst import Directive
from docutils.parsers.rst.directives.images import Image as ImageDirective
from docutils.parsers.rst.directives.tables import CSVTable
from docutils.statemachine import StringList

from leafinstruct.harvest.formats import sphinx
from leafinstruct.harvest.formats.around import NOWHERE, Around
from leafinstruct.harvest.formats.excerpts import excerpt

_CODE = "code code-block sourcecode highlight prompt parsed-code testcode doctest ipython"
CODE = frozenset(_CODE.split())
OWN_CODE = re.compile(
    r"code-?block|source-?code|code-(?:tab|cell|example|snippet)"
    r"|^(?:mermaid|plot|console|terminal|graphviz|digraph|graph|uml|plantuml|blockdiag|seqdiag|ditaa|kroki|d2|tikz)$"
)
"""Names of directives for code that projects and extensions define."""
_SILENT = """
    toctree index meta only-comment todo seealso-hidden tabularcolumns rli rediraffe
    automodule autoclass autofunction contents sectionauthor codeauthor currentmodule module default-
    role youtube vimeo peertube asciinema video audio iframe
"""
SILENT = frozenset(_SILENT.split())
_CONDITIONS = """
    only ifconfig ifslides ifnotslides rst-class cssclass grid grid-item tab-set tabs card-carousel columns
    column layout
"""
CONDITIONS = frozenset(_CONDITIONS.split())
"""Directives whose argument is no text."""
FIGURES = ("figure", "thumbnail", "image-figure", "subfigure")
CARD_LINE = re.compile(r"\s*(?:\^{3,}|\+{3,})\s*")
"""The line under the head of a card, and the one above its foot."""
CAPTION_OPTION = re.compile(r"^[ \t]*:caption:[ \t]+(\S.*)$")
PICTURE_OPTION = re.compile(r"^[ \t]*:(?:img-top|img-bottom|img-background|image|thumbnail|banner):[ \t]+(\S+)[ \t]*$")
ADDRESS = re.compile(r"[^\s/:.]*[/:.][^\s]*")
MOST_INCLUDES = 5
"""Files in each other."""
_ENDINGS = """
    py:python js:javascript ts:typescript sh:bash yml:yaml rs:rust rb:ruby c:c cpp:cpp java:java go:go php:php sql:sql
    json:json yaml:yaml toml:toml ini:ini html:html css:css xml:xml lua:lua r:r swift:swift kt:kotlin
"""
ENDINGS = dict(pair.split(":") for pair in _ENDINGS.split())
"""Languages of code by the ending of its file."""
SIZE = re.compile(r"\d+(?:\.\d+)?(?:px|em|pt|%)?")
LANGUAGE = re.compile(r"[a-z][\w+#-]{0,19}")
OF_DIRECTIVE = {
    "mermaid": "mermaid",
    "graphviz": "dot",
    "uml": "plantuml",
    "plantuml": "plantuml",
    "plot": "python",
    "testcode": "python",
    "doctest": "pycon",
    "ipython": "ipython",
}


class Anything(Directive):
    """A directive that docutils does not know: its argument (as a paragraph) and its content, parsed."""

    has_content = True
    optional_arguments = 1
    final_argument_whitespace = True
    option_spec = None

    def run(self) -> list[nodes.Node]:
        name = self.name.lower()
        if name in SILENT:
            return []
        lines = _without_options(list(self.content))
        stated = self.arguments[0].split()[0].lower() if self.arguments else ""
        if name == "highlight":  # the language of the literal blocks after it
            return [nodes.comment("", "", highlight=stated)]
        if name in CODE or OWN_CODE.search(name):
            text = "\n".join(lines)
            block = nodes.literal_block(text, text, classes=of_language(OF_DIRECTIVE.get(name, stated)))
            title = self.arguments[0].partition(" ")[2] if name == "code-tab" and self.arguments else ""
            captions = (found[1] for line in self._options(lines) if (found := CAPTION_OPTION.match(line)))
            head = [nodes.paragraph("", title)] if title else _head(self, next(captions, ""))
            return [*head, *([block] if text.strip() else [])]
        box: nodes.Element = nodes.container()
        if name == "seealso":
            box = nodes.admonition("", nodes.title("", "", nodes.Text(sphinx.TITLES[name])))
        box += [
            nodes.image(found[1], uri=found[1], alt="")
            for line in self._options(lines)
            if (found := PICTURE_OPTION.match(line))
        ]
        argument = re.split(r"(?:^|\n)\s*:[\w-]+:", self.arguments[0])[0] if self.arguments else ""
        if name.startswith("button-") and any(line.strip() for line in lines):
            argument = ""
        for number, line in enumerate(list(self.content) if "card" in name else ()):
            if CARD_LINE.fullmatch(line):
                self.content[number] = ""
        if argument and (":" in name or name in sphinx.DESCRIPTIONS):
            box += [nodes.paragraph("", "", nodes.literal(line, line)) for line in sphinx.signatures(name, argument)]
            argument = ""
        if name in sphinx.VERSIONS:
            argument = sphinx.version(name, argument)
        if argument and name not in CONDITIONS and not ADDRESS.fullmatch(argument):
            inline, _ = self.state.inline_text(argument, self.lineno)
            box += nodes.paragraph(argument, "", *inline)
        start = len(self.content) - len(lines)
        self.state.nested_parse(self.content[start:], self.content_offset + start, box)
        return [box]

    def _options(self, lines: list[str]) -> list[str]:
        """The lines of the options, which are at the end of the argument or the beginning of the content."""
        return [*"".join(self.arguments).split("\n"), *list(self.content)[: len(self.content) - len(lines)]]


def _head(directive: Directive, title: str) -> list[nodes.Node]:
    """The title above a block of code."""
    if not title.strip():
        return []
    inline, _ = directive.state.inline_text(title.strip(), directive.lineno)
    return [nodes.paragraph(title, "", nodes.strong("", "", *inline))]


def of_language(name: str) -> list[str]:
    """The class that tells a code block's language, if it is one's name and not a file or an option."""
    return [f"language-{name}"] if LANGUAGE.fullmatch(name) else []


def _plain(value: str | None) -> str:
    return value or ""


class AnyOption(dict[str, Callable[[str], Any]]):
    """Options of a directive that accepts any option."""

    def __missing__(self, name: str) -> Callable[[str], Any]:
        return _plain


class PlainImage(ImageDirective):
    """docutils' image without the checks that would lose one over an odd option."""

    option_spec = AnyOption(alt=_plain)

    around: Around = NOWHERE

    def run(self) -> list[nodes.Node]:
        ref = "".join(self.arguments[0].split("\n")).strip()
        ref = _of_any_format(ref, self.around) if ref.endswith(".*") else ref
        sizes = {name: size for name in ("width", "height") if SIZE.fullmatch(size := self.options.get(name) or "")}
        return [nodes.image(self.block_text, uri=ref, alt=str(self.options.get("alt") or ""), **sizes)]


class PlainFigure(PlainImage):
    has_content = True

    def run(self) -> list[nodes.Node]:
        if "." not in self.arguments[0]:  # a layout of images, not a path
            several = nodes.container()
            self.state.nested_parse(self.content, self.content_offset, several)
            return [several]
        figure = nodes.figure("", *super().run())
        if self.content:
            box = nodes.Element()
            self.state.nested_parse(self.content, self.content_offset, box)
            children = list(box.children)
            if children and isinstance(children[0], nodes.paragraph):
                first = children.pop(0)
                figure += nodes.caption("", "", *first.children)
            return [figure, *children]
        return [figure]


class Include(Directive):
    """A file of the repository: parsed, or with `literal`, `code` or as `literalinclude` a code block."""

    has_content = True
    required_arguments = 1
    final_argument_whitespace = True
    option_spec = AnyOption(lines=_plain)
    around: Around = NOWHERE
    depth = 0

    def run(self) -> list[nodes.Node]:
        found = self.around.file(self.arguments[0].split("\n")[0].strip())
        if found is None or self.depth >= MOST_INCLUDES:
            return []
        text = excerpt(found[0], {name: value or "" for name, value in self.options.items()})
        if self.name.lower() == "literalinclude" or {"literal", "code"} & {*self.options}:
            ending = self.arguments[0].rpartition(".")[2].lower()
            language = (self.options.get("language") or self.options.get("code") or ENDINGS.get(ending, "")).lower()
            head = _head(self, self.options.get("caption") or "")
            return [*head, nodes.literal_block(text, text, classes=of_language(language))] if text.strip() else []
        box = nodes.container()
        type(self).depth += 1
        try:
            self.state.nested_parse(StringList(text.split("\n"), self.arguments[0]), 0, box, match_titles=True)
        finally:
            type(self).depth -= 1
        return list(box.children)


class Csv(CSVTable):
    """docutils' table of values, also of those in a file of the repository."""

    around: Around = NOWHERE

    def run(self) -> Sequence[nodes.table | nodes.system_message]:
        if path := self.options.pop("file", ""):
            found = self.around.file(path)
            self.content = StringList(found[0].strip().split("\n") if found else [], path)
        return super().run() if self.content else []


def _of_any_format(ref: str, around: Around) -> str:
    """The image that Sphinx would choose for `name.*`, but no drawing if there are pixels. A path that begins with a
    slash is from the documentation's root, at or above the page."""
    patterns = ["../" * above + ref.lstrip("/") for above in range(8)] if ref.startswith("/") else [ref]
    for pattern in patterns:
        found = [one for one in around.images(pattern) if one.rpartition(".")[0] == pattern.removesuffix(".*")]
        if found:
            return min(found, key=lambda one: (one.lower().endswith((".svg", ".tif", ".tiff")), one))
    return ref


def _without_options(lines: list[str]) -> list[str]:
    """Content without the option lines at the top of an unknown directive."""
    place = 0
    while place < len(lines) and re.match(r"^:[\w-]+:", lines[place]):
        place += 1
    return lines[place:]
