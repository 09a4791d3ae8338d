"""Decisions as published in a run: one row a document and one an image part, with the numbers that decided.

Rows are built as columns, by groups of rows that fail the same rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from leafinstruct.view import aggregate, plain

if TYPE_CHECKING:
    from leafinstruct.decide import Verdicts

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


def decisions_table(verdicts: Verdicts) -> pa.Table:
    """One row per document (part null) and per image, with the rules that fail and the numbers they read."""
    view = verdicts.view
    ids = np.array(view.documents.index.tolist(), dtype=object)
    size, alive = len(ids), verdicts.images_alive
    rank = np.empty(size, dtype=np.int64)
    rank[np.argsort(ids, kind="stable")] = np.arange(size)
    parts = np.concatenate([np.full(size, -1), view.images["part"].to_numpy(dtype=np.int64)])
    order = np.lexsort((parts, np.concatenate([rank, rank[verdicts.owner]])))
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    image_by = np.where((verdicts.image_by == "") & ~alive, "document", verdicts.image_by)
    sha256 = np.array([None] * size + view.images["sha256"].tolist(), dtype=object)
    groups = [*_groups(verdicts, "document", place[:size]), *_groups(verdicts, "image", place[size:])]
    columns: list[Any] = [
        pa.array(np.concatenate([ids, ids[verdicts.owner]])[order], pa.string()),
        pa.array(np.maximum(parts, 0)[order], pa.int32(), mask=parts[order] < 0),
        pa.array(sha256[order], pa.string()),
        pa.array(np.concatenate([verdicts.documents_alive, alive])[order], pa.bool_()),
        pa.array(np.concatenate([verdicts.document_by, image_by])[order], pa.string()),
        _label_lists(groups, len(order)),
        _value_lists(groups, len(order)),
    ]
    return pa.Table.from_arrays(columns, schema=DECISION_SCHEMA)


@dataclass
class _Group:
    """Rows of the table (`places`) that fail the same rules, and the values of each name these rules read."""

    places: np.ndarray
    labels: list[str]
    values: dict[str, tuple[np.ndarray, np.ndarray]]


def _groups(verdicts: Verdicts, grain: str, place: np.ndarray) -> Iterator[_Group]:
    noted = verdicts.noted[grain]
    if not noted:
        return
    marks = np.stack([rows for _, rows in noted], axis=1)
    some = np.flatnonzero(marks.any(axis=1))
    columns: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    patterns, number_of = np.unique(marks[some], axis=0, return_inverse=True)
    for number, pattern in enumerate(patterns):
        rows = some[number_of.ravel() == number]
        labels = [label for (label, _), here in zip(noted, pattern, strict=True) if here]
        values = {}
        for read in dict.fromkeys(read for label in labels for read in verdicts.reads[label]):
            if read not in columns:
                columns[read] = _column(verdicts, grain, read)
            values[read] = (columns[read][0][rows], columns[read][1][rows])
        yield _Group(place[rows], labels, values)


def _column(verdicts: Verdicts, grain: str, read: str) -> tuple[np.ndarray, np.ndarray]:
    """Values of a name for each row of a grain (texts as objects), and where they are null."""
    view = verdicts.view
    if "(" in read:
        function, column = read.rstrip(")").split("(")
        value, null = aggregate(view, verdicts.image_by, function, column)
    elif grain == "image" and read in view.images:
        value, null = plain(view.images[read])
    else:
        value, null = plain(view.documents[read])
        if grain == "image":
            value, null = value[verdicts.owner], null[verdicts.owner]
    if value.dtype.kind == "U":
        return value.astype(object), null
    value = value.astype(float)
    return value, null | np.isnan(value)


def _label_lists(groups: Sequence[_Group], rows: int) -> pa.Array:
    counts = np.zeros(rows, dtype=np.int32)
    for group in groups:
        counts[group.places] = len(group.labels)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    flat = np.empty(offsets[-1], dtype=object)
    for group in groups:
        for at, label in enumerate(group.labels):
            flat[offsets[group.places] + at] = label
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(flat, pa.string()))


def _value_lists(groups: Sequence[_Group], rows: int) -> pa.Array:
    counts = np.zeros(rows, dtype=np.int32)
    for group in groups:
        counts[group.places] = len(group.values)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    names, texts = np.empty(offsets[-1], dtype=object), np.full(offsets[-1], None, dtype=object)
    numbers, unknown = np.zeros(offsets[-1]), np.ones(offsets[-1], dtype=bool)
    for group in groups:
        for at, (read, (value, null)) in enumerate(group.values.items()):
            places = offsets[group.places] + at
            names[places] = read
            if value.dtype == object:
                texts[places[~null]] = value[~null]
            else:
                numbers[places], unknown[places] = np.where(null, 0.0, value), null
    rounded = np.array([round(number, 4) for number in numbers.tolist()], dtype=float)
    fields = [pa.array(names, pa.string()), pa.array(rounded, mask=unknown), pa.array(texts, pa.string())]
    values = pa.StructArray.from_arrays(fields, fields=list(VALUE_TYPE))
    return pa.ListArray.from_arrays(pa.array(offsets), values)
