"""Pushing: what would go, what goes, what stays; through the real client against a server on loopback."""

from __future__ import annotations

import hashlib
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from made.hub import TOKEN, Hub, loopback_hub
from made.shard import published

from leafinstruct.errors import LeafError
from leafinstruct.shard.publish.hub import plan_push, push, run_tag

pytest.importorskip("huggingface_hub")


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    folder = published(tmp_path / "shards", "---\nlicense: mit\n---\n# Card\n")
    (folder / "notes.txt").write_text("not published")
    return folder


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    with loopback_hub(monkeypatch, tmp_path / "cache") as server:
        yield server


def test_dry_run_asks_nobody(shards: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        raise AssertionError("a dry run opened a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    plan = plan_push(shards, "me/garden")
    names = [file.path_in_repo for file in plan.files]
    assert names[-2:] == ["manifest.json", "README.md"] and len(names) == 5
    assert {file.state for file in plan.files} == {"unknown"} and plan.upload == plan.files
    first = plan.files[0]
    assert (first.bytes, first.sha256) == (Path(first.path).stat().st_size, _sha256(Path(first.path)))
    assert plan.lines[0] == "me/garden at main: the Hub was not asked"
    assert plan.lines[-1].startswith("5 of 5 files to upload")
    assert json.loads(json.dumps(plan.to_dict()))["repo_id"] == "me/garden"


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_push_then_push_again_then_push_a_change(shards: Path, hub: Hub) -> None:
    assert plan_push(shards, "me/garden", TOKEN, ask_hub=True).hub.startswith("no such dataset yet")
    first = push(shards, "me/garden", TOKEN)
    assert {file.state for file in first.plan.files} == {"new"}
    assert set(hub.files) == {file.path_in_repo for file in first.plan.files}
    assert hub.blobs[_sha256(shards / "train-00000-of-00001.parquet")]
    assert (hub.uploads, len(hub.commits)) == (3, 1)

    second = push(shards, "me/garden", TOKEN)
    assert second.commit == "" and {file.state for file in second.plan.files} == {"same"}
    assert (hub.uploads, len(hub.commits)) == (3, 1)

    (shards / "data_card.md").write_text("# Another card\n")
    (shards / "train-00000-of-00001.parquet").rename(shards / "train-00000-of-00002.parquet")
    (shards / "train-00001-of-00002.parquet").write_bytes(b"more")
    third = push(shards, "me/garden", TOKEN)
    states = {file.path_in_repo: file.state for file in third.plan.files}
    assert states["README.md"] == "changed" and states["manifest.json"] == "same"
    assert third.plan.delete == ("train-00000-of-00001.parquet",)
    assert "train-00000-of-00001.parquet" not in hub.files and "train-00000-of-00002.parquet" in hub.files
    assert (hub.uploads, len(hub.commits)) == (4, 2)


def test_a_failed_commit_uploads_nothing_twice(shards: Path, hub: Hub) -> None:
    hub.refuse_commits = True
    with pytest.raises(LeafError, match=r"HTTP 500: the Hub refused; repeating the push later is safe"):
        push(shards, "me/garden", TOKEN)
    assert (hub.uploads, hub.files) == (3, {})
    hub.refuse_commits = False
    push(shards, "me/garden", TOKEN)
    assert hub.uploads == 3 and len(hub.files) == 5


def test_two_pushes_at_once_are_not_mixed(shards: Path, hub: Hub) -> None:
    hub.others_push = True
    with pytest.raises(LeafError, match=r"HTTP 412: another commit came first; push again"):
        push(shards, "me/garden", TOKEN)
    assert not hub.commits
    hub.others_push = False
    assert push(shards, "me/garden", TOKEN).commit


def test_pull_request(shards: Path, hub: Hub) -> None:
    result = push(shards, "me/garden", TOKEN, pull_request=True)
    assert result.pull_request.endswith("/discussions/1")
    with pytest.raises(LeafError, match="always against main"):
        push(shards, "me/garden", TOKEN, pull_request=True, revision="v2")


def test_a_commit_is_tagged_with_what_it_was_made_from(shards: Path, hub: Hub) -> None:
    with pytest.raises(LeafError, match="what the shards were made from"):
        run_tag(shards)
    listed = json.loads((shards / "manifest.json").read_bytes())
    listed["provenance"] |= {"pipeline_version": "garden-12ab34cd", "fingerprint": "99887766" * 8}
    (shards / "manifest.json").write_text(json.dumps(listed))
    push(shards, "me/garden", TOKEN, tag=run_tag(shards))
    assert hub.tags == [("garden-12ab34cd-99887766", hub.head)]


def test_wrong_token_is_named_and_not_shown(shards: Path, hub: Hub) -> None:
    with pytest.raises(LeafError, match="HTTP 401: the token is missing or refused") as caught:
        push(shards, "me/garden", "hf_wrong")
    assert "hf_wrong" not in str(caught.value)
    assert hub.files == {}


def test_hub_that_does_not_answer(shards: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setattr("time.sleep", lambda seconds: None)  # the client waits between its tries
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", f"http://127.0.0.1:{port}")
    plan = plan_push(shards, "me/garden", TOKEN, ask_hub=True)
    assert "cannot be reached" in plan.hub and plan.files[0].state == "unknown"
    with pytest.raises(LeafError, match="cannot be reached"):
        push(shards, "me/garden", TOKEN)


def test_bad_name_and_empty_folder(shards: Path, tmp_path: Path) -> None:
    with pytest.raises(LeafError, match="no shards here to push"):
        plan_push(tmp_path, "me/garden")
    with pytest.raises(LeafError, match="not a repository id"):
        push(shards, "me/gar den", TOKEN)
