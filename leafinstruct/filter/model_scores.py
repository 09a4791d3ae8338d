"""Scores of models, as stored facts: what has a row is never scored again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from leafinstruct import layout
from leafinstruct.context import Context, Job, Opened
from leafinstruct.document import documents_from_table
from leafinstruct.errors import Fault, Faults, LeafError, own_code
from leafinstruct.filter.checked_rows import name_of, rows_of_items
from leafinstruct.filter.cpu_scores import say_faults
from leafinstruct.filter.partitions import partition_view, scores_file
from leafinstruct.filter.rules import evaluate
from leafinstruct.images.of_partition import image_opener
from leafinstruct.models.languages import UNSUPPORTED_LANGUAGE, supports, supports_none, unsupported_language
from leafinstruct.models.pool import Pool
from leafinstruct.rules.filter import Filter
from leafinstruct.run import Run, fingerprint
from leafinstruct.score.base import FAILED, Item, ModelScorer, Row

Chosen = Mapping[str, Mapping[str, str]]
"""For each column of groups, by group: the id of the document that represents it."""


def score_with_model(
    context: Context, index: int, owner: Filter, scorer: ModelScorer, partitions: Sequence[str], chosen: Chosen
) -> None:
    run = context.run
    for name in partitions:
        _rename_columns(run, owner, scorer, name)
    work: list[tuple[str, list[Item], list[Item]]] = []
    foreign: list[str] = []
    for name in partitions:
        items, unsupported = _wanted(context, index, owner, scorer, name, chosen)
        foreign += unsupported.values()
        if items or unsupported or run.meta(scores_file(owner, name)) is None:
            work.append((name, items, list(unsupported)))
    new = all(run.meta(scores_file(owner, name)) is None for name in partitions)
    if foreign:
        assert scorer.model_settings
        if new and not any(items for _, items, _ in work):
            raise LeafError(supports_none(owner.name, scorer.model_settings, foreign))
        context.progress.warn(unsupported_language(owner.name, scorer.model_settings, foreign))
    count = sum(len(item.parts) if scorer.about_images else 1 for _, items, _ in work for item in items)
    if count:
        unit = "images" if scorer.about_images else "documents"
        context.progress.say(f"{owner.name}: {count} {unit} to score")
    found: list[Faults] = context.map_with_model(score_items, [(index, *task) for task in work], owner.name)
    say_faults(context, owner.name, Faults.sum(found))


def has_failed(run: Run, owner: Filter, name: str) -> bool:
    """Whether a partition has rows that the scorer is asked for again."""
    meta = run.meta(scores_file(owner, name))
    return meta is not None and "failed" in meta.extra


def _rename_columns(run: Run, owner: Filter, scorer: ModelScorer, name: str) -> None:
    """Rename the columns of a partition's stored scores to their current names."""
    relative = scores_file(owner, name)
    meta = run.meta(relative) if scorer.renamed else None
    if meta is None:
        return
    with run.parquet(relative) as file:
        stored = file.schema_arrow.names
        if scorer.renamed.keys().isdisjoint(stored):
            return
        table = file.read()
    names = [scorer.renamed.get(column, column) for column in stored]
    run.commit_table(relative, table.rename_columns(names), meta.fingerprint, meta.extra)


