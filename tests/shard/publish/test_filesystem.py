"""Pushing to a folder and to a real S3-speaking server on loopback: what goes, what stays, what a kill leaves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest
from made.s3 import s3_bucket
from made.shard import published

from leafinstruct.errors import LeafError
from leafinstruct.shard.check import check
from leafinstruct.shard.publish import filesystem
from leafinstruct.shard.publish.filesystem import is_filesystem, push_files
from leafinstruct.store import open_filesystem


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    return published(tmp_path / "shards")


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    with s3_bucket("garden") as address:
        yield f"{address}/data"


def target_of(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    return str(tmp_path / "there") if kind == "folder" else f"{request.getfixturevalue('bucket')}/{tmp_path.name}"


def names(target: str) -> set[str]:
    fs, root = fsspec.url_to_fs(target)
    fs.invalidate_cache()
    return {path.rsplit("/", 1)[-1] for path in fs.find(root)} - {filesystem.PUSHED}


@pytest.mark.parametrize("kind", ["folder", "s3"])
def test_push_again_and_a_change(kind: str, shards: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    target = target_of(kind, tmp_path, request)
    planned = push_files(shards, target, dry_run=True)
    assert {file.state for file in planned.plan.files} == {"new"}
    first = push_files(shards, target)
    assert names(target) == {file.path_in_repo for file in first.plan.files}
    second = push_files(shards, target)
    assert second.commit == "" and {file.state for file in second.plan.files} == {"same"}
    old = next(shards.glob("train-*"))
    (shards / "train-00000-of-00002.parquet").write_bytes(old.read_bytes())
    old.unlink()
    third = push_files(shards, target)
    assert [f.path_in_repo for f in third.plan.upload] == ["train-00000-of-00002.parquet"]
    assert third.plan.delete == (old.name,)
    assert old.name not in names(target)


def test_what_was_pushed_loads(shards: Path, bucket: str) -> None:
    from datasets import load_dataset

    push_files(shards, f"{bucket}/loads")
    rows = load_dataset("parquet", data_files=f"{bucket}/loads/*.parquet", split="train", streaming=True)
    row = next(iter(rows))
    assert len(row["images"]) == 2 and row["images"][0].size == (24, 16)


@pytest.mark.parametrize("kind", ["folder", "s3"])
def test_a_killed_push_goes_on(
    kind: str, shards: Path, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = target_of(kind, tmp_path, request)
    fs, _ = open_filesystem(target)  # one instance for each protocol, so what is patched here is what pushes
    put, sent = fs.put_file, []

    def send(source: str, place: str, **more: Any) -> None:
        if len(sent) == most:
            raise OSError("the line went dead")
        sent.append(Path(source).name)
        put(source, place, **more)

    monkeypatch.setattr(fs, "put_file", send)
    most = 2
    with pytest.raises(LeafError, match="the line went dead; repeating the push later is safe"):
        push_files(shards, target)
    assert "manifest.json" not in names(target)
    most = 100
    push_files(shards, target)
    assert sorted(sent) == sorted(path.name for path in shards.iterdir())


def test_a_file_changed_over_there_is_pushed_again(shards: Path, tmp_path: Path) -> None:
    target = tmp_path / "there"
    push_files(shards, str(target))
    victim = next(target.glob("train-*"))
    victim.write_bytes(victim.read_bytes()[:-1])
    assert [f.path_in_repo for f in push_files(shards, str(target)).plan.upload] == [victim.name]
    assert check(target).failed == ()


def test_targets(shards: Path) -> None:
    assert [is_filesystem(t) for t in ("me/garden", "s3://b/x", "/tmp/x", "./x", "~/x")] == [False, *[True] * 4]
    with pytest.raises(LeafError, match="nosuch://x: Protocol not known"):
        push_files(shards, "nosuch://x")
