"""Scores that a model gave under a column's older name are read under today's, and the model is asked nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from made.core import document, project, text

from leafinstruct.context import Context, Opened
from leafinstruct.document import documents_to_table, images_to_table
from leafinstruct.filter import stage
from leafinstruct.filter.partitions import scores_file
from leafinstruct.pipeline import load_pipeline
from leafinstruct.progress import Progress
from leafinstruct.run import Run

SCORER = """
from leafinstruct.score.base import Column, ModelScorer

class Length(ModelScorer):
    model = "llm"
    columns = (Column("NAME", "document", "int", "", ""),)
    ALIASES
    asked = []
    def load(self, pool): ...
    def score(self, items, open_image):
        for item in items:
            self.asked.append(item.document.id)
            yield {"document": item.document.id, "NAME": len(item.document.text)}
"""


def build(folder: Path, name: str, renamed: str, read: str) -> tuple[Run, list[str], str]:
    """Score two documents; the run, the documents that the model was asked about, and where the scores are."""
    rule = {"name": "short", "drop": "document", "when": f"{read} < 3", "origin": "own"}
    filters = {"length": {"scorer": "./length.py:Length", "rules": [rule]}}
    path = project(folder, filters, models={"llm": {"model": "a/b"}})
    (folder / "length.py").write_text(SCORER.replace("NAME", name).replace("ALIASES", renamed))
    pipeline, run = load_pipeline(path, resolve_models=False), Run(folder / "run")
    scorer: Any = pipeline.filters[0].scorer
    scorer.code = ""  # as if built in: any edit of a project's own scorer makes its scores stale
    documents = [document("a", [text("no")]), document("b", [text("words")])]
    run.commit_table("documents/p.parquet", documents_to_table(documents), "x")
    run.commit_table("images/p.parquet", images_to_table([]), "x")
    run.commit_json("run.json", {"partitions": [{"name": "p", "source": "made"}]})
    context = Context(
        run,
        pipeline,
        lambda f, tasks, _: (f(*task) for task in tasks),
        progress=Progress(quiet=True),
        job=Opened(pipeline, run),
    )
    stage.run(context)
    return run, list(scorer.asked), scores_file(pipeline.filters[0], "p")


def test_a_renamed_column_keeps_what_the_model_said(tmp_path: Path) -> None:
    _, asked, before = build(tmp_path, "size", "", "size")
    assert asked == ["a", "b"]
    run, asked, after = build(tmp_path, "length", 'renamed = {"size": "length"}', "length")
    assert (asked, after) == ([], before)
    assert run.table(after, ["document", "length"]).to_pylist() == [
        {"document": "a", "length": 2},
        {"document": "b", "length": 5},
    ]
    kept = {row["document"]: row["kept"] for row in run.table("decisions/p.parquet").to_pylist()}
    assert kept == {"a": False, "b": True}


def test_a_rule_with_the_older_name_decides_the_same(tmp_path: Path) -> None:
    build(tmp_path, "size", "", "size")
    run, asked, _ = build(tmp_path, "length", 'renamed = {"size": "length"}', "size")
    assert asked == []
    kept = {row["document"]: row["kept"] for row in run.table("decisions/p.parquet").to_pylist()}
    assert kept == {"a": False, "b": True}
