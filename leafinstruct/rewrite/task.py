"""Tasks: which parts of a document the user gives, and which answer, in one turn or in several.

A task is one file in `tasks/`, found by its name, or one of the project's own. A document's task depends on its id and
the pipeline's weights alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from leafinstruct import plugins
from leafinstruct.document import Document, Part, digest
from leafinstruct.errors import LeafError, own_code, raised
from leafinstruct.text.plain import plain, reading


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
    """`divide` returns the turns, in reading order, or None if the document does not fit the task. The texts it gets
    are plain, without markup.

    `name` names it in records, in prompts (a section `# name` tells the model what to ask for) and in seeds. `about`
    describes a record in one line. `whole`: every part of the document is used. `phrases` are requests that the
    template writer fills the title into, by language: {"en": ("Show me {0}.",)}; by default those of `illustrate`.
    """

    name: str
    about: str
    divide: Callable[[Document], Turns | None]
    whole: bool = True
    phrases: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Draft:
    """A document with its task and the turns it is divided into."""

    document: Document
    kind: Task
    turns: Turns

    @property
    def task(self) -> str:
        return self.kind.name

    @property
    def reading(self) -> Document:
        """The document as it is read, without markup."""
        return reading(self.document)

    def heading(self, turn: int = 0) -> str:
        """The first heading of what answers; "" if it has none."""
        return next((plain(p.text) for p in self.output(turn) if p.heading), "")

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


@dataclass(frozen=True, slots=True)
class Weighted:
    """A task as a pipeline lists it; `code` is the digest of one that is not built in."""

    task: Task
    weight: float
    code: str = ""


def weighted_tasks(weights: Mapping[str, float], root: Path = Path()) -> list[Weighted]:
    """The tasks of a pipeline in the order of their names: built-in ones, `./file.py:TASK` relative to
    `root`, or entry points. Raises LeafError for an unknown task, a weight below 0, two tasks of one name, and weights
    that are all 0."""
    found: dict[str, Weighted] = {}
    for spec, weight in weights.items():
        if not isinstance(weight, int | float) or weight < 0:
            raise LeafError(f"tasks: {spec}: {weight!r} is not a weight; give a number of 0 or more")
        try:
            plugin = plugins.Plugin(tasks()[spec]) if spec in tasks() else plugins.load(plugins.TASK, spec, root, Task)
        except LeafError as error:
            raise LeafError(f"tasks: {error}") from None
        task = plugin.value
        if not isinstance(task.name, str) or not task.name.isidentifier():
            raise LeafError(f"tasks: {spec}: its name {task.name!r} is not a name; use letters, digits and _")
        with own_code(plugin.code, f"tasks: {spec}: phrases"):
            _check_phrases(spec, task)
        if task.name in found or (plugin.code and task.name in tasks()):
            raise LeafError(f"tasks: {spec}: another task is called '{task.name}'; rename it")
        found[task.name] = Weighted(task, weight, plugin.code)
    if not any(weights.values()):
        raise LeafError(f"tasks: no task has a weight above 0; known: {', '.join(sorted(tasks()))}")
    return [found[name] for name in sorted(found)]


def _check_phrases(spec: str, task: Task) -> None:
    for language, phrases in task.phrases.items():
        if not isinstance(phrases, tuple | list) or not phrases:
            raise LeafError(f"tasks: {spec}: phrases of {language!r} are a tuple of texts with {{0}} for the title")
        for phrase in phrases:
            if "a title" not in phrase.format("a title"):
                raise LeafError(f"tasks: {spec}: the phrase {phrase[:60]!r} has no {{0}} for the title")


class TaskFailed(Exception):
    """A task of the project's own raised an error or gave no turns."""


def choose_draft(document: Document, weighted: Sequence[Weighted]) -> Draft | None:
    """A draft of one of the tasks the document fits, drawn by its id with the weights; None if it fits none of them.
    Raises TaskFailed naming the task."""
    able = [one for one in weighted if one.weight > 0]
    read = reading(document)
    fitting = [(one, turns) for one in able if (turns := _divided(read, one)) is not None]
    point = draw(document.id, "task") * sum(one.weight for one, _ in fitting)
    for one, turns in fitting:
        point -= one.weight
        if point < 0:
            return Draft(document, one.task, turns)
    return Draft(document, fitting[-1][0].task, fitting[-1][1]) if fitting else None


def _divided(document: Document, one: Weighted) -> Turns | None:
    if not one.code:
        return one.task.divide(document)
    where = f"task {one.task.name}"
    try:
        turns = one.task.divide(document)
        problem = "" if turns is None else _problem(document, turns)
    except (LeafError, ImportError, MemoryError) as error:  # no fact about the document
        raise LeafError(f"{where}: {raised(error)}") from error
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise TaskFailed(f"{where}: {raised(error)}") from error
    if problem:
        raise TaskFailed(f"{where}: divide gave {problem}")
    return None if turns is None else tuple(turns)


def _problem(document: Document, turns: Any) -> str:
    """What is wrong with the turns that a task gave; "" if nothing is."""
    if not isinstance(turns, tuple | list) or not turns or not all(isinstance(turn, Turn) for turn in turns):
        return f"{str(turns)[:60]!r}; it returns a tuple of one or more Turn, or None"
    known = range(len(document.parts))
    for turn in turns:
        for position in (*turn.given, *turn.answer, *turn.shown):
            if not isinstance(position, int) or position not in known:
                return f"the position {position!r}; the document has {len(document.parts)} parts"
        if not turn.answer:
            return "a turn without an answer"
    used = [i for turn in turns for i in (*turn.given, *turn.answer)]
    return "" if used == sorted(set(used)) else "parts twice or out of their order"


def draft(document: Document, task: Task) -> Draft:
    """Divide a document that fits the task. Raises ValueError for one that does not."""
    turns = task.divide(reading(document))
    if turns is None:
        raise ValueError(f"document {document.id} does not fit the task {task.name}")
    return Draft(document, task, turns)


def span(start: int, end: int) -> tuple[int, ...]:
    return tuple(range(start, end))


def draw(document_id: str, what: str) -> float:
    """A number in [0, 1) that depends on the document's id and on `what` is drawn."""
    return int(digest([document_id, what])[:12], 16) / 16**12
