"""Images as vectors: adapters causal and cached as with ids; what regression gains, and loses in free running."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from leafinstruct.moss.adapters import inject
from leafinstruct.moss.backbones import moss_config, tiny_backbone
from leafinstruct.moss.batches import collate
from leafinstruct.moss.codebook import FIRST_CODE, PAD
from leafinstruct.moss.config import VARIANTS
from leafinstruct.moss.continuous import Continuous, Pixels, free_running
from leafinstruct.moss.data import Example, Row, SplitCounts, make_examples
from leafinstruct.moss.generate import Written, generate, to_parts
from leafinstruct.moss.model import evaluate
from leafinstruct.moss.pairing import pairing_test
from leafinstruct.moss.prove.synthetic import write_synthetic
from leafinstruct.moss.samples import split_at
from leafinstruct.moss.settings import TrainConfig
from leafinstruct.moss.train import load, train

torch = pytest.importorskip("torch")
CODEC = Pixels(grid=3, patch=2)
SMALL = TrainConfig(
    model="tiny-continuous", steps=5, batch=2, context=160, hidden=32, layers=2, grid=3, patch=2, samples=1, warmup=2
)


def example(seed: int) -> Example:
    pixels = np.random.default_rng(seed).integers(0, 256, (3, 6, 6, 3), dtype=np.uint8)
    row = Row(str(seed), (("user", ("Ask", None)), ("assistant", ("A", None, "then", None, "."))), pixels)
    (only,) = make_examples(row, CODEC, 160, SplitCounts())
    return only


def model(variant: str) -> Continuous:
    config = replace(SMALL, variant=variant)
    backbone = tiny_backbone(CODEC, config)
    assert isinstance(backbone, Continuous)
    inject(backbone.model, moss_config(backbone, config))
    with torch.no_grad():
        for name, parameter in backbone.model.named_parameters():
            if ".moss." in name:
                parameter.normal_(generator=torch.Generator().manual_seed(len(name)), std=0.3)
    backbone.model.eval()
    return backbone


def outputs(backbone: Continuous, ids: Any, vectors: Any) -> Any:
    """Text logits and image vectors at every position."""
    backbone.model.image_vectors = vectors
    with torch.no_grad():
        hidden = backbone.model.base_model(input_ids=ids).last_hidden_state[0]
        return torch.cat([backbone.model.lm_head(hidden), backbone.model.patch_out(hidden)], dim=-1)


def flat(shown: Example) -> tuple[Any, Any]:
    assert shown.vectors is not None
    return torch.from_numpy(shown.ids)[None], torch.from_numpy(shown.vectors.reshape(-1, CODEC.width))


def test_pixels_come_back() -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, 6, 6, 3), dtype=np.uint8)
    for image, vectors in zip(images, CODEC.vectors(images), strict=True):
        assert np.array_equal(CODEC.decode(np.zeros(9), vectors), image)
    shown = example(0)
    assert shown.vectors is not None and shown.vectors.shape == (3, 9, 12)
    assert (shown.ids == FIRST_CODE).sum() == 27


@pytest.mark.parametrize("variant", VARIANTS)
def test_later_images_and_text_change_nothing_earlier(variant: str) -> None:
    """Float32, 1e-5: at every cut all later ids and all later vectors are exchanged."""
    backbone = model(variant)
    (ids, vectors), (_, other) = flat(example(0)), flat(example(1))
    full = outputs(backbone, ids, vectors)
    for cut in range(1, ids.shape[1]):
        before = int((ids[0, :cut] == FIRST_CODE).sum())
        changed = torch.cat([vectors[:before], other[before:]])
        assert float((outputs(backbone, ids, changed)[:cut] - full[:cut]).abs().max()) < 1e-5
        later = torch.where(ids[0, cut:] < 256, (ids[0, cut:] + 9) % 256, ids[0, cut:])[None]
        shown = outputs(backbone, torch.cat([ids[:, :cut], later], dim=1), changed)
        assert float((shown[:cut] - full[:cut]).abs().max()) < 1e-5


@pytest.mark.parametrize("variant", VARIANTS)
def test_cached_steps_equal_the_full_pass(variant: str) -> None:
    from transformers import DynamicCache

    backbone = model(variant)
    ids, vectors = flat(example(0))
    full, cache, given = outputs(backbone, ids, vectors), DynamicCache(), 0
    with torch.inference_mode():
        for time in range(ids.shape[1]):
            one = ids[:, time : time + 1]
            count = int((one == FIRST_CODE).sum())
            logits, vector = backbone.step(one, cache, vectors[given : given + count])
            given += count
            torch.testing.assert_close(torch.cat([logits, vector]), full[time], rtol=0, atol=1e-4)


def test_losses_are_entropy_of_text_and_squared_error_of_images() -> None:
    backbone, shown = model("moss"), example(0)
    losses = backbone.losses(collate([[shown]], PAD)).detach()[0]
    ids, vectors = flat(shown)
    full = outputs(backbone, ids, vectors)
    logits, wanted = full[:, : CODEC.vocabulary], iter(vectors)
    for time, token in enumerate(shown.ids.tolist()):
        vector = next(wanted) if token == FIRST_CODE else None
        if shown.labels[time] < 0:
            assert losses[time] == 0
        elif vector is not None:
            expected = (full[time - 1, CODEC.vocabulary :] - vector).square().mean()
            torch.testing.assert_close(losses[time], expected)
        else:
            expected = -logits[time - 1].log_softmax(0)[token]
            torch.testing.assert_close(losses[time], expected)


def test_pairing_takes_vectors_along() -> None:
    """With the own vectors in the other's text, both sides regress to the same images."""
    examples = [example(seed) for seed in range(4)]
    found = pairing_test(model("moss"), examples, batch=2)
    assert found.n == 4 and found.gap is not None