def _wanted(
    context: Context, index: int, owner: Filter, scorer: ModelScorer, name: str, chosen: Chosen
) -> tuple[list[Item], dict[Item, str]]:
    """Documents and image parts that earlier filters kept and that have no row yet; and, with their language, those in
    a language that the model does not support."""
    run, pipeline = context.run, context.pipeline
    documents = list(documents_from_table(run.table(layout.documents(name))))
    verdicts = evaluate(
        pipeline, partition_view(run, pipeline, name), upto=index, chosen=chosen, gated=not context.score_all
    )
    alive = {d for d, by in zip(verdicts.view.documents.index, verdicts.document_by, strict=True) if not by}
    image_alive = verdicts.images_alive
    if context.score_all:
        alive = {d.id for d in documents if not d.error}
        image_alive[:] = True
    parts: dict[str, set[int]] = {}
    for row, is_alive in enumerate(image_alive & verdicts.view.figures):
        if is_alive:
            document_of, part_of = verdicts.image_at(row)
            parts.setdefault(document_of, set()).add(part_of)
    supported = scorer.model_settings.languages if scorer.model_settings else ()
    found = verdicts.view.documents.get("text.language")
    items: list[Item] = []
    unsupported: dict[Item, str] = {}
    known: dict[bool, Any] = {}
    for document in documents:
        if document.id in alive:
            language = found.get(document.id) if found is not None else document.language
            language = language if isinstance(language, str) else ""
            asked = supports(supported, language)
            if asked not in known:
                known[asked] = _known(run, owner, name, not asked)
            have = known[asked].get((document.id, document.digest()), set())
            missing = frozenset(parts.get(document.id, set())) - have
            if missing if scorer.about_images else not have:
                if asked:
                    items.append(Item(document, missing))
                else:
                    unsupported[Item(document, missing)] = language
    return items, unsupported


def _known(run: Run, owner: Filter, name: str, unsupported: bool) -> dict[tuple[str, str], set[int]]:
    """Image parts (or -1 for the document) that have a row, by document id and digest; with `unsupported` also those
    whose row only says that the model does not support the language."""
    relative = scores_file(owner, name)
    if run.meta(relative) is None:
        return {}
    have: dict[tuple[str, str], set[int]] = {}
    for row in run.table(relative, ["document", "part", "key", "error"]).to_pylist():
        error = row["error"] or ""
        if not error.startswith(FAILED) and (unsupported or error != UNSUPPORTED_LANGUAGE):
            have.setdefault((row["document"], row["key"]), set()).add(-1 if row["part"] is None else row["part"])
    return have


def _unanswered(scorer: ModelScorer, items: Sequence[Item], rows: Sequence[Row]) -> list[Fault]:
    """Documents about which a language model gave no number, and why."""
    asked = {item.document.id: item.document.path or item.document.url for item in items}
    return [
        Fault(row["document"], asked[row["document"]], f"scorer {name_of(scorer)}: {row['error'].removeprefix(FAILED)}")
        for row in rows
        if row.get("error") and row["document"] in asked
    ]


def score_items(
    pool: Pool, job: Job | Opened, index: int, name: str, items: Sequence[Item], unsupported: Sequence[Item]
) -> Faults:
    """Score the items and commit their rows together with the stored rows that are still valid. Returns what the scorer
    did wrong."""
    pipeline, run = job.open()
    owner = pipeline.filters[index]
    scorer = owner.scorer
    assert isinstance(scorer, ModelScorer)
    if items:
        with own_code(scorer.code, f"scorer {name_of(scorer)}: load"):
            scorer.ready(pool)
    relative = scores_file(owner, name)
    digests = {d.id: d.digest() for d in documents_from_table(run.table(layout.documents(name)))}
    old = run.table(relative).to_pylist() if run.meta(relative) else []
    asked = {item.document.id for item in items}
    rows: list[Row] = [
        row
        for row in old
        if digests.get(row["document"]) == row["key"]
        and not (row["document"] in asked and (row["error"] or "").startswith((UNSUPPORTED_LANGUAGE, FAILED)))
    ]
    faults: list[Fault] = []
    for item in unsupported:
        for part in sorted(item.parts) if scorer.about_images else [None]:
            key = digests[item.document.id]
            rows.append({"document": item.document.id, "part": part, "error": UNSUPPORTED_LANGUAGE, "key": key})
    if items:
        opened = image_opener(run.parquet(layout.images(name)), {sha for item in items for sha in item.document.images})
        for row in rows_of_items(scorer, items, opened, faults):
            rows.append({**row, "key": digests[row["document"]]})
        if not scorer.code and "choice_logprobs" in scorer.needs:
            faults += _unanswered(scorer, items, rows)
    failed = any((row["error"] or "").startswith(FAILED) for row in rows if "error" in row)
    run.commit_table(relative, scorer.table(rows), fingerprint(scorer.identity()), {"failed": True} if failed else {})
    return Faults.of(faults)
