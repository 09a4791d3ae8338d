"""Tags of template engines, which a site generator reads before the Markdown: Hugo's shortcodes, Liquid, Jinja,
Markdoc, GitBook.

A tag becomes a tag of a page (`lowering`), with the words in its arguments; one that only steers the engine goes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from html import escape

from leafinstruct.harvest.formats.dialects import chunks, javascript, kinds, liquid
from leafinstruct.harvest.formats.dialects.page import Dialect
from leafinstruct.harvest.formats.dialects.shortcodes import (
    BOXES,
    CODE,
    CONTROL,
    FORMULAS,
    GALLERY,
    HIDDEN,
    IMAGES,
    INCLUDES,
    LABELED,
    NOT_CODE,
    PARAMETER,
    RAW_CODE,
    TEXTS,
    TITLED,
    VERBATIM,
)
from leafinstruct.harvest.formats.dialects.tag import written
from leafinstruct.harvest.formats.markdown_math import PROTECTED

IMAGE_NAME = javascript.IMAGE_NAME
ARGUMENTS = (
    r"(?:(?!\s{0,9}/?\s{0,9}[>%]\}\})"
    r"(?>\"[^\"]{0,2000}\"|'[^'\n]{0,500}'|`[^`]{0,2000}`|[^{}]|\{(?!\{))){0,2000}"
)
REST = r"(?:(?!\s{0,9}/?\s{0,9}[-+]?%\})(?>\{\{[^{}]{0,200}\}\}|[^{}%]|%(?!\})|\{(?!%)|\})){0,2000}"
"""What a tag may hold. Each step is atomic: quotes that do not close would have exponentially many readings."""
FOUND = re.compile(
    r"(?P<code>(?P<ticks>`+)(?!`).{1,500}?(?<!`)(?P=ticks)(?!`)|\{\{[<%]/\*.{0,2000}?\*/[>%]\}\}|" + PROTECTED + r")"
    r"|(?P<comment>\{%-?\s*comment\s*-?%\}.{0,4000}?\{%-?\s*endcomment\s*-?%\}|\{#.{0,500}?#\}|\{/\*.{0,500}?\*/\}"
    r"|\{\{-?\s*/\*.{0,2000}?\*/\s*-?\}\}|\{::comment\}.{0,4000}?\{:/(?:comment)?\}|<%#.{0,500}?%>)"
    rf"|\{{\{{(?P<hugo>[<%])\s*(?P<short>/?\s*[\w./-]+)(?P<arguments>{ARGUMENTS})\s*/?\s*[>%]\}}\}}"
    rf"|\{{%[-+]?\s*(?P<liquid>@[\w/-]+|/?\s*[\w.-]+)(?P<rest>{REST})\s*/?\s*[-+]?%\}}"
    r"|(?P<tag>(?<![={])\{{2,3}[^{}]{0,2000}\}{2,3}|(?<![={])\{\{[^{}]{0,500}\{[^{}]{0,500}\}[^{}]{0,500}\}\}|"
    r"\{(?:image|panel|video|glossary-link|interactive-[\w-]+|button-link|math|scratch|iframe|"
    r"boxed-text|table-of-contents|relative-link|style|comment)\b[^{}]{0,500}\})"
    r"|(?P<list>\{:[^{}\n]*\}|\[\[\[[^\[\]\n]*\]\]\])",
    re.DOTALL,
)
SIGN = re.compile(
    r"\{(?:[{%#:/]|image|panel|video|glossary-link|interactive-|button-link|math|scratch|iframe|boxed-text|"
    r"table-of-contents|relative-link|style|comment)|\[\[\[|<%#"
)
"""Begins any of these but code; texts without one are many, and `FOUND` tries each backtick."""
NAMED = re.compile(r"([\w-]+)\s*[=:]\s*(?:\"((?:[^\"\\]|\\.)*)\"|'([^']*)'|`([^`]*)`|([^\s\"'{}%>,]+))")
QUOTED = re.compile(r"\"((?:[^\"\\]|\\.)*)\"|'([^']*)'|`([^`]*)`|“([^”]*)”")
POSITIONAL = re.compile(r"\"((?:[^\"\\]|\\.)*)\"|'([^']*)'|`([^`]*)`|“([^”]*)”|([^\s\"'`=]+)(?![^\s]*=)")
PATH = re.compile(rf"^(?:{IMAGE_NAME})(?:[?#].*)?$", re.IGNORECASE)
BARE_PATH = re.compile(rf"(?:^|[\s=]){IMAGE_NAME}", re.IGNORECASE)
IN_ADDRESS = re.compile(r"(\]\(<?|(?:src|href)\s*=\s*[\"'])\s*(\{\{[^{}\n]*\}\}|\{%[^%\n]*%\})\s*", re.IGNORECASE)
MOST = 20_000
"""Tags in a text."""


@dataclass(slots=True)
class Found:
    """A tag: its name in lower case, whether it ends one, and whether one ends it."""

    start: int
    end: int
    name: str
    arguments: str
    closing: bool
    paired: int = -1
    """The place in the list of the tag that ends it."""
    replacement: str | None = None
    named: dict[str, str] = field(default_factory=dict)
    values: list[str] = field(default_factory=list)


def without_templates(text: str, dialect: Dialect) -> str:
    """A text, or a part of one without fenced code, in which template tags are tags of the page or gone."""
    if "{" not in text and "[[[" not in text:
        return text
    if dialect.templates != "all" and "{{<" not in text and "{{%" not in text:
        return text
    if dialect.templates == "all":
        liquid.remember(text, dialect)
        text = IN_ADDRESS.sub(partial(_address, dialect), text)
    out: list[str] = []
    tags = list(_found(text, dialect.templates == "all"))
    _pair(tags)
    _of_tabs(tags)
    place, number = 0, 0
    language: str | None = None
    while number < len(tags):
        tag = tags[number]
        number += 1
        if tag.start < place:
            continue
        if tag.name == "tabpane":
            language = None if tag.closing or tag.named.get("text") == "true" else tag.named.get("lang", "")
        new, end = _code_in_tab(text, tag, tags, language) or _replaced(text, tag, tags, dialect)
        start, end, new = _placed(text, tag.start, end, new, place)
        out += [text[place:start], new]
        place = end
    return "".join([*out, text[place:]])


def _found(text: str, every: bool) -> Iterator[Found]:
    """The tags of a text: every one, or shortcodes alone."""
    if SIGN.search(text) is None:
        return
    count = 0
    for found in FOUND.finditer(text):
        count += 1
        if found["code"] or count > MOST or not (every or found["hugo"]):
            continue
        name = found["short"] or found["liquid"] or ""
        if not name:
            yield Found(found.start(), found.end(), "", found[0], False, replacement=_output(found))
            continue
        closing = name.startswith("/") or (bool(found["liquid"]) and name.startswith("end") and len(name) > 3)
        name = name.removeprefix("/").strip()
        name = name.removeprefix("end").lstrip("-_") if closing and found["liquid"] else name
        arguments = found["arguments"] or found["rest"] or ""
        tag = Found(found.start(), found.end(), name.lower(), arguments, closing)
        tag.named = {k.lower(): a or b or c or d for k, a, b, c, d in NAMED.findall(arguments)}
        tag.values = [next(filter(None, groups), "") for groups in POSITIONAL.findall(NAMED.sub(" ", arguments))]
        yield tag


def _pair(tags: list[Found]) -> None:
    open_tags: dict[str, list[int]] = {}
    for number, tag in enumerate(tags):
        if not tag.name:
            continue
        if not tag.closing:
            open_tags.setdefault(tag.name, []).append(number)
        elif waiting := open_tags.get(tag.name):
            tags[waiting.pop()].paired = number


def _of_tabs(tags: list[Found]) -> None:
    """A tab may state the name of its tabs before its own."""
    names = [f"{tag.arguments.strip()} " for tag in tags if tag.name == "tabs" and tag.arguments.strip()]
    for tag in tags if names else ():
        stated = tag.arguments.strip()
        of = next((name for name in names if stated.startswith(name)), "")
        if tag.name == "tab" and of and not tag.named:
            tag.values = [stated.removeprefix(of).strip("\"' ")]
            tag.arguments = f'"{tag.values[0]}"'


def _replaced(text: str, tag: Found, tags: list[Found], dialect: Dialect) -> tuple[str, int]:
    """What stands for a tag, and where the text goes on."""
    if tag.replacement is not None:
        stated = liquid.value(tag.arguments, dialect)
        return tag.replacement if stated is None else stated, tag.end
    name = tag.name
    if name == "embed":  # what it leads to is elsewhere; its caption is text
        return "", tag.end
    if tag.closing:
        return ("" if name in CONTROL or name in BOXES or name in VERBATIM else f"</x-{_safe(name)}>"), tag.end
    pair = tags[tag.paired] if tag.paired >= 0 else None
    inside = text[tag.end : pair.start] if pair else ""
    if pair and name == "capture":
        dialect.values[f"liquid {next(iter(tag.values), '')}"] = inside.strip()
        return "", pair.end
    if name in CONTROL:
        return "", tag.end
    if (stated := liquid.plugin_tag(name, tag.arguments, inside if pair else None, dialect)) is not None:
        return stated, pair.end if pair else tag.end
    if pair and name in HIDDEN:
        return "", pair.end
    if pair and name in VERBATIM:
        return inside, pair.end
    if pair and name in FORMULAS:
        return f"\n\n$$\n{inside.strip()}\n$$\n\n" if "\n" in inside else f"$`{inside.strip()}`$", pair.end
    if pair and name == "mermaid":
        return chunks.code(inside.strip("\n"), "mermaid"), pair.end
    if pair and (name in RAW_CODE or CODE.search(name)) and not NOT_CODE.search(inside):
        file = tag.named.get("file") or tag.named.get("filename") or ""
        stated = tag.named.get("lang") or tag.named.get("language") or kinds.language_of_path(file)
        language = stated or next((value for value in tag.values if re.fullmatch(r"[A-Za-z][\w+#-]{0,20}", value)), "")
        title = tag.named.get("title", "") or (file if "." in file else "")
        head = f"<p><strong>{escape(title)}</strong></p>\n" if title else ""
        return f"\n\n{head}{chunks.code(inside.strip(chr(10)), language).strip()}\n\n", pair.end
    return _element(tag, pair is not None, dialect), tag.end


def _code_in_tab(text: str, tag: Found, tags: list[Found], language: str | None) -> tuple[str, int] | None:
    """Docsy's tabs, which hold code unless they say that it is text."""
    if (
        tag.name != "tab"
        or tag.paired < 0
        or text[tag.start : tag.start + 3] == "{{%"
        or tag.named.get("text") == "true"
    ):
        return None
    language = tag.named.get("lang") or language
    end = tags[tag.paired].start
    inside = text[tag.end : end]
    inside = PARAMETER.sub("", inside)
    if language is None or NOT_CODE.search(inside):
        return None
    title = tag.named.get("header", "") or next(iter(tag.values), "")
    head = f"<p><strong>{escape(title)}</strong></p>\n" if title else ""
    return f"\n\n{head}{chunks.code(inside.strip(chr(10)), language).strip()}\n\n", tags[tag.paired].end


