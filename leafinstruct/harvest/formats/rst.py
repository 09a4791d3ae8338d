"""reStructuredText to a page, parsed by docutils. What only Sphinx and its extensions know keeps its text and images.

Of other files only those are read that `around` gives: `include` and `literalinclude` inside the repository. docutils'
own reading of files is off.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import docutils.core
import docutils.nodes as nodes
import docutils.utils
from docutils.parsers.rst import Directive, directives, roles
from docutils.parsers.rst.directives.images import Image as ImageDirective
from docutils.statemachine import StringList
from selectolax.lexbor import LexborHTMLParser

from leafinstruct.harvest.bounds import OUT_OF_MEMORY
from leafinstruct.harvest.formats import sphinx
from leafinstruct.harvest.formats.around import NOWHERE, Around
from leafinstruct.harvest.formats.labels import labels_of
from leafinstruct.harvest.html.flow import Page
from leafinstruct.harvest.html.walk import walk
from leafinstruct.harvest.metadata import field, split_front_matter

SETTINGS = {
    "file_insertion_enabled": False,
    "raw_enabled": True,
    "_disable_config": True,
    "report_level": 5,
    "halt_level": 6,
    "warning_stream": False,
    "embed_stylesheet": False,
    "stylesheet_path": "",
    "syntax_highlight": "none",
    "doctitle_xform": False,
    "initial_header_level": 1,
    "image_loading": "link",
    "math_output": "LaTeX",
    "smart_quotes": False,
    "line_length_limit": 1_000_000,
    "input_encoding": "unicode",
}
_CODE = "code code-block sourcecode highlight prompt parsed-code testcode doctest ipython"
CODE = frozenset(_CODE.split())
OWN_CODE = re.compile(r"code-?block|source-?code|code-(?:tab|cell|example|snippet)|^(?:mermaid|plot|console|terminal)$")
"""Names of directives for code that projects and extensions define."""
_SILENT = """
    toctree index meta only-comment todo seealso-hidden tabularcolumns rli rediraffe
    automodule autoclass autofunction contents sectionauthor codeauthor currentmodule module default-
    role youtube vimeo peertube asciinema video audio iframe
