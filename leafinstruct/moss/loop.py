"""The steps of a training, one event each, and checkpoints from which they continue as if never interrupted."""

from __future__ import annotations

import hashlib
import math
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

from leafinstruct.errors import LeafError, one_line
from leafinstruct.moss.batches import collate, endless
from leafinstruct.moss.data import Example
from leafinstruct.moss.model import Backbone, Losses, evaluate
from leafinstruct.moss.settings import TrainConfig

CHECKPOINT = "checkpoint.pt"


def run_steps(
    backbone: Backbone,
    examples: list[Example],
    config: TrainConfig,
    held_out: list[Example] | None = None,
    folder: Path | None = None,
    resume: bool = False,
) -> Iterator[dict[str, Any]]:
    """Train, and yield an event for each step: losses, learning rate, gradient norm, tokens and seconds so far; every
    `validate_every` steps also losses over `held_out`. Checkpoints are written to `folder`.

    With `resume`, the events before the checkpoint come first, unchanged, and training continues after it: on a CPU,
    bit for bit as without interruption. Raises LeafError if the checkpoint is not whole, or of other settings or
    examples.
    """
    import torch

    model = backbone.model
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=config.learning_rate, weight_decay=0.0)
    state = {"config": asdict(config), "examples": _digest(examples)} if folder else {}
    done = _load(folder / CHECKPOINT, trained, optimizer, state) if resume and folder else []
    yield from done
    batches = islice(endless(examples, config.batch, config.seed, config.context * config.packed), len(done), None)
    started = time.monotonic() - (done[-1]["seconds"] if done else 0.0)
    events = list(done)
    for step in range(len(done), config.steps):
        model.train()
        optimizer.param_groups[0]["lr"] = rate = learning_rate(step, config)
        batch = collate(next(batches), backbone.tokenizer.pad, config.context * config.packed).to(model.device)
        losses = backbone.losses(batch)
        (losses.sum() / (batch.labels >= 0).sum()).backward()
        norm = torch.nn.utils.clip_grad_norm_(trained, config.clip)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        sums = Losses()
        sums.add(losses, batch.labels, backbone.tokenizer)
        event: dict[str, Any] = {
            "step": step + 1,
            "loss": sums.means(),
            "learning_rate": round(rate, 7),
            "gradient_norm": round(float(norm), 4),
            "tokens": batch.ids.numel(),
            "seconds": round(time.monotonic() - started, 2),
        }
        if held_out and config.validate_every and (step + 1) % config.validate_every == 0:
            model.eval()
            event["validation"] = evaluate(backbone, held_out, config.batch).means()
        events.append(event)
        if folder and config.checkpoint_every and (step + 1) % config.checkpoint_every == 0:
            _save(folder / CHECKPOINT, trained, optimizer, state, events)
        yield event


def learning_rate(step: int, config: TrainConfig) -> float:
    """Linear warmup, then a cosine down to a tenth."""
    warmup = min(config.warmup, config.steps)
    if step < warmup:
        return config.learning_rate * (step + 1) / warmup
    done = (step - warmup) / max(config.steps - warmup, 1)
    return config.learning_rate * (0.1 + 0.45 * (1 + math.cos(math.pi * done)))


def _digest(examples: Sequence[Example]) -> str:
    """SHA-256 (hex) of what is trained on, in order."""
    found = hashlib.sha256()
    for example in examples:
        found.update(f"{example.record}\n".encode("utf-8", "surrogatepass"))
        found.update(example.ids.tobytes())
        if example.vectors is not None:
            found.update(example.vectors.tobytes())
    return found.hexdigest()


def _save(file: Path, trained: list[Any], optimizer: Any, state: dict[str, Any], events: list[dict[str, Any]]) -> None:
    """Write parameters, optimizer, random state and the events so far; the file is whole or absent."""
    import torch

    whole = {
        **state,
        "events": events,
        "parameters": [p.detach() for p in trained],
        "optimizer": optimizer.state_dict(),
        "random": torch.random.get_rng_state(),
    }
    half = file.with_suffix(f".{os.getpid()}.tmp")
    with half.open("wb") as out:
        torch.save(whole, out)
        out.flush()
        os.fsync(out.fileno())
    half.replace(file)


def _load(file: Path, trained: list[Any], optimizer: Any, now: dict[str, Any]) -> list[dict[str, Any]]:
    """Restore what `_save` wrote and return the events so far, none if nothing was written yet."""
    import torch

    if not file.is_file():
        return []
    try:
        state = torch.load(file, weights_only=True)
    except Exception as error:  # torch raises many types on a file that is cut or damaged
        why = one_line(str(error))[:80]
        raise LeafError(f"{file}: not a whole checkpoint ({why}); delete it to begin again") from None
    wanted = {**now["config"], "target_modules": list(now["config"]["target_modules"])}
    found = {**state["config"], "target_modules": list(state["config"]["target_modules"])}
    other = [name for name in wanted if wanted[name] != found.get(name)]
    if other:
        key = other[0]
        raise LeafError(f"{file}: {key} was {found.get(key)!r}, now {wanted[key]!r}; resume with the same settings")
    if state.get("examples", now["examples"]) != now["examples"]:
        raise LeafError(f"{file}: was trained on other shards; resume with the same, or delete it to begin again")
    with torch.no_grad():
        for parameter, value in zip(trained, state["parameters"], strict=True):
            parameter.copy_(value)
    optimizer.load_state_dict(state["optimizer"])
    torch.random.set_rng_state(state["random"])
    events: list[dict[str, Any]] = state["events"]
    return events
