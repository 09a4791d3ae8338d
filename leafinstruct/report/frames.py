"""A run's documents and images as data frames, for charts and galleries.

Of a large run only every n-th partition is read, so that the report of a crawl is as quick as that of a sample. The
page states how much of the run it covers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from leafinstruct import layout
from leafinstruct.pipeline import Pipeline
from leafinstruct.report.trace import PartitionRows
from leafinstruct.rules.expression import Name
from leafinstruct.rules.filter import Filter, Rule
from leafinstruct.run import Run

if TYPE_CHECKING:
    import pandas as pd

MAX_DOCUMENTS = 20_000
"""At most about this many documents go into histograms and galleries."""
HEAD = ("source", "site", "url", "path", "license", "title", "topic", "language", "error")


@dataclass
class Frames:
    """Documents (index: id) and image parts (index: document and part) of the partitions that were read.

    Both have `kept`, `dropped_by`, `failed` and the score columns by full name. Documents also have their metadata,
    `images` (number of image parts), `partition` and `record` (the result of rewriting); images have `sha256`.
    """

    documents: pd.DataFrame
    images: pd.DataFrame
    partitions: Sequence[str]
    total_partitions: int

    @property
    def whole(self) -> bool:
        return len(self.partitions) == self.total_partitions


def gather(run: Run, pipeline: Pipeline, most: int = MAX_DOCUMENTS) -> Frames:
    """Read decisions and scores of a run that was built at least up to filter."""
    import pandas as pd

    built = [name for name in run.partitions() if run.meta(layout.decisions(name))]
    partitions = _some(run, built, most)
    documents: list[dict[str, Any]] = []
    images: list[dict[str, Any]] = []
    for name in partitions:
        rows = PartitionRows(run, pipeline, name)
        for document in rows.documents:
            _collect(rows.trace(document), name, documents, images)
    columns = [*HEAD, "images", "partition", "record", "kept", "dropped_by", "failed"]
    about = pd.DataFrame(documents, columns=None if documents else ["id", *columns]).set_index("id")
    parts = pd.DataFrame(
        images, columns=None if images else ["document", "part", "sha256", "kept", "dropped_by", "failed"]
    )
    return Frames(about, parts.set_index(["document", "part"]), partitions, len(built))


def _some(run: Run, names: Sequence[str], most: int) -> list[str]:
    counts = [meta.rows if (meta := run.meta(layout.documents(name))) else 0 for name in names]
    step = max(1, -(-sum(counts) // most))
    return [name for i, name in enumerate(names) if i % step == 0]


def _collect(
    trace: dict[str, Any], partition: str, documents: list[dict[str, Any]], images: list[dict[str, Any]]
) -> None:
    decisions = {row["part"]: row for row in trace["decisions"]}
    shown = [part for part in trace["parts"] if "image" in part]
    scored: dict[str, Any] = {}
    by_part: dict[int, dict[str, Any]] = {}
    by_sha: dict[str, dict[str, Any]] = {}
    for owner, rows in trace["scores"].items():
        for row in rows:
            values = {f"{owner}.{k}": v for k, v in row.items() if k not in ("document", "part", "sha256", "error")}
            if "part" in row:
                by_part.setdefault(row["part"], {}).update(values)
            elif "document" in row:
                scored.update(values)
            else:
                by_sha.setdefault(row["sha256"], {}).update(values)
    record = ""
    if trace["records"]:
        record = trace["records"][0]["dropped_by"] or "record"
    head = {name: trace["document"][name] for name in HEAD}
    own = _decision(decisions.get(None))
    documents.append(
        {
            "id": trace["document"]["id"],
            **head,
            "images": len(shown),
            "partition": partition,
            "record": record,
            **own,
            **scored,
        }
    )
    for part in shown:
        values = by_sha.get(part["image"], {}) | by_part.get(part["part"], {})
        where = {"document": trace["document"]["id"], "part": part["part"], "sha256": part["image"]}
        images.append({**where, **_decision(decisions.get(part["part"])), **values})


def _decision(row: dict[str, Any] | None) -> dict[str, Any]:
    if row is None:
        return {"kept": False, "dropped_by": "", "failed": []}
    return {"kept": row["kept"], "dropped_by": row["dropped_by"], "failed": row["failed_rules"]}


def values_of(frames: Frames, owner: Filter, rule: Rule, name: Name) -> np.ndarray:
    """Values that a rule reads, for each row of its frame: float64, NaN where there is no number."""
    import pandas as pd

    frame = frames.images if rule.drop == "image" else frames.documents
    if name.function:
        left = frames.images[frames.images["dropped_by"].isin(("", "document"))]
        if name.function == "dropped":
            left = frames.images.drop(left.index)
        if name.function == "count":
            found = left.groupby(level=0).size().reindex(frame.index).fillna(0)
        else:
            column = owner.full_name(name.column)
            if column not in left:
                return np.full(len(frame), np.nan)
            grouped = pd.to_numeric(left[column], errors="coerce").groupby(level=0)
            found = grouped.agg("sum" if name.function == "dropped" else name.function).reindex(frame.index)
        return found.to_numpy(dtype=float)
    column = owner.full_name(name.column)
    if column in frame:
        return pd.to_numeric(frame[column], errors="coerce").to_numpy(dtype=float)
    if rule.drop == "image" and column in frames.documents:
        own = pd.to_numeric(frames.documents[column], errors="coerce")
        return own.reindex(frame.index.get_level_values(0)).to_numpy(dtype=float)
    return np.full(len(frame), np.nan)
