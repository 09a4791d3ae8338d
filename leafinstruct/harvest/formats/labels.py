"""Titles of sections in reStructuredText and Markdown, by the labels above them, without parsing the text."""

from __future__ import annotations

import re

from leafinstruct.harvest.metadata import field, split_front_matter

_MARKS = r"=\-~^\"'`*+#:._<>"
_MYST = r"\([\w:. /-]+\)=[ \t]*\n"
LABELLED = re.compile(
    rf"^(?:\.\.[ \t]_(?P<rst>[^:\n]+):[ \t]*\n|(?P<myst>{_MYST}))"
    rf"(?:[ \t]*\n|\.\.[ \t]_[^\n]*\n|{_MYST}){{0,20}}"
    rf"(?:\#{{1,6}}[ \t]+(?P<hash>\S[^\n]*)"
    rf"|(?:(?P<over>[{_MARKS}])(?P=over){{2,}}[ \t]*\n)?[ \t]*"
    rf"(?P<title>\S[^\n]*)\n(?P<under>[{_MARKS}])(?P=under){{2,}}[ \t]*$)",
    re.MULTILINE,
)
"""A label and the title of the section below it."""
NEXT_LABEL = re.compile(rf"\.\.[ \t]_(?P<rst>[^:\n]+):|(?P<myst>{_MYST})")
TITLE = re.compile(
    r"^[ \t]*(?P<title>\S[^\n]*)\n(?P<under>[=\-*~#^+])(?P=under){2,}[ \t]*$|^\#[ \t]+(?P<hash>\S[^\n]*)$", re.MULTILINE
)
PLAIN = re.compile(r"[`*]+|:[\w:+-]+:(?=`)|\{[\w:+-]+\}(?=`)|\{[#.][^{}]*\}[ \t]*$|[ \t]+#+[ \t]*$")


def _plain(found: re.Match[str]) -> str:
    return " ".join(PLAIN.sub("", found["hash"] or found["title"]).split())


def labels_of(text: str) -> dict[str, str]:
    """Titles of a text's sections by their labels in lower case. Several labels may stand above one section."""
    titles: dict[str, str] = {}
    for found in LABELLED.finditer(text):
        above = text[found.start() : found.start("hash" if found["hash"] else "title")]
        for label in NEXT_LABEL.finditer(above):
            name = label["rst"] or label["myst"].strip()[1:-2]
            titles[name.strip().strip("`").lower()] = _plain(found)
    return titles


def title_of(text: str) -> str:
    """The first title of a text, or what its front matter states; "" without one."""
    front, body = split_front_matter(text)
    found = TITLE.search(body)
    return _plain(found) if found else field(front, "title")
