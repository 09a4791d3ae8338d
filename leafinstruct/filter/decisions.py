"""Decisions as stored in a run: one row per document and one per image part, with the numbers that decided.

Rows are built as columns: a boolean table marks which rule fails for which row; each row's list has its marks in order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from leafinstruct.document import Described, schema_of, struct_of
from leafinstruct.filter.frame import aggregate
from leafinstruct.filter.rules import Verdicts

DECISION_VALUE: Described = {
    "name": (pa.string(), "column, field or function that the rule reads, such as `text.words`"),
    "value": (pa.float64(), "its number; null for a text and for a missing score"),
    "text": (pa.string(), "its text; null for a number"),
}
VALUE_TYPE = struct_of(DECISION_VALUE)
DECISION: Described = {
    "document": (pa.string(), "id of the document"),
    "part": (pa.int32(), "index of the image part in the raw document; null in the document's own row"),
    "sha256": (pa.string(), "id of the image; null in the document's own row"),
    "kept": (pa.bool_(), "whether it stays; an image does not stay if its document is dropped"),
    "dropped_by": (
        pa.string(),
        'first rule that drops it, as `FILTER.RULE`; `document` for an image that is dropped with its document; "" '
        "if it is kept",
    ),
    "failed_rules": (pa.list_(pa.string()), "all rules that it fails, in order"),
    "values": (pa.list_(VALUE_TYPE), "what those rules read"),
}
DECISION_SCHEMA = schema_of(DECISION)


_Sides = Mapping[str, np.ndarray]
"""By grain, the row of the table for each document or image of a view."""


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
    sides = {"document": place[:size], "image": place[size:]}
    columns: list[Any] = [
        pa.array(np.concatenate([ids, ids[verdicts.owner]])[order], pa.string()),
        pa.array(np.maximum(parts, 0)[order], pa.int32(), mask=parts[order] < 0),
        pa.array(sha256[order], pa.string()),
        pa.array(np.concatenate([verdicts.documents_alive, alive])[order], pa.bool_()),
        pa.array(np.concatenate([verdicts.document_by, image_by])[order], pa.string()),
        _label_lists(verdicts, sides, len(order)),
        _value_lists(verdicts, sides, len(order)),
    ]
    return pa.Table.from_arrays(columns, schema=DECISION_SCHEMA)


def _failed(verdicts: Verdicts, sides: _Sides) -> Iterator[tuple[str, np.ndarray, str]]:
    """Each rule that fails somewhere, in the order they were applied: its grain, the rows of the table, its label."""
    for grain, place in sides.items():
        for label, rows in verdicts.noted[grain]:
            yield grain, place[rows], label


def _label_lists(verdicts: Verdicts, sides: _Sides, rows: int) -> pa.Array:
    failed = list(_failed(verdicts, sides))
    marks = np.zeros((rows, len(failed)), dtype=bool)
    for number, (_, places, _) in enumerate(failed):
        marks[places, number] = True
    which = np.nonzero(marks)[1]
    return pa.ListArray.from_arrays(_offsets(marks), _words([label for _, _, label in failed], which))


def _value_lists(verdicts: Verdicts, sides: _Sides, rows: int) -> pa.Array:
    """For each row the values that its failing rules read, each name once."""
    # In the order of all rules, not of those that fail here: a row is the same whatever is decided next to it.
    where: dict[tuple[str, str], list[np.ndarray]] = {
        (grain, read): [] for grain in sides for reads in verdicts.reads.values() for read in reads
    }
    for grain, places, label in _failed(verdicts, sides):
        for read in verdicts.reads[label]:
            where[grain, read].append(places)
    where = {key: found for key, found in where.items() if found}
    marks, unknown = np.zeros((rows, len(where)), dtype=bool), np.ones((rows, len(where)), dtype=bool)
    numbers, texts = np.zeros((rows, len(where))), {}
    for number, ((grain, read), found) in enumerate(where.items()):
        for places in found:
            marks[places, number] = True
        value, null = _column(verdicts, grain, read)
        if value.dtype == object:
            texts[number] = np.full(rows, None, dtype=object)
            texts[number][sides[grain][~null]] = value[~null]
        else:
            numbers[sides[grain], number], unknown[sides[grain], number] = np.where(null, 0.0, value), null
    row, which = np.nonzero(marks)
    flat = np.full(len(which), None, dtype=object)
    for number, column in texts.items():
        flat[which == number] = column[row[which == number]]
    fields = [
        _words([read for _, read in where], which),
        pa.array(_rounded(numbers[marks]), mask=unknown[marks]),
        pa.array(flat, pa.string()),
    ]
    return pa.ListArray.from_arrays(_offsets(marks), pa.StructArray.from_arrays(fields, fields=list(VALUE_TYPE)))


def _column(verdicts: Verdicts, grain: str, read: str) -> tuple[np.ndarray, np.ndarray]:
    """Values of a name for each row of a grain (texts as objects), and where they are null."""
    view = verdicts.view
    if "(" in read:
        function, column = read.rstrip(")").split("(")
        value, null = aggregate(view, verdicts.image_by, function, column)
    elif grain == "image" and read in view.images:
        value, null = view.values("image", read)
    else:
        value, null = view.values("document", read)
        if grain == "image":
            value, null = value[verdicts.owner], null[verdicts.owner]
    if value.dtype.kind == "U":
        return value.astype(object), null
    value = value.astype(float)
    return value, null | np.isnan(value)


def _offsets(marks: np.ndarray) -> pa.Array:
    """int32 [rows + 1]: where each row's list begins and the last one ends, with one item per mark."""
    return pa.array(np.concatenate([[0], np.cumsum(marks.sum(axis=1))]).astype(np.int32))


def _words(words: Sequence[str], numbers: np.ndarray) -> pa.Array:
    """Texts of many rows by the number of each in `words`."""
    return pa.array(words, pa.string()).take(pa.array(numbers))


def _rounded(numbers: np.ndarray) -> np.ndarray:
    """As `round(number, 4)` gives them. Most have four places already: a number that numpy's rounding leaves unchanged
    is the float64 nearest to those four places, and Python's would leave it unchanged too."""
    scaled = np.rint(numbers * 1e4) / 1e4
    other = np.flatnonzero(scaled != numbers)
    found = numbers.copy()
    found[other] = [round(number, 4) for number in numbers[other].tolist()]
    return found
