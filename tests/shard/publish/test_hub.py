"""Pushing: what would go, what goes, what stays; through the real client against a server on loopback."""

from __future__ import annotations

import hashlib
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from made.hub import TOKEN, Handler, Hub, loopback_hub
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


# A dataset that is there


def test_private_creates_and_never_pretends(shards: Path, hub: Hub) -> None:
    push(shards, "me/garden", TOKEN, private=True)
    assert hub.private
    hub.private = False
    with pytest.raises(LeafError, match="this dataset is public already, and --private only creates"):
        push(shards, "me/garden", TOKEN, private=True)
    assert (hub.private, len(hub.commits)) == (False, 1)
    hub.private = True
    (shards / "data_card.md").write_text("# Another card\n")
    assert push(shards, "me/garden", TOKEN).commit and hub.private


def test_a_renamed_dataset_is_named(shards: Path, hub: Hub) -> None:
    push(shards, "me/garden", TOKEN)
    hub.name = "me/beds"
    with pytest.raises(LeafError, match="me/garden: this dataset is called me/beds now; push to me/beds"):
        push(shards, "me/garden", TOKEN)
    assert len(hub.commits) == 1


def test_a_name_without_its_owner(shards: Path, hub: Hub) -> None:
    with pytest.raises(LeafError, match=r"garden: name a dataset as OWNER/NAME, or a folder as \./garden"):
        push(shards, "garden", TOKEN)


def test_what_the_hub_says_is_shown(shards: Path, hub: Hub) -> None:
    push(shards, "me/garden", TOKEN)
    hub.forbidden = True
    with pytest.raises(LeafError, match="HTTP 403: .*Access to this data set is restricted"):
        push(shards, "me/garden", TOKEN)


def no_space(self: Handler) -> None:
    self.body()
    self.answer({"error": "disk full"}, 507)


def a_portal(self: Handler) -> None:
    self.answer("please sign in")


FAULTS = {
    "no room for large files": ("lfs_object", lambda self, one: {**one, "error": {"code": 403, "message": "limit"}}),
    "a storage that refuses": ("do_PUT", no_space),
    "answers of something else": ("do_GET", a_portal),
    "a commit without an address": ("commit", lambda self, lines: self.answer({"ok": True})),
}
SAID = {"no room for large files": "limit", "a storage that refuses": "507"}


@pytest.mark.parametrize("name", FAULTS)
def test_faults_of_the_storage_are_one_line(shards: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)  # the client waits between its tries
    with monkeypatch.context() as faulty:
        faulty.setattr(Handler, *FAULTS[name])
        with pytest.raises(LeafError, match=r"me/garden: .*repeating the push later is safe") as caught:
            push(shards, "me/garden", TOKEN)
    assert SAID.get(name, "") in str(caught.value) and "\n" not in str(caught.value)
    assert push(shards, "me/garden", TOKEN).commit


def test_a_tag_that_failed_is_made_by_the_next_push(shards: Path, hub: Hub) -> None:
    hub.refuse_tags = True
    with pytest.raises(LeafError, match="the files are pushed, but tag v-1 was not made .*push again to make it"):
        push(shards, "me/garden", TOKEN, tag="v-1")
    assert len(hub.commits) == 1 and not hub.tags
    hub.refuse_tags = False
    again = push(shards, "me/garden", TOKEN, tag="v-1")
    assert again.commit == "" and hub.tags == [("v-1", hub.head)]
    push(shards, "me/garden", TOKEN, tag="v-1")
    assert hub.tags == [("v-1", hub.head)]


def test_a_pipeline_with_spaces_has_a_tag_that_git_takes(shards: Path) -> None:
    listed = json.loads((shards / "manifest.json").read_bytes())
    listed["provenance"] |= {"pipeline_version": "my garden..x-12ab34cd", "fingerprint": "99887766" * 8}
    (shards / "manifest.json").write_text(json.dumps(listed))
    assert run_tag(shards) == "my-garden.x-12ab34cd-99887766"


def test_another_branch_leaves_main_alone(shards: Path, hub: Hub) -> None:
    push(shards, "me/garden", TOKEN, revision="v2")
    assert hub.files == {} and len(hub.trees[hub.branches["v2"][-1]]) == 5
    assert push(shards, "me/garden", TOKEN, revision="v2").commit == ""


# What people wrote there


