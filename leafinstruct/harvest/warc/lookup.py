"""Which record a URL leads to, over redirects and revisits, in all files of a source."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from leafinstruct.harvest.index import Index
from leafinstruct.harvest.warc.index import ERROR, OTHER, PAGE
from leafinstruct.text.urls import url_key

MAX_REDIRECTS = 5


@dataclass(frozen=True)
class Found:
    """Where following a URL ended: a record, or the reason why there is none."""

    reason: str = ""
    file: str = ""
    offset: int = 0


@dataclass
class Lookup:
    """Records of one chunk by the key of their URL. `rows`: index rows of each key that was loaded."""

    index: Index
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def load(self, keys: Iterable[str]) -> None:
        """Load rows of these keys and of all that their redirects and revisits lead to."""
        wanted = set(keys)
        for _ in range(MAX_REDIRECTS + 2):
            wanted -= self.rows.keys()
            if not wanted:
                return
            self.rows.update((key, []) for key in wanted)
            found = self.index.find(wanted)
            for row in found:
                self.rows[row["key"]].append(row)
            wanted = {url_key(row["target"]) for row in found if row["target"] and row["kind"] != ERROR}

    def follow(self, key: str) -> Found:
        """The record whose body a URL shows: of the earliest file and offset, a page only if there is no other."""
        for _ in range(MAX_REDIRECTS + 1):
            rows = self.rows.get(key, [])
            bodies = [row for row in rows if row["kind"] in (OTHER, PAGE) and row["status"] == 200]
            if bodies:
                best = min(bodies, key=lambda row: row["kind"] == PAGE)
                return Found("", best["file"], best["offset"])
            onward = next((row for row in rows if row["target"] and url_key(row["target"]) != key), None)
            if onward is None:
                status = next((row["status"] for row in rows if row["status"] != 200), 0)
                return Found(f"status_{status}" if status else "not_in_warc")
            key = url_key(onward["target"])
        return Found("redirect_loop")

    def occurrence(self, key: str, file: str, offset: int) -> int:
        """How many earlier records hold a page of this URL."""
        pages = [(row["file"], row["offset"]) for row in self.rows.get(key, []) if row["kind"] == PAGE]
        return pages.index((file, offset))
