"""Long pages split at their chapters, one document each, whatever format they are written in.

A page is long if it has more images or words than the bundled `text` filter keeps: what would be dropped as a whole is
split at its headings, from the highest level down, until the chapters are within these bounds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from urllib.parse import quote

from leafinstruct.document import Document, LostImage, Part, chapter_id
from leafinstruct.text.plain import plain
from leafinstruct.text.words import count_words

MOST_IMAGES = 60
"""Different figures of a document, from `too_many_images` of the text filter."""
MOST_WORDS = 10_000
"""From `too_long`."""
LEAST_WORDS = 30
"""From `too_short`. An introduction with fewer words, or without an image, stays with the first chapter."""
NO_SLUG = re.compile(r"[^\w\s-]+")
GAPS = re.compile(r"[\s_-]+")
NAMELESS = "section"
ESCAPED = re.compile(r"[^\w.~:@,;=+$&'()*-]")
"""Characters of an anchor that an address cannot have, or that begin the name of another page in it (`!`, `/`)."""
ROUTES = ("!", "/")


@dataclass(frozen=True, slots=True)
class _Span:
    """Parts from `start` to before `end`, under the headings at these positions, outermost first."""

    start: int
    end: int
    headings: tuple[int, ...] = ()


def chapters(document: Document) -> list[Document]:
    """The documents of a page: itself, or its chapters if it is too long and its headings divide it into ones that are
    not. An introduction keeps the page's id."""
    spans = _Page(document.parts).split(_Span(0, len(document.parts)))
    if len(spans) < 2:
        return [document]
    return [_chapter(document, span, anchor) for span, anchor in _with_anchors(document.parts, spans)]


class _Page:
    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = parts
        self._words: list[int] | None = None

    def split(self, span: _Span) -> list[_Span]:
        """The span in pieces that fit, as far as its headings allow; the span itself if not one piece would fit."""
        if self._fits(span):
            return [span]
        for level in sorted({part.heading for part in self._in(span)} - {0}):
            pieces = self._sections(span, level)
            if len(pieces) > 1:
                found = [small for piece in pieces for small in self.split(piece)]
                return found if any(map(self._fits, found)) else [span]
        return [span]

    def _sections(self, span: _Span, level: int) -> list[_Span]:
        """The sections of a level, and what is before the first of them if that is enough for a document."""
        starts = [i for i, part in enumerate(self._in(span), span.start) if 0 < part.heading <= level]
        starts = [i for i in starts if i not in span.headings]
        while starts and self.parts[starts[0]].heading < level:  # the title above the introduction
            del starts[0]
        if not starts:
            return [span]
        found = [_Span(start, end, (*span.headings, start)) for start, end in pairwise([*starts, span.end])]
        before = _Span(span.start, starts[0], span.headings)
        if self._is_enough(before):
            return [before, *found]
        return [replace(found[0], start=span.start), *found[1:]]

    def _in(self, span: _Span) -> Sequence[Part]:
        return self.parts[span.start : span.end]

    def _fits(self, span: _Span) -> bool:
        if self._images(span) > MOST_IMAGES:
            return False
        return sum(map(_most_words, self._in(span))) <= MOST_WORDS or self._count(span) <= MOST_WORDS

    def _is_enough(self, span: _Span) -> bool:
        return self._images(span) > 0 and self._count(span) >= LEAST_WORDS

    def _images(self, span: _Span) -> int:
        return len({part.image for part in self._in(span) if part.is_figure})

    def _count(self, span: _Span) -> int:
        """Words of the Markdown: a few more than are read, and several times as fast to count."""
        if self._words is None:
            self._words = [count_words(part.text) for part in self.parts]
        return sum(self._words[span.start : span.end])


def _most_words(part: Part) -> int:
    """As many words as a text of this length may have: in some scripts each character is one."""
    return (len(part.text) + 1) // 2 if part.text.isascii() else len(part.text)


def _with_anchors(parts: Sequence[Part], spans: Sequence[_Span]) -> Iterator[tuple[_Span, str]]:
    """Each span with the anchor of its innermost heading ("" without one), no two the same: what the page states, or
    the heading's words; repeated ones are numbered."""
    used: set[str] = set()
    for span in spans:
        heading = parts[span.headings[-1]] if span.headings else None
        name = (heading.anchor or _slug(heading)) if heading is not None else ""
        anchor, number = name, 0
        while anchor in used:
            number += 1
            anchor = f"{name}-{number}"
        used.add(anchor)
        yield span, anchor


def _slug(heading: Part) -> str:
    return GAPS.sub("-", NO_SLUG.sub("", plain(heading.text).lower())).strip("-") or NAMELESS


def _chapter(page: Document, span: _Span, anchor: str) -> Document:
    names = [page.title, *(" ".join(plain(page.parts[i].text).split()) for i in span.headings)]
    place = f"#{ESCAPED.sub(lambda found: quote(found[0], safe=''), anchor)}" if anchor else ""
    address, _, fragment = page.url.partition("#")
    return replace(
        page,
        id=chapter_id(page.id, anchor) if anchor else page.id,
        url=page.url if not address or fragment.startswith(ROUTES) else address + place,
        path=page.path + place if page.path else "",
        title=": ".join(filter(None, dict.fromkeys(names))),
        parts=tuple(_renumbered(page.parts[span.start : span.end])),
        lost=tuple(_lost(page.lost, span)),
    )


def _renumbered(parts: Sequence[Part]) -> Iterator[Part]:
    """The parts with procedures and steps from 1. A chapter that is one step of its page has no steps."""
    steps: dict[int, dict[int, int]] = {}
    for part in parts:
        if part.step:
            own = steps.setdefault(part.procedure, {})
            own.setdefault(part.step, len(own) + 1)
    procedures = {old: number for number, old in enumerate((p for p, own in steps.items() if len(own) > 1), 1)}
    for part in parts:
        if not part.step:
            yield part
        elif part.procedure in procedures:
            yield replace(part, step=steps[part.procedure][part.step], procedure=procedures[part.procedure])
        else:
            yield replace(part, step=0, procedure=0)


def _lost(lost: Sequence[LostImage], span: _Span) -> Iterator[LostImage]:
    """The lost images of a span; one right before a heading is the last of the chapter before it."""
    for image in lost:
        if span.start < image.position <= span.end or image.position == span.start == 0:
            yield replace(image, position=image.position - span.start)
