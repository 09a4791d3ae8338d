"""Rules over score tables, and what they leave of a document.

Filters are applied in order. Before each filter that asks a model, the document rules so far are settled: what they
drop stays dropped and is not scored. At the end all document rules are settled over the images that are left.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from leafinstruct.document import Document, Part
from leafinstruct.expression import Name
from leafinstruct.pipeline import DOCUMENT_FIELDS, Filter, Pipeline, Rule, full_name
from leafinstruct.score.pointers import find_pointers, slots, target

VERSION = 1
VALUE_TYPE = pa.struct([("name", pa.string()), ("value", pa.float64()), ("text", pa.string())])
DECISION_SCHEMA = pa.schema(
    [
        ("document", pa.string()),
        ("part", pa.int32()),
        ("sha256", pa.string()),
        ("kept", pa.bool_()),
        ("dropped_by", pa.string()),
        ("failed_rules", pa.list_(pa.string())),
        ("values", pa.list_(VALUE_TYPE)),
    ]
)


@dataclass
class View:
    """Scores of a partition as two frames: `documents` (one row a document, index = id) and `images` (one row an image
    part, with `document`, `part`, `sha256`). Score columns have full names, FILTER.COLUMN."""

    documents: pd.DataFrame
    images: pd.DataFrame


def make_view(documents: Sequence[Document], pipeline: Pipeline, tables: Mapping[str, pa.Table]) -> View:
    """Join the score tables (by filter name) to the documents and image parts they are about."""
    fields = {f"document.{name}": [getattr(d, name) for d in documents] for name in DOCUMENT_FIELDS}
    about = pd.DataFrame({**fields, "error": [d.error for d in documents]}, index=[d.id for d in documents])
    parts = [(d.id, i, p.image) for d in documents for i, p in enumerate(d.parts) if p.type == "image"]
    images = pd.DataFrame(parts, columns=["document", "part", "sha256"])
    document_columns, image_columns = {}, {}
    for owner in pipeline.filters:
        if not owner.scorer:
            continue
        frame = _frame(tables.get(owner.name), owner)
        for column in owner.scorer.columns:
            name = f"{owner.name}.{column.name}"
            if column.grain == "document":
                rows = frame[frame["part"].isna() & frame["document"].notna()]
                document_columns[name] = rows.set_index("document")[column.name].reindex(about.index)
            else:
                image_columns[name] = _image_values(frame, images, column.name)
    return View(
        pd.concat([about, pd.DataFrame(document_columns, index=about.index)], axis=1),
        pd.concat([images, pd.DataFrame(image_columns, index=images.index)], axis=1),
    )


def _frame(table: pa.Table | None, owner: Filter) -> pd.DataFrame:
    assert owner.scorer
    return (table if table is not None else owner.scorer.schema().empty_table()).to_pandas(types_mapper=_nullable)


def _nullable(kind: pa.DataType) -> Any:
    """Whole numbers and truth values stay themselves where some are null."""
    return {pa.int64(): pd.Int64Dtype(), pa.int32(): pd.Int32Dtype(), pa.bool_(): pd.BooleanDtype()}.get(kind)


def _image_values(frame: pd.DataFrame, images: pd.DataFrame, column: str) -> pd.Series[Any]:
    """A column of image rows for each image part: by document and part, or by the image wherever it stands."""
    by_sha = frame[frame["sha256"].notna()]
    if len(by_sha):
        return by_sha.set_index("sha256")[column].reindex(images["sha256"]).set_axis(images.index)
    by_part = frame[frame["part"].notna()].set_index(["document", "part"])[column]
    keys = pd.MultiIndex.from_arrays([images["document"], images["part"]])
    return by_part.reindex(keys).set_axis(images.index)


class Verdicts:
    """What the rules say of a partition: for documents and images whether they are alive and by what they went."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.row_of = {name: i for i, name in enumerate(view.documents.index)}
        self.owner = view.images["document"].map(self.row_of).to_numpy(dtype=np.int64)
        errors = view.documents["error"].to_numpy(dtype=object)
        self.document_by = np.array([f"harvest:{e}" if e else "" for e in errors], dtype=object)
        self.image_by = np.full(len(view.images), "", dtype=object)
        self.failed_documents: list[list[str]] = [[] for _ in errors]
        self.failed_images: list[list[str]] = [[] for _ in range(len(view.images))]
        self.reads: dict[str, list[str]] = {}
        self._places = list(zip(view.images["document"].tolist(), view.images["part"].tolist(), strict=True))

    @property
    def documents_alive(self) -> np.ndarray:
        return self.document_by == ""

    @property
    def images_alive(self) -> np.ndarray:
        """Images that no image rule dropped, in documents that are alive."""
        return (self.image_by == "") & self.documents_alive[self.owner]

    def image_at(self, row: int) -> tuple[str, int]:
        """Document and part of an image row."""
        return self._places[row]

    def note(self, grain: str, rows: np.ndarray, label: str, reads: list[str]) -> None:
        """Record that a rule fails for some rows; the first rule that does is the one that dropped them."""
        by, failed = (
            (self.document_by, self.failed_documents) if grain == "document" else (self.image_by, self.failed_images)
        )
        self.reads[label] = reads
        for row in np.flatnonzero(rows):
            failed[row].append(label)
            if not by[row]:
                by[row] = label