def _safe(name: str) -> str:
    return re.sub(r"[^\w-]+", "-", name.rpartition("/")[2]).strip("-") or "box"


def _element(tag: Found, paired: bool, dialect: Dialect) -> str:
    name, named, values = tag.name, tag.named, tag.values
    if name in INCLUDES and values and values[0].removesuffix(".html") == "gallery":
        return liquid.gallery(named, dialect)
    if GALLERY.search(name) and (gallery := _gallery(named, dialect)):
        return "\n".join(written("x-image", {"src": ref}, alone=True) for ref in gallery)
    if ref := _image(tag, dialect):
        words = [value for value in values if value != ref and " " in value.strip()]
        alt = named.get("alt", "") or (words[0] if words and not named else "") or _near_alt(values, ref, name)
        caption = _caption(tag) or dialect.values.get(f"title of {ref}", "")
        caption = "" if caption.lower() in ("true", "false") else _known(caption, dialect)
        figure = paired and IMAGES.search(name) is not None
        return written(
            "x-figure" if figure else "x-image",
            {"src": ref, "alt": _known(alt, dialect), "caption": caption},
            not figure,
        )
    if (stated := _stated(tag, dialect)) is not None:
        return stated
    if name in INCLUDES:
        return _include(tag)
    if name == "kbd":
        return "".join(f"<kbd>{escape(value)}</kbd>" for value in values[:1])
    if name == "badge" and not paired:
        return escape(named.get("content", "") or named.get("text", "") or " ".join(values[:1]))
    attributes = {
        key: _known(value, dialect)
        for key, value in named.items()
        if key in kinds.TITLES or key in ("name", "caption", *kinds.MORE)
    }
    if name in BOXES:
        kind = (
            named.get("type")
            or named.get("style")
            or named.get("icon")
            or named.get("context")
            or next(iter(values), "")
        )
        title = attributes.get("title") or attributes.get("heading") or attributes.get("text") or " ".join(values[1:2])
        if not title and name in LABELED and kind.lower() in kinds.ADMONITIONS:
            title = kind.capitalize()
        elif not title and " " in kind:
            title = kind
        return written("x-div", {"title": title, "description": named.get("content", "")}, not paired)
    if (name in TITLED or kinds.kind_of(name) in ("tab", "step")) and values and "title" not in attributes:
        attributes["title"] = values[0] if named or QUOTED.search(tag.arguments) else tag.arguments.strip()
    if paired:
        return written(f"x-{_safe(name)}", attributes)
    return written(f"x-{_safe(name)}", attributes, alone=True) if any(attributes.values()) else ""


