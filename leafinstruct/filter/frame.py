"""Scores of documents as columns that rules read: one row per document, one row per image part.

Built from Arrow columns without parsing documents, so that stored scores are decided again in seconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from leafinstruct.document import Document
from leafinstruct.pipeline import Pipeline
from leafinstruct.rules.checks import DOCUMENT_FIELDS

if TYPE_CHECKING:
    import pandas as pd

    from leafinstruct.score.base import Scorer

ABOUT_COLUMNS = ["id", "url", "path", *DOCUMENT_FIELDS, "error"]
ABOUT_COLUMNS += [f"parts.list.element.{name}" for name in ("type", "image", "inline")]
"""What a view reads of a stored document: of its parts only types and images, no text."""


@dataclass
class View:
    """Scores of a partition as two frames: `documents` (one row per document, index = id) and `images` (one row per
    image part, with `document`, `part`, `sha256` and `inline`). Score columns have full names, FILTER.COLUMN."""

    documents: pd.DataFrame
    images: pd.DataFrame
    _values: dict[tuple[str, str], tuple[np.ndarray, np.ndarray]] = field(default_factory=dict, repr=False)

    @cached_property
    def owner(self) -> np.ndarray:
        """The row of its document for each image part, int64."""
        import pandas as pd

        return self.documents.index.get_indexer(pd.Index(self.images["document"])).astype(np.int64)

    def values(self, grain: str, column: str) -> tuple[np.ndarray, np.ndarray]:
        """A column of the documents or images as an array without nulls, and where they were. Cached for rules that
        read it again: do not write to it."""
        found = self._values.get((grain, column))
        if found is None:
            found = plain((self.documents if grain == "document" else self.images)[column])
            self._values[grain, column] = found
        return found

    @cached_property
    def figures(self) -> np.ndarray:
        """Which image parts stand for themselves: those that rules are about, and functions over images."""
        return ~self.images["inline"].to_numpy(dtype=bool)

    @cached_property
    def places(self) -> list[tuple[str, int]]:
        """Document and part of each image row."""
        return list(zip(self.images["document"].tolist(), self.images["part"].tolist(), strict=True))


def make_view(documents: Sequence[Document], pipeline: Pipeline, tables: Mapping[str, pa.Table]) -> View:
    """Join the score tables (by filter name) to the documents and image parts they are about."""
    about = {name: pa.array([getattr(d, name) for d in documents], pa.string()) for name in about_fields()}
    parts = [(d.id, i, p.image, p.inline) for d in documents for i, p in enumerate(d.parts) if p.type == "image"]
    images = {
        "document": pa.array([row[0] for row in parts], pa.string()),
        "part": pa.array([row[1] for row in parts], pa.int64()),
        "sha256": pa.array([row[2] for row in parts], pa.string()),
        "inline": pa.array([row[3] for row in parts], pa.bool_()),
    }
    return _view(about, images, pipeline, tables)


def stored_view(documents: pa.Table, pipeline: Pipeline, tables: Mapping[str, pa.Table]) -> View:
    """The same from a documents table of a run, which needs only ABOUT_COLUMNS."""
    documents = documents.combine_chunks()
    about = {name: _flat(documents[name]) for name in about_fields()}
    parts = _flat(documents["parts"])
    fields = parts.flatten()
    owner = pc.list_parent_indices(parts).to_numpy()
    places = np.arange(len(owner)) - (parts.offsets.to_numpy() - parts.offsets[0].as_py())[owner]
    shown = np.flatnonzero(pc.equal(fields.field("type"), "image").to_numpy(zero_copy_only=False))
    images = {
        "document": about["id"].take(pa.array(owner[shown])),
        "part": pa.array(places[shown]),
        "sha256": fields.field("image").take(pa.array(shown)),
        "inline": fields.field("inline").take(pa.array(shown)),
    }
    return _view(about, images, pipeline, tables)


def about_fields() -> list[str]:
    return ["id", "url", "path", *DOCUMENT_FIELDS, "error"]


def _view(
    about: Mapping[str, pa.Array], images: Mapping[str, pa.Array], pipeline: Pipeline, tables: Mapping[str, pa.Table]
) -> View:
    import pandas as pd

    ids = about["id"]
    documents = {f"document.{name}": about[name] for name in DOCUMENT_FIELDS}
    documents |= {name: about[name] for name in ("error", "url", "path")}
    shown = dict(images)
    owner = _whole(pc.index_in(images["document"], value_set=ids))
    for scorer_name, scorer in ((f.name, f.scorer) for f in pipeline.filters if f.scorer):
        table = tables.get(scorer_name)
        table = (scorer.schema().empty_table() if table is None else table).combine_chunks()
        names = [c.name for c in scorer.columns if c.grain == "document" and c.name in table.column_names]
        if names:
            documents |= _taken(scorer_name, table, names, _document_rows(table, ids))
        names = [c.name for c in scorer.columns if c.grain == "image" and c.name in table.column_names]
        if names:
            shown |= _taken(scorer_name, table, names, _image_rows(table, ids, owner, images))
    frame = _frame(documents)
    frame.index = pd.Index(ids.to_pylist())
    return View(frame, _frame(shown))


def _taken(owner: str, table: pa.Table, names: Sequence[str], rows: pa.Array) -> dict[str, pa.Array]:
    return {f"{owner}.{name}": _flat(table[name]).take(rows) for name in names}


def _flat(column: pa.ChunkedArray) -> Any:
    """A column as one array, empty if it has no chunks."""
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks or [pa.array([], column.type)])


def _frame(columns: Mapping[str, pa.Array]) -> pd.DataFrame:
    return pa.table(dict(columns)).to_pandas(types_mapper=_nullable)


def _nullable(kind: pa.DataType) -> Any:
    """Pandas types that keep integers and truth values as they are if some are null."""
    import pandas as pd

    return {pa.int64(): pd.Int64Dtype(), pa.int32(): pd.Int32Dtype(), pa.bool_(): pd.BooleanDtype()}.get(kind)


def _whole(rows: pa.Array) -> np.ndarray:
    """Row numbers as int64, -1 for null."""
    return rows.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)


def _document_rows(table: pa.Table, ids: pa.Array) -> pa.Array:
    """The row of a score table about each document itself; null if there is none."""
    keys = _flat(table["document"])
    if table["part"].null_count != len(table):
        keys = pc.if_else(pc.is_null(_flat(table["part"])), keys, pa.scalar(None, pa.string()))
    return pc.index_in(ids, value_set=keys, skip_nulls=True)


def _image_rows(table: pa.Table, ids: pa.Array, owner: np.ndarray, images: Mapping[str, pa.Array]) -> pa.Array:
    """The row about each image part: by document and part, or by the image alone."""
    if table["sha256"].null_count != len(table):
        return pc.index_in(images["sha256"], value_set=_flat(table["sha256"]), skip_nulls=True)
    about = pc.index_in(_flat(table["document"]), value_set=ids)
    keys = pc.add(pc.multiply(about.cast(pa.int64()), 1 << 32), _flat(table["part"]).cast(pa.int64()))
    wanted = pa.array(owner * (1 << 32) + images["part"].to_numpy(zero_copy_only=False))
    return pc.index_in(wanted, value_set=keys, skip_nulls=True)


def kept_columns(scorer: Scorer, reads: set[str], owner: str) -> list[str]:
    """The columns to read of a score table if rules read only the full names `reads`."""
    return ["document", "part", "sha256", *(c.name for c in scorer.columns if f"{owner}.{c.name}" in reads)]


def plain(series: pd.Series[Any]) -> tuple[np.ndarray, np.ndarray]:
    """A column as an array without nulls, and where they were."""
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    null = series.isna().to_numpy(dtype=bool)
    if is_bool_dtype(series.dtype):
        return series.fillna(False).to_numpy(dtype=bool), null
    if is_numeric_dtype(series.dtype):
        return series.fillna(0).to_numpy(dtype=float), null
    return np.array(["" if gone else str(v) for v, gone in zip(series.tolist(), null, strict=True)], dtype=str), null


def aggregate(view: View, image_by: np.ndarray, function: str, column: str) -> tuple[np.ndarray, np.ndarray]:
    """A function over each document's kept figures (`dropped`: its dropped ones), and where it is null.

    It is null if images are kept and none has a value. Over no images it is NaN, not null: no rule holds for it, and
    no score is missing (a rule on count() covers such documents).
    """
    size, left = len(view.documents), (image_by == "") & view.figures
    counts = np.bincount(view.owner[left], minlength=size)
    none = np.zeros(size, dtype=bool)
    if function == "count":
        return counts, none
    values, null = view.values("image", column)
    among = (view.figures & ~left if function == "dropped" else left) & ~null
    owner, values = view.owner[among], values[among].astype(float)
    found = np.bincount(owner, minlength=size)
    if function in ("sum", "dropped", "mean"):
        total = np.bincount(owner, weights=values, minlength=size)
        if function != "mean":
            return total, none
        result = total / np.maximum(found, 1)
    else:
        lowest = function == "min"
        result = np.full(size, np.inf if lowest else -np.inf)
        (np.minimum if lowest else np.maximum).at(result, owner, values)
    result = np.where(found == 0, 0.0, result)
    return np.where(counts == 0, np.nan, result), (found == 0) & (counts > 0)