def evaluate(
    pipeline: Pipeline,
    view: View,
    *,
    upto: int | None = None,
    chosen: Mapping[str, str] | None = None,
    gated: bool = True,
) -> Verdicts:
    """Apply the first `upto` filters (all by default) to a partition.

    `chosen` names the document that stands for each near-duplicate cluster; without it rules of the `one_per` kind
    are passed over. With `gated` False nothing is settled before the end.
    """
    verdicts = Verdicts(view)
    filters = pipeline.filters[:upto]
    for index, owner in enumerate(filters):
        if gated and owner.scorer and owner.scorer.model:
            _settle(pipeline, filters[:index], verdicts, chosen)
        for rule in owner.rules:
            if rule.drop == "image":
                _apply_rule(pipeline, owner, rule, verdicts, verdicts.documents_alive[verdicts.owner], None)
    _settle(pipeline, filters, verdicts, chosen)
    return verdicts


def _settle(
    pipeline: Pipeline, filters: Sequence[Filter], verdicts: Verdicts, chosen: Mapping[str, str] | None
) -> None:
    alive = verdicts.documents_alive.copy()
    for owner in filters:
        for rule in owner.rules:
            if rule.drop == "document":
                _apply_rule(pipeline, owner, rule, verdicts, alive, chosen)


def _apply_rule(
    pipeline: Pipeline,
    owner: Filter,
    rule: Rule,
    verdicts: Verdicts,
    among: np.ndarray,
    chosen: Mapping[str, str] | None,
) -> None:
    label = f"{owner.name}.{rule.name}"
    if rule.when is None:
        if chosen is not None:
            column = full_name(pipeline, owner, rule.one_per)
            groups = verdicts.view.documents[column].astype(object)
            other = [
                isinstance(group, str) and chosen.get(group, name) != name
                for name, group in zip(groups.index, groups, strict=True)
            ]
            verdicts.note("document", among & np.array(other, dtype=bool), label, [column])
        return
    values: dict[Name, Any] = {}
    length = len(verdicts.document_by) if rule.drop == "document" else len(verdicts.image_by)
    missing = np.zeros(length, dtype=bool)
    for name in rule.when.names:
        values[name], null = _values(pipeline, owner, rule, name, verdicts)
        missing |= null
    found = np.broadcast_to(np.asarray(rule.when.evaluate(values), dtype=bool), (length,))
    reads = [str(replace(n, column=full_name(pipeline, owner, n.column)) if n.column else n) for n in values]
    verdicts.note(rule.drop, among & found & ~missing, label, reads)
    if rule.missing == "drop":
        verdicts.note(rule.drop, among & missing, f"score_missing:{label}", reads)


