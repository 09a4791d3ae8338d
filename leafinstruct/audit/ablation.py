"""What each filter adds: decisions made again without its rules, from stored scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from leafinstruct.audit.cases import Case
from leafinstruct.audit.measure import Judgement, judge
from leafinstruct.filter.frame import View
from leafinstruct.pipeline import Pipeline


def ablation(
    pipeline: Pipeline, view: View, cases: Mapping[str, Sequence[Case]], clean: Sequence[Case], whole: Judgement
) -> dict[str, Any]:
    """For each filter with rules, what would change without it: `clean_spared`, the clean documents that are false
    positives of it alone, and for each defect (a key of `cases`) the number of cases that only it detects."""
    found = {}
    for owner in pipeline.filters:
        if owner.rules:
            without = judge(_without(pipeline, owner.name), view)
            found[owner.name] = {
                "clean_spared": sum(whole.false_positive(c) and not without.false_positive(c) for c in clean),
                "catches_alone": {
                    defect: alone
                    for defect, rows in cases.items()
                    if (alone := sum(whole.detected(c) and not without.detected(c) for c in rows))
                },
            }
    return found


def _without(pipeline: Pipeline, name: str) -> Pipeline:
    """The filter's columns stay, because rules of other filters may read them."""
    filters = tuple(replace(f, rules=()) if f.name == name else f for f in pipeline.filters)
    return replace(pipeline, filters=filters)
