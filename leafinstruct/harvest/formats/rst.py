"""reStructuredText to a page, parsed by docutils. What only Sphinx and its extensions know keeps its text and images.

Of other files only those are read that `around` gives: `include` and `literalinclude` inside the repository. docutils'
own reading of files is off.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from copy import copy
from functools import cache, partial
from typing import Any, cast

import docutils.core
import docutils.nodes as nodes
import docutils.utils
from docutils.frontend import Values
from docutils.parsers.rst import directives, roles
from selectolax.lexbor import LexborHTMLParser

from leafinstruct.harvest.bounds import OUT_OF_MEMORY
from leafinstruct.harvest.formats import sphinx
from leafinstruct.harvest.formats.around import NOWHERE, Around
from leafinstruct.harvest.formats.labels import labels_of
from leafinstruct.harvest.formats.rst_directives import (
    CODE,
    FIGURES,
    SILENT,
    Anything,
    Csv,
    Include,
    PlainFigure,
    PlainImage,
    of_language,
)
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
BY_LABEL = frozenset(["ref", "numref", "doc", "any", "eq", "std:ref", "std:doc", "std:numref"])
"""Roles whose text without a title is the label of what they link to."""
UNDEFINED = re.compile(r"\|([^|\n]+)\|_{0,2}")
NUMBER = re.compile(r"\s*(?:%s|\{number\})")
"""The place of a number that only a build of the site knows."""
TARGET = re.compile(r"^(.*?)\s*<[^<>]*>$", re.DOTALL)
DIRECTIVE = re.compile(r"^[ \t]*\.\.[ \t]+([A-Za-z][\w:.+-]*)::", re.MULTILINE)
ROLE = re.compile(r":([A-Za-z][\w:.+-]*):`")
MARKDOWN_HEADING = re.compile(r"^(#{1,6}) +(\S.*?)(?: +#+)?$")
MARKDOWN_FENCE = re.compile(r"^([ \t]*)(`{3,})([\w+-]*)[ \t]*$")
MARKDOWN_LINK = re.compile(r"(?<!!)\[([^\[\]]+)\]\(https?://[^()\s]+\)")
WIKI_LINK = re.compile(r"\[\[(?:[#\w][^\[\]|\n]*\||#)([^\s\[\]|][^\[\]|\n]*)\]\]")
UNDERLINES = "=-~^+*"


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
    shown = NUMBER.sub("", titled[1]) if titled and titled[1] else sphinx.words_of_role(kind, plain)
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
    body += sphinx.definitions(body, around)
    _register_unknown(body, around)
    tree = docutils.core.publish_doctree(body, settings=copy(_settings("null")))
    _clean(tree)
    made = docutils.core.publish_from_doctree(tree, writer="html5", settings=copy(_settings("html5")))
    return str(made.decode("utf-8", "replace"))


@cache
def _settings(writer: str) -> Values:
    """Settings of reading or writing; docutils makes them out of hundreds of options, and writes into them."""
    names: Any = "standalone", "restructuredtext", writer  # stubs know components alone
    publisher = docutils.core.Publisher(*names)
    publisher.process_programmatic_settings(None, SETTINGS, None)
    return cast(Values, publisher.settings)


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
    directives.register_directive("csv-table", type("Csv", (Csv,), {"around": around}))
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
    for classifier in tree.findall(nodes.classifier):
        classifier.insert(0, nodes.Text(" : "))
    for literal in tree.findall(nodes.literal):
        literal["classes"].append("code")  # else the writer makes it a span
    for node in tree.findall():
        if isinstance(node, nodes.comment):
            language = node.get("highlight", language)
        elif isinstance(node, nodes.literal_block) and not node["classes"]:
            node["classes"] = of_language(language)
    for node in list(tree.findall()):
        if (
            isinstance(node, nodes.system_message | nodes.comment | nodes.docinfo | nodes.meta)
            or (isinstance(node, nodes.raw) and "html" not in node.get("format", "").split())
        ) and node.parent:
            node.parent.remove(node)
    for problem in list(tree.findall(nodes.problematic)):
        problem.parent.replace(problem, nodes.Text(UNDEFINED.sub(r"\1", problem.astext())))
