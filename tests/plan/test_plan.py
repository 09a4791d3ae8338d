"""`leafinstruct plan`: what is counted against what is built, intervals, and how sums are scaled."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from made.tree import counts, leafinstruct, make_project, page, run_build

from leafinstruct.errors import LeafError
from leafinstruct.harvest.base import Chunk
from leafinstruct.pipeline import load_pipeline
from leafinstruct.plan.predict import plan_lines, predict, prices, whole_of
from leafinstruct.plan.sample import Part, Sample, weight
from leafinstruct.timing import Spent


def sample(costs: dict[str, float], weights: dict[str, float], whole: int) -> Sample:
    """A sample of one source whose harvest took `costs` in partitions that are `weights` of the input."""
    parts = {name: Part("s", weights[name], documents=10, images=30, disk=1000) for name in costs}
    spent = tuple(Spent("harvest", (name, "s"), cost, cost) for name, cost in costs.items())
    stages = {"harvest": (sum(costs.values()) + 2.0, sum(costs.values()) + 2.0)}
    return Sample(parts, {"s": whole}, spent, stages, (), {"harvest": (2.0, 2.0)}, {"s": 1 << 20}, 0, 0)


@pytest.fixture
def pipeline(tmp_path: Path) -> Path:
    return make_project(tmp_path)


def test_a_sum_is_scaled_by_the_share_of_the_input(pipeline: Path) -> None:
    taken = sample({"a": 1.0, "b": 3.0}, {"a": 0.05, "b": 0.15}, 10)
    found = predict(taken, load_pipeline(pipeline), 1, 0.0, {"cpu-hour": 36.0})
    (stage,) = found["stages"]
    assert stage["cpu_seconds"] == pytest.approx(4.0 / 0.2 + 2.0), "what a stage costs in any case is not scaled"
    assert stage["seconds"]["value"] == pytest.approx(22.0)
    assert found["documents"]["value"] == pytest.approx(100)
    assert found["cost"]["cpu-hour"] == pytest.approx(22.0 / 3600 * 36)
    two = predict(taken, load_pipeline(pipeline), 2, 0.0, {})
    assert two["stages"][0]["seconds"]["value"] == pytest.approx(12.0), "work on partitions is shared, the rest is not"


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    import numpy as np

    chance = np.random.default_rng(1)
    held = 0
    for _ in range(200):
        costs = chance.lognormal(0, 0.5, 20)
        taken = sample({str(n): c for n, c in enumerate(costs)}, {str(n): 0.01 for n in range(20)}, 100)
        one = whole_of(taken).of(lambda name, costs=costs: costs[int(name)])
        held += one["low"] <= 100 * np.exp(0.125) <= one["high"]
    assert 0.87 <= held / 200 <= 0.99


def test_one_partition_gives_no_interval(pipeline: Path) -> None:
    found = predict(sample({"a": 1.0}, {"a": 0.1}, 10), load_pipeline(pipeline), 1, 0.0, {})
    assert found["documents"]["low"] is None
    assert "no interval" in "\n".join(plan_lines(found))
    with pytest.raises(LeafError, match="no documents"):
        empty = sample({"a": 1.0}, {"a": 0.1}, 10)
        nothing = {"a": Part("s", 0.1)}
        predict(replace(empty, parts=nothing), load_pipeline(pipeline), 1, 0.0, {})


def test_models_are_not_shared_and_their_loading_is_paid_once(pipeline: Path) -> None:
    taken = sample({"a": 1.0, "b": 1.0}, {"a": 0.1, "b": 0.1}, 10)
    asked = (Spent("rewrite", ("a",), 6.0, 6.0, loading=5.0), Spent("rewrite", ("b",), 1.0, 1.0))
    taken = replace(taken, spent=taken.spent + asked, stages={**taken.stages, "rewrite": (7.0, 7.0)})
    loaded = replace(load_pipeline(pipeline), rewrite={"writer": "llm"})
    found = predict(taken, loaded, 4, 2.0, {})
    rewrite = found["stages"][1]
    assert rewrite["seconds"]["value"] == pytest.approx(2.0 / 0.2 + 5.0)
    assert rewrite["gpu_hours"] == pytest.approx(15.0 * 2 / 3600)


def test_weights_of_chunks(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"x" * 100)
    assert weight(Chunk("c", (), {"documents": [1, 2, 3]})) == 3
    assert weight(Chunk("c", (str(file),), {"start": 20, "end": 60})) == 40
    assert weight(Chunk("c", (str(file),), {"start": 60, "end": None})) == 40
    assert weight(Chunk("c", (), {})) == 1


def test_prices() -> None:
    assert prices("cpu-hour=0.04, gpu-hour=2") == {"cpu-hour": 0.04, "gpu-hour": 2.0}
    with pytest.raises(LeafError, match=r"unknown 'disk'; known names are cpu-hour, gpu-hour, gib-month"):
        prices("disk=1")
    with pytest.raises(LeafError, match="is not NAME=NUMBER"):
        prices("cpu-hour")


@pytest.mark.slow
def test_a_plan_of_everything_counts_what_a_build_makes(pipeline: Path, tmp_path: Path) -> None:
    for number in range(44):
        page(tmp_path / "tree" / f"more{number % 5}", f"thing-{number}")
    done = leafinstruct("plan", str(pipeline), "--limit", "1000", "--workers", "1", "--json", cwd=tmp_path, check=0)
    found = json.loads(done.stdout)
    built = counts(run_build(pipeline, tmp_path / "whole"))
    assert found["documents"]["value"] == pytest.approx(built.documents)
    assert found["documents"]["low"] <= built.documents <= found["documents"]["high"]
    assert [stage["stage"] for stage in found["stages"]] == ["harvest", "filter", "rewrite", "shard"]
    assert all(stage["cpu_seconds"] > 0 for stage in found["stages"])
    assert not (tmp_path / "runs").exists(), "a plan leaves nothing behind"
