from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from made import core as made

from leafinstruct.document import (
    Content,
    Document,
    ImageMeta,
    LostImage,
    Message,
    Record,
    documents_to_table,
    records_to_table,
)
from leafinstruct.filter.decisions import decisions_table
from leafinstruct.filter.edits import apply
from leafinstruct.filter.frame import make_view
from leafinstruct.filter.rules import evaluate
from leafinstruct.report.funnel import Funnel, funnel, funnel_lines
from leafinstruct.run import Run


def record(name: str, dropped_by: str = "") -> Record:
    shown = made.image(name).image
    return Record(
        name, name, "continue", "made", "", "", "", "", "", "en",
        (Message("assistant", (Content("image"),)),), (shown,), (ImageMeta(shown, "", "", "", None),),
        writer="template", dropped_by=dropped_by,
    )  # fmt: skip


def documents() -> dict[str, list[Document]]:
    lost = [LostImage(0, "r", "missing"), LostImage(1, "s", "svg")]
    return {
        "p0": [
            made.document("a", [made.text("x"), made.image("a"), made.image("b")], lost),
            made.document("b", [made.text("x"), made.image("c")], lost[:1]),
            made.document("c", error="empty"),
        ],
        "p1": [made.document("d", [made.text("x"), made.image("d")]), made.document("e", [made.image("e")])],
    }


SIZES = {("a", 1): 9.0, ("a", 2): 1.0, ("b", 1): 1.0, ("d", 1): 9.0, ("e", 0): 9.0}


def harvest(run: Run) -> None:
    run.commit_json("run.json", {"partitions": [{"name": "p0"}, {"name": "p1"}]})
    for name, found in documents().items():
        run.commit_table(f"documents/{name}.parquet", documents_to_table(found), "f")


def filtered(run: Run, folder: Path) -> None:
    rules = [made.rule("low", "image", "size < 5"), made.rule("none", "document", "count() < 1")]
    built = made.pipeline(folder, {"one": rules})
    rows = [{"document": d, "part": p, "size": v} for (d, p), v in SIZES.items()]
    for name, found in documents().items():
        mine = [r for r in rows if r["document"] in {d.id for d in found}]
        verdicts = evaluate(built, make_view(found, built, made.scores(built, "one", mine)))
        run.commit_table(f"decisions/{name}.parquet", decisions_table(verdicts), "f")
        alive = [d for d, ok in zip(found, verdicts.documents_alive, strict=True) if ok]
        run.commit_table(f"filtered/{name}.parquet", documents_to_table(apply(d, frozenset()) for d in alive), "f")


def rewritten(run: Run) -> None:
    run.commit_table("records/p0.parquet", records_to_table([record("a")]), "f")
    run.commit_table("records/p1.parquet", records_to_table([record("d"), record("e", "verify:leak")]), "f")


def published(run: Run, train: int = 1, dropped: int = 1) -> None:
    shards = [{"split": "train", "rows": train}, {"split": "test", "rows": 0}]
    run.commit_json("shards/manifest.json", {"files": shards, "provenance": {"dropped": {"shares_image": dropped}}})


def test_nothing_built_is_an_empty_funnel(tmp_path: Path) -> None:
    assert funnel(Run(tmp_path)) == Funnel()
    assert funnel(Run(tmp_path)).balance() == []


def test_after_harvest_only_harvest_is_counted(tmp_path: Path) -> None:
    run = Run(tmp_path)
    harvest(run)
    found = funnel(run)
    lost = {"missing": 2, "svg": 1}
    assert replace(found, examples={}) == Funnel(
        documents=5, images=5, not_read={"empty": 1}, lost_images=lost, stages=["harvest"]
    )
    assert "records" not in "\n".join(funnel_lines(found))


def test_every_document_and_image_is_under_one_name(tmp_path: Path) -> None:
    run = Run(tmp_path / "run")
    harvest(run)
    filtered(run, tmp_path)
    rewritten(run)
    published(run)
    found = funnel(run)
    assert replace(found, examples={}) == Funnel(
        documents=5,
        images=5,
        not_read={"empty": 1},
        lost_images={"missing": 2, "svg": 1},
        dropped_documents={"harvest:empty": 1, "one.none": 1},
        dropped_images={"one.low": 2},
        kept_documents=3,
        kept_images=3,
        dropped_rewriting={"verify:leak": 1},
        records=2,
        dropped_splitting={"shares_image": 1},
        published={"test": 0, "train": 1},
        stages=["harvest", "filter", "rewrite", "shard"],
    )
    assert found.balance() == []
    assert found.to_dict()["adds_up"] is True
    text = "\n".join(funnel_lines(found))
    for line in (
        "kept by filters              3    with 3 images",
        "2    one.low",
        "1    verify:leak",
        "1    shares_image",
        "test 0, train 1",
    ):
        assert line in text
    assert "does not add up" not in text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"documents": 6}, "documents harvested"),
        ({"images": 4}, "images harvested"),
        ({"kept_documents": 4, "documents": 6}, "documents kept by filters"),
        ({"published": {"train": 2}}, "records = records published"),
    ],
)
def test_counts_that_do_not_add_up_are_reported(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    run = Run(tmp_path / "run")
    harvest(run)
    filtered(run, tmp_path)
    rewritten(run)
    published(run)
    broken = replace(funnel(run), **change)
    (wrong,) = broken.balance()
    assert words in wrong
    assert broken.to_dict()["adds_up"] is False
    assert funnel_lines(broken)[-1] == f"does not add up: {wrong}"


def test_a_file_of_a_partition_that_is_not_planned_is_not_counted(tmp_path: Path) -> None:
    run = Run(tmp_path)
    harvest(run)
    run.commit_json("run.json", {"partitions": [{"name": "p1"}]})
    assert funnel(run).documents == 2


def test_stages_that_lost_a_row_are_reported(tmp_path: Path) -> None:
    run = Run(tmp_path / "run")
    harvest(run)
    filtered(run, tmp_path)
    run.commit_table("records/p0.parquet", records_to_table([record("a")]), "f")
    run.commit_table("records/p1.parquet", records_to_table([record("d")]), "f")
    assert funnel(run).balance() == ["documents kept by filters = records + documents dropped while rewriting"]


def test_examples_of_what_was_lost_are_named(tmp_path: Path) -> None:
    lost = [LostImage(0, f"i{n}.png", "missing") for n in range(5)]
    rows = [
        replace(made.document("a", [made.text("x")], lost), url="https://a.example/1"),
        *(replace(made.document(f"b{n}", error="template"), url="", path=f"docs/{n}.html") for n in range(2)),
    ]
    run = Run(tmp_path)
    run.commit_json("run.json", {"partitions": [{"name": "p0"}]})
    run.commit_table("documents/p0.parquet", documents_to_table(rows), "f")
    found = funnel(run)
    assert found.to_dict()["examples"] == {
        "lost_images": {"missing": [f"i{n}.png in https://a.example/1" for n in range(3)]},
        "not_read": {"template": ["docs/0.html", "docs/1.html"]},
    }
    lines = [str(line).strip() for line in funnel_lines(found, named=True)]
    assert lines[1:4] == ["not read             2    template", "docs/0.html", "docs/1.html"]
    assert lines[4:] == ["lost image           5    missing", *found.examples["lost_images"]["missing"], "and 2 more"]
    assert not any("docs/" in str(line) for line in funnel_lines(found))
