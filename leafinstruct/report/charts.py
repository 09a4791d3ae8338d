"""Figures of the report as Plotly JSON: the funnel, histograms with thresholds, shares.

Labels may contain text from the web. Plotly renders some HTML in labels, so every label is escaped here.
"""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from leafinstruct.report.funnel import Funnel
from leafinstruct.report.thresholds import Threshold

KEPT, DROPPED, PLAIN = "#2a9d6f", "#d1495b", "#4573c4"
BINS = 40
MAX_REASONS = 12
"""Reasons with a band of their own in the funnel; the others share one."""
BY_FILTERS = "kept by filters"
Figure = dict[str, Any]


def label(text: str, width: int = 40) -> str:
    short = text if len(text) <= width else text[: width - 1] + "…"
    return html.escape(short)


def funnel_figure(counts: Funnel, sources: Mapping[str, int]) -> Figure:
    """Sankey diagram of documents, from their sources to the splits."""
    bands = _Bands()
    for name, number in sources.items():
        bands.add(f"source {name}", "harvested", number, PLAIN)
    if "filter" in counts.stages:
        for reason, number in _largest(counts.dropped_documents):
            bands.add("harvested", reason, number, DROPPED)
        bands.add("harvested", BY_FILTERS, counts.kept_documents, KEPT)
    if "rewrite" in counts.stages:
        for reason, number in _largest(counts.dropped_rewriting):
            bands.add(BY_FILTERS, reason, number, DROPPED)
        bands.add(BY_FILTERS, "records", counts.records, KEPT)
    if "shard" in counts.stages:
        for reason, number in _largest(counts.dropped_splitting):
            bands.add("records", f"sharding: {reason}", number, DROPPED)
        for split, number in counts.published.items():
            bands.add("records", split, number, KEPT)
    return bands.figure()


class _Bands:
    """Named nodes and the bands between them."""

    def __init__(self) -> None:
        self.nodes: dict[str, str] = {}
        self.links: list[tuple[str, str, int, str]] = []

    def add(self, source: str, target: str, number: int, color: str) -> None:
        if number:
            self.nodes.setdefault(source, PLAIN)
            self.nodes[target] = color
            self.links.append((source, target, number, color))

    def figure(self) -> Figure:
        place = {name: i for i, name in enumerate(self.nodes)}
        sankey = {
            "type": "sankey",
            "node": {
                "label": [label(name) for name in self.nodes],
                "color": list(self.nodes.values()),
                "pad": 14,
                "thickness": 14,
            },
            "link": {
                "source": [place[link[0]] for link in self.links],
                "target": [place[link[1]] for link in self.links],
                "value": [link[2] for link in self.links],
                "color": [link[3] + "55" for link in self.links],
            },
        }
        return {"data": [sankey], "layout": {"height": 120 + 26 * len(self.nodes)}}


def _largest(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    rest = sum(number for _, number in ordered[MAX_REASONS:])
    return [*ordered[:MAX_REASONS], *([(f"{len(ordered) - MAX_REASONS} other rules", rest)] if rest else [])]


def histogram(
    values: np.ndarray, kept: np.ndarray, marks: Sequence[tuple[str, Threshold]], unit: str, grain: str
) -> Figure | None:
    """Stacked histogram of kept and dropped rows with the thresholds of rules, or None without values.

    The outermost 0.5% of values on each side are drawn in the outermost bins.
    """
    finite = np.isfinite(values)
    values, kept = values[finite], kept[finite]
    if not len(values):
        return None
    low, high = (float(x) for x in np.percentile(values, [0.5, 99.5]))
    span = (high - low) or 1.0
    for _, mark in marks:
        if low - span <= mark.value <= high + span:  # a distant threshold is only named: it would squeeze the bars
            low, high = min(low, mark.value), max(high, mark.value)
    if low == high:
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, BINS + 1)
    clipped = np.clip(values, low, high)
    centers = ((edges[:-1] + edges[1:]) / 2).round(6).tolist()
    bars = [
        {
            "type": "bar",
            "name": name,
            "x": centers,
            "y": np.histogram(clipped[which], edges)[0].tolist(),
            "marker": {"color": color},
            "width": (high - low) / BINS,
        }
        for name, which, color in (("kept", kept, KEPT), ("dropped", ~kept, DROPPED))
    ]
    lines = [
        {"type": "line", "x0": m.value, "x1": m.value, "yref": "paper", "y0": 0, "y1": 1, "line": {"dash": "dot"}}
        for _, m in marks
        if low <= m.value <= high
    ]
    notes = [
        {
            "x": min(max(m.value, low), high),
            "y": 1 - 0.12 * (i % 4),
            "yref": "paper",
            "text": label(f"{name}: {m.sign} {m.value:g}"),
            "showarrow": False,
            "xanchor": "left" if m.value < (low + high) / 2 else "right",
            "font": {"size": 11},
        }
        for i, (name, m) in enumerate(marks)
    ]
    layout = {
        "barmode": "stack",
        "height": 260,
        "shapes": lines,
        "annotations": notes,
        "xaxis": {"title": {"text": label(unit)}},
        "yaxis": {"title": {"text": grain}},
    }
    return {"data": bars, "layout": layout}


def shares(counts: Counter[str], kept: Counter[str], most: int = 20) -> Figure:
    """Horizontal bars of the most frequent values: harvested, and kept by filters."""
    names = [name for name, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:most]][::-1]
    bars = [
        {
            "type": "bar",
            "orientation": "h",
            "name": title,
            "y": [label(name or "unknown", 32) for name in names],
            "x": [found[name] for name in names],
            "marker": {"color": color},
        }
        for title, found, color in ((BY_FILTERS, kept, KEPT), ("harvested", counts, PLAIN))
    ]
    return {
        "data": bars,
        "layout": {"barmode": "group", "height": 120 + 30 * len(names), "yaxis": {"type": "category"}},
    }


def curves(lines: Mapping[str, Sequence[tuple[float, float]]], x: str, y: str) -> Figure:
    """Named curves on shared axes."""
    data = [
        {"type": "scatter", "mode": "lines+markers", "name": label(n), "x": [a for a, _ in p], "y": [b for _, b in p]}
        for n, p in lines.items()
    ]
    layout = {"height": 380, "xaxis": {"title": {"text": label(x)}}, "yaxis": {"title": {"text": label(y)}}}
    return {"data": data, "layout": layout}
