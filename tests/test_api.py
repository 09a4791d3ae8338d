"""The front door: what a script does, with the numbers that the command line gives."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from made.tree import ROOT, counts, leafinstruct, make_project

import leafinstruct as li


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_project(tmp_path_factory.mktemp("api"))


@pytest.fixture(scope="module")
def run(project: Path) -> li.OpenedRun:
    return li.build(project, project.parent.parent / "run", stage="shard", quiet=True)


def test_it_counts_as_the_command_line_does(run: li.OpenedRun, project: Path) -> None:
    done = leafinstruct("status", str(project), "--run", str(run.run), "--json", cwd=ROOT)
    found = json.loads(done.stdout)
    assert {key: value for key, value in found.items() if key != "run"} == run.funnel().to_dict()
    assert run.funnel().balance() == [] and run.funnel().documents == counts(run.run).documents > 0


def test_scores_and_decisions_are_tables(run: li.OpenedRun) -> None:
    words = run.scores("text")[["document", "words"]]
    assert len(words) == run.funnel().documents and (words.words > 0).all()
    decisions = run.decisions()
    dropped = decisions[decisions.part.isna()].query("not kept").dropped_by.value_counts().to_dict()
    assert dropped == run.funnel().dropped_documents
    with pytest.raises(li.LeafError, match="no filter 'txt' with scores .did you mean 'text'"):
        run.scores("txt")


def test_stored_scores_are_decided_again_and_nothing_is_written(run: li.OpenedRun) -> None:
    before = {path: path.stat().st_mtime_ns for path in run.run.path.rglob("*")}
    assert run.decide().equals(run.decisions())
    stricter = li.with_rules(run.pipeline, {"text.too_short": "words < 100000"})
    assert not run.decide(stricter).kept.any()
    assert run.decide().kept.any()
    assert {path: path.stat().st_mtime_ns for path in run.run.path.rglob("*")} == before


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ({"text.to_short": "words < 3"}, "no rule 'text.to_short' .did you mean 'text.too_short'"),
        ({"text.too_short": "wrds < 3"}, "unknown column 'wrds'"),
        ({"text.too_short": "words <"}, "rule 'text.too_short': .* is not an expression"),
        ({"duplicates.near_duplicate": "words < 3"}, "keeps one document per group"),
    ],
)
def test_a_rule_that_cannot_be_is_said(run: li.OpenedRun, rules: dict[str, str], said: str) -> None:
    with pytest.raises(li.LeafError, match=said):
        li.with_rules(run.pipeline, rules)


def test_records_and_traces(run: li.OpenedRun) -> None:
    record = next(run.records())
    assert [message.role for message in record.messages][:2] == ["user", "assistant"]
    assert run.trace(record.document)["document"]["id"] == record.document
    assert len(list(run.documents())) == run.funnel().documents
    assert len(list(run.documents(edited=True))) == run.funnel().kept_documents
    assert sum(1 for _ in run.records()) == run.funnel().records


def test_a_run_is_opened_with_its_pipeline(run: li.OpenedRun, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project.parent.parent)
    assert li.open_run(run.run.path).pipeline.path.resolve() == project.resolve()
    monkeypatch.chdir(project.parent)
    with pytest.raises(li.LeafError, match="give pipeline=FILE"):
        _ = li.open_run(run.run.path).pipeline
    assert li.open_run(run.run.path, project).pipeline.name == run.pipeline.name
    with pytest.raises(li.LeafError, match="holds no run"):
        li.open_run(project.parent)


def test_pages_and_shards(run: li.OpenedRun, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("<article><h1>Boat</h1><p>" + "Fold the sheet in half. " * 9 + "</p><img src=a.png></article>")
    parts = li.extract(page, url="https://a.example/x/")
    assert [(part.type, part.url) for part in parts if part.url] == [("image", "https://a.example/x/a.png")]
    assert [part.url for part in li.extract(page) if part.url] == ["a.png"]
    assert li.extract(page).markdown().startswith("# Boat\n\nFold the sheet")
    assert li.check(run.run.path / "shards").ok


def python(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=folder)


def test_importing_it_loads_nothing_heavy() -> None:
    heavy = ("torch", "transformers", "datasets", "pyarrow", "pandas", "numpy", "msgspec", "yaml")
    done = python(f"import leafinstruct as li, sys; print([n for n in {heavy} if n in sys.modules])", ROOT)
    assert done.stdout.strip() == "[]", done.stderr


def test_the_function_stays_where_the_module_of_its_name_is_imported() -> None:
    code = "import leafinstruct as li, leafinstruct.build\nfrom leafinstruct.build import preflight\nprint(li.build)"
    done = python(code, ROOT)
    assert done.stdout.startswith("<function build"), done.stderr


def test_every_public_name_is_there_and_no_other() -> None:
    assert all(getattr(li, name) is not None for name in li.__all__) and set(li.__all__) <= set(dir(li))
    with pytest.raises(AttributeError, match="no attribute 'biuld'"):
        _ = li.biuld


WRONG: list[tuple[str, Callable[[li.OpenedRun], object]]] = [
    ("pipeline: '5' (int); it takes a str or Path", lambda run: li.build(5)),  # type: ignore[arg-type]
    ("pipeline: '' (str); it takes a str or Path, not empty", lambda run: li.build("")),
    ("run: '' (str); it takes a str or Path, not empty", lambda run: li.build(run.pipeline, "")),
    ("run: '5' (int)", lambda run: li.build(run.pipeline, 5)),  # type: ignore[arg-type]
    (" is a file; it takes a folder", lambda run: li.build(run.pipeline, __file__)),
    ("stage: 'None' (NoneType)", lambda run: li.build(run.pipeline, run.run.place, stage=None)),  # type: ignore[arg-type]
    ("unknown stage 'shrd' (did you mean 'shard'?)", lambda run: li.build(run.pipeline, run.run.place, stage="shrd")),
    ("engine: 'None' (NoneType)", lambda run: li.build(run.pipeline, run.run.place, engine=None)),  # type: ignore[arg-type]
    ("workers: 0 is not a whole number", lambda run: li.build(run.pipeline, run.run.place, workers=0)),
    ("workers: '2' is not a whole", lambda run: li.build(run.pipeline, run.run.place, workers="2")),  # type: ignore[arg-type]
    ("limit: True is not a whole number", lambda run: li.build(run.pipeline, run.run.place, limit=True)),
    ("limit: -1 is not a whole number", lambda run: li.build(run.pipeline, run.run.place, limit=-1)),
    ("with_rules takes a Pipeline", lambda run: li.with_rules("made.yaml", {})),  # type: ignore[arg-type]
    ("with_rules takes a Pipeline", lambda run: li.with_rules(run.pipeline, None)),  # type: ignore[arg-type]
    ("no rule '5'", lambda run: li.with_rules(run.pipeline, {5: "words < 3"})),  # type: ignore[dict-item]
    ("filter: 'None' (NoneType); it takes a str", lambda run: run.scores(None)),  # type: ignore[arg-type]
    ("document: '' (str)", lambda run: run.trace("")),
    ("document: 'None' (NoneType)", lambda run: run.trace(None)),  # type: ignore[arg-type]
    ("page: 'None' (NoneType)", lambda run: li.extract(None)),  # type: ignore[arg-type]
    ("target: 'None' (NoneType)", lambda run: li.check(None)),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("said", "call"), WRONG, ids=[said for said, _ in WRONG])
def test_wrong_arguments(said: str, call: Callable[[li.OpenedRun], object], run: li.OpenedRun) -> None:
    with pytest.raises(li.LeafError) as refused:
        call(run)
    assert said in str(refused.value) and "\n" not in str(refused.value)


def test_a_run_of_other_scores_decides_nothing(run: li.OpenedRun, tmp_path: Path) -> None:
    settings = "scorer: text\nsettings: {sample_chars: 77}\n"
    other = make_project(tmp_path, tmp_path / "none", filters=["text"])
    (tmp_path / "filters").mkdir()
    (tmp_path / "filters/text.yaml").write_text(settings)
    opened = li.open_run(run.run.path, other)
    for call in (lambda: opened.scores("text"), opened.decide):
        with pytest.raises(li.LeafError, match="no scores of filter 'text' as .*; build again"):
            call()
