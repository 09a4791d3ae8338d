"""How well a pipeline's filters tell documents with planted defects from clean ones, on a labelled corpus.

usage: planted.py CORPUS_DIR [--pipeline FILE] [--run DIR] [--limit N]

CORPUS_DIR/labels holds base_segments.jsonl, clean.jsonl and one file for each corruption. Prints one JSON object: for
each corruption what the decisions caught and, for each score column, the AUROC of corrupted against clean rows with a
bootstrap interval over base documents. Corpus scorers are left out: every base stands in the labels several times.
*Caught*: the document is dropped, or every planted image is dropped and another one stays.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from leafinstruct.context import Context
from leafinstruct.document import Document, Image, Part, document_id, documents_to_table, images_to_table
from leafinstruct.harvest.images import read_image
from leafinstruct.pipeline import Pipeline, load_pipeline
from leafinstruct.run import Run, fingerprint
from leafinstruct.score.base import CorpusScorer
from leafinstruct.score.stage import filter_documents, scores_file

CORRUPTIONS = (
    "shuffled_images",
    "foreign_images",
    "duplicate_images",
    "boilerplate_text",
    "truncated_text",
    "word_salad",
)
BASES_PER_PARTITION = 25
REPEATS = 200


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def load(corpus: Path, limit: int | None) -> list[dict[str, Any]]:
    """All labelled rows, each with its texts and image paths, grouped by base document."""
    labels = corpus / "labels"
    bases = {row["base_id"] if "base_id" in row else row["id"]: row for row in rows(labels / "base_segments.jsonl")}
    cases = []
    for name in ("clean", *CORRUPTIONS):
        for row in rows(labels / f"{name}.jsonl"):
            base = bases[row["base_id"]]
            segments = row.get("segments", base["segments"])
            cases.append({**row, "corruption": name, "segments": segments, "base_images": base["images"]})
    order = sorted({case["base_id"] for case in cases})
    wanted = set(order[:limit])
    return sorted((c for c in cases if c["base_id"] in wanted), key=lambda c: (c["base_id"], c["corruption"], c["id"]))


def document(case: dict[str, Any], corpus: Path, images: dict[str, Image]) -> Document:
    """Segments and images in turn; an image that cannot be read as one is left out."""
    parts: list[Part] = []
    for index, segment in enumerate(case["segments"]):
        if segment.strip():
            parts.append(Part("text", segment))
        if index < len(case["images"]):
            found = read_image((corpus / case["images"][index]).read_bytes(), case["images"][index])
            if isinstance(found, Image):
                images[found.sha256] = found
                parts.append(Part("image", image=found.sha256, url=case["images"][index]))
    title = ""
    where = f"{case['corruption']}/{case['id']}"
    key = document_id("labels", where)
    return Document(
        key, "labels", case["base_id"], "", where, "", title, case["domain"], case["language"], tuple(parts)
    )


def write_run(run: Run, corpus: Path, cases: list[dict[str, Any]]) -> list[Document]:
    """Write the labelled documents as a harvested run, all rows of a base in one partition."""
    bases = sorted({case["base_id"] for case in cases})
    names, documents = [], []
    for start in range(0, len(bases), BASES_PER_PARTITION):
        group = set(bases[start : start + BASES_PER_PARTITION])
        images: dict[str, Image] = {}
        made = [document(case, corpus, images) for case in cases if case["base_id"] in group]
        name = f"labels-{start:05d}"
        made_from = fingerprint("labels", [d.digest() for d in made])
        if not run.fresh(f"documents/{name}.parquet", made_from):
            run.commit_table(f"images/{name}.parquet", images_to_table(images.values()), made_from)
            run.commit_table(f"documents/{name}.parquet", documents_to_table(made), made_from)
        names.append(name)
        documents += made
    run.commit_json("run.json", {"partitions": [{"name": n, "source": "labels"} for n in names]})
    return documents


def decisions(run: Run) -> tuple[dict[str, dict[str, Any]], dict[tuple[str, int], dict[str, Any]]]:
    by_document, by_image = {}, {}
    for name in run.partitions():
        for row in run.table(f"decisions/{name}.parquet").to_pylist():
            if row["part"] is None:
                by_document[row["document"]] = row
            else:
                by_image[row["document"], row["part"]] = row
    return by_document, by_image


def planted(case: dict[str, Any], doc: Document) -> set[int]:
    """Parts that show another image than the base at this place; all of a document whose order was shuffled."""
    shown = [i for i, part in enumerate(doc.parts) if part.type == "image"]
    wrong = {part.url for part in doc.parts if part.type == "image"} if len(shown) != len(case["images"]) else set()
    if wrong:
        return set(shown)
    return {part for part, path, base in zip(shown, case["images"], case["base_images"], strict=False) if path != base}


def caught(case: dict[str, Any], doc: Document, by_document: Any, by_image: Any) -> bool:
    if not by_document[doc.id]["kept"]:
        return True
    bad = planted(case, doc)
    images = [i for i, part in enumerate(doc.parts) if part.type == "image"]
    gone = all(not by_image[doc.id, i]["kept"] for i in bad)
    left = any(by_image[doc.id, i]["kept"] for i in images if i not in bad)
    return bool(bad) and gone and left


def document_scores(run: Run, pipeline: Pipeline) -> dict[str, dict[str, float]]:
    """For each numeric column its value for each document; image columns as mean and smallest."""
    found: dict[str, dict[str, float]] = {}
    for owner in pipeline.filters:
        if not owner.scorer or isinstance(owner.scorer, CorpusScorer):
            continue
        for name in run.partitions():
            shown = [
                (d["id"], i, p["image"])
                for d in run.table(f"documents/{name}.parquet", ["id", "parts"]).to_pylist()
                for i, p in enumerate(d["parts"])
                if p["type"] == "image"
            ]
            rows_ = run.table(scores_file(owner, name)).to_pylist()
            about = {(r["document"], r["part"], r["sha256"]): r for r in rows_}
            for column in owner.scorer.columns:
                if column.type == "text":
                    continue
                full = f"{owner.name}.{column.name}"
                if column.grain == "document":
                    for row in rows_:
                        if row["part"] is None and row["document"] and row[column.name] is not None:
                            found.setdefault(full, {})[row["document"]] = float(row[column.name])
                    continue
                values: dict[str, list[float]] = {}
                for doc, part, sha in shown:
                    row = about.get((doc, part, None)) or about.get((None, None, sha))
                    if row and row[column.name] is not None:
                        values.setdefault(doc, []).append(float(row[column.name]))
                for doc, listed in values.items():
                    found.setdefault(f"mean({full})", {})[doc] = float(np.mean(listed))
                    found.setdefault(f"min({full})", {})[doc] = min(listed)
    return found


def auroc(bad: np.ndarray, good: np.ndarray) -> float:
    """Share of (bad, good) pairs in which the bad one has the higher score, ties half."""
    if not len(bad) or not len(good):
        return float("nan")
    both = np.concatenate([bad, good])
    _, inverse, counts = np.unique(both, return_inverse=True, return_counts=True)
    ends = counts.cumsum()
    ranks = (ends - (counts - 1) / 2)[inverse]
    return float((ranks[: len(bad)].sum() - len(bad) * (len(bad) + 1) / 2) / (len(bad) * len(good)))


def interval(pairs: dict[str, tuple[list[float], list[float]]]) -> tuple[float, float]:
    """95 % bootstrap interval of the AUROC, resampling base documents."""
    names, draw = sorted(pairs), random.Random(0)
    values = []
    for _ in range(REPEATS):
        chosen = [pairs[draw.choice(names)] for _ in names]
        bad = np.array([v for b, _ in chosen for v in b])
        good = np.array([v for _, g in chosen for v in g])
        if len(bad) and len(good):
            values.append(auroc(bad, good))
    return float(np.percentile(values, 2.5)), float(np.percentile(values, 97.5))


def table(cases: list[dict[str, Any]], docs: list[Document], run: Run, pipeline: Pipeline) -> Iterator[tuple[str, Any]]:
    by_path = {doc.path: doc for doc in docs}
    by_document, by_image = decisions(run)
    scores = document_scores(run, pipeline)
    clean = [c for c in cases if c["corruption"] == "clean"]
    whole = [c for c in clean if by_document[by_path[f"clean/{c['id']}"].id]["kept"]]
    untouched = [
        c
        for c in whole
        if all(
            by_image[by_path[f"clean/{c['id']}"].id, i]["kept"]
            for i, p in enumerate(by_path[f"clean/{c['id']}"].parts)
            if p.type == "image"
        )
    ]
    reasons: dict[str, int] = {}
    for case in clean:
        by = by_document[by_path[f"clean/{case['id']}"].id]["dropped_by"]
        reasons[by] = reasons.get(by, 0) + bool(by)
    yield (
        "clean",
        {
            "rows": len(clean),
            "kept": len(whole),
            "nothing_lost": len(untouched),
            "dropped_by": {k: v for k, v in sorted(reasons.items(), key=lambda i: -i[1]) if v},
        },
    )
    for corruption in CORRUPTIONS:
        mine = [c for c in cases if c["corruption"] == corruption]
        hit = [caught(c, by_path[f"{corruption}/{c['id']}"], by_document, by_image) for c in mine]
        by_rule: dict[str, int] = {}
        for case in mine:
            rule = by_document[by_path[f"{corruption}/{case['id']}"].id]["dropped_by"]
            by_rule[rule or "kept"] = by_rule.get(rule or "kept", 0) + 1
        columns = {}
        for column, values in scores.items():
            pairs: dict[str, tuple[list[float], list[float]]] = {}
            for case in [*clean, *mine]:
                value = values.get(by_path[f"{case['corruption']}/{case['id']}"].id)
                if value is not None:
                    pairs.setdefault(case["base_id"], ([], []))[case["corruption"] == "clean"].append(value)
            bad = np.array([v for b, _ in pairs.values() for v in b])
            good = np.array([v for _, g in pairs.values() for v in g])
            value = auroc(bad, good)
            if abs(value - 0.5) >= 0.1:
                low, high = interval(pairs)
                columns[column] = {"auroc": round(value, 3), "interval": [round(low, 3), round(high, 3)]}
        best = dict(sorted(columns.items(), key=lambda item: -abs(item[1]["auroc"] - 0.5))[:8])
        yield corruption, {"rows": len(mine), "caught": sum(hit), "dropped_by": by_rule, "auroc": best}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--pipeline", type=Path, default=Path("pipelines/demo.yaml"))
    parser.add_argument("--run", type=Path, default=Path("runs/planted"))
    parser.add_argument("--limit", type=int, help="only so many base documents")
    arguments = parser.parse_args()
    loaded = load_pipeline(arguments.pipeline)
    kept = tuple(f for f in loaded.filters if not isinstance(f.scorer, CorpusScorer))
    pipeline = replace(loaded, filters=kept)
    cases = load(arguments.corpus, arguments.limit)
    run = Run(arguments.run)
    docs = write_run(run, arguments.corpus, cases)
    # One process: workers would read the pipeline from its file, corpus scorers included.
    filter_documents(Context(run, pipeline, lambda f, tasks, _: (f(_Here(pipeline, run), *t[1:]) for t in tasks)))
    print(json.dumps(dict(table(cases, docs, run, pipeline)), indent=1))


class _Here:
    """A job that opens to the pipeline in memory."""

    def __init__(self, pipeline: Pipeline, run: Run) -> None:
        self._opened = pipeline, run

    def open(self) -> tuple[Pipeline, Run]:
        return self._opened


if __name__ == "__main__":
    main()
