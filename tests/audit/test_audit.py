from __future__ import annotations

import json
from pathlib import Path

import pytest
from made.audit import kept_run
from made.core import pipeline as made_pipeline
from made.core import rule
from typer.testing import CliRunner

from leafinstruct.audit.audit import audit
from leafinstruct.audit.calibrate import knobs, with_rules
from leafinstruct.audit.cases import judged_alone
from leafinstruct.audit.table import audit_lines
from leafinstruct.cli import app
from leafinstruct.engine.local import run_tasks
from leafinstruct.errors import LeafError
from leafinstruct.progress import Progress
from leafinstruct.run import Run

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict]:
    folder = tmp_path_factory.mktemp("audit")
    run, pipeline = kept_run(folder, 10)
    report = audit(run, pipeline, run_tasks, documents=8, calibrated=True, progress=Progress(quiet=True))
    return folder, report


def test_clean_documents_pass_again_and_tiny_images_are_detected(found: tuple[Path, dict]) -> None:
    _, report = found
    assert report["clean"]["rows"] == 8 and report["clean"]["share"] == 1.0
    tiny = report["defects"]["image_tiny"]
    assert tiny["recall"] == 1.0 and tiny["by"]["image.too_small"] == 8
    assert report["defects"]["image_everywhere"]["recall"] == 1.0
    assert "repeats" in report["ablation"]


def test_what_nothing_here_can_see_is_named(found: tuple[Path, dict]) -> None:
    _, report = found
    assert {"images_shuffled", "images_same_topic"} <= set(report["nothing_catches"])
    assert report["defects"]["images_shuffled"]["best"] is None


def test_ablation_gives_each_filter_what_it_alone_detects(found: tuple[Path, dict]) -> None:
    _, report = found
    assert report["ablation"]["image"]["catches_alone"]["image_tiny"] == 8
    assert "image_tiny" not in report["ablation"]["repeats"]["catches_alone"]


def test_corpus_scorers_are_left_out_and_said_so(found: tuple[Path, dict]) -> None:
    _, report = found
    assert [entry["what"] for entry in report["left_out"]] == ["duplicates"]


def test_the_report_is_committed_and_reads_as_lines(found: tuple[Path, dict]) -> None:
    folder, report = found
    run = Run(folder / "run")
    assert run.json("audit.json") == json.loads(json.dumps(report))
    inner = Run(run.file(report["audit"]))
    rows = sum(inner.table(f"documents/{name}.parquet", ["id"]).num_rows for name in inner.partitions())
    assert rows == len(inner.json("cases.json"))
    text = "\n".join(audit_lines(report))
    assert "images_shuffled" in text and "left out: duplicates" in text and "as shipped" in text


def test_a_second_audit_scores_nothing_again(found: tuple[Path, dict], monkeypatch: pytest.MonkeyPatch) -> None:
    from leafinstruct.filter import stage
    from leafinstruct.pipeline import load_pipeline

    folder, report = found

    def fail(*_: object) -> None:
        raise AssertionError("scored again")

    monkeypatch.setattr(stage, "score_partition", fail)
    pipeline = load_pipeline(folder / "pipelines" / "made.yaml")
    again = audit(Run(folder / "run"), pipeline, run_tasks, documents=8, calibrated=True, progress=Progress(quiet=True))
    assert again == report


def test_the_command_prints_the_report(found: tuple[Path, dict]) -> None:
    folder, report = found
    arguments = ["audit", str(folder / "pipelines" / "made.yaml"), "--run", str(folder / "run"), "--limit", "8"]
    result = CliRunner().invoke(app, [*arguments, "--json", "--quiet", "--workers", "1"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["defects"].keys() == report["defects"].keys()


def test_a_run_without_kept_documents_is_said_to_have_none(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.commit_json("run.json", {"partitions": []})
    with pytest.raises(LeafError, match="no kept documents"):
        audit(run, made_pipeline(tmp_path, {"a": [rule("r", "document", "words < 3")]}), run_tasks)


def test_only_single_comparisons_are_calibrated(tmp_path: Path) -> None:
    made = made_pipeline(
        tmp_path,
        {
            "a": [
                rule("low", "document", "words < 3"),
                rule("high", "image", "size > 2.5"),
                rule("mean", "document", "mean(size) < -1"),
                rule("two", "document", "words < 3 or odds > 2"),
                rule("sum", "document", "words + odds > 2"),
                rule("count", "document", "count() < 1"),
                rule("tone", "document", "tone == 'x'"),
            ]
        },
    )
    turned = {k.label: (k.reads, k.sign) for k in knobs(made)}
    assert turned == {"a.low": ("a.words", -1.0), "a.high": ("max(a.size)", 1.0), "a.mean": ("mean(a.size)", -1.0)}
    low = next(k for k in knobs(made) if k.label == "a.low")
    changed = with_rules(made, {"a.low": low.text(-7.0)})
    assert [r.when.text for r in changed.filters[0].rules if r.name == "low" and r.when] == ["words < 7"]


def test_rules_about_what_is_declared_are_left_out(tmp_path: Path) -> None:
    rules = [rule("licence", "document", "document.license != 'MIT'"), rule("short", "document", "words < 3")]
    alone, left = judged_alone(made_pipeline(tmp_path, {"a": rules}))
    assert [r.name for r in alone.filters[0].rules] == ["short"] and [e["what"] for e in left] == ["a.licence"]


def test_calibration_tries_thresholds_on_documents_they_were_not_chosen_on(found: tuple[Path, dict]) -> None:
    _, report = found
    curve = report["calibration"]["curve"]
    assert [p["each_rule_keeps"] for p in curve] == sorted((p["each_rule_keeps"] for p in curve), reverse=True)
    assert report["calibration"]["shipped"]["clean_kept"] == 1.0
    assert curve[-1]["recall"] >= curve[0]["recall"]
