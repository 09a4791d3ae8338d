"""Pushes shards and card to the Hugging Face Hub in one commit: skips existing files and deletes stale ones."""

from __future__ import annotations

import hashlib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from leafinstruct import layout
from leafinstruct.errors import LeafError
from leafinstruct.shard.publish.client import Unreachable, check_reachable, hub_api, hub_errors, said
from leafinstruct.shard.publish.history import old_revisions, squash
from leafinstruct.shard.publish.plan import (
    NAME_ON_HUB,
    README,
    PushFile,
    PushPlan,
    PushResult,
    card_over,
    local_files,
    run_tag,
)
from leafinstruct.shard.write import split_name
from leafinstruct.sums import file_sha256

__all__ = ["PushFile", "PushPlan", "PushResult", "plan_push", "push", "run_tag"]


def plan_push(
    folder: str | Path, repo_id: str, token: str | None = None, *, revision: str = "main", ask_hub: bool = False
) -> PushPlan:
    """List what a push of `folder` (shards, manifest.json, data_card.md) to the dataset `repo_id` would upload.

    Without `ask_hub` the network is not used and every file is `unknown`. With it, a Hub that cannot be reached is
    reported in `hub`, not raised. Raises LeafError if the folder has no shard or the token is refused.
    """
    local = local_files(Path(folder))
    if not ask_hub:
        return _plan(repo_id, revision, "the Hub was not asked", local, None, None)
    try:
        check_reachable(repo_id)
        with hub_errors(repo_id):
            api = hub_api(token)
            remote, known = _remote_files(api, repo_id, revision)
            return _plan(repo_id, revision, known, local, remote, _card_there(api, repo_id, revision, remote))
    except Unreachable as error:
        return _plan(repo_id, revision, str(error), local, None, None)


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
    name_old: bool = False,
    squashed: bool = False,
) -> PushResult:
    """Create the dataset if needed and upload what it lacks, as one commit on `revision` or as a pull request.

    `tag` names the commit permanently; a pull request is not tagged. What was written by hand on the card over there is
    kept. With `name_old` the result names old revisions, which still serve what a takedown removed; with `squashed`
    they are deleted. The token is taken from the usual places if not given. Safe to repeat after a failure: large files
    are uploaded before the commit, and those the Hub has are skipped; a missing tag is made. Raises LeafError with the
    Hub's reason, for a dataset that is public although `private` is asked for, and for one that has another name now.
    """
    if pull_request and revision != "main":
        raise LeafError("push: a pull request is always against main; omit the revision or the pull request")
    if pull_request and squashed:
        raise LeafError("push: a pull request squashes nothing; push to a branch")
    if "/" not in repo_id:
        raise LeafError(f"push: {repo_id}: name a dataset as OWNER/NAME, or a folder as ./{repo_id}")
    local = local_files(Path(folder))
    api = hub_api(token)
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    with hub_errors(repo_id):
        url, created = _open(api, repo_id, private)
        if revision != "main":
            api.create_branch(repo_id, branch=revision, repo_type="dataset", exist_ok=True)
        head = api.dataset_info(repo_id, revision=revision).sha
        remote, known = _remote_files(api, repo_id, head or revision)
        plan = _plan(repo_id, revision, known, local, remote, _card_there(api, repo_id, head or revision, remote))
        commit = None
        if plan.upload or plan.delete:
            operations = [CommitOperationAdd(file.path_in_repo, file.content or file.path) for file in plan.upload]
            commit = api.create_commit(
                repo_id,
                [*operations, *(CommitOperationDelete(path) for path in plan.delete)],
                commit_message=message,
                repo_type="dataset",
                revision=None if pull_request else revision,
                create_pr=pull_request,
                parent_commit=head,  # what another push put there meanwhile is not mixed with this one
            )
        commit_url = commit.commit_url if commit else ""
        if pull_request:
            return PushResult(plan, url, commit_url, (commit.pr_url if commit else "") or "")
        head = commit.oid if commit else head
        notes = list[str]()
        if squashed and not created:
            notes = squash(api, repo_id, old_revisions(api, repo_id, revision, head), tag)
            head = api.dataset_info(repo_id, revision=revision).sha
            commit_url = f"{url}/commit/{head}"
        if tag:
            _tag(api, repo_id, tag, head, bool(commit))
        if name_old and not squashed and not created:
            notes = old_revisions(api, repo_id, revision, head).lines
    return PushResult(plan, url, commit_url, "", tuple(notes))


