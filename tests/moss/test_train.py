"""Training through its front door: files, determinism, and whether it learns what the shards say and nothing else."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from leafinstruct.cli import app
from leafinstruct.errors import LeafError
from leafinstruct.moss.codebook import ASSISTANT, FIRST_CODE
from leafinstruct.moss.data import SplitCounts, find_shards, make_examples, read_rows
from leafinstruct.moss.generate import generate, to_parts
from leafinstruct.moss.loop import learning_rate
from leafinstruct.moss.model import evaluate
from leafinstruct.moss.prove.synthetic import write_shard, write_synthetic
from leafinstruct.moss.samples import split_at
from leafinstruct.moss.settings import TrainConfig, TrainReport
from leafinstruct.moss.train import load, train

torch = pytest.importorskip("torch")
SMALL = TrainConfig(steps=4, batch=2, context=160, hidden=16, layers=1, codes=16, held_out=4, samples=2, warmup=2)


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shards")
    write_synthetic(folder, records=7, held_out=3)
    return folder


@pytest.fixture(scope="module")
def trained(shards: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, TrainReport, list[dict[str, Any]]]:
    out, events = tmp_path_factory.mktemp("out"), []
    return out, train(shards, out, SMALL, events.append), events


def test_all_files_are_there_and_agree(trained: Any) -> None:
    out, report, events = trained
    assert json.loads((out / "report.json").read_text()) == json.loads(json.dumps(asdict(report)))
    assert "image loss (nats)" in (out / "loss.svg").read_text()
    assert json.loads((out / "adapter_config.json").read_text())["peft_type"] == "MOSS"
    log = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    assert [e["step"] for e in log] == [1, 2, 3, 4] == [e["step"] for e in events if e["phase"] == "train"]
    assert [e["phase"] for e in events if e["phase"] != "train"] == ["read", "validate", "sample", "done"]
    assert report.first == log[0]["loss"]
    assert report.last["image"] == pytest.approx(np.mean([e["loss"]["image"] for e in log]), abs=1e-4)
    assert report.samples[0] == "samples/index.html" and all((out / file).is_file() for file in report.samples)
    assert 0 < report.adapter_parameters < report.trainable_parameters < report.total_parameters


def test_counts_add_up(trained: Any) -> None:
    _, report, _ = trained
    for split, rows in (("train", 7), ("validation", 3)):
        counts = report.data[split]
        assert counts["rows"] == counts["read"] == rows
        assert counts["long"] + counts["no_answer"] > 0  # a context of 160 is too short for these records
    assert report.windows_trained == min(report.data["train"]["windows"], SMALL.steps * SMALL.batch)
    assert report.pairing["n"] + report.pairing["skipped"] == 3


def test_what_was_written_is_the_trained_model(trained: Any, shards: Path) -> None:
    out, report, _ = trained
    backbone = load(out)
    rows = read_rows(find_shards(shards)["validation"], backbone.tokenizer.side, SplitCounts())
    examples = [e for row in rows for e in make_examples(row, backbone.tokenizer, SMALL.context, SplitCounts())]
    assert evaluate(backbone, examples, SMALL.batch).means() == report.validation


def test_same_shards_same_report_and_same_bytes(trained: Any, shards: Path, tmp_path: Path) -> None:
    out, report, _ = trained
    torch.manual_seed(99)
    state = torch.random.get_rng_state()
    again = train(shards, tmp_path, SMALL)
    assert replace(again, seconds=0, seconds_per_step=0) == replace(report, seconds=0, seconds_per_step=0)
    for file in ("adapter_model.safetensors", "base/model.safetensors", *report.samples):
        assert (tmp_path / file).read_bytes() == (out / file).read_bytes(), file
    assert torch.random.get_rng_state().equal(state)


def test_without_held_out_rows_there_is_no_number(shards: Path, tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    file = find_shards(shards)["train"][0]
    (tmp_path / "s" / file.name).write_bytes(file.read_bytes())
    report = train(tmp_path / "s", tmp_path / "out", replace(SMALL, steps=1, samples=1))
    assert report.validation == {"text": None, "image": None}
    assert (report.pairing["z"], report.pairing["n"]) == (None, 0)
    assert "seen in training" in (tmp_path / "out" / "samples" / "index.html").read_text()


def test_shards_that_cannot_train_are_named(tmp_path: Path, shards: Path) -> None:
    import pyarrow.parquet as pq

    rows = pq.read_table(find_shards(shards)["train"]).to_pylist()
    for row in rows:
        row["messages"][0]["role"] = "system"
    write_shard(rows, tmp_path / "train-00000-of-00001.parquet")
    with pytest.raises(LeafError, match="unknown_role_or_type"):
        train(tmp_path, tmp_path / "out", SMALL)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [({"steps": 0}, "steps is 0"), ({"context": 100}, "context 100"), ({"variant": "lora"}, "'lora'")],
)
def test_wrong_settings_are_named(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(LeafError, match=words):
        TrainConfig(**wrong)


def test_learning_rate_rises_then_falls_to_a_tenth() -> None:
    config = TrainConfig(steps=100)
    rates = [learning_rate(step, config) for step in range(101)]
    assert rates[0] == pytest.approx(5e-4) and max(rates) == rates[9] == pytest.approx(5e-3)
    assert rates[10:] == sorted(rates[10:], reverse=True) and rates[100] == pytest.approx(5e-4)


def noise_record(number: int) -> dict[str, Any]:
    """A question with a number, answered by text, image, text, image; each patch has a color no rule predicts."""
    generator = np.random.default_rng(number)
    palette = np.random.default_rng(100).integers(0, 256, (24, 3), dtype=np.uint8)
    images = []
    for _ in range(2):
        file = io.BytesIO()
        pixels = palette[generator.integers(0, 24, (8, 8))].repeat(4, 0).repeat(4, 1)
        Image.fromarray(pixels).save(file, "PNG")
        images.append(file.getvalue())
    word = "".join(chr(97 + c) for c in generator.integers(0, 26, 12))
    image = {"type": "image", "text": ""}
    parts = [{"type": "text", "text": f"First, {word}."}, image, {"type": "text", "text": f"Then {word[::-1]}."}, image]
    question = [{"type": "text", "text": f"How is {number} done?"}]
    return {
        "id": f"noise-{number}",
        "messages": [{"role": "user", "content": question}, {"role": "assistant", "content": parts}],
        "images": [{"bytes": data, "path": None} for data in images],
        "image_meta": [{"sha256": hashlib.sha256(data).hexdigest()} for data in images],
    }


@pytest.mark.slow
def test_learns_eight_records_by_heart_and_writes_them_again(tmp_path: Path) -> None:
    write_shard([noise_record(n) for n in range(8)], tmp_path / "train-00000-of-00001.parquet")
    train(tmp_path, tmp_path / "out", TrainConfig(steps=100, batch=8, context=256, codes=32))
    backbone = load(tmp_path / "out")
    codebook = backbone.tokenizer
    codes = right = 0
    for row in read_rows(find_shards(tmp_path)["train"], codebook.side, SplitCounts()):
        (example,) = make_examples(row, codebook, 256, SplitCounts())
        start = int(np.flatnonzero(example.ids == ASSISTANT)[0]) + 1
        prompt, reference = split_at(example, start)
        answer = generate(backbone, prompt, 256 - start)
        wanted, got = to_parts(reference, codebook), to_parts(answer, codebook)
        assert [p for p in got if isinstance(p, str)] == [p for p in wanted if isinstance(p, str)]
        assert [type(p) for p in got] == [str, np.ndarray, str, np.ndarray]
        image = example.ids[start:] >= FIRST_CODE
        codes += int(image.sum())
        right += int((answer.ids[image] == example.ids[start:][image]).sum())
    assert codes == 8 * 2 * 64
    assert right / codes >= 0.95


@pytest.mark.slow
def test_pairing_is_found_on_good_shards_and_not_on_mixed_ones(tmp_path: Path) -> None:
    config = TrainConfig(steps=110, batch=8, context=384)
    z = {}
    for mixed in (False, True):
        write_synthetic(tmp_path / str(mixed), mixed=mixed)
        report = train(tmp_path / str(mixed), tmp_path / f"out-{mixed}", config)
        assert report.pairing["n"] == 60
        assert report.last["image"] < 0.5 * report.first["image"]  # falls on both: it proves nothing
        z[mixed] = report.pairing["z"]
    assert z[False] >= 5
    assert z[True] < 3


def test_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch, shards: Path, tmp_path: Path) -> None:
    monkeypatch.setattr("leafinstruct.moss.train.find_spec", lambda name: None if name == "safetensors" else name)
    with pytest.raises(LeafError, match=r"training needs safetensors: install leafinstruct\[train\]"):
        train(shards, tmp_path, SMALL)


def test_options_reach_the_training(shards: Path, tmp_path: Path) -> None:
    words = ["--adapter", "bottleneck", "--rank", "2", "--steps", "1", "--batch", "1", "--context", "160", "--packed"]
    found = CliRunner().invoke(app, ["train", "--shards", str(shards), "--out", str(tmp_path), *words, "--json"])
    assert found.exit_code == 0, found.output
    report = json.loads(found.stdout)
    assert (report["variant"], report["config"]["r"], report["config"]["alpha"]) == ("bottleneck", 2, 4.0)
    assert report["tokens_trained"] == 160
