"""The grid: fair data, fair sizes, and a summary that says what the numbers say."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from leafinstruct.cli import app
from leafinstruct.errors import LeafError
from leafinstruct.moss.config import total_size
from leafinstruct.moss.data import Row
from leafinstruct.moss.neighbors import ImageTokens, find_positions
from leafinstruct.moss.prove import ablation
from leafinstruct.moss.prove.ablation import ProveConfig, compare, interval, named_folders, prove, summarize, with_train
from leafinstruct.moss.prove.damage import DAMAGES, damage_shards
from leafinstruct.moss.prove.grid import Arm, arm_config, cut_texts, read_grid, shuffle_images, train_one
from leafinstruct.moss.prove.pretrain import named, picture, pictures, texts, train_base
from leafinstruct.moss.prove.report import plot, table_lines, write
from leafinstruct.moss.prove.synthetic import write_synthetic
from leafinstruct.moss.settings import TrainConfig
from leafinstruct.run import Run

torch = pytest.importorskip("torch")
SMALL = TrainConfig(
    steps=2, batch=2, context=200, packed=True, hidden=16, layers=1, codes=16, held_out=6, warmup=1, r=4
)
LAYERS = [(128, 128)] * 4 + [(128, 256)] * 2 + [(256, 128)]


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("shards")
    write_synthetic(root / "good", records=40, held_out=2)
    write_synthetic(root / "raw", records=40, held_out=2, mixed=0.5)
    return {"filtered": root / "good", "raw": root / "raw"}


def test_held_out_pages_are_trained_on_nowhere(shards: dict[str, Path]) -> None:
    grid = read_grid(shards, SMALL, 100)
    held = {e.record for e in grid.held_out}
    assert len(held) == 6 and grid.facts["held_out"]["from_train"] == 4
    assert list(grid.train) == ["filtered", "raw", "shuffled"]
    for examples in grid.train.values():
        assert not held & {e.record for e in examples}
    assert grid.facts["records"] == {"filtered": 36, "raw": 36, "shuffled": 36}
    assert grid.facts["removed_as_held_out"] == {"filtered": 4, "raw": 4}


def test_shuffled_is_the_same_texts_and_images_apart() -> None:
    sizes = [1, 3, 2, 1, 4, 2, 0, 3]
    rows, number = [], 0
    for index, size in enumerate(sizes):
        images = np.arange(number, number + size, dtype=np.uint8).reshape(size, 1, 1, 1).repeat(3, -1)
        rows.append(Row(str(index), (("assistant", (None,) * size),), images))
        number += size
    made = shuffle_images(rows, 0)
    assert [(r.id, r.turns, len(r.images)) for r in made] == [(r.id, r.turns, len(r.images)) for r in rows]
    assert sorted(i for r in made for i in r.images[:, 0, 0, 0]) == list(range(number))
    for before, after in zip(rows, made, strict=True):
        assert not set(before.images[:, 0, 0, 0]) & set(after.images[:, 0, 0, 0])


def test_texts_are_cut_to_their_ends_on_whole_characters() -> None:
    row = Row(
        "a", (("user", ("ask",)), ("assistant", ("0123456789", None, "äöüäöü"))), np.zeros((1, 1, 1, 3), np.uint8)
    )
    cut = cut_texts(row, 6)
    assert cut.turns == (("user", ("ask",)), ("assistant", ("012789", None, "äü")))
    assert cut.images is row.images


def test_the_body_learns_texts_and_pictures_but_no_image_of_the_data(shards: dict[str, Path]) -> None:
    grid = read_grid(shards, SMALL, 100)
    layout, names = grid.codebook.image_tokens, list(shards)
    told = texts({name: grid.train[name] for name in names}, grid.codebook, 30_000)
    assert len(told) == len(grid.train["filtered"]) + len(grid.train["raw"])
    assert 500 <= sum(len(e.ids) for e in texts(grid.train, grid.codebook, 500)) < 700
    assert all((e.ids < layout.first).all() and (e.labels == e.ids).all() for e in told)
    assert not {e.record for e in told} & {e.record for e in grid.held_out}
    shown = pictures(grid.codebook, 5_000, 0)
    made = np.concatenate([e.ids[e.ids >= layout.first].reshape(-1, layout.size) for e in shown])
    assert len(made) == 2 * len(shown) and len(np.unique(made, axis=0)) > 0.9 * len(made)
    assert len({grid.codebook.words(e.ids.tolist()) for e in shown}) > 0.5 * len(shown)
    assert all(
        find_positions(torch.from_numpy(e.ids[None]), layout).image.tolist() == [0] * 64 + [1] * 64 for e in shown
    )


@pytest.mark.slow
def test_words_before_a_picture_name_the_colors_in_it() -> None:
    generator, colors = np.random.default_rng(0), np.array([(200, 20, 30), (30, 80, 190)])
    for _ in range(40):
        pixels, words = picture(32, colors, generator)
        seen = {named(pixels[y, x]) for y in range(32) for x in range(32)}
        assert {"red", "blue"} & set(words.split()) and seen & set(words.split())
        assert not {"green", "yellow", "orange"} & set(words.split())
        if len(set(words.split()) & {"red", "blue"}) == 1:  # one color on itself
            assert seen <= set(words.split())


def test_a_body_is_shared_by_all_seeds_and_nothing_but_adapters_is_trained(
    shards: dict[str, Path], tmp_path: Path
) -> None:
    grid = read_grid({"filtered": shards["filtered"]}, SMALL, 100)
    taught = train_base(grid.codebook, {"filtered": grid.train["filtered"]}, SMALL, 2)
    bare, shared = tmp_path / "bare", tmp_path / "shared"
    grid.save(bare)
    replace(grid, base=taught).save(shared)
    assert replace(grid, base=taught).digest("filtered") != grid.digest("filtered")
    none, moss = Arm("none", "none", False), Arm("moss", "moss", True)
    zero = [train_one(shared, "filtered", none, seed, SMALL) for seed in (0, 1)]
    assert zero[0]["image"] == zero[1]["image"] and zero[0]["tokens"] == 0
    own, other = (train_one(file, "filtered", moss, 0, SMALL) for file in (shared, bare))
    assert own["trainable_parameters"] == own["adapter_parameters"] < other["trainable_parameters"]


def test_matched_arms_have_the_parameters_of_moss() -> None:
    layout = ImageTokens(262, 16, 8, 8)
    config = replace(SMALL, r=8)
    budget = total_size(arm_config(Arm("moss", "moss", True), layout, config, LAYERS), LAYERS)
    for variant in ("linear", "separate", "raster1d", "depthwise", "bottleneck"):
        made = arm_config(Arm(variant, variant, True), layout, config, LAYERS)
        assert 0.95 * budget < total_size(made, LAYERS) <= budget, variant
        assert made.scale == 2.0
    assert arm_config(Arm("equal", "separate", False), layout, config, LAYERS).image_rank == 8


def result(data: str, arm: str, seed: int, image: float, text: float = 1.0) -> dict[str, Any]:
    numbers = dict.fromkeys(("adapter_parameters", "trainable_parameters", "tokens", "r", "image_r"), 1)
    return (
        {"data": data, "arm": arm, "seed": seed, "image": image, "text": text, "z": None}
        | numbers
        | {"seconds_per_step": 0.5}
    )


def test_summary_and_paired_differences() -> None:
    results = [result("a", "separate", s, 1.0 + s) for s in range(3)] + [
        result("a", "moss", s, 0.9 + s) for s in range(3)
    ]
    results += [result("b", "moss", s, 1.9 + s, 1.5) for s in range(3)]
    first, second, third = summarize(results)
    assert (first["image"], first["image_sd"], second["image"], third["text"]) == (2.0, 1.0, 1.9, 1.5)
    assert first["z"] is None and first["n"] == 3
    found = {(tuple(e["first"]), tuple(e["second"])): e for e in compare(results, "a")}
    assert found[("a", "moss"), ("a", "separate")]["image"] == {"mean": -0.1, "low": -0.1, "high": -0.1}
    assert found[("a", "moss"), ("b", "moss")]["text_percent"] == pytest.approx(-33.33)


def test_interval_is_students() -> None:
    assert interval([1.0]) is None
    assert interval([1.0, 2.0, 3.0]) == {"mean": 2.0, "low": -0.4843, "high": 4.4843}  # 2 ± 4.303 / sqrt(3)


@pytest.mark.slow
def test_small_grid_from_shards_to_files(
    shards: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arms = (Arm("moss", "moss", True), Arm("linear", "linear", True), Arm("separate", "separate", True))
    monkeypatch.setitem(ablation.PRESETS, "small", (*arms, Arm("none", "none", False)))
    lines: list[str] = []
    run, config = Run(tmp_path / "run"), ProveConfig(seeds=2, workers=1, base_steps=2, train=SMALL)
    one = {"filtered": shards["filtered"]}
    found = prove(one, config, run, lines.append)
    assert len(found["runs"]) == 2 * 4 * 2 and len(found["rows"]) == 8
    assert len({row["tokens"] for row in found["rows"] if row["arm"] != "none"}) == 1
    assert found["runs"][0] == {**found["runs"][0], "data": "filtered", "arm": "moss", "seed": 0}
    by_arm = {row["arm"]: row for row in found["rows"]}
    assert by_arm["none"]["trainable_parameters"] == 0 < by_arm["moss"]["adapter_parameters"]
    assert by_arm["moss"]["trainable_parameters"] == by_arm["moss"]["adapter_parameters"], (
        "the backbone is frozen whole"
    )
    assert found["decoding"]["linear"]["merged"] > 0 and found["decoding"]["moss"]["merged"] is None
    assert found["scale"].startswith("toy")
    assert found["shards"] == {"filtered": {}}, "these have no manifest"
    folder = Path(write(found, run))
    assert json.loads((folder / "report.json").read_text()) == json.loads(json.dumps(found))
    assert "filtered / moss - filtered / separate: image" in (folder / "table.txt").read_text()
    assert plot(found).count("<circle") == len(found["runs"]) * 2 + 2
    (backbone,) = (tmp_path / "run" / "prove" / "runs").glob("base-*")
    stamp = backbone.stat().st_mtime_ns
    victim = next((tmp_path / "run" / "prove" / "runs").glob("*.json"))
    victim.unlink()
    lines.clear()
    again = prove(one, config, run, lines.append)
    assert sum(": image" in line for line in lines) == 1  # only what was lost is trained again
    assert backbone.stat().st_mtime_ns == stamp

    def untimed(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{key: value for key, value in r.items() if key != "seconds_per_step"} for r in runs]

    assert untimed(again["runs"]) == untimed(found["runs"])
    assert set(found["damages"]) == {"as they are", *DAMAGES} and found["damages"]["as they are"] == []
    assert len(table_lines(found)) == 1 + 8 + 1 + len(found["comparisons"]) + 1 + 1 + len(DAMAGES) + 1


def test_the_report_names_the_shards_by_their_manifest(tmp_path: Path) -> None:
    files = [{"file": "train-00000-of-00001.parquet", "sha256": "ab", "rows": 3}]
    (tmp_path / "manifest.json").write_text(json.dumps({"files": files}))
    assert ablation._listed(tmp_path) == {"train-00000-of-00001.parquet": "ab"}


def test_what_cannot_be_proved_is_named(shards: dict[str, Path], tmp_path: Path) -> None:
    write_synthetic(tmp_path / "bad", records=8, held_out=2)
    write_synthetic(tmp_path / "few", records=2, held_out=2)
    damage_shards(tmp_path / "bad", tmp_path / "swapped", DAMAGES["roles swapped"])
    with pytest.raises(LeafError, match="data 'x'.*turns, answer failed"):
        prove({"x": tmp_path / "swapped"}, ProveConfig(train=SMALL), Run(tmp_path / "run"))
    with pytest.raises(LeafError, match="2 records are too few to hold 4"):
        read_grid({"x": tmp_path / "few"}, SMALL, 100)
    with pytest.raises(LeafError, match="'shuffled' is taken"):
        prove({"shuffled": tmp_path}, ProveConfig(), Run(tmp_path / "run"))
    with pytest.raises(LeafError, match="did you mean 'small'"):
        ProveConfig(preset="smal")
    with pytest.raises(LeafError, match="NAME=FOLDER"):
        named_folders(["runs/raw"], None)
    assert named_folders(["raw=a"], tmp_path) == {"filtered": tmp_path, "raw": Path("a")}
    assert with_train(ProveConfig(), steps=7).train.steps == 7


def test_command_says_what_is_wrong(tmp_path: Path) -> None:
    found = CliRunner().invoke(app, ["prove", "--out", str(tmp_path), "--data", f"raw={tmp_path}"])
    assert isinstance(found.exception, LeafError) and "no train-*.parquet here" in str(found.exception)
