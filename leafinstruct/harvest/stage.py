"""The harvest stage: plans partitions, indexes input files, and writes documents and images of each partition."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from leafinstruct import layout
from leafinstruct.context import CHANGED, Context, Job
from leafinstruct.document import (
    SCHEMA_VERSION,
    Described,
    Document,
    Harvested,
    documents_to_table,
    images_to_table,
    schema_of,
)
from leafinstruct.errors import LeafError, own_code
from leafinstruct.harvest import bounds
from leafinstruct.harvest.base import Chunk, Source
from leafinstruct.harvest.files import partition_name
from leafinstruct.harvest.index import Index
from leafinstruct.harvest.own_sources import check_ids, checked_chunks, checked_documents
from leafinstruct.harvest.sources import load_source
from leafinstruct.harvest.valid import valid_image
from leafinstruct.pipeline import Pipeline, SourceSettings
from leafinstruct.removal import ERASED_BY, Removals
from leafinstruct.run import Run, fingerprint
from leafinstruct.stamps import file_stamps, stamps_hold
from leafinstruct.under_way import Watched
from leafinstruct.version import __version__

VERSION = 10
"""Grows whenever harvest would make other documents of the same input."""
INDEX_VERSION = 5
ASKED: Described = {
    "key": (pa.string(), "URL that was looked up, normalized"),
    "offset": (pa.int64(), "where a page of that URL is in its file; -2^62 if an image or a revisit names the URL"),
}
ASKED_SCHEMA = schema_of(ASKED)
COSTLY: Described = {
    "input": (pa.string(), "an input of the partition, as its source names it"),
}
COSTLY_SCHEMA = schema_of(COSTLY)
IMPORTS = (
    __name__,
    "leafinstruct.harvest.chapters",
    "leafinstruct.harvest.own_sources",
    "leafinstruct.rules.checks",
    "pandas",
)
"""What any harvest needs, next to what its sources do: processes share it. pyarrow imports pandas with its first
array."""


PLAN: Mapping[str, str] = {
    "pipeline": "the pipeline file as read",
    "pipeline_name": "name of the pipeline",
    "models": "models with the revisions and settings that were resolved",
    "leafinstruct": "version of leafinstruct",
    "schema_version": "version of the tables of documents and images",
    "buckets": "for each source its number of partitions; a tree of small files keeps it",
    "limit": "documents per source (`--limit`); null for a whole build",
    "partitions[].name": "name of a partition",
    "partitions[].source": "source that it is a part of",
}
"""Keys of `run.json` with their meanings."""


def open_source(pipeline: Pipeline, settings: SourceSettings) -> Source:
    """The source of a pipeline entry; `demo:` paths and environment variables in `path` are expanded. Raises LeafError
    naming the pipeline and the source."""
    values = dict(settings.settings)
    if "path" in values:
        listed = values["path"] if isinstance(values["path"], list) else [values["path"]]
        values["path"] = [_place(pipeline, settings, p) if isinstance(p, str) else p for p in listed]
    try:
        return load_source(SourceSettings(settings.name, settings.kind, values), pipeline.root)
    except LeafError as error:
        raise LeafError(f"{pipeline.path}: sources: {settings.name}: {error}") from None


def checked_source(pipeline: Pipeline, settings: SourceSettings) -> Source:
    """The source after its own checks. Raises LeafError naming the pipeline."""
    source = open_source(pipeline, settings)
    try:
        with own_code(source.code, f"source {source.name}: check"):
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


@dataclass(frozen=True)
class Planned:
    """One partition to be: `limit` documents of a chunk, and a digest of its source's current indexes."""

    name: str
    settings: SourceSettings
    chunk: Chunk
    limit: int | None
    indexes: str
    code: str = ""
    """Digest of the code of a source that is not built in."""


def check_settings(pipeline: Pipeline) -> None:
    """Raises LeafError for settings of a source that are unknown or of the wrong type. Opens no source."""
    for settings in pipeline.sources:
        open_source(pipeline, settings)


