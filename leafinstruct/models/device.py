"""Chooses the device of a model, and makes idle CPU threads sleep instead of spin."""

from __future__ import annotations

import os
import sys
from typing import Literal

from leafinstruct.errors import LeafError

DEVICES = ("auto", "cpu", "cuda")
Device = Literal["auto", "cpu", "cuda"]

# On a shared machine, spinning OpenMP threads slow a model to a token a second; these make them sleep (GNU and Intel).
PASSIVE_THREADS = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "0", "KMP_BLOCKTIME": "0"}


def set_unset(variables: dict[str, str]) -> None:
    """Set those environment variables that the user has not set."""
    for name, value in variables.items():
        os.environ.setdefault(name, value)


def quiet_threads() -> None:
    """Make idle OpenMP threads sleep. Works only before torch is imported: an OpenMP runtime reads the setting once."""
    if "torch" not in sys.modules:
        set_unset(PASSIVE_THREADS)


def pick_device(device: str) -> str:
    """`cpu` or `cuda` for `auto`, `cpu` or `cuda`. Raises LeafError for another word or a missing GPU."""
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
