"""The shard stage: splits, Parquet shards, manifest and card, made again only if a record or setting has changed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, BinaryIO

from leafinstruct import layout
from leafinstruct.context import Context, Job
from leafinstruct.document import Image, Record, record_id
from leafinstruct.errors import Damaged, LeafError
from leafinstruct.pipeline import Pipeline
from leafinstruct.removal import REASON as REMOVED
from leafinstruct.run import Run, fingerprint
from leafinstruct.score.base import CorpusScorer
from leafinstruct.shard.card.model import CardFacts
from leafinstruct.shard.card.refresh import refresh_card, write_card
from leafinstruct.shard.card.statistics import versions
from leafinstruct.shard.gather import (
    ShardRow,
    gather_images,
    gather_records,
    index_images,
    index_records,
    read_heads,
    windows,
    wrong_images,
)
from leafinstruct.shard.plan import PlannedShard, ShardPlan, ShardSettings, plan_shards
from leafinstruct.shard.split import PlanDrop
from leafinstruct.shard.takedown import ROW, named_row
from leafinstruct.shard.write import WrittenShard, as_listed, manifest, write_shard
from leafinstruct.version import __version__

VERSION = 7
"""Increase it whenever the same records would make other shards."""


PROVENANCE: Mapping[str, str] = {
    "fingerprint": "hash of the records and settings that the shards were made from",
    "pipeline": "name of the pipeline",
    "pipeline_version": "the same with a hash of its text and its rules",
    "leafinstruct": "version of leafinstruct",
    "versions": "versions of the packages that can change the result",
    "inputs": "for each source its number of partitions, and a digest of what was harvested from them",
    "models": "name and revision of each model",
    "filters": "text of the rules of each filter",
    "dropped": "records that the splits left out, by reason",
    "notes": "what the split could not do as configured, in words",
}
"""Keys of the manifest's `provenance` with their meanings."""


def check_settings(pipeline: Pipeline) -> None:
    """Raises LeafError for settings that are unknown or wrong."""
    pipeline.section("shard", ShardSettings)


def check(pipeline: Pipeline) -> None:
    """Nothing but settings can be wrong before records are there."""


def run(context: Context) -> None:
    """Bring `shards/` up to date with the records. If they are, but some are missing, only those are made."""
    run, pipeline = context.run, context.pipeline
    settings = pipeline.section("shard", ShardSettings)
    partitions = run.partitions()
    made_from = _made_from(run, pipeline, settings, partitions)
    there = _fresh(run, made_from)
    kept = _kept(run, there) if there else {}
    if there and len(kept) == len(there["files"]):
        refresh_card(run, pipeline, there)
        return
    [(plan, places)] = context.map_whole(split, [(partitions,)], "split", "runs")
    if not plan.shards and not _taken_down(run, pipeline):
        raise LeafError(f"{run}: rewriting made no record; leafinstruct status shows what dropped the documents")
    if not plan.shards:
        plan, places = replace(plan, shards=(NOTHING_LEFT,)), [ImageRows({}, {})]
    names = {planned.name for planned in plan.shards}
    _remove_others(run, names)
    tasks = [(one, rows) for one, rows in zip(plan.shards, places, strict=True) if one.name not in kept]
    written = kept | dict(context.map_whole(write_one, tasks, "shards", "shards"))
    for name in written:
        run.trust(layout.shard(name))
    data = manifest(written, _provenance(run, pipeline, plan, made_from))
    write_card(run, pipeline, json.loads(data))
    run.commit_text(layout.SHARDS_MANIFEST, data.decode())
    run.commit_json(layout.SHARDS_BEGUN, sorted(names))


NOTHING_LEFT = PlannedShard("train-00000-of-00001.parquet", "train", (), 0)
"""The one shard, without rows, of a data set from which everything was taken down: readers still find its columns."""


def _taken_down(run: Run, pipeline: Pipeline) -> bool:
    """Whether nothing is left because of takedowns, not because of rules: requests name every row of the shards before
    or, if there were none, every document."""
    tables = [run.table(layout.decisions(name), ["document", "part", "dropped_by"]) for name in run.partitions()]
    rows = [row for table in tables for row in table.to_pylist() if row["part"] is None]
    removed = {row["document"] for row in rows if row["dropped_by"] == REMOVED}
    before = run.json(layout.SHARDS_MANIFEST)
    if not before:
        others = [row for row in rows if row["document"] not in removed]
        return bool(removed) and all(row["dropped_by"].startswith("harvest:") for row in others)
    return all(_named(row, pipeline, removed) for file in before["files"] for row in _published(run, file["file"]))