def _values(
    pipeline: Pipeline, owner: Filter, rule: Rule, name: Name, verdicts: Verdicts
) -> tuple[np.ndarray, np.ndarray]:
    """Values of a name for each row that the rule is about, and where they are null."""
    if name.function:
        return _aggregate(pipeline, owner, name, verdicts)
    column = full_name(pipeline, owner, name.column)
    if rule.drop == "image" and column in verdicts.view.images:
        return _plain(verdicts.view.images[column])
    values, null = _plain(verdicts.view.documents[column])
    return (values[verdicts.owner], null[verdicts.owner]) if rule.drop == "image" else (values, null)


def _plain(series: pd.Series[Any]) -> tuple[np.ndarray, np.ndarray]:
    """A column as an array without nulls, and where they were."""
    null = series.isna().to_numpy(dtype=bool)
    if pd.api.types.is_bool_dtype(series.dtype):
        return series.fillna(False).to_numpy(dtype=bool), null
    if pd.api.types.is_numeric_dtype(series.dtype):
        return series.fillna(0).to_numpy(dtype=float), null
    return series.where(~null, "").astype(str).to_numpy(dtype=str), null


def _aggregate(pipeline: Pipeline, owner: Filter, name: Name, verdicts: Verdicts) -> tuple[np.ndarray, np.ndarray]:
    """A function over the images of each document. Null where images are left and none has a value; a document
    without images left is no case of a missing score (a rule on count() speaks of it)."""
    size = len(verdicts.document_by)
    left = verdicts.image_by == ""
    counts = np.bincount(verdicts.owner[left], minlength=size)
    none = np.zeros(size, dtype=bool)
    if name.function == "count":
        return counts, none
    values, null = _plain(verdicts.view.images[full_name(pipeline, owner, name.column)])
    among = (~left if name.function == "dropped" else left) & ~null
    groups = pd.Series(values[among].astype(float)).groupby(verdicts.owner[among])
    result = groups.agg("sum" if name.function in ("sum", "dropped") else name.function).reindex(range(size))
    if name.function in ("sum", "dropped"):
        return result.fillna(0.0).to_numpy(), none
    empty = result.isna().to_numpy()
    return np.where(counts == 0, np.nan, result.fillna(0.0).to_numpy()), empty & (counts > 0)


def choose(pipeline: Pipeline, partitions: Iterable[View], *, words: str = "text.words") -> dict[str, str]:
    """For each near-duplicate cluster the document that stands for it: of those that the rules before any model kept,
    the one with most surviving images, then most words, then the smallest id."""
    rule = next(((f, r) for f in pipeline.filters for r in f.rules if r.one_per), None)
    if rule is None:
        return {}
    column = full_name(pipeline, rule[0], rule[1].one_per)
    cheap = next((i for i, f in enumerate(pipeline.filters) if f.scorer and f.scorer.model), None)
    best: dict[str, tuple[int, int, str]] = {}
    for view in partitions:
        verdicts = evaluate(pipeline, view, upto=cheap)
        left = np.bincount(verdicts.owner[verdicts.images_alive], minlength=len(view.documents))
        clusters = view.documents[column].astype(object)
        lengths = view.documents[words].fillna(0) if words in view.documents else clusters.map(lambda _: 0)
        for row in np.flatnonzero(verdicts.documents_alive):
            cluster = clusters.iloc[row]
            if isinstance(cluster, str):
                rank = (-int(left[row]), -int(lengths.iloc[row]), str(view.documents.index[row]))
                best[cluster] = min(best.get(cluster, rank), rank)
    return {cluster: rank[2] for cluster, rank in sorted(best.items())}


