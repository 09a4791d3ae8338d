"""Decides a partition: from stored scores to its decisions and its edited documents.

Documents are parsed only if other parts of them are kept than before, so a changed threshold costs seconds. No image is
opened and no model is called.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from leafinstruct import layout
from leafinstruct.context import Job
from leafinstruct.document import DOCUMENT_SCHEMA, Document, documents_from_table, documents_to_table
from leafinstruct.errors import LeafError, own_code
from leafinstruct.filter.decisions import DECISION_SCHEMA, decisions_table
from leafinstruct.filter.edits import apply, edit_texts
from leafinstruct.filter.frame import ABOUT_COLUMNS, View, kept_columns, stored_view
from leafinstruct.filter.representatives import Candidate, candidates, cluster_representatives, one_per_columns
from leafinstruct.filter.rules import VERSION as DECIDE_VERSION
from leafinstruct.filter.rules import Verdicts, evaluate
from leafinstruct.pipeline import Pipeline
from leafinstruct.rules.filter import Filter
from leafinstruct.run import Run, fingerprint
from leafinstruct.score.base import CorpusScorer, DocumentScorer

ALWAYS_READ = {"text.language", "text.words"}
"""Columns that deciding reads besides those of rules: the language of documents that declare none, and a length."""


def scores_file(owner: Filter, name: str) -> str:
    return layout.scores(owner.folder, name)


def corpus_file(owner: Filter) -> str:
    return layout.corpus(owner.folder)


def table_file(owner: Filter, name: str) -> str:
    """The file that holds a filter's scores of one partition."""
    return corpus_file(owner) if isinstance(owner.scorer, CorpusScorer) else scores_file(owner, name)


def stored_scores(run: Run, owner: Filter) -> Iterator[pa.Table]:
    """The stored score tables of a filter: one for each partition, or the one of a corpus scorer."""
    for file in dict.fromkeys(table_file(owner, name) for name in run.partitions()):
        if run.exists(file):
            yield run.table(file)


def has_scores(run: Run, owner: Filter) -> bool:
    """Whether any stored scores of a filter are those of its scorer as it is now."""
    return any(run.exists(table_file(owner, name)) for name in run.partitions())


def decisions_of(run: Run, pipeline: Pipeline) -> pa.Table:
    """Decisions (DECISION_SCHEMA) by the rules of a pipeline from stored scores, over all partitions."""
    names = [name for name in run.partitions() if run.exists(layout.documents(name))]
    columns, chosen = one_per_columns(pipeline), {}
    if columns:
        found = [candidate for name in names for candidate in candidates(pipeline, partition_view(run, pipeline, name))]
        chosen = cluster_representatives(columns, found)
    views = (partition_view(run, pipeline, name) for name in names)
    tables = [decisions_table(evaluate(pipeline, view, chosen=chosen)) for view in views]
    return pa.concat_tables([DECISION_SCHEMA.empty_table(), *tables])


def partition_view(run: Run, pipeline: Pipeline, *names: str) -> View:
    """The documents of some partitions with the scores that rules read."""
    documents = _read_all(run, [layout.documents(name) for name in names], ABOUT_COLUMNS)
    return stored_view(documents.combine_chunks(), pipeline, _tables(run, pipeline, names, documents))


def _read(run: Run, relative: str, columns: Sequence[str] | None = None) -> pa.Table:
    with run.parquet(relative) as file:
        return file.read(columns, use_threads=False)


def _read_all(run: Run, files: Sequence[str], columns: Sequence[str]) -> pa.Table:
    """Small files one after another, by two threads, half of them each: much of the time is spent outside Python."""
    half = (len(files) + 1) // 2
    with ThreadPoolExecutor(2) as pool:
        halves = pool.map(lambda some: [_read(run, file, columns) for file in some], (files[:half], files[half:]))
        return pa.concat_tables(table for tables in halves for table in tables)


def _reads(pipeline: Pipeline) -> set[str]:
    """Full names of the score columns that deciding reads."""
    reads = set(ALWAYS_READ)
    for owner in pipeline.filters:
        for rule in owner.rules:
            names = [n.column for n in rule.when.names if n.column] if rule.when else [rule.one_per]
            reads |= {owner.full_name(name) for name in names}
        reads |= {owner.full_name(name) for name in _edited_by(owner)}
    return reads


def _edited_by(owner: Filter) -> tuple[str, ...]:
    return owner.scorer.edited_by() if isinstance(owner.scorer, CorpusScorer) else ()


