"""The HTML report of a run: one self-contained page that opens from disk and needs no network.

Text from the web enters the page in three ways only: escaped by the template, as JSON that the page's script inserts as
plain text, or as Markdown that was rendered without HTML of its own. The page runs no script but its two.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from importlib.resources import files
from typing import Any

import numpy as np

from leafinstruct import layout
from leafinstruct.errors import LeafError
from leafinstruct.pipeline import Pipeline
from leafinstruct.report import charts, markdown
from leafinstruct.report.diff import diff
from leafinstruct.report.frames import Frames, gather
from leafinstruct.report.funnel import Funnel, examples, funnel
from leafinstruct.report.gallery import RuleView, chosen_documents, rule_views, thumbnails
from leafinstruct.report.policy import content_policy
from leafinstruct.report.trace import PartitionRows
from leafinstruct.run import Run

DOCUMENTS = 250
"""Documents that the page traces through all stages."""
ROWS = 5000
"""Documents in the table."""


def write_report(run: Run, pipeline: Pipeline, against: Run | None = None, documents: int = DOCUMENTS) -> str:
    """Commit the report into the run and return its path there.

    Raises LeafError if the run was not built up to filter.
    """
    counts = funnel(run)
    if "filter" not in counts.stages:
        raise LeafError(f"{run}: no decisions yet; make them with: leafinstruct build --stage filter")
    frames = gather(run, pipeline)
    views = rule_views(frames, pipeline)
    chosen = chosen_documents(frames, views, documents)
    traces = _traces(run, pipeline, frames, chosen)
    wanted = {part["image"] for trace in traces.values() for part in trace["parts"] if "image" in part}
    data = {
        "figures": _figures(counts, pipeline, frames, views),
        "documents": traces,
        "rows": _rows(frames, traces),
        "thumbs": thumbnails(run, frames.partitions, wanted),
    }
    facts = {
        "name": pipeline.name,
        "about": str(pipeline.raw.get("about") or ""),
        "counts": counts,
        "examples": examples,
        "frames": frames,
        "views": views,
        "filters": pipeline.filters,
        "histograms": _score_names(pipeline, frames),
        "sources": Counter(frames.documents["source"]),
        "timings": _timings(run),
        "audit": run.json(layout.AUDIT),
        "difference": diff(against, run) if against else None,
        "shown": len(traces),
    }
    run.commit_text(layout.REPORT, render(facts, data))
    return layout.REPORT


def render(facts: dict[str, Any], data: dict[str, Any]) -> str:
    """The page, from its facts (for the template) and its data (for the script)."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("leafinstruct.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = lambda value: f"{value:,}"
    scripts = {"plotly": _plotly(), "script": _template("report.js")}
    return environment.get_template("report.html").render(
        **facts,
        **scripts,
        data=_json(data),
        style=_template("report.css") + markdown.style(),
        policy=content_policy(scripts.values()),
    )


def _plotly() -> str:
    try:
        from plotly.offline import get_plotlyjs
    except ImportError:
        raise LeafError("package plotly is not installed; pip install plotly") from None
    return get_plotlyjs().replace("</script", "<\\/script")


def _template(name: str) -> str:
    return (files("leafinstruct.report") / "templates" / name).read_text(encoding="utf-8")


