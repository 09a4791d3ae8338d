"""A build deletes nothing that is not its own, and says in one line where it cannot build."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from made.tree import edit, leafinstruct, make_project, page, put, run_build, shard_bytes

from leafinstruct import layout
from leafinstruct.errors import LeafError
from leafinstruct.run import Run

FOREIGN = (
    "documents/mine.parquet",
    "images/made-00000-old.parquet",
    "decisions/mine.parquet",
    "index/made/mine.parquet",
    "shards/train-00000-of-00009.parquet",
    "shards/mine.parquet",
    "scores/.editor.tmp",
    ".notes.12.tmp",
    "notes.txt",
)


@pytest.fixture
def pipeline(tmp_path: Path) -> Path:
    for name in ("stool", "spoon"):
        page(tmp_path / "tree/wood", name)
    return make_project(tmp_path, tmp_path / "tree", filters=["image"])


def plant(run: Path) -> None:
    for name in FOREIGN:
        put(run / name, f"not of a run: {name}")


def assert_there(run: Path) -> None:
    assert [name for name in FOREIGN if not (run / name).is_file() or name not in (run / name).read_text()] == []


def test_a_build_that_was_killed_at_its_first_file_goes_on(pipeline: Path, tmp_path: Path) -> None:
    """There is nothing but a lock, the checksum of the first file, and half of that file."""
    run = Run(tmp_path / "run")
    halves = (".sums/..metas.json.xxh3.leafinstruct.17.tmp", "..metas.json.leafinstruct.17.tmp")
    for name in (layout.LOCK, layout.sums(layout.METAS), *halves):
        put(run.path / name, "")
    run_build(pipeline, run.path)
    assert shard_bytes(run) and not list(run.path.rglob("*.tmp"))


def test_a_folder_of_other_files_is_refused_and_kept(pipeline: Path, tmp_path: Path) -> None:
    plant(tmp_path / "mine")
    before = sorted(tmp_path.joinpath("mine").rglob("*"))
    with pytest.raises(LeafError, match=r"mine holds files that are not of a run, such as \.notes\.12\.tmp"):
        run_build(pipeline, tmp_path / "mine")
    assert sorted(tmp_path.joinpath("mine").rglob("*")) == before
    assert_there(tmp_path / "mine")


def test_another_programs_run_json_makes_no_run(pipeline: Path, tmp_path: Path) -> None:
    put(tmp_path / "mine/run.json", '{"partitions": 3}')
    with pytest.raises(LeafError, match="holds files that are not of a run"):
        run_build(pipeline, tmp_path / "mine")


def test_a_later_build_keeps_what_lies_among_its_files(pipeline: Path, tmp_path: Path) -> None:
    """Everything changes: pages go, so partitions, shards and scores do."""
    run_build(pipeline, tmp_path / "run")
    plant(tmp_path / "run")
    (tmp_path / "tree/wood/spoon.md").unlink()
    edit(pipeline, sources=[{"name": "other", "kind": "tutorial", "path": str(tmp_path / "tree/*")}])
    run = run_build(pipeline, tmp_path / "run")
    assert_there(tmp_path / "run")
    assert not [file for file in run.file("documents").glob("made-*") if "old" not in file.name]


def test_shards_of_a_cut_that_was_begun_go(pipeline: Path, tmp_path: Path) -> None:
    run = run_build(pipeline, tmp_path / "run")
    run.commit_json(".shards.json", ["train-00000-of-00007.parquet"])
    put(run.file("shards/train-00000-of-00007.parquet"), b"half")
    edit(pipeline, shard={"validation": 0.0, "test": 0.0, "seed": "x"})
    run_build(pipeline, tmp_path / "run")
    assert not run.file("shards/train-00000-of-00007.parquet").exists()


def test_what_a_killed_build_left_half_written_goes(pipeline: Path, tmp_path: Path) -> None:
    run = run_build(pipeline, tmp_path / "run")
    half = put(run.file("documents/.made-00000.parquet.leafinstruct.77.tmp"), b"half")
    run_build(pipeline, tmp_path / "run")
    assert not half.exists()


def test_a_run_whose_plan_was_never_written_goes_on(pipeline: Path, tmp_path: Path) -> None:
    """A first build may be killed before `run.json`; its list of files says that the folder is a run."""
    whole = run_build(pipeline, tmp_path / "whole")
    run_build(pipeline, tmp_path / "run")
    (tmp_path / "run/run.json").unlink()
    assert shard_bytes(run_build(pipeline, tmp_path / "run")) == shard_bytes(whole)
    shutil.rmtree(tmp_path / "run")
    with Run(tmp_path / "run").lock():
        put(tmp_path / "run/documents/made-00000.parquet", b"half")
    assert shard_bytes(run_build(pipeline, tmp_path / "run")) == shard_bytes(whole)


ODD_PLACES = {
    "a file": lambda folder: str(put(folder / "file", "x")),
    "below a file": lambda folder: str(put(folder / "file", "x") / "run"),
    "a name that is too long": lambda folder: str(folder / ("n" * 300)),
    "a path that is too long": lambda folder: str(folder / "/".join(["n" * 100] * 60)),
    "a folder that nobody may write": lambda folder: "/proc/1/run",
    "a device": lambda folder: "/dev/null",
    "a project": lambda folder: str(folder),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ODD_PLACES)
def test_an_odd_place_is_one_line_with_its_path(pipeline: Path, tmp_path: Path, kind: str) -> None:
    place = ODD_PLACES[kind](tmp_path)
    done = leafinstruct("build", "--run", place, "--quiet", cwd=tmp_path, check=2)
    lines = done.stderr.splitlines()
    assert len(lines) == 1 and lines[0].startswith("leafinstruct: "), done.stderr
    assert str(Path(place).parent)[:60] in lines[0] and len(lines[0]) < 500


@pytest.mark.parametrize("name", ["../../x", "a/b", "/tmp/x", "", "..", ".x", "x" * 200, "a\0b", "a\nb", 3, ["a"]])
def test_a_name_that_leaves_the_project_is_refused(pipeline: Path, tmp_path: Path, name: object) -> None:
    edit(pipeline, name=name)
    with pytest.raises(LeafError, match=r"made\.yaml: name: ") as said:
        run_build(pipeline, tmp_path / "run")
    assert "\n" not in str(said.value) and not (tmp_path / "run").exists()
