"""How well scores and decisions separate documents with defects from clean ones: AUROC, recall at a share of clean
documents kept, and bootstrap intervals that resample base documents (rows of one base are not independent)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from leafinstruct.audit.cases import Case
from leafinstruct.filter.frame import View
from leafinstruct.filter.rules import evaluate
from leafinstruct.pipeline import Pipeline

SHARES = (0.99, 0.95, 0.9)
REPEATS = 400
MIN_AUROC = 0.6
"""AUROC against the clean documents of the same bases from which a column counts as seeing a defect (own choice)."""


@dataclass(frozen=True)
class Judgement:
    """The rules' decisions on all cases: the rule that dropped a document ("" if none), and the same for each image
    part."""

    document_by: Mapping[str, str]
    image_by: Mapping[str, Mapping[int, str]]

    def detected(self, case: Case) -> bool:
        """Whether the document is dropped, or every planted image is and a clean one is kept."""
        if self.document_by[case.id]:
            return True
        images = self.image_by.get(case.id, {})
        gone = all(images[part] for part in case.planted)
        return bool(case.planted) and gone and any(not by for part, by in images.items() if part not in case.planted)

    def false_positive(self, case: Case) -> bool:
        """For a clean document: whether it is dropped or loses an image."""
        return bool(self.document_by[case.id]) or any(self.image_by.get(case.id, {}).values())

    def rules(self, case: Case) -> list[str]:
        """The rule that dropped the document, or else the rules that dropped images of it."""
        by = self.document_by[case.id]
        return [by] if by else sorted({rule for rule in self.image_by.get(case.id, {}).values() if rule})


def judge(pipeline: Pipeline, view: View) -> Judgement:
    """Decide from stored scores; nothing is scored again."""
    verdicts = evaluate(pipeline, view, gated=False)
    images: dict[str, dict[int, str]] = {}
    for row, by in enumerate(verdicts.image_by):
        document, part = verdicts.image_at(row)
        images.setdefault(document, {})[part] = by
    return Judgement(dict(zip(view.documents.index, verdicts.document_by, strict=True)), images)


class Bootstrap:
    """Draws of base documents with replacement, the same for all numbers of one table."""

    def __init__(self, bases: Sequence[str], repeats: int = REPEATS, seed: int = 0) -> None:
        self.row = {base: i for i, base in enumerate(sorted(set(bases)))}
        size = len(self.row)
        drawn = np.random.Generator(np.random.PCG64(seed)).integers(0, size, (repeats, size))
        self.weights = np.stack([np.bincount(d, minlength=size) for d in drawn]).astype(np.float32)
        """How often each base is in each draw, float32 [repeats, bases]."""

    def of(self, bases: Sequence[str]) -> np.ndarray:
        """Weights of rows of these bases, float32 [repeats, rows]."""
        return self.weights[:, [self.row[base] for base in bases]]


def interval(values: np.ndarray) -> list[float] | None:
    """Middle 95 % of bootstrap values; None if there are none."""
    good = values[np.isfinite(values)]
    if not len(good):
        return None
    low, high = np.percentile(good, [2.5, 97.5])
    return [round(float(low), 3), round(float(high), 3)]


def auroc(bad: np.ndarray, good: np.ndarray) -> float:
    """Share of (bad, good) pairs in which the bad one is higher; ties count half. NaN without pairs."""
    wins = _wins(bad, good)
    return float(wins.mean()) if wins.size else float("nan")


def auroc_draws(bad: np.ndarray, good: np.ndarray, bad_weights: np.ndarray, good_weights: np.ndarray) -> np.ndarray:
    """AUROC of each bootstrap draw [repeats]; weights are [repeats, rows]."""
    won = ((bad_weights @ _wins(bad, good)) * good_weights).sum(1)
    pairs = bad_weights.sum(1) * good_weights.sum(1)
    return np.divide(won, pairs, out=np.full(len(won), np.nan, np.float32), where=pairs > 0)


def _wins(bad: np.ndarray, good: np.ndarray) -> np.ndarray:
    """1 where the bad row [rows] is higher than the good one [columns], a half where they are equal; float32."""
    above = (bad[:, None] > good[None, :]).astype(np.float32)
    return above + np.float32(0.5) * (bad[:, None] == good[None, :])


def threshold_at(good: np.ndarray, share: float) -> float:
    """The lowest threshold at which at least `share` of the good rows are not above it. Rows without a value (-inf) are
    never above it."""
    ordered = np.sort(good)[::-1]
    allowed = int(np.floor((1 - share) * len(ordered) + 1e-9))
    return float(ordered[min(allowed, len(ordered) - 1)])


def recall_at(bad: np.ndarray, good: np.ndarray, share: float) -> float:
    """Share of the bad rows above the threshold that keeps `share` of the good ones: an oracle, because the threshold
    is chosen on the same rows."""
    return float((bad > threshold_at(good, share)).mean())


def share_draws(hits: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Share of hits (bool [rows]) in each bootstrap draw [repeats]; `weights` [repeats, rows]."""
    total = weights.sum(1)
    return np.divide(weights @ hits.astype(np.float32), total, out=np.full(len(total), np.nan), where=total > 0)


@dataclass(frozen=True)
class Measured:
    """Input of the table of one defect: its cases, the clean ones, and the numbers of all columns."""

    cases: Sequence[Case]
    clean: Sequence[Case]
    values: Mapping[str, Mapping[str, float]]
    judgment: Judgement
    draws: Bootstrap

    def array(self, column: str, rows: Sequence[Case], sign: float = 1.0) -> np.ndarray:
        values = self.values[column]
        return sign * np.array([values[case.id] for case in rows], dtype=float)


