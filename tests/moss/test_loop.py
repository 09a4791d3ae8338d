"""Resuming is as if never interrupted, packing leaks nothing, and options change what they say and nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from leafinstruct.errors import LeafError
from leafinstruct.moss.adapters import inject
from leafinstruct.moss.backbones import moss_config, tiny_backbone
from leafinstruct.moss.batches import collate, endless, pack
from leafinstruct.moss.codebook import ASSISTANT, BOS, END, FIRST_CODE, IMAGE, PAD, USER, Codebook
from leafinstruct.moss.config import VARIANTS
from leafinstruct.moss.data import IGNORE, Example
from leafinstruct.moss.model import example_losses
from leafinstruct.moss.prove.synthetic import write_synthetic
from leafinstruct.moss.settings import TrainConfig
from leafinstruct.moss.train import train

torch = pytest.importorskip("torch")
SMALL = TrainConfig(
    steps=6, batch=2, context=160, hidden=16, layers=1, codes=16, held_out=4, samples=1, warmup=2, dropout=0.2
)
BOOK = Codebook(np.random.default_rng(0).integers(0, 256, (5, 4, 4, 3), dtype=np.uint8), grid=2)


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shards")
    write_synthetic(folder, records=7, held_out=3)
    return folder


class Killed(Exception):
    pass


def test_resumed_is_uninterrupted_bit_for_bit(shards: Path, tmp_path: Path) -> None:
    config = replace(SMALL, checkpoint_every=2, validate_every=3)
    train(shards, tmp_path / "whole", config)

    def kill(event: dict[str, Any]) -> None:
        if event.get("step") == 5:
            raise Killed

    with pytest.raises(Killed):
        train(shards, tmp_path / "cut", config, kill)
    steps: list[int] = []
    train(shards, tmp_path / "cut", config, lambda e: steps.append(e["step"]) if "step" in e else None, resume=True)
    assert steps == [1, 2, 3, 4, 5, 6]
    logs = [
        [{k: v for k, v in json.loads(line).items() if k != "seconds"} for line in (f / "log.jsonl").open()]
        for f in (tmp_path / "whole", tmp_path / "cut")
    ]
    assert logs[0] == logs[1]
    assert [("validation" in e) for e in logs[0]] == [False, False, True] * 2
    for file in ("adapter_model.safetensors", "samples/index.html"):
        assert (tmp_path / "whole" / file).read_bytes() == (tmp_path / "cut" / file).read_bytes()
    assert not (tmp_path / "cut" / "checkpoint.pt").exists()


def test_checkpoint_of_other_settings_or_shards_or_in_part_is_refused(shards: Path, tmp_path: Path) -> None:
    config = replace(SMALL, checkpoint_every=2)

    def kill(event: dict[str, Any]) -> None:
        if event.get("step") == 3:
            raise Killed

    with pytest.raises(Killed):
        train(shards, tmp_path, config, kill)
    with pytest.raises(LeafError, match="learning_rate was 0.005, now 0.001"):
        train(shards, tmp_path, replace(config, learning_rate=0.001), resume=True)
    file = tmp_path / "checkpoint.pt"
    whole = file.read_bytes()
    state = torch.load(file, weights_only=True)
    torch.save({**state, "examples": "0" * 64}, file)
    with pytest.raises(LeafError, match=r"checkpoint.pt: was trained on other shards"):
        train(shards, tmp_path, config, resume=True)
    for damaged in (whole[:1000], b"", whole[: len(whole) // 2], b"x" * 5000):
        file.write_bytes(damaged)
        with pytest.raises(LeafError, match=r"checkpoint.pt: not a whole checkpoint .*delete it") as refused:
            train(shards, tmp_path, config, resume=True)
        assert "\n" not in str(refused.value)


def window(name: str, text: bytes, codes: list[int]) -> Example:
    image = [IMAGE, *[FIRST_CODE + c for c in codes]]
    ids = np.array([BOS, USER, *text, END, ASSISTANT, *image, END])
    start = 4 + len(text)
    return Example(name, ids, np.where(np.arange(len(ids)) < start, IGNORE, ids), ((start + 1, True),))


WINDOWS = [window("a", b"red", [0, 1, 2, 3]), window("b", b"blue house", [4, 4, 0, 1]), window("c", b"", [2, 2, 2, 2])]


@pytest.mark.parametrize("variant", VARIANTS)
def test_packed_windows_are_as_if_alone(variant: str) -> None:
    """Losses of packed windows equal those of single ones, and another neighbor in the row changes none of them."""
    config = replace(SMALL, variant=variant, context=136, grid=2)
    backbone = tiny_backbone(BOOK, config)
    inject(backbone.model.double(), moss_config(backbone, config))
    with torch.no_grad():
        for name, parameter in backbone.model.named_parameters():
            if ".moss." in name:
                parameter.normal_(generator=torch.Generator().manual_seed(len(name)), std=0.3)
    backbone.model.eval()
    alone = example_losses(backbone, WINDOWS, 1)
    with torch.no_grad():
        batch = collate([WINDOWS], PAD, 60)
        losses = backbone.losses(batch)[0].double()
        other = collate([[window("x", b"red", [3, 0, 3, 0]), *WINDOWS[1:]]], PAD, 60)
        changed = backbone.losses(other)[0].double()
    start = 0
    for number, example in enumerate(WINDOWS):
        end = start + len(example.ids)
        mean = losses[start:end].sum() / (example.labels >= 0).sum()
        assert abs(float(mean) - alone[number]) < 1e-6  # losses are float32
        if number:
            assert changed[start:end].equal(losses[start:end])
        start = end
    assert not losses[start:].any()


def test_rows_are_full_and_hold_each_window_once() -> None:
    generator = np.random.default_rng(0)
    windows = [window(str(n), b"x" * int(generator.integers(1, 40)), [0, 0, 0, 0]) for n in range(60)]
    rows = pack(windows, 100)
    assert sorted(e.record for row in rows for e in row) == sorted(e.record for e in windows)
    filled = [sum(len(e.ids) for e in row) for row in rows]
    assert max(filled) <= 100 and sum(filled) / (100 * len(rows)) > 0.9
    batches = endless(windows, 4, 0, 100)
    assert {tuple(collate(next(batches), PAD, 100).ids.shape) for _ in range(9)} == {(4, 100)}


def test_every_window_comes_once_before_any_comes_again() -> None:
    windows = [window(str(n), b"x", [0, 0, 0, 0]) for n in range(6)]
    batches = endless(windows, 2, 7)
    first, second = ([e.record for _ in range(3) for row in next(batches) for e in row] for _ in range(2))
    assert sorted(first) == sorted(second) == sorted(e.record for e in windows)
    assert first != second


def test_gradient_checkpointing_changes_no_gradient() -> None:
    gradients = []
    for saving in (False, True):
        config = replace(SMALL, layers=2, context=136, grid=2, gradient_checkpointing=saving, dropout=0.0)
        backbone = tiny_backbone(BOOK, config)
        torch.manual_seed(0)
        inject(backbone.model, moss_config(backbone, config))
        if saving:
            backbone.model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        backbone.model.train()
        backbone.losses(collate([WINDOWS], PAD)).sum().backward()
        gradients.append([p.grad.clone() for p in backbone.model.parameters() if p.grad is not None])
    for plain, saved in zip(*gradients, strict=True):
        torch.testing.assert_close(saved, plain)


def test_bfloat16_learns_too(shards: Path) -> None:
    config = replace(SMALL, context=136, grid=2, dropout=0.0)
    backbone = tiny_backbone(BOOK, config)
    inject(backbone.model.to(torch.bfloat16), moss_config(backbone, config))
    optimizer = torch.optim.AdamW([p for p in backbone.model.parameters() if p.requires_grad], lr=5e-3)
    seen = []
    for _ in range(15):
        loss = backbone.losses(collate([[w] for w in WINDOWS], PAD)).sum()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        seen.append(loss.item())
    assert seen[-1] < 0.7 * seen[0]
