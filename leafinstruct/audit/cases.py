"""Documents of known truth as a small run of their own, scored by a pipeline's filters.

Corpus scorers are left out: each base document occurs once for every defect, and would be its own duplicate.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from leafinstruct import layout
from leafinstruct.context import Context, RunTasks
from leafinstruct.document import Document, Image, documents_from_table, documents_to_table, images_to_table
from leafinstruct.filter import stage as filter_stage
from leafinstruct.filter.frame import View, make_view
from leafinstruct.filter.partitions import scores_file
from leafinstruct.pipeline import Pipeline, load_pipeline
from leafinstruct.progress import Progress
from leafinstruct.rules.filter import Filter, Rule
from leafinstruct.run import Run, fingerprint
from leafinstruct.score.base import CorpusScorer

NUMBERS = ("float", "int", "bool")


@dataclass(frozen=True, slots=True)
class Case:
    """One document of known truth: `id` in the cases' run, the `base` it was made from, and what was done to it.

    `defect` is "" for a clean document. `planted` are the image parts that are wrong; it is empty where the text or the
    order is wrong. A `control` was changed without harm: it should be kept. `kind` is free (photographs, screenshots).
    """

    id: str
    base: str
    defect: str
    variant: str = ""
    planted: tuple[int, ...] = ()
    control: bool = False
    kind: str = ""


def write_cases(run: Run, name: str, documents: Sequence[Document], images: Iterable[Image]) -> None:
    """Commit documents and their images as one partition, unless it is there already."""
    held = {image.sha256: image for image in images}
    made_from = fingerprint("cases", sorted((d.id, d.digest(), d.site, d.license) for d in documents), sorted(held))
    if not run.fresh(layout.documents(name), made_from):
        run.commit_table(layout.images(name), images_to_table(held.values()), made_from)
        run.commit_table(layout.documents(name), documents_to_table(documents), made_from)


def plan(run: Run, names: Iterable[str], source: str) -> None:
    """Commit the list of partitions, which makes the folder a run that other commands can read."""
    run.commit_json(layout.RUN, {"partitions": [{"name": n, "source": source} for n in sorted(names)]})


def judged_alone(pipeline: Pipeline) -> tuple[Pipeline, list[dict[str, str]]]:
    """The pipeline without filters and rules that cannot judge a document by itself; and these, each with the
    reason."""
    corpus = {f.name for f in pipeline.filters if isinstance(f.scorer, CorpusScorer)}
    whole = "needs the whole corpus, where each base document would occur many times"
    left = [{"what": name, "why": whole} for name in corpus]
    filters = []
    for owner in pipeline.filters:
        if owner.name in corpus:
            continue
        rules = []
        for rule in owner.rules:
            why = _why_not(owner, rule, corpus)
            if why:
                left.append({"what": f"{owner.name}.{rule.name}", "why": why})
            else:
                rules.append(rule)
        filters.append(replace(owner, rules=tuple(rules)))
    return replace(pipeline, filters=tuple(filters)), sorted(left, key=lambda entry: entry["what"])


def _why_not(owner: Filter, rule: Rule, corpus: set[str]) -> str:
    if rule.when is None:
        return "chooses among the documents of a corpus"
    columns = {owner.full_name(n.column) for n in rule.when.names if n.column}
    if any(column.partition(".")[0] in corpus for column in columns):
        return "reads a score of the whole corpus"
    if columns and all(column.startswith("document.") for column in columns):
        return "reads declared metadata, which no defect changes"
    return ""


@dataclass(frozen=True)
class CaseJob:
    """What a worker needs to score cases: like a build's job, but it opens the pipeline of `judged_alone`."""

    pipeline: Path
    run: str

    def open(self) -> tuple[Pipeline, Run]:
        return _opened(self.pipeline, self.run)


@lru_cache(maxsize=2)
def _opened(pipeline: Path, run: str) -> tuple[Pipeline, Run]:
    return judged_alone(load_pipeline(pipeline))[0], Run(run)


def score_cases(run: Run, pipeline: Pipeline, run_tasks: RunTasks, workers: int, progress: Progress) -> None:
    """Score all cases with all filters (nothing is gated) and decide. Stored model scores are reused."""
    _opened.cache_clear()  # the pipeline may have been edited since
    alone = judged_alone(pipeline)[0]
    job = CaseJob(pipeline.path.resolve(), run.address)
    context = Context(run, alone, run_tasks, workers, score_all=True, progress=progress, job=job)
    try:
        with run.lock():
            filter_stage.run(context)
    finally:
        context.pool.close()


def read_view(run: Run, pipeline: Pipeline) -> View:
    """Scores of all cases as one view; `pipeline` is one of `judged_alone`."""
    views = []
    for name in run.partitions():
        documents = list(documents_from_table(run.table(layout.documents(name))))
        tables: dict[str, pa.Table] = {f.name: run.table(scores_file(f, name)) for f in pipeline.filters if f.scorer}
        views.append(make_view(documents, pipeline, tables))
    return View(pd.concat([v.documents for v in views]), pd.concat([v.images for v in views], ignore_index=True))


def column_values(view: View, pipeline: Pipeline) -> dict[str, pd.Series[Any]]:
    """Every number that a document rule can read, by its name in a rule: for each document (index) a float or NaN.

    Image columns come as mean, min and max over the raw images of a document.
    """
    found: dict[str, pd.Series[Any]] = {}
    for name, column in pipeline.columns().items():
        if column.type not in NUMBERS:
            continue
        frame = view.documents if column.grain == "document" else view.images
        values = frame[name].astype(object).where(frame[name].notna(), np.nan).astype(float)
        if column.grain == "document":
            found[name] = values
            continue
        groups = values.groupby(view.images["document"])
        for function in ("mean", "min", "max"):
            found[f"{function}({name})"] = groups.agg(function).reindex(view.documents.index)
    return found