def decisions_table(verdicts: Verdicts) -> pa.Table:
    """One row per document (part null) and per image, with the rules that fail and the numbers they read."""
    documents, images = verdicts.view.documents, verdicts.view.images
    counts = _kept_counts(verdicts)
    rows: list[dict[str, Any]] = []
    for i, name in enumerate(documents.index):
        failed = verdicts.failed_documents[i]
        values = [_value(verdicts, read, documents.iloc[i], i, counts) for read in _reads(verdicts, failed)]
        by = verdicts.document_by[i]
        rows.append({"document": name, "kept": by == "", "dropped_by": by, "failed_rules": failed, "values": values})
    alive = verdicts.images_alive
    for i in range(len(images)):
        failed, image = verdicts.failed_images[i], images.iloc[i]
        about = documents.iloc[verdicts.owner[i]]
        rows.append(
            {
                "document": image["document"],
                "part": int(image["part"]),
                "sha256": image["sha256"],
                "kept": bool(alive[i]),
                "dropped_by": verdicts.image_by[i] or ("" if alive[i] else "document"),
                "failed_rules": failed,
                "values": [
                    _entry(read, image[read] if read in images else about.get(read))
                    for read in _reads(verdicts, failed)
                ],
            }
        )
    rows.sort(key=lambda r: (r["document"], r.get("part", -1)))
    return pa.Table.from_pylist(rows, schema=DECISION_SCHEMA)


def _reads(verdicts: Verdicts, failed: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(read for label in failed for read in verdicts.reads[label]))


def _kept_counts(verdicts: Verdicts) -> np.ndarray:
    return np.bincount(verdicts.owner[verdicts.image_by == ""], minlength=len(verdicts.document_by))


def _value(verdicts: Verdicts, read: str, row: pd.Series[Any], index: int, counts: np.ndarray) -> dict[str, Any]:
    if read == "count()":
        return _entry(read, int(counts[index]))
    if "(" not in read:
        return _entry(read, row.get(read))
    function, column = read.rstrip(")").split("(")
    among = (verdicts.image_by != "") if function == "dropped" else (verdicts.image_by == "")
    values = verdicts.view.images.loc[among & (verdicts.owner == index), column].dropna()
    if not len(values):
        return _entry(read, 0.0 if function in ("sum", "dropped") else None)
    return _entry(read, float(values.astype(float).agg("sum" if function == "dropped" else function)))


def _entry(name: str, value: Any) -> dict[str, Any]:
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return {"name": name, "value": None, "text": None}
    if isinstance(value, str):
        return {"name": name, "value": None, "text": value}
    return {"name": name, "value": round(float(value), 4), "text": None}


def apply(document: Document, kept_parts: frozenset[int], language: str = "") -> Document:
    """The edited document: images that were dropped go, and with them sentences that only pointed at them.

    `kept_parts` are the image parts that stay; `language` fills in where the document declares none.
    """
    places = slots(document)
    cuts: dict[int, list[tuple[int, int]]] = {}
    for pointer in find_pointers(document):
        exists, index = target(pointer, places)
        gone = index not in kept_parts if index is not None else exists or not places
        if gone and pointer.only:
            cuts.setdefault(pointer.part, []).append((pointer.start, pointer.end))
    parts: list[Part] = []
    raw: list[int] = []
    for index, part in enumerate(document.parts):
        if part.type == "image" and index not in kept_parts:
            continue
        if index in cuts:
            text = _without(part.text, cuts[index])
            if not text:
                continue
            part = replace(part, text=text)
        parts.append(part)
        raw.append(index)
    return replace(document.edited(parts, raw), language=document.language or language)


CUT = "\0"
"""Stands where a sentence was cut; no text holds it by then."""


def _without(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """A text without some of its sentences. Lines that held nothing else go whole, with their list mark."""
    kept, at = [], 0
    for start, end in sorted(spans):
        kept.append(text[at:start].replace(CUT, "").rstrip(" ") + CUT)
        at = end
    kept.append(text[at:].replace(CUT, ""))
    lines: list[str] = []
    emptied = False
    for line in "".join(kept).split("\n"):
        gone = CUT in line and not re.sub(r"[-*•\s\0]|\d+[.)]", "", line)
        if not gone and not (emptied and not line and (not lines or not lines[-1])):
            lines.append(line.replace(CUT, ""))
        emptied = gone
    return "\n".join(lines).strip()
