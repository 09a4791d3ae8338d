"""Directives: fences of backticks, tildes or colons that name what they hold, as MyST, Docusaurus, VitePress, Pandoc,
Quarto and Microsoft's docs write them.

A fence of backticks holds what is between; of a box between colons the content needs no end.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from markdown_it.rules_block import StateBlock

from leafinstruct.harvest.bounds import OUT_OF_MEMORY
from leafinstruct.harvest.formats import excerpts, rst, sphinx
from leafinstruct.harvest.formats.dialects import blocks, chunks, kinds, knitr, listings, templates
from leafinstruct.harvest.formats.dialects.page import flat, of, yaml_of
from leafinstruct.harvest.formats.dialects.tag import scan

NAMED = re.compile(
    r"(?P<mark>`{3,}|~{3,}|:{3,})\{(?P<name>[A-Za-z][\w:.+-]*)(?![\w:.+-]|[ \t]*=)"
    r"(?P<more>[^{}]*)\}[ \t]*(?P<argument>.*)$"
)
WITH_CLASS = re.compile(r"(?P<mark>:{3,})[ \t]*(?P<name>[\w-]*)[ \t]*\{(?P<attributes>[^{}]*)\}[ \t]*:*$")
COLONS = re.compile(r"(?P<mark>:{3,})[ \t]*(?P<name>[A-Za-z][\w-]*)?(?P<rest>.*)$")
API = re.compile(r":::[ \t]+[A-Za-z_]\w*(?:\.\w+)+[ \t]*")
"""What a program writes about an object of Python, with options below it."""
ONE_LINE = re.compile(r":::[ \t]*(?P<name>[a-z][a-z-]*)(?P<rest>(?:[ \t][^\n]*)?):::[ \t]*$")
BRACKETED = re.compile(r"\[(?P<title>(?:[^\[\]\\]|\\.|\[[^\[\]]*\])*)\](?:\{[^{}]*\})?[ \t]*$")
RAW_FORMAT = re.compile(r"(?P<mark>`{3,}|~{3,})[ \t]*\{=(?P<name>\w+)\}[ \t]*$")
OPTION = re.compile(r"[ \t]*:([\w-]+):[ \t]*(.*)$")
KEYS = re.compile(r"([\w-]+)[ \t]*=[ \t]*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'{}]+))")
CLASSES = re.compile(r"\.([\w-]+)")
_CODE = """
    code code-block sourcecode code-cell prompt parsed-literal doctest testcode ipython exec_code
    jupyter-execute
"""
CODE = frozenset(_CODE.split())
_IMAGE = "image figure thumbnail"
IMAGE = frozenset(_IMAGE.split())
_SILENT = """
    raw index meta toctree contents tableofcontents bibliography footbibliography embed only-comment
"""
SILENT = frozenset(_SILENT.split())
_WITHOUT_TITLE = """
    grid grid-item tab-set tab-set-code tabs div container only ifconfig card-carousel solution solution-start
    solution-end exercise-end button-link button-ref line-block class rst-class figure-md gallery iframe youtube
    video glue anywidget blockquote epigraph pull-quote highlights list-table csv-table table layout columns
    column row zone moniker v-pre raw code-group tabset panel-tabset
