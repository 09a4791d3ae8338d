"""What is decided over all partitions: leaks by meaning fall before repetitions are looked for, and cost one model."""

from __future__ import annotations

from pathlib import Path

import pytest
from made.rewrite import MODELS, SHIPPED, Made, embed
from made.tree import counts, make_project, put, run_build

from leafinstruct.errors import LeafError
from leafinstruct.pipeline import load_pipeline
from leafinstruct.rewrite import stage


class Encoder:
    def __init__(self) -> None:
        self.texts = 0

    def embed_texts(self, texts):  # type: ignore[no-untyped-def]
        self.texts += len(texts)
        return embed(texts)


def project(folder: Path, margin: float, tree: Path | None = None) -> Path:
    put(folder / "pipelines/prompts/mine.md", SHIPPED.read_text(encoding="utf-8"))
    rewrite = {"writer": "llm", "prompt": "prompts/mine.md", "tasks": {"howto": 1}, "leak_margin": margin}
    return make_project(
        folder, tree, rewrite=rewrite, models={**MODELS, "clip": {"model": "ViT-B-32/laion2b_s34b_b79k"}}
    )


def test_a_leak_by_meaning_is_dropped_and_measured_once(
    model: Made,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    encoder = Encoder()
    monkeypatch.setattr("leafinstruct.models.pool.Pool.clip", lambda *_: encoder)
    run = run_build(project(tmp_path, 2.0), tmp_path / "run", "rewrite")
    kept = counts(run).records
    assert kept and encoder.texts, "no margin is above 2"
    before = encoder.texts
    run_build(project(tmp_path, -2.0, tmp_path / "tree"), run.path, "rewrite")
    assert counts(run).dropped_rewriting.get("rewrite:leak_meaning") == kept and not counts(run).records
    assert encoder.texts == before, "another threshold asks no model"
    run_build(project(tmp_path, 0.0, tmp_path / "tree"), run.path, "rewrite")
    assert counts(run).records == kept and not counts(run).balance()


def test_it_needs_an_encoder(tmp_path: Path) -> None:
    rewrite = {"writer": "template", "leak_margin": 0.1}
    pipeline = make_project(tmp_path, tmp_path / "tree", rewrite=rewrite)
    with pytest.raises(LeafError, match="leak_margin needs a dual encoder"):
        stage.rewrite_settings(load_pipeline(pipeline))
