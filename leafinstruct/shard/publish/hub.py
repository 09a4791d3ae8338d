"""Pushes shards and card to the Hugging Face Hub in one commit: skips existing files and deletes stale ones."""

from __future__ import annotations

import hashlib
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from leafinstruct import layout
from leafinstruct.errors import LeafError
from leafinstruct.shard.write import split_name
from leafinstruct.sums import file_sha256

CARD = "data_card.md"
# the Hub shows the file of this name as the card of a dataset
NAME_ON_HUB = {CARD: "README.md"}
CONNECT_SECONDS = 5.0


class Unreachable(LeafError):
    """The Hub cannot be reached."""


@dataclass(frozen=True, slots=True)
class PushFile:
    """One file to upload. `state`: new, changed, same, or unknown if the Hub was not asked."""

    path: str
    path_in_repo: str
    bytes: int
    sha256: str
    state: str


@dataclass(frozen=True, slots=True)
class PushPlan:
    """What a push would do. `hub` says what is known of the target; `delete` lists its shards that this folder no
    longer has."""

    repo_id: str
    revision: str
    hub: str
    files: tuple[PushFile, ...]
    delete: tuple[str, ...]

    @property
    def upload(self) -> tuple[PushFile, ...]:
        return tuple(file for file in self.files if file.state != "same")

    @property
    def lines(self) -> list[str]:
        size = sum(file.bytes for file in self.upload)
        lines = [f"{self.repo_id} at {self.revision}: {self.hub}"]
        lines += [f"{f.state:8s} {f.bytes:>13,d}  {f.sha256[:12]}  {f.path_in_repo}" for f in self.files]
        lines += [f"delete   {path}" for path in self.delete]
        return [*lines, f"{len(self.upload)} of {len(self.files)} files to upload, {size:,d} bytes"]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class PushResult:
    """What a push did; `commit` and `pull_request` are URLs, "" if there was nothing to commit or no pull request."""

    plan: PushPlan
    url: str
    commit: str
    pull_request: str


def plan_push(
    folder: str | Path, repo_id: str, token: str | None = None, *, revision: str = "main", ask_hub: bool = False
) -> PushPlan:
    """List what a push of `folder` (shards, manifest.json, data_card.md) to the dataset `repo_id` would upload.

    Without `ask_hub` the network is not used and every file is `unknown`. With it, a Hub that cannot be reached is
    reported in `hub`, not raised. Raises LeafError if the folder has no shard or the token is refused.
    """
    local = local_files(Path(folder))
    if not ask_hub:
        return _plan(repo_id, revision, "the Hub was not asked", local, None)
    try:
        check_reachable(repo_id)
        with hub_errors(repo_id):
            remote, known = _remote_files(hub_api(token), repo_id, revision)
    except Unreachable as error:
        return _plan(repo_id, revision, str(error), local, None)
    return _plan(repo_id, revision, known, local, remote)


def push(
    folder: str | Path,
    repo_id: str,
    token: str | None = None,
    *,
    private: bool = False,
    revision: str = "main",
    pull_request: bool = False,
    tag: str = "",
    message: str = "Update shards and card",
) -> PushResult:
    """Create the dataset if needed and upload what it lacks, as one commit on `revision` or as a pull request.

    `tag` names the commit permanently; a pull request is not tagged. The token is taken from the usual places if not
    given. Safe to repeat after a failure: large files are uploaded before the commit, and those the Hub has are
    skipped. Raises LeafError with the Hub's reason.
    """
    if pull_request and revision != "main":
        raise LeafError("push: a pull request is always against main; omit the revision or the pull request")
    local = local_files(Path(folder))
    api = hub_api(token)
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    with hub_errors(repo_id):
        url = api.create_repo(repo_id, repo_type="dataset", private=private, exist_ok=True)
        if revision != "main":
            api.create_branch(repo_id, branch=revision, repo_type="dataset", exist_ok=True)
        head = api.dataset_info(repo_id, revision=revision).sha
        remote, known = _remote_files(api, repo_id, head or revision)
        plan = _plan(repo_id, revision, known, local, remote)
        if not plan.upload and not plan.delete:
            return PushResult(plan, str(url), "", "")
        operations = [CommitOperationAdd(file.path_in_repo, file.path) for file in plan.upload]
        commit = api.create_commit(
            repo_id,
            [*operations, *(CommitOperationDelete(path) for path in plan.delete)],
            commit_message=message,
            repo_type="dataset",
            revision=None if pull_request else revision,
            create_pr=pull_request,
            parent_commit=head,  # what another push put there meanwhile is not mixed with this one
        )
        if tag and not pull_request:
            api.create_tag(repo_id, tag=tag, revision=commit.oid, repo_type="dataset", exist_ok=True)
    return PushResult(plan, str(url), commit.commit_url, commit.pr_url or "")


