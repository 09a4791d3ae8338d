"""A file's own metadata: front matter, and the language its path names."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Sequence
from typing import Any

import yaml

FRONT = re.compile(r"\A\s*(---|\+\+\+|;;;)[ \t]*\n(.*?)\n(?:\1|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
GO_FRONT = re.compile(r"\A\s*<!--(\{.*?\})-->", re.DOTALL)
JSON_FRONT = re.compile(r"\A\s*(?=\{\s*\n\s*\")")
TITLE_BLOCK = re.compile(r"\A%[ \t]+(\S[^\n]*)\n(?:%[^\n]*\n){1,2}(?=[ \t]*\n)")
"""Title, authors and date, as Pandoc writes them; a line alone may be a comment."""
PAIR = re.compile(r"(?<!\\)((?:\\\\)*)\\u(d[89ab][\da-f]{2})\\u(d[c-f][\da-f]{2})", re.IGNORECASE)
"""Two escapes that are one character, as JSON writes those beyond 16 bits; YAML and TOML know no halves."""
HALF = re.compile(r"(?<!\\)((?:\\\\)*)\\u(d[89a-f][\da-f]{2})", re.IGNORECASE)
MOST_VALUES, DEEPEST = 100_000, 100
"""Values of front matter in YAML, aliases written out, and values inside each other: above any that people write."""
LONG_KEY = re.compile(r"(?<![\w-])(?:(?:[\w-]++|\"[^\"\n]*\"|'[^'\n]*')[ \t]*\.[ \t]*){100}")
"""A key of TOML in a hundred others."""
LINE = re.compile(r"^([A-Za-z][\w-]*)\s*[:=]\s*(.*?)\s*$", re.MULTILINE)
_LANGUAGES = """
    af am ar as az be bg bn br bs ca cs cy da de el en eo es et eu fa fi fr ga gl gu he hi hr hu hy id is it ja
    ka kk km kn ko ky lt lv mk ml mn mr ms my nb ne nl nn no or pa pl ps pt ro ru si sk sl sq sr sv sw ta te tg
    th tl tr uk ur uz vi zh