def test_trains_writes_images_and_says_how_it_runs_free(tmp_path: Path) -> None:
    write_synthetic(tmp_path / "shards", records=12, held_out=3)
    report = train(tmp_path / "shards", tmp_path / "out", replace(SMALL, steps=30, batch=4, learning_rate=1e-2))
    assert report.image_unit == "squared error"
    assert report.last["image"] is not None and report.last["image"] < report.first["image"]
    assert report.free_running is not None and report.free_running["n"] == 3
    assert json.loads((tmp_path / "out" / "report.json").read_text())["free_running"] == report.free_running
    backbone = load(tmp_path / "out")
    assert evaluate(backbone, [example(5)], 1).means()["image"] is not None
    shown = example(6)
    start = int(np.flatnonzero(shown.labels >= 0)[0])
    with torch.no_grad():
        backbone.model.lm_head.weight[backbone.tokenizer.before[0]] *= 20
    prompt, _ = split_at(shown, start)
    written = generate(backbone, prompt, 60, 1.0, torch.Generator().manual_seed(0))
    images = [part for part in to_parts(written, backbone.tokenizer) if isinstance(part, np.ndarray)]
    assert images and all(image.shape == (6, 6, 3) for image in images)
    assert isinstance(written, Written) and len(written.vectors if written.vectors is not None else ()) % 9 == 0


def test_free_running_feeds_back_what_was_written() -> None:
    """A model that repeats its input: forced it repeats the true image, free it never leaves its first guess."""

    class Echo(Continuous):
        def step(self, ids: Any, cache: Any, vectors: Any) -> tuple[Any, Any]:
            last = vectors[-1] if vectors is not None and len(vectors) and ids[0, -1] == FIRST_CODE else None
            return torch.zeros(1), torch.zeros(CODEC.width) if last is None else last

    vectors = np.ones((1, 9, CODEC.width), np.float32)
    shown = Example("a", np.array([1, 2] + [FIRST_CODE] * 9), np.array([-100, 2] + [FIRST_CODE] * 9), ((2, True),))
    shown = replace(shown, vectors=vectors)
    found = free_running(Echo(torch.nn.Linear(1, 1), CODEC), [shown])
    assert found == {"free": 1.0, "forced": round(1 / 9, 4), "grey": 1.0, "n": 1}
