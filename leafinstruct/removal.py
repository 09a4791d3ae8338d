"""Takedowns: what no later build or push of a project may publish.

`removed.jsonl` in the project's folder has one request per line. Decisions drop what it names before any rule, with the
reason `removed`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from leafinstruct.errors import LeafError
from leafinstruct.text.urls import url_key

FILE = "removed.jsonl"
KINDS = ("url", "site", "sha256")
REASON = "removed"


@dataclass(frozen=True, slots=True)
class Removal:
    """One request: `kind` is url, site or sha256 (of an image's harvested or published bytes)."""

    kind: str
    value: str
    note: str = ""
    date: str = ""


class Removals:
    """All requests of a project."""

    def __init__(self, entries: Iterable[Removal] = ()) -> None:
        self.entries = tuple(entries)
        self._values = {kind: {e.value for e in self.entries if e.kind == kind} for kind in KINDS}
        self._urls = {url_key(value) for value in self._values["url"]}

    def __len__(self) -> int:
        return len(self.entries)

    def names(self, url: str, site: str) -> bool:
        """Whether a request names a document by its URL, in any spelling, or by its site."""
        return (url != "" and url_key(url) in self._urls) or site in self._values["site"]

    def names_image(self, *sha256: str) -> bool:
        return any(value in self._values["sha256"] for value in sha256)


def load_removals(root: Path) -> Removals:
    """The requests of a project folder. Raises LeafError for a line that is not a valid request."""
    path = root / FILE
    if not path.is_file():
        return Removals()
    entries = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            entry = Removal(**json.loads(line))
        except (ValueError, TypeError):
            raise LeafError(f"{path}: line {number} is not a valid removal; fix or delete it") from None
        if entry.kind not in KINDS or not entry.value:
            raise LeafError(f"{path}: line {number}: kind is '{entry.kind}'; use {', '.join(KINDS)}, with a value")
        entries.append(entry)
    return Removals(entries)


def add_removals(root: Path, new: Iterable[Removal]) -> Removals:
    """Add the requests that are new, and return all. The file is replaced atomically."""
    there = load_removals(root)
    have = {(e.kind, e.value) for e in there.entries}
    every = Removals([*there.entries, *(e for e in new if (e.kind, e.value) not in have)])
    partial = root / f".{FILE}.{os.getpid()}.tmp"
    lines = [json.dumps(asdict(entry), ensure_ascii=False) for entry in every.entries]
    partial.write_text("\n".join(lines) + "\n", encoding="utf-8")
    os.replace(partial, root / FILE)  # noqa: PTH105 - atomic
    return every
