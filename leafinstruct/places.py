"""Where copies of a run's records were put outside of the run: pushes, exports, pages for people.

A takedown has to reach them, so the run keeps a list. Paths in the project are relative to the run: a project that is
moved or copied keeps its own.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from leafinstruct import layout
from leafinstruct.run import Run
from leafinstruct.store import is_remote

PLACES: Mapping[str, str] = {
    "pushes": "data sets on the Hub, folders and URLs that shards were pushed to",
    "exports": "folders that shards were exported to",
    "pages": "files that `sample`, `review` and `train` wrote for people, with their SHA-256 (hex)",
}
"""Keys of the list with their meanings."""


@dataclass(frozen=True, slots=True)
class Places:
    pushes: tuple[str, ...] = ()
    exports: tuple[str, ...] = ()
    pages: Mapping[str, str] = field(default_factory=dict)


def places(run: Run) -> Places:
    """The list with absolute paths."""
    found = run.json(layout.PLACES) or {}
    pages = {_whole(run, file): sha256 for file, sha256 in found.get("pages", {}).items()}
    return Places(tuple(found.get("pushes", ())), tuple(_whole(run, one) for one in found.get("exports", ())), pages)


def run_above(shards: Path) -> Run | None:
    """The local run that a folder of shards lies in; None for a folder elsewhere."""
    run = Run(shards.resolve().parent)
    return run if run.exists(layout.RUN) else None


def add_push(run: Run, target: str) -> None:
    known = places(run)
    _keep(run, known, Places((*known.pushes, target), known.exports, known.pages))


def add_export(run: Run, folder: Path) -> None:
    known = places(run)
    _keep(run, known, Places(known.pushes, (*known.exports, str(folder.resolve())), known.pages))


def set_pages(run: Run, files: Iterable[Path], *, forget: Iterable[str] = ()) -> None:
    """Add files that were just written, and leave out some that are gone."""
    known = places(run)
    written = {str(file.resolve()): sha256_of(file) for file in files}
    left = {file: sha256 for file, sha256 in known.pages.items() if file not in set(forget)}
    _keep(run, known, Places(known.pushes, known.exports, left | written))


def sha256_of(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _keep(run: Run, before: Places, now: Places) -> None:
    now = Places(tuple(sorted(set(now.pushes))), tuple(sorted(set(now.exports))), dict(sorted(now.pages.items())))
    if now != before:
        pages = {_stored(run, file): sha256 for file, sha256 in now.pages.items()}
        stored = Places(now.pushes, tuple(_stored(run, one) for one in now.exports), pages)
        run.commit_json(layout.PLACES, asdict(stored))


def _stored(run: Run, path: str) -> str:
    if is_remote(run.place):
        return path
    here = run.path.resolve()
    return os.path.relpath(path, here) if Path(path).is_relative_to(here.parent.parent) else path


def _whole(run: Run, path: str) -> str:
    return path if is_remote(run.place) else os.path.normpath(run.path.resolve() / path)
