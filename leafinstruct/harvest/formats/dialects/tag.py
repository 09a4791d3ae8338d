"""A tag in a page's source, in HTML's syntax or JSX's: attributes may be expressions, names may have dots."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape, unescape
from typing import Literal

from leafinstruct.harvest.formats.dialects.javascript import LONGEST, end_of, shown

BEGIN = re.compile(r"<(/?)([A-Za-z][\w.:-]*)?")
ATTRIBUTE = re.compile(
    r"([A-Za-z_:@#*][\w:.@$\[\]()-]*)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'=<>`{}]+)|(?=[{])))?", re.DOTALL
)
SPACE = re.compile(r"\s*")
_VOID = "area base br col embed hr img input link meta param source track wbr"
VOID = frozenset(_VOID.split())
_HTML = """
    a abbr acronym address article aside audio b bdi bdo big blockquote body br button caption center cite code col
    colgroup data datalist dd del details dfn dialog dir div dl dt em embed fieldset figcaption figure font footer form
    frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html i iframe img input ins kbd label legend li link main map
    mark math menu meta meter nav nobr noscript object ol optgroup option output p param picture pre progress q rp rt
    ruby s samp script search section select small source span strike strong style sub summary sup svg table tbody td
    template textarea tfoot th thead time title tr track tt u ul var video wbr area base amp-img annotation semantics mi
    mn mo mrow msup msub mfrac msqrt mtable mtr mtd mtext path g circle rect line polygon polyline ellipse defs use
    canvas xmp listing
"""
HTML = frozenset(_HTML.split())


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag from `start` to `end` of its source. `name` is as written, "" for a fragment. Attributes that are
    expressions are in `expressions`, the others, unescaped, in `attributes`."""

    name: str
    kind: Literal["open", "close", "alone"]
    start: int
    end: int
    attributes: dict[str, str] = field(default_factory=dict)
    expressions: dict[str, str] = field(default_factory=dict)

    @property
    def is_html(self) -> bool:
        return self.name in HTML or (self.name.lower() in HTML and self.name.isupper())

    def text(self, name: str, names: Mapping[str, str]) -> str:
        """The value of an attribute that is known, as one line; "" if it is not."""
        value = self.attributes.get(name)
        if value is None and name in self.expressions:
            value = shown(self.expressions[name], names)
        return " ".join((value or "").split())


def scan(text: str, place: int) -> Tag | None:
    """The tag that begins at `place`, if one does and ends near enough."""
    found = BEGIN.match(text, place)
    if found is None or (not found[2] and text[found.end() : found.end() + 1] != ">"):
        return None
    closing, name = found[1], found[2] or ""
    attributes: dict[str, str] = {}
    expressions: dict[str, str] = {}
    most = place + LONGEST
    at = found.end()
    while at < most:
        before = at
        at = SPACE.match(text, at).end()  # type: ignore[union-attr]  # matches everywhere
        sign = text[at : at + 1]
        if sign == ">":
            alone = not closing and name.lower() in VOID
            kind: Literal["open", "close", "alone"] = "close" if closing else "alone" if alone else "open"
            return Tag(name, kind, place, at + 1, attributes, expressions)
        if sign == "/" and text[at + 1 : at + 2] == ">":
            return Tag(name, "alone", place, at + 2, attributes, expressions)
        if sign == "{":  # attributes of an object, or a comment
            at = end_of(text, at)
            if at < 0:
                return None
            continue
        one = ATTRIBUTE.match(text, at, most)
        if one is None or at == before:
            return None
        key, at = one[1], one.end()
        value = next((group for group in one.groups()[1:] if group is not None), None)
        if value is None and text[at : at + 1] == "{":
            end = end_of(text, at)
            if end < 0:
                return None
            expressions.setdefault(key, text[at + 1 : end - 1])
            at = end
        else:
            attributes.setdefault(key, unescape(value or ""))
    return None


def written(name: str, attributes: Mapping[str, str], alone: bool = False) -> str:
    """A tag with attributes, empty ones left out."""
    inside = "".join(f' {key}="{escape(value)}"' for key, value in attributes.items() if value)
    return f"<{name}{inside}{' /' if alone else ''}>"
