"""The filter stage: scores of all filters, decisions, and the edited documents.

Filters are scored one after another, each over all partitions, so that one model at a time holds the machine. Model
scores are stored facts: what has a row is never asked for again.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import PIL.Image
import pyarrow as pa

from leafinstruct.context import Context, Job, Opened
from leafinstruct.decide import evaluate, one_per_columns, stand_ins
from leafinstruct.document import Image, LeafError, documents_from_table
from leafinstruct.models.languages import PASSED_OVER, passed_over, speaks, speaks_none
from leafinstruct.models.pool import Pool
from leafinstruct.pipeline import Filter, Pipeline
from leafinstruct.run import Run, fingerprint
from leafinstruct.score.base import CorpusScorer, DocumentScorer, GalleryScorer, ImageScorer, Item, ModelScorer, Row
from leafinstruct.score.deciding import (
    candidates_of,
    corpus_file,
    decide_partitions,
    decided,
    decisions_from,
    partition_view,
    scores_file,
    table_file,
)
from leafinstruct.score.decode import MAX_PIXELS, decode


def filter_documents(context: Context) -> None:
    """Bring scores, decisions and `filtered/` up to date."""
    run, pipeline = context.run, context.pipeline
    partitions = run.partitions()
    stale = [(name,) for name in partitions if _stale_cheap(run, pipeline, name)]
    context.map(score_partition, stale, "scores")
    _reduce(context, partitions)
    gated = not context.score_all
    choice = _choice_from(run, pipeline, partitions)
    made_from = {name: decisions_from(run, pipeline, name, gated, choice) for name in partitions}
    waiting = [name for name in partitions if not decided(run, pipeline, name, made_from[name])]
    if not waiting:
        return
    chosen = _choose(context, partitions)
    asks = False
    for index, owner in enumerate(pipeline.filters):
        if isinstance(owner.scorer, ModelScorer):
            asks = True
            _score_with_model(context, index, owner, owner.scorer, partitions, chosen)
    if asks:  # what a model was asked is among what decisions are made from
        made_from = {name: decisions_from(run, pipeline, name, gated, choice) for name in partitions}
        waiting = [name for name in partitions if not decided(run, pipeline, name, made_from[name])]
    tasks = [
        ({name: made_from[name] for name in names}, chosen, gated) for names in _together(waiting, context.workers)
    ]
    context.map(decide_partitions, tasks, "decisions")


Chosen = Mapping[str, Mapping[str, str]]
TOGETHER = 25
"""Partitions that are decided in one task, at most."""


def _together(partitions: Sequence[str], workers: int) -> list[list[str]]:
    """Fewer at a time where workers would else have nothing to do; what is decided does not depend on it."""
    size = TOGETHER if workers == 1 else max(1, min(TOGETHER, len(partitions) // (4 * workers)))
    return [list(partitions[at : at + size]) for at in range(0, len(partitions), size)]


def _choose(context: Context, partitions: Sequence[str]) -> Chosen:
    """Which document stands for each group, over all partitions (see `decide.choose`)."""
    columns = one_per_columns(context.pipeline)
    if not columns:
        return {}
    found = context.map(candidates_of, [(names,) for names in _together(partitions, context.workers)], "groups")
    return stand_ins(columns, (candidate for part in found for candidate in part))


# Where scores lie and what they are made from


def _scores_from(run: Run, owner: Filter, name: str) -> str:
    """Fingerprint of cheap scores and of a corpus scorer's signatures."""
    assert owner.scorer
    visual = isinstance(owner.scorer, ImageScorer | GalleryScorer)
    images = run.digest(f"images/{name}.parquet") if visual else ""
    return fingerprint(run.digest(f"documents/{name}.parquet"), images, owner.scorer.identity(), MAX_PIXELS)


def _cheap(pipeline: Pipeline) -> list[Filter]:
    return [f for f in pipeline.filters if f.scorer and not f.scorer.model]


def _stale_cheap(run: Run, pipeline: Pipeline, name: str) -> bool:
    return any(not run.fresh(scores_file(f, name), _scores_from(run, f, name)) for f in _cheap(pipeline))


# Scores without a model


def score_partition(job: Job, name: str) -> str:
    """Make all stale cheap scores of a partition; those that look at pixels share one decode of each image."""
    pipeline, run = job.open()
    documents = list(documents_from_table(run.table(f"documents/{name}.parquet")))
    stale = [f for f in _cheap(pipeline) if not run.fresh(scores_file(f, name), _scores_from(run, f, name))]
    tables: dict[str, pa.Table] = {}
    sketches: dict[str, dict[str, Any]] = {f.name: {} for f in stale if isinstance(f.scorer, GalleryScorer)}
    visual = [f for f in stale if isinstance(f.scorer, ImageScorer | GalleryScorer)]
    if visual:
        tables |= _measure_images(visual, open_images(run, name), sketches)
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
        run.commit_table(scores_file(owner, name), tables[owner.name], _scores_from(run, owner, name))
    return name


