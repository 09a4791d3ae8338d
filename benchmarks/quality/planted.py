"""How well a pipeline's filters tell documents with defects from clean ones, on a corpus labeled by others.

usage: planted.py CORPUS_DIR [--pipeline FILE] [--run DIR] [--limit N] [--keep SHARE] [--workers N]

CORPUS_DIR/labels holds base_segments.jsonl, clean.jsonl and one file for each corruption. Prints one JSON object: for
each corruption what the decisions detected, the AUROC of each score column with a bootstrap interval over base
documents, and the recall of the rules against that of the best single column with an oracle threshold on the same rows;
all of it again for documents of photographs and of screenshots. Measures and the meaning of *detected* are those of
`leafinstruct audit`. Scores are stored in the run folder: stopped and started again it goes on, and a second call asks
no model.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from leafinstruct.audit.ablation import ablation
from leafinstruct.audit.cases import Case, column_values, judged_alone, plan, read_view, score_cases, write_cases
from leafinstruct.audit.image_kinds import kind_of
from leafinstruct.audit.measure import Bootstrap, Judgement, Measured, judge, measure_clean, measure_defect
from leafinstruct.document import Document, Image, Part, document_id
from leafinstruct.engine.local import run_tasks
from leafinstruct.images.header import read_image
from leafinstruct.pipeline import Pipeline, load_pipeline
from leafinstruct.progress import Progress
from leafinstruct.run import Run

BASES_PER_PARTITION = 25
SHOWN = 12
"""Columns listed for each corruption, best first."""


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def load(corpus: Path, limit: int | None) -> list[dict[str, Any]]:
    """All labeled rows, each with its texts and image paths, in the order of their base documents."""
    labels = corpus / "labels"
    bases = {row["base_id"]: row for row in rows(labels / "base_segments.jsonl")}
    found = []
    for file in sorted(labels.glob("*.jsonl")):
        if file.stem != "base_segments":
            for row in rows(file):
                base = bases[row["base_id"]]
                segments = row.get("segments", base["segments"])
                found.append({**row, "corruption": file.stem, "segments": segments, "base_images": base["images"]})
    wanted = set(sorted({row["base_id"] for row in found})[:limit])
    chosen = [row for row in found if row["base_id"] in wanted]
    return sorted(chosen, key=lambda row: (row["base_id"], row["corruption"], row["id"]))


def make(row: dict[str, Any], corpus: Path, images: dict[str, Image], paths: dict[str, str]) -> tuple[Document, Case]:
    """Segments and images in turn; an image that cannot be read as one is left out. Planted is every image that is not
    the base's at its place."""
    parts: list[Part] = []
    wrong: list[int] = []
    for index, segment in enumerate(row["segments"]):
        if segment.strip():
            parts.append(Part("text", segment))
        if index < len(row["images"]):
            path = row["images"][index]
            if path not in paths:
                found = read_image((corpus / path).read_bytes(), path)
                paths[path] = found.sha256 if isinstance(found, Image) else ""
                if isinstance(found, Image):
                    images[found.sha256] = found
            if paths[path]:
                if path != row["base_images"][index]:
                    wrong.append(len(parts))
                parts.append(Part("image", image=paths[path], url=path))
    where = f"{row['corruption']}/{row['id']}"
    key, site = document_id("labels", where), row.get("source", row["base_id"])
    document = Document(key, "labels", site, "", where, "", "", row["domain"], row["language"], tuple(parts))
    defect = "" if row["corruption"] == "clean" else row["corruption"]
    return document, Case(key, row["base_id"], defect, str(row.get("variant") or ""), tuple(wrong))


def write(run: Run, corpus: Path, labeled: list[dict[str, Any]]) -> tuple[list[Case], dict[str, int]]:
    """Commit the labeled documents, all rows of a base in one partition; the cases, and counts of what was read."""
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in labeled:
        groups[row["base_id"]].append(row)
    bases, names, cases, seen, shown = sorted(groups), [], [], set(), 0
    for start in range(0, len(bases), BASES_PER_PARTITION):
        images: dict[str, Image] = {}
        paths: dict[str, str] = {}
        documents = []
        for base in bases[start : start + BASES_PER_PARTITION]:
            made = [make(row, corpus, images, paths) for row in groups[base]]
            clean = next((document for document, case in made if not case.defect), made[0][0])
            kind = kind_of(images[sha].bytes for sha in clean.images)
            documents += [document for document, _ in made]
            cases += [Case(c.id, c.base, c.defect, c.variant, c.planted, kind=kind) for _, c in made]
            shown += sum(len(document.images) for document, _ in made)
        names.append(f"labels-{start:05d}")
        write_cases(run, names[-1], documents, images.values())
        seen |= set(images)
    plan(run, names, "labels")
    return cases, {"documents": len(cases), "images_shown": shown, "distinct_images": len(seen)}


def table(cases: list[Case], values: Any, judgment: Judgement, keep: float) -> dict[str, Any]:
    """Measures of all corruptions among these cases."""
    clean = [case for case in cases if not case.defect]
    draws = Bootstrap([case.base for case in cases])
    found: dict[str, Any] = {"clean": measure_clean(judgment, clean, draws), "corruptions": {}}
    for defect in sorted({case.defect for case in cases} - {""}):
        mine = [case for case in cases if case.defect == defect]
        measured = measure_defect(Measured(mine, clean, values, judgment, draws), keep)
        measured["columns"] = dict(list(measured["columns"].items())[:SHOWN])
        measured["variants"] = {
            variant: [sum(judgment.detected(c) for c in those), len(those)]
            for variant in sorted({c.variant for c in mine} - {""})
            if (those := [c for c in mine if c.variant == variant])
        }
        found["corruptions"][defect] = measured
    return found


def bench(corpus: Path, run: Run, pipeline: Pipeline, limit: int | None, keep: float, workers: int) -> dict[str, Any]:
    cases, counts = write(run, corpus, load(corpus, limit))
    score_cases(run, pipeline, run_tasks, workers, Progress())
    alone, left_out = judged_alone(pipeline)
    view = read_view(run, alone)
    judgment, values = judge(alone, view), {n: c.to_dict() for n, c in column_values(view, alone).items()}
    clean = [case for case in cases if not case.defect]
    groups = {d: [c for c in cases if c.defect == d] for d in sorted({c.defect for c in cases} - {""})}
    return {
        "pipeline": str(pipeline.path),
        "keep": keep,
        "counts": counts,
        "left_out": left_out,
        **table(cases, values, judgment, keep),
        "ablation": ablation(alone, view, groups, clean, judgment),
        "kinds": {
            kind: table([c for c in cases if c.kind == kind], values, judgment, keep)
            for kind in sorted({c.kind for c in clean})
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--pipeline", type=Path, default=Path("pipelines/demo.yaml"))
    parser.add_argument("--run", type=Path, default=Path("runs/planted"))
    parser.add_argument("--limit", type=int, help="only so many base documents")
    parser.add_argument("--keep", type=float, default=0.95, help="share of clean documents to keep")
    parser.add_argument("--workers", type=int, default=1)
    arguments = parser.parse_args()
    pipeline = load_pipeline(arguments.pipeline)
    found = bench(arguments.corpus, Run(arguments.run), pipeline, arguments.limit, arguments.keep, arguments.workers)
    print(json.dumps(found, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
