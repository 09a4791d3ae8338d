"""What a push would do, and did; the same for the Hub and for filesystems."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from leafinstruct import layout
from leafinstruct.errors import LeafError
from leafinstruct.shard.publish.readme import merged

README = "README.md"
# the Hub shows the file of this name as the card of a dataset
NAME_ON_HUB = {layout.CARD: README}


MOST_KEPT = 20
"""What was written by hand on a card, as far as it is listed."""
Content = bytes | None


@dataclass(frozen=True, slots=True)
class PushFile:
    """One file to upload. `state`: new, changed, same, or unknown if the Hub was not asked. `content`: what is uploaded
    if it is not the file itself."""

    path: str
    path_in_repo: str
    bytes: int
    sha256: str
    state: str
    content: Content = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class PushPlan:
    """What a push would do. `hub` says what is known of the target; `delete` lists its shards that this folder no
    longer has, `kept` what was written by hand on the card over there, `others` shards over there that stay though no
    push made them."""

    repo_id: str
    revision: str
    hub: str
    files: tuple[PushFile, ...]
    delete: tuple[str, ...]
    kept: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    @property
    def upload(self) -> tuple[PushFile, ...]:
        return tuple(file for file in self.files if file.state != "same")

    @property
    def lines(self) -> list[str]:
        return self.lines_when("to upload")

    def lines_when(self, state: str) -> list[str]:
        """For people; the last one says how many files are `state`."""
        size = sum(file.bytes for file in self.upload)
        lines = [f"{self.repo_id}{f' at {self.revision}' if self.revision else ''}: {self.hub}"]
        lines += [f"{f.state:8s} {f.bytes:>13,d}  {f.sha256[:12]}  {f.path_in_repo}" for f in self.files]
        lines += [f"delete   {path}" for path in self.delete]
        lines += [f"kept     {README}: {what}" for what in self.kept[:MOST_KEPT]]
        more = len(self.kept) - MOST_KEPT
        lines += [f"kept     {README}: {more:,} more"] if more > 0 else []
        lines += [f"stays    {path}: no push made it; readers of {path[:5]}* read it too" for path in self.others]
        return [*lines, f"{len(self.upload)} of {len(self.files)} files {state}, {size:,d} bytes"]

    def to_dict(self) -> dict[str, Any]:
        value = asdict(self)
        for file in value["files"]:
            del file["content"]
        return value


@dataclass(frozen=True, slots=True)
class PushResult:
    """What a push did; `commit` and `pull_request` are URLs, "" if there was nothing to commit or no pull request.
    `notes` are lines about what else was done or is left to do."""

    plan: PushPlan
    url: str
    commit: str
    pull_request: str
    notes: tuple[str, ...] = ()

    @property
    def lines(self) -> list[str]:
        return [
            *self.plan.lines_when("uploaded"),
            self.pull_request or self.commit or f"{self.url}: nothing to upload",
            *self.notes,
        ]


def local_files(folder: Path) -> list[Path]:
    """Shards, manifest and card of a folder, in the order in which they are pushed."""
    shards = sorted(folder.glob("*.parquet"))
    if not shards:
        raise LeafError(f"{folder}: no shards here to push; name the shards folder of a run")
    return [*shards, *(path for name in (layout.MANIFEST, layout.CARD) if (path := folder / name).is_file())]


def card_over(path: Path, there: str | None) -> tuple[bytes, tuple[str, ...]]:
    """The card to upload over the one that is there, and what it keeps of it."""
    card = merged(path.read_text(encoding="utf-8"), there)
    return card.text.encode(), card.kept


def run_tag(folder: Path) -> str:
    """A tag for what these shards were made from: the pipeline's version and the start of their fingerprint. Raises
    LeafError without a manifest."""
    try:
        made = json.loads((folder / layout.MANIFEST).read_bytes())["provenance"]
        return _ref_name(f"{made['pipeline_version']}-{made['fingerprint'][:8]}")
    except (OSError, ValueError, KeyError, TypeError):
        raise LeafError(
            f"{folder}: no manifest.json that records what the shards were made from; run the shard stage"
        ) from None


def _ref_name(text: str) -> str:
    """A name that git takes: a pipeline's name may have spaces and dots."""
    return re.sub(r"\.\.+", ".", re.sub(r"\s+", "-", text))


RUN_TAG = re.compile(r".+-[0-9a-f]{8}-[0-9a-f]{8}")
"""Tags that pushes make."""


def is_manifest(data: bytes) -> Mapping[str, str] | None:
    """SHA-256 by name of the shards that a manifest lists; None if it is none of ours."""
    try:
        value = json.loads(data)
        if "provenance" not in value:
            return None
        return {str(file["file"]): str(file["sha256"]) for file in value["files"]}
    except (ValueError, KeyError, TypeError):
        return None
