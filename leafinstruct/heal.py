"""Heals a run: a damaged file is named and deleted, so that the stages make it again from what comes before it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import PurePosixPath
from typing import Any

from leafinstruct import layout
from leafinstruct.errors import Damaged, LeafError
from leafinstruct.pipeline import Pipeline
from leafinstruct.run import Run
from leafinstruct.score.base import ModelScorer
from leafinstruct.store import HALF

COMMANDS = {
    layout.AUDIT: "audit",
    PurePosixPath(layout.audit_run("x")).parts[0]: "audit",
    layout.REPORT: "report",
    layout.PROOF: "prove",
    layout.TRAIN: "build --stage train",
}
"""What no stage before `train` makes again, and the command that does."""


def heal(run: Run, pipeline: Pipeline, work: Callable[[], None]) -> None:
    """Do the work, and again as often as it finds a damaged file, without that file. Raises LeafError if a file is
    damaged once more."""
    found: set[str] = set()
    while True:
        try:
            return work()
        except Damaged as damaged:
            if damaged.name in found:
                raise LeafError(
                    f"{run}/{damaged.name}: {damaged.reason}, again after it was made again; check the disk and the "
                    "memory of this machine"
                ) from None
            found.add(damaged.name)
            discard(run, pipeline, damaged)


def discard(run: Run, pipeline: Pipeline, damaged: Damaged) -> None:
    """Delete a damaged file and tell the user."""
    name = damaged.name
    run.discard(damaged, _then(run, pipeline, name))
    if name.startswith(f"{layout.TRAIN}/"):
        run.remove(layout.TRAIN_FINGERPRINT)


def _then(run: Run, pipeline: Pipeline, name: str) -> str:
    """What becomes of a file that is deleted, for the user."""
    folder = PurePosixPath(name).parts[0]
    if folder in (layout.DOCUMENTS, layout.IMAGES, layout.ASKED):
        return "its input is read again"
    if folder == layout.GENERATIONS or PurePosixPath(name).parent.as_posix() in _of_models(pipeline):
        rows = run.rows(name)
        return "answers of a model are asked for again" + ("" if rows is None else f": {rows}")
    for made, command in COMMANDS.items():
        if name == made or name.startswith(f"{made}/"):
            return f"deleted; make it again with: leafinstruct {command}"
    return "made again"


def _of_models(pipeline: Pipeline) -> set[str]:
    """Folders of the scores of models."""
    asking = (owner for owner in pipeline.filters if isinstance(owner.scorer, ModelScorer))
    return {PurePosixPath(layout.scores(owner.folder, "x")).parent.as_posix() for owner in asking}


def damaged_files(run: Run, workers: int) -> Iterator[Damaged]:
    """Every damaged file of a run: reads all of them."""
    names = [name for name in run.below("") if not HALF.fullmatch(PurePosixPath(name).name)]
    shards: dict[str, Any] = {}
    with suppress(Damaged):  # of the manifest, which is among the files
        listed = run.json(layout.SHARDS_MANIFEST) or {"files": []}
        shards = {layout.shard(file["file"]): file for file in listed["files"]}
    with ThreadPoolExecutor(workers) as pool:
        yield from filter(None, pool.map(partial(_damage, run, shards), names))


def _damage(run: Run, shards: Mapping[str, Any], name: str) -> Damaged | None:
    try:
        if name in shards:
            run.check_shard(name, shards[name], again=True)
        elif name.endswith(layout.SUM_SUFFIX):
            _check_summed(run, name)
        elif name.endswith(layout.SUFFIX):
            run.check_table(name)
    except FileNotFoundError:  # a file with a sum that is there no more
        return None
    except Damaged as damaged:
        return damaged
    return None


def _check_summed(run: Run, sums: str) -> None:
    """Compare the file that a file of checksums is about, in this run or in one inside it. Raises Damaged."""
    folder, _, name = sums.removesuffix(layout.SUM_SUFFIX).rpartition(f"{layout.SUMS}/")
    try:
        (run.inner(folder.rstrip("/")) if folder else run).read(name)
    except Damaged as damaged:
        raise Damaged(run.place, f"{folder}{damaged.name}", damaged.reason) from None
