"""A title without the name of its site, as people would say it."""

from __future__ import annotations

import re

from leafinstruct.document import Document

TAIL = re.compile(r"\s+[|\-–—:·»]\s+|\s*[|»·]\s*")


def plain_title(document: Document) -> str:
    """The title without a first or last piece ("… | Example Site") that is spelt in the host's name; the first heading
    if there is none."""
    title = document.title or next((p.text for p in document.parts if p.heading), "")
    title = " ".join(title.split())
    host = re.sub(r"[^a-z0-9]", "", document.site.lower())
    marks = list(TAIL.finditer(title))
    if marks and _is_site(title[marks[-1].end() :], host):
        title = title[: marks[-1].start()]
    elif marks and _is_site(title[: marks[0].start()], host):
        title = title[marks[0].end() :]
    return title.strip()


def _is_site(text: str, host: str) -> bool:
    name = re.sub(r"[^a-z0-9]", "", re.sub(r"\.(?:com|org|net|de|io)\b", "", text.lower()))
    return len(name) >= 4 and name in host