def check(pipeline: Pipeline) -> None:
    """Raises LeafError for a source that cannot be harvested as configured."""
    for settings in pipeline.sources:
        checked_source(pipeline, settings)


def run(context: Context) -> None:
    """Bring `documents/` and `images/` up to date with the sources."""
    run, pipeline = context.run, context.pipeline
    before = run.json(layout.RUN) or run.json(layout.RUN_COPY) or {}
    buckets: dict[str, Any] = dict(before.get("buckets", {}))
    plan: list[Planned] = []
    sources: dict[str, Source] = {}
    for settings in pipeline.sources:
        source = sources[settings.name] = checked_source(pipeline, settings)
        with own_code(source.code, f"source {source.name}: plan"):
            chunks = checked_chunks(source.name, list(source.plan(buckets.get(settings.name))))
        buckets[settings.name] = len(chunks)
        with own_code(source.code, f"source {source.name}: index"):
            indexes = _index(context, settings, source)
        planned = [
            Planned(f"{settings.name}-{c.name}", settings, c, context.limit, indexes, source.code) for c in chunks
        ]
        planned = [one for one in planned if context.only is None or one.name in context.only]
        plan += planned if context.limit is None else _limited(context, source, planned)
    if not plan:
        raise LeafError(f"{pipeline.path}: the sources contain no documents; check their path")
    _commit_plan(context, plan, buckets)
    _harvest_stale(context, sources, plan)
    for source in sources.values():
        if source.code:
            names = [one.name for one in plan if one.settings.name == source.name]
            check_ids(f"{pipeline.path}: source {source.name}", run, names)


def _harvest_stale(context: Context, sources: dict[str, Source], planned: list[Planned]) -> None:
    """Harvest the stale ones among the partitions."""
    removals = context.pipeline.removals
    stale = [one for one in planned if not _fresh(context.run, sources[one.settings.name], one, removals)]
    for name, source in sources.items():
        with own_code(source.code, f"source {name}: fetches"):
            fetches = source.fetches
        if fetches and (of_source := [one for one in stale if one.settings.name == name]):
            with own_code(source.code, f"source {name}: fetching"):
                _fetch(context, source, of_source)
    context.map(_watched(context, harvest_partition), [(one,) for one in stale], "harvest")


def _watched(context: Context, task: Callable[..., Any]) -> Callable[..., Any]:
    """The task in processes that are watched, where they see the run."""
    if context.run.is_in_memory:
        return task
    sources = [open_source(context.pipeline, settings) for settings in context.pipeline.sources]
    needed = dict.fromkeys(name for source in sources for name in source.imports)
    return Watched(task, leave_out, (*IMPORTS, *needed))


def _fetch(context: Context, source: Source, stale: list[Planned]) -> None:
    """Fetch the images of all partitions at once: one process keeps the limits of each host."""
    from leafinstruct.harvest.fetch.fetch import fetch
    from leafinstruct.harvest.fetch.settings import fetch_settings

    found = context.run_tasks(_watched(context, addresses_of), [(context.job, one) for one in stale], context.workers)
    fetch((url for some in found for url in some), fetch_settings(source.name, source.settings.fetch), context.progress)


def addresses_of(job: Job, one: Planned) -> list[str | tuple[str, ...]]:
    """The URLs of a partition; an input that cannot be read gives its reason when it is harvested."""
    pipeline, run = job.open()
    source = open_source(pipeline, one.settings)
    found: list[str | tuple[str, ...]] = []
    with own_code(source.code, f"source {source.name}: addresses of chunk {one.chunk.name}"):
        bounds.begin(source.settings.bounds, frozenset(_left_out(run, one)))
        try:
            found.extend(source.addresses(one.chunk, _open_index(run, source)))
        except (LeafError, KeyboardInterrupt):
            raise
        except Exception:
            if source.code:
                raise
    return found


