"""The result of `prove` for people: a table, a plot, and the files of a run.

Layout of `prove/report.json` (schema 2): `scale` a sentence; `reference` the data compared against; `data`, `arms`,
`shards` (of each folder {file: sha256}); `facts` (records, held out, removed, codes); `rows`, one for each data and
arm: adapter_parameters, trainable_parameters, tokens, and mean and `_sd` over seeds of image and text (held-out loss,
nats per token), z (pairing test) and seconds_per_step; `comparisons`: differences paired by seed, {first, second,
image, text: {mean, low, high}, text_percent}; `decoding`: tokens per second by arm {adapter, none, merged}; `damages`:
for records of the reference, unchanged and with each damage, the checks that fail; `runs`: every single training;
`config`.
"""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from functools import partial
from typing import Any, BinaryIO

from leafinstruct import layout
from leafinstruct.run import Run

_COLORS = ("#1f5fa8", "#b8471f", "#3a8a4d", "#7a4fa3", "#666666")
_ROW, _LEFT, _PLOT = 22, 190, 420


def table_lines(result: Mapping[str, Any]) -> list[str]:
    """One line for each data and arm, then the comparisons, the damages and the scale."""
    lines = [
        f"{'data':10} {'adapter':22} {'adapters':>8} {'trained':>8} {'image loss':>15} {'text loss':>15} "
        f"{'z':>6} {'s/step':>7} {'tok/s':>6} {'merged':>6}"
    ]
    for row in result["rows"]:
        speed = result["decoding"][row["arm"]]
        merged = "-" if speed["merged"] is None else f"{speed['merged']:.0f}"
        lines.append(
            f"{row['data']:10} {row['arm']:22} {row['adapter_parameters']:8} {row['trainable_parameters']:8} "
            f"{_value(row, 'image'):>15} {_value(row, 'text'):>15} {row['z'] if row['z'] is not None else 0:6.1f} "
            f"{row['seconds_per_step'] or 0:7.3f} {speed['adapter']:6.0f} {merged:>6}"
        )
    lines.append("differences paired by seed, 95 % interval (below zero: the first is better):")
    for entry in result["comparisons"]:
        if entry["image"] and entry["text"]:
            first, second = (" / ".join(entry[side]) for side in ("first", "second"))
            lines.append(
                f"  {first} - {second}: image {_interval(entry['image'])}, text {_interval(entry['text'])} "
                f"({entry['text_percent']:+.1f} %)"
            )
    lines.append("checks that fail on the first data, unchanged and damaged (training would not notice):")
    for damage, failed in result["damages"].items():
        lines.append(f"  {damage}: {', '.join(failed) or '-'}")
    return [*lines, f"scale: {result['scale']}"]


def _value(row: Mapping[str, Any], name: str) -> str:
    return "-" if row[name] is None else f"{row[name]:.3f} ±{row[f'{name}_sd'] or 0:.3f}"


def _interval(value: Mapping[str, float]) -> str:
    return f"{value['mean']:+.3f} [{value['low']:+.3f}, {value['high']:+.3f}]"


def plot(result: Mapping[str, Any]) -> str:
    """An SVG: held-out image loss and text loss of each arm, a point for each seed and a bar for the mean, one color
    for each dataset."""
    arms, datas = [arm["name"] for arm in result["arms"]], result["data"]
    height = 90 + len(arms) * _ROW * 2 + 20 * len(datas)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{2 * (_LEFT + _PLOT)}" height="{height}">'
        "<style>text{font:12px sans-serif}</style>",
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="10" y="18">Held-out loss by adapter and data. {html.escape(result["scale"])}</text>',
    ]
    for number, name in enumerate(("image", "text")):
        parts += _panel(result, name, number * (_LEFT + _PLOT), arms, datas)
    for number, data in enumerate(datas):
        y = height - 12 - 18 * number
        parts.append(f'<circle cx="16" cy="{y - 4}" r="5" fill="{_COLORS[number % len(_COLORS)]}"/>')
        parts.append(f'<text x="28" y="{y}">{html.escape(data)}</text>')
    return "".join([*parts, "</svg>\n"])


def _panel(result: Mapping[str, Any], name: str, left: int, arms: list[str], datas: list[str]) -> list[str]:
    values = [run[name] for run in result["runs"] if run[name] is not None]
    if not values:
        return []
    low, high = min(values), max(values)
    span = (high - low) or 1.0

    def x(value: float) -> float:
        return left + _LEFT + (_PLOT - 30) * (value - low) / span

    parts = [
        f'<text x="{left + _LEFT}" y="44">{name} loss, nats per token: {low:.3f}</text>',
        f'<text x="{left + _LEFT + _PLOT - 70}" y="44">{high:.3f}</text>',
    ]
    for line, arm in enumerate(arms):
        y = 70 + line * _ROW * 2
        parts.append(f'<text x="{left + 10}" y="{y + 4}">{html.escape(arm)}</text>')
        for number, data in enumerate(datas):
            color, at = _COLORS[number % len(_COLORS)], y + number * 9 - 6
            own = [r[name] for r in result["runs"] if (r["arm"], r["data"]) == (arm, data) and r[name] is not None]
            parts += [f'<circle cx="{x(v):.1f}" cy="{at}" r="3" fill="{color}" fill-opacity=".6"/>' for v in own]
            if own:
                middle = x(sum(own) / len(own))
                parts.append(f'<path d="M{middle:.1f} {at - 5}v10" stroke="{color}" stroke-width="2"/>')
    return parts


def files(result: Mapping[str, Any]) -> dict[str, bytes]:
    """The files to write, by name: report.json, table.txt, grid.svg."""
    return {
        "table.txt": ("\n".join(table_lines(result)) + "\n").encode(),
        "grid.svg": plot(result).encode(),
        "report.json": json.dumps(result, indent=1, sort_keys=True).encode() + b"\n",
    }


def write(result: Mapping[str, Any], run: Run) -> str:
    """Commit the files into the run's `prove/`. Returns the folder."""
    for name, data in files(result).items():
        run.commit(layout.proof(name), partial(_put, data))
    return f"{run}/{layout.PROOF}"


def _put(data: bytes, file: BinaryIO) -> None:
    file.write(data)
