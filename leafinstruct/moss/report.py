"""Lines about a training for a terminal, while it runs and when it is done."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leafinstruct.progress import Progress

if TYPE_CHECKING:
    from leafinstruct.moss.settings import TrainReport

EVERY = 20


def told(progress: Progress) -> Callable[[dict[str, Any]], None]:
    """A progress function for `train` that prints every phase, and every 20th step with its losses."""

    def report(event: dict[str, Any]) -> None:
        if "step" not in event:
            progress.say(f"train: {event['phase']}")
        elif event["step"] % EVERY == 0 or event["step"] == event["steps"]:
            progress.say(f"train: step {event['step']}/{event['steps']}, {_losses(event['loss'])}")

    return report


def report_lines(report: TrainReport, out: Path) -> list[str]:
    """Lines about a finished training; pairing is reported, never a gate."""
    pairing = report.pairing
    z = "not measurable" if pairing["z"] is None else f"z {pairing['z']:.2f}"
    return [
        f"trained {report.variant}, {report.steps} steps in {report.seconds} s, "
        f"{report.trainable_parameters} trainable parameters, {report.adapter_parameters} of them in adapters",
        f"loss: first {_losses(report.first)}; last {_losses(report.last)}; held out {_losses(report.validation)}",
        f"pairing of images with their text: {z} over {pairing['n']} held-out records",
        f"samples: {out / 'samples'}",
    ]


def _losses(values: dict[str, Any]) -> str:
    known = {name: values[name] for name in ("text", "image") if values.get(name) is not None}
    return ", ".join(f"{name} {value:.3f}" for name, value in known.items()) or "none"
