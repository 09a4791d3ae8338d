"""reStructuredText to a page, parsed by docutils. What only Sphinx and its extensions know keeps its text and images.

No other file is read: `include`, `raw :file:` and `csv-table :file:` are off.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import docutils.core
import docutils.nodes as nodes
import docutils.utils
from docutils.parsers.rst import Directive, directives, roles
from docutils.parsers.rst.directives.images import Image as ImageDirective
from selectolax.lexbor import LexborHTMLParser

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
_SILENT = """
    toctree index meta only-comment todo seealso-hidden tabularcolumns literalinclude rli rediraffe
    include automodule autoclass autofunction contents sectionauthor codeauthor currentmodule module default-
    role raw
"""
SILENT = frozenset(_SILENT.split())
TARGET = re.compile(r"^(.*?)\s*<[^<>]*>$", re.DOTALL)
DIRECTIVE = re.compile(r"^[ \t]*\.\.[ \t]+([A-Za-z][\w:.+-]*)::", re.MULTILINE)
ROLE = re.compile(r":([A-Za-z][\w:.+-]*):`")
MARKDOWN_HEADING = re.compile(r"^(#{1,6}) +(\S.*?)(?: +#+)?$")
MARKDOWN_FENCE = re.compile(r"^([ \t]*)(`{3,})([\w+-]*)[ \t]*$")
MARKDOWN_LINK = re.compile(r"(?<!!)\[([^\[\]]+)\]\(https?://[^()\s]+\)")
ADDRESS = re.compile(r"[^\s/:.]*[/:.][^\s]*")
LANGUAGE = re.compile(r"[a-z][\w+#-]{0,19}")
OF_DIRECTIVE = {"testcode": "python", "doctest": "pycon", "ipython": "ipython"}
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
        if name in CODE:
            text = "\n".join(lines)
            language = OF_DIRECTIVE.get(name, stated)
            return [nodes.literal_block(text, text, classes=_of_language(language))] if text.strip() else []
        box = nodes.container()
        argument = re.split(r"\n\s*:[\w-]+:", self.arguments[0])[0] if self.arguments else ""
        if argument and not ADDRESS.fullmatch(argument):
            inline, _ = self.state.inline_text(argument, self.lineno)
            box += nodes.paragraph(argument, "", *inline)
        start = len(self.content) - len(lines)
        self.state.nested_parse(self.content[start:], self.content_offset + start, box)
        return [box]


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

    def run(self) -> list[nodes.Node]:
        ref = "".join(self.arguments[0].split("\n")).strip()
        return [nodes.image(self.block_text, uri=ref, alt=str(self.options.get("alt") or ""))]


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


def _without_options(lines: list[str]) -> list[str]:
    """Content without the option lines at the top of an unknown directive."""
    place = 0
    while place < len(lines) and re.match(r"^:[\w-]+:", lines[place]):
        place += 1
    return lines[place:]


def any_role(
    name: str, rawtext: str, text: str, lineno: int, inliner: Any, options: Any = None, content: Any = None
) -> tuple[list[nodes.Node], list[nodes.system_message]]:
    """A role that docutils does not know: its text, without a link's target."""
    plain = docutils.utils.unescape(text)
    titled = TARGET.match(plain)
    shown = titled[1] if titled and titled[1] else plain.lstrip("~!")
    return [nodes.inline(rawtext, shown)], []


def parse_rst(text: str, links: str | None = None) -> Page:
    """Blocks and title of a reStructuredText file, with its links as in `walk`. Broken markup keeps its text; a file
    that docutils cannot parse has the error `broken_rst`."""
    front, body = split_front_matter(text)
    try:
        html = html_of(body)
    except Exception:  # docutils raises many kinds on malformed input; one file must not stop a harvest
        return Page(error="broken_rst")
    dom = LexborHTMLParser(html)
    page = Page(blocks=walk(dom.body, links=links) if dom.body is not None else [])
    page.title = field(front, "title")
    page.language = field(front, "lang", "language")
    page.license = field(front, "license", "licence")
    return page


def html_of(text: str) -> str:
    """The HTML of reStructuredText. Raises whatever docutils raises on malformed input."""
    body = _without_markdown(text)
    _register_unknown(body)
    tree = docutils.core.publish_doctree(body, settings_overrides=SETTINGS)
    _clean(tree)
    made = docutils.core.publish_from_doctree(tree, writer="html5", settings_overrides=SETTINGS)
    return str(made.decode("utf-8", "replace"))


def _without_markdown(body: str) -> str:
    """The text with Markdown's headings and fenced code, which some projects use in reStructuredText, rewritten for
    docutils."""
    lines: list[str] = []
    fence: tuple[str, str] | None = None
    for line in body.splitlines():
        if fence:
            closed = line.strip() == fence[1]
            lines.append(
                "" if closed else f"   {line}" if line.startswith(fence[0]) else f"{fence[0]}   {line.lstrip()}"
            )
            fence = None if closed else fence
        elif opening := MARKDOWN_FENCE.match(line):
            fence = (opening[1], opening[2])
            lines += [f"{opening[1]}.. code-block:: {opening[3]}".rstrip(), ""]
        elif heading := MARKDOWN_HEADING.match(line):
            # two columns per character: wide letters need a longer underline
            lines += ["", heading[2], UNDERLINES[len(heading[1]) - 1] * (2 * len(heading[2])), ""]
        else:
            lines.append(MARKDOWN_LINK.sub(r"\1", line))
    return "\n".join(lines)


def _register_unknown(body: str) -> None:
    """Registers a handler for every directive and role in this text that docutils has no module for."""
    directives.register_directive("image", PlainImage)
    directives.register_directive("figure", PlainFigure)
    for name in {n.lower() for n in DIRECTIVE.findall(body)}:
        known = name in directives._directive_registry or name in directives._directives  # type: ignore[attr-defined]
        if name in SILENT or name in CODE or not known:
            directives.register_directive(name, Anything)
    for name in {n.lower() for n in ROLE.findall(body)}:
        if name not in roles._role_registry and name not in roles._roles:  # type: ignore[attr-defined]
            roles.register_local_role(name, any_role)  # type: ignore[arg-type]


def _clean(tree: nodes.document) -> None:
    """Removes what readers do not see: parser messages, comments, field lists at the top. Text that a message quotes
    because it could not be parsed is kept."""
    for message in list(tree.findall(nodes.system_message)):
        quoted = [n for n in message.children if isinstance(n, nodes.literal_block) and n.astext()[:2] != ".."]
        if message.parent and quoted and message.get("level", 0) >= 3:
            message.parent.replace(message, quoted)
    language = ""
    for literal in tree.findall(nodes.literal):
        literal["classes"].append("code")  # else the writer makes it a span
    for node in tree.findall():
        if isinstance(node, nodes.comment):
            language = node.get("highlight", language)
        elif isinstance(node, nodes.literal_block) and not node["classes"]:
            node["classes"] = _of_language(language)
    for node in list(tree.findall()):
        if (
            isinstance(node, nodes.system_message | nodes.comment | nodes.docinfo | nodes.raw | nodes.meta)
            and node.parent
        ):
            node.parent.remove(node)
    for problem in list(tree.findall(nodes.problematic)):
        problem.parent.replace(problem, nodes.Text(problem.astext()))
