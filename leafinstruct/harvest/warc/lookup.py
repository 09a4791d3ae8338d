"""Which record a URL leads to, over redirects and revisits, in all files of a source."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from leafinstruct.harvest.index import Index
from leafinstruct.harvest.warc.index import BODIES, DIGEST, RECORD, REFERS
from leafinstruct.harvest.warc.kinds import ERROR, OTHER, PAGE, PAGE_REVISIT, REVISIT, UNREAD
from leafinstruct.text.urls import url_key

MAX_REDIRECTS = 5

IMAGE = -(2**62)
"""Replaces a page's offset in what was asked: marks a URL that an image or a revisit names."""


@dataclass(frozen=True)
class Found:
    """Where following a URL ended: a record, or the reason why there is none."""

    reason: str = ""
    file: str = ""
    offset: int = 0


@dataclass
class Lookup:
    """Records of one chunk by the key of their URL. `rows`: index rows of each key that was loaded. `referred`: rows of
    the records that revisits refer to, by the hash of their id, and `same` by the hash of their digest."""

    index: Index
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    referred: dict[int, dict[str, Any]] = field(default_factory=dict)
    same: dict[int, dict[str, Any]] = field(default_factory=dict)

    def load(self, keys: Iterable[str]) -> None:
        """Load rows of these keys and of all that their redirects and revisits lead to."""
        wanted = set(keys)
        loaded: list[dict[str, Any]] = []
        for _ in range(MAX_REDIRECTS + 2):
            wanted -= self.rows.keys()
            if not wanted:
                break
            self.rows.update((key, []) for key in wanted)
            found = self.index.find(wanted)
            for row in found:
                self.rows[row["key"]].append(row)
            loaded += found
            wanted = {url_key(row["target"]) for row in found if row["target"] and row["kind"] != ERROR}
        revisits = [row for row in loaded if row["kind"] in (REVISIT, PAGE_REVISIT) and not self._bodies(row["key"])]
        self._load_hashes(RECORD, self.referred, {row[REFERS] for row in revisits})
        rest = (r for r in revisits if r[REFERS] not in self.referred and not self._bodies(url_key(r["target"])))
        self._load_hashes(DIGEST, self.same, {row[DIGEST] for row in rest})

    def _load_hashes(self, column: str, known: dict[int, dict[str, Any]], hashes: set[int]) -> None:
        for row in self.index.having(column, hashes - known.keys() - {0}):
            if _has_body(row):
                known.setdefault(row[column], row)

    def follow(self, key: str) -> Found:
        """The record whose body a URL shows: of the earliest file and offset, a page only if there is no other. A
        revisit shows that of the record it refers to, by its id, its URL or its digest."""
        for _ in range(MAX_REDIRECTS + 1):
            rows = self.rows.get(key, [])
            if bodies := self._bodies(key):
                best = min(bodies, key=lambda row: row["kind"] == PAGE)
                return Found("", best["file"], best["offset"])
            revisits = [row for row in rows if row["kind"] in (REVISIT, PAGE_REVISIT)]
            first = [self.referred.get(row[REFERS]) for row in revisits]
            onward = next((row for row in rows if row["target"] and url_key(row["target"]) != key), None)
            if onward is None or not self._bodies(url_key(onward["target"])):
                first += [self.same.get(row[DIGEST]) for row in revisits]
            if original := next(filter(None, first), None):
                return Found("", original["file"], original["offset"])
            if onward is None:
                status = next((row["status"] for row in rows if row["status"] not in BODIES), 0)
                return Found(f"status_{status}" if status else "not_in_warc")
            key = url_key(onward["target"])
        return Found("redirect_loop")

    def _bodies(self, key: str) -> list[dict[str, Any]]:
        return [row for row in self.rows.get(key, []) if _has_body(row)]

    def occurrence(self, key: str, file: str, offset: int) -> int:
        """How many earlier records hold a page of this URL."""
        pages = [(row["file"], row["offset"]) for row in self.rows.get(key, []) if row["kind"] == PAGE]
        return pages.index((file, offset))


def _has_body(row: dict[str, Any]) -> bool:
    return row["kind"] in (OTHER, UNREAD, PAGE) and row["status"] in BODIES
