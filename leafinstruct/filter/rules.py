"""Applies rules to score tables: which images and documents they drop.

Filters are applied in order. Before each filter that uses a model, the document rules so far are settled: what they
drop stays dropped and is not scored. At the end all document rules are settled over the kept images.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from leafinstruct.filter.frame import View, aggregate
from leafinstruct.pipeline import Pipeline
from leafinstruct.removal import REASON as REMOVED
from leafinstruct.removal import Removals
from leafinstruct.rules.expression import Name
from leafinstruct.rules.filter import Filter, Rule

VERSION = 3


class Verdicts:
    """What the rules decide about a partition: for each document and image whether it is kept, and what dropped it."""

    def __init__(self, view: View, removals: Removals | None = None) -> None:
        self.view = view
        self.owner = view.owner
        errors = view.documents["error"].to_numpy(dtype=object)
        self.document_by = np.array([f"harvest:{e}" if e else "" for e in errors], dtype=object)
        self.image_by = np.full(len(view.images), "", dtype=object)
        if removals:
            self._remove(removals)
        self.noted: dict[str, list[tuple[str, np.ndarray]]] = {"document": [], "image": []}
        """By grain, each rule that failed somewhere with the rows where it did, in the order they were applied."""
        self.reads: dict[str, list[str]] = {}

    def _remove(self, removals: Removals) -> None:
        about, shown = self.view.documents, self.view.images
        known = zip(about["url"], about["document.site"], about["path"], about.index, strict=True)
        self.document_by[np.array([removals.names(*one) for one in known], dtype=bool)] = REMOVED
        self.image_by[np.array([removals.names_image(sha) for sha in shown["sha256"]], dtype=bool)] = REMOVED

    @property
    def documents_alive(self) -> np.ndarray:
        return self.document_by == ""

    @property
    def images_alive(self) -> np.ndarray:
        """Images that no image rule dropped, in kept documents."""
        return (self.image_by == "") & self.documents_alive[self.owner]

    @property
    def failed_documents(self) -> list[list[str]]:
        """For each document the rules that fail."""
        return _labels(self.noted["document"], len(self.document_by))

    @property
    def failed_images(self) -> list[list[str]]:
        """For each image part the rules that fail."""
        return _labels(self.noted["image"], len(self.image_by))

    def image_at(self, row: int) -> tuple[str, int]:
        """Document and part of an image row."""
        return self.view.places[row]

    def note(self, grain: str, rows: np.ndarray, label: str, reads: list[str]) -> None:
        """Record that a rule fails for some rows; the first rule that does is the one that dropped them."""
        self.reads[label] = reads
        if rows.any():
            by = self.document_by if grain == "document" else self.image_by
            by[rows & (by == "")] = label
            self.noted[grain].append((label, rows))


def _labels(noted: Sequence[tuple[str, np.ndarray]], size: int) -> list[list[str]]:
    failed: list[list[str]] = [[] for _ in range(size)]
    for label, rows in noted:
        for row in np.flatnonzero(rows):
            failed[row].append(label)
    return failed


def evaluate(
    pipeline: Pipeline,
    view: View,
    *,
    upto: int | None = None,
    chosen: Mapping[str, Mapping[str, str]] | None = None,
    gated: bool = True,
) -> Verdicts:
    """Apply the first `upto` filters (all by default) to a partition.

    `chosen` names the document that represents each group (see `representatives.choose`); without it `one_per` rules
    are skipped. With `gated` False nothing is settled before the end.
    """
    verdicts = Verdicts(view, pipeline.removals)
    filters = pipeline.filters[:upto]
    for index, owner in enumerate(filters):
        if gated and owner.scorer and owner.scorer.model:
            _settle(filters[:index], verdicts, chosen)
        for rule in owner.rules:
            if rule.drop == "image":
                among = verdicts.documents_alive[verdicts.owner]
                _apply_rule(owner, rule, verdicts, among if rule.inline else among & view.figures, None)
    _settle(filters, verdicts, chosen)
    return verdicts


def _settle(filters: Sequence[Filter], verdicts: Verdicts, chosen: Mapping[str, Mapping[str, str]] | None) -> None:
    alive = verdicts.documents_alive.copy()
    for owner in filters:
        for rule in owner.rules:
            if rule.drop == "document":
                _apply_rule(owner, rule, verdicts, alive, chosen)


def _apply_rule(
    owner: Filter,
    rule: Rule,
    verdicts: Verdicts,
    among: np.ndarray,
    chosen: Mapping[str, Mapping[str, str]] | None,
) -> None:
    label = f"{owner.name}.{rule.name}"
    if rule.when is None:
        column = owner.full_name(rule.one_per)
        if chosen is not None and column in chosen:
            representative, groups = chosen[column], verdicts.view.documents[column]
            other = [
                isinstance(group, str) and representative.get(group, name) != name
                for name, group in zip(groups.index.tolist(), groups.tolist(), strict=True)
            ]
            verdicts.note("document", among & np.array(other, dtype=bool), label, [column])
        return
    values: dict[Name, Any] = {}
    length = len(verdicts.document_by) if rule.drop == "document" else len(verdicts.image_by)
    missing = np.zeros(length, dtype=bool)
    for name in rule.when.names:
        values[name], null = _values(owner, rule, name, verdicts)
        missing |= null
    found = np.broadcast_to(np.asarray(rule.when.evaluate(values), dtype=bool), (length,))
    reads = [str(replace(n, column=owner.full_name(n.column)) if n.column else n) for n in values]
    verdicts.note(rule.drop, among & found & ~missing, label, reads)
    if rule.missing == "drop":
        verdicts.note(rule.drop, among & missing, f"score_missing:{label}", reads)


def _values(owner: Filter, rule: Rule, name: Name, verdicts: Verdicts) -> tuple[np.ndarray, np.ndarray]:
    """Values of a name for each row that the rule applies to, and where they are null."""
    if name.function:
        column = owner.full_name(name.column) if name.column else ""
        return aggregate(verdicts.view, verdicts.image_by, name.function, column)
    column = owner.full_name(name.column)
    if rule.drop == "image" and column in verdicts.view.images:
        return verdicts.view.values("image", column)
    values, null = verdicts.view.values("document", column)
    return (values[verdicts.owner], null[verdicts.owner]) if rule.drop == "image" else (values, null)
