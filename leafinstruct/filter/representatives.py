"""Which document represents each group of near-duplicates, so that rules keep one of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from leafinstruct.filter.frame import View
from leafinstruct.filter.rules import evaluate
from leafinstruct.pipeline import Pipeline

Candidate = tuple[tuple[int, int, str], tuple[str | None, ...]]
"""A document that may represent its groups: rank (images and words, both negative, then its id), and its group in each
of `one_per_columns`."""


def one_per_columns(pipeline: Pipeline) -> list[str]:
    """Columns for which rules keep one document per group, in the order of the rules."""
    rules = [(f, r) for f in pipeline.filters for r in f.rules if r.one_per]
    return list(dict.fromkeys(owner.full_name(rule.one_per) for owner, rule in rules))


def candidates(pipeline: Pipeline, view: View, *, words: str = "text.words") -> list[Candidate]:
    """The documents of a partition that are in a group and that the rules before the first model kept."""
    cheap = next((i for i, f in enumerate(pipeline.filters) if f.scorer and f.scorer.model), None)
    groups = [view.documents[column] for column in one_per_columns(pipeline)]
    verdicts = evaluate(pipeline, view, upto=cheap)
    some = verdicts.documents_alive & np.logical_or.reduce([g.notna().to_numpy(dtype=bool) for g in groups])
    left = np.bincount(verdicts.owner[verdicts.images_alive & verdicts.view.figures], minlength=len(view.documents))
    lengths = view.values("document", words)[0].astype(int) if words in view.documents else np.zeros_like(left)
    named = [[group if isinstance(group, str) else None for group in column.tolist()] for column in groups]
    ids = view.documents.index.tolist()
    return [
        ((-int(left[row]), -int(lengths[row]), str(ids[row])), tuple(column[row] for column in named))
        for row in np.flatnonzero(some)
    ]


def cluster_representatives(columns: Sequence[str], found: Iterable[Candidate]) -> dict[str, dict[str, str]]:
    """For each column and group the document that represents it. Rules apply in order: a document that one of them
    drops represents no group of a later one, so no group loses all its members to two rules at once."""
    left = sorted(found)
    chosen: dict[str, dict[str, str]] = {}
    for number, column in enumerate(columns):
        best: dict[str, str] = {}
        for rank, groups in left:
            group = groups[number]
            if group is not None:
                best.setdefault(group, rank[2])
        left = [c for c in left if c[1][number] is None or best[c[1][number] or ""] == c[0][2]]
        chosen[column] = dict(sorted(best.items()))
    return chosen


def choose(pipeline: Pipeline, partitions: Iterable[View], *, words: str = "text.words") -> dict[str, dict[str, str]]:
    """For each group of near-duplicates the document that represents it: of those that the rules before the first model
    kept, the one with most kept images, then most words, then the smallest id. By column, then by group."""
    columns = one_per_columns(pipeline)
    if not columns:
        return {}
    return cluster_representatives(columns, (c for view in partitions for c in candidates(pipeline, view, words=words)))
