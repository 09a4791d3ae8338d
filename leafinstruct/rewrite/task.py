"""Tasks: which parts of a document the user gives, and which answer, in one turn or in several.

A task is one file in `tasks/`, found by its name. A document's task depends on its id and the pipeline's weights alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from leafinstruct import plugins
from leafinstruct.document import Document, Part, digest
from leafinstruct.errors import LeafError, did_you_mean


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn, by positions in `document.parts`: what the user gives besides the request, and what answers.

    `shown` is what the model reads to write the request: by default the given parts, or else the answer.
    """

    given: tuple[int, ...]
    answer: tuple[int, ...]
    shown: tuple[int, ...] = ()


Turns = tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class Task:
    """`divide` returns the turns, in reading order, or None if the document does not fit the task.

    `about` describes a record in one line. `whole`: every part of the document is used.
    """

    name: str
    about: str
    divide: Callable[[Document], Turns | None]
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Draft:
    """A document with its task and the turns it is divided into."""

    document: Document
    task: str
    turns: Turns

    def input(self, turn: int = 0) -> list[Part]:
        return self._parts(self.turns[turn].given)

    def output(self, turn: int = 0) -> list[Part]:
        return self._parts(self.turns[turn].answer)

    def shown(self, turn: int = 0) -> list[Part]:
        one = self.turns[turn]
        return self._parts(one.shown or one.given or one.answer)

    @property
    def positions(self) -> tuple[int, ...]:
        """Positions of all parts in the record, in its order."""
        return tuple(i for turn in self.turns for i in (*turn.given, *turn.answer))

    def _parts(self, positions: tuple[int, ...]) -> list[Part]:
        return [self.document.parts[i] for i in positions]


@lru_cache(maxsize=1)
def tasks() -> dict[str, Task]:
    """Every task by its name: the `TASK` of each module in `leafinstruct/rewrite/tasks/`."""
    found = [plugins.own(plugins.TASK, name) for name in plugins.bundled_names(plugins.TASK)]
    return {task.name: task for task in sorted(found, key=lambda t: t.name)}


def choose_task(document: Document, weights: Mapping[str, float]) -> Task | None:
    """One of the tasks the document fits, drawn by its id with the weights; None if it fits none of them.

    Raises LeafError for an unknown task, a weight below 0 and weights that are all 0.
    """
    check_weights(weights)
    fitting = [
        tasks()[name] for name in sorted(weights) if weights[name] > 0 and tasks()[name].divide(document) is not None
    ]
    point = draw(document.id, "task") * sum(weights[task.name] for task in fitting)
    for task in fitting:
        point -= weights[task.name]
        if point < 0:
            return task
    return fitting[-1] if fitting else None


def check_weights(weights: Mapping[str, float]) -> None:
    for name, weight in weights.items():
        if name not in tasks():
            raise LeafError(f"tasks: unknown task '{name}'{did_you_mean(name, tasks())}")
        if not isinstance(weight, int | float) or weight < 0:
            raise LeafError(f"tasks: {name}: {weight!r} is not a weight; give a number of 0 or more")
    if not any(weights.values()):
        raise LeafError(f"tasks: no task has a weight above 0; known: {', '.join(sorted(tasks()))}")


def draft(document: Document, task: Task) -> Draft:
    """Divide a document that fits the task. Raises ValueError for one that does not."""
    turns = task.divide(document)
    if turns is None:
        raise ValueError(f"document {document.id} does not fit the task {task.name}")
    return Draft(document, task.name, turns)


def span(start: int, end: int) -> tuple[int, ...]:
    return tuple(range(start, end))


def draw(document_id: str, what: str) -> float:
    """A number in [0, 1) that depends on the document's id and on `what` is drawn."""
    return int(digest([document_id, what])[:12], 16) / 16**12