def _caption(tag: Found) -> str:
    """The words of an image: a title stands before the caption, and who made the image after it."""
    named = tag.named
    title = "" if named.get("title", "").lower() in ("true", "false") else named.get("title", "")
    caption = named.get("caption", "") or named.get("description", "") or named.get("subtitle", "")
    caption = ": ".join(filter(None, (title, caption))) if caption != title else title
    return " ".join(filter(None, (caption, named.get("attr", ""))))


def _gallery(named: dict[str, str], dialect: Dialect) -> list[str]:
    """The images that a gallery names: by a pattern, a folder, or one by one."""
    for key in ("match", "images", "dir", "path", "src", "folder"):
        value = named.get(key, "")
        if "," in value:
            return [one.strip() for one in value.strip("{}[]").split(",") if javascript.is_image(one.strip())]
        if value and not javascript.is_image(value):
            return dialect.around.images(value if "*" in value else f"{value.rstrip('/')}/*")
    return []


def _near_alt(values: list[str], ref: str, name: str) -> str:
    """The words after the path in a shortcode of an image alone, as in `img-simple near.png "Near"`."""
    at = values.index(ref) + 1 if ref in values else len(values)
    return (
        values[at]
        if at < len(values)
        and IMAGES.search(name)
        and re.fullmatch(r"[^\W\d][\w '-]*", values[at])
        and len(values) == at + 1
        else ""
    )


