"""A server on loopback that speaks as much of the Hub's HTTP API as pushing and reading a data set need."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

TOKEN = "hf_right"


class Hub(ThreadingHTTPServer):
    """What is there, what was asked, and what to refuse."""

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
        self.downloads: list[str] = []
        self.forbidden = False
        self.broken = False
        self.head = "0" * 40
        self.others_push = False
        """Whether another commit comes after the files were listed."""


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
        elif self.server.forbidden:
            self.answer({"error": "Access to this data set is restricted"}, 403, X_Error_Code="GatedRepo")
        elif "/resolve/" in self.path:
            self.download(self.path.rsplit("/", 1)[-1])
        elif "/tree/" in self.path:
            self.answer([{"type": "file", "path": path, **entry} for path, entry in self.server.files.items()])
            self.server.head = "2" * 40 if self.server.others_push else self.server.head
        else:
            siblings = [{"rfilename": path} for path in self.server.files]
            self.answer(
                {"id": "me/garden", "sha": self.server.head, "siblings": siblings, "private": False, "tags": []}
            )

    do_HEAD = do_GET

    def download(self, name: str) -> None:
        entry = self.server.files.get(name)
        if entry is None or self.server.broken:
            self.answer({"error": "oh"}, 404 if entry is None else 500)
            return
        data = self.server.blobs[entry["sha256"]]
        self.send_response(200)
        headers = {"ETag": f'"{entry["sha256"]}"', "X-Repo-Commit": "0" * 40, "Content-Length": str(len(data))}
        for key, text in headers.items():
            self.send_header(key, text)
        self.end_headers()
        if self.command == "GET":
            self.server.downloads.append(name)
            self.wfile.write(data)

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
        parents = [line["value"].get("parentCommit") for line in lines if line["key"] == "header"]
        if parents != [self.server.head]:
            self.answer({"error": "A commit has happened since"}, 412)
            return
        for line in lines:
            value = line["value"]
            if line["key"] == "lfsFile":
                data = self.server.blobs[value["oid"]]
                lfs = {"oid": value["oid"], "size": len(data), "pointerSize": 130}
                self.server.files[value["path"]] = {
                    "oid": "1" * 40,
                    "size": len(data),
                    "lfs": lfs,
                    "sha256": value["oid"],
                }
            elif line["key"] == "file":
                data = base64.b64decode(value["content"])
                blob = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
                sha256 = hashlib.sha256(data).hexdigest()
                self.server.blobs[sha256] = data
                self.server.files[value["path"]] = {"oid": blob, "size": len(data), "sha256": sha256}
            elif line["key"] == "deletedFile":
                del self.server.files[value["path"]]
        self.server.commits.append({"path": self.path, "lines": lines})
        answer = {"commitUrl": f"{self.server.url}/datasets/me/garden/commit/abc", "commitOid": "abc"}
        if "create_pr=1" in self.path:
            answer["pullRequestUrl"] = f"{self.server.url}/datasets/me/garden/discussions/1"
        self.answer(answer)


@contextmanager
def loopback_hub(monkeypatch: pytest.MonkeyPatch, cache: Any) -> Iterator[Hub]:
    """The real client speaks to it and keeps what it downloads in `cache`."""
    server = Hub()
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", server.url)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
    template = f"{server.url}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
    monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(cache))
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()
