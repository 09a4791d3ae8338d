"""A file's own metadata: front matter, the language its path names, its character encoding."""

from __future__ import annotations

import codecs
import re
import tomllib
from collections.abc import Sequence
from typing import Any

import yaml

FRONT = re.compile(r"\A\s*(---|\+\+\+)[ \t]*\n(.*?)\n(?:\1|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
GO_FRONT = re.compile(r"\A\s*<!--(\{.*?\})-->", re.DOTALL)
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
META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w:.-]{2,40})", re.IGNORECASE)
LABELS = {
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "ms_kanji": "cp932",
    "x-gbk": "gbk",
    "x-x-big5": "big5",
    "ks_c_5601-1987": "cp949",
    "windows-949": "cp949",
    "x-mac-cyrillic": "mac-cyrillic",
    "x-mac-roman": "mac-roman",
    "macintosh": "mac-roman",
    "x-cp1250": "cp1250",
    "x-cp1251": "cp1251",
    "x-cp1252": "cp1252",
    "x-euc-jp": "euc_jp",
    "windows-874": "cp874",
    "dos-874": "cp874",
    "unicode": "utf-8",
    "unicode-1-1-utf-8": "utf-8",
    "x-user-defined": "cp1252",
}
WIDER = {
    "iso8859-1": "cp1252",
    "ascii": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
}
BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def split_front_matter(text: str) -> tuple[dict[str, Any], str]:
    """Front matter (YAML, TOML or the JSON-like comment of some generators) and the rest. Broken front matter is read
    line by line."""
    if found := GO_FRONT.match(text):
        return _lower(_yaml(found[1])), text[found.end() :]
    found = FRONT.match(text)
    if not found:
        return {}, text
    values = _toml(found[2]) if found[1] == "+++" else _yaml(found[2])
    if not values:
        values = {k: v.strip("'\"") for k, v in LINE.findall(found[2])}
        if not values:  # two horizontal rules, not front matter
            return {}, text
    return _lower(values), text[found.end() :]


def _yaml(text: str) -> dict[str, Any]:
    try:
        values = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}


def _toml(text: str) -> dict[str, Any]:
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


def decode(data: bytes, charset: str | None = None) -> str | None:
    """Text of a page as browsers read it: byte order mark, the given charset, <meta>, UTF-8, then Windows-1252; None if
    it is not text."""
    for bom, name in BOMS:
        if data.startswith(bom):
            return data[len(bom) :].decode(name, "replace")
    declared = META_CHARSET.search(data[:4096])
    for stated in (charset, declared[1].decode("ascii") if declared else None):
        if stated and (known := _codec(stated)):
            return data.decode(known, "replace")
    return _undeclared(data, western=True)


def decode_text(data: bytes) -> str | None:
    """Text of a file that declares no charset: UTF-8, or Windows-1252 if few bytes are not ASCII, or None."""
    high = sum(byte > 127 for byte in data)
    return _undeclared(data, high * 10 <= len(data))


def _undeclared(data: bytes, western: bool) -> str | None:
    for bom, name in BOMS:
        if data.startswith(bom):
            return data[len(bom) :].decode(name, "replace")
    if b"\0" in data:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace") if western else None


def _codec(name: str) -> str | None:
    """Python's name for a web charset, by browsers' labels (WHATWG Encoding): most mean the Windows code page that
    includes the named one, and UTF-16 in a <meta> means UTF-8."""
    label = name.strip().strip("'\"").lower()
    try:
        codec = codecs.lookup(LABELS.get(label, label))
        b"  ".decode(codec.name, "replace")
    except (LookupError, ValueError):  # LookupError also for codecs that return no text, such as hex
        return None
    known = codec.name
    if known.startswith("utf-16") or known.startswith("utf-32"):
        return "utf-8"
    return WIDER.get(known, known)
