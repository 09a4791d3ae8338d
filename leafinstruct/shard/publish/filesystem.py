"""Pushes shards and card to a folder or an object store (`s3://`, `gs://`, a path) through fsspec.

Files that exist there with the same SHA-256 are skipped. A store does not report a file's SHA-256, so the push keeps a
list next to the files. The manifest is uploaded last: during a push the old one does not match, and `check` fails.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from leafinstruct import layout
from leafinstruct.errors import LeafError
from leafinstruct.run import void
from leafinstruct.shard.publish.plan import (
    NAME_ON_HUB,
    README,
    PushFile,
    PushPlan,
    PushResult,
    card_over,
    is_manifest,
    local_files,
)
from leafinstruct.shard.write import split_name
from leafinstruct.store import LocalStore, asking, is_filesystem, open_filesystem
from leafinstruct.sums import file_sha256

__all__ = ["is_filesystem", "push_files"]

PUSHED = ".pushed.json"
"""SHA-256 and bytes of each pushed file; neither for one whose upload has not ended."""


def push_files(folder: str | Path, target: str, *, dry_run: bool = False) -> PushResult:
    """Upload what `target` lacks, the manifest last, then delete shards of earlier pushes that `folder` no longer has.

    What was written by hand on the card over there is kept, and so are shards that no push made; they are named. Safe
    to repeat after a failure. Raises LeafError if the folder has no shard, the protocol's package is missing, the store
    refuses, or another file lies where one of ours would.
    """
    local = local_files(Path(folder))
    fs, root = open_filesystem(target)
    with asking(f"push: {target}", "repeating the push later is safe"):
        there = _There(fs, root, target)
        plan = _plan(there, target, local)
        if not dry_run:
            _upload(fs, root, plan, there.pushed)
    return PushResult(plan, target, target if plan.upload or plan.delete else "", "")


class _There:
    """The files at the target (bytes by name), and those of them that pushes made."""

    def __init__(self, fs: Any, root: str, target: str) -> None:
        self._fs, self._root = fs, root
        fs.invalidate_cache()
        if fs.isfile(root):
            raise LeafError(f"push: {target} is a file; name a folder")
        try:
            entries = fs.ls(root, detail=True)
        except FileNotFoundError:
            entries = None
        found = {e["name"].rsplit("/", 1)[-1]: e["size"] for e in entries or () if e["type"] == "file"}
        self.sizes = {name: size for name, size in found.items() if name != PUSHED}
        self.pushed: dict[str, dict[str, Any]] = self._list() if PUSHED in found else {}
        listed = is_manifest(self.read(layout.MANIFEST)) if layout.MANIFEST in self.sizes else None
        self.ours = {*self.pushed, *([layout.MANIFEST] if listed is not None else []), *(listed or ())}
        self.known = "new folder" if entries is None else f"{len(self.sizes)} files exist"

    def _list(self) -> dict[str, dict[str, Any]]:
        try:
            return json.loads(self.read(PUSHED))
        except ValueError:
            return {}

    def read(self, name: str) -> bytes:
        return self._fs.cat_file(f"{self._root}/{name}")


def _plan(there: _There, target: str, local: list[Path]) -> PushPlan:
    files, kept = [], tuple[str, ...]()
    for path in local:
        name, content = NAME_ON_HUB.get(path.name, path.name), None
        if path.name == layout.CARD:
            card = there.read(README).decode("utf-8", "replace") if README in there.sizes else None
            content, kept = card_over(path, card)
        sha256 = file_sha256(path) if content is None else hashlib.sha256(content).hexdigest()
        size = path.stat().st_size if content is None else len(content)
        same = there.sizes.get(name) == size and there.pushed.get(name) == {"sha256": sha256, "bytes": size}
        if name == README and name in there.sizes:
            same = there.read(name) == content
        elif name in there.sizes and name not in there.ours and not _equal(there, name, size, sha256):
            raise LeafError(
                f"push: {target} holds another {name}, which no push made; name another folder, or delete the file"
            )
        state = "same" if same else "changed" if name in there.sizes else "new"
        files.append(PushFile(str(path), name, size, sha256, state, content))
    here = {file.path_in_repo for file in files}
    other = sorted(name for name in there.sizes if split_name(name) and name not in here)
    stale, others = [n for n in other if n in there.ours], [n for n in other if n not in there.ours]
    return PushPlan(target, "", there.known, tuple(files), tuple(stale), kept, tuple(others))


def _equal(there: _There, name: str, size: int, sha256: str) -> bool:
    """Whether a file over there is the one to upload; it is read only if it is as long."""
    return there.sizes[name] == size and hashlib.sha256(there.read(name)).hexdigest() == sha256


def _upload(fs: Any, root: str, plan: PushPlan, pushed: dict[str, dict[str, Any]]) -> None:
    fs.makedirs(root, exist_ok=True)
    for file in sorted(plan.upload, key=lambda file: file.path_in_repo == layout.MANIFEST):
        pushed[file.path_in_repo] = {}  # a killed upload must leave half a file as ours, and not as complete
        _remember(fs, root, pushed)
        with _as_file(file) as path:
            fs.put_file(path, f"{root}/{file.path_in_repo}")
        pushed[file.path_in_repo] = {"sha256": file.sha256, "bytes": file.bytes}
        _remember(fs, root, pushed)
    for name in plan.delete:
        fs.rm_file(f"{root}/{name}")
        pushed.pop(name, None)
    if plan.delete:
        _remember(fs, root, pushed)


@contextmanager
def _as_file(file: PushFile) -> Iterator[str]:
    """A local file with what is uploaded."""
    if file.content is None:
        yield file.path
        return
    with TemporaryDirectory(prefix="leafinstruct-") as folder:
        name, content = Path(file.path).name, file.content
        LocalStore(Path(folder)).put(name, lambda out: void(out.write(content)))
        yield str(Path(folder) / name)


def _remember(fs: Any, root: str, pushed: Mapping[str, Any]) -> None:
    fs.pipe_file(f"{root}/{PUSHED}", json.dumps(pushed, indent=1, sort_keys=True).encode())
