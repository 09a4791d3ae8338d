"""The card of a real run: what was measured stands in it, and goes when it is of other rules or other shards."""

from __future__ import annotations

from pathlib import Path

import pytest
from made.tree import FILTERS, ROOT, edit_filter, make_project, put, run_build

from leafinstruct.audit.audit import audit
from leafinstruct.document import documents_from_table
from leafinstruct.engine.local import run_tasks
from leafinstruct.errors import LeafError
from leafinstruct.pipeline import load_pipeline
from leafinstruct.progress import Progress
from leafinstruct.run import Run
from leafinstruct.shard.card.model import CardFacts
from leafinstruct.shard.stage import card

pytestmark = pytest.mark.slow

DECONTAMINATE = (ROOT / "filters/decontaminate.yaml").read_text().replace("texts: []", "texts: [bench/quiz.txt]")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Run]:
    """A project whose benchmark holds a text of one of its documents."""
    folder = tmp_path_factory.mktemp("card")
    pipeline = make_project(folder, filters=[*FILTERS, "quiz"])
    put(folder / "filters/quiz.yaml", DECONTAMINATE)
    put(folder / "bench/quiz.txt", "nothing that stands anywhere\n")
    first = run_build(pipeline, folder / "runs/first", "harvest")
    documents = [d for p in first.partitions() for d in documents_from_table(first.table(f"documents/{p}.parquet"))]
    text = next(d.text for d in documents if d.url.endswith("stool.md") or "stool" in d.title)
    put(folder / "bench/quiz.txt", " ".join(text.split()[:60]) + "\n")
    return pipeline, run_build(pipeline, folder / "runs/made")


def page(run: Run) -> str:
    return run.file("shards/data_card.md").read_text()


def facts(built: tuple[Path, Run]) -> CardFacts:
    return card(built[1], load_pipeline(built[0]))


def test_a_benchmark_is_counted_by_name(built: tuple[Path, Run]) -> None:
    (found,) = facts(built).benchmarks
    assert (found.name, found.files, found.with_text, found.dropped) == ("quiz", ("bench/quiz.txt",), 1, 1)
    assert found.documents > 5 and found.with_images == 0


def test_without_an_audit_the_card_says_so_and_shows_no_figures(built: tuple[Path, Run]) -> None:
    found = facts(built)
    assert found.audit is None and all(rule.detected is None for one in found.filters for rule in one.rules)
    assert any("were not audited on this run:" in gap for gap in found.known_gaps)
    assert "## Audit" not in page(built[1])


def test_an_audit_renews_the_card_and_another_rule_takes_it_out(built: tuple[Path, Run]) -> None:
    pipeline, run = built
    measured = audit(run, load_pipeline(pipeline), run_tasks, documents=6, progress=Progress(quiet=True))
    before = page(run)
    run_build(pipeline, run.path)
    assert page(run) != before, "a build writes the card again"
    found = facts(built)
    assert found.audit and found.audit.clean_rows == measured["clean"]["rows"] == 6
    image = next(one for one in found.filters if one.name == "image")
    small = next(rule for rule in image.rules if rule.rule.startswith("too_small"))
    assert small.detected == {"image_tiny": measured["defects"]["image_tiny"]["by"]["image.too_small"]}
    assert small.false_positives == 0
    duplicates = next(one for one in found.filters if one.name == "duplicates")
    assert duplicates.rules[0].detected is None, "it was not audited"
    assert any(gap.startswith("Not audited: duplicates") for gap in found.known_gaps)

    edit_filter(pipeline.parent.parent, "image", "long_side < 64", "long_side < 63")
    with pytest.raises(LeafError, match="run first: leafinstruct build"):
        facts(built)
    run_build(pipeline, run.path)
    assert facts(built).audit is None
    assert "since its rules were last changed" in page(run)


def test_a_build_with_nothing_new_leaves_the_card_alone(built: tuple[Path, Run]) -> None:
    pipeline, run = built
    run_build(pipeline, run.path)
    stamp = run.file("shards/data_card.md").stat().st_mtime_ns
    run_build(pipeline, run.path)
    assert run.file("shards/data_card.md").stat().st_mtime_ns == stamp
    run.file("shards/data_card.md").unlink()
    run_build(pipeline, run.path)
    assert page(run)


def test_trainings_count_only_on_these_shards(built: tuple[Path, Run]) -> None:
    pipeline, run = built
    run_build(pipeline, run.path)
    listed = {one["file"]: one["sha256"] for one in run.json("shards/manifest.json")["files"]}
    row = {"data": "filtered", "arm": "moss", "n": 3, "image": 1.0, "image_sd": 0.01, "text": None, "text_sd": None}
    report = {"reference": "filtered", "scale": "Toy scale.", "rows": [row], "shards": {"filtered": listed}}
    run.commit_json("prove/report.json", report)
    found = facts(built).proof
    assert found and found.rows == (("filtered", "moss", 3, "1.000 ± 0.010", "-"),)
    run.commit_json("prove/report.json", {**report, "shards": {"filtered": {**listed, next(iter(listed)): "0" * 64}}})
    assert facts(built).proof is None
    run.remove("prove/report.json")


def test_the_manifest_says_what_the_shards_were_made_from(built: tuple[Path, Run]) -> None:
    made_from = built[1].json("shards/manifest.json")["provenance"]
    assert made_from["versions"]["leafinstruct"] == made_from["leafinstruct"]
    assert {"python", "pyarrow", "pillow"} <= made_from["versions"].keys()
    assert made_from["inputs"]["made"]["partitions"] == len(built[1].partitions())
