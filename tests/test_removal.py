"""A takedown through a build: the document goes, the image goes with what pointed at it, the shards follow."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
from made.tree import counts, make_project, run_build

from leafinstruct.removal import Removal, Removals, add_removals
from leafinstruct.run import Run


def rows(run: Run) -> list[dict]:
    files = sorted(run.file("shards").glob("*.parquet"))
    return [row for file in files for row in pq.read_table(file, columns=["id", "site", "image_meta"]).to_pylist()]


def test_a_later_build_leaves_out_what_was_removed(tmp_path: Path) -> None:
    pipeline = make_project(tmp_path)
    run = run_build(pipeline, tmp_path / "run")
    before = rows(run)
    scores = {path: path.stat().st_mtime_ns for path in run.file("scores").rglob("*.parquet")}
    site = before[0]["site"]
    kept = next(row for row in before if row["site"] != site and len(row["image_meta"]) > 1)
    image = kept["image_meta"][0]["source_sha256"]
    add_removals(tmp_path, [Removal("site", site), Removal("sha256", image)])

    after = rows(run_build(pipeline, tmp_path / "run"))
    assert before != after
    assert not [row for row in after if row["site"] == site]
    assert not [m for row in after for m in row["image_meta"] if m["source_sha256"] == image]
    found = counts(run)
    assert found.dropped_documents["removed"] == 4
    assert found.dropped_images["removed"] >= 1
    assert scores == {path: path.stat().st_mtime_ns for path in run.file("scores").rglob("*.parquet")}


def test_an_address_is_taken_down_in_any_spelling() -> None:
    asked = Removals([Removal("url", "http://www.A.example/x/?utm_source=y#top")])
    assert asked.names("https://a.example/x", "a.example")
    assert not asked.names("https://a.example/y", "a.example") and not asked.names("", "")
