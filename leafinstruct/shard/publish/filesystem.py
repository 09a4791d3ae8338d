"""Pushes shards and card to a folder or an object store (`s3://`, `gs://`, a path) through fsspec.

Files that exist there with the same SHA-256 are skipped. A store does not report a file's SHA-256, so the push keeps a
list next to the files. The manifest is uploaded last: during a push the old one does not match, and `check` fails.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from leafinstruct import layout
from leafinstruct.shard.publish.hub import NAME_ON_HUB, PushFile, PushPlan, PushResult, local_files
from leafinstruct.shard.write import split_name
from leafinstruct.store import asking, open_filesystem
from leafinstruct.sums import file_sha256

PUSHED = ".pushed.json"
"""SHA-256 and bytes of each completely pushed file."""


def is_filesystem(target: str) -> bool:
    """Whether a push target is a filesystem, not a dataset on the Hub: it has a protocol or is a plain path."""
    return "://" in target or target.startswith(("/", ".", "~"))


def push_files(folder: str | Path, target: str, *, dry_run: bool = False) -> PushResult:
    """Upload what `target` lacks, the manifest last, then delete its shards that `folder` no longer has.

    Safe to repeat after a failure. Raises LeafError if the folder has no shard, the protocol's package is missing, or
    the store refuses.
    """
    local = local_files(Path(folder))
    fs, root = open_filesystem(target)
    with asking(f"push: {target}", "repeating the push later is safe"):
        plan, pushed = _plan(fs, root, target, local)
        if not dry_run:
            _upload(fs, root, plan, pushed)
    return PushResult(plan, target, target if plan.upload or plan.delete else "", "")


def _plan(fs: Any, root: str, target: str, local: list[Path]) -> tuple[PushPlan, dict[str, dict[str, Any]]]:
    sizes = _sizes(fs, root)
    known = _pushed(fs, root) if sizes else {}
    files = []
    for path in local:
        name, sha256, size = NAME_ON_HUB.get(path.name, path.name), file_sha256(path), path.stat().st_size
        same = sizes.get(name) == size and known.get(name) == {"sha256": sha256, "bytes": size}
        files.append(PushFile(str(path), name, size, sha256, "same" if same else "changed" if name in sizes else "new"))
    here = {file.path_in_repo for file in files}
    stale = tuple(sorted(name for name in sizes if split_name(name) and name not in here))
    return PushPlan(target, "", f"{len(sizes)} files exist", tuple(files), stale), known


def _sizes(fs: Any, root: str) -> dict[str, int]:
    fs.invalidate_cache()
    try:
        entries = fs.ls(root, detail=True)
    except FileNotFoundError:
        return {}
    return {entry["name"].rsplit("/", 1)[-1]: entry["size"] for entry in entries if entry["type"] == "file"}


def _pushed(fs: Any, root: str) -> dict[str, dict[str, Any]]:
    try:
        return json.loads(fs.cat_file(f"{root}/{PUSHED}"))
    except (FileNotFoundError, ValueError):
        return {}


def _upload(fs: Any, root: str, plan: PushPlan, pushed: dict[str, dict[str, Any]]) -> None:
    fs.makedirs(root, exist_ok=True)
    for file in sorted(plan.upload, key=lambda file: file.path_in_repo == layout.MANIFEST):
        if pushed.pop(file.path_in_repo, None):
            _remember(fs, root, pushed)  # a killed upload must not leave the old entry with half a file
        fs.put_file(file.path, f"{root}/{file.path_in_repo}")
        pushed[file.path_in_repo] = {"sha256": file.sha256, "bytes": file.bytes}
        _remember(fs, root, pushed)
    for name in plan.delete:
        fs.rm_file(f"{root}/{name}")
        pushed.pop(name, None)
    if plan.delete:
        _remember(fs, root, pushed)


def _remember(fs: Any, root: str, pushed: Mapping[str, Any]) -> None:
    fs.pipe_file(f"{root}/{PUSHED}", json.dumps(pushed, indent=1, sort_keys=True).encode())
