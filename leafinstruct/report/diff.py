"""Compare two runs: counts at every stage, and the documents and images decided differently."""

from __future__ import annotations

from collections import Counter
from typing import Any

from leafinstruct import layout
from leafinstruct.report.funnel import funnel
from leafinstruct.rules.renamed import current_rule
from leafinstruct.run import Run

LISTED = 200
"""At most this many changed documents are listed by id; all are counted."""


def diff(first: Run, second: Run) -> dict[str, Any]:
    """Compare two runs of the same input: documents by id, images by document and part.

    `documents` and `images` count what is in both runs, in only one, and what was decided differently; `changes` counts
    each (before, after) pair of deciding rules; `listed` names changed documents.
    """
    before, after = _decisions(first), _decisions(second)
    report: dict[str, Any] = {
        "runs": [str(first.path), str(second.path)],
        "funnel": [funnel(first).to_dict(), funnel(second).to_dict()],
        "changes": [],
        "listed": [],
    }
    changes = Counter[tuple[str, str, str]]()
    for grain in ("documents", "images"):
        a, b = before[grain], after[grain]
        both = a.keys() & b.keys()
        changed = sorted(key for key in both if a[key] != b[key])
        report[grain] = {
            "both": len(both),
            "only_first": len(a.keys() - both),
            "only_second": len(b.keys() - both),
            "changed": len(changed),
        }
        changes.update((grain, a[key] or "kept", b[key] or "kept") for key in changed)
        if grain == "documents":
            listed = [{"document": key[0], "before": a[key] or "kept", "after": b[key] or "kept"} for key in changed]
            report["listed"] = listed[:LISTED]
    report["changes"] = [
        {"grain": grain, "before": was, "after": now, "count": count}
        for (grain, was, now), count in sorted(changes.items(), key=lambda item: (-item[1], item[0]))
    ]
    return report


def _decisions(run: Run) -> dict[str, dict[tuple[str, int], str]]:
    found: dict[str, dict[tuple[str, int], str]] = {"documents": {}, "images": {}}
    for name in run.partitions():
        relative = layout.decisions(name)
        if run.meta(relative):
            for row in run.table(relative, ["document", "part", "dropped_by"]).to_pylist():
                grain = "documents" if row["part"] is None else "images"
                found[grain][row["document"], -1 if row["part"] is None else row["part"]] = current_rule(
                    row["dropped_by"]
                )
    return found


def diff_lines(report: dict[str, Any]) -> list[str]:
    """The comparison for a terminal."""
    first, second = report["funnel"]
    lines = [f"{'':22}{'first':>10}{'second':>10}"]
    for name in ("documents", "images", "kept_documents", "kept_images", "records"):
        lines.append(f"{name.replace('_', ' '):22}{first[name]:>10}{second[name]:>10}")
    published = [sum(side["published"].values()) for side in (first, second)]
    lines.append(f"{'published':22}{published[0]:>10}{published[1]:>10}")
    for grain in ("documents", "images"):
        counts = report[grain]
        alone = f"{counts['only_first']} only in the first, {counts['only_second']} only in the second"
        lines.append(f"{grain}: {counts['both']} in both, {counts['changed']} decided differently, {alone}")
    lines += [f"  {c['count']:>6} {c['grain']:9} {c['before']} -> {c['after']}" for c in report["changes"]]
    lines += [f"  {row['document']}  {row['before']} -> {row['after']}" for row in report["listed"]]
    return lines
