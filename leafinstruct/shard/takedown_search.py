"""What a takedown request names in a run: its documents, their records, and what the request may have meant."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property
from typing import Any

from leafinstruct import layout
from leafinstruct.document import page_id
from leafinstruct.errors import LeafError
from leafinstruct.images.strip import strip
from leafinstruct.removal import REASON, Removal, Removals, keys_of
from leafinstruct.run import Run
from leafinstruct.text.urls import url_key

SHORTEST_START = 6
"""Characters of an id by which a document or record is found."""
MOST_COMPARED = 20_000
"""Names that a hint is looked for in."""


@dataclass(frozen=True, slots=True)
class Found:
    """A request, the ids of the documents that it names in the run and of their records, what a build needs to be told
    besides, a hint for a request that names nothing, how many of the documents an earlier build removed, and the
    addresses of their near-duplicates that no request names."""

    asked: Removal
    documents: frozenset[str] = frozenset()
    records: frozenset[str] = frozenset()
    more: tuple[Removal, ...] = ()
    hint: str = ""
    removed: int = 0
    near: tuple[str, ...] = ()


def search(
    run: Run | None,
    asked: Sequence[Removal],
    rows: Mapping[Removal, Sequence[Mapping[str, Any]]],
    clusters: Mapping[str, str],
) -> list[Found]:
    """What each request names; `rows` are the published rows that it names by itself, `clusters` has the cluster of
    each document that has near-duplicates. Raises LeafError for the start of several ids."""
    known = _Known(run)
    found = [_found(known, entry, rows[entry]) for entry in asked]
    named = {document for one in found for document in one.documents} | known.removed
    return [replace(one, near=_near(known, one, named, clusters)) for one in found]


def _near(known: _Known, one: Found, named: set[str], clusters: Mapping[str, str]) -> tuple[str, ...]:
    own = {clusters[document] for document in one.documents if document in clusters}
    if one.asked.kind == "sha256" or not own:
        return ()
    others = (d for d in known.documents if d["id"] not in named and clusters.get(d["id"]) in own)
    return tuple(sorted(d["url"] or d["path"] for d in others))


def named_records(run: Run, removals: Removals) -> frozenset[str]:
    """Ids of the records of a run whose documents a request names."""
    if not len(removals):
        return frozenset()
    known = _Known(run)
    named = _named(known, removals)
    return frozenset(record for record, document in known.records.items() if document in named)


def named_documents(run: Run, removals: Removals) -> set[str]:
    """Ids of the documents of a run that a request names; those that show a named image are not among them."""
    return _named(_Known(run), removals)


def _named(known: _Known, removals: Removals) -> set[str]:
    return {d["id"] for d in known.documents if removals.names(d["url"], d["site"], d["path"], d["id"])}


class _Known:
    """Light columns of a run; nothing without one."""

    def __init__(self, run: Run | None) -> None:
        self._run = run

    def _rows(self, file_of: Any, columns: list[str]) -> Iterator[dict[str, Any]]:
        for name in self._run.partitions() if self._run else ():
            if self._run and self._run.meta(file_of(name)) is not None:
                yield from self._run.table(file_of(name), columns).to_pylist()

    @cached_property
    def documents(self) -> list[dict[str, Any]]:
        return list(self._rows(layout.documents, ["id", "url", "site", "path"]))

    @cached_property
    def records(self) -> dict[str, str]:
        """The document of each record."""
        rows = self._rows(layout.records, ["id", "document", "dropped_by"])
        return {row["id"]: row["document"] for row in rows if not row["dropped_by"]}

    @cached_property
    def shown(self) -> dict[str, set[str]]:
        """The documents that show each image."""
        found: dict[str, set[str]] = {}
        for row in self._rows(layout.decisions, ["document", "sha256"]):
            found.setdefault(row["sha256"], set()).add(row["document"])
        return found

    @cached_property
    def removed(self) -> set[str]:
        """Documents that a build has removed, or some of their images."""
        rows = self._rows(layout.decisions, ["document", "dropped_by"])
        return {row["document"] for row in rows if row["dropped_by"] == REASON}

    @cached_property
    def by_published(self) -> dict[str, str]:
        """The bytes as harvested of each image that is published without its metadata, both by SHA-256. Reads all
        images."""
        found = {}
        for row in self._rows(layout.images, ["sha256", "bytes"]):
            if (clean := strip(row["bytes"])).removed:
                found[hashlib.sha256(clean.data).hexdigest()] = row["sha256"]
        return found

    @cached_property
    def image_urls(self) -> dict[str, str]:
        return {
            url_key(row["url"]): row["sha256"] for row in self._rows(layout.images, ["sha256", "url"]) if row["url"]
        }


def _found(known: _Known, entry: Removal, rows: Sequence[Mapping[str, Any]]) -> Found:
    if entry.kind == "sha256":
        return _image(known, entry, rows)
    if entry.kind == "record":
        return _record(known, entry, rows)
    documents = _matching(known, entry)
    if not documents and entry.kind == "document":
        whole = _whole(entry, (d["id"] for d in known.documents))
        entered = [Removal("document", whole)] if whole else []
        return _with(known, entry, {one for each in entered for one in _matching(known, each)}, entered)
    if not documents and entry.kind == "path" and (path := _below_source(known, entry)):
        more = Removal("path", path)
        return _with(known, entry, _matching(known, more), [more])
    return _with(known, entry, documents, [])


def _with(known: _Known, entry: Removal, documents: set[str], more: Sequence[Removal]) -> Found:
    records = frozenset(record for record, document in known.records.items() if document in documents)
    hint = "" if documents else _hint(known, entry)
    return Found(entry, frozenset(documents), records, tuple(more), hint, len(documents & known.removed))


def _matching(known: _Known, entry: Removal) -> set[str]:
    return _named(known, Removals([entry]))


def _record(known: _Known, entry: Removal, rows: Sequence[Mapping[str, Any]]) -> Found:
    """A record is removed with its document: another task would publish the same page again."""
    whole = _whole(entry, known.records) or entry.value.strip()
    documents = {known.records[whole]} if whole in known.records else {row["document"] for row in rows} - {""}
    more = [Removal("document", document) for document in sorted(documents)]
    if whole != entry.value.strip():
        more.append(Removal("record", whole))
    return _with(known, entry, documents, more)


def _image(known: _Known, entry: Removal, rows: Sequence[Mapping[str, Any]]) -> Found:
    """An image named by its bytes as published is also entered by those as harvested."""
    (sha256,) = entry.keys
    sources = {sha for row in rows for sha in row["images"]}
    if not sources and sha256 not in known.shown and sha256 in known.by_published:
        sources = {known.by_published[sha256]}
    documents = {one for sha in {sha256, *sources} for one in known.shown.get(sha, ())}
    more = tuple(Removal("sha256", sha) for sha in sorted(sources - {sha256}))
    return Found(entry, frozenset(documents), frozenset(), more, removed=len(documents & known.removed))


def _whole(entry: Removal, ids: Iterable[str]) -> str:
    """The one id that begins with the request's value, "" if none does; of the chapters of one page, the page's. Raises
    LeafError for several."""
    start = entry.value.strip()
    found = sorted(one for one in ids if one.startswith(start)) if len(start) >= SHORTEST_START else []
    pages = {page_id(one) for one in found}
    if len(found) > 1 and len(pages) == 1 and (page := pages.pop()).startswith(start):
        return page
    if len(found) > 1:
        raise LeafError(f"remove: {len(found)} {entry.kind} ids begin with {start}, such as {found[0]} and {found[1]}")
    return found[0] if found else ""


def _below_source(known: _Known, entry: Removal) -> str:
    """The longest path of a document with which a path on this machine ends, "" if there is none."""
    ends = {end for path in entry.keys for end in _ends(path)}
    return max(
        (d["path"] for d in known.documents if d["path"] and keys_of("path", d["path"]) & ends), key=len, default=""
    )


def _ends(path: str) -> Iterator[str]:
    pieces = path.split("/")
    return ("/".join(pieces[at:]) for at in range(1, len(pieces)))


def _hint(known: _Known, entry: Removal) -> str:
    """What a request that names no document may have meant."""
    if not known.documents:
        return "the run holds no documents yet"
    if entry.kind == "url" and (sha := known.image_urls.get(url_key(entry.value))):
        return f"an image has this address; name it with --sha256 {sha}"
    for kind, option in (("url", "--url"), ("path", "--path"), ("site", "--site")):
        if kind != entry.kind and _matching(known, Removal(kind, entry.value)):
            return f"a document has it as its {kind}; use {option}"
    if entry.kind not in ("url", "site", "path"):
        return ""
    (asked, *_) = sorted(entry.keys, key=len)
    names = {key: d[entry.kind] for d in known.documents[:MOST_COMPARED] for key in keys_of(entry.kind, d[entry.kind])}
    below = [name for key, name in names.items() if entry.kind == "site" and key.endswith(f".{asked}")]
    near = below[:1] or [names[key] for key in get_close_matches(asked, names, n=1, cutoff=0.8)]
    return f"did you mean {near[0]}?" if near else ""
