"""The filter stage: scores of all filters, decisions, and the edited documents.

Filters are scored one after another, each over all partitions, so that one model at a time holds the machine. Model
scores are stored facts: what has a row is never asked for again.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import PIL.Image
import pyarrow as pa

from leafinstruct.context import Context, Job
from leafinstruct.decide import VERSION as DECIDE_VERSION
from leafinstruct.decide import apply, choose, decisions_table, evaluate, make_view
from leafinstruct.document import Document, Image, documents_from_table, documents_to_table
from leafinstruct.pipeline import Filter, Pipeline
from leafinstruct.run import Run, fingerprint
from leafinstruct.score.base import CorpusScorer, DocumentScorer, ImageScorer, Item, ModelScorer, Row
from leafinstruct.score.decode import decode

MAX_PIXELS = 50_000_000
"""Images with more pixels are not decoded: 150 MB each as RGB (own choice, below Pillow's bomb limit)."""


def filter_documents(context: Context) -> None:
    """Bring scores, decisions and `filtered/` up to date."""
    run, pipeline = context.run, context.pipeline
    partitions = run.partitions()
    stale = [(name,) for name in partitions if _stale_cheap(run, pipeline, name)]
    context.map(score_partition, stale, "scores")
    for owner in pipeline.filters:
        if isinstance(owner.scorer, CorpusScorer):
            _reduce(context, owner, owner.scorer, partitions)
    gated = not context.score_all
    choice = _choice_from(run, pipeline, partitions)
    waiting = [name for name in partitions if not _decided(run, pipeline, name, gated, choice)]
    if not waiting:
        return
    chosen = choose(pipeline, (_view(run, pipeline, name) for name in partitions))
    for index, owner in enumerate(pipeline.filters):
        if isinstance(owner.scorer, ModelScorer):
            _score_with_model(context, index, owner, owner.scorer, partitions, chosen)
    context.map(decide_partition, [(name, chosen, gated, choice) for name in partitions], "decisions")


# Where scores lie and what they are made from


def scores_file(owner: Filter, name: str) -> str:
    return f"scores/{owner.folder}/{name}.parquet"


def corpus_file(owner: Filter) -> str:
    return f"corpus/{owner.folder}.parquet"


def _table_file(owner: Filter, name: str) -> str:
    """Where the scores of a filter are read from for one partition."""
    return corpus_file(owner) if isinstance(owner.scorer, CorpusScorer) else scores_file(owner, name)


def _scores_from(run: Run, owner: Filter, name: str) -> str:
    """Fingerprint of cheap scores and of a corpus scorer's signatures."""
    assert owner.scorer
    images = run.digest(f"images/{name}.parquet") if isinstance(owner.scorer, ImageScorer) else ""
    return fingerprint(run.digest(f"documents/{name}.parquet"), images, owner.scorer.identity(), MAX_PIXELS)


def _cheap(pipeline: Pipeline) -> list[Filter]:
    return [f for f in pipeline.filters if f.scorer and not f.scorer.model]


def _stale_cheap(run: Run, pipeline: Pipeline, name: str) -> bool:
    return any(not run.fresh(scores_file(f, name), _scores_from(run, f, name)) for f in _cheap(pipeline))


# Scores without a model


def score_partition(job: Job, name: str) -> str:
    """Make all stale cheap scores of a partition; the image scorers among them share one decode of each image."""
    pipeline, run = job.open()
    documents = list(documents_from_table(run.table(f"documents/{name}.parquet")))
    stale = [f for f in _cheap(pipeline) if not run.fresh(scores_file(f, name), _scores_from(run, f, name))]
    tables: dict[str, pa.Table] = {}
    visual = [f for f in stale if isinstance(f.scorer, ImageScorer)]
    if visual:
        tables |= _measure_images(visual, open_images(run, name))
    for owner in stale:
        if isinstance(owner.scorer, DocumentScorer):
            rows = [row for d in documents if not d.error for row in owner.scorer.score(d)]
            tables[owner.name] = owner.scorer.table(rows)
        elif isinstance(owner.scorer, CorpusScorer):
            tables[owner.name] = owner.scorer.map([d for d in documents if not d.error])
    for owner in stale:
        run.commit_table(scores_file(owner, name), tables[owner.name], _scores_from(run, owner, name))
    return name


def open_images(run: Run, name: str) -> Iterator[Image]:
    """Images of a partition in the order of their sha256, a batch of rows in memory at a time."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(run.file(f"images/{name}.parquet")) as file:
        for batch in file.iter_batches(batch_size=64):
            for row in batch.to_pylist():
                yield Image(**row)


def _measure_images(owners: Sequence[Filter], images: Iterable[Image]) -> dict[str, pa.Table]:
    rows: dict[str, list[Row]] = {owner.name: [] for owner in owners}
    for image in images:
        pixels, error = decode(image, MAX_PIXELS)
        for owner in owners:
            assert isinstance(owner.scorer, ImageScorer)
            rows[owner.name].append(owner.scorer.measure(image, pixels, error))
    return {owner.name: owner.scorer.table(rows[owner.name]) for owner in owners if owner.scorer}


def _reduce(context: Context, owner: Filter, scorer: CorpusScorer, partitions: Sequence[str]) -> None:
    run = context.run
    files = [scores_file(owner, name) for name in partitions]
    made_from = fingerprint(scorer.identity(), [run.digest(f) for f in files])
    if not run.fresh(corpus_file(owner), made_from):
        rows = scorer.reduce(run.table(f) for f in files)
        run.commit_table(corpus_file(owner), scorer.table(rows), made_from)


# Scores of models


def _score_with_model(
    context: Context, index: int, owner: Filter, scorer: ModelScorer, partitions: Sequence[str], chosen: dict[str, str]
) -> None:
    run = context.run
    work: list[tuple[str, list[Item]]] = []
    for name in partitions:
        items = _wanted(context, index, owner, scorer, name, chosen)
        if items or run.meta(scores_file(owner, name)) is None:
            work.append((name, items))
    count = sum(len(item.parts) if scorer.about_images else 1 for _, items in work for item in items)
    if count:
        unit = "images" if scorer.about_images else "documents"
        context.progress.say(f"{owner.name}: {count} {unit} to score")
        scorer.load(context.pool)
    done = (_score_items(run, owner, scorer, name, items) for name, items in work)
    for _ in context.progress.over(done, len(work), owner.name):
        pass


def _wanted(
    context: Context, index: int, owner: Filter, scorer: ModelScorer, name: str, chosen: dict[str, str]
) -> list[Item]:
    """Documents and image parts that the filters before let through and that have no row yet."""
    run, pipeline = context.run, context.pipeline
    documents = list(documents_from_table(run.table(f"documents/{name}.parquet")))
    verdicts = evaluate(pipeline, _view(run, pipeline, name), upto=index, chosen=chosen, gated=not context.score_all)
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
    known = _known(run, owner, name)
    items = []
    for document in documents:
        if document.id in alive:
            have = known.get((document.id, document.digest()), set())
            missing = frozenset(parts.get(document.id, set())) - have
            if missing if scorer.about_images else not have:
                items.append(Item(document, missing))
    return items


def _known(run: Run, owner: Filter, name: str) -> dict[tuple[str, str], set[int]]:
    """Image parts (or -1 for the document) that have a row, by document id and digest."""
    relative = scores_file(owner, name)
    if run.meta(relative) is None:
        return {}
    have: dict[tuple[str, str], set[int]] = {}
    for row in run.table(relative, ["document", "part", "key"]).to_pylist():
        have.setdefault((row["document"], row["key"]), set()).add(-1 if row["part"] is None else row["part"])
    return have


def _score_items(run: Run, owner: Filter, scorer: ModelScorer, name: str, items: Sequence[Item]) -> str:
    """Score what is wanted and commit it together with the rows that were there and still hold."""
    relative = scores_file(owner, name)
    digests = {d.id: d.digest() for d in documents_from_table(run.table(f"documents/{name}.parquet"))}
    old = run.table(relative).to_pylist() if run.meta(relative) else []
    rows: list[Row] = [row for row in old if digests.get(row["document"]) == row["key"]]
    if items:
        opened = image_opener(run, name, _shas(items))
        for row in scorer.score(items, opened):
            rows.append({**row, "key": digests[row["document"]]})
    run.commit_table(relative, scorer.table(rows), fingerprint(scorer.identity()))
    return name


def _shas(items: Sequence[Item]) -> set[str]:
    return {item.document.parts[part].image for item in items for part in item.parts}


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


def _view(run: Run, pipeline: Pipeline, name: str) -> Any:
    documents = list(documents_from_table(run.table(f"documents/{name}.parquet")))
    return make_view(documents, pipeline, _tables(run, pipeline, name, documents))


def _tables(run: Run, pipeline: Pipeline, name: str, documents: Sequence[Document]) -> dict[str, pa.Table]:
    import pyarrow.compute as pc

    tables = {}
    for owner in pipeline.filters:
        relative = _table_file(owner, name) if owner.scorer else ""
        if not owner.scorer or run.meta(relative) is None:
            continue
        table = run.table(relative)
        if isinstance(owner.scorer, CorpusScorer):
            shas = pa.array(sorted({sha for d in documents for sha in d.images}), pa.string())
            ours = pc.or_kleene(
                pc.is_in(table["document"], pa.array([d.id for d in documents], pa.string())),
                pc.is_in(table["sha256"], shas),
            )
            table = table.filter(ours)
        tables[owner.name] = table
    return tables


def _choice_from(run: Run, pipeline: Pipeline, partitions: Sequence[str]) -> str:
    """Fingerprint of what decides which document stands for each cluster: documents and cheap scores of all partitions.
    Without it a build killed between two partitions could leave both or none of a pair."""
    if not any(rule.one_per for owner in pipeline.filters for rule in owner.rules):
        return ""
    files = [f"documents/{name}.parquet" for name in partitions]
    files += [_table_file(f, name) for f in _cheap(pipeline) for name in partitions]
    return fingerprint([run.digest(f) for f in dict.fromkeys(files)])


def _decisions_from(run: Run, pipeline: Pipeline, name: str, gated: bool, choice: str) -> str:
    scores = [run.digest(_table_file(f, name)) for f in pipeline.filters if f.scorer]
    rules = [[f.name, f.folder, [r.source() for r in f.rules]] for f in pipeline.filters]
    return fingerprint(DECIDE_VERSION, run.digest(f"documents/{name}.parquet"), scores, rules, gated, choice)


def _decided(run: Run, pipeline: Pipeline, name: str, gated: bool, choice: str) -> bool:
    made_from = _decisions_from(run, pipeline, name, gated, choice)
    decisions = run.meta(f"decisions/{name}.parquet")
    return (
        decisions is not None
        and decisions.fingerprint == made_from
        and run.fresh(f"filtered/{name}.parquet", fingerprint(decisions.digest, made_from))
    )


def decide_partition(job: Job, name: str, chosen: dict[str, str], gated: bool, choice: str) -> str:
    """Commit the decisions of a partition and the documents they leave."""
    pipeline, run = job.open()
    made_from = _decisions_from(run, pipeline, name, gated, choice)
    documents = list(documents_from_table(run.table(f"documents/{name}.parquet")))
    view = make_view(documents, pipeline, _tables(run, pipeline, name, documents))
    verdicts = evaluate(pipeline, view, chosen=chosen, gated=gated)
    languages = view.documents.get("text.language")
    kept_parts: dict[str, set[int]] = {d.id: set() for d in documents}
    for row, alive in enumerate(verdicts.images_alive):
        if alive:
            document_of, part_of = verdicts.image_at(row)
            kept_parts[document_of].add(part_of)
    edited = []
    for row, document in enumerate(documents):
        if verdicts.documents_alive[row]:
            found = languages.iat[row] if languages is not None else ""
            edited.append(apply(document, frozenset(kept_parts[document.id]), found if isinstance(found, str) else ""))
    decisions = run.commit_table(f"decisions/{name}.parquet", decisions_table(verdicts), made_from)
    filtered = documents_to_table(replace(d, lost=()) for d in edited)
    run.commit_table(f"filtered/{name}.parquet", filtered, fingerprint(decisions.digest, made_from))
    return name
