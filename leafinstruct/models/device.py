"""Which device a model runs on, and CPU threads that sleep instead of spin when they wait."""

from __future__ import annotations

import os
import sys

from leafinstruct.errors import LeafError

DEVICES = ("auto", "cpu", "cuda")

# Spinning OpenMP threads on a shared machine fall to a token a second; these have them sleep (GNU and Intel runtimes).
PASSIVE_THREADS = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "0", "KMP_BLOCKTIME": "0"}


def set_unset(variables: dict[str, str]) -> None:
    """Set environment variables the user has not set."""
    for name, value in variables.items():
        os.environ.setdefault(name, value)


def quiet_threads() -> None:
    """Have OpenMP threads sleep when idle; an OpenMP runtime reads this once, so only before torch is imported."""
    if "torch" not in sys.modules:
        set_unset(PASSIVE_THREADS)


def pick_device(device: str) -> str:
    """`cpu` or `cuda` for `auto`, `cpu` or `cuda`; LeafError for another word or a GPU that is not there."""
    if device not in DEVICES:
        raise LeafError(f"device {device!r}: use one of {', '.join(DEVICES)}")
    if device == "cpu":
        quiet_threads()
        return device
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if device == "cuda":
        raise LeafError("device 'cuda': torch sees no GPU; use 'cpu' or 'auto'")
    return "cpu"