"""
WITHOUT_TITLE = frozenset(_WITHOUT_TITLE.split())
"""Directives whose argument no reader sees."""
BOXES = re.compile(r"callout-(\w+)$")


def named(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """```` ```{name} argument ```` and `:::{name} argument`, and ```` ```{=html} ````."""
    line = blocks.line_of(state, start)
    if line[:3] not in ("```", "~~~", ":::") or state.is_code_block(start):
        return False
    found = NAMED.match(line) or RAW_FORMAT.match(line)
    if found is None:
        return False
    if silent:
        return True
    mark = found["mark"]
    closing, closed = _end(state, start, end, mark)
    raw = found.re is RAW_FORMAT
    argument = "" if raw else found["argument"].strip()
    name = "raw" if raw else found["name"].lower().rpartition(":")[2]
    more = "" if raw else found["more"]
    body, options = (start + 1, {}) if raw else _options(state, start + 1, closing)
    options = {**_keys(more), **options}
    state.line = start + 1  # before anything is pushed: rules inside set it
    if raw:
        argument = found["name"]
    if not raw and name in knitr.LANGUAGES and mark[0] != ":":
        blocks.html(state, knitr.shown(name, more, _text(state, start + 1, closing), of(state.env)))
    else:
        _directive(state, name, argument, options, (start, body, closing))
    state.line = closing + closed
    return True


def _end(state: StateBlock, start: int, end: int, mark: str) -> tuple[int, bool]:
    """The closing line of a fence. Between colons others may stand, with as many."""
    if mark[0] != ":":
        return blocks.end_of_fence(state, start, end, mark[0], len(mark))
    open_marks = [len(mark)]
    fence = ""
    for line in range(start + 1, end):
        if state.sCount[line] < state.blkIndent and not state.isEmpty(line):
            return line, False
        text = blocks.line_of(state, line).rstrip()
        if text[:3] in ("```", "~~~"):
            if not fence:
                fence = text[: len(text) - len(text.lstrip(text[0]))]
            elif text.startswith(fence) and not text.strip(fence[0]):
                fence = ""
            continue
        if fence or text[:3] != ":::":
            continue
        count = len(text) - len(text.lstrip(":"))
        if count < len(text):
            if not ONE_LINE.match(text):
                open_marks.append(count)
            continue
        if count in open_marks[:-1] and count > open_marks[-1]:
            del open_marks[open_marks.index(count) :]
        else:
            open_marks.pop()
        if not open_marks:
            return line, True
    return end, False


def _options(state: StateBlock, start: int, end: int) -> tuple[int, dict[str, str]]:
    """Where the content of a directive begins, and the options before it: `:key: value`, or YAML between dashes."""
    line = start
    while line < end and state.isEmpty(line):
        line += 1
    if line < end and blocks.line_of(state, line).strip() == "---":
        for closing in range(line + 1, end):
            if blocks.line_of(state, closing).strip() == "---":
                return closing + 1, {k.lower(): v for k, v in flat(yaml_of(_text(state, line + 1, closing)))}
        return start, {}
    options: dict[str, str] = {}
    key = ""
    while line < end and (text := blocks.line_of(state, line)):
        if found := OPTION.match(text):
            key = found[1].lower()
            options[key] = found[2].strip()
        elif key and state.sCount[line] > state.blkIndent:
            options[key] += " " + text.strip()  # goes on
        else:
            break
        line += 1
    return (line, options) if options else (start, {})


def _keys(text: str) -> dict[str, str]:
    return {key.lower(): a or b or c for key, a, b, c in KEYS.findall(text)}


def _text(state: StateBlock, start: int, end: int) -> str:
    return state.getLines(start, end, state.blkIndent, False)


def _directive(
    state: StateBlock, name: str, argument: str, options: Mapping[str, str], lines: tuple[int, int, int]
) -> None:
    start, body, end = lines
    if name in CODE:
        _code(state, name, argument, options, _text(state, body, end))
    elif name == "math":
        token = state.push("math_block", "math", 0)
        token.content, token.block = "\n".join(filter(None, (argument, _text(state, body, end)))), True
    elif name in IMAGE and argument:
        image = {
            "src": argument.replace("\n", ""),
            "alt": options.get("alt", ""),
            "caption": options.get("caption", ""),
        }
        if name == "figure":
            blocks.tag(state, "x-figure", image)
            blocks.content(state, body, end)
            blocks.html(state, "</x-figure>\n")
        else:
            blocks.tag(state, "x-image", image, alone=True)
    elif name == "figure-md":
        blocks.html(state, "\n<figure>\n")
        body = next((line for line in range(body, end) if not state.isEmpty(line)), end)
        blank = next((line for line in range(body, end) if state.isEmpty(line)), end)
        blocks.content(state, body, blank)
        blocks.html(state, "<figcaption>\n")
        blocks.content(state, blank, end)
        blocks.html(state, "</figcaption></figure>\n")
    elif name == "literalinclude":
        blocks.tag(
            state, "x-literalinclude", {"title": options.get("caption", ""), **options, "src": argument}, alone=True
        )
    elif name == "include":
        literal = "literal" in options or "code" in options
        kind, language = ("x-literalinclude", options.get("code", "")) if literal else ("x-include", "")
        blocks.tag(
            state, kind, {**options, "src": argument, "language": language or options.get("lang", "")}, alone=True
        )
    elif name == "raw":
        if argument.split()[:1] == ["html"]:
            blocks.html(state, f"\n{templates.without_templates(_text(state, body, end), of(state.env))}\n")
    elif name == "eval-rst":
        try:
            blocks.html(state, kinds.body_of(rst.html_of(_text(state, body, end), of(state.env).around)))
        except OUT_OF_MEMORY:
            raise
        except Exception:  # docutils raises many kinds on malformed input: its text is kept
            blocks.content(state, body, end)
    elif name == "glossary":
        listings.glossary(state, body, end)
    elif name == "list-table":
        blocks.title(state, argument, start)
        listings.list_table(state, body, end, options)
    elif name == "csv-table":
        blocks.title(state, argument, start)
        listings.csv_table(state, _text(state, body, end), options)
    elif name not in SILENT and kinds.kind_of(name) != "silent":
        _box(state, name, argument, options, lines)


def _code(state: StateBlock, name: str, argument: str, options: Mapping[str, str], text: str) -> None:
    if "remove-cell" in options.get("tags", "") or "remove-input" in options.get("tags", ""):
        return
    language = argument.split()[0] if argument and name != "parsed-literal" else {"doctest": "pycon"}.get(name, "")
    blocks.title(state, options.get("caption", "") or options.get("filename", ""), 0)
    blocks.html(state, chunks.code(text.strip("\n"), language))


def _box(state: StateBlock, name: str, argument: str, options: Mapping[str, str], lines: tuple[int, int, int]) -> None:
    start, body, end = lines
    text = options.get("title", "") or options.get("caption", "") or ("" if name in WITHOUT_TITLE else argument)
    if name == "code-tab" and argument:
        language, _, text = argument.partition(" ")
        blocks.title(state, text or language, start)
        blocks.html(state, chunks.code(_text(state, body, end).strip("\n"), language))
        return
    if name == "table":
        text = argument
    if name in knitr.THEOREMS:
        text = text or options.get("name", "")
    if name in sphinx.VERSIONS:
        blocks.html(state, "\n<p>")
        blocks.inline(state, sphinx.version(name, argument), start)
        blocks.html(state, "</p>\n")
        blocks.content(state, body, end)
        return
    _open(state, name, text, start)
    for key in ("img-top", "img-background", "img-bottom"):
        if ref := options.get(key, ""):
            blocks.tag(state, "x-image", {"src": ref, "alt": options.get("img-alt", "")}, alone=True)
    blocks.content(state, body, end)
    blocks.html(state, f"</x-{name}>\n")


def _open(state: StateBlock, name: str, text: str, line: int) -> None:
    """The beginning of a box: its title, or the name of its kind if readers are shown that."""
    shown = text or (
        name.capitalize() if name in kinds.ADMONITIONS and name not in ("admonition", "aside", "callout") else ""
    )
    html = f"\n<x-{name}>"
    blocks.html(state, html + "\n")
    blocks.title(state, sphinx.TITLES.get(name, shown) if not text else shown, line)


def colons(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """`:::name Title`, `:::name[Title]{...}`, `::: {.name title="..."}`, `:::name key="..." :::`, and their ends."""
    line = blocks.line_of(state, start).rstrip()
    if line[:3] != ":::" or state.is_code_block(start):
        return False
    if API.fullmatch(line):
        if not silent:
            last = start + 1
            while last < end and (state.isEmpty(last) or state.sCount[last] >= state.sCount[start] + 4):
                last += 1
            state.line = last
        return True
    if one := ONE_LINE.match(line):
        if not silent:
            state.line = start + 1
            _one_line(state, one["name"], one["rest"])
        return True
    with_class = WITH_CLASS.match(line)
    found = with_class or COLONS.match(line)
    if found is None:
        return False
    if silent:
        return True
    name, text = BOXES.sub(r"\1", (found["name"] or "").lower()), ""
    if with_class is not None:
        options, names = _keys(with_class["attributes"]), CLASSES.findall(with_class["attributes"])
        name = name or next((BOXES.sub(r"\1", one) for one in names if BOXES.match(one)), "") or "".join(names[:1])
        text = options.get("title", "") or (options.get("name", "") if name in knitr.THEOREMS else "")
    else:
        rest = found["rest"].strip()
        bracketed = BRACKETED.match(rest)
        text = bracketed["title"] if bracketed else rest.split("{")[0].rstrip(":").strip()
        if text.startswith("|"):
            text = text[1:].strip()
    state.line = start + 1
    if not name:
        return True
    if not text and with_class is not None and name in kinds.ADMONITIONS:
        text = _heading(state, end)
    silent_box = kinds.kind_of(name) == "silent" or (name == "hidden" and with_class is not None)
    if silent_box or name in ("content-hidden", "mermaid", "math", "code", "raw-html"):
        closing, closed = _end(state, start, end, found["mark"])
        if name in ("mermaid", "code"):
            blocks.html(state, chunks.code(_text(state, start + 1, closing), name if name == "mermaid" else text))
        elif name == "math":
            _directive(state, "math", "", {}, (start, start + 1, closing))
        state.line = closing + closed
        return True
    shown = "" if name in WITHOUT_TITLE or name in ("div", "fragment") else text
    label = (
        name.capitalize()
        if not shown and name in kinds.ADMONITIONS and name not in ("aside", "callout", "admonition")
        else ""
    )
    blocks.title(state, shown or label, start)
    return True


def _heading(state: StateBlock, end: int) -> str:
    """The heading that a callout begins with, which is its title; "" without one."""
    line = state.line
    while line < end and state.isEmpty(line):
        line += 1
    found = excerpts.HEADING.match(blocks.line_of(state, line)) if line < end else None
    if found is None:
        return ""
    state.line = line + 1
    return found[2].strip()


def _one_line(state: StateBlock, name: str, rest: str) -> None:
    tag = scan(f"<x-{name}{rest.rstrip()}>", 0)
    attributes = dict(tag.attributes) if tag else {}
    if name == "image":
        source = attributes.get("source", "")
        blocks.tag(state, "x-image", {"src": source, "alt": attributes.get("alt-text", "")}, alone=True)
    elif name == "code":
        wanted = {
            "src": attributes.get("source", ""),
            "language": attributes.get("language", ""),
            "lines": attributes.get("range", ""),
        }
        blocks.tag(state, "x-literalinclude", wanted, alone=True)
