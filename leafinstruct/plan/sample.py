"""The sample behind a plan: partitions spread evenly over each source, built in a temporary folder.

They are half the size of those of a build, so that few documents still come from many places. Indexes of a source are
built in full, because the images of a page may be in any file of the source.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow.compute as pc

from leafinstruct import layout
from leafinstruct.build import build
from leafinstruct.context import Context
from leafinstruct.engine.local import run_tasks
from leafinstruct.errors import LeafError
from leafinstruct.harvest.base import Chunk
from leafinstruct.harvest.stage import checked_source
from leafinstruct.pipeline import Pipeline, SourceSettings
from leafinstruct.progress import Progress
from leafinstruct.run import Run
from leafinstruct.timing import Spent

SMALLER = 2
TINY = 10
SMALLEST = 10
"""Fewest documents of a partition; in smaller ones the fixed cost per partition would dominate (own choice)."""


@dataclass(frozen=True, slots=True)
class Part:
    """One partition: its source, its share of the source's input, and its counts."""

    source: str
    weight: float
    documents: int = 0
    images: int = 0
    image_bytes: int = 0
    disk: int = 0


@dataclass(frozen=True)
class Sample:
    """Measurements of a build of some partitions. `inputs`: known bytes of each source's input; `shards`: bytes
    published; `indexes`: bytes of the full indexes. `tiny` is a build of very few documents, which shows the fixed cost
    of each task and stage."""

    parts: Mapping[str, Part]
    whole: Mapping[str, int]
    spent: tuple[Spent, ...]
    stages: Mapping[str, tuple[float, float]]
    tiny: tuple[Spent, ...]
    tiny_stages: Mapping[str, tuple[float, float]]
    inputs: Mapping[str, int]
    shards: int
    indexes: int


def take(pipeline: Pipeline, stage: str, limit: int, progress: Progress) -> Sample:
    """Build about `limit` documents up to a stage with one process. Raises LeafError if the input has none."""
    smaller = [_smaller(pipeline, settings) for settings in pipeline.sources]
    pipeline = replace(pipeline, sources=tuple(smaller))
    chunks = {settings.name: checked_source(pipeline, settings).plan(None) for settings in smaller}
    with tempfile.TemporaryDirectory(prefix="leafinstruct-plan-") as folder:
        first = _spread(chunks, 0.0)
        one_each = frozenset(first)
        warm = Context(Run(f"{folder}/warm"), pipeline, run_tasks, only=one_each, progress=Progress(True))
        build(warm, "harvest")
        seen = sum(warm.run.table(layout.documents(n), ["id"]).num_rows / part.weight for n, part in first.items())
        for folder_of in ("warm", "tiny"):  # the first one pays for imports and caches
            tiny = Context(Run(f"{folder}/{folder_of}"), pipeline, run_tasks, limit=TINY, only=one_each)
            tiny.progress.quiet = True
            with suppress(LeafError):  # too few documents for a record; the next build reports other errors
                build(tiny, stage)
        chosen = _spread(chunks, limit / max(seen, 1))
        progress.say(f"plan: building a sample of {len(chosen)} of {sum(map(len, chunks.values()))} small partitions")
        context = Context(Run(f"{folder}/sample"), pipeline, run_tasks, only=frozenset(chosen), progress=progress)
        build(context, stage)
        return _counted(context, tiny, chosen, chunks)


def _smaller(pipeline: Pipeline, settings: SourceSettings) -> SourceSettings:
    partition = max(SMALLEST, checked_source(pipeline, settings).partition // SMALLER)
    return replace(settings, settings={**settings.settings, "partition": partition})


def _spread(chunks: Mapping[str, list[Chunk]], share: float) -> dict[str, Part]:
    """That share of the chunks of each source, evenly spread, at least one."""
    chosen = {}
    for source, found in chunks.items():
        whole = sum(map(weight, found))
        count = min(len(found), max(1, math.ceil(len(found) * share)))
        for number in range(count):
            chunk = found[int((number + 0.5) * len(found) / count)]
            chosen[f"{source}-{chunk.name}"] = Part(source, weight(chunk) / whole if whole else 1 / len(found))
    return chosen


def weight(chunk: Chunk) -> float:
    """Size of a chunk: its documents if it lists them, its bytes if it is a byte range, else 1."""
    spec = chunk.spec
    if isinstance(spec.get("documents"), list):
        return len(spec["documents"])
    if isinstance(spec.get("start"), int):
        end = spec["end"]
        if end is None:
            end = max((_size(file) for file in chunk.inputs), default=0)
        return max(1, end - spec["start"])
    return 1


def _size(file: str) -> int:
    path = Path(file)
    return path.stat().st_size if path.is_file() else 0


def _counted(context: Context, tiny: Context, chosen: Mapping[str, Part], chunks: Mapping[str, list[Chunk]]) -> Sample:
    run, parts = context.run, {}
    scores = [f.folder for f in context.pipeline.filters if f.scorer]
    for name, part in chosen.items():
        files = [layout.in_folder(folder, name) for folder in layout.OF_PARTITIONS]
        files += [layout.scores(folder, name) for folder in scores]
        documents, images = run.meta(layout.documents(name)), run.meta(layout.images(name))
        assert documents and images
        held = pc.sum(pc.binary_length(run.table(layout.images(name), ["bytes"])["bytes"])).as_py() or 0
        disk = sum(max(0, run.store.size(file)) for file in files)
        parts[name] = replace(part, documents=documents.rows, images=images.rows, image_bytes=held, disk=disk)
    return Sample(
        parts,
        {source: len(found) for source, found in chunks.items()},
        tuple(context.spent),
        dict(context.stages),
        tuple(tiny.spent),
        dict(tiny.stages),
        {source: sum(map(_size, {f for c in found for f in c.inputs})) for source, found in chunks.items()},
        sum(run.store.size(layout.shard(file)) for file in run.names(layout.SHARDS)),
        sum(
            run.store.size(f"{layout.indexes(source)}/{f}")
            for source in chunks
            for f in run.names(layout.indexes(source))
        ),
    )