"""
LANGUAGES = frozenset(_LANGUAGES.split())
_WORDS = "am as be is it id my no or pa si th tl"
WORDS = frozenset(_WORDS.split())
"""Codes that are ordinary folder names as well; they name a language only inside a folder of translations."""
_TRANSLATIONS = "translations translation i18n l10n locale locales lang langs language languages"
TRANSLATIONS = frozenset(_TRANSLATIONS.split())
REGION = re.compile(r"([a-z]{2})[-_](?:[a-z]{2}|[a-z]{4}|\d{3})$", re.IGNORECASE)


def split_front_matter(text: str) -> tuple[dict[str, Any], str]:
    """Front matter (YAML, TOML or the JSON-like comment of some generators) and the rest. Broken front matter is read
    line by line."""
    if found := GO_FRONT.match(text):
        return _lower(_yaml(_whole(found[1]))), text[found.end() :]
    if found := TITLE_BLOCK.match(text):
        return {"title": found[1].strip()}, text[found.end() :]
    if found := JSON_FRONT.match(text):
        values, end = _json(text, found.end())
        return _lower(values), text[end:]
    found = FRONT.match(text)
    if not found:
        return {}, text
    front = _whole(found[2])
    values = _toml(front) if found[1] == "+++" else _json(front, 0)[0] if found[1] == ";;;" else _yaml(front)
    if not values:
        values = {k: v.strip("'\"") for k, v in LINE.findall(front)}
        if not values:  # two horizontal rules, not front matter
            return {}, text
    return _lower(values), text[found.end() :]


def _whole(text: str) -> str:
    """Front matter with its escaped surrogate pairs as characters, and halves as U+FFFD."""
    if "\\u" not in text:
        return text
    text = PAIR.sub(lambda m: m[1] + bytes.fromhex(m[2] + m[3]).decode("utf-16-be"), text)
    return HALF.sub(r"\1\\ufffd", text)


def _json(text: str, start: int) -> tuple[dict[str, Any], int]:
    """The object that begins at `start`, and where it ends, if it ends its line; else none."""
    try:
        values, end = json.JSONDecoder().raw_decode(text, start)
    except (ValueError, RecursionError):
        return {}, 0
    ends = not text[end:].partition("\n")[0].strip()
    return (values, end) if isinstance(values, dict) and ends else ({}, 0)


def _yaml(text: str) -> dict[str, Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        if _may_be_much(text) and not _is_bounded(text, loader):
            return {}
        values = yaml.load(text, Loader=loader)
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}


def _may_be_much(text: str) -> bool:
    """Whether values of YAML may be many times as long as their text, or inside each other without end."""
    return ("*" in text and "&" in text) or sum(map(text.count, ("[", "{", "- ", "? "))) > DEEPEST


def _is_bounded(text: str, loader: Any) -> bool:
    """Whether YAML has at most MOST_VALUES values, with its aliases written out, and DEEPEST levels. Looks at events
    only: the library composes nested values by recursion in C, which ends the process, and merges copy what they name.
    """
    sizes: dict[str, int] = {}
    inside: list[tuple[str | None, int]] = [(None, 0)]
    for event in yaml.parse(text, Loader=loader):
        if isinstance(event, yaml.CollectionEndEvent):
            anchor, size = inside.pop()
        elif isinstance(event, yaml.CollectionStartEvent):
            inside.append((event.anchor, 1))
            if len(inside) > DEEPEST:
                return False
            continue
        elif isinstance(event, yaml.AliasEvent):
            anchor, size = None, sizes.get(event.anchor or "", MOST_VALUES)  # unknown inside itself
        elif isinstance(event, yaml.ScalarEvent):
            anchor, size = event.anchor, 1
        else:
            continue
        if anchor:
            sizes[anchor] = size
        around, sum_of = inside[-1]
        inside[-1] = around, sum_of + size
        if sum_of + size > MOST_VALUES:
            return False
    return True


def _toml(text: str) -> dict[str, Any]:
    if LONG_KEY.search(text):  # the library copies all beginnings of a key with dots
        return {}
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}


def _lower(values: dict[str, Any]) -> dict[str, Any]:
    return {str(key).lower(): value for key, value in values.items()}


def field(values: dict[str, Any], *keys: str) -> str:
    """The first of these keys with a plain value, as one line."""
    for key in keys:
        value = values.get(key)
        if isinstance(value, str | int | float) and not isinstance(value, bool) and str(value).strip():
            return " ".join(str(value).split())
    return ""


def language_of(segments: Sequence[str]) -> str:
    """The language that a path's folders or the file's middle name (`name.de.md`) declare, or ""."""
    folders, name = ([*segments[:-1]], segments[-1]) if "." in segments[-1] else ([*segments], "")
    middle = name.split(".")[1:-1]
    named: str = _code(middle[-1], True) if middle else ""
    translated = False
    for folder in folders:
        if code := _code(folder, translated):
            named = named or code
        translated = translated or folder.lower() in TRANSLATIONS
    return named or (_code(name.rsplit(".", 1)[0].rpartition("_")[2], True) if "_" in name and translated else "")


def _code(text: str, sure: bool) -> str:
    lower = text.lower()
    if region := REGION.match(lower):
        return lower.replace("_", "-") if region[1] in LANGUAGES else ""
    return lower if lower in LANGUAGES and (sure or lower not in WORDS) else ""


def plain_language(stated: str) -> str:
    """A stated language tag in one form: "en", "de-at"; "" if it is not a tag."""
    tag = stated.strip().replace("_", "-").lower()
    return tag if re.fullmatch(r"[a-z]{2,3}(?:-[a-z0-9]{2,8})*", tag) else ""
