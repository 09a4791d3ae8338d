"""Segments of a document: where it may be split, between steps, sections or text-image groups, never inside a step.

Tasks are made of these. Also decides whether a document is a set of instructions.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from leafinstruct.document import Document, Part
from leafinstruct.text.sentences import sentences

MIN_STEPS = 2
"""Minimum steps of a how-to; harvest needs as many to turn numbered paragraphs into steps."""
MIN_GROUPS = 3
"""Minimum steps, sections or text-image groups, so that some can be given and some left to answer."""
IMPERATIVES = 0.15
"""Share of sentences that begin with an order, from which prose counts as instructions. Own choice: among 50 tutorials
drawn at random and sorted by eye, guides without steps had .17 and more, articles .12 and less."""

TITLE = re.compile(
    "|".join(
        (
            r"\bhow (?:to|do|can)\b|\bhow-?to\b|\btutorial\w*\b|\brecipe\b|\bstep[- ]by[- ]step\b",
            r"\bwalk-?through\b|\bDIY\b",
            r"^(?:make|making|build|building|create|creating|install|installing|set up|setting up|getting started)\b",
            r"^(?:draw|drawing|cook|cooking|bake|baking|sew|sewing|tie|tying|fix|fixing|repair|repairing|use|using)\b",
            r"\banleitung\b|\brezept\b|\bwie (?:man|du|ich|sie)\b|schritt für schritt|^so \w+",
            r"\bcomment \w+er\b|\brecette\b|\btutoriel\b|\breceta\b|\bcómo \w+r\b",
            r"做法|教程|如何|怎么|作り方",
        )
    ),
    re.IGNORECASE,
)
ORDER = re.compile(
    r"(?:\W|\d)*(?:(?:then|now|next|first|finally|carefully|gently|dann|nun|jetzt|zuerst)\b,?\s+)?"
    r"(?:add|apply|attach|bake|bend|boil|bring|build|check|choose|clean|click|close|combine|connect|copy|cover|create"
    r"|cut|dip|download|drag|drain|draw|drill|drop|dry|enter|fill|find|fold|get|glue|go to|heat|hold|insert|install"
    r"|keep|lay|leave|let|lift|make|mark|measure|melt|mix|move|open|paint|paste|peel|pick|place|pour|press|pull|push"
    r"|put|remove|repeat|return|rinse|roll|run|save|screw|select|set|sew|slice|slide|soak|spread|stir|take|tap|tie"
    r"|tighten|trim|turn|twist|type|use|wait|wash|wear|wipe|wrap|write"
    r"|backe?|drücke?|falte|klebe|klicke?|koche|öffne|schließe|wende|gib"
    r"|gieß\w*|lass\w*|leg\w*|mach\w*|misch\w*|nimm|press\w*|rühr\w*|schneid\w*|setz\w*|stell\w*|zieh\w*)\b",
    re.IGNORECASE,
)

Span = tuple[int, int]
"""Positions from the first part to the one after the last."""


def is_procedure(document: Document) -> bool:
    """Whether the document explains how to do something: by its steps, its title, or sentences that are orders."""
    if len({p.own_step for p in document.parts if p.step}) >= MIN_STEPS or TITLE.search(document.title):
        return True
    texts = [p.text for p in document.parts if p.type == "text" and not p.heading]
    found = [s for text in texts for s in sentences(text)]
    orders = sum(bool(ORDER.match(s)) for s in found)
    return orders >= MIN_STEPS and orders / len(found) >= IMPERATIVES


def has_prose(parts: Sequence[Part]) -> bool:
    return any(p.type == "text" and not p.heading for p in parts)


def has_image(parts: Sequence[Part]) -> bool:
    return any(p.is_figure for p in parts)


def answers(parts: Sequence[Part]) -> bool:
    """Whether the parts can be an interleaved answer: text and an image."""
    return has_prose(parts) and has_image(parts)


def cuts(parts: Sequence[Part]) -> list[int]:
    """Positions between two steps; without steps between two sections; else between two text-image groups.

    Of several procedures, a cut is inside the last one: what comes after it belongs to one procedure alone. A heading
    is kept with what follows it, so no cut comes right after one. There is no cut with fewer than MIN_GROUPS pieces.
    """
    steps = {p.own_step for p in parts if p.step}
    if len(steps) >= MIN_GROUPS:
        starts = _step_starts(parts)
        if len({procedure for procedure, _ in steps}) > 1:
            starts = _inside_last(parts, starts)
    elif steps:
        return []
    else:
        starts = _section_starts(parts, MIN_GROUPS) or groups(parts)[1:]
        if len(starts) < MIN_GROUPS - 1:
            return []
    return _whole_cuts(parts, starts)


def sections(parts: Sequence[Part], least: int = 2) -> list[Span]:
    """Spans from one heading of the highest repeated level to the next; parts before the first are in none.

    A section that would cut a step is joined to the one before.
    """
    starts = _section_starts(parts, least)
    if not starts:
        return []
    whole = [starts[0], *(cut for cut in _whole_cuts(parts, starts) if cut > starts[0])]
    return list(zip(whole, [*whole[1:], len(parts)], strict=True))


def units(parts: Sequence[Part]) -> list[Span]:
    """Spans of steps or, without steps, of text-image groups: the states that a procedure goes through."""
    if any(p.step for p in parts):
        inside = [i for i, p in enumerate(parts) if p.step]
        starts = [i for i in inside if i == 0 or parts[i].own_step != parts[i - 1].own_step]
        numbers = [parts[i].own_step for i in starts]
        if len(set(numbers)) < len(numbers):  # a step that recurs is not a single state
            return []
        ends = [
            next(j for j in range(i, len(parts) + 1) if j == len(parts) or parts[j].own_step != parts[i].own_step)
            for i in starts
        ]
        return list(zip(starts, ends, strict=True))
    starts = groups(parts)
    if not starts:
        return []
    return list(zip(starts, [*(_before_headings(parts, s) for s in starts[1:]), len(parts)], strict=True))


def transitions(parts: Sequence[Part]) -> list[tuple[Span, Span]]:
    """Units one after the other, of the same procedure."""
    found = units(parts)
    pairs = zip(found, found[1:], strict=False)
    return [(one, two) for one, two in pairs if parts[one[0]].procedure == parts[two[0]].procedure]


def groups(parts: Sequence[Part]) -> list[int]:
    """Where text-image groups begin: each ends with its images, or begins with them if the document does."""
    body = [i for i, p in enumerate(parts) if not p.heading]
    if not body:
        return []
    image_first = parts[body[0]].is_figure and not parts[body[-1]].is_figure
    return [body[0]] + [
        i
        for before, i in zip(body, body[1:], strict=False)
        if parts[i].is_figure == image_first != parts[before].is_figure
    ]


def _step_starts(parts: Sequence[Part]) -> list[int]:
    return [i for i in range(1, len(parts)) if parts[i].step and parts[i].own_step != parts[i - 1].own_step]


def _inside_last(parts: Sequence[Part], starts: Sequence[int]) -> list[int]:
    """Those of some starts of steps that are between two steps of the last procedure."""
    last = max(p.procedure for p in parts)
    first = next(i for i, p in enumerate(parts) if p.procedure == last)
    return [i for i in starts if i > first and parts[i].procedure == last]


def _section_starts(parts: Sequence[Part], least: int) -> list[int]:
    levels = [p.heading for p in parts if p.heading]
    top = next((n for n in sorted(set(levels)) if levels.count(n) >= least), 0)
    return [i for i in range(len(parts)) if top and parts[i].heading == top]


def _whole_cuts(parts: Sequence[Part], starts: Sequence[int]) -> list[int]:
    found = sorted({_before_headings(parts, start) for start in starts})
    return [cut for cut in found if cut and _keeps_steps(parts, cut)]


def _before_headings(parts: Sequence[Part], position: int) -> int:
    while position > 0 and parts[position - 1].heading:
        position -= 1
    return position


def _keeps_steps(parts: Sequence[Part], cut: int) -> bool:
    before = {p.own_step for p in parts[:cut] if p.step}
    after = {p.own_step for p in parts[cut:] if p.step}
    return not before & after