def measure_column(m: Measured, column: str) -> dict[str, Any] | None:
    """AUROC of one column against the clean documents of the same bases, and recall at fixed shares of all clean
    documents. `direction` is the bad side. None if either side has no value."""
    bases = {case.base for case in m.cases}
    bad, good = m.array(column, m.cases), m.array(column, [c for c in m.clean if c.base in bases])
    bad_ok, good_ok = ~np.isnan(bad), ~np.isnan(good)
    if not bad_ok.any() or not good_ok.any():
        return None
    bad_weights = m.draws.of([c.base for c in m.cases])[:, bad_ok]
    good_weights = m.draws.of([c.base for c in m.clean if c.base in bases])[:, good_ok]
    value = auroc(bad[bad_ok], good[good_ok])
    sign = 1.0 if value >= 0.5 else -1.0
    drawn = auroc_draws(sign * bad[bad_ok], sign * good[good_ok], bad_weights, good_weights)
    everything, clean = _ranked(m, column, m.cases, sign), _ranked(m, column, m.clean, sign)
    return {
        "direction": "high" if sign > 0 else "low",
        "auroc": round(max(value, 1 - value), 3),
        "interval": interval(drawn),
        "rows": int(bad_ok.sum()),
        "recall": {f"{share:g}": round(recall_at(everything, clean, share), 3) for share in SHARES},
    }


def _ranked(m: Measured, column: str, rows: Sequence[Case], sign: float) -> np.ndarray:
    """Values with bad ones high; -inf for a row without a value, which the column can never detect."""
    values = m.array(column, rows, sign)
    return np.where(np.isnan(values), -np.inf, values)


def best_single(m: Measured, columns: Mapping[str, dict[str, Any]], share: float) -> dict[str, Any] | None:
    """The one column that, with a threshold chosen on these very rows, detects most while `share` of the clean
    documents are kept. Only columns that see the defect compete; None if there are none."""
    best: dict[str, Any] | None = None
    for column, about in columns.items():
        if about["auroc"] < MIN_AUROC:
            continue
        sign = 1.0 if about["direction"] == "high" else -1.0
        bad, clean = _ranked(m, column, m.cases, sign), _ranked(m, column, m.clean, sign)
        threshold = threshold_at(clean, share)
        hits = bad > threshold
        if best is None or (hits.mean(), about["auroc"]) > (best["recall"], best["auroc"]):
            best = {
                "column": column,
                "direction": about["direction"],
                "threshold": round(sign * threshold, 4),
                "recall": float(hits.mean()),
                "interval": interval(share_draws(hits, m.draws.of([c.base for c in m.cases]))),
                "auroc": about["auroc"],
            }
    return best and {**best, "recall": round(best["recall"], 3)}


def measure_defect(m: Measured, keep: float) -> dict[str, Any]:
    """All that is known of one defect: what the shipped rules detected, what each column could detect, and the ratio of
    the rules' recall to that of the best single column with an oracle threshold, at `keep` and at their own share."""
    hits = np.array([m.judgment.detected(case) for case in m.cases], dtype=bool)
    kept = 1 - float(np.mean([m.judgment.false_positive(case) for case in m.clean]))
    columns = {name: found for name in m.values if (found := measure_column(m, name))}
    best, same = best_single(m, columns, keep), best_single(m, columns, kept)
    by = Counter(rule for case, hit in zip(m.cases, hits, strict=True) if hit for rule in m.judgment.rules(case))
    recall = float(hits.mean())
    return {
        "rows": len(m.cases),
        "detected": int(hits.sum()),
        "recall": round(recall, 3),
        "interval": interval(share_draws(hits, m.draws.of([c.base for c in m.cases]))),
        "by": dict(by.most_common()),
        "best": best,
        "ratio": ratio(recall, best),
        "best_at_own_share": same,
        "ratio_at_own_share": ratio(recall, same),
        "columns": dict(sorted(columns.items(), key=lambda item: -item[1]["auroc"])),
    }


def ratio(recall: float, best: Mapping[str, Any] | None) -> float | None:
    """Recall of the rules divided by that of the best single column; None if no column detects anything."""
    return round(recall / best["recall"], 3) if best and best["recall"] else None


def measure_clean(judgment: Judgement, clean: Sequence[Case], draws: Bootstrap) -> dict[str, Any]:
    """How many clean documents lose nothing, and which rules make the false positives."""
    false_positives = np.array([judgment.false_positive(case) for case in clean], dtype=bool)
    lost = [case for case, hit in zip(clean, false_positives, strict=True) if hit]
    return {
        "rows": len(clean),
        "kept": int((~false_positives).sum()),
        "share": round(float((~false_positives).mean()), 3),
        "interval": interval(share_draws(~false_positives, draws.of([c.base for c in clean]))),
        "documents_kept": sum(not judgment.document_by[case.id] for case in clean),
        "by": dict(Counter(rule for case in lost for rule in judgment.rules(case)).most_common()),
        "false_positives": [
            {
                "document": case.base,
                "dropped_by": judgment.document_by[case.id],
                "images_dropped_by": {str(part): by for part, by in judgment.image_by.get(case.id, {}).items() if by},
            }
            for case in lost
        ],
    }