def _stated(tag: Found, dialect: Dialect) -> str | None:
    """A value of the page's front matter, or of the project's variables; None for other tags."""
    key = next(iter(tag.values), "")
    if tag.name in ("meta", "var") and key:
        return dialect.value(tag.name, key)
    return None


def _known(text: str, dialect: Dialect) -> str:
    return " ".join(text.replace('\\"', '"').split())


def _image(tag: Found, dialect: Dialect) -> str:
    """The path of the image that a tag names: as it is, by the name of a page's resource, or by the begin of a name."""
    named = {key: value for key, value in tag.named.items() if not key.startswith(("dark", "icon", "logo"))}
    candidates = [value.strip() for value in (*named.values(), *tag.values) if PATH.match(value.strip())]
    spaced = [
        value.strip()
        for key, value in named.items()
        if key in ("src", "image", "file", "path") and javascript.is_image(value.strip())
    ]
    if candidates or spaced:
        return (candidates or spaced)[0]
    if not IMAGES.search(tag.name):
        return next((value for value in tag.values if " " in value and javascript.is_image(value)), "")
    for value in (named.get("name", ""), named.get("src", ""), named.get("resource", ""), *tag.values[:1]):
        if not value:
            continue
        if known := dialect.values.get(f"resource {value}"):
            return next(iter(dialect.around.images(known)), known)
        if "://" in value:
            return value
        if found := dialect.around.images(f"{value}*"):
            return found[0]
    return ""