def test_the_card_keeps_what_was_written_by_hand(shards: Path, hub: Hub) -> None:
    push(shards, "me/garden", TOKEN)
    card = _card(hub).replace("---\n", "---\nextra_gated_prompt: Ask first.\n", 1) + "\n## Errata\n\nRow 7 is wrong.\n"
    hub.put("README.md", card.encode())
    kept = ("extra_gated_prompt", "section 'Errata'")
    same = push(shards, "me/garden", TOKEN)
    assert same.plan.kept == kept and "kept     README.md: section 'Errata'" in same.lines
    (shards / "data_card.md").write_text("---\nlicense: mit\n---\n# Card\n\nNew text.\n")
    assert plan_push(shards, "me/garden", TOKEN, ask_hub=True).kept == kept
    push(shards, "me/garden", TOKEN)
    assert all(text in _card(hub) for text in ("Ask first.", "Row 7 is wrong.", "New text."))
    assert push(shards, "me/garden", TOKEN).commit == ""


def test_a_card_that_cannot_be_read_stops_the_push(shards: Path, hub: Hub) -> None:
    push(shards, "me/garden", TOKEN)
    hub.put("README.md", b"---\na: [\n---\nby hand\n")
    with pytest.raises(LeafError, match=r"README\.md: the header of the card over there is no YAML .*fix it there"):
        push(shards, "me/garden", TOKEN)
    assert b"by hand" in hub.blobs[hub.files["README.md"]["sha256"]]


def _card(hub: Hub) -> str:
    return hub.blobs[hub.files["README.md"]["sha256"]].decode()


# Old revisions


def pushed_twice(shards: Path, hub: Hub) -> None:
    """A push with its tag, then other shards; a branch and a tag by somebody else, and a pull request."""
    assert not push(shards, "me/garden", TOKEN, tag="garden-11111111-11111111", name_old=True).notes, "a new dataset"
    hub.branches["next"] = list(hub.branches["main"])
    hub.tags.append(("v1.0", hub.head))
    hub.pull_requests["refs/pr/1"] = hub.head
    old = next(shards.glob("train-*"))
    old.write_bytes(b"other rows")


def test_old_revisions_are_named_after_a_takedown(shards: Path, hub: Hub) -> None:
    pushed_twice(shards, hub)
    assert not push(shards, "me/garden", TOKEN, tag="garden-22222222-22222222").notes
    first, *more = push(shards, "me/garden", TOKEN, tag="garden-22222222-22222222", name_old=True).notes
    assert first == (
        "old revisions that may still serve what was removed: tags garden-11111111-11111111, v1.0; 2 earlier commits "
        "of main; branch next; pull request refs/pr/1"
    )
    assert "leafinstruct push me/garden --squash" in more[0]
    assert "hf repos tag delete me/garden v1.0" in more[1] and "--revision next" in more[2]
    assert hub.tags[0][0] == "garden-11111111-11111111"


def test_squash_leaves_one_commit_and_what_others_made(shards: Path, hub: Hub) -> None:
    push(shards, "me/garden", TOKEN, tag="garden-11111111-11111111")
    old = hub.files[next(shards.glob("train-*")).name]["sha256"]
    next(shards.glob("train-*")).write_bytes(b"other rows")
    done = push(shards, "me/garden", TOKEN, tag="garden-22222222-22222222", squashed=True)
    assert done.notes == (
        "deleted tag garden-11111111-11111111",
        "squashed all commits of main into one",
        "deleted 1 large files of old revisions",
    )
    assert done.commit.endswith(f"/commit/{hub.head}")
    assert hub.tags == [("garden-22222222-22222222", hub.head)] and len(hub.branches["main"]) == 1
    assert old not in hub.blobs and b"other rows" in hub.served().values()
    assert not push(shards, "me/garden", TOKEN, tag="garden-22222222-22222222", name_old=True).notes


def test_squash_keeps_what_other_revisions_have(shards: Path, hub: Hub) -> None:
    pushed_twice(shards, hub)
    old = hub.files[next(shards.glob("train-*")).name]["sha256"]
    notes = push(shards, "me/garden", TOKEN, squashed=True).notes
    assert old in hub.blobs and dict(hub.tags).keys() == {"v1.0"} and "next" in hub.branches
    assert any("tag v1.0 is not of a push" in line for line in notes)
    assert any("branch next" in line for line in notes) and any("pull requests" in line for line in notes)


def test_large_files_that_the_hub_does_not_list(shards: Path, hub: Hub) -> None:
    pushed_twice(shards, hub)
    hub.lists_large_files = False
    notes = push(shards, "me/garden", TOKEN, squashed=True).notes
    assert any("large files of old revisions were not deleted" in line for line in notes)
    with pytest.raises(LeafError, match="a pull request squashes nothing"):
        push(shards, "me/garden", TOKEN, pull_request=True, squashed=True)
