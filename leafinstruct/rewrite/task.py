"""Tasks: which part of a document the user gives, and which part answers.

A task looks at one document and names the position where the output begins, or None if the document is not of its
kind. Which task a document gets depends on its id and the pipeline's weights alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from leafinstruct.document import Document, LeafError, Part, did_you_mean, digest

MIN_STEPS = 2
"""A how-to has two steps at least; the same number makes numbered paragraphs steps in harvest."""
MIN_GROUPS = 3
"""Steps, sections or text-image groups of which some can be given and some left to answer."""
IMPERATIVES = 0.15
"""Share of sentences that begin with an order, from which prose counts as instructions. Own choice: among 50 tutorials
drawn by chance and sorted by eye, guides without steps had .17 and more, articles .12 and less."""

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
    r"|gib|gieß\w*|lass\w*|leg\w*|mach\w*|misch\w*|nimm|press\w*|rühr\w*|schneid\w*|setz\w*|stell\w*|zieh\w*)\b",
    re.IGNORECASE,
)
SENTENCE_BREAK = re.compile(r"(?<=[.!?:。！？])\s+|\n+")


@dataclass(frozen=True, slots=True)
class Task:
    """`split` gives the position of the first part of the output, None if the document does not fit the task."""

    name: str
    split: Callable[[Document], int | None]


@dataclass(frozen=True, slots=True)
class Draft:
    """A document with its task: the positions of `document.parts` that the user gives, and those that answer."""

    document: Document
    task: str
    input_parts: tuple[int, ...]
    output_parts: tuple[int, ...]

    def input(self) -> list[Part]:
        return [self.document.parts[i] for i in self.input_parts]

    def output(self) -> list[Part]:
        return [self.document.parts[i] for i in self.output_parts]


def choose_task(document: Document, weights: Mapping[str, float]) -> Task | None:
    """One of the tasks the document fits, drawn by its id with the weights; None if it fits none of them.

    Raises LeafError for an unknown task, a weight below 0 and weights that are all 0.
    """
    check_weights(weights)
    fitting = [TASKS[name] for name in sorted(weights) if weights[name] > 0 and TASKS[name].split(document) is not None]
    point = draw(document.id, "task") * sum(weights[task.name] for task in fitting)
    for task in fitting:
        point -= weights[task.name]
        if point < 0:
            return task
    return fitting[-1] if fitting else None


def check_weights(weights: Mapping[str, float]) -> None:
    for name, weight in weights.items():
        if name not in TASKS:
            raise LeafError(f"tasks: unknown task '{name}'{did_you_mean(name, TASKS)}")
        if not isinstance(weight, int | float) or weight < 0:
            raise LeafError(f"tasks: {name}: {weight!r} is no weight; give a number from 0")
    if not any(weights.values()):
        raise LeafError(f"tasks: no task has a weight above 0; known: {', '.join(sorted(TASKS))}")


def draft(document: Document, task: Task) -> Draft:
    """Divide a document that fits the task. Raises ValueError for one that does not."""
    start = task.split(document)
    if start is None:
        raise ValueError(f"document {document.id} is none for the task {task.name}")
    return Draft(document, task.name, tuple(range(start)), tuple(range(start, len(document.parts))))


# The tasks


def _howto(document: Document) -> int | None:
    return 0 if _answers(document.parts) and is_procedure(document) else None


def _illustrate(document: Document) -> int | None:
    return 0 if _answers(document.parts) and not is_procedure(document) else None


def _continue(document: Document) -> int | None:
    """Where the rest begins after the first k steps, k drawn by the id; rather where the input shows an image too."""
    cuts = [p for p in _cuts(document.parts) if _has_prose(document.parts[:p]) and _answers(document.parts[p:])]
    shown = [p for p in cuts if any(part.type == "image" for part in document.parts[:p])]
    choice = shown or cuts
    return choice[int(draw(document.id, "continue") * len(choice))] if choice else None


TASKS: dict[str, Task] = {
    task.name: task for task in (Task("howto", _howto), Task("continue", _continue), Task("illustrate", _illustrate))
}


def is_procedure(document: Document) -> bool:
    """Whether the document says how to do something: by its steps, its title, or sentences that are orders."""
    if len({p.step for p in document.parts if p.step}) >= MIN_STEPS or TITLE.search(document.title):
        return True
    texts = [p.text for p in document.parts if p.type == "text" and not p.heading]
    sentences = [s for text in texts for s in SENTENCE_BREAK.split(text) if s.strip()]
    orders = sum(bool(ORDER.match(s)) for s in sentences)
    return orders >= MIN_STEPS and orders / len(sentences) >= IMPERATIVES


def _cuts(parts: Sequence[Part]) -> list[int]:
    """Positions between two steps; without steps between two sections; else between two text-image groups.

    A heading goes with what follows it, so no cut stands behind one.
    """
    steps = {p.step for p in parts if p.step}
    if len(steps) >= MIN_GROUPS:
        starts = [i for i in range(1, len(parts)) if parts[i].step and parts[i].step != parts[i - 1].step]
    elif steps:
        return []
    else:
        levels = [p.heading for p in parts if p.heading]
        top = next((n for n in sorted(set(levels)) if levels.count(n) >= MIN_GROUPS), 0)
        starts = [i for i in range(1, len(parts)) if parts[i].heading == top] if top else _groups(parts)[1:]
        if len(starts) < MIN_GROUPS - 1:
            return []
    cuts = sorted({_before_headings(parts, start) for start in starts})
    return [cut for cut in cuts if cut and _keeps_steps(parts, cut)]


def _groups(parts: Sequence[Part]) -> list[int]:
    """Where text-image groups begin: each ends with its images, or begins with them if the document does."""
    body = [i for i, p in enumerate(parts) if not p.heading]
    if not body:
        return []
    image_first = parts[body[0]].type == "image" and parts[body[-1]].type == "text"
    first = "image" if image_first else "text"
    return [body[0]] + [
        i for before, i in zip(body, body[1:], strict=False) if parts[i].type == first != parts[before].type
    ]


def _before_headings(parts: Sequence[Part], position: int) -> int:
    while position > 0 and parts[position - 1].heading:
        position -= 1
    return position


def _keeps_steps(parts: Sequence[Part], cut: int) -> bool:
    before = {p.step for p in parts[:cut] if p.step}
    after = {p.step for p in parts[cut:] if p.step}
    return not before & after


def _has_prose(parts: Sequence[Part]) -> bool:
    return any(p.type == "text" and not p.heading for p in parts)


def _answers(parts: Sequence[Part]) -> bool:
    """Whether the parts can be an interleaved answer: text and an image."""
    return _has_prose(parts) and any(p.type == "image" for p in parts)


def draw(document_id: str, what: str) -> float:
    """A number in [0, 1) that depends on the document's id."""
    return int(digest([document_id, what])[:12], 16) / 16**12
