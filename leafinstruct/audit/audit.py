"""`leafinstruct audit`: plant defects in a run's own kept documents, score them with its filters, and report.

The planted documents are a small run of their own in `audit/<hash8>/` of the run (documents, images, scores, decisions,
`cases.json`); the hash covers planters and seed, so that a second audit asks no model again. The report is committed as
`audit.json` of the run, one object with

- `audit` (that folder), `pipeline`, `filters` (rules as they were), `seed`, `keep`,
  `documents` (bases), `cases` (planted), `left_out` [{what, why}],
  `not_planted` {defect: {reason: count}};
- `clean`: `rows`, `kept` (documents that lose nothing), `share`, `interval`, `documents_kept`, `by` {rule: count},
  `false_positives` [{document, dropped_by, images_dropped_by {part: rule}}]; `controls` {name: the same for a harmless
  change};
- `defects` {name: `about`, `rows`, `detected`, `recall`, `interval`, `by` {rule: count}, `best` (the single column that
  detects most at `keep` with a threshold chosen on these rows: column, direction, threshold, recall, interval, auroc),
  `ratio` (recall / best recall), `best_at_own_share` and `ratio_at_own_share` (the same at the share of clean documents
  that the rules keep), `columns` {column: direction, auroc, interval, rows, recall {".99", ".95", ".9" as "0.99" ...}},
  best first};
- `nothing_catches`, `rules_miss` [defects]; `ablation` {filter: {clean_spared, catches_alone {defect: count}}};
- `instruction_moves` {column of a model: {instruction_planted, neutral_sentence}: mean change against the clean one};
- `calibration` (with `--calibrate`): `keep`, `shipped`, `curve` and `chosen` as points {each_rule_keeps, clean_kept,
  recall, defects {name: recall}}, `rules` [{rule, now, proposed}].
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from leafinstruct import layout
from leafinstruct.audit.ablation import ablation
from leafinstruct.audit.calibrate import Trial, calibrate
from leafinstruct.audit.cases import Case, column_values, judged_alone, plan, read_view, score_cases, write_cases
from leafinstruct.audit.corpus_sample import gather
from leafinstruct.audit.measure import Bootstrap, Measured, judge, measure_clean, measure_defect
from leafinstruct.audit.plant import DEFECTS, VERSION, plant_all
from leafinstruct.context import RunTasks
from leafinstruct.document import Document, digest
from leafinstruct.pipeline import Pipeline
from leafinstruct.progress import Progress
from leafinstruct.run import Run

BUCKETS = 8
"""Partitions of an audit; a base document is always in the same one."""
BAR = 0.9
"""Recall of the rules divided by that of the best single score, below which the rules miss a defect (own choice)."""
NOTHING = 0.2
"""Recall that neither the rules nor a single score reaches for a defect that nothing detects (own choice)."""


def audit(
    run: Run,
    pipeline: Pipeline,
    run_tasks: RunTasks,
    *,
    documents: int = 100,
    seed: int = 0,
    keep: float = 0.95,
    workers: int = 1,
    calibrated: bool = False,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Plant, score, measure; commits and returns the report. Raises LeafError if the run has no kept documents."""
    folder = layout.audit_run(digest(["plant", VERSION, seed])[:8])
    inner = run.inner(folder)
    with run.lock():
        cases, not_planted = _plant(run, inner, documents, seed)
        score_cases(inner, pipeline, run_tasks, workers, progress or Progress())
        found = _report(inner, pipeline, cases, keep, calibrated)
        bases = len({case.base for case in cases})
        head = {
            "audit": folder,
            "pipeline": pipeline.name,
            "filters": pipeline.rules(),
            "seed": seed,
            "keep": keep,
            "documents": bases,
        }
        found = {**head, **found, "not_planted": not_planted}
        run.commit_json(layout.AUDIT, found)
    return found


def _plant(run: Run, inner: Run, count: int, seed: int) -> tuple[list[Case], dict[str, dict[str, int]]]:
    corpus = gather(run, count, seed)
    buckets: dict[str, list[Document]] = defaultdict(list)
    for base in corpus.documents:
        buckets[f"planted-{int(digest(base.id), 16) % BUCKETS}"].append(base)
    cases: list[Case] = []
    reasons: dict[str, dict[str, int]] = {}
    for name, bases in sorted(buckets.items()):
        made = plant_all(bases, corpus)
        write_cases(inner, name, made.documents, made.images.values())
        cases += made.cases
        for defect, whys in made.not_planted.items():
            into = reasons.setdefault(defect, {})
            for why, times in whys.items():
                into[why] = into.get(why, 0) + times
    plan(inner, buckets, "audit")
    inner.commit_json(layout.AUDIT_CASES, [asdict(case) for case in cases])
    return cases, reasons


def _report(run: Run, pipeline: Pipeline, cases: Sequence[Case], keep: float, calibrated: bool) -> dict[str, Any]:
    alone, left_out = judged_alone(pipeline)
    view = read_view(run, alone)
    judgment, values = judge(alone, view), column_values(view, alone)
    draws = Bootstrap([case.base for case in cases])
    clean = [case for case in cases if not case.defect]
    rows = {d.name: [c for c in cases if c.defect == d.name] for d in DEFECTS}
    planted = {d.name: rows[d.name] for d in DEFECTS if rows[d.name] and not d.control}
    about = {d.name: d.about for d in DEFECTS}
    plain: dict[str, Any] = {name: column.to_dict() for name, column in values.items()}
    defects = {
        name: {"about": about[name], **measure_defect(Measured(mine, clean, plain, judgment, draws), keep)}
        for name, mine in planted.items()
    }
    best = {name: m["best"]["recall"] if m["best"] else 0.0 for name, m in defects.items()}
    found = {
        "cases": sum(map(len, planted.values())),
        "left_out": left_out,
        "clean": measure_clean(judgment, clean, draws),
        "controls": {
            d.name: measure_clean(judgment, rows[d.name], draws) for d in DEFECTS if d.control and rows[d.name]
        },
        "defects": defects,
        "nothing_catches": [name for name, m in defects.items() if max(m["recall"], best[name]) < NOTHING],
        "rules_miss": [
            name for name, m in defects.items() if best[name] >= NOTHING and m["ratio"] is not None and m["ratio"] < BAR
        ],
        "ablation": ablation(alone, view, planted, clean, judgment),
        "instruction_moves": _moves(alone, cases, values),
    }
    if calibrated:
        found["calibration"] = calibrate(Trial(alone, view, planted, clean, values), keep)
    return found


def _moves(
    pipeline: Pipeline, cases: Sequence[Case], values: Mapping[str, pd.Series[Any]]
) -> dict[str, dict[str, float]]:
    """How far a planted instruction, and a harmless sentence in its place, move a model's scores of a document."""
    clean = {case.base: case.id for case in cases if not case.defect}
    found: dict[str, dict[str, float]] = {}
    for owner in pipeline.filters:
        if not owner.scorer or not owner.scorer.model:
            continue
        for column in owner.scorer.columns:
            name = f"{owner.name}.{column.name}"
            if column.grain == "document" and column.type == "float":
                for defect in ("instruction_planted", "neutral_sentence"):
                    moved = [values[name][c.id] - values[name][clean[c.base]] for c in cases if c.defect == defect]
                    known = [m for m in moved if not np.isnan(m)]
                    if known:
                        found.setdefault(name, {})[defect] = round(float(np.mean(known)), 4)
    return {name: moved for name, moved in found.items() if len(moved) == 2}
