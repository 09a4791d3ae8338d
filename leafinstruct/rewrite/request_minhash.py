"""Finds requests that repeat another over the whole corpus: one is kept, whatever the order in which partitions were
written.

Two requests are compared by their content words without the words of asking; requests that give something (first steps,
images) only with those that give the same.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from leafinstruct.document import Record, digest
from leafinstruct.rewrite.patterns import matter
from leafinstruct.text.words import words

VERSION = 3
"""Grows whenever the same records would keep others."""
SIMILARITY = 0.8
"""Jaccard similarity of content words from which two requests are the same (own choice): of four words all must agree,
of five or more one may differ in one of the two."""


@dataclass(frozen=True, slots=True)
class Signature:
    """What is compared of a record: `group` identifies what its user gives, `tokens` are the words of its requests."""

    id: str
    group: str
    tokens: frozenset[str]
    images: int


def signature(record: Record) -> Signature:
    users = [m for m in record.messages if m.role == "user"]
    asked = " ".join(m.content[0].text for m in users)
    given = [[c.text for c in m.content[1:]] for m in users]
    images = iter(record.images)
    shown = [(m.role, next(images)) for m in record.messages for c in m.content if c.type == "image"]
    group = digest([given, [sha for role, sha in shown if role == "user"]]) if any(given) else ""
    numbers = {word for word in words(asked) if word.isdigit()}
    tokens = matter(asked) | numbers
    return Signature(record.id, group, frozenset(tokens or words(asked)), len(record.images))


def repeated(signatures: Iterable[Signature]) -> dict[str, str]:
    """For each record that repeats another's request, the id of the one that is kept.

    The one with most images is kept, then the one with the smallest id; so the result depends on the set alone. Exact:
    candidates come from the rarest tokens of each (prefix filtering, Chaudhuri et al. 2006).
    """
    ordered = sorted(signatures, key=lambda s: (-s.images, s.id))
    seen = Counter(token for one in ordered for token in one.tokens)
    index: dict[tuple[str, str], list[Signature]] = {}
    found: dict[str, str] = {}
    for one in ordered:
        rare = sorted(one.tokens, key=lambda token: (seen[token], token))
        prefix = rare[: len(rare) - math.ceil(SIMILARITY * len(rare)) + 1]
        near = [other for token in prefix for other in index.get((one.group, token), ()) if _alike(one, other)]
        if near:
            found[one.id] = min(near, key=lambda other: (-other.images, other.id)).id
            continue
        for token in prefix:
            index.setdefault((one.group, token), []).append(one)
    return found


def _alike(one: Signature, other: Signature) -> bool:
    return len(one.tokens & other.tokens) >= SIMILARITY * len(one.tokens | other.tokens)
