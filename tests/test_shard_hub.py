"""Pushing: what would go, what goes, what stays; through the real client against a server on loopback."""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from shard_made import corpus, publish

from leafinstruct.document import LeafError
from leafinstruct.shard.hub import plan_push, push, run_tag
from leafinstruct.shard.plan import ShardSettings

pytest.importorskip("huggingface_hub")
TOKEN = "hf_right"


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    folder = tmp_path / "shards"
    folder.mkdir()
    records, images = corpus(12, 4)
    publish(folder, records, images, ShardSettings())
    (folder / "data_card.md").write_text("---\nlicense: mit\n---\n# Card\n")
    (folder / "notes.txt").write_text("not published")
    return folder


class Hub(ThreadingHTTPServer):
    """As much of the Hub's HTTP API as a push of large and small files needs."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.blobs: dict[str, bytes] = {}
        self.files: dict[str, dict] = {}
        self.commits: list[dict] = []
        self.uploads = 0
        self.created = False
        self.refuse_commits = False
        self.tags: list[tuple[str, str]] = []


class Handler(BaseHTTPRequestHandler):
    server: Hub

    def log_message(self, *args: object) -> None:
        """Quiet."""

    def body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        data = b""
        while size := int(self.rfile.readline(), 16):
            data += self.rfile.read(size)
            self.rfile.readline()
        return data

    def answer(self, value: object, status: int = 200, **headers: str) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, text in headers.items():
            self.send_header(name.replace("_", "-"), text)
        self.end_headers()
        self.wfile.write(data)

    def allowed(self) -> bool:
        if self.headers.get("Authorization") == f"Bearer {TOKEN}":
            return True
        self.answer({"error": "Invalid credentials"}, 401)
        return False

    def do_GET(self) -> None:
        if not self.allowed():
            return
        if not self.server.created:
            self.answer({"error": "Repository not found"}, 404, X_Error_Code="RepoNotFound")
        elif "/tree/" in self.path:
            self.answer([{"type": "file", "path": path, **entry} for path, entry in self.server.files.items()])
        else:
            self.answer({"id": "me/garden", "sha": "0" * 40, "siblings": [], "private": False, "tags": []})

    def do_PUT(self) -> None:
        data = self.body()
        self.server.blobs[hashlib.sha256(data).hexdigest()] = data
        self.server.uploads += 1
        self.answer({})

    def do_POST(self) -> None:
        data = self.body()
        if not self.allowed():
            return
        if self.path == "/api/repos/create":
            status, self.server.created = (409 if self.server.created else 200), True
            self.answer({"url": f"{self.server.url}/datasets/me/garden"}, status)
        elif "/preupload/" in self.path:
            files = json.loads(data)["files"]
            modes = [
                {"path": f["path"], "uploadMode": "lfs" if f["path"].endswith(".parquet") else "regular"} for f in files
            ]
            self.answer({"files": [{**mode, "shouldIgnore": False} for mode in modes]})
        elif self.path.endswith("/objects/batch"):
            self.answer({"transfer": "basic", "objects": [self.lfs_object(one) for one in json.loads(data)["objects"]]})
        elif "/tag/" in self.path:
            self.server.tags.append((json.loads(data)["tag"], self.path.rsplit("/", 1)[-1]))
            self.answer({})
        elif "/commit/" in self.path:
            self.commit([json.loads(line) for line in data.splitlines()])
        else:
            self.answer({})

    def lfs_object(self, one: dict) -> dict:
        actions = {} if one["oid"] in self.server.blobs else {"upload": {"href": f"{self.server.url}/lfs/{one['oid']}"}}
        return {**one, "actions": actions} if actions else one

    def commit(self, lines: list[dict]) -> None:
        if self.server.refuse_commits:
            self.answer({"error": "down for maintenance"}, 500)
            return
        for line in lines:
            value = line["value"]
            if line["key"] == "lfsFile":
                data = self.server.blobs[value["oid"]]
                lfs = {"oid": value["oid"], "size": len(data), "pointerSize": 130}
                self.server.files[value["path"]] = {"oid": "1" * 40, "size": len(data), "lfs": lfs}
            elif line["key"] == "file":
                data = base64.b64decode(value["content"])
                blob = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
                self.server.files[value["path"]] = {"oid": blob, "size": len(data)}
            elif line["key"] == "deletedFile":
                del self.server.files[value["path"]]
        self.server.commits.append({"path": self.path, "lines": lines})
        answer = {"commitUrl": f"{self.server.url}/datasets/me/garden/commit/abc", "commitOid": "abc"}
        if "create_pr=1" in self.path:
            answer["pullRequestUrl"] = f"{self.server.url}/datasets/me/garden/discussions/1"
        self.answer(answer)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    server = Hub()
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", server.url)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


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
    assert plan_push(shards, "me/garden", TOKEN, ask_hub=True).hub.startswith("no such data set yet")
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
    assert hub.tags == [("garden-12ab34cd-99887766", "abc")]


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