def _limited(context: Context, source: Source, planned: list[Planned]) -> list[Planned]:
    """With a limit, harvest partitions until they hold that many documents: a trial needs no more."""
    taken: list[Planned] = []
    wanted = context.limit or 0
    for one in planned:
        if wanted <= 0:
            break
        taken.append(replace(one, limit=wanted))
        _harvest_stale(context, {source.name: source}, taken[-1:])
        errors = context.run.table(layout.documents(one.name), ["error"])["error"].to_pylist()
        wanted -= errors.count("")
    return taken


def _index_place(source: Source, file: str) -> str:
    return layout.in_folder(layout.indexes(source.name), f"{partition_name(Path(file).name)}-{fingerprint(file)[:12]}")


def _open_index(run: Run, source: Source) -> Index:
    return Index(run, {file: _index_place(source, file) for file in source.index_inputs()})


def _index(context: Context, settings: SourceSettings, source: Source) -> str:
    """Write the source's indexes whose input changed. Returns a digest of all of them."""
    run = context.run
    places = {file: _index_place(source, file) for file in source.index_inputs()}
    stale = [(settings.name, file, place) for file, place in places.items() if not _indexed(run, source, file, place)]
    context.map(_watched(context, index_file), stale, "index")
    names = {Path(place).name for place in places.values()}
    for name in run.own(layout.indexes(source.name)):
        if name not in names:
            run.remove(f"{layout.indexes(source.name)}/{name}")
    return fingerprint([[file, run.digest(place)] for file, place in places.items()])


def _index_made_from(source: Source, file: str) -> str:
    kind = type(source).__module__.rpartition(".")[2]
    named = f"leafinstruct.harvest.{kind}"  # as named when indexes were first made
    return fingerprint(INDEX_VERSION, named, file, *([source.code] if source.code else []))


def _indexed(run: Run, source: Source, file: str, place: str) -> bool:
    meta = run.meta(place)
    return meta is not None and meta.fingerprint == _index_made_from(source, file) and stamps_hold(meta.extra["files"])


def index_file(job: Job, source_name: str, file: str, place: str) -> str:
    """Index one input file and commit the index. Returns its path in the run."""
    pipeline, run = job.open()
    source = open_source(pipeline, next(s for s in pipeline.sources if s.name == source_name))
    stamps = file_stamps([file])  # before reading: a change meanwhile is seen the next time
    with own_code(source.code, f"source {source.name}: index of {file}"):
        table = source.index(file)
    run.commit_table(place, table, _index_made_from(source, file), {"files": stamps})
    return place


def _commit_plan(context: Context, plan: list[Planned], buckets: dict[str, Any]) -> None:
    pipeline, run = context.pipeline, context.run
    partitions = [{"name": one.name, "source": one.settings.name} for one in plan]
    value: dict[str, Any] = {
        "pipeline": pipeline.raw,
        "pipeline_name": pipeline.name,
        "models": {
            kind: {**m.facts(), "options": dict(m.options), "languages": list(m.languages)}
            for kind, m in pipeline.models.items()
        },
        "leafinstruct": __version__,
        "schema_version": SCHEMA_VERSION,
        "buckets": buckets,
        "limit": context.limit,
        "partitions": partitions,
    }
    names = {p["name"] for p in partitions}
    for folder in layout.OF_PARTITIONS:
        for file in run.own(folder):
            if file.removesuffix(".parquet") not in names:
                run.remove(f"{folder}/{file}")
    if run.json(layout.RUN_COPY) != value:
        run.commit_json(layout.RUN_COPY, value)
    if run.json(layout.RUN) != value:  # after that, the plan before names no file any more
        run.commit_json(layout.RUN, value)


def _made_from(one: Planned) -> str:
    settings = one.settings
    code = [one.code] if one.code else []
    return fingerprint(VERSION, SCHEMA_VERSION, settings.kind, settings.settings, asdict(one.chunk), one.limit, *code)


