"""Errors that the user must fix, each as one line, with the nearest known name."""

from __future__ import annotations

import re
import sysconfig
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

MOST = 300
"""Characters of an error's message that are shown."""


class LeafError(Exception):
    """Something the user must change: one line that names the file or key, what is wrong and what to do."""


class Damaged(LeafError):
    """A file of a run that is not as it was written: its place, its name in the run, and what is wrong with it."""

    def __init__(self, place: str, name: str, reason: str) -> None:
        super().__init__(place, name, reason)
        self.place, self.name, self.reason = place, name, reason

    def __str__(self) -> str:
        return f"{self.place}/{self.name}: {self.reason}; make it again with: leafinstruct build --verify"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint for a misspelled name: the nearest known one, or all of them if none is near."""
    from difflib import get_close_matches

    names = {name.casefold(): name for name in sorted(known)}
    near = get_close_matches(word.casefold(), names, n=1, cutoff=0.6)
    return f" (did you mean '{names[near[0]]}'?)" if near else f" (known: {', '.join(sorted(known))})"


PRIVATE = re.compile(r"leafinstruct_user_[0-9a-f]{8}\.?")
"""Names under which modules of a project are imported (see `project_code`)."""


def one_line(text: str) -> str:
    """A text of code that is not ours in one line of at most MOST characters, which any file can hold."""
    return PRIVATE.sub("", " ".join(text[: 10 * MOST].encode(errors="replace").decode().split()))[:MOST]


def text_of(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # its own __str__ fails
        return "(its text cannot be shown)"


def raised(error: BaseException) -> str:
    """An error of code that is not ours in one line: its kind, its message, and the file and line that raised it,
    preferably of the user's own code rather than of a library that it called."""
    message = one_line(text_of(error))
    what = f"{type(error).__name__}: {message}" if message else type(error).__name__
    if isinstance(error, SyntaxError):  # its message names file and line
        return what
    ours = str(Path(__file__).parent)
    libraries = (*(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")), "<frozen")
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith(ours)]
    own = [frame for frame in frames if not frame.filename.startswith(libraries)]
    shown = (own or frames)[-1:]
    return " ".join([what, *(f"({Path(frame.filename).name}, line {frame.lineno})" for frame in shown)])


@contextmanager
def own_code(code: str, where: str) -> Iterator[None]:
    """Around calls of a plugin: an error of one that is not built in (with a `code`) is a LeafError of one line that
    begins with `where`."""
    try:
        yield
    except (LeafError, KeyboardInterrupt):
        raise
    except BaseException as error:
        if not code:
            raise
        raise LeafError(f"{where}: {raised(error)}") from error


LONGEST_PATH = 200
"""Characters of a path in a message."""


@contextmanager
def file_error(place: Path | str, advice: str) -> Iterator[None]:
    """Turn an error of the file system into a LeafError of one line that names the file, or else the place."""
    try:
        yield
    except OSError as error:
        raise LeafError(f"{of_file(error, place)}; {advice}") from error


def of_file(error: OSError, place: Path | str = "") -> str:
    """An error of the file system with the file that it is about."""
    where = error.filename if isinstance(error.filename, str) else str(place)
    where = where if len(where) <= LONGEST_PATH else f"{where[:LONGEST_PATH]}…"
    said = error.strerror or one_line(text_of(error)) or type(error).__name__
    return f"{where}: {said}" if where else said


@dataclass(frozen=True, order=True, slots=True)
class Fault:
    """What code that is not ours did wrong with one document (or image): its id, its path or address, and the error."""

    about: str
    place: str
    reason: str


@dataclass(frozen=True, slots=True)
class Faults:
    """The first of some faults, by id, and how many documents (or images) have one."""

    first: Fault | None = None
    count: int = 0

    @classmethod
    def of(cls, faults: Iterable[Fault]) -> Faults:
        found = sorted(faults)
        return cls(found[0], len({fault.about for fault in found})) if found else cls()

    @classmethod
    def sum(cls, several: Iterable[Faults]) -> Faults:
        """Those of different documents together."""
        some = [one for one in several if one.first]
        return cls(min(one.first for one in some if one.first), sum(one.count for one in some)) if some else cls()

    def line(self, what: str) -> str:
        """One line for the user about the first and the number of the others; `what` is missing. "" without faults."""
        if self.first is None:
            return ""
        place = f" ({self.first.place})" if self.first.place else ""
        more = self.count - 1
        others = f"; nor for {more} other{'s' if more > 1 else ''}" if more else ""
        return f"no {what} for {self.first.about}{place}: {self.first.reason}{others}"