def _published(run: Run, name: str) -> list[dict[str, Any]]:
    with run.parquet(layout.shard(name)) as file:
        columns = [column for column in (*ROW, "task") if column in file.schema_arrow.names]
        return file.read(columns).to_pylist()


def _named(row: Mapping[str, Any], pipeline: Pipeline, removed: set[str]) -> bool:
    return bool(named_row(row, pipeline.removals, [record_id(one, row["task"]) for one in removed]))


@dataclass(frozen=True, slots=True)
class ImageRows:
    """Where the rows of one shard are: its records by id, and their images by sha256."""

    records: dict[str, ShardRow]
    images: dict[str, ShardRow]


def split(job: Job, partitions: Sequence[str]) -> tuple[ShardPlan, list[ImageRows]]:
    """Plan the shards of a run; returns the plan and where the rows of each shard are."""
    pipeline, run = job.open()
    files = [layout.records(name) for name in partitions]
    images = index_images([layout.images(name) for name in partitions], run.parquet)
    heads = list(read_heads(files, images, near_duplicates(run, pipeline), run.parquet))
    removed = [head for head in heads if pipeline.removals.names_record(head.id)]
    plan = plan_shards(
        (head for head in heads if not pipeline.removals.names_record(head.id)),
        pipeline.section("shard", ShardSettings),
    )
    gone = (PlanDrop(head.id, head.document, REMOVED, "") for head in removed)
    plan = replace(plan, dropped=(*gone, *plan.dropped))
    records, shown = index_records(files, run.parquet), {head.id: head.images for head in heads}
    places = [
        ImageRows({key: records[key] for key in one.ids}, {sha: images[sha] for key in one.ids for sha in shown[key]})
        for one in plan.shards
    ]
    return plan, places


def write_one(job: Job, planned: PlannedShard, places: ImageRows) -> tuple[str, WrittenShard]:
    """Gather the rows of one shard and commit it."""
    pipeline, run = job.open()
    names, settings = published_scores(pipeline), pipeline.section("shard", ShardSettings)
    allow, broken = settings.metadata_left == "publish", settings.control_tokens == "break"
    images: dict[str, Image] = {}
    written: list[WrittenShard] = []

    def rows() -> Iterator[Record]:
        for ids in windows(planned.ids, planned.bytes):
            records = gather_records(places.records, ids, run.parquet)
            images.clear()
            images.update(
                gather_images(places.images, (sha for one in records.values() for sha in one.images), run.parquet)
            )
            for sha in wrong_images(images.values()):
                raise Damaged(run.place, places.images[sha].path, f"image {sha} has other bytes than when it was read")
            yield from (records[key] for key in ids)

    def write(out: BinaryIO) -> None:
        written.append(write_shard(out, rows(), images.__getitem__, names, pipeline_version(pipeline), allow, broken))

    run.commit(layout.shard(planned.name), write, summed=False)
    return planned.name, written[-1]


def current_manifest(run: Run, pipeline: Pipeline) -> dict[str, Any] | None:
    """The manifest of a run's shards; None if there are none or they are stale."""
    partitions = run.partitions()
    if any(run.meta(layout.records(name)) is None for name in partitions):
        return None
    found = _fresh(run, _made_from(run, pipeline, pipeline.section("shard", ShardSettings), partitions))
    return found if found and len(_kept(run, found)) == len(found["files"]) else None


def publishable(run: Run, pipeline: Pipeline, rewritten: bool = True) -> dict[str, Any]:
    """The manifest of a run's shards. Raises LeafError if there are none, or they are not of the pipeline as it is and
    of the run's records; `rewritten`: whether these are of the pipeline as it is."""
    found = current_manifest(run, pipeline)
    if found is not None and rewritten:
        return found
    there = run.json(layout.SHARDS_MANIFEST)
    if not there:
        raise LeafError(f"{run}: no shards; run first: leafinstruct build --stage shard")
    made, now = there["provenance"].get("pipeline_version"), pipeline_version(pipeline)
    why = "the records are others now" if found is None else "prompts or tasks were edited"
    if made != now:
        why = f"they are of {made}, the pipeline and its rules are {now} now"
    raise LeafError(
        f"{run}: its shards are stale: {why}; run first: leafinstruct build --stage shard (if it ends without records, "
        "there is nothing to publish)"
    )


def card(run: Run, pipeline: Pipeline) -> CardFacts:
    """Write the card of a run again. Raises LeafError if its shards are missing or stale."""
    if (found := current_manifest(run, pipeline)) is None:
        raise LeafError(f"{run}: its shards are missing or stale; run first: leafinstruct build --stage shard")
    return write_card(run, pipeline, found)


