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
from urllib.parse import unquote

import pytest

TOKEN = "hf_right"


class Hub(ThreadingHTTPServer):
    """What is there, what was asked, and what to refuse. Commits are kept with their files, as git does."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.reset()

    def reset(self) -> None:
        """Begin with nothing there."""
        self.blobs: dict[str, bytes] = {}
        self.branches: dict[str, list[str]] = {"main": ["0" * 40]}
        self.trees: dict[str, dict[str, dict]] = {"0" * 40: {}}
        self.pull_requests: dict[str, str] = {}
        self.commits: list[dict] = []
        self.uploads = 0
        self.created = False
        self.private = False
        self.name = ""
        """The dataset's name, if it is not the one that was asked for."""
        self.refuse_commits = False
        self.refuse_tags = False
        self.lists_large_files = True
        self.tags: list[tuple[str, str]] = []
        self.downloads: list[str] = []
        self.forbidden = False
        self.broken = False
        self.others_push = False
        """Whether another commit comes after the files were listed."""

    @property
    def head(self) -> str:
        return self.branches["main"][-1]

    @property
    def files(self) -> dict[str, dict]:
        """The files at the newest commit of main; what is changed here is changed there."""
        return self.trees[self.head]

    def commit_of(self, revision: str) -> str | None:
        refs = {name: commits[-1] for name, commits in self.branches.items()}
        return {**refs, **dict(self.tags), **self.pull_requests, **{sha: sha for sha in self.trees}}.get(revision)

    def put(self, path: str, data: bytes, branch: str = "main") -> None:
        """A commit by somebody else."""
        sha256 = hashlib.sha256(data).hexdigest()
        self.blobs[sha256] = data
        entry = {"oid": _blob(data), "size": len(data), "sha256": sha256}
        if path.endswith(".parquet"):
            entry["lfs"] = {"oid": sha256, "size": len(data), "pointerSize": 130}
        self.grow(branch, {**self.trees[self.branches[branch][-1]], path: entry})

    def grow(self, branch: str, files: dict[str, dict]) -> str:
        sha = hashlib.sha1(f"{branch} {len(self.trees)}".encode()).hexdigest()
        self.trees[sha] = files
        self.branches[branch].append(sha)
        return sha

    def large_files(self) -> dict[str, str]:
        """Names of stored large files by SHA-256, whether or not a revision still has them."""
        return {entry["sha256"]: path for tree in self.trees.values() for path, entry in tree.items() if "lfs" in entry}

    def served(self) -> dict[str, bytes]:
        """Everything that somebody could still download, by where: files of all revisions, and large files."""
        shas = {sha for commits in self.branches.values() for sha in commits}
        shas |= {sha for _, sha in self.tags} | set(self.pull_requests.values())
        found = {f"{sha[:8]}/{path}": e["sha256"] for sha in shas for path, e in self.trees[sha].items()}
        found |= {f"large file {path}": sha256 for sha256, path in self.large_files().items() if sha256 in self.blobs}
        return {where: self.blobs[sha256] for where, sha256 in found.items()}


