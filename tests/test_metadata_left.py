"""An image with metadata that stays: dropped by a rule, else the build stops, unless the pipeline allows it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from made.tree import edit, edit_filter, make_project, page, picture, run_build

from leafinstruct.errors import LeafError
from leafinstruct.shard.check import check

ODD = picture("odd", "GIF")[:-1] + b"\x00Jane Doe\x3b"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one odd image; returns its pipeline."""
    for name in ("stool", "spoon"):
        page(tmp_path / "tree/wood", name)
    (tmp_path / "tree/wood/images/stool-2.png").write_bytes(ODD)
    return make_project(tmp_path, tmp_path / "tree", filters=["image"], shard={"validation": 0.0, "test": 0.0})


def without_rule(pipeline: Path) -> None:
    edit_filter(pipeline.parent.parent, "image", "when: metadata_left != ''", "when: metadata_left == 'nothing'")


def test_a_rule_drops_it(project: Path, tmp_path: Path) -> None:
    run = run_build(project, tmp_path / "run")
    rows = [row for name in run.partitions() for row in run.table(f"decisions/{name}.parquet").to_pylist()]
    assert [row["dropped_by"] for row in rows if not row["kept"]] == ["image.metadata_left"]
    assert not any(b"Jane Doe" in file.read_bytes() for file in run.file("shards").iterdir())
    assert check(run.file("shards")).metadata_left == 0
    assert "cannot be removed" not in run.file("shards/data_card.md").read_text()


def test_without_the_rule_the_build_stops(project: Path, tmp_path: Path) -> None:
    without_rule(project)
    with pytest.raises(
        LeafError, match=r"image [0-9a-f]{64} .* metadata that cannot be removed \(unreadable\)"
    ) as said:
        run_build(project, tmp_path / "run")
    assert "name: metadata_left" in str(said.value) and "\n" not in str(said.value)


def test_what_is_allowed_is_counted(project: Path, tmp_path: Path) -> None:
    without_rule(project)
    edit(project, shard={"validation": 0.0, "test": 0.0, "metadata_left": "publish"})
    run = run_build(project, tmp_path / "run")
    listed = json.loads(run.file("shards/manifest.json").read_text())
    assert [file["metadata_left"] for file in listed["files"]] == [1]
    found = check(run.file("shards"))
    assert found.ok and found.metadata_left == 1 == found.to_dict()["metadata_left"]
    assert "note: 1 images have metadata that cannot be removed" in found.lines
    assert re.search(r"1 of \d images have metadata", run.file("shards/data_card.md").read_text())


def test_what_the_manifest_does_not_allow_is_a_fault(project: Path, tmp_path: Path) -> None:
    without_rule(project)
    edit(project, shard={"validation": 0.0, "test": 0.0, "metadata_left": "publish"})
    place = run_build(project, tmp_path / "run").file("shards/manifest.json")
    listed = json.loads(place.read_text())
    del listed["files"][0]["metadata_left"]
    place.write_text(json.dumps(listed))
    assert check(place.parent).failed == ("manifest",)
