"""Decisions as published in a run: one row a document and one an image part, with the numbers that decided.

Rows are built as columns, by groups of rows that fail the same rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

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
    rank[pc.sort_indices(pa.array(ids, pa.string())).to_numpy()] = np.arange(size)
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
    packed = np.packbits(marks[some], axis=1)
    keys = np.ascontiguousarray(packed).view(f"S{packed.shape[1]}").ravel()
    _, first, number_of, counts = np.unique(keys, return_index=True, return_inverse=True, return_counts=True)
    ordered = some[np.argsort(number_of, kind="stable")]
    for start, rows in zip(first.tolist(), np.split(ordered, np.cumsum(counts)[:-1]), strict=True):
        labels = [label for (label, _), here in zip(noted, marks[some[start]], strict=True) if here]
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
    offsets = _offsets([(group.places, len(group.labels)) for group in groups], rows)
    words = _Words()
    flat = np.zeros(offsets[-1], dtype=np.int32)
    for group in groups:
        for at, label in enumerate(group.labels):
            flat[offsets[group.places] + at] = words.number(label)
    return pa.ListArray.from_arrays(pa.array(offsets), words.column(flat))


def _value_lists(groups: Sequence[_Group], rows: int) -> pa.Array:
    offsets = _offsets([(group.places, len(group.values)) for group in groups], rows)
    words = _Words()
    names, texts = np.zeros(offsets[-1], dtype=np.int32), np.full(offsets[-1], None, dtype=object)
    numbers, unknown = np.zeros(offsets[-1]), np.ones(offsets[-1], dtype=bool)
    for group in groups:
        for at, (read, (value, null)) in enumerate(group.values.items()):
            places = offsets[group.places] + at
            names[places] = words.number(read)
            if value.dtype == object:
                texts[places[~null]] = value[~null]
            else:
                numbers[places], unknown[places] = np.where(null, 0.0, value), null
    fields = [words.column(names), pa.array(_rounded(numbers), mask=unknown), pa.array(texts, pa.string())]
    values = pa.StructArray.from_arrays(fields, fields=list(VALUE_TYPE))
    return pa.ListArray.from_arrays(pa.array(offsets), values)


def _offsets(filled: Iterable[tuple[np.ndarray, int]], rows: int) -> np.ndarray:
    """Where the list of each row begins and the last ends, int32 [rows + 1]; `filled`: rows, length of their lists."""
    counts = np.zeros(rows, dtype=np.int32)
    for places, length in filled:
        counts[places] = length
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)


class _Words:
    """Few distinct texts of many rows, by number."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def number(self, word: str) -> int:
        return self._numbers.setdefault(word, len(self._numbers))

    def column(self, numbers: np.ndarray) -> pa.Array:
        return pa.array(list(self._numbers), pa.string()).take(pa.array(numbers))


def _rounded(numbers: np.ndarray) -> np.ndarray:
    """As `round(number, 4)` gives them. Most are stored with four places: where numpy's rounding leaves a number as it
    is, it is the float64 nearest to those four places, and Python's would leave it too."""
    scaled = np.rint(numbers * 1e4) / 1e4
    other = np.flatnonzero(scaled != numbers)
    found = numbers.copy()
    found[other] = [round(number, 4) for number in numbers[other].tolist()]
    return found