def _tables(run: Run, pipeline: Pipeline, names: Sequence[str], documents: pa.Table) -> dict[str, pa.Table]:
    reads = _reads(pipeline)
    tables = {}
    for owner in pipeline.filters:
        if not owner.scorer:
            continue
        columns = kept_columns(owner.scorer, reads, owner.name)
        files = list(dict.fromkeys(table_file(owner, name) for name in names))
        files = [file for file in files if run.exists(file)]
        if len(columns) == 3 or not files:
            continue
        if isinstance(owner.scorer, CorpusScorer):
            tables[owner.name] = _of_corpus(run, files[0], columns, documents)
        else:
            tables[owner.name] = _read_all(run, files, columns)
    return tables


def _of_corpus(run: Run, relative: str, columns: list[str], documents: pa.Table) -> pa.Table:
    """The rows of a corpus file about these documents and their images."""
    corpus = _corpus(run, relative, run.stamp(relative), tuple(columns))
    parts = documents["parts"].combine_chunks()
    shas = parts.flatten().field("image") if len(parts) else pa.array([], pa.string())
    rows = [corpus.rows_of("document", documents["id"]), corpus.rows_of("sha256", pc.unique(shas))]
    return corpus.table.take(pa.array(np.unique(np.concatenate(rows))))


class _Corpus:
    """A corpus file with its rows by document and by image."""

    def __init__(self, table: pa.Table) -> None:
        import pandas as pd

        self.table = table
        self._about = {name: np.flatnonzero(table[name].is_valid()) for name in ("document", "sha256")}
        self._keys = {
            name: pd.Index(table[name].drop_null().to_pylist(), dtype=object) for name in ("document", "sha256")
        }

    def rows_of(self, name: str, keys: pa.ChunkedArray | pa.Array) -> np.ndarray:
        """Numbers of all rows about these documents or images, int64."""
        if not len(self._keys[name]):
            return np.zeros(0, dtype=np.int64)
        found = self._keys[name].get_indexer_for(keys.to_pylist())
        return self._about[name][found[found >= 0]]


@lru_cache(maxsize=16)
def _corpus(run: Run, relative: str, stamp: str, columns: tuple[str, ...]) -> _Corpus:
    """A corpus file at that stamp; each process reads it once."""
    return _Corpus(run.table(relative, list(columns)))


# What decisions are made from


def decisions_from(run: Run, pipeline: Pipeline, name: str, gated: bool, choice: str) -> str:
    scores = [run.digest(table_file(f, name)) for f in pipeline.filters if f.scorer]
    rules = [[f.name, f.folder, [r.source() for r in f.rules]] for f in pipeline.filters]
    # A new language is a reason to ask a model again; it changes no stored number (see models/languages).
    spoken = [model.languages for model in pipeline.models.values()]
    removed = [(e.kind, e.value) for e in pipeline.removals.entries]
    documents = run.digest(layout.documents(name))
    return fingerprint(DECIDE_VERSION, documents, scores, rules, gated, choice, spoken, removed)


def decided(run: Run, name: str, made_from: str) -> bool:
    """Whether the decisions and edited documents of a partition are up to date."""
    decisions = run.meta(layout.decisions(name))
    return (
        decisions is not None
        and decisions.fingerprint == made_from
        and run.fresh(layout.filtered(name), decisions.extra.get("left", ""))
    )


# Work on several partitions at a time, which share all costs but reading


def candidates_of(job: Job, names: Sequence[str]) -> list[Candidate]:
    pipeline, run = job.open()
    return candidates(pipeline, partition_view(run, pipeline, *names)) if one_per_columns(pipeline) else []


def decide_partitions(
    job: Job, made_from: Mapping[str, str], chosen: Mapping[str, Mapping[str, str]], gated: bool
) -> int:
    """Commit the decisions of some partitions (`made_from`: their fingerprints by name) and, where other parts are kept
    than before, the documents. The result does not depend on which partitions are decided together."""
    pipeline, run = job.open()
    view = partition_view(run, pipeline, *made_from)
    verdicts = evaluate(pipeline, view, chosen=chosen, gated=gated)
    left, table = _left(verdicts, pipeline), decisions_table(verdicts)
    hashes = [editor.hash8() for editor in _editors(pipeline)]
    ids = {name: _read(run, layout.documents(name), ["id"])["id"] for name in made_from}
    for name, fingerprint_of in made_from.items():
        ours = table.filter(pc.is_in(table["document"], value_set=ids[name].combine_chunks()))
        stays = {key: left[key] for key in ids[name].to_pylist() if key in left}
        mark = fingerprint(DECIDE_VERSION, run.digest(layout.documents(name)), stays, hashes)
        run.commit_table(layout.decisions(name), ours.combine_chunks(), fingerprint_of, {"left": mark})
        if not run.fresh(layout.filtered(name), mark):
            _edit(run, name, stays, mark, pipeline)
    return len(made_from)


