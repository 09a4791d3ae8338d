"""Emu3 and Chameleon, the classes of transformers with random tiny weights, through the code that real ones take."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made.moss import chameleon_folder, emu3_folder

from leafinstruct.errors import LeafError
from leafinstruct.moss.adapters import inject
from leafinstruct.moss.backbones import moss_config
from leafinstruct.moss.batches import collate
from leafinstruct.moss.checkpoints import load_checkpoint
from leafinstruct.moss.config import VARIANTS
from leafinstruct.moss.data import Example, Row, SplitCounts, make_examples
from leafinstruct.moss.generate import Written, generate, to_parts
from leafinstruct.moss.prove.synthetic import write_synthetic
from leafinstruct.moss.samples import split_at
from leafinstruct.moss.settings import TrainConfig
from leafinstruct.moss.tokenizer import image_length
from leafinstruct.moss.train import load, train

torch = pytest.importorskip("torch")
KINDS = ("emu3", "chameleon")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("checkpoints")
    return {"emu3": emu3_folder(root / "emu3"), "chameleon": chameleon_folder(root / "chameleon")}


def settings(folder: Path, **more: Any) -> TrainConfig:
    base = TrainConfig(model=str(folder), steps=3, batch=2, context=400, held_out=2, samples=1, warmup=1)
    return replace(base, **more)


def example(tokenizer: Any, seed: int = 0) -> Example:
    pixels = np.random.default_rng(seed).integers(0, 256, (2, tokenizer.side, tokenizer.side, 3), dtype=np.uint8)
    row = Row("r", (("user", ("Show é", None)), ("assistant", ("Here:", None, "Done."))), pixels)
    (only,) = make_examples(row, tokenizer, 400, SplitCounts())
    return only


@pytest.mark.parametrize("kind", KINDS)
def test_records_become_the_models_own_tokens(folders: dict[str, Path], kind: str) -> None:
    tokenizer = load_checkpoint(settings(folders[kind])).tokenizer
    layout, made = tokenizer.image_tokens, example(tokenizer)
    assert (layout.rows, layout.columns, tokenizer.side) == (4, 4, 32)
    image = made.ids[(made.ids >= layout.first) & (made.ids < layout.first + layout.count)]
    assert len(image) == 2 * 16 and len(set(image.tolist())) > 1
    assert len(made.image_positions) == 2
    start = made.image_positions[1][0]
    assert made.ids[start - len(tokenizer.before) : start].tolist() == tokenizer.before
    text, pixels, *rest = to_parts(split_at(made, int(np.flatnonzero(made.labels >= 0)[0]))[1], tokenizer)
    assert (text, rest) == ("Here:", ["Done."])
    if kind == "emu3":
        assert made.ids[start + 4] == layout.row_end
        assert isinstance(pixels, np.ndarray) and pixels.shape == (32, 32, 3)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("variant", VARIANTS)
def test_later_tokens_change_no_earlier_loss(folders: dict[str, Path], kind: str, variant: str) -> None:
    """Float32: earlier logits agree to 1e-4 when all that follows is exchanged, and cached steps with the full pass."""
    from transformers import DynamicCache

    config = settings(folders[kind], variant=variant)
    backbone = load_checkpoint(config)
    inject(backbone.model, moss_config(backbone, config))
    with torch.no_grad():
        for name, parameter in backbone.model.named_parameters():
            if ".moss." in name:
                parameter.normal_(generator=torch.Generator().manual_seed(len(name)), std=0.3)
    backbone.model.eval()
    first, second = (example(backbone.tokenizer, seed) for seed in (0, 1))
    ids = torch.from_numpy(first.ids)[None]

    def logits(shown: Any) -> Any:
        with torch.no_grad():
            return backbone.model.get_output_embeddings()(backbone.model.base_model(input_ids=shown).last_hidden_state)

    full = logits(ids)
    for cut in range(5, ids.shape[1], 7):
        changed = torch.cat([ids[:, :cut], torch.from_numpy(second.ids)[None, cut:].flip(1)], dim=1)
        assert float((logits(changed)[:, :cut] - full[:, :cut]).abs().max()) < 1e-4
    cache = DynamicCache()
    with torch.inference_mode():
        steps = [backbone.step(ids[:, :20], cache, None)[0]]
        steps += [backbone.step(ids[:, t : t + 1], cache, None)[0] for t in range(20, ids.shape[1])]
    torch.testing.assert_close(torch.stack(steps), full[0, 19:], rtol=0, atol=1e-4)


def test_stock_chameleon_cannot_learn_images_and_ours_does(folders: dict[str, Path]) -> None:
    """The model's own loss masks image logits; the head's output does not."""
    backbone = load_checkpoint(settings(folders["chameleon"]))
    batch = collate([[example(backbone.tokenizer)]], backbone.tokenizer.pad)
    with torch.no_grad():
        stock = backbone.model(input_ids=batch.ids, labels=batch.labels).loss
        ours = backbone.losses(batch)
    assert not stock < 1e4
    assert float(ours.max()) < 20


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_trains_and_comes_back_and_writes_whole_images(folders: dict[str, Path], kind: str, tmp_path: Path) -> None:
    write_synthetic(tmp_path / "shards", records=4, held_out=2)
    config = settings(folders[kind], learning_rate=1e-2, precision="bfloat16", gradient_checkpointing=kind == "emu3")
    report = train(tmp_path / "shards", tmp_path / "out", config)
    assert report.trainable_parameters == report.adapter_parameters > 0
    assert report.validation["image"] is not None and report.codebook is None
    assert json.loads((tmp_path / "out" / "adapter_config.json").read_text())["image_tokens"]["rows"] == 4
    backbone = load(tmp_path / "out")
    tokenizer, start = backbone.tokenizer, np.array([*backbone.tokenizer.start, *backbone.tokenizer.role("assistant")])
    begin = np.concatenate([start, [tokenizer.before[0]]])
    with torch.no_grad():
        backbone.model.get_output_embeddings().weight[tokenizer.before[0]] *= 20
    written = generate(backbone, Written(start), 80, 1.0, torch.Generator().manual_seed(0))
    ids = written.ids
    at = np.flatnonzero(ids == begin[-1])
    assert len(at)
    for place in at:
        image = ids[place : place + image_length(tokenizer)]
        layout = tokenizer.image_tokens
        assert ((image >= layout.first) & (image < layout.first + layout.count)).sum() == 16
    assert sum(not isinstance(part, str) for part in to_parts(written, tokenizer)) == len(at)


def test_images_that_do_not_fit_are_named(folders: dict[str, Path], tmp_path: Path) -> None:
    write_synthetic(tmp_path, records=2, held_out=1)
    with pytest.raises(LeafError, match="context 40 is too short for images of 2[0-9] tokens"):
        train(tmp_path, tmp_path / "out", settings(folders["emu3"], context=40))


def test_wrong_models_are_named(tmp_path: Path) -> None:
    with pytest.raises(LeafError, match="tiny-continuous"):
        load_checkpoint(settings(tmp_path / "none"))
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    with pytest.raises(LeafError, match="is a llama; it must be one of emu3, chameleon"):
        load_checkpoint(settings(tmp_path))
