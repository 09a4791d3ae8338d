"""Documents in the report: for each rule what it dropped and kept, closest to the threshold first, plus a sample by
hash. Images are shown as thumbnails."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from leafinstruct import layout
from leafinstruct.images.thumbnail import thumbnail
from leafinstruct.pipeline import Pipeline
from leafinstruct.report.frames import Frames, values_of
from leafinstruct.report.thresholds import Threshold, distances, thresholds
from leafinstruct.rules.filter import Filter, Rule
from leafinstruct.run import Run

EXAMPLES = 8
"""Dropped and kept examples of each rule."""
THUMB = 192
"""Longest side of a thumbnail in pixels."""


@dataclass
class Example:
    """A document, or one of its image parts, with the values that the rule read."""

    document: str
    part: int | None
    sha256: str
    title: str
    values: list[tuple[str, float]]


@dataclass
class RuleView:
    """A rule with its counts and examples."""

    label: str
    filter: str
    rule: Rule
    dropped: int
    failed: int
    missing: int
    thresholds: list[tuple[str, Threshold]] = field(default_factory=list)
    """Full column name (with its function) and the comparison."""
    examples_dropped: list[Example] = field(default_factory=list)
    examples_kept: list[Example] = field(default_factory=list)


def rule_views(frames: Frames, pipeline: Pipeline) -> list[RuleView]:
    return [_view(frames, owner, rule) for owner in pipeline.filters for rule in owner.rules]


def _view(frames: Frames, owner: Filter, rule: Rule) -> RuleView:
    label = f"{owner.name}.{rule.name}"
    frame = frames.images if rule.drop == "image" else frames.documents
    by, failed = frame["dropped_by"].to_numpy(dtype=object), frame["failed"].tolist()
    fails = np.array([label in names for names in failed], dtype=bool)
    missing = np.array([f"score_missing:{label}" in names for names in failed], dtype=bool)
    dropped = by == label
    view = RuleView(label, owner.name, rule, int(dropped.sum()), int(fails.sum()), int(missing.sum()))
    read: dict[str, np.ndarray] = {}
    distance = np.full(len(frame), np.inf)
    for threshold in thresholds(rule.when) if rule.when else []:
        column = owner.full_name(threshold.name.column) if threshold.name.column else ""
        name = f"{threshold.name.function}({column})" if threshold.name.function else column
        values = read.setdefault(name, values_of(frames, owner, rule, threshold.name))
        distance = np.minimum(distance, distances(values, threshold.value))
        view.thresholds.append((name, threshold))
    alive = frame["kept"].to_numpy(dtype=bool)
    view.examples_dropped = _examples(frames, rule, dropped, distance, read)
    view.examples_kept = _examples(frames, rule, alive & ~fails, distance, read) if read else []
    return view


def _examples(
    frames: Frames, rule: Rule, among: np.ndarray, distance: np.ndarray, read: dict[str, np.ndarray]
) -> list[Example]:
    rows = np.flatnonzero(among)
    rows = rows[np.argsort(distance[rows], kind="stable")][:EXAMPLES]
    found = []
    for row in rows:
        values = [(name, float(numbers[row])) for name, numbers in read.items() if np.isfinite(numbers[row])]
        if rule.drop == "image":
            document, part = frames.images.index[row]
            sha = str(frames.images["sha256"].iloc[row])
            found.append(Example(document, int(part), sha, str(frames.documents.at[document, "title"]), values))
        else:
            document = str(frames.documents.index[row])
            found.append(Example(document, None, "", str(frames.documents["title"].iloc[row]), values))
    return found


def chosen_documents(frames: Frames, views: Iterable[RuleView], most: int) -> list[str]:
    """Ids of the documents that the page traces: those of the galleries, then others by hash of their id."""
    chosen = dict.fromkeys(e.document for v in views for e in (*v.examples_dropped, *v.examples_kept))
    by_hash = sorted(frames.documents.index, key=lambda name: hashlib.sha256(str(name).encode()).hexdigest())
    for name in by_hash:
        if len(chosen) >= most:
            break
        chosen.setdefault(str(name))
    return list(chosen)


def thumbnails(run: Run, partitions: Iterable[str], wanted: set[str]) -> dict[str, str]:
    """Thumbnails as data URIs (WebP) by SHA-256; an image that cannot be decoded has none."""
    found: dict[str, str] = {}
    for name in partitions:
        for batch in _batches(run, name):
            for sha, data in zip(batch["sha256"], batch["bytes"], strict=True):
                if sha in wanted and sha not in found and (small := thumbnail(data, THUMB)):
                    found[sha] = small
    return found


def _batches(run: Run, name: str) -> Iterable[dict[str, list[Any]]]:
    with run.parquet(layout.images(name)) as file:
        for batch in file.iter_batches(64, columns=["sha256", "bytes"]):
            yield batch.to_pydict()