def _fresh(run: Run, source: Source, one: Planned, removals: Removals) -> bool:
    """Whether a partition matches its settings, the files it read, the indexes' answers to what it asked them, and the
    requests by which rows of it were erased. Other changes of the indexes do not matter."""
    meta = run.meta(layout.documents(one.name))
    images = run.meta(layout.images(one.name))
    if meta is None or images is None or not meta.fingerprint == images.fingerprint == _made_from(one):
        return False
    if meta.extra != images.extra or not stamps_hold(meta.extra["files"]):
        return False
    if not removals.still_name(meta.extra.get(ERASED_BY, ())):
        return False
    if not meta.extra["answer"]:
        return True
    asked = run.meta(layout.asked(one.name))
    if asked is None or asked.extra["answer"] != meta.extra["answer"]:
        return False
    if asked.extra["indexes"] == one.indexes:
        return True
    table = run.table(layout.asked(one.name))
    pairs = zip(table["key"].to_pylist(), table["offset"].to_pylist(), strict=True)
    if fingerprint(source.answer(one.chunk, pairs, _open_index(run, source))) != meta.extra["answer"]:
        return False
    run.commit_table(layout.asked(one.name), table, asked.fingerprint, {**asked.extra, "indexes": one.indexes})
    return True


def harvest_partition(job: Job, one: Planned) -> str:
    """Harvest one partition and commit its images, then its documents. Returns its name."""
    from leafinstruct.harvest.chapters import chapters

    pipeline, run = job.open()
    source = open_source(pipeline, one.settings)
    if source.code != one.code:
        raise LeafError(f"{pipeline.path}: source {source.name}: {CHANGED}")
    where = f"source {source.name}: harvest of chunk {one.chunk.name}"
    with own_code(source.code, where):
        index = _open_index(run, source)
        bounds.begin(source.settings.bounds, frozenset(_left_out(run, one)))
        made: Harvested = source.harvest(one.chunk, index)
        pages = checked_documents(where, made, bool(source.code))
        documents = _first([chapter for page in pages for chapter in chapters(page)], one.limit)
        wanted = {sha for d in documents for sha in d.images}
        images = images_to_table([valid_image(image) for sha, image in made.images.items() if sha in wanted])
        table = documents_to_table(documents)
        files = file_stamps(sorted(str(Path(f)) for f in made.files | set(one.chunk.inputs)))
        answer = fingerprint(source.answer(one.chunk, made.asked, index)) if made.asked else ""
        lookups = [{"key": key, "offset": offset} for key, offset in sorted(made.asked)]
        asked = pa.Table.from_pylist(lookups, schema=ASKED_SCHEMA)
    made_from = _made_from(one)
    if made.asked:
        run.commit_table(layout.asked(one.name), asked, made_from, {"answer": answer, "indexes": one.indexes})
    extra = {"files": files, "answer": answer}
    run.commit_table(layout.images(one.name), images, made_from, extra)
    run.commit_table(layout.documents(one.name), table, made_from, extra)
    return one.name


def leave_out(opened: str, job: Job, one: Planned) -> None:
    """Store that a partition is harvested without an input from now on, as long as its input files stay as they are."""
    _, run = job.open()
    names = sorted({*_left_out(run, one), opened})
    table = pa.Table.from_pylist([{"input": name} for name in names], schema=COSTLY_SCHEMA)
    run.commit_table(layout.costly(one.name), table, _made_from(one), {"files": file_stamps(list(one.chunk.inputs))})


def _left_out(run: Run, one: Planned) -> list[str]:
    """Inputs of a partition that exceeded their bounds."""
    place = layout.costly(one.name)
    meta = run.meta(place)
    if meta is None or meta.fingerprint != _made_from(one) or not stamps_hold(meta.extra["files"]):
        return []
    return run.table(place)["input"].to_pylist()


def _first(documents: list[Document], limit: int | None) -> list[Document]:
    """All documents in id order; with a limit the first ones, and failed ones (errors) only where room is left."""
    ordered = sorted(documents, key=lambda d: (limit is not None and d.error != "", d.id))
    return sorted(ordered[:limit], key=lambda d: d.id)
