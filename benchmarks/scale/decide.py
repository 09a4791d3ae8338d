"""How long it takes to decide stored scores again after a threshold was tightened.

    python benchmarks/scale/decide.py [--documents 100000] [--workers 2] [--folder DIR]

Makes a run of that many documents with stored scores of the model-free filters (made-up numbers from a fixed seed,
texts of about 1,500 characters, 0 to 5 images each), decides it once, then tightens a rule and measures (a) deciding
alone, from the stored files to tables of decisions in memory, in one process, five times, and (b) the filter stage as
`build` runs it, which commits decisions and edited documents. Prints JSON; seconds are wall time, for deciding alone
also those of the processor, which other programs disturb less.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from leafinstruct.context import Context
from leafinstruct.document import Document, Part, documents_to_table
from leafinstruct.engine.local import run_tasks
from leafinstruct.filter import stage as filter_stage
from leafinstruct.filter.cpu_scores import cheap_filters, scores_from
from leafinstruct.filter.decisions import decisions_table
from leafinstruct.filter.partitions import _corpus, corpus_file, partition_view, scores_file
from leafinstruct.filter.representatives import candidates, cluster_representatives, one_per_columns
from leafinstruct.filter.rules import evaluate
from leafinstruct.filter.stage import _together
from leafinstruct.pipeline import Pipeline, load_pipeline
from leafinstruct.run import Run, fingerprint
from leafinstruct.score.base import ARROW_TYPES, CorpusScorer

FILTERS = ["image", "seen", "repeats", "text", "pointers", "duplicates"]
PARTITION, REPEATS = 200, 5
WORDS = [f"word{i}" for i in range(2000)]
RULE = "about: A rule to tighten.\nrules: [{{name: few, drop: document, when: text.words < {words}, origin: made}}]\n"


def project(folder: Path) -> Path:
    """A pipeline of the model-free filters and one filter of its own, whose threshold is tightened."""
    (folder / "pipelines").mkdir(parents=True)
    (folder / "filters").mkdir()
    tighten(folder, 10)
    text = "sources: [{name: made, kind: html, path: nowhere}]\nfilters: [" + ", ".join([*FILTERS, "tight"]) + "]\n"
    (folder / "pipelines" / "bench.yaml").write_text(text)
    return folder / "pipelines" / "bench.yaml"


def tighten(folder: Path, words: int) -> None:
    (folder / "filters" / "tight.yaml").write_text(RULE.format(words=words))


def make_documents(rng: random.Random, number: int) -> list[Document]:
    documents = []
    for at in range(PARTITION):
        parts = []
        for place in range(rng.randint(0, 5)):
            parts.append(Part("text", text=" ".join(rng.choices(WORDS, k=60))))
            parts.append(Part("image", image=hashlib.sha256(f"{number}/{at}/{place}".encode()).hexdigest()))
        parts.append(Part("text", text=" ".join(rng.choices(WORDS, k=60))))
        name = hashlib.sha256(f"{number}/{at}".encode()).hexdigest()[:20]
        documents.append(Document(name, "made", "a.example", "", name, "CC0-1.0", "", "", "en", tuple(parts)))
    return sorted(documents, key=lambda d: d.id)


def made_scores(scorer: Any, documents: list[Document], rng: np.random.Generator) -> pa.Table:
    """Rows of a scorer with numbers from a fixed seed, half of them what most pages have."""
    rows: list[dict[str, Any]] = []
    grains = {c.grain for c in scorer.columns}
    if "document" in grains:
        rows += [{"document": d.id} for d in documents]
    if "image" in grains:
        rows += [{"sha256": sha} for d in documents for sha in d.images]
    table = scorer.table(rows)
    for column in scorer.columns:
        kind, at = ARROW_TYPES[column.type], table.schema.get_field_index(column.name)
        values = made_column(column, len(table), rng)
        about = table["sha256" if column.grain == "image" else "document"].is_valid().to_numpy()
        table = table.set_column(at, table.schema.field(at), pa.array(values, kind, mask=~about))
    return table


def made_column(column: Any, rows: int, rng: np.random.Generator) -> Any:
    if column.type == "text":
        return [None] * rows if column.name == "cluster" else ["en"] * rows
    if column.type == "bool":
        return rng.random(rows) < 0.01
    if column.type == "int":
        return rng.integers(0, 1000, rows)
    return np.round(rng.random(rows), 4)


def make_run(run: Run, pipeline: Pipeline, documents: int) -> None:
    names = [f"made-{number:05d}" for number in range(documents // PARTITION)]
    numbers, rng = np.random.default_rng(0), random.Random(0)
    corpus: dict[str, list[pa.Table]] = {f.name: [] for f in pipeline.filters}
    run.commit_json("run.json", {"partitions": [{"name": name} for name in names]})
    for number, name in enumerate(names):
        made = make_documents(rng, number)
        run.commit_table(f"documents/{name}.parquet", documents_to_table(made), "made")
        for owner in cheap_filters(pipeline):
            assert owner.scorer
            table = made_scores(owner.scorer, made, numbers)
            if isinstance(owner.scorer, CorpusScorer):
                corpus[owner.name].append(table)
                table = owner.scorer.map_schema.empty_table()
            run.commit_table(scores_file(owner, name), table, scores_from(run, owner, name))
    for owner in cheap_filters(pipeline):
        if isinstance(owner.scorer, CorpusScorer):
            made_from = fingerprint(owner.scorer.identity(), [run.digest(scores_file(owner, n)) for n in names])
            table = pa.concat_tables(corpus[owner.name]).sort_by([("document", "ascending"), ("sha256", "ascending")])
            run.commit_table(corpus_file(owner), table, made_from)


def decide_all(run: Run, pipeline: Pipeline) -> int:
    """Deciding alone, in this process: rows of decisions."""
    columns = one_per_columns(pipeline)
    views = [partition_view(run, pipeline, *names) for names in _together(run.partitions(), 1)]
    chosen = cluster_representatives(columns, (c for view in views for c in candidates(pipeline, view)))
    return sum(len(decisions_table(evaluate(pipeline, view, chosen=chosen))) for view in views)


def stage(run: Run, path: Path, workers: int) -> float:
    start = time.perf_counter()
    filter_stage.run(Context(run, load_pipeline(path), run_tasks, workers=workers))
    return round(time.perf_counter() - start, 2)


def spread(seconds: Sequence[float]) -> dict[str, Any]:
    return {"median": round(statistics.median(seconds), 2), "range": [round(min(seconds), 2), round(max(seconds), 2)]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp())
    run = Run(folder / "run")
    if not folder.joinpath("pipelines").is_dir():
        path = project(folder)
        make_run(run, load_pipeline(path), options.documents)
    path = folder / "pipelines" / "bench.yaml"
    tighten(folder, 10)
    result: dict[str, Any] = {"documents": options.documents, "workers": options.workers}
    result["stage_first"] = stage(run, path, options.workers)
    tighten(folder, 20)
    spent = []
    for _ in range(REPEATS):
        start, cpu = time.perf_counter(), time.process_time()
        result["decision_rows"] = decide_all(run, load_pipeline(path))
        spent.append((time.perf_counter() - start, time.process_time() - cpu))
        _corpus.cache_clear()
    walls, cpus = zip(*spent, strict=True)
    result["deciding_alone"] = {"wall": spread(walls), "cpu": spread(cpus)}
    result["stage_after_tightening"] = stage(run, path, options.workers)
    result["stage_nothing_changed"] = stage(run, path, options.workers)
    if not options.folder:
        shutil.rmtree(folder)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
