"""Executable chunks, as knitr and Quarto read them: their options, what readers see of them, and the images that a
chunk is known to show."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape

from leafinstruct.harvest.formats.dialects import chunks
from leafinstruct.harvest.formats.dialects.page import Dialect, yaml_of
from leafinstruct.harvest.formats.dialects.tag import written

_LANGUAGES = """
    r python julia bash sh zsh sql ojs observable mermaid dot js javascript css stan rcpp cpp c perl ruby node go scala
    octave matlab sas stata haskell rust fortran shell powershell html php lua asy tikz d3 eval
    webr-r webr pyodide pyodide-python shinylive-r shinylive-python
"""
LANGUAGES = frozenset(_LANGUAGES.split())
DIAGRAMS = frozenset(("mermaid", "dot", "tikz"))
"""Languages of drawings: a caption of theirs is under the code, as there is no image."""
_STRING = r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'"
STRING = re.compile(_STRING, re.DOTALL)
OPTION_LINE = re.compile(r"^[ \t]*(?:#|//|--|%%)\|[ \t]?(.*)$")
OPTION = re.compile(r"([\w.-]+)[ \t]*:[ \t]*(.*)$")
CHUNK_OPTION = re.compile(rf"([\w.-]+)[ \t]*=[ \t]*({_STRING}|c\((?:{_STRING}|[^()\"'])*\)|[^,\"']+)", re.DOTALL)
GRAPHICS = re.compile(
    r"\b(?:include_graphics|Image|imread|display_image|image_read|readPNG|readJPEG)\("
    r"\s*(?:c\()?(?:path\s*=\s*|filename\s*=\s*)?([^()]*)",
    re.DOTALL,
)
PATH = re.compile(r"[\"']([^\"'\n]+\.(?:png|jpe?g|gif|webp|svg|bmp|tiff?))[\"']", re.IGNORECASE)
JOINED = re.compile(
    r"\b(?P<how>(?:here::)?here|file\.path|paste0|os\.path\.join)"
    rf"\((?P<parts>\s*(?:{_STRING})(?:\s*,\s*(?:{_STRING}))*\s*)\)"
)
"""A path in pieces."""
REFERENCE = re.compile(r"\(ref:([\w-]+)\)")
HIDES = re.compile(r"opts_chunk\$set\([^()]*\becho\s*=\s*F(?:ALSE)?\b")
TEXT_REFERENCE = re.compile(r"^\(ref:([\w-]+)\)[ \t]+(\S[^\n]*(?:\n(?![ \t]*\n)[^\n]+)*)\n?", re.MULTILINE)
PART = re.compile(r"^(#{1,6}[ \t]+)\((?:PART|APPENDIX)(?:\\?\*)?\)[ \t]*", re.MULTILINE)
METADATA = re.compile(r"(?<=\n\n)---[ \t]*\n[\w-]+:[^\n]*\n(?:[^\n]+\n){0,50}?(?:---|\.\.\.)[ \t]*(?=\n|\Z)")
EXAMPLE = re.compile(r"^([ \t]{0,3})\(@([\w-]*)\)(?=[ \t])", re.MULTILINE)
EXAMPLE_REFERENCE = re.compile(r"\(@([\w-]+)\)|(?<!\w)@([\w-]+)\b")
HASH_ITEM = re.compile(r"^([ \t]*)#\.(?=[ \t])", re.MULTILINE)
_THEOREMS = """
    theorem lemma corollary proposition conjecture definition example exercise solution remark proof hypothesis
    algorithm thm lem cor prp cnj def exm exr
