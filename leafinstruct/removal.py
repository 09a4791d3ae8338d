"""Takedowns: what no later build or push of a project may publish.

`removed.jsonl` in the project's folder has one request per line. Decisions drop what it names before any rule, with the
reason `removed`; then the run's own copies of it are erased.
"""

from __future__ import annotations

import json
import os
import posixpath
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import unquote

from leafinstruct.document import page_id
from leafinstruct.errors import LeafError
from leafinstruct.text.urls import AUTHORITY, composed, site_keys, url_key
from leafinstruct.text.valid import replace_surrogates

FILE = "removed.jsonl"
KINDS = ("url", "site", "sha256", "path", "document", "record")
REASON = "removed"
ERASED_BY = "removed"
"""In the metadata of a file with erased rows: the requests that named them, as [kind, value]."""


@dataclass(frozen=True, slots=True)
class Removal:
    """One request. `kind` is url, site, path, document (its id), record (the id of a published one) or sha256 (of an
    image's harvested or published bytes)."""

    kind: str
    value: str
    note: str = ""
    date: str = ""

    @property
    def keys(self) -> frozenset[str]:
        """The value in all forms by which it is compared."""
        return keys_of(self.kind, self.value)


def keys_of(kind: str, value: str) -> frozenset[str]:
    """A value of a request or of a document in the forms by which they are compared: one in common is a match."""
    if kind == "url":
        return frozenset({url_key(value)} - {""})
    if kind == "site":
        return site_keys(value)
    if kind == "path":
        return _path_keys(value)
    return frozenset({value.strip().lower() if kind == "sha256" else value.strip()} - {""})


def _path_keys(path: str) -> frozenset[str]:
    """A path with and without percent escapes, or the key of a URL."""
    path = composed(replace_surrogates(path.strip()))
    if AUTHORITY.match(path):
        return frozenset({url_key(path)})
    plain = {posixpath.normpath(one) for one in (path, composed(unquote(path))) if one}
    return frozenset(plain | {one.partition("#")[0] for one in plain}) - {"", "."}


class Removals:
    """All requests of a project."""

    def __init__(self, entries: Iterable[Removal] = ()) -> None:
        self.entries = tuple(entries)
        self._keys = {kind: {key for e in self.entries if e.kind == kind for key in e.keys} for kind in KINDS}

    def __len__(self) -> int:
        return len(self.entries)

    def names(self, url: str, site: str, path: str = "", document: str = "") -> bool:
        """Whether a request names a document: by its URL or site in any spelling, by its path, or by its id. One that
        names a page names all its chapters."""
        about = [("url", url), ("site", site), ("path", path), ("document", document), ("document", page_id(document))]
        if AUTHORITY.match(path):
            about.append(("url", path))
        return any(
            self._keys[kind] and not self._keys[kind].isdisjoint(keys_of(kind, value)) for kind, value in about if value
        )

    def still_name(self, erased_by: Iterable[Sequence[str]]) -> bool:
        """Whether all requests by which rows were erased are still there."""
        have = {(entry.kind, entry.value) for entry in self.entries}
        return all((kind, value) in have for kind, value in erased_by)

    def names_record(self, record: str) -> bool:
        return record in self._keys["record"]

    def names_image(self, *sha256: str) -> bool:
        return not self._keys["sha256"].isdisjoint(sha256)


def load_removals(root: Path) -> Removals:
    """The requests of a project folder. Raises LeafError for a line that is not a valid request."""
    path = root / FILE
    if not path.is_file():
        return Removals()
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")  # a note may hold other separators of lines
    except UnicodeDecodeError:
        raise LeafError(f"{path}: not UTF-8 text; save it as UTF-8") from None
    entries = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            entry = Removal(**json.loads(line))
        except (ValueError, TypeError):
            raise LeafError(f"{path}: line {number} is not a valid removal; fix or delete it") from None
        if entry.kind not in KINDS or not isinstance(entry.value, str) or not entry.keys:
            raise LeafError(f"{path}: line {number}: kind is '{entry.kind}'; use {', '.join(KINDS)}, with a value")
        entries.append(entry)
    return Removals(entries)


def add_removals(root: Path, new: Iterable[Removal]) -> Removals:
    """Add the requests that are new, and return all. The file is replaced atomically."""
    every = list(load_removals(root).entries)
    have = {(e.kind, e.keys) for e in every}
    for entry in new:
        if (entry.kind, entry.keys) not in have:
            have.add((entry.kind, entry.keys))
            every.append(entry)
    partial = root / f".{FILE}.{os.getpid()}.tmp"
    lines = [replace_surrogates(json.dumps(asdict(entry), ensure_ascii=False)) for entry in every]
    partial.write_text("\n".join(lines) + "\n", encoding="utf-8")
    os.replace(partial, root / FILE)  # noqa: PTH105 - atomic
    return Removals(every)


def removals_above(place: Path) -> Removals:
    """The requests of the project that a folder lies in."""
    folder = place.resolve()
    return next((load_removals(one) for one in (folder, *folder.parents) if (one / FILE).is_file()), Removals())