def _json(value: Any) -> str:
    """JSON that is safe inside a script element: nothing in it can close the element or open another."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, default=_plain)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} cannot be written into the report")


def _traces(run: Run, pipeline: Pipeline, frames: Frames, chosen: Iterable[str]) -> dict[str, Any]:
    order = {name: i for i, name in enumerate(chosen)}
    by_partition: dict[str, set[str]] = {}
    for name in order:
        by_partition.setdefault(str(frames.documents.at[name, "partition"]), set()).add(name)
    found: dict[str, Any] = {}
    for partition, wanted in sorted(by_partition.items()):
        rows = PartitionRows(run, pipeline, partition)
        found |= {d.id: rows.trace(d) for d in rows.documents if d.id in wanted}
    return {name: _rendered(found[name]) for name in order}


def _rendered(trace: dict[str, Any]) -> dict[str, Any]:
    """The trace with `html` in place of each `text` that is Markdown."""
    records = [
        {**record, "messages": [{**m, "content": list(map(_as_html, m["content"]))} for m in record["messages"]]}
        for record in trace["records"]
    ]
    return {**trace, "parts": list(map(_as_html, trace["parts"])), "records": records}


def _as_html(shown: dict[str, Any]) -> dict[str, Any]:
    if "text" not in shown or shown.get("type") == "image":
        return shown
    return {**{k: v for k, v in shown.items() if k != "text"}, "html": markdown.to_html(shown["text"])}


def _rows(frames: Frames, traces: dict[str, Any]) -> list[list[Any]]:
    """Rows of the table of documents: id, title, site, language, images, outcome, whether the page traces it."""
    about = frames.documents.reset_index()
    about["traced"] = about["id"].isin(list(traces))
    about = about.sort_values(["traced", "id"], ascending=[False, True]).head(ROWS)
    rows: list[dict[Any, Any]] = about.to_dict("records")
    return [
        [
            row["id"],
            row["title"] or row["url"] or row["path"],
            row["site"],
            row["language"],
            row["images"],
            _outcome(row["dropped_by"], row["record"]),
            row["traced"],
        ]
        for row in rows
    ]


def _outcome(dropped_by: str, record: str) -> str:
    if dropped_by := dropped_by or ("" if record == "record" else record):
        return f"dropped by {dropped_by}"
    return record or charts.BY_FILTERS


def _figures(counts: Funnel, pipeline: Pipeline, frames: Frames, views: list[RuleView]) -> dict[str, Any]:
    sources = Counter(frames.documents["source"]) if frames.whole else Counter({"all": counts.documents})
    figures: dict[str, Any] = {"funnel": charts.funnel_figure(counts, sources)}
    for name in _score_names(pipeline, frames):
        column = pipeline.columns()[name]
        frame = frames.images if column.grain == "image" else frames.documents
        marks = [(v.label, t) for v in views for read, t in v.thresholds if read == name]
        values = _numbers(frame[name])
        figure = charts.histogram(values, frame["kept"].to_numpy(dtype=bool), marks, column.unit, f"{column.grain}s")
        if figure:
            figures[f"score {name}"] = figure
    kept = frames.documents[frames.documents["kept"]]
    for field in ("topic", "site", "language", "license"):
        figures[f"share {field}"] = charts.shares(Counter(frames.documents[field]), Counter(kept[field]))
    left = frames.images[frames.images["kept"]].groupby(level=0).size().reindex(kept.index).fillna(0)
    per_document = Counter(str(int(n)) for n in left)
    figures["share images per document"] = {
        "data": [
            {
                "type": "bar",
                "x": sorted(per_document, key=int),
                "y": [per_document[k] for k in sorted(per_document, key=int)],
                "marker": {"color": charts.KEPT},
            }
        ],
        "layout": {"height": 260, "xaxis": {"type": "category", "title": {"text": "images kept per document"}}},
    }
    return figures


def _score_names(pipeline: Pipeline, frames: Frames) -> list[str]:
    """Score columns with numbers in this run, in pipeline order."""
    found = []
    for name, column in pipeline.columns().items():
        frame = frames.images if column.grain == "image" else frames.documents
        if column.type in ("int", "float") and name in frame and np.isfinite(_numbers(frame[name])).any():
            found.append(name)
    return found


def _numbers(series: Any) -> np.ndarray:
    import pandas as pd

    return pd.to_numeric(series, errors="coerce").to_numpy(dtype=float)


def _timings(run: Run) -> list[dict[str, Any]]:
    """Steps of the build with their tasks and times, in the order they first ran."""
    found = run.json(layout.TIMINGS) or []
    return [{**row, "rate": row["tasks"] / row["seconds"] if row["seconds"] else None} for row in found]