"""
THEOREMS = frozenset(_THEOREMS.split())
"""Boxes with a `name` that readers see."""


def options_of(more: str, text: str) -> tuple[dict[str, list[str]], str]:
    """The options of a chunk, in its head and in the comments it begins with, and its code without those."""
    options = {key.lower().replace(".", "-"): _values(value) for key, value in CHUNK_OPTION.findall(more)}
    lines, stated = text.split("\n"), list[str]()
    while lines and (found := OPTION_LINE.match(lines[0])):
        stated.append(found[1])
        lines.pop(0)
    values = yaml_of("\n".join(stated)) if stated else {}
    for key, value in values.items():
        several = value if isinstance(value, list) else [value]
        options[str(key).lower().replace(".", "-")] = [" ".join(str(one).split()) for one in several if one is not None]
    for line in stated if not values else ():
        if option := OPTION.match(line):
            options[option[1].lower().replace(".", "-")] = [option[2].strip().strip("\"'")]
    return options, "\n".join(lines).strip("\n")


def _values(written_value: str) -> list[str]:
    stated = written_value.strip()
    if stated[:2] != "c(" and stated[:1] not in "\"'":
        return [stated]
    return [re.sub(r"\\(.)", r"\1", one[1:-1]) for one in STRING.findall(stated)]


def first(options: Mapping[str, Sequence[str]], *keys: str) -> str:
    return next((options[key][0] for key in keys if options.get(key)), "")


def shown(language: str, more: str, text: str, dialect: Dialect) -> str:
    """What readers see of a chunk: its code, the images that it takes from files, and its child documents."""
    options, body = options_of(more, text)
    if HIDES.search(body) and not _is_off(options, "eval"):
        dialect.values["echo"] = "false"
    if children := options.get("child"):
        return "".join(f"\n{written('x-include', {'src': path}, alone=True)}\n" for path in children)
    if _is_off(options, "include"):
        return ""
    images = images_of(body, options, dialect) if not _is_off(options, "eval") else ""
    echo = options.get("echo") or [dialect.values.get("echo", "") or dialect.values.get("meta execute.echo", "")]
    hidden = _is_off({"echo": echo}, "echo") or (images and GRAPHICS.match(_whole(body).strip()) is not None)
    if language in DIAGRAMS:
        caption = _captions(options, dialect)
        return chunks.code(body, language) + "".join(
            f"\n{written('x-caption', {'caption': one}, alone=True)}\n" for one in caption
        )
    title = first(options, "filename", "title", "lst-cap")
    head = f"<p><strong>{escape(title)}</strong></p>\n" if title and not hidden else ""
    return head + ("" if hidden else chunks.code(body, language.removeprefix("webr-") or language)) + images


def _is_off(options: Mapping[str, Sequence[str]], key: str) -> bool:
    return first(options, key).strip().lower() in ("false", "f", "no")


def _captions(options: Mapping[str, Sequence[str]], dialect: Dialect) -> list[str]:
    stated = options.get("fig-subcap") or options.get("fig-cap") or []
    return [REFERENCE.sub(lambda found: dialect.values.get(f"ref {found[1]}", ""), one) for one in stated]


def _whole(code: str) -> str:
    """Code with the paths that it puts together."""
    return JOINED.sub(_joined, code) if "(" in code else code


def _joined(found: re.Match[str]) -> str:
    parts = [one[1:-1] for one in STRING.findall(found["parts"])]
    return f'"{("" if found["how"] == "paste0" else "/").join(parts)}"'


def paths_of(code: str) -> list[str]:
    """The paths of images that code shows."""
    return [path for call in GRAPHICS.findall(_whole(code)) for path in PATH.findall(call)]


def images_of(code: str, options: Mapping[str, Sequence[str]], dialect: Dialect) -> str:
    paths = paths_of(code)
    captions, alts = _captions(options, dialect), options.get("fig-alt") or [""]
    captions = captions if len(captions) > 1 else captions * len(paths)
    out = []
    for number, path in enumerate(paths):
        caption = captions[number] if number < len(captions) else ""
        image = {"src": path, "alt": alts[min(number, len(alts) - 1)], "caption": caption}
        out.append(f"\n{written('x-image', image, alone=True)}\n")
    return "".join(out)


def prepared(text: str, dialect: Dialect) -> str:
    """A text without fenced code in which what pandoc and bookdown have besides Markdown is Markdown: texts for
    captions, parts of a book, metadata in the middle, numbered examples."""
    if "(ref:" in text:
        for name, stated in TEXT_REFERENCE.findall(text):
            dialect.values[f"ref {name}"] = " ".join(stated.split())
        text = REFERENCE.sub(lambda found: dialect.values.get(f"ref {found[1]}", ""), TEXT_REFERENCE.sub("", text))
    if "(PART" in text or "(APPENDIX" in text:
        text = PART.sub(r"\1", text)
    if "\n---" in text:
        text = METADATA.sub("", text)
    if "#." in text:
        text = HASH_ITEM.sub(r"\g<1>1.", text)
    return _examples(text, dialect) if "(@" in text else text


def _examples(text: str, dialect: Dialect) -> str:
    """Examples numbered through the page, and references to them."""

    def number(found: re.Match[str]) -> str:
        count = int(dialect.values.get("examples", "0")) + 1
        dialect.values["examples"] = str(count)
        if found[2]:
            dialect.values[f"example {found[2]}"] = str(count)
        return f"{found[1]}{count}."

    text = EXAMPLE.sub(number, text)
    return EXAMPLE_REFERENCE.sub(
        lambda found: f"({known})" if (known := dialect.values.get(f"example {found[1] or found[2]}")) else found[0],
        text,
    )
