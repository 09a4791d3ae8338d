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


def test_what_no_push_made_stays(shards: Path, tmp_path: Path) -> None:
    target = tmp_path / "there"
    push_files(shards, str(target))
    own, foreign = next(shards.glob("train-*")), target / "train-00003-of-00009.parquet"
    foreign.write_bytes(b"somebody's")
    own.rename(shards / "train-00000-of-00002.parquet")
    done = push_files(shards, str(target))
    assert done.plan.delete == (own.name,) and done.plan.others == (foreign.name,)
    assert foreign.read_bytes() == b"somebody's" and not (target / own.name).exists()
    assert f"stays    {foreign.name}: no push made it; readers of train* read it too" in done.lines


def test_a_file_of_another_hand_is_not_overwritten(shards: Path, tmp_path: Path) -> None:
    name = next(shards.glob("train-*")).name
    for file in (name, "manifest.json"):
        target = tmp_path / f"beside {file}"
        target.mkdir()
        (target / file).write_bytes(b"somebody's")
        with pytest.raises(LeafError, match=f"holds another {file}, which no push made; name another folder"):
            push_files(shards, str(target))
        assert [path.name for path in target.iterdir()] == [file]


def test_a_copy_of_a_push_without_its_list_goes_on(shards: Path, tmp_path: Path) -> None:
    """As a clone of the dataset from the Hub is: the manifest says whose shards they are."""
    target = tmp_path / "there"
    push_files(shards, str(target))
    (target / filesystem.PUSHED).unlink()
    next(shards.glob("train-*")).write_bytes(b"other rows")
    push_files(shards, str(target))
    assert next(target.glob("train-*")).read_bytes() == b"other rows"


def test_the_card_keeps_what_was_written_by_hand(shards: Path, tmp_path: Path) -> None:
    target = tmp_path / "there"
    push_files(shards, str(target))
    card = target / "README.md"
    card.write_text(f"---\nviewer: false\n---\n{card.read_text()}\n## Errata\n\nRow 7 is wrong.\n")
    assert push_files(shards, str(target)).plan.kept == ("viewer", "section 'Errata'")
    (shards / "data_card.md").write_text("# Another card\n")
    push_files(shards, str(target))
    assert all(text in card.read_text() for text in ("viewer: false", "Another card", "Row 7 is wrong."))
    assert push_files(shards, str(target)).commit == ""


def test_a_long_card_is_kept_and_not_listed_whole(shards: Path, tmp_path: Path) -> None:
    target = tmp_path / "there"
    target.mkdir()
    (target / "README.md").write_text("\n\n".join(f"Paragraph {n} of mine." for n in range(500)))
    result = push_files(shards, str(target))
    assert "Paragraph 499 of mine." in (target / "README.md").read_text()
    assert sum(line.startswith("kept") for line in result.lines) < 30 and any("480 more" in x for x in result.lines)


def test_the_first_line_says_what_is_there(shards: Path, tmp_path: Path) -> None:
    target = tmp_path / "there"
    assert push_files(shards, str(target)).lines[0] == f"{target}: new folder"
    assert push_files(shards, str(target)).lines[0] == f"{target}: 5 files exist"
    (tmp_path / "empty").mkdir()
    assert push_files(shards, str(tmp_path / "empty"), dry_run=True).lines[0].endswith("empty: 0 files exist")
    with pytest.raises(LeafError, match=r"README\.md is a file; name a folder"):
        push_files(shards, str(target / "README.md"))


def test_targets(shards: Path) -> None:
    assert [is_filesystem(t) for t in ("me/garden", "s3://b/x", "/tmp/x", "./x", "~/x")] == [False, *[True] * 4]
    with pytest.raises(LeafError, match="nosuch://x: Protocol not known"):
        push_files(shards, "nosuch://x")