def _include(tag: Found) -> str:
    """A file of the tree; of a template the texts that it is given."""
    path = tag.named.get("file") or tag.named.get("path") or next(iter(tag.values), "")
    texts = [tag.named[key] for key in TEXTS if tag.named.get(key)]
    title = tag.named.get("title", "")
    if texts or title:
        head = f"**{title}**\n\n" if title else ""
        return f"\n\n{head}" + "\n\n".join(texts) + "\n\n"
    if tag.named.get("code") == "true" or tag.named.get("language"):
        return written(
            "x-literalinclude",
            {"src": path, "language": tag.named.get("lang") or tag.named.get("language", "")},
            alone=True,
        )
    return written("x-include", {"src": path}, alone=True) if kinds.is_text_file(path) else ""


def _output(found: re.Match[str]) -> str:
    """What stands for a tag without a name: an image if it names one."""
    if found["comment"] or found["list"] or not found["tag"]:
        return ""
    named = {k.lower(): a or b or c or d for k, a, b, c, d in NAMED.findall(found[0])}
    quoted = [next(filter(None, groups), "") for groups in QUOTED.findall(found[0])]
    bare = BARE_PATH.search(found[0])
    paths = [v for v in (*named.values(), *quoted) if PATH.match(v.strip())] or (
        [bare[0].strip(" =\n")] if bare else []
    )
    if not paths:
        return ""
    words = [q for q in quoted if q != paths[0] and " " in q]
    alt = named.get("alt") or (words[0] if words and not named else "")
    return written("x-image", {"src": paths[0].strip(), "alt": alt, "caption": named.get("caption", "")}, alone=True)


def _address(dialect: Dialect, found: re.Match[str]) -> str:
    """A template tag inside a URL: the path it quotes or stands for, or nothing (the root of the site)."""
    if stated := liquid.value(found[2], dialect):
        return found[1] + stated
    quoted = QUOTED.search(found[2])
    path = next((g for g in quoted.groups() if g), "") if quoted else ""
    return found[1] + (path if PATH.match(path) else "")


def _placed(text: str, start: int, end: int, new: str, least: int) -> tuple[int, int, str]:
    """The stretch to replace, and by what: of a tag alone in its line the whole line, or a block of its own."""
    begin = max(text.rfind("\n", least, start) + 1, least)
    following = text.find("\n", end)
    following = len(text) if following < 0 else following
    indent = text[begin:start]
    begins_line = begin == 0 or text[begin - 1] == "\n"
    if not begins_line or indent.strip() or text[end:following].strip():
        return start, end, new
    if not new:
        return begin, min(following + 1, len(text)), ""
    return begin, following, f"\n{indent}{new}\n" if "\n" not in new else new
