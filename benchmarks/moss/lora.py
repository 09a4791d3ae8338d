"""Time of a training step and peak memory of MoSS adapters beside PEFT's own LoRA on the same tiny model.

    python benchmarks/moss/lora.py [--pairs 5] [--steps 6] [--variants linear moss]

Both train the same layers with the same rank, embeddings and head with them, on the same batch of text and images.
For each variant: pairs of (PEFT, MoSS) in alternating order; the ratio of their medians of steps in each pair, and of
all pairs the median and the lowest and highest. Time is CPU seconds of the one thread, which other
processes disturb less than the clock. Memory: peak of a fresh process above what it had before the model, as
a ratio. Prints JSON. Needs `peft`.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from peft import LoraConfig, get_peft_model

from leafinstruct.moss.adapters import inject, parameter_counts
from leafinstruct.moss.codebook import FIRST_CODE
from leafinstruct.moss.config import MossConfig
from leafinstruct.moss.model import TRAINED_WHOLE
from leafinstruct.moss.neighbors import ImageTokens
from leafinstruct.moss.settings import TARGETS
from leafinstruct.moss.tiny import tiny_llama

CODES, RANK, ROWS, TIME = 256, 8, 6, 256


def batch() -> torch.Tensor:
    """int64 [6, 256]: two images of 64 tokens in each row, as in a record of the bundled sample."""
    generator = np.random.default_rng(0)
    ids = generator.integers(0, 256, (ROWS, TIME))
    for start in (60, 160):
        ids[:, start : start + 64] = FIRST_CODE + generator.integers(0, CODES, (ROWS, 64))
    return torch.from_numpy(ids)


def model_of(kind: str) -> Any:
    backbone = tiny_llama(FIRST_CODE + CODES, 128, 3, TIME, 0)
    if kind != "peft":
        layout = ImageTokens(FIRST_CODE, CODES, 8, 8)
        return inject(backbone, MossConfig(layout, kind, RANK, modules_to_save=TRAINED_WHOLE))
    model = get_peft_model(backbone, LoraConfig(r=RANK, lora_alpha=2 * RANK, target_modules=list(TARGETS)))
    for name, parameter in model.named_parameters():
        if any(part in name for part in TRAINED_WHOLE):
            parameter.requires_grad_(True)
    return model


class Stepper:
    """A model with its optimizer; `step` is one training step and gives its CPU seconds."""

    def __init__(self, kind: str) -> None:
        self.model = model_of(kind).train()
        self.optimizer = torch.optim.AdamW([p for p in self.model.parameters() if p.requires_grad], lr=1e-3)
        self.ids = batch()

    def step(self) -> float:
        started = time.process_time()
        self.model(input_ids=self.ids, labels=self.ids).loss.backward()
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return time.process_time() - started


def ratios(variant: str, pairs: int, steps: int) -> dict[str, Any]:
    peft, moss = Stepper("peft"), Stepper(variant)
    for stepper in (peft, moss):
        stepper.step()
    found, seconds = [], []
    for number in range(pairs):
        order = (peft, moss) if number % 2 == 0 else (moss, peft)
        times = {id(stepper): statistics.median(stepper.step() for _ in range(steps)) for stepper in order}
        found.append(times[id(moss)] / times[id(peft)])
        seconds.append(times[id(peft)])
    return {
        "step_ratio": round(statistics.median(found), 3),
        "low": round(min(found), 3),
        "high": round(max(found), 3),
        "peft_seconds": round(statistics.median(seconds), 4),
        "adapter_parameters": parameter_counts(moss.model)["adapter"],
    }


def peak(kind: str) -> int:
    """Peak KiB of a fresh process that trains two steps, above its memory before the model."""
    code = f"import lora; lora.print_peak({kind!r})"
    folder = __file__.rpartition("/")[0] or "."
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=folder)
    return int(out.stdout)


def print_peak(kind: str) -> None:
    torch.set_num_threads(1)
    before = high_water()
    stepper = Stepper(kind)
    stepper.step()
    stepper.step()
    print(high_water() - before)


def high_water() -> int:
    """Peak KiB of this process; `ru_maxrss` would hold the parent's, which a child inherits on Linux."""
    line = next(one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith("VmHWM"))
    return int(line.split()[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--variants", nargs="+", default=["linear", "separate", "moss", "raster1d"])
    options = parser.parse_args()
    torch.set_num_threads(1)
    base = peak("peft")
    result = {
        variant: {
            **ratios(variant, options.pairs, options.steps),
            "memory_ratio": round(peak(variant) / base, 3),
        }
        for variant in options.variants
    }
    print(json.dumps({"rank": RANK, "batch": [ROWS, TIME], "peft_peak_mib": round(base / 1024), **result}, indent=1))


if __name__ == "__main__":
    main()
