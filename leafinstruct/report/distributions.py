"""Score distributions of a run: for each column its rows, nulls, quantiles and the rules that read it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from leafinstruct.filter.partitions import table_file
from leafinstruct.pipeline import Pipeline
from leafinstruct.rules.expression import Name
from leafinstruct.rules.filter import Filter
from leafinstruct.run import Run
from leafinstruct.score.base import Column

PERCENTS = (1, 25, 50, 75, 99)
BARS = "▁▂▃▄▅▆▇█"
BINS = 16
COMMON = 5
"""Number of values listed for a text column."""


def distributions(run: Run, pipeline: Pipeline) -> list[dict[str, Any]]:
    """Rows, nulls, spread and rules of each score column. One column is in memory at a time."""
    found = []
    for owner in pipeline.filters:
        if owner.scorer:
            files = dict.fromkeys(table_file(owner, name) for name in run.partitions())
            there = [file for file in files if run.exists(file)]
            found += [
                {
                    "column": f"{owner.name}.{column.name}",
                    "grain": column.grain,
                    "unit": column.unit,
                    **_spread(column, _values(run, there, column)),
                    "rules": _rules(pipeline, owner, column),
                }
                for column in owner.scorer.columns
            ]
    return found


def _values(run: Run, files: list[str], column: Column) -> pa.ChunkedArray:
    """Values of a column in the rows of its grain; rows whose score failed are null."""
    chunks = []
    for file in files:
        table = run.table(file, ["part", "sha256", column.name])
        of_image = pc.or_(pc.is_valid(table["part"]), pc.is_valid(table["sha256"]))
        wanted = of_image if column.grain == "image" else pc.invert(of_image)
        chunks += table[column.name].filter(wanted).chunks
    return pa.chunked_array(chunks, None if chunks else pa.null())


def _spread(column: Column, values: pa.ChunkedArray) -> dict[str, Any]:
    counts: dict[str, Any] = {"rows": len(values), "nulls": values.null_count}
    held = values.drop_null()
    if column.type == "text":
        common = Counter({v["values"]: v["counts"] for v in held.value_counts().to_pylist()} if len(held) else {})
        return {**counts, "distinct": len(common), "common": dict(common.most_common(COMMON))}
    numbers = held.cast(pa.float64()).to_numpy()
    if column.type == "bool":
        return {**counts, "true": float(numbers.mean().round(4)) if len(numbers) else None}
    quantiles = np.percentile(numbers, PERCENTS).round(4).tolist() if len(numbers) else [None] * len(PERCENTS)
    return {
        **counts,
        "quantiles": dict(zip((f"{p}%" for p in PERCENTS), quantiles, strict=True)),
        "sparkline": sparkline(numbers),
    }


def sparkline(numbers: np.ndarray) -> str:
    """Histogram between the 1% and 99% quantiles, values beyond them in the outermost bars; a space is an empty
    bin."""
    if not len(numbers):
        return ""
    low, high = np.percentile(numbers, (PERCENTS[0], PERCENTS[-1]))
    if low == high:
        return BARS[-1]
    counts, _ = np.histogram(numbers.clip(low, high), BINS, (low, high))
    heights = np.ceil(counts / counts.max() * len(BARS)).astype(int)
    return "".join(BARS[height - 1] if height else " " for height in heights)


def _rules(pipeline: Pipeline, owner: Filter, column: Column) -> list[dict[str, str]]:
    """Rules of all filters that read a column, with the origin of their thresholds."""
    found = []
    for reader in pipeline.filters:
        for rule in reader.rules:
            names = rule.when.names if rule.when else (Name(rule.one_per),)
            read = {reader.full_name(name.column) for name in names if name.column}
            if f"{owner.name}.{column.name}" in read:
                text = rule.when.text if rule.when else f"all but one per {rule.one_per}"
                label = f"{reader.name}.{rule.name}"
                found.append({"rule": label, "drop": rule.drop, "when": text, "origin": rule.origin})
    return found


def distribution_lines(found: list[dict[str, Any]]) -> list[str]:
    """A line for each column, and one below it for each rule that reads it."""
    heads = "".join(f"{f'{p}%':>10}" for p in PERCENTS)
    lines = [f"{'column':28} {'rows':>8} {'nulls':>7}{heads}  {'from 1% to 99%':{BINS}}  unit"]
    for row in found:
        lines.append(f"{row['column']:28} {row['rows']:>8} {row['nulls']:>7}{_summary(row)}".rstrip())
        for rule in row["rules"]:
            origin = f"  [{rule['origin']}]" if rule["origin"] else ""
            lines.append(f"    {rule['rule']} drops the {rule['drop']}: {rule['when']}{origin}")
    return lines


def _summary(row: dict[str, Any]) -> str:
    if not row["rows"]:
        return "  not scored"
    if "quantiles" in row:
        values = "".join(f"{'' if v is None else f'{v:.6g}':>10}" for v in row["quantiles"].values())
        return f"{values}  {row['sparkline']:{BINS}}  {row['unit']}"
    if "true" in row:
        return "" if row["true"] is None else f"  true {row['true']:.1%}"
    common = ", ".join(f"{' '.join(value.split())[:24] or '(empty)'} {count}" for value, count in row["common"].items())
    return f"  {row['distinct']} values: {common}"
