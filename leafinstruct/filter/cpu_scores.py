"""Scores without a model: all stale ones of a partition at once, with one decode of each image, and corpus files."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any

import pyarrow as pa

from leafinstruct import layout
from leafinstruct.context import Context, Job
from leafinstruct.document import Document, Image, documents_from_table
from leafinstruct.errors import Fault, Faults, LeafError, own_code
from leafinstruct.filter.checked_rows import (
    WrongRow,
    error_of_map,
    fault_of,
    name_of,
    row_of_image,
    rows_of_corpus,
    rows_of_document,
    signatures_of,
    sketch_of,
)
from leafinstruct.filter.partitions import corpus_file, scores_file
from leafinstruct.images.decode import decode
from leafinstruct.images.of_partition import open_images
from leafinstruct.images.pixels import MAX_PIXELS, SHOWN, displayed
from leafinstruct.pipeline import Pipeline
from leafinstruct.rules.filter import Filter
from leafinstruct.run import Run, fingerprint
from leafinstruct.score.base import CorpusScorer, DocumentScorer, GalleryScorer, ImageScorer, Row, Scorer


def scores_from(run: Run, owner: Filter, name: str) -> str:
    """Fingerprint of cheap scores and of a corpus scorer's signatures."""
    assert owner.scorer
    visual = isinstance(owner.scorer, ImageScorer | GalleryScorer)
    images = run.digest(layout.images(name)) if visual else ""
    shown = [SHOWN] if visual and owner.scorer.code else []
    return fingerprint(run.digest(layout.documents(name)), images, owner.scorer.identity(), MAX_PIXELS, *shown)


def cheap_filters(pipeline: Pipeline) -> list[Filter]:
    return [f for f in pipeline.filters if f.scorer and not f.scorer.model]


def stale_filters(run: Run, pipeline: Pipeline, name: str) -> list[Filter]:
    """Filters whose scores of a partition, or signatures if the scorer is a corpus scorer, are stale."""
    return [f for f in cheap_filters(pipeline) if not run.fresh(scores_file(f, name), scores_from(run, f, name))]


@dataclass(frozen=True)
class Scored:
    """What scorers did wrong in a partition, and the seconds each took, by filter."""

    faults: dict[str, Faults]
    seconds: dict[str, float]


def score_partition(job: Job, name: str) -> Scored:
    """Make all stale cheap scores of a partition; scorers that read pixels share one decode of each image."""
    pipeline, run = job.open()
    documents = [d for d in documents_from_table(run.table(layout.documents(name))) if not d.error]
    stale = stale_filters(run, pipeline, name)
    faults: dict[str, list[Fault]] = {owner.name: [] for owner in stale}
    sketches: dict[str, Sketches] = {f.name: {} for f in stale if isinstance(f.scorer, GalleryScorer)}
    visual = [f for f in stale if isinstance(f.scorer, ImageScorer | GalleryScorer)]
    rows: dict[str, list[Row]] = {}
    seconds = dict.fromkeys(faults, 0.0)
    if visual:
        images = open_images(run.parquet(layout.images(name)))
        rows = _measure_images(visual, images, sketches, faults, seconds)
    for owner in stale:
        start = time.perf_counter()
        scorer, extra = owner.scorer, dict[str, Any]()
        assert scorer
        if isinstance(scorer, CorpusScorer):
            table, errors = _signatures(scorer, documents, faults[owner.name])
            extra = {"errors": errors} if errors else {}
        else:
            if not isinstance(scorer, ImageScorer):
                rows[owner.name] = _score_documents(scorer, documents, sketches.get(owner.name, {}), faults[owner.name])
            table = scorer.table(rows[owner.name])
        run.commit_table(scores_file(owner, name), table, scores_from(run, owner, name), extra)
        seconds[owner.name] += time.perf_counter() - start
    return Scored({owner_name: Faults.of(found) for owner_name, found in faults.items() if found}, seconds)


Sketches = dict[str, Any]


def _score_documents(
    scorer: Scorer, documents: Sequence[Document], sketches: Sketches, faults: list[Fault]
) -> list[Row]:
    rows: list[Row] = []
    for document in documents:
        if isinstance(scorer, DocumentScorer):
            rows += rows_of_document(scorer, document, partial(scorer.score, document), faults)
        elif isinstance(scorer, GalleryScorer):
            rows += rows_of_document(scorer, document, partial(scorer.score, document, sketches), faults)
    return rows


