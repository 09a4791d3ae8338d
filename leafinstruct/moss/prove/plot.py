"""Loss curves as an SVG, written as plain text: a line for each modality, points for validation."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_WIDTH, _HEIGHT, _GAP = 360, 220, 50
_COLORS = {"text": "#1f5fa8", "image": "#b8471f"}


def write_plot(log: Sequence[dict[str, Any]], file: Path, image_unit: str) -> None:
    """Two panels, text loss and image loss, over the steps of a training log."""
    panels = []
    for number, modality in enumerate(("text", "image")):
        unit = "nats" if modality == "text" else image_unit
        train = [(e["step"], e["loss"][modality]) for e in log if e["loss"][modality] is not None]
        held = [
            (e["step"], e["validation"][modality])
            for e in log
            if "validation" in e and e["validation"][modality] is not None
        ]
        panels.append(_panel(number, f"{modality} loss ({unit})", _COLORS[modality], train, held))
    size = f'width="{2 * (_WIDTH + _GAP)}" height="{_HEIGHT + 2 * _GAP}"'
    style = "<style>text{font:12px sans-serif}</style>"
    body = f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{style}<rect width="100%" height="100%" fill="white"/>'
    file.write_text(f"{body}{''.join(panels)}</svg>\n", encoding="utf-8")


def _panel(number: int, title: str, color: str, train: list[tuple[int, float]], held: list[tuple[int, float]]) -> str:
    left, top = _GAP + number * (_WIDTH + _GAP), _GAP
    head = f'<text x="{left}" y="{top - 14}">{html.escape(title)}</text>'
    frame = f'<rect x="{left}" y="{top}" width="{_WIDTH}" height="{_HEIGHT}" fill="none" stroke="#999"/>'
    if not train:
        return head + frame
    points = train + held
    low, high = min(v for _, v in points), max(v for _, v in points)
    steps, span = max(s for s, _ in points), (high - low) or 1.0

    def at(step: int, value: float) -> tuple[float, float]:
        return left + _WIDTH * step / steps, top + _HEIGHT * (high - value) / span

    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(*p) for p in train))
    marks = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{color}"/>' for x, y in (at(*p) for p in held))
    scale = f'<text x="{left - 40}" y="{top + 10}">{high:.2f}</text>'
    scale += f'<text x="{left - 40}" y="{top + _HEIGHT}">{low:.2f}</text>'
    scale += f'<text x="{left + _WIDTH - 60}" y="{top + _HEIGHT + 18}">step {steps}</text>'
    return f'{head}{frame}{scale}<polyline points="{line}" fill="none" stroke="{color}"/>{marks}'
