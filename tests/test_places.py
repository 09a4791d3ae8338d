from __future__ import annotations

import shutil
from pathlib import Path

from leafinstruct.places import add_export, add_push, places, run_above, set_pages
from leafinstruct.run import Run


def test_places_in_the_project_move_with_it(tmp_path: Path) -> None:
    run = Run(tmp_path / "project/runs/made")
    run.commit_json("run.json", {"partitions": []})
    page, outside = tmp_path / "project/sample.html", tmp_path / "elsewhere.html"
    for file in (page, outside):
        file.write_text("a page")
    add_push(run, "me/garden")
    add_push(run, "me/garden")
    add_export(run, tmp_path / "project/tars")
    set_pages(run, [page, outside])
    shutil.copytree(tmp_path / "project", tmp_path / "copy")
    found = places(Run(tmp_path / "copy/runs/made"))
    assert found.pushes == ("me/garden",) and found.exports == (str(tmp_path / "copy/tars"),)
    assert set(found.pages) == {str(tmp_path / "copy/sample.html"), str(outside)}
    set_pages(run, (), forget=[str(page)])
    assert set(places(run).pages) == {str(outside)}


def test_the_run_of_a_folder_of_shards(tmp_path: Path) -> None:
    (tmp_path / "shards").mkdir()
    assert run_above(tmp_path / "shards") is None and not places(Run(tmp_path)).pushes
    Run(tmp_path).commit_json("run.json", {"partitions": []})
    assert run_above(tmp_path / "shards") is not None
