"""`check` of shards that lie elsewhere: on the Hub through the real client, in an object store; and what is refused."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest
from made.hub import TOKEN, Hub, loopback_hub
from made.s3 import s3_bucket
from made.shard import published
from typer.testing import CliRunner

from leafinstruct.cli import app
from leafinstruct.errors import LeafError
from leafinstruct.shard.check import check
from leafinstruct.shard.publish.filesystem import push_files
from leafinstruct.shard.publish.hub import push


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    return published(tmp_path / "shards")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.chdir(tmp_path)
    with loopback_hub(monkeypatch, tmp_path / "cache") as server:
        yield server


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    with s3_bucket("beds") as address:
        yield address


def test_a_data_set_on_the_hub(shards: Path, hub: Hub) -> None:
    push(shards, "me/garden", TOKEN)
    report = check("me/garden")
    assert report.ok and (report.path, report.rows, report.images) == ("me/garden", 12, 24)
    assert all(result.ran for result in report.results)
    fetched = sorted(hub.downloads)
    assert fetched == sorted([*(path.name for path in shards.glob("*.parquet")), "manifest.json"])
    check("me/garden")
    assert sorted(hub.downloads) == fetched, "the second look is at the cache"


def test_damage_on_the_hub_is_named(shards: Path, hub: Hub) -> None:
    push(shards, "me/garden", TOKEN)
    other = next(shards.glob("test-*.parquet")).name
    del hub.files[other]
    assert set(check("me/garden").failed) == {"manifest"}


def test_what_the_hub_refuses(shards: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LeafError, match="no such dataset on the Hub, or .* no access to it; no local folder"):
        check("me/garden")
    push(shards, "me/garden", TOKEN)
    hub.forbidden = True
    with pytest.raises(LeafError, match="HTTP 403: the token may not read this dataset"):
        check("me/garden")
    hub.forbidden = False
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    with pytest.raises(LeafError, match="HTTP 401: the token is missing or refused") as caught:
        check("me/garden")
    assert "hf_wrong" not in str(caught.value)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setattr("time.sleep", lambda seconds: None)  # the client waits between its tries
    hub.broken = True
    with pytest.raises(LeafError, match="me/garden: .*(the Hub refused|cannot be reached)"):
        check("me/garden")


def test_no_network_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", f"http://127.0.0.1:{free.getsockname()[1]}")
        with pytest.raises(LeafError, match="me/garden: the Hub cannot be reached .* no local folder") as caught:
            check("me/garden")
    assert "\n" not in str(caught.value)


def test_a_folder_comes_before_a_data_set_of_its_name(shards: Path, hub: Hub) -> None:
    (shards.parent / "me").mkdir()
    shards.rename(shards.parent / "me" / "garden")
    assert check("me/garden").ok and not hub.created


def test_an_object_store(shards: Path, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    target = f"{bucket}/good"
    push_files(shards, target)
    done = CliRunner().invoke(app, ["check", target])
    assert done.exit_code == 0 and done.stdout.startswith(f"{target}: 3 files, 12 rows, 24 images")
    train = next(shards.glob("train-*.parquet")).name
    assert check(f"{target}/{train}").files == 1
    fsspec.filesystem("s3").pipe_file(f"{target}/{train}", b"PAR1 not so PAR1")
    assert set(check(target).failed) == {"files", "manifest"}
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize(
    ("target", "says"),
    [("s3://nobucket/x", "s3://nobucket/x: not found"), ("nosuch://x", "nosuch://x: Protocol not known")],
)
def test_a_store_that_is_not_there(target: str, says: str, bucket: str) -> None:
    with pytest.raises(LeafError, match=says) as caught:
        check(target)
    assert "\n" not in str(caught.value)
