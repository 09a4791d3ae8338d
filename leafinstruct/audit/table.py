"""The audit for a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def audit_lines(found: Mapping[str, Any]) -> list[str]:
    """A table of defects, then a summary."""
    clean, keep = found["clean"], found["keep"]
    lines = [
        f"{found['documents']} kept documents, seed {found['seed']}: {found['cases']} copies with one defect each",
        f"clean documents that lose nothing: {clean['kept']} of {clean['rows']} ({_percent(clean['share'])})",
        "",
        f"{'defect':22} {'planted':>7}  {'detected':>8}  {'95% interval':13}  best single score (AUROC), threshold "
        f"chosen on these rows to keep {_percent(keep)} of clean documents",
    ]
    for name, m in found["defects"].items():
        lines.append(f"{name:22} {m['rows']:>7}  {_percent(m['recall']):>8}  {_interval(m['interval']):13}  {_best(m)}")
    lines += ["", *_summary(found)]
    for note in found["left_out"]:
        lines.append(f"left out: {note['what']} ({note['why']})")
    if found.get("calibration"):
        lines += ["", *calibration_lines(found["calibration"])]
    return lines


def _best(m: Mapping[str, Any]) -> str:
    best = m["best"]
    if not best:
        top = next(iter(m["columns"].items()), None)
        return f"none ({top[0]} {top[1]['auroc']:.2f})" if top else "none"
    side = ">" if best["direction"] == "high" else "<"
    head = f"{_percent(best['recall']):>5}  {best['column']} {side} {best['threshold']:g} ({best['auroc']:.2f})"
    return head + (f"  rules / best {m['ratio']:.2f}" if m["ratio"] is not None else "")


def _summary(found: Mapping[str, Any]) -> list[str]:
    lines = []
    if found["nothing_catches"]:
        lines.append(f"not detected by any rule or stored score: {', '.join(found['nothing_catches'])}")
    if found["rules_miss"]:
        lines.append(f"a stored score detects more than the rules: {', '.join(found['rules_miss'])}")
    for name, m in found["controls"].items():
        lines.append(f"harmless change {name}: {m['kept']} of {m['rows']} lose nothing {_counts(m['by'])}".rstrip())
    if found["clean"]["by"]:
        lines.append(f"false positives on clean documents, by rule: {_counts(found['clean']['by'])}")
    for owner, about in found["ablation"].items():
        alone = _counts(about["catches_alone"]) or "nothing"
        spared = f"; false positives only by it: {about['clean_spared']}" if about["clean_spared"] else ""
        lines.append(f"detected only by filter {owner}: {alone}{spared}")
    for column, moved in found["instruction_moves"].items():
        lines.append(
            f"a planted instruction changes {column} by {moved['instruction_planted']:+.4f}, "
            f"a harmless sentence by {moved['neutral_sentence']:+.4f}"
        )
    for name, reasons in found["not_planted"].items():
        lines.append(f"not planted: {name}: {_counts(reasons)}")
    return lines


def calibration_lines(found: Mapping[str, Any]) -> list[str]:
    """Proposed thresholds, and the trade-off as bars, measured on documents not used to choose the thresholds."""
    lines = ["each rule keeps  clean kept  detected (mean over defects)"]
    for label, point in [("as shipped", found["shipped"])] + [
        (_percent(p["each_rule_keeps"]), p) for p in found["curve"]
    ]:
        bar = "#" * round(40 * point["recall"])
        mark = "  <- proposed" if found["chosen"] == point else ""
        lines.append(f"{label:>15}  {_percent(point['clean_kept']):>10}  {_percent(point['recall']):>6} {bar}{mark}")
    if not found["rules"]:
        lines.append(f"no threshold detects more and keeps {_percent(found['keep'])} of clean documents")
    for rule in found["rules"]:
        lines.append(f"{rule['rule']:28} {rule['now']}  ->  {rule['proposed']}")
    return lines


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())


def _percent(share: float) -> str:
    return f"{100 * share:.3g}%"


def _interval(pair: list[float] | None) -> str:
    return f"{_percent(pair[0])} to {_percent(pair[1])}" if pair else ""
