"""As much JavaScript as pages hold: where an expression ends, and which text or image it is known to show."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

LONGEST = 20_000
"""Characters of an expression, a tag, or an import with what follows it."""
JSX_LABEL = re.compile(r"\blabel\s*:\s*\(?\s*(<(?:(?!\blabel\s*:).){0,1000}?)\)?\s*,\s*(?=value\s*:)", re.DOTALL)
JSX = re.compile(r"\{\{[^{}]*\}\}|\{[^{}]*\}|<[^<>]*>")
MOST_LABELS = 100
DEEPEST = 60
"""Brackets that are open at once."""
BLANK = re.compile(r"\n[ \t]*(?:\n|\Z)")
PAIRS = {"{": "}", "(": ")", "[": "]"}
CLOSERS = frozenset(PAIRS.values())
SIGN = re.compile(r"[{}()\[\]\"'`]|//|/\*")
QUOTED = re.compile(r"\"((?:[^\"\\\n]|\\.)*)\"|'((?:[^'\\\n]|\\.)*)'|`((?:[^`\\]|\\.)*)`", re.DOTALL)
ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
CONTROL = {"n": "\n", "t": "\t", "r": "", "b": "", "f": "", "v": "", "0": ""}
NAME = re.compile(r"[A-Za-z_$][\w$]*(?:\.(?:src|default))?")
IMAGE_NAME = r"[^\s\"'{}<>|`]+\.(?:png|jpe?g|gif|webp|avif|svg|bmp|tiff?)"
IMAGE_PATH = re.compile(
    rf"^(?:{IMAGE_NAME}|[^\n\"'`{{}}<>|]+\.(?:png|jpe?g|gif|webp|avif|svg))(?:[?#].*)?$", re.IGNORECASE
)
DARK = re.compile(r"\bdark\w*\s*[:=]\s*[^,:;]*$", re.IGNORECASE)
VALUE_IN_TEXT = re.compile(r"\$\{[^{}]*\}")
LABEL = re.compile(r"\blabel\s*:\s*(?:\"([^\"\n]*)\"|'([^'\n]*)')")
VALUE = re.compile(r"\bvalue\s*:\s*(?:\"([^\"\n]*)\"|'([^'\n]*)')")


def end_of(text: str, place: int) -> int:
    """The place after the bracket that closes the one at `place`; -1 if none does near enough."""
    return next((end for end, depth in _depths(text, place) if depth == 0), -1)


def end_of_statement(text: str, place: int) -> int:
    """The place of the first empty line, or the end, at which all brackets after `place` are closed; -1 without one."""
    last, depth = place, 0
    for end, deeper in _depths(text, place):
        if depth == 0 and (blank := BLANK.search(text, last, end)):
            return blank.start()
        last, depth = end, deeper
    if depth:
        return -1
    blank = BLANK.search(text, last)
    return blank.start() if blank else len(text)


def _depths(text: str, place: int) -> Iterator[tuple[int, int]]:
    """The place after each bracket from `place` on, and how many are open then; strings and comments are left out. Ends
    where brackets do not match, or too many are open."""
    waiting: list[str] = []
    most = min(len(text), place + LONGEST)
    while found := SIGN.search(text, place, most):
        sign, place = found[0], found.end()
        if sign in PAIRS:
            waiting.append(PAIRS[sign])
        elif sign in CLOSERS:
            if not waiting or waiting.pop() != sign:
                return
        elif sign == "//":
            end = text.find("\n", place, most)
            # after a colon it is a part of an address
            place = place if text[found.start() - 1] == ":" else end if end >= 0 else most
            continue
        elif sign == "/*":
            end = text.find("*/", place, most)
            place = end + 2 if end >= 0 else most
            continue
        else:
            quoted = QUOTED.match(text, found.start(), most)
            place = quoted.end() if quoted else place  # else an apostrophe
            continue
        if len(waiting) > DEEPEST:
            return
        yield place, len(waiting)


def shown(expression: str, names: Mapping[str, str]) -> str | None:
    """The text of an expression that is a string, a template without values, or a name for one; None for others."""
    inside = expression.strip()
    if quoted := QUOTED.fullmatch(inside):
        content = next(group for group in quoted.groups() if group is not None)
        return None if quoted[3] is not None and "${" in content else unescaped(content)
    return names.get(inside) if NAME.fullmatch(inside) else None


def unescaped(text: str) -> str:
    return ESCAPE.sub(lambda m: chr(int(m[1], 16)) if m[1] else CONTROL.get(m[2], m[2]), text) if "\\" in text else text


def image(expression: str, names: Mapping[str, str]) -> str:
    """The path of the image that an expression names, quoted or by an import; of several the first that is not for a
    dark page. "" if there is none."""
    inside = VALUE_IN_TEXT.sub("", expression.strip())
    paths = [(found.start(), path) for found in QUOTED.finditer(inside) if is_image(path := _content(found))]
    for found in NAME.finditer(QUOTED.sub(lambda m: " " * len(m[0]), inside)):
        path = names.get(found[0].partition(".")[0], "")
        if is_image(path) and inside[found.end() : found.end() + 1] != ":":
            paths.append((found.start(), path))
    light = [path for at, path in sorted(paths) if not DARK.search(inside, 0, at)]
    return next(iter([*light, *(path for _, path in paths)]), "")


def _content(found: re.Match[str]) -> str:
    return next((group for group in found.groups() if group), "").strip()


def is_image(path: str) -> bool:
    return len(path) < 500 and IMAGE_PATH.match(path.removeprefix("pathname://").split("!")[-1]) is not None


def strings(expression: str) -> Iterator[str]:
    """The strings of a list."""
    for found, _ in zip(QUOTED.finditer(expression), range(MOST_LABELS), strict=False):
        yield unescaped(_content(found))


def _words_of_jsx(found: re.Match[str]) -> str:
    words = " ".join(JSX.sub(" ", found[1]).split()).strip(")")
    return f'label: "{words.strip()}", '


def labels(expression: str) -> dict[str, str]:
    """The labels of a list of objects with a value and a label, by their values."""
    found: dict[str, str] = {}
    for one in JSX_LABEL.sub(_words_of_jsx, expression).split("}")[:MOST_LABELS]:
        label, value = LABEL.search(one), VALUE.search(one)
        if label and value:
            found[value[1] or value[2] or ""] = label[1] or label[2] or ""
    return found