def _blob(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


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

    def after(self, mark: str) -> str:
        """What follows in the path, without the question."""
        return unquote(self.path.split("?")[0].split(mark, 1)[1])

    def do_GET(self) -> None:
        if not self.allowed():
            return
        hub = self.server
        if not hub.created:
            self.answer({"error": "Repository not found"}, 404, X_Error_Code="RepoNotFound")
        elif hub.forbidden:
            self.answer({"error": "Access to this data set is restricted"}, 403, X_Error_Code="GatedRepo")
        elif "/resolve/" in self.path:
            revision, name = self._split(self.after("/resolve/"))
            self.download(name, hub.commit_of(revision) or hub.head)
        elif self.path.split("?")[0].endswith("/refs"):
            self.refs()
        elif self.path.split("?")[0].endswith("/lfs-files"):
            listed = [
                {"fileOid": sha, "oid": sha[:40], "filename": path, "size": 1, "pushedAt": "2026-01-01T00:00:00.000Z"}
                for sha, path in hub.large_files().items()
                if sha in hub.blobs
            ]
            self.answer(listed if hub.lists_large_files else {"error": "no"}, 200 if hub.lists_large_files else 403)
        elif "/commits/" in self.path:
            shas = reversed(hub.branches.get(self.after("/commits/"), []))
            when = "2026-01-01T00:00:00.000Z"
            self.answer([{"id": s, "title": "t", "message": "", "authors": [], "date": when} for s in shas])
        else:
            self.look("/tree/" in self.path)

    do_HEAD = do_GET

    def _split(self, rest: str) -> tuple[str, str]:
        """Revision and the file's name."""
        known = [one for one in (*self.server.pull_requests, *self.server.branches) if rest.startswith(f"{one}/")]
        revision = max(known, key=len, default=rest.split("/")[0])
        return revision, rest[len(revision) + 1 :]

    def look(self, tree: bool) -> None:
        """The files of a revision, or facts about it."""
        hub = self.server
        mark = "/tree/" if tree else "/revision/"
        revision = self.after(mark).rstrip("/") if mark in self.path else "main"
        if (sha := hub.commit_of(revision)) is None:
            self.answer({"error": f"Invalid rev id: {revision}"}, 404, X_Error_Code="RevisionNotFound")
        elif tree:
            self.answer([{"type": "file", "path": path, **entry} for path, entry in hub.trees[sha].items()])
            if hub.others_push:
                hub.grow("main", dict(hub.files))
        else:
            siblings = [{"rfilename": path} for path in hub.trees[sha]]
            asked = "/".join(self.path.split("?")[0].split("/")[3:5])
            self.answer({"id": hub.name or asked, "sha": sha, "siblings": siblings, "private": hub.private, "tags": []})

    def refs(self) -> None:
        hub = self.server

        def listed(refs: dict[str, str], prefix: str = "") -> list[dict[str, str]]:
            return [{"name": name, "ref": prefix + name, "targetCommit": sha} for name, sha in refs.items()]

        self.answer(
            {
                "branches": listed({name: commits[-1] for name, commits in hub.branches.items()}, "refs/heads/"),
                "converts": [],
                "tags": listed(dict(hub.tags), "refs/tags/"),
                "pullRequests": listed(hub.pull_requests),
            }
        )

    def download(self, name: str, sha: str) -> None:
        entry = self.server.trees[sha].get(name)
        if entry is None or self.server.broken:
            self.answer({"error": "oh"}, 404 if entry is None else 500)
            return
        data = self.server.blobs[entry["sha256"]]
        self.send_response(200)
        headers = {"ETag": f'"{entry["sha256"]}"', "X-Repo-Commit": sha, "Content-Length": str(len(data))}
        for key, text in headers.items():
            self.send_header(key, text)
        self.end_headers()
        if self.command == "GET":
            self.server.downloads.append(name)
            self.wfile.write(data)

    def do_DELETE(self) -> None:
        if self.allowed():
            self.server.tags = [tag for tag in self.server.tags if tag[0] != self.after("/tag/")]
            self.answer({})

    def do_PUT(self) -> None:
        data = self.body()
        self.server.blobs[hashlib.sha256(data).hexdigest()] = data
        self.server.uploads += 1
        self.answer({})

    def do_POST(self) -> None:
        data = self.body()
        if not self.allowed():
            return
        hub = self.server
        if self.path == "/api/repos/create":
            asked = json.loads(data)
            status, hub.created = (409 if hub.created else 200), True
            if status == 200:
                hub.private = bool(asked.get("private")) or asked.get("visibility") == "private"
            self.answer({"url": f"{hub.url}/datasets/me/garden"}, status)
        elif "/preupload/" in self.path:
            files = json.loads(data)["files"]
            modes = [
                {"path": f["path"], "uploadMode": "lfs" if f["path"].endswith(".parquet") else "regular"} for f in files
            ]
            self.answer({"files": [{**mode, "shouldIgnore": False} for mode in modes]})
        elif self.path.endswith("/objects/batch"):
            self.answer({"transfer": "basic", "objects": [self.lfs_object(one) for one in json.loads(data)["objects"]]})
        elif "/tag/" in self.path:
            self.tag(json.loads(data)["tag"])
        elif "/branch/" in self.path:
            hub.branches.setdefault(self.after("/branch/"), list(hub.branches["main"]))
            self.answer({})
        elif "/super-squash/" in self.path:
            branch = self.after("/super-squash/")
            files = hub.trees[hub.branches[branch][-1]]
            hub.branches[branch] = hub.branches[branch][:0]
            hub.grow(branch, files)
            self.answer({})
        elif self.path.endswith("/lfs-files/batch"):
            for sha256 in json.loads(data)["deletions"]["sha"]:
                hub.blobs.pop(sha256)
            self.answer({})
        elif "/commit/" in self.path:
            self.commit([json.loads(line) for line in data.splitlines()])
        else:
            self.answer({})

    def lfs_object(self, one: dict) -> dict:
        actions = {} if one["oid"] in self.server.blobs else {"upload": {"href": f"{self.server.url}/lfs/{one['oid']}"}}
        return {**one, "actions": actions} if actions else one

    def tag(self, name: str) -> None:
        hub, revision = self.server, self.after("/tag/")
        if hub.refuse_tags:
            self.answer({"error": "tags are down for maintenance"}, 500)
        elif name in dict(hub.tags):
            self.answer({"error": f"Tag reference exists already: refs/tags/{name}"}, 409)
        else:
            hub.tags.append((name, hub.commit_of(revision) or revision))
            self.answer({})

    def commit(self, lines: list[dict]) -> None:
        hub, branch = self.server, self.after("/commit/")
        if hub.refuse_commits:
            self.answer({"error": "down for maintenance"}, 500)
            return
        head = hub.branches[branch][-1]
        parents = [line["value"].get("parentCommit") for line in lines if line["key"] == "header"]
        if parents != [head]:
            self.answer({"error": "A commit has happened since"}, 412)
            return
        files = dict(hub.trees[head])
        for line in lines:
            value = line["value"]
            if line["key"] == "lfsFile":
                data = hub.blobs[value["oid"]]
                lfs = {"oid": value["oid"], "size": len(data), "pointerSize": 130}
                files[value["path"]] = {"oid": "1" * 40, "size": len(data), "lfs": lfs, "sha256": value["oid"]}
            elif line["key"] == "file":
                data = base64.b64decode(value["content"])
                sha256 = hashlib.sha256(data).hexdigest()
                hub.blobs[sha256] = data
                files[value["path"]] = {"oid": _blob(data), "size": len(data), "sha256": sha256}
            elif line["key"] == "deletedFile":
                del files[value["path"]]
        hub.commits.append({"path": self.path, "lines": lines})
        answer = {"commitUrl": f"{hub.url}/datasets/me/garden/commit/"}
        if "create_pr=1" in self.path:
            hub.trees["9" * 40], hub.pull_requests["refs/pr/1"] = files, "9" * 40
            answer |= {"commitOid": "9" * 40, "pullRequestUrl": f"{hub.url}/datasets/me/garden/discussions/1"}
        else:
            answer["commitOid"] = hub.grow(branch, files)
        answer["commitUrl"] += answer["commitOid"]
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
