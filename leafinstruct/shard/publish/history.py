"""Old revisions of a dataset on the Hub, which still serve what a takedown removed: finding, naming, deleting them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from leafinstruct.shard.publish.plan import RUN_TAG
from leafinstruct.shard.write import split_name

MOST = 8
"""Names that a line lists."""


@dataclass(frozen=True, slots=True)
class OldRevisions:
    """What is not at the newest commit of the branch: tags of pushes and of people, other branches, pull requests, and
    the number of earlier commits."""

    repo_id: str
    branch: str
    tags: tuple[str, ...] = ()
    other_tags: tuple[str, ...] = ()
    branches: tuple[str, ...] = ()
    pull_requests: tuple[str, ...] = ()
    commits: int = 0

    @property
    def lines(self) -> list[str]:
        """What may still serve what was removed, and how to delete it; empty if nothing may."""
        found = [
            *_list("tag", (*self.tags, *self.other_tags)),
            *([f"{self.commits} earlier commit{'s' * (self.commits > 1)} of {self.branch}"] if self.commits else []),
            *_list("branch", self.branches),
            *_list("pull request", self.pull_requests),
        ]
        if not found:
            return []
        lines = [f"old revisions that may still serve what was removed: {'; '.join(found)}"]
        if self.tags or self.commits:
            lines.append(
                f"  delete tags of pushes and squash the commits: leafinstruct push {self.repo_id}{self._at} --squash"
            )
        return [*lines, *self.left]

    @property
    def left(self) -> list[str]:
        """What a squash leaves, and what to do about it."""
        lines = [
            f"  tag {tag} is not of a push: hf repos tag delete {self.repo_id} {tag} --repo-type dataset"
            for tag in self.other_tags[:MOST]
        ]
        for name in self.branches[:MOST]:
            at = " --squash" if name == "main" else f" --revision {name} --squash, or delete it"
            lines.append(f"  branch {name}: leafinstruct push {self.repo_id}{at}")
        if self.pull_requests:
            lines.append(f"  pull requests keep their commits: close them on the page of {self.repo_id}")
        return lines

    @property
    def _at(self) -> str:
        return "" if self.branch == "main" else f" --revision {self.branch}"


def _list(kind: str, names: Sequence[str]) -> list[str]:
    if not names:
        return []
    more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
    plural = ("es" if kind.endswith("h") else "s") if len(names) > 1 else ""
    return [f"{kind}{plural} {', '.join(names[:MOST])}{more}"]


def old_revisions(api: Any, repo_id: str, branch: str, head: str) -> OldRevisions:
    """All revisions that are not at `head`, the newest commit of a branch."""
    refs, pull_requests = _refs(api, repo_id)
    tags = sorted(ref.name for ref in refs.tags if ref.target_commit != head)
    return OldRevisions(
        repo_id,
        branch,
        tuple(tag for tag in tags if RUN_TAG.fullmatch(tag)),
        tuple(tag for tag in tags if not RUN_TAG.fullmatch(tag)),
        tuple(sorted(ref.name for ref in refs.branches if ref.name != branch and ref.target_commit != head)),
        tuple(ref.ref for ref in pull_requests if ref.target_commit != head),
        len(api.list_repo_commits(repo_id, repo_type="dataset", revision=branch)) - 1,
    )


def _refs(api: Any, repo_id: str) -> tuple[Any, Sequence[Any]]:
    try:
        refs = api.list_repo_refs(repo_id, repo_type="dataset", include_pull_requests=True)
        return refs, refs.pull_requests or ()
    except KeyError:  # a Hub of one's own that has no pull requests
        return api.list_repo_refs(repo_id, repo_type="dataset"), ()


def squash(api: Any, repo_id: str, old: OldRevisions, tag: str) -> list[str]:
    """Delete the tags of pushes and `tag` (which is made again), make one commit of the branch, and delete the large
    files that no revision has any more. Returns lines that say what was done and what is left."""
    if not old.tags and not old.commits:
        return [*_delete_files(api, repo_id, old), *old.left]
    for name in dict.fromkeys((*old.tags, *([tag] if _has_tag(api, repo_id, tag) else []))):
        api.delete_tag(repo_id, tag=name, repo_type="dataset")
    api.super_squash_history(repo_id, branch=old.branch, repo_type="dataset", commit_message="One commit of all before")
    lines = [f"deleted {text}" for text in _list("tag", old.tags)]
    lines.append(f"squashed all commits of {old.branch} into one")
    return [*lines, *_delete_files(api, repo_id, old), *old.left]


def _has_tag(api: Any, repo_id: str, tag: str) -> bool:
    return any(ref.name == tag for ref in _refs(api, repo_id)[0].tags)


def _delete_files(api: Any, repo_id: str, old: OldRevisions) -> list[str]:
    """Delete shards from the large-file storage that no remaining revision lists."""
    from huggingface_hub.errors import HfHubHTTPError

    revisions = (old.branch, *old.branches, *old.other_tags, *old.pull_requests)
    try:
        stored = list(api.list_lfs_files(repo_id, repo_type="dataset"))
        used = set(chain.from_iterable(_large_files(api, repo_id, revision) for revision in revisions))
        unused = [one for one in stored if split_name(one.filename) and one.file_oid not in used]
        api.permanently_delete_lfs_files(repo_id, unused, repo_type="dataset")
    except (HfHubHTTPError, TypeError, KeyError, AttributeError):
        return [f"  large files of old revisions were not deleted; do it on the page of {repo_id}: Settings, Storage"]
    return [f"deleted {len(unused)} large files of old revisions"] if unused else []


def _large_files(api: Any, repo_id: str, revision: str) -> Iterable[str]:
    tree = api.list_repo_tree(repo_id, repo_type="dataset", revision=revision, recursive=True)
    return [entry.lfs.sha256 for entry in tree if getattr(entry, "lfs", None) is not None]
