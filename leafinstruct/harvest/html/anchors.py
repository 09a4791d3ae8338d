"""The anchor of a heading: the name by which addresses point at the place where it is on its page."""

from __future__ import annotations

from selectolax.lexbor import LexborNode

MOST_ABOVE = 5
"""Elements around a heading that are looked at: DocBook wraps it in three before its chapter's own."""
LONGEST = 200
"""Characters; a longer name is data."""


def anchor_of(heading: LexborNode) -> str:
    """The id of a heading, of a link or mark in it or right before it, or of the section that it begins; "" if there is
    none."""
    if name := _name(heading):
        return name
    for inside in heading.css("a[href^='#'], [id], a[name]"):
        target = (inside.attributes.get("href") or "") if inside.tag == "a" else ""
        if name := target[1:] if target.startswith("#") and len(target) <= LONGEST else _name(inside):
            return name
    here = heading
    for _ in range(MOST_ABOVE):
        before = _before(here)
        if before is not None:
            return "" if before.text(deep=True).strip() else _name(before)
        above = here.parent
        if above is None or above.tag in ("body", "html"):
            return ""
        if name := _name(above):
            return name
        here = above
    return ""


def _before(node: LexborNode) -> LexborNode | None:
    """What is before a node in its parent, apart from space and comments."""
    before = node.prev
    while before is not None and (before.tag == "-comment" or (before.tag == "-text" and not before.text().strip())):
        before = before.prev
    return before


def _name(node: LexborNode) -> str:
    attributes = node.attributes
    name = (attributes.get("id") or (attributes.get("name") if node.tag == "a" else "") or "").strip()
    return name if len(name) <= LONGEST else ""
