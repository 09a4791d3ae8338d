"""The command: what it refuses before anything is sent, and what it remembers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from made.hub import TOKEN, Hub, loopback_hub
from made.invoke import in_this_process
from made.tree import edit, edit_filter, make_project, put, run_build

from leafinstruct.errors import LeafError
from leafinstruct.places import places
from leafinstruct.removal import Removal, add_removals
from leafinstruct.run import Run

pytest.importorskip("huggingface_hub")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    with loopback_hub(monkeypatch, tmp_path / "cache") as server:
        yield server


class Project:
    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capsys = folder, capsys
        self.pipeline = make_project(folder)
        source = {"name": "made", "kind": "tutorial", "path": f"{folder}/tree/*", "partition": 4, "license": "CC0-1.0"}
        edit(self.pipeline, sources=[source])
        self.build()

    def build(self) -> Run:
        return run_build(self.pipeline, self.folder / "runs/made")

    def push(self, *words: str, code: int = 0) -> str:
        with in_this_process() as run:
            assert run("push", *words, folder=self.folder) == code
        said = self._capsys.readouterr()
        return said.err.splitlines()[-1] if code else said.out


@pytest.fixture
def project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Project:
    return Project(tmp_path, capsys)


def test_shards_of_other_rules_are_refused(project: Project, hub: Hub) -> None:
    edit_filter(project.folder, "text", "words < ", "words < 1")
    line = project.push("me/garden", code=2)
    assert "its shards are stale: they are of made-" in line and "leafinstruct build --stage shard" in line
    assert not hub.created
    assert "the push would be refused: " in project.push("me/garden", "--dry-run")
    project.build()
    assert "commit/" in project.push("me/garden")


def test_records_of_other_prompts_are_refused(project: Project, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "leafinstruct.rewrite.stage.VERSION", 99
    )  # changes what records are made from, as a prompt does
    assert "its shards are stale: prompts or tasks were edited" in project.push("me/garden", code=2)


def test_a_build_that_ended_without_records_publishes_nothing(project: Project, hub: Hub) -> None:
    put(
        project.folder / "filters/text.yaml",
        "scorer: text\nrules:\n  - {name: short, drop: document, when: words < 99999, origin: own}\n",
    )
    with pytest.raises(Exception, match="rewriting made no record"):
        project.build()
    assert "if it ends without records, there is nothing to publish" in project.push("me/garden", code=2)
    assert not hub.created and "its shards are stale" in project.push("./there", code=2)


def test_licenses_are_allowed_by_name(project: Project, hub: Hub) -> None:
    source = {"name": "made", "kind": "tutorial", "path": f"{project.folder}/tree/*", "partition": 4}
    edit(project.pipeline, sources=[source])
    project.build()
    line = project.push("me/garden", code=2)
    assert "records unknown" in line and "--allow-license unknown" in line and not hub.created
    plan = json.loads(project.push("me/garden", "--dry-run", "--json"))
    assert len(plan["refused"]) == 1 and "content" not in plan["files"][0]
    assert "commit/" in project.push("me/garden", "--allow-license", "unknown")


def test_a_dry_run_says_that_a_public_dataset_stays_public(project: Project, hub: Hub) -> None:
    assert "would be refused" not in project.push("me/garden", "--private", "--dry-run")
    project.push("me/garden")
    assert "the push would be refused: me/garden: this dataset is public" in project.push(
        "me/garden", "--private", "--dry-run"
    )


def test_options_of_the_hub_at_a_folder(project: Project) -> None:
    line = project.push("./there", "--private", "--squash", code=2)
    assert "--private, --squash: only for datasets on the Hub; ./there is a filesystem" in line


def test_a_run_that_cannot_be_written_is_pushed_all_the_same(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise LeafError("places.json: Read-only file system")

    monkeypatch.setattr("leafinstruct.shard.publish.push.add_push", refuse)
    assert "not remembered for takedowns: places.json: Read-only" in project.push("./there")
    assert (project.folder / "there/manifest.json").exists()


def test_an_empty_dataset_is_pushed(project: Project, hub: Hub) -> None:
    project.push("me/garden")
    project.push("./there")
    assert places(project.build()).pushes == ("./there", "me/garden")
    add_removals(project.folder, [Removal("site", site) for site in ("wood", "clay", "wool", "glass")])
    assert "records were removed since these shards were built" in project.push("me/garden", code=2)
    project.build()
    out = project.push("me/garden", "--squash")
    assert "delete   test-00000-of-00001.parquet" in out and "deleted tag made-" in out
    assert {name for name in hub.files if name.endswith(".parquet")} == {"train-00000-of-00001.parquet"}
    assert len(hub.branches["main"]) == 1 and len(hub.tags) == 1 and hub.tags[0][1] == hub.head
    project.push("./there")
    assert {path.name for path in (project.folder / "there").glob("*.parquet")} == {"train-00000-of-00001.parquet"}


def test_an_export_of_what_was_removed_is_refused(project: Project) -> None:
    pytest.importorskip("webdataset")
    with in_this_process() as run:
        assert run("export", "runs/made/shards", "tars", folder=project.folder) == 0
        add_removals(project.folder, [Removal("path", "clay/bowl.md")])
        assert run("export", "runs/made/shards", "tars", folder=project.folder) == 2
        project.build()
        assert run("export", "runs/made/shards", "tars", folder=project.folder) == 0
    assert places(Run(project.folder / "runs/made")).exports == (str(project.folder / "tars"),)