def pipeline_version(pipeline: Pipeline) -> str:
    """Name of the pipeline and a hash of its text and its filters' rules, without the settings of a Ray cluster."""
    text = {key: value for key, value in pipeline.raw.items() if key != "ray"}
    rules = [[f.name, f.folder, [r.source() for r in f.rules]] for f in pipeline.filters]
    return f"{pipeline.name}-{fingerprint(text, rules)[:8]}"


def published_scores(pipeline: Pipeline) -> list[str]:
    """Names of the published scores, FILTER_COLUMN: all numeric document columns except those of corpus scorers."""
    return [
        f"{f.name}_{c.name}"
        for f in pipeline.filters
        if f.scorer and not isinstance(f.scorer, CorpusScorer)
        for c in f.scorer.columns
        if c.grain == "document" and c.type in ("float", "int")
    ]


def _made_from(run: Run, pipeline: Pipeline, settings: ShardSettings, partitions: Sequence[str]) -> str:
    digests = [run.digest(layout.records(name)) for name in partitions]
    clusters = [run.digest(layout.corpus(f.folder)) for f in pipeline.filters if _has_clusters(f)]
    removed = sorted(entry.value for entry in pipeline.removals.entries if entry.kind == "record")
    gone = [removed] if removed else []
    return fingerprint(VERSION, asdict(settings), digests, clusters, pipeline_version(pipeline), *gone)


def _fresh(run: Run, made_from: str) -> dict[str, Any] | None:
    """The manifest, if it has this fingerprint."""
    there: dict[str, Any] | None = run.json(layout.SHARDS_MANIFEST)
    return there if there and there["provenance"].get("fingerprint") == made_from else None


def _kept(run: Run, manifest: Mapping[str, Any]) -> dict[str, WrittenShard]:
    """The shards of a manifest that are there. Raises Damaged for one that was written to since a build found it to be
    as in the manifest."""
    there = [file for file in manifest["files"] if run.exists(layout.shard(file["file"]))]
    for file in there:
        run.check_shard(layout.shard(file["file"]), file)
    return {file["file"]: as_listed(file) for file in there}


def _has_clusters(owner: Any) -> bool:
    return owner.scorer is not None and any(c.name == "cluster" for c in owner.scorer.columns)


def near_duplicates(run: Run, pipeline: Pipeline) -> dict[str, str]:
    """Near-duplicate cluster of each document that is in one."""
    found: dict[str, str] = {}
    for owner in pipeline.filters:
        if _has_clusters(owner) and run.exists(layout.corpus(owner.folder)):
            rows = run.table(layout.corpus(owner.folder), ["document", "cluster"]).to_pylist()
            found |= {row["document"]: row["cluster"] for row in rows if row["cluster"]}
    return found


def _remove_others(run: Run, names: set[str]) -> None:
    """Remove the manifest, and the shards of this run that are not among the names that are written next."""
    there = run.json(layout.SHARDS_MANIFEST) or {"files": []}
    ours = {file["file"] for file in there["files"]} | set(run.json(layout.SHARDS_BEGUN) or [])
    run.commit_json(layout.SHARDS_BEGUN, sorted(ours | names))
    run.remove(layout.SHARDS_MANIFEST)
    for name in run.names(layout.SHARDS):
        if name in ours - names:
            run.remove(layout.shard(name))


def _provenance(run: Run, pipeline: Pipeline, plan: ShardPlan, made_from: str) -> dict[str, Any]:
    return {
        "fingerprint": made_from,
        "pipeline": pipeline.name,
        "pipeline_version": pipeline_version(pipeline),
        "leafinstruct": __version__,
        "versions": versions(),
        "inputs": _inputs(run),
        "models": {kind: {"model": m.name, "revision": m.revision} for kind, m in sorted(pipeline.models.items())},
        "filters": {f.name: [r.source() for r in f.rules] for f in pipeline.filters},
        "dropped": dict(sorted(Counter(drop.reason for drop in plan.dropped).items())),
        "notes": list(plan.notes),
    }


def _inputs(run: Run) -> dict[str, Any]:
    """For each source how many partitions were read, and a digest of what was harvested from them."""
    names: dict[str, list[str]] = {}
    for partition in run.json(layout.RUN)["partitions"]:
        names.setdefault(partition["source"], []).append(partition["name"])
    return {
        source: {"partitions": len(own), "documents": fingerprint([run.digest(layout.documents(n)) for n in own])}
        for source, own in sorted(names.items())
    }