def open_images(run: Run, name: str) -> Iterator[Image]:
    """Images of a partition in the order of their sha256, a batch of rows in memory at a time."""
    with run.parquet(f"images/{name}.parquet") as file:
        for batch in file.iter_batches(batch_size=64):
            for row in batch.to_pylist():
                yield Image(**row)


def _measure_images(
    owners: Sequence[Filter], images: Iterable[Image], sketches: Mapping[str, dict[str, Any]]
) -> dict[str, pa.Table]:
    """Tables of the image scorers; what the gallery scorers keep of each image goes into `sketches`."""
    rows: dict[str, list[Row]] = {owner.name: [] for owner in owners if isinstance(owner.scorer, ImageScorer)}
    for image in images:
        pixels, error = decode(image, MAX_PIXELS)
        for owner in owners:
            if isinstance(owner.scorer, ImageScorer):
                rows[owner.name].append(owner.scorer.measure(image, pixels, error))
            elif isinstance(owner.scorer, GalleryScorer) and pixels is not None:
                sketches[owner.name][image.sha256] = owner.scorer.sketch(pixels)
    return {owner.name: owner.scorer.table(rows[owner.name]) for owner in owners if owner.scorer and owner.name in rows}


def _reduce(context: Context, partitions: Sequence[str]) -> None:
    """Bring corpus files up to date: a task each, so that the machine that starts a build on a cluster reads none."""
    run, tasks = context.run, []
    for index, owner in enumerate(context.pipeline.filters):
        if isinstance(owner.scorer, CorpusScorer):
            digests = [run.digest(scores_file(owner, name)) for name in partitions]
            made_from = fingerprint(owner.scorer.identity(), digests)
            if not run.fresh(corpus_file(owner), made_from):
                tasks.append((index, list(partitions), made_from))
    context.map_whole(reduce_corpus, tasks, "corpus", "filters")


def reduce_corpus(job: Job, index: int, partitions: Sequence[str], made_from: str) -> str:
    """Make the corpus file of a filter from its signatures, which are read a partition at a time."""
    pipeline, run = job.open()
    owner = pipeline.filters[index]
    assert isinstance(owner.scorer, CorpusScorer)
    rows = owner.scorer.reduce(run.table(scores_file(owner, name)) for name in partitions)
    run.commit_table(corpus_file(owner), owner.scorer.table(rows), made_from)
    return owner.name


# Scores of models


def _score_with_model(
    context: Context, index: int, owner: Filter, scorer: ModelScorer, partitions: Sequence[str], chosen: Chosen
) -> None:
    run = context.run
    work: list[tuple[str, list[Item], list[Item]]] = []
    foreign: list[str] = []
    for name in partitions:
        items, passed = _wanted(context, index, owner, scorer, name, chosen)
        foreign += passed.values()
        if items or passed or run.meta(scores_file(owner, name)) is None:
            work.append((name, items, list(passed)))
    new = all(run.meta(scores_file(owner, name)) is None for name in partitions)
    if foreign:
        assert scorer.model_settings
        if new and not any(items for _, items, _ in work):
            raise LeafError(speaks_none(owner.name, scorer.model_settings, foreign))
        context.progress.say(passed_over(owner.name, scorer.model_settings, foreign))
    count = sum(len(item.parts) if scorer.about_images else 1 for _, items, _ in work for item in items)
    if count:
        unit = "images" if scorer.about_images else "documents"
        context.progress.say(f"{owner.name}: {count} {unit} to score")
    context.map_with_model(score_items, [(index, *task) for task in work], owner.name)