"""
SILENT = frozenset(_SILENT.split())
CONDITIONS = frozenset(("only", "ifconfig", "ifslides", "ifnotslides"))
"""Directives whose argument is no text."""
FIGURES = ("figure", "thumbnail", "image-figure", "subfigure")
PICTURE_OPTION = re.compile(r"^[ \t]*:(?:img-top|img-bottom|img-background|image|thumbnail|banner):[ \t]+(\S+)[ \t]*$")
BY_LABEL = frozenset(["ref", "numref", "doc", "any", "eq", "std:ref", "std:doc", "std:numref"])
"""Roles whose text without a title is the label of what they link to."""
UNDEFINED = re.compile(r"\|([^|\n]+)\|_{0,2}")
TARGET = re.compile(r"^(.*?)\s*<[^<>]*>$", re.DOTALL)
DIRECTIVE = re.compile(r"^[ \t]*\.\.[ \t]+([A-Za-z][\w:.+-]*)::", re.MULTILINE)
ROLE = re.compile(r":([A-Za-z][\w:.+-]*):`")
MARKDOWN_HEADING = re.compile(r"^(#{1,6}) +(\S.*?)(?: +#+)?$")
MARKDOWN_FENCE = re.compile(r"^([ \t]*)(`{3,})([\w+-]*)[ \t]*$")
MARKDOWN_LINK = re.compile(r"(?<!!)\[([^\[\]]+)\]\(https?://[^()\s]+\)")
WIKI_LINK = re.compile(r"\[\[(?:[#\w][^\[\]|\n]*\||#)([^\s\[\]|][^\[\]|\n]*)\]\]")
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
OF_DIRECTIVE = {"mermaid": "mermaid", "plot": "python", "testcode": "python", "doctest": "pycon", "ipython": "ipython"}
UNDERLINES = "=-~^+*"


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
            block = nodes.literal_block(text, text, classes=_of_language(OF_DIRECTIVE.get(name, stated)))
            title = self.arguments[0].partition(" ")[2] if name == "code-tab" and self.arguments else ""
            return [*([nodes.paragraph("", title)] if title else []), *([block] if text.strip() else [])]
        box: nodes.Element = nodes.container()
        if name == "seealso":
            box = nodes.admonition("", nodes.title("", "", nodes.Text(sphinx.TITLES[name])))
        box += [
            nodes.image(found[1], uri=found[1], alt="")
            for line in self._options(lines)
            if (found := PICTURE_OPTION.match(line))
        ]
        argument = re.split(r"\n\s*:[\w-]+:", self.arguments[0])[0] if self.arguments else ""
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


def _of_language(name: str) -> list[str]:
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
        text = _stretch(found[0], self.options)
        if self.name.lower() == "literalinclude" or {"literal", "code"} & {*self.options}:
            ending = self.arguments[0].rpartition(".")[2].lower()
            language = (self.options.get("language") or self.options.get("code") or ENDINGS.get(ending, "")).lower()
            return [nodes.literal_block(text, text, classes=_of_language(language))] if text.strip() else []
        box = nodes.container()
        type(self).depth += 1
        try:
            self.state.nested_parse(StringList(text.split("\n"), self.arguments[0]), 0, box, match_titles=True)
        finally:
            type(self).depth -= 1
        return list(box.children)


def _stretch(text: str, options: Mapping[str, str]) -> str:
    """The lines of a file that the options of a directive name."""
    lines = text.split("\n")
    if wanted := options.get("lines"):
        lines = [line for number, line in enumerate(lines, 1) if _is_listed(number, wanted)]
    for name, ends in (("start-after", False), ("start-at", False), ("end-before", True), ("end-at", True)):
        if not (mark := options.get(name)):
            continue
        at = next((n for n, line in enumerate(lines) if mark in line), -1)
        if at >= 0:
            cut = at + (name in ("start-after", "end-at"))
            lines = lines[:cut] if ends else lines[cut:]
    start, end = (options.get(name) or "" for name in ("start-line", "end-line"))
    lines = lines[int(start) if start.isdigit() else 0 : int(end) if end.isdigit() else None]
    return textwrap.dedent("\n".join(lines)).strip("\n") if "dedent" in options else "\n".join(lines).rstrip()


def _is_listed(number: int, wanted: str) -> bool:
    """Whether a line is in a list such as `1,3,5-10,20-`."""
    for part in wanted.split(","):
        first, dash, last = part.strip().partition("-")
        low, high = (int(one) if one.strip().isdigit() else None for one in (first, last))
        if (low or 1) <= number <= (high or (number if dash else low or 0)):
            return True
    return False


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


def any_role(
    name: str,
    rawtext: str,
    text: str,
    lineno: int,
    inliner: Any,
    options: Any = None,
    content: Any = None,
    titles: Mapping[str, str] | None = None,
    around: Around = NOWHERE,
) -> tuple[list[nodes.Node], list[nodes.system_message]]:
    """A role that docutils does not know: its text, without a link's target. A label alone is the title of its section,
    of `titles` by label or in another file, or its words."""
    plain, kind = docutils.utils.unescape(text), name.lower()
    titled = TARGET.match(plain)
    shown = titled[1] if titled and titled[1] else sphinx.words_of_role(kind, plain)
    if not (titled and titled[1]) and kind in BY_LABEL:
        words = re.sub(r"[-_]+", " ", shown.rpartition("/")[2].rpartition(":")[2]).strip()
        found = (titles or {}).get(shown.lower()) or sphinx.title_of_reference(
            kind.rpartition(":")[2], shown.strip(), around
        )
        shown = found or words
    of_code = sphinx.ROLES.get(kind.rpartition(":")[2]) == "code"
    return [nodes.literal(rawtext, shown) if of_code else nodes.inline(rawtext, shown)], []


def parse_rst(text: str, links: str | None = None, around: Around = NOWHERE) -> Page:
    """Blocks and title of a reStructuredText file, with its links as in `walk`. Broken markup keeps its text; a file
    that docutils cannot parse has the error `broken_rst`."""
    front, body = split_front_matter(text)
    try:
        html = html_of(body, around)
    except OUT_OF_MEMORY:
        raise
    except Exception:  # docutils raises many kinds on malformed input; one file must not stop a harvest
        return Page(error="broken_rst")
    dom = LexborHTMLParser(html)
    page = Page(blocks=walk(dom.body, links=links) if dom.body is not None else [])
    page.title = field(front, "title")
    page.language = field(front, "lang", "language")
    page.license = field(front, "license", "licence")
    return page


def html_of(text: str, around: Around = NOWHERE) -> str:
    """The HTML of reStructuredText. Raises whatever docutils raises on malformed input."""
    body = _without_markdown(text)
    _register_unknown(body, around)
    tree = docutils.core.publish_doctree(body, settings_overrides=SETTINGS)
    _clean(tree)
    made = docutils.core.publish_from_doctree(tree, writer="html5", settings_overrides=SETTINGS)
    return str(made.decode("utf-8", "replace"))


def _without_markdown(body: str) -> str:
    """The text with Markdown's headings and fenced code, which some projects use in reStructuredText, rewritten for
    docutils."""
    lines: list[str] = []
    fence: tuple[str, str] | None = None
    all_lines = body.splitlines()
    for number, line in enumerate(all_lines):
        if fence:
            closed = line.strip() == fence[1]
            lines.append(
                "" if closed else f"   {line}" if line.startswith(fence[0]) else f"{fence[0]}   {line.lstrip()}"
            )
            fence = None if closed else fence
        elif (opening := MARKDOWN_FENCE.match(line)) and not _is_underline(all_lines, number):
            fence = (opening[1], opening[2])
            lines += [f"{opening[1]}.. code-block:: {opening[3]}".rstrip(), ""]
        elif heading := MARKDOWN_HEADING.match(line):
            # two columns per character: wide letters need a longer underline
            lines += ["", heading[2], UNDERLINES[len(heading[1]) - 1] * (2 * len(heading[2])), ""]
        else:
            lines.append(MARKDOWN_LINK.sub(r"\1", WIKI_LINK.sub(r"\1", line) if "[[" in line else line))
    return "\n".join(lines)


def _is_underline(lines: Sequence[str], number: int) -> bool:
    """Whether a line of backticks belongs to a title: it is below one that is not longer, or above one."""
    marks, before = lines[number], lines[number - 1] if number else ""
    if marks.strip("`") or len(marks) < 4:
        return False
    if before.strip() and not before[:1].isspace() and len(before.rstrip()) <= len(marks) + 1:
        return True
    return number + 2 < len(lines) and lines[number + 2] == marks and 0 < len(lines[number + 1].strip()) <= len(marks)


def _register_unknown(body: str, around: Around) -> None:
    """Registers a handler for every directive and role in this text that docutils has no module for."""
    directives.register_directive("image", type("Image", (PlainImage,), {"around": around}))
    for name in FIGURES:
        directives.register_directive(name, type("Figure", (PlainFigure,), {"around": around}))
    including = type("Including", (Include,), {"around": around})
    for name in ("include", "literalinclude"):
        directives.register_directive(name, including)
    titles = labels_of(body)
    for name in {n.lower() for n in DIRECTIVE.findall(body)}:
        known = name in directives._directive_registry or name in directives._directives  # type: ignore[attr-defined]
        if name in SILENT or name in CODE or not known:
            directives.register_directive(name, Anything)
    for name in {n.lower() for n in ROLE.findall(body)}:
        if name in BY_LABEL or (name not in roles._role_registry and name not in roles._roles):  # type: ignore[attr-defined]
            roles.register_local_role(name, partial(any_role, titles=titles, around=around))  # type: ignore[arg-type]


def _clean(tree: nodes.document) -> None:
    """Removes what readers do not see: parser messages, comments, field lists at the top. Text that a message quotes
    because it could not be parsed is kept."""
    for message in list(tree.findall(nodes.system_message)):
        quoted = [n for n in message.children if isinstance(n, nodes.literal_block) and n.astext()[:2] != ".."]
        if message.parent and quoted and message.get("level", 0) >= 3:
            message.parent.replace(message, quoted)
    language = ""
    for name in tree.findall(nodes.field_name):
        if (shown := sphinx.field_name(name.astext())) != name.astext():
            name.children = [nodes.Text(shown)]
    for literal in tree.findall(nodes.literal):
        literal["classes"].append("code")  # else the writer makes it a span
    for node in tree.findall():
        if isinstance(node, nodes.comment):
            language = node.get("highlight", language)
        elif isinstance(node, nodes.literal_block) and not node["classes"]:
            node["classes"] = _of_language(language)
    for node in list(tree.findall()):
        if (
            isinstance(node, nodes.system_message | nodes.comment | nodes.docinfo | nodes.meta)
            or (isinstance(node, nodes.raw) and "html" not in node.get("format", "").split())
        ) and node.parent:
            node.parent.remove(node)
    for problem in list(tree.findall(nodes.problematic)):
        problem.parent.replace(problem, nodes.Text(UNDEFINED.sub(r"\1", problem.astext())))
