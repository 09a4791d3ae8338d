"""Scores without a model: all stale ones of a partition at once, with one decode of each image, and corpus files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from leafinstruct import layout
from leafinstruct.context import Context, Job
from leafinstruct.document import Image, documents_from_table
from leafinstruct.filter.partitions import corpus_file, scores_file
from leafinstruct.images.decode import MAX_PIXELS, decode
from leafinstruct.images.of_partition import open_images
from leafinstruct.pipeline import Pipeline
from leafinstruct.rules.filter import Filter
from leafinstruct.run import Run, fingerprint
from leafinstruct.score.base import CorpusScorer, DocumentScorer, GalleryScorer, ImageScorer, Row


def scores_from(run: Run, owner: Filter, name: str) -> str:
    """Fingerprint of cheap scores and of a corpus scorer's signatures."""
    assert owner.scorer
    visual = isinstance(owner.scorer, ImageScorer | GalleryScorer)
    images = run.digest(layout.images(name)) if visual else ""
    return fingerprint(run.digest(layout.documents(name)), images, owner.scorer.identity(), MAX_PIXELS)


def cheap_filters(pipeline: Pipeline) -> list[Filter]:
    return [f for f in pipeline.filters if f.scorer and not f.scorer.model]


def stale_filters(run: Run, pipeline: Pipeline, name: str) -> list[Filter]:
    """Filters whose scores of a partition, or signatures if the scorer is a corpus scorer, are stale."""
    return [f for f in cheap_filters(pipeline) if not run.fresh(scores_file(f, name), scores_from(run, f, name))]


def score_partition(job: Job, name: str) -> str:
    """Make all stale cheap scores of a partition; scorers that read pixels share one decode of each image."""
    pipeline, run = job.open()
    documents = list(documents_from_table(run.table(layout.documents(name))))
    stale = stale_filters(run, pipeline, name)
    tables: dict[str, pa.Table] = {}
    sketches: dict[str, dict[str, Any]] = {f.name: {} for f in stale if isinstance(f.scorer, GalleryScorer)}
    visual = [f for f in stale if isinstance(f.scorer, ImageScorer | GalleryScorer)]
    if visual:
        tables |= _measure_images(visual, open_images(run.parquet(layout.images(name))), sketches)
    for owner in stale:
        if isinstance(owner.scorer, DocumentScorer):
            rows = [row for d in documents if not d.error for row in owner.scorer.score(d)]
            tables[owner.name] = owner.scorer.table(rows)
        elif isinstance(owner.scorer, GalleryScorer):
            kept = sketches[owner.name]
            rows = [row for d in documents if not d.error for row in owner.scorer.score(d, kept)]
            tables[owner.name] = owner.scorer.table(rows)
        elif isinstance(owner.scorer, CorpusScorer):
            tables[owner.name] = owner.scorer.map([d for d in documents if not d.error])
    for owner in stale:
        run.commit_table(scores_file(owner, name), tables[owner.name], scores_from(run, owner, name))
    return name


def _measure_images(
    owners: Sequence[Filter], images: Iterable[Image], sketches: Mapping[str, dict[str, Any]]
) -> dict[str, pa.Table]:
    """Tables of the image scorers; the gallery scorers' sketch of each image is added to `sketches`."""
    rows: dict[str, list[Row]] = {owner.name: [] for owner in owners if isinstance(owner.scorer, ImageScorer)}
    for image in images:
        pixels, error = decode(image, MAX_PIXELS)
        for owner in owners:
            if isinstance(owner.scorer, ImageScorer):
                rows[owner.name].append(owner.scorer.measure(image, pixels, error))
            elif isinstance(owner.scorer, GalleryScorer) and pixels is not None:
                sketches[owner.name][image.sha256] = owner.scorer.sketch(pixels)
    return {owner.name: owner.scorer.table(rows[owner.name]) for owner in owners if owner.scorer and owner.name in rows}


def bring_corpus_files(context: Context, partitions: Sequence[str]) -> None:
    """Bring corpus files up to date, one task each, so that the machine that starts a build on a cluster reads none."""
    run, tasks = context.run, []
    for index, owner in enumerate(context.pipeline.filters):
        if isinstance(owner.scorer, CorpusScorer):
            digests = [run.digest(scores_file(owner, name)) for name in partitions]
            made_from = fingerprint(owner.scorer.identity(), digests)
            if not run.fresh(corpus_file(owner), made_from):
                tasks.append((index, list(partitions), made_from))
    context.map_whole(reduce_corpus, tasks, "corpus", "filters")


def reduce_corpus(job: Job, index: int, partitions: Sequence[str], made_from: str) -> str:
    """Make the corpus file of a filter from its signatures, read one partition at a time."""
    pipeline, run = job.open()
    owner = pipeline.filters[index]
    assert isinstance(owner.scorer, CorpusScorer)
    rows = owner.scorer.reduce(run.table(scores_file(owner, name)) for name in partitions)
    run.commit_table(corpus_file(owner), owner.scorer.table(rows), made_from)
    return owner.name