def local_files(folder: Path) -> list[Path]:
    """Shards, manifest and card of a folder, in the order in which they are pushed."""
    shards = sorted(folder.glob("*.parquet"))
    if not shards:
        raise LeafError(f"{folder}: no shards here to push; name the shards folder of a run")
    return [*shards, *(path for name in (layout.MANIFEST, CARD) if (path := folder / name).is_file())]


def run_tag(folder: Path) -> str:
    """A tag for what these shards were made from: the pipeline's version and the start of their fingerprint. Raises
    LeafError without a manifest."""
    try:
        made = json.loads((folder / layout.MANIFEST).read_bytes())["provenance"]
        return f"{made['pipeline_version']}-{made['fingerprint'][:8]}"
    except (OSError, ValueError, KeyError, TypeError):
        raise LeafError(
            f"{folder}: no manifest.json that records what the shards were made from; run the shard stage"
        ) from None


def _plan(repo_id: str, revision: str, hub: str, local: list[Path], remote: dict[str, Any] | None) -> PushPlan:
    files = []
    for path in local:
        name, sha256 = NAME_ON_HUB.get(path.name, path.name), file_sha256(path)
        state = "unknown" if remote is None else _state(path, sha256, remote.get(name))
        files.append(PushFile(str(path), name, path.stat().st_size, sha256, state))
    here = {file.path_in_repo for file in files}
    stale = tuple(sorted(name for name in remote or () if split_name(name) and name not in here))
    return PushPlan(repo_id, revision, hub, tuple(files), stale)


def _state(path: Path, sha256: str, there: Any) -> str:
    """`there` is the Hub's entry for the file: large files have a SHA-256, small ones git's SHA-1 of the blob."""
    if there is None:
        return "new"
    if there.lfs is not None:
        return "same" if there.lfs.sha256 == sha256 else "changed"
    data = path.read_bytes()
    blob = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
    return "same" if there.blob_id == blob else "changed"


def _remote_files(api: Any, repo_id: str, revision: str) -> tuple[dict[str, Any], str]:
    """The Hub's files by path, and what is known of the repository."""
    from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError

    try:
        tree = api.list_repo_tree(repo_id, repo_type="dataset", revision=revision)
        files = {entry.path: entry for entry in tree if hasattr(entry, "blob_id")}
    except RevisionNotFoundError:
        return {}, "the dataset exists, the revision does not"
    except RepositoryNotFoundError:
        return {}, "no such dataset yet, or the token has no access to it"
    return files, f"{len(files)} files exist"


def check_reachable(repo_id: str) -> None:
    """Raises Unreachable within seconds if no Hub answers; the client would retry for a minute."""
    from huggingface_hub import constants

    place = urlsplit(constants.ENDPOINT)
    try:
        socket.create_connection((place.hostname or "", place.port or 443), timeout=CONNECT_SECONDS).close()
    except OSError as error:
        raise Unreachable(f"{repo_id}: the Hub cannot be reached ({type(error).__name__}: {error})") from None


def hub_api(token: str | None) -> Any:
    try:
        from huggingface_hub import HfApi
    except ImportError:
        raise LeafError("the Hub needs huggingface_hub: pip install leafinstruct[hub]") from None
    return HfApi(token=token, library_name="leafinstruct")


@contextmanager
def hub_errors(repo_id: str, *, reading: bool = False) -> Iterator[None]:
    """Turn the Hub's refusals into one-line LeafErrors; a token never appears in them."""
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        HFValidationError,
        HTTPError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
    )

    try:
        yield
    except HFValidationError as error:
        raise LeafError(f"{repo_id}: not a repository id: {_first_line(error)}") from None
    except HfHubHTTPError as error:
        status = error.response.status_code
        if reading and isinstance(error, RepositoryNotFoundError) and not isinstance(error, GatedRepoError):
            raise LeafError(f"{repo_id}: no such dataset on the Hub, or the token has no access to it") from None
        advice = {
            401: "the token is missing or refused; log in with `hf auth login` or set HF_TOKEN",
            403: "the token may not read this dataset; ask for access on its page"
            if reading
            else "the token may not write here; use one with write access to this dataset",
            404: "not found, or the token has no access to it",
            412: "another commit came first; push again",
        }.get(status, f"the Hub refused; repeating the {'check' if reading else 'push'} later is safe")
        raise LeafError(f"{repo_id}: HTTP {status}: {advice} ({_first_line(error)})") from None
    except (HTTPError, LocalEntryNotFoundError, ConnectionError, TimeoutError) as error:
        raise Unreachable(
            f"{repo_id}: the Hub cannot be reached ({type(error).__name__}: {_first_line(error)})"
        ) from None


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0][:200]
