"""A title as people would say it: without the name of its site, and with the name of what its site is about."""

from __future__ import annotations

import re
from collections import Counter

from leafinstruct.document import Document
from leafinstruct.text.plain import plain, reading

TAIL = re.compile(r"\s+[|\-–—:·»]\s+|\s*[|»·]\s*")

PROPER = re.compile(r"(?<=[a-z,;] )[A-Z][^\W_]{2,}(?: [A-Z][^\W_]*)?")
"""A name inside a sentence, of one word or two."""
NAMED_TIMES = 2
"""Times that a text must name its product or place; once may be chance (own choice)."""


def full_title(document: Document) -> str:
    """The plain title, and in parentheses the name of what the site is about if the title does not have it: "Effects
    preferences" of a manual could be any program's, "Effects preferences (Audacity)" could not. It is the most common
    name in the text that is spelled in the site's name."""
    title = plain_title(document)
    host = _letters(document.site)
    names = Counter(PROPER.findall(reading(document).text))
    for two in [name for name in names if " " in name]:
        names[two.split()[0]] += names[two]
    fitting = [n for n, times in names.items() if times >= NAMED_TIMES and _is_site(n, host)]
    if not title or not fitting or any(_letters(n) in _letters(title) for n in fitting):
        return title
    return f"{title} ({max(fitting, key=lambda n: (len(n.split()), names[n], n))})"


def plain_title(document: Document) -> str:
    """The title without a first or last piece ("… | Example Site") that is spelled in the host's name; the first
    heading if there is none."""
    title = document.title or next((plain(p.text) for p in document.parts if p.heading), "")
    title = " ".join(title.split())
    host = _letters(document.site)
    marks = list(TAIL.finditer(title))
    if marks and _is_site(title[marks[-1].end() :], host):
        title = title[: marks[-1].start()]
    elif marks and _is_site(title[: marks[0].start()], host):
        title = title[marks[0].end() :]
    return title.strip()


def _is_site(text: str, host: str) -> bool:
    name = _letters(re.sub(r"\.(?:com|org|net|de|io)\b", "", text.lower()))
    return len(name) >= 4 and name in host


def _letters(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())
