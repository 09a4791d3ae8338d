"""Thresholds for a wanted share of clean documents kept, and what each share costs and gains.

Every rule that is one comparison with a number, and whose column sees a defect, gets the threshold that keeps a given
share of clean documents by itself. Each such share is tested on documents that the thresholds were not chosen on, by
5-fold cross-validation over base documents. Clean documents here passed the shipped rules: thresholds are tightened,
never loosened.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from leafinstruct.audit.cases import NUMBERS, Case
from leafinstruct.audit.measure import MIN_AUROC, auroc, judge, threshold_at
from leafinstruct.document import digest
from leafinstruct.filter.frame import View
from leafinstruct.pipeline import Pipeline
from leafinstruct.rules.expression import Expression
from leafinstruct.rules.filter import Filter, Rule

FOLDS = 5
STEPS = (1.0, 0.995, 0.99, 0.98, 0.97, 0.95, 0.93, 0.9)
"""Shares of clean documents that each rule is to keep by itself."""


@dataclass(frozen=True)
class Knob:
    """A rule with one threshold: `reads` is the name of its numbers among all columns, `sign` is 1 if high is bad, else
    -1."""

    label: str
    left: str
    reads: str
    sign: float
    now: str

    def text(self, threshold: float) -> str:
        return f"{self.left} {'>' if self.sign > 0 else '<'} {round(self.sign * threshold, 4):g}"


def knobs(pipeline: Pipeline) -> list[Knob]:
    """The rules of a pipeline that are one comparison of a number with a constant."""
    found = [_knob(pipeline, owner, rule) for owner in pipeline.filters for rule in owner.rules]
    return [knob for knob in found if knob]


def _knob(pipeline: Pipeline, owner: Filter, rule: Rule) -> Knob | None:
    if rule.when is None or len(rule.when.names) != 1:
        return None
    node = ast.parse(rule.when.text, mode="eval").body
    if not isinstance(node, ast.Compare) or len(node.ops) != 1 or isinstance(node.left, ast.BinOp | ast.UnaryOp):
        return None
    if not isinstance(node.ops[0], ast.Lt | ast.LtE | ast.Gt | ast.GtE) or not _constant(node.comparators[0]):
        return None
    name = rule.when.names[0]
    column = pipeline.columns().get(owner.full_name(name.column)) if name.column else None
    if column is None or column.type not in NUMBERS or name.function in ("count", "sum", "dropped"):
        return None
    high = isinstance(node.ops[0], ast.Gt | ast.GtE)
    function = name.function or ("" if column.grain == "document" else "max" if high else "min")
    full = owner.full_name(name.column)
    reads = f"{function}({full})" if function else full
    return Knob(f"{owner.name}.{rule.name}", str(name), reads, 1.0 if high else -1.0, rule.when.text)


def _constant(node: ast.expr) -> bool:
    try:
        return isinstance(ast.literal_eval(node), int | float)
    except ValueError:
        return False


def with_rules(pipeline: Pipeline, texts: Mapping[str, str]) -> Pipeline:
    """The pipeline with other expressions for some rules, by FILTER.RULE."""
    filters = []
    for owner in pipeline.filters:
        rules = tuple(
            replace(rule, when=Expression(texts[f"{owner.name}.{rule.name}"]))
            if f"{owner.name}.{rule.name}" in texts
            else rule
            for rule in owner.rules
        )
        filters.append(replace(owner, rules=rules))
    return replace(pipeline, filters=tuple(filters))


@dataclass(frozen=True)
class Trial:
    """What thresholds are chosen and tested on: cases by defect, clean cases, and the numbers of all columns by
    case."""

    pipeline: Pipeline
    view: View
    cases: Mapping[str, Sequence[Case]]
    clean: Sequence[Case]
    values: Mapping[str, pd.Series[Any]]

    def of(self, held: int, *, inside: bool) -> Trial:
        """The cases whose base document is in one fold, or those of all others."""

        def mine(rows: Sequence[Case]) -> list[Case]:
            return [c for c in rows if (int(digest(c.base), 16) % FOLDS == held) == inside]

        return replace(self, cases={d: mine(rows) for d, rows in self.cases.items()}, clean=mine(self.clean))


def calibrate(trial: Trial, keep: float) -> dict[str, Any]:
    """Proposed rules, and the curve of clean documents kept against cases detected, on documents not used to choose."""
    turned = knobs(trial.pipeline)
    shipped = _point(trial, turned, None)
    curve = [{"each_rule_keeps": share, **_point(trial, turned, share)} for share in STEPS]
    good = [p for p in curve if p["clean_kept"] >= keep]
    chosen = max(good, key=lambda p: p["recall"], default=None)
    if chosen is not None and chosen["recall"] <= shipped["recall"]:
        chosen = None
    texts = _fit(trial, turned, chosen["each_rule_keeps"]) if chosen else {}
    return {
        "keep": keep,
        "shipped": shipped,
        "curve": curve,
        "chosen": chosen,
        "rules": [{"rule": k.label, "now": k.now, "proposed": texts[k.label]} for k in turned if k.label in texts],
    }


def _point(trial: Trial, turned: Sequence[Knob], share: float | None) -> dict[str, Any]:
    """One point of the curve: each fold is decided with thresholds chosen on the others, or with the shipped rules."""
    kept = 0
    detected = dict.fromkeys(trial.cases, 0)
    for held in range(FOLDS):
        inside, others = trial.of(held, inside=True), trial.of(held, inside=False)
        texts = _fit(others, turned, share) if share is not None and others.clean else {}
        wanted = [c.id for c in inside.clean] + [c.id for rows in inside.cases.values() for c in rows]
        if not wanted:
            continue
        judgment = judge(with_rules(trial.pipeline, texts), _part_of(trial.view, wanted))
        kept += sum(not judgment.false_positive(c) for c in inside.clean)
        for defect, rows in inside.cases.items():
            detected[defect] += sum(judgment.detected(c) for c in rows)
    shares = {defect: round(detected[defect] / len(rows), 3) for defect, rows in trial.cases.items() if rows}
    recall = round(float(np.mean(list(shares.values()))), 3) if shares else 0.0
    return {"clean_kept": round(kept / len(trial.clean), 3), "recall": recall, "defects": shares}


def _part_of(view: View, ids: Sequence[str]) -> View:
    images = view.images[view.images["document"].isin(set(ids))].reset_index(drop=True)
    return View(view.documents.loc[list(ids)], images)


def _fit(trial: Trial, turned: Sequence[Knob], share: float) -> dict[str, str]:
    """Expressions of the rules whose column sees one of the defects, each keeping `share` of the clean documents."""
    texts = {}
    for knob in turned:
        column = knob.sign * trial.values[knob.reads]
        good = column.loc[[c.id for c in trial.clean]].to_numpy()
        known = good[~np.isnan(good)]
        if len(known) and any(_sees(column, rows, known) for rows in trial.cases.values()):
            threshold = threshold_at(np.where(np.isnan(good), -np.inf, good), share)
            if np.isfinite(threshold):  # with mostly missing values, no threshold keeps so few
                texts[knob.label] = knob.text(threshold)
    return texts


def _sees(column: pd.Series[Any], rows: Sequence[Case], good: np.ndarray) -> bool:
    bad = column.loc[[c.id for c in rows]].to_numpy()
    return auroc(bad[~np.isnan(bad)], good) >= MIN_AUROC