def _wanted(
    context: Context, index: int, owner: Filter, scorer: ModelScorer, name: str, chosen: Chosen
) -> tuple[list[Item], dict[Item, str]]:
    """Documents and image parts that the filters before let through and that have no row yet; and of these, by their
    language, what the model does not speak."""
    run, pipeline = context.run, context.pipeline
    documents = list(documents_from_table(run.table(f"documents/{name}.parquet")))
    verdicts = evaluate(
        pipeline, partition_view(run, pipeline, name), upto=index, chosen=chosen, gated=not context.score_all
    )
    alive = {d for d, by in zip(verdicts.view.documents.index, verdicts.document_by, strict=True) if not by}
    image_alive = verdicts.images_alive
    if context.score_all:
        alive = {d.id for d in documents if not d.error}
        image_alive[:] = True
    parts: dict[str, set[int]] = {}
    for row, is_alive in enumerate(image_alive):
        if is_alive:
            document_of, part_of = verdicts.image_at(row)
            parts.setdefault(document_of, set()).add(part_of)
    spoken = scorer.model_settings.languages if scorer.model_settings else ()
    found = verdicts.view.documents.get("text.language")
    items: list[Item] = []
    passed: dict[Item, str] = {}
    known: dict[bool, Any] = {}
    for document in documents:
        if document.id in alive:
            language = found.get(document.id) if found is not None else document.language
            language = language if isinstance(language, str) else ""
            asked = speaks(spoken, language)
            if asked not in known:
                known[asked] = _known(run, owner, name, not asked)
            have = known[asked].get((document.id, document.digest()), set())
            missing = frozenset(parts.get(document.id, set())) - have
            if missing if scorer.about_images else not have:
                if asked:
                    items.append(Item(document, missing))
                else:
                    passed[Item(document, missing)] = language
    return items, passed


def _known(run: Run, owner: Filter, name: str, passed: bool) -> dict[tuple[str, str], set[int]]:
    """Image parts (or -1 for the document) that have a row, by document id and digest; with `passed` also a row that
    only says that the model was not asked."""
    relative = scores_file(owner, name)
    if run.meta(relative) is None:
        return {}
    have: dict[tuple[str, str], set[int]] = {}
    for row in run.table(relative, ["document", "part", "key", "error"]).to_pylist():
        if passed or row["error"] != PASSED_OVER:
            have.setdefault((row["document"], row["key"]), set()).add(-1 if row["part"] is None else row["part"])
    return have


def score_items(
    pool: Pool, job: Job | Opened, index: int, name: str, items: Sequence[Item], passed: Sequence[Item]
) -> str:
    """Score what is wanted and commit it together with the rows that were there and still hold."""
    pipeline, run = job.open()
    owner = pipeline.filters[index]
    scorer = owner.scorer
    assert isinstance(scorer, ModelScorer)
    if items:
        scorer.ready(pool)
    relative = scores_file(owner, name)
    digests = {d.id: d.digest() for d in documents_from_table(run.table(f"documents/{name}.parquet"))}
    old = run.table(relative).to_pylist() if run.meta(relative) else []
    asked = {item.document.id for item in items}
    rows: list[Row] = [
        row
        for row in old
        if digests.get(row["document"]) == row["key"] and not (row["error"] == PASSED_OVER and row["document"] in asked)
    ]
    for item in passed:
        for part in sorted(item.parts) if scorer.about_images else [None]:
            name_of = item.document.id
            rows.append({"document": name_of, "part": part, "error": PASSED_OVER, "key": digests[name_of]})
    if items:
        opened = image_opener(run, name, _shas(items))
        for row in scorer.score(items, opened):
            rows.append({**row, "key": digests[row["document"]]})
    run.commit_table(relative, scorer.table(rows), fingerprint(scorer.identity()))
    return name


def _shas(items: Sequence[Item]) -> set[str]:
    return {sha for item in items for sha in item.document.images}


def image_opener(run: Run, name: str, wanted: set[str]) -> Callable[[str], PIL.Image.Image]:
    """A function that decodes one of the wanted images of a partition; raises OSError for one that cannot be read."""
    held = {image.sha256: image for image in open_images(run, name) if image.sha256 in wanted} if wanted else {}

    def open_image(sha256: str) -> PIL.Image.Image:
        image = held[sha256]
        if (image.width or 0) * (image.height or 0) > MAX_PIXELS:
            raise OSError("too_many_pixels")
        try:
            pixels = PIL.Image.open(io.BytesIO(image.bytes))
            pixels.load()
        except OSError:
            raise
        except Exception as error:  # Pillow's plugins raise many kinds of errors on broken data
            raise OSError(f"undecodable ({type(error).__name__})") from None
        return pixels

    return open_image


# Decisions


def _choice_from(run: Run, pipeline: Pipeline, partitions: Sequence[str]) -> str:
    """Fingerprint of what decides which document stands for each cluster: documents and cheap scores of all partitions.
    Without it a build killed between two partitions could leave both or none of a pair."""
    if not any(rule.one_per for owner in pipeline.filters for rule in owner.rules):
        return ""
    files = [f"documents/{name}.parquet" for name in partitions]
    files += [table_file(f, name) for f in _cheap(pipeline) for name in partitions]
    return fingerprint([run.digest(f) for f in dict.fromkeys(files)])