def private_refusal(repo_id: str, token: str | None = None) -> str:
    """Why a push with `private` would be refused, "" if it would not or the Hub cannot be asked."""
    from huggingface_hub.errors import HfHubHTTPError

    try:
        check_reachable(repo_id)
        return "" if hub_api(token).dataset_info(repo_id).private else _public(repo_id)
    except (Unreachable, HfHubHTTPError):
        return ""


def _public(repo_id: str) -> str:
    return (
        f"{repo_id}: this dataset is public already, and --private only creates; make it private in its settings, or "
        "push without --private"
    )


def _open(api: Any, repo_id: str, private: bool) -> tuple[str, bool]:
    """The address of the dataset, and whether it was created because it was not there."""
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError

    try:
        there = api.dataset_info(repo_id)
    except GatedRepoError:
        raise
    except RepositoryNotFoundError:
        return str(api.create_repo(repo_id, repo_type="dataset", private=private, exist_ok=True)), True
    if there.id.lower() != repo_id.lower():  # the Hub sends the old name on; creating it anew would end that
        raise LeafError(f"{repo_id}: this dataset is called {there.id} now; push to {there.id}")
    if private and not there.private:
        raise LeafError(_public(repo_id))
    return f"{api.endpoint}/datasets/{repo_id}", False


def _tag(api: Any, repo_id: str, tag: str, commit: str, pushed: bool) -> None:
    """Raises LeafError that says that the push itself is done."""
    from huggingface_hub.errors import HfHubHTTPError

    try:
        api.create_tag(repo_id, tag=tag, revision=commit, repo_type="dataset", exist_ok=True)
    except HfHubHTTPError as error:
        done = "the files are pushed" if pushed else "the files were there"
        raise LeafError(
            f"{repo_id}: {done}, but tag {tag} was not made (HTTP {error.response.status_code}: {said(error)}); "
            "push again to make it"
        ) from None


def _plan(
    repo_id: str, revision: str, hub: str, local: list[Path], remote: dict[str, Any] | None, card: str | None
) -> PushPlan:
    files, kept = [], tuple[str, ...]()
    for path in local:
        name, content = NAME_ON_HUB.get(path.name, path.name), None
        if path.name == layout.CARD:
            content, kept = card_over(path, card)
        sha256 = file_sha256(path) if content is None else hashlib.sha256(content).hexdigest()
        size = path.stat().st_size if content is None else len(content)
        state = "unknown" if remote is None else _state(path, content, sha256, remote.get(name))
        files.append(PushFile(str(path), name, size, sha256, state, content))
    here = {file.path_in_repo for file in files}
    stale = tuple(sorted(name for name in remote or () if split_name(name) and name not in here))
    return PushPlan(repo_id, revision, hub, tuple(files), stale, kept)


def _state(path: Path, content: bytes | None, sha256: str, there: Any) -> str:
    """`there` is the Hub's entry for the file: large files have a SHA-256, small ones git's SHA-1 of the blob."""
    if there is None:
        return "new"
    if there.lfs is not None:
        return "same" if there.lfs.sha256 == sha256 else "changed"
    data = path.read_bytes() if content is None else content
    blob = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
    return "same" if there.blob_id == blob else "changed"


def _remote_files(api: Any, repo_id: str, revision: str) -> tuple[dict[str, Any], str]:
    """The Hub's files by path, and what is known of the repository."""
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

    try:
        tree = api.list_repo_tree(repo_id, repo_type="dataset", revision=revision)
        files = {entry.path: entry for entry in tree if hasattr(entry, "blob_id")}
    except RevisionNotFoundError:
        return {}, "the dataset exists, the revision does not"
    except GatedRepoError:
        raise
    except RepositoryNotFoundError:
        return {}, "no such dataset yet, or the token has no access to it"
    return files, f"{len(files)} files exist"


def _card_there(api: Any, repo_id: str, revision: str, remote: dict[str, Any]) -> str | None:
    """The card on the Hub, None if there is none. It is downloaded past the cache."""
    if README not in remote:
        return None
    with TemporaryDirectory(prefix="leafinstruct-") as folder:
        path = api.hf_hub_download(repo_id, README, repo_type="dataset", revision=revision, local_dir=folder)
        return Path(path).read_text(encoding="utf-8", errors="replace")