Left = dict[str, tuple[str, list[int], dict[str, list[int]]]]
"""For each kept document: its detected language, its kept image parts, and by filter the numbers that its scorer uses
to edit the document."""


def _left(verdicts: Verdicts, pipeline: Pipeline) -> Left:
    documents = verdicts.view.documents
    alive = verdicts.documents_alive
    found = documents["text.language"].tolist() if "text.language" in documents else [""] * len(documents)
    ids = documents.index.tolist()
    left: Left = {ids[i]: (found[i] if isinstance(found[i], str) else "", [], {}) for i in np.flatnonzero(alive)}
    places = verdicts.view.places
    for row in np.flatnonzero(verdicts.images_alive):
        document, part = places[row]
        left[document][1].append(part)
    for owner in pipeline.filters:
        columns = [owner.full_name(name) for name in _edited_by(owner)]
        if columns and all(column in documents for column in columns):
            numbers = documents[columns].fillna(0).astype(int)[alive]
            for name, row in numbers[(numbers != 0).any(axis=1)].iterrows():
                left[str(name)][2][owner.name] = row.tolist()
    return left


def _editors(pipeline: Pipeline) -> list[DocumentScorer]:
    """Scorers that change texts, in the order of their filters."""
    scorers = [f.scorer for f in pipeline.filters if isinstance(f.scorer, DocumentScorer)]
    return [s for s in scorers if type(s).edit is not DocumentScorer.edit]


def _edit(run: Run, name: str, left: Left, mark: str, pipeline: Pipeline) -> None:
    """Commit the edited documents of a partition. A document of which the same is kept as before is copied from the old
    file; the file's `extra` records what was kept, and of which documents."""
    relative, source = layout.filtered(name), run.digest(layout.documents(name))
    editors = _editors(pipeline)
    of = [DECIDE_VERSION, source, [e.hash8() for e in editors]]
    old, known = _edited_before(run, relative, of)
    same = [key for key, value in left.items() if known.get(key) == list(value)]
    other = [key for key in left if key not in set(same)]
    tables = [DOCUMENT_SCHEMA.empty_table()]
    if same and old is not None:
        tables.append(old.filter(pc.is_in(old["id"], pa.array(same, pa.string()))))
    if other:
        raw = _read(run, layout.documents(name))
        raw = raw.filter(pc.is_in(raw["id"], pa.array(other, pa.string())))
        edited = (_edited(d, *left[d.id], pipeline) for d in documents_from_table(raw))
        tables.append(documents_to_table(replace(edit_texts(d, editors), lost=()) for d in edited))
    table = pa.concat_tables([t.cast(DOCUMENT_SCHEMA) for t in tables]).combine_chunks()
    order = np.argsort(np.array(table["id"].to_pylist(), dtype=object), kind="stable")
    if len(order) and not (order == np.arange(len(order))).all():
        table = table.take(pa.array(order))
    extra: dict[str, Any] = {"of": of, "left": left}
    run.commit_table(relative, table, mark, extra)


def _edited(
    document: Document, language: str, kept_parts: Sequence[int], numbers: Mapping[str, list[int]], pipeline: Pipeline
) -> Document:
    document = apply(document, frozenset(kept_parts), language)
    for owner in pipeline.filters:
        if owner.name in numbers and isinstance(owner.scorer, CorpusScorer):
            with own_code(owner.scorer.code, f"filter {owner.name}: edit of document {document.id}"):
                edited = owner.scorer.edit(document, *numbers[owner.name])
                if not isinstance(edited, Document):
                    raise LeafError(f"filter {owner.name}: edit of document {document.id} gave no Document")
            document = edited
    return document


def _edited_before(run: Run, relative: str, of: list[Any]) -> tuple[pa.Table | None, Mapping[str, Any]]:
    meta = run.meta(relative)
    if meta is None or meta.extra.get("of") != of:
        return None, {}
    return _read(run, relative), meta.extra["left"]
