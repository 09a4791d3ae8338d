"""Whether a `<source>` of a `<picture>` is for what we show: a wide, light screen."""

from __future__ import annotations

import re
from functools import lru_cache

WIDTH, HEIGHT, DENSITY = 1280.0, 800.0, 1.0
"""The screen, in CSS pixels and device pixels for each."""
UNREADABLE = frozenset(("image/svg+xml", "image/jxl", "image/heic", "image/heif", "image/jp2"))
LONGEST = 400
"""Characters of a media query list that are read."""
KNOWN = 1024
"""Queries whose answers are kept: templates repeat them at each picture."""
LENGTH = r"(\d{0,6}\.?\d{1,6})\s*(px|em|rem|dppx|x|dpi)?"
MINMAX = re.compile(rf"(?:-webkit-)?(min|max)-(?:device-)?(width|height|resolution|pixel-ratio)\s*:\s*{LENGTH}$")
BEFORE = re.compile(rf"{LENGTH}\s*(<=?|>=?)\s*(width|height|resolution)")
AFTER = re.compile(rf"(width|height|resolution)\s*(<=?|>=?)\s*{LENGTH}")
IN_BRACKETS = re.compile(r"\(([^()]*)\)")
NAMED = {
    "prefers-color-scheme": "light",
    "orientation": "landscape",
    "prefers-reduced-motion": "no-preference",
    "prefers-reduced-data": "no-preference",
    "prefers-contrast": "no-preference",
    "forced-colors": "none",
    "hover": "hover",
    "pointer": "fine",
}
MEDIA = frozenset(("print", "speech", "tty", "tv", "projection", "handheld", "braille", "embossed", "aural"))
MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


@lru_cache(maxsize=KNOWN)
def is_shown(media: str, kind: str = "") -> bool:
    """Whether a source with this media query list and MIME type is for a wide, light screen, and can be read. What is
    not understood counts as fulfilled."""
    if kind.split(";")[0].strip().lower() in UNREADABLE:
        return False
    return not media.strip() or any(_holds(query.strip()) for query in media[:LONGEST].lower().split(","))


def _holds(query: str) -> bool:
    negated = query.startswith("not ")
    words = set(re.split(r"[^a-z-]+", IN_BRACKETS.sub(" ", query)))
    features = [_feature(inside.strip()) for inside in IN_BRACKETS.findall(query)]
    holds = not words & MEDIA and (any(features) if " or " in query else all(features))
    return holds != negated


def _feature(text: str) -> bool:
    if found := MINMAX.match(text):
        end, of, number, unit = found.groups()
        return _compare(of, ">=" if end == "min" else "<=", number, unit)
    name, colon, value = text.partition(":")
    if colon:
        return NAMED.get(name.strip(), value.strip()) == value.strip()
    limits = [(of, MIRRORED[sign], number, unit) for number, unit, sign, of in BEFORE.findall(text)]
    limits += [(of, sign, number, unit) for of, sign, number, unit in AFTER.findall(text)]
    return all(_compare(*limit) for limit in limits)


def _compare(of: str, sign: str, number: str, unit: str | None) -> bool:
    here = {"width": WIDTH, "height": HEIGHT}.get(of, DENSITY)
    limit = float(number) * {"em": 16.0, "rem": 16.0, "dpi": 1 / 96}.get(unit or "", 1.0)
    return {">=": here >= limit, "<=": here <= limit, ">": here > limit, "<": here < limit}[sign]