def _measure_images(
    owners: Sequence[Filter],
    images: Iterable[Image],
    sketches: Mapping[str, Sketches],
    faults: Mapping[str, list[Fault]],
    seconds: dict[str, float],
) -> dict[str, list[Row]]:
    """Rows of the image scorers; the gallery scorers' sketch of each image is added to `sketches`, and the time each
    took to `seconds`."""
    rows: dict[str, list[Row]] = {owner.name: [] for owner in owners if isinstance(owner.scorer, ImageScorer)}
    for image in images:
        pixels, error = decode(image, MAX_PIXELS)
        for owner in owners:
            scorer, start = owner.scorer, time.perf_counter()
            if isinstance(scorer, ImageScorer):
                own = displayed(pixels) if scorer.code and pixels is not None else pixels
                measure = partial(scorer.measure, image, own, error)
                rows[owner.name] += row_of_image(scorer, image, measure, faults[owner.name])
            elif isinstance(scorer, GalleryScorer) and pixels is not None:
                own = displayed(pixels) if scorer.code else pixels
                made = sketch_of(scorer, image, partial(scorer.sketch, own), faults[owner.name])
                sketches[owner.name].update(made)
            seconds[owner.name] += time.perf_counter() - start
    return rows


def _signatures(
    scorer: CorpusScorer, documents: Sequence[Document], faults: list[Fault]
) -> tuple[pa.Table, dict[str, str]]:
    """The signature table of a partition, without the documents that a scorer fails on, and their errors by id."""
    if not scorer.code:
        return scorer.map(documents), {}
    try:
        return signatures_of(scorer, documents), {}
    except WrongRow:
        found = {d.id: error for d in documents if (error := error_of_map(scorer, d))}
        faults += [fault_of(scorer, d, found[d.id]) for d in documents if d.id in found]
    try:
        return signatures_of(scorer, [d for d in documents if d.id not in found]), found
    except WrongRow as error:  # of these documents together
        raise LeafError(f"scorer {name_of(scorer)}: {error}") from error


def bring_corpus_files(context: Context, partitions: Sequence[str]) -> None:
    """Bring corpus files up to date, one task each, so that the machine that starts a build on a cluster reads none."""
    run, tasks = context.run, []
    for index, owner in enumerate(context.pipeline.filters):
        if isinstance(owner.scorer, CorpusScorer):
            digests = [run.digest(scores_file(owner, name)) for name in partitions]
            made_from = fingerprint(owner.scorer.identity(), digests)
            if not run.fresh(corpus_file(owner), made_from):
                tasks.append((index, list(partitions), made_from))
    for name, faults in context.map_whole(reduce_corpus, tasks, "corpus", "filters"):
        say_faults(context, name, faults)


def reduce_corpus(job: Job, index: int, partitions: Sequence[str], made_from: str) -> tuple[str, Faults]:
    """Make the corpus file of a filter from its signatures, read one partition at a time. Returns the filter's name,
    and what its scorer did wrong."""
    pipeline, run = job.open()
    owner = pipeline.filters[index]
    scorer, faults = owner.scorer, list[Fault]()
    assert isinstance(scorer, CorpusScorer)
    with own_code(scorer.code, f"scorer {name_of(scorer)}: reduce"):
        rows = scorer.reduce(run.table(scores_file(owner, name)) for name in partitions)
        failed = list(_failed(run, owner, partitions))
        documents = _documents(run, partitions) - {row["document"] for row in failed} if scorer.code else set[str]()
        table = scorer.table(chain(rows_of_corpus(scorer, rows, faults, documents), failed))
    run.commit_table(corpus_file(owner), table, made_from)
    return owner.name, Faults.of(faults)


def _documents(run: Run, partitions: Sequence[str]) -> set[str]:
    tables = (run.table(layout.documents(name), ["id", "error"]) for name in partitions)
    return {row["id"] for table in tables for row in table.to_pylist() if not row["error"]}


def _failed(run: Run, owner: Filter, partitions: Sequence[str]) -> Iterator[Row]:
    """Rows of the documents whose signature could not be made."""
    for name in partitions if owner.scorer and owner.scorer.code else ():
        meta = run.meta(scores_file(owner, name))
        for document, error in (meta.extra.get("errors", {}) if meta else {}).items():
            yield {"document": document, "error": error}


SLOW = 10.0
"""Seconds from which on a scorer that is not built in and takes more than half of the time is named."""


def say_scored(context: Context, found: Sequence[Scored]) -> None:
    """Tell the user which scorers did something wrong, and which takes most of the time."""
    total = sum(sum(one.seconds.values()) for one in found)
    for owner in context.pipeline.filters:
        say_faults(context, owner.name, Faults.sum(one.faults[owner.name] for one in found if owner.name in one.faults))
        own = sum(one.seconds.get(owner.name, 0.0) for one in found)
        if owner.scorer and owner.scorer.code and own > max(SLOW, total / 2):
            context.progress.warn(
                f"filter {owner.name}: scorer {name_of(owner.scorer)} took {own:.0f} of {total:.0f} s"
            )


def say_faults(context: Context, name: str, faults: Faults) -> None:
    """Tell the user what the scorer of a filter did wrong, in one line."""
    if line := faults.line("score"):
        context.progress.warn(f"filter {name}: {line}")
