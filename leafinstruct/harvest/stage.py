"""The harvest stage: plans partitions, makes source-wide indexes, and writes documents and images of each partition."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from leafinstruct import __version__
from leafinstruct.context import Context, Job
from leafinstruct.document import SCHEMA_VERSION, Harvested, LeafError, documents_to_table, images_to_table
from leafinstruct.harvest import load_source
from leafinstruct.harvest.base import Chunk, Source
from leafinstruct.pipeline import Pipeline, SourceSettings
from leafinstruct.run import Run, file_stamps, fingerprint, stamps_hold

VERSION = 1
"""Grows whenever harvest would make other documents of the same input."""


def open_source(pipeline: Pipeline, settings: SourceSettings) -> Source:
    """The source of an entry of the pipeline; `demo:` paths and environment variables in `path` are filled in."""
    values = dict(settings.settings)
    if "path" in values:
        listed = values["path"] if isinstance(values["path"], list) else [values["path"]]
        values["path"] = [_place(pipeline, settings, str(p)) for p in listed]
    try:
        return load_source(SourceSettings(settings.name, settings.kind, values), pipeline.root)
    except LeafError as error:
        raise LeafError(f"{pipeline.path}: sources: {settings.name}: {error}") from None


def checked_source(pipeline: Pipeline, settings: SourceSettings) -> Source:
    """The source after its own checks. Raises LeafError naming the pipeline."""
    source = open_source(pipeline, settings)
    try:
        source.check()
    except LeafError as error:
        raise LeafError(f"{pipeline.path}: sources: {error}") from None
    return source


def _place(pipeline: Pipeline, settings: SourceSettings, path: str) -> str:
    if path.startswith("demo:"):
        from leafinstruct.demo.sample import sample_folder

        return str(sample_folder() / path.removeprefix("demo:"))
    filled = os.path.expandvars(path)
    if "$" in filled:
        raise LeafError(
            f"{pipeline.path}: sources: {settings.name}: path {path}: set the environment variable it names"
        )
    return filled


def harvest(context: Context) -> None:
    """Bring `documents/` and `images/` up to date with the sources."""
    run, pipeline = context.run, context.pipeline
    before = run.json("run.json") or {}
    buckets: dict[str, Any] = dict(before.get("buckets", {}))
    plan: list[tuple[str, SourceSettings, Chunk]] = []
    for settings in pipeline.sources:
        source = checked_source(pipeline, settings)
        chunks = source.plan(buckets.get(settings.name))
        buckets[settings.name] = len(chunks)
        plan += [(f"{settings.name}-{chunk.name}", settings, chunk) for chunk in _limited(chunks, context.limit)]
        _index(context, settings, source)
    if not plan:
        raise LeafError(f"{pipeline.path}: the sources hold no documents; check their path")
    _commit_plan(context, plan, buckets)
    stale = [
        (name, settings.name, chunk, context.limit)
        for name, settings, chunk in plan
        if not _fresh(run, settings, name, chunk, context.limit)
    ]
    context.map(harvest_partition, stale, "harvest")


def _limited(chunks: list[Chunk], limit: int | None) -> list[Chunk]:
    """With a limit only the first partition of a source is read; a trial needs no more."""
    return chunks if limit is None else chunks[:1]


def _index(context: Context, settings: SourceSettings, source: Source) -> None:
    """Write the source-wide index, if the source has one and its inputs changed."""
    inputs = list(source.index_inputs())
    if not inputs:
        return
    relative = f"index/{settings.name}.parquet"
    meta = context.run.meta(relative)
    made_from = fingerprint(VERSION, settings.kind, settings.settings, inputs)
    if meta and meta.fingerprint == made_from and stamps_hold(meta.extra["files"]):
        return
    context.progress.say(f"index: reading {len(inputs)} files of {settings.name}")
    table = source.index()
    if table is not None:
        context.run.commit_table(relative, table, made_from, {"files": file_stamps(inputs)})


def _commit_plan(context: Context, plan: list[tuple[str, SourceSettings, Chunk]], buckets: dict[str, Any]) -> None:
    pipeline, run = context.pipeline, context.run
    partitions = [{"name": name, "source": settings.name} for name, settings, _ in plan]
    value: dict[str, Any] = {
        "pipeline": pipeline.raw,
        "pipeline_name": pipeline.name,
        "models": {k: {**asdict(m), "options": dict(m.options)} for k, m in pipeline.models.items()},
        "leafinstruct": __version__,
        "schema_version": SCHEMA_VERSION,
        "buckets": buckets,
        "limit": context.limit,
        "partitions": partitions,
    }
    if run.json("run.json") != value:
        run.commit_json("run.json", value)
    names = {p["name"] for p in partitions}
    for folder in ("documents", "images", "decisions", "filtered", "records"):
        for path in run.file(folder).glob("*.parquet"):
            if path.stem not in names:
                run.remove(f"{folder}/{path.name}")


def _made_from(settings: SourceSettings, chunk: Chunk, limit: int | None, index: str) -> str:
    return fingerprint(VERSION, SCHEMA_VERSION, settings.kind, settings.settings, asdict(chunk), limit, index)


def _fresh(run: Run, settings: SourceSettings, name: str, chunk: Chunk, limit: int | None) -> bool:
    meta = run.meta(f"documents/{name}.parquet")
    images = run.meta(f"images/{name}.parquet")
    wanted = _made_from(settings, chunk, limit, run.digest(f"index/{settings.name}.parquet"))
    return (
        meta is not None
        and images is not None
        and meta.fingerprint == images.fingerprint == wanted
        and stamps_hold(meta.extra["files"])
    )


def harvest_partition(job: Job, name: str, source_name: str, chunk: Chunk, limit: int | None) -> str:
    """Harvest one partition and commit its images, then its documents. Returns its name."""
    pipeline, run = job.open()
    settings = next(s for s in pipeline.sources if s.name == source_name)
    source = open_source(pipeline, settings)
    relative = f"index/{settings.name}.parquet"
    index = run.table(relative) if run.file(relative).is_file() else None
    made: Harvested = source.harvest(chunk, index)
    documents = sorted(made.documents, key=lambda d: d.id)[:limit]
    wanted = {sha for d in documents for sha in d.images}
    images = [image for sha, image in made.images.items() if sha in wanted]
    made_from = _made_from(settings, chunk, limit, run.digest(f"index/{settings.name}.parquet"))
    files = file_stamps(sorted(str(Path(f)) for f in made.files | set(chunk.inputs)))
    run.commit_table(f"images/{name}.parquet", images_to_table(images), made_from)
    run.commit_table(f"documents/{name}.parquet", documents_to_table(documents), made_from, {"files": files})
    return name
