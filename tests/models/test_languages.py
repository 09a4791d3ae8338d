"""Documents in a language that a model does not support: skipped, logged, counted, and asked about once it does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from made.core import document, project, text

from leafinstruct.context import Context, Opened
from leafinstruct.document import documents_to_table, images_to_table
from leafinstruct.errors import LeafError
from leafinstruct.filter import stage as filter_stage
from leafinstruct.filter.partitions import scores_file
from leafinstruct.models.languages import checked_languages, supports
from leafinstruct.pipeline import load_pipeline
from leafinstruct.progress import Progress
from leafinstruct.run import Run

SCORER = """
from leafinstruct.score.base import Column, ModelScorer

class Length(ModelScorer):
    model = "llm"
    columns = (Column("length", "document", "int", "", ""),)
    asked = []
    def load(self, pool): ...
    def score(self, items, open_image):
        for item in items:
            self.asked.append(item.document.id)
            yield {"document": item.document.id, "length": len(item.document.text)}
"""
RULE = {"name": "short", "drop": "document", "when": "length < 1", "missing": "keep", "origin": "own"}


class Told(Progress):
    """Keeps what is said."""

    lines: list[str]

    def warn(self, text: str) -> None:
        self.lines.append(text)


def test_codes_are_checked() -> None:
    assert checked_languages(["fr", "en", "en"]) == ("en", "fr") and checked_languages([]) == ()
    for wrong in (["English"], "EN", [3]):
        with pytest.raises(LeafError, match=r"write a list such as \[en, de\]"):
            checked_languages(wrong)


def test_a_model_without_languages_and_a_text_without_one_are_no_reason_to_pass_over() -> None:
    assert supports((), "zh") and supports(("en",), "") and supports(("en",), "en-GB")
    assert not supports(("en",), "de") and not supports(("en",), "zh-Hans")


def score(
    folder: Path, languages: list[str], names: str = "en de en fr"
) -> tuple[dict[str, Any], list[str], list[str]]:
    """Rows by document, what was said, and which documents the model was asked about."""
    path = project(
        folder,
        {"length": {"scorer": "./length.py:Length", "rules": [RULE]}},
        models={"llm": {"model": "a/b", "languages": languages}},
    )
    (folder / "length.py").write_text(SCORER)
    made = load_pipeline(path, resolve_models=False)
    run = Run(folder / "run")
    documents = [document(f"{i}", [text("words")], language=name) for i, name in enumerate(names.split())]
    run.commit_table("documents/p.parquet", documents_to_table(documents), "x")
    run.commit_table("images/p.parquet", images_to_table([]), "x")
    run.commit_json("run.json", {"partitions": [{"name": "p", "source": "made"}]})
    told = Told()
    told.lines = []
    job = Opened(made, run)
    context = Context(run, made, lambda f, tasks, _: (f(*task) for task in tasks), progress=told, job=job)
    filter_stage.run(context)
    rows = {row["document"]: row for row in run.table(scores_file(made.filters[0], "p")).to_pylist()}
    assert len(run.table("decisions/p.parquet")) == len(documents)
    listed: list[str] = type(made.filters[0].scorer).asked  # type: ignore[union-attr]
    asked = listed.copy()
    listed.clear()
    return rows, [line for line in told.lines if "skipped" in line], asked


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "length.py").write_text(SCORER)
    return tmp_path


def test_they_are_null_by_name_and_counted(folder: Path) -> None:
    rows, said, asked = score(folder, ["en"])
    assert {name: (row["length"], row["error"]) for name, row in rows.items()} == {
        "0": (5, None),
        "1": (None, "language"),
        "2": (5, None),
        "3": (None, "language"),
    }
    assert asked == ["0", "2"]
    assert said == ["length: skipped 2 documents (1 in de, 1 in fr): a/b supports only en"]


def test_another_language_asks_about_its_documents_alone(folder: Path) -> None:
    score(folder, ["en"])
    rows, said, asked = score(folder, ["en", "de"])
    assert asked == ["1"] and rows["1"]["length"] == 5 and rows["3"]["error"] == "language"
    assert said == []  # the French one was skipped before


def test_a_model_that_speaks_no_language_of_the_corpus_is_refused(folder: Path) -> None:
    with pytest.raises(LeafError, match=r"length: a/b supports only ja, .* 4 documents \(1 in de, 2 in en, 1 in fr\)"):
        score(folder, ["ja"])


def test_languages_do_not_make_other_numbers(folder: Path) -> None:
    path = project(folder, {"length": {"scorer": "./length.py:Length"}}, models={"llm": {"model": "a/b"}})
    plain = load_pipeline(path, resolve_models=False).filters[0].folder
    changed = {"llm": {"model": "a/b", "languages": ["en"]}}
    path = project(folder, {"length": {"scorer": "./length.py:Length"}}, models=changed)
    assert load_pipeline(path, resolve_models=False).filters[0].folder == plain
