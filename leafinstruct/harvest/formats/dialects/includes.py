"""Files that a page takes in by a line of its own, as snippets of Python-Markdown, mdBook, VitePress, VuePress and
Docsify do, and inside fenced code."""

from __future__ import annotations

import re

from leafinstruct.harvest.formats import excerpts
from leafinstruct.harvest.formats.dialects import kinds
from leafinstruct.harvest.formats.dialects.page import Dialect
from leafinstruct.harvest.formats.dialects.tag import written

MARKS = ("8<", "<<<", "{!", "{{#", "@include", ":include", "@[code")
"""What a text with a line of them holds: a quick look."""
SEVERAL = re.compile(
    r"^-{1,}8<-{1,}[ \t]*\n((?:[^\n]+\n){1,50}?)-{1,}8<-{1,}[ \t]*$|^([ \t]*)\{![ \t]*([^!{}\n]+?)[ \t]*!\}[ \t]*$",
    re.MULTILINE,
)
"""Files one after another, and the form of an older extension."""
SNIPPET = re.compile(r"^(?P<indent>[ \t]*)-{1,}8<-{1,}[ \t]+[\"'](?P<path>[^\"'\n]+)[\"'][ \t]*$", re.MULTILINE)
ESCAPED = re.compile(r"^([ \t]*);(?=-{1,}8<-)", re.MULTILINE)
SECTION = re.compile(r"^[ \t]*-{1,}8<-{1,}[ \t]*\[[^\]\n]*\][ \t]*$\n?", re.MULTILINE)
MDBOOK = re.compile(
    r"^(?P<indent>[ \t]*)(?P<escaped>\\?)\{\{[ \t]*#(?P<how>\w+)[ \t]+(?P<path>[^\s{}]+)(?P<more>[^{}\n]*)\}\}[ \t]*$",
    re.MULTILINE,
)
OF_CODE = re.compile(
    r"^(?P<indent>[ \t]*)(?:<<<[ \t]+(?P<path>@?[^\s{}#]+)(?:#(?P<region>[\w.-]+))?[ \t]*(?:\{(?P<more>[^{}\n]*)\})?"
    r"[ \t]*(?:\[(?P<title>[^\[\]\n]+)\])?[^\n]*"
    r"|@\[code[ \t]*(?:\{(?P<lines>[^{}\n]*)\})?[ \t]*(?P<language>\w+)?[^\]\n]*\]\((?P<file>[^()\s]+)\)[ \t]*)$",
    re.MULTILINE,
)
COMMENT = re.compile(
    r"<!--[ \t]*@include:[ \t]*(?P<path>[^\s{}#]+)(?:#(?P<region>[^\s{}]+))?(?:\{(?P<lines>[^{}\n]*)\})?[ \t]*-->"
)
DOCSIFY = re.compile(
    r"^(?P<indent>[ \t]*)\[[^\[\]\n]*\]\((?P<path>[^\s()]+)[ \t]+['\"]:include(?P<more>[^'\"\n]*)['\"]\)[ \t]*$",
    re.MULTILINE,
)
OPTION = re.compile(r":(\w+)=([^\s:]+)")
NUMBERS = re.compile(r"[\d,\- ]+")


def with_includes(text: str) -> str:
    """A text without fenced code, in which such lines are tags."""
    if not any(map(text.__contains__, MARKS)):
        return text
    text = SNIPPET.sub(
        lambda found: _tag(found["indent"], *_split(found["path"])), SEVERAL.sub(_several, SECTION.sub("", text))
    )
    text = MDBOOK.sub(_of_mdbook, OF_CODE.sub(_code, COMMENT.sub(_comment, DOCSIFY.sub(_docsify, text))))
    return ESCAPED.sub(r"\1", text)


def within_code(text: str, dialect: Dialect) -> str:
    """Fenced code with the files that its lines take in."""
    if "8<" in text:
        text = SNIPPET.sub(lambda found: _read(*_split(found["path"]), dialect), SECTION.sub("", text))
        text = ESCAPED.sub(r"\1", text)
    if "{{#" in text:
        text = MDBOOK.sub(lambda found: _read_of_mdbook(found, dialect), text)
    return text


def _split(path: str) -> tuple[str, dict[str, str]]:
    """A path, and the part of the file that is named after it."""
    name, colon, place = path.strip().partition(":")
    if not colon or place.startswith("//"):
        return path.strip(), {}
    return name, excerpts.named(place)


def _tag(indent: str, path: str, options: dict[str, str], kind: str = "") -> str:
    kind = kind or ("x-include" if kinds.is_text(path) else "x-literalinclude")
    return f"\n{indent}{written(kind, {'src': path, **options}, alone=True)}\n"


def _several(found: re.Match[str]) -> str:
    if found[3]:
        return _tag(found[2], found[3], {}, "x-include")
    return "".join(_tag("", *_split(line), "x-include") for line in found[1].split("\n") if line.strip())


def _of_mdbook(found: re.Match[str]) -> str:
    if found["escaped"]:
        return found[0].replace("\\{{", "&#123;&#123;", 1)
    if not found["how"].endswith(("include", "playground", "playpen")):
        return ""
    return _tag(found["indent"], *_split(found["path"]))


def _read_of_mdbook(found: re.Match[str], dialect: Dialect) -> str:
    if found["escaped"] or not found["how"].endswith(("include", "playground", "playpen")):
        return found[0].replace("\\{{", "{{", 1)
    return _read(*_split(found["path"]), dialect)


def _read(path: str, options: dict[str, str], dialect: Dialect) -> str:
    return excerpts.excerpt(dialect.text_of(path), options)


def _code(found: re.Match[str]) -> str:
    lines, language = found["lines"] or "", found["language"] or ""
    for word in (found["more"] or "").split():
        if not NUMBERS.fullmatch(word) and not language:
            language = word.partition(":")[0]
    options = {"region": found["region"] or "", "lines": lines, "language": language, "title": found["title"] or ""}
    return _tag(found["indent"], found["path"] or found["file"], {**options, "dedent": "true"}, "x-literalinclude")


def _comment(found: re.Match[str]) -> str:
    stretch = (found["lines"] or "").replace(" ", "")
    first, comma, last = stretch.partition(",")
    lines = f"{first}-{last}" if comma else first
    return _tag("", found["path"], {"region": found["region"] or "", "lines": lines}, "x-include")


def _docsify(found: re.Match[str]) -> str:
    options = dict(OPTION.findall(found["more"]))
    part = {"region": options.get("fragment", "")}
    if options.get("type") in ("iframe", "video", "audio"):
        return ""
    return _tag(found["indent"], found["path"], part, "x-literalinclude" if options.get("type") == "code" else "")
