"""Erases what takedown requests name from a run's own files, and deletes what was made from it.

Rows stay, with their ids, addresses and the positions of their parts: counts add up, and a later build still knows what
was removed. Texts and the bytes of images go. Scores and decisions stay as they are, so no model is asked again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from leafinstruct import layout
from leafinstruct.document import DOCUMENT_SCHEMA, IMAGE_SCHEMA
from leafinstruct.places import places, set_pages
from leafinstruct.progress import Progress
from leafinstruct.removal import ERASED_BY, Removal, Removals
from leafinstruct.report.review import delete_unchanged
from leafinstruct.run import Run
from leafinstruct.shard.export.webdataset import delete_named

ERASED = "removed"
"""Stands in a document for each text that was erased."""


def erase(run: Run, removals: Removals, records: Iterable[str], progress: Progress) -> None:
    """Erase what the requests name: texts and images in the run, answers of models, and whatever holds copies of them:
    report, samples, audits, exports, pages. `records` are the ids of its records before the build."""
    work = [found for name in run.partitions() if (found := _Named(run, name, removals)).anything]
    if not work:
        return
    gone = [*_made_from_documents(run), *_outside(run, removals, records)]
    _erase_answers(run, {one for found in work for one in found.ids})
    for found in work:  # last: until then, the next build does all this again
        found.erase()
    documents, images = sum(found.documents for found in work), sum(found.images for found in work)
    progress.warn(f"{run}: erased the texts of {documents} removed documents and {images} images")
    for place in gone:
        progress.warn(f"deleted {place}, which may hold them")
    if run.exists(layout.TRAIN_REPORT):
        progress.warn(f"{run}/{layout.TRAIN}: the adapters were trained with them; build --stage train trains again")


class _Named:
    """What requests name in one partition, and how many `documents` and `images` of it are not erased yet."""

    def __init__(self, run: Run, name: str, removals: Removals) -> None:
        self._run, self._removals = run, removals
        self._documents, self._images = layout.documents(name), layout.images(name)
        about = run.table(self._documents, ["id", "url", "site", "path"]).to_pylist()
        self.ids = {d["id"] for d in about if removals.names(d["url"], d["site"], d["path"], d["id"])}
        self._shas = {sha for sha in self._column(self._images, "sha256") if removals.names_image(sha)}
        self.documents = self._look_at_documents() if self.ids else 0
        self.images = sum(size > 0 for size in self._sizes()) if self._shas else 0
        self.anything = bool(self.documents or self.images)

    def _column(self, file: str, name: str) -> list[Any]:
        return self._run.table(file, [name])[name].to_pylist()

    def _look_at_documents(self) -> int:
        """Add the images that only named documents show; returns how many of these have any text."""
        shown, stays, texts = set[str](), set[str](), 0
        rows = zip(self._column(self._documents, "id"), self._column(self._documents, "parts"), strict=True)
        for document, parts in rows:
            images = {part["image"] for part in parts if part["type"] == "image"}
            if document in self.ids:
                shown |= images
                texts += any(part["type"] == "text" and part["text"] != ERASED for part in parts)
            else:
                stays |= images
        self._shas |= shown - stays
        return texts

    def _sizes(self) -> Iterator[int]:
        table = self._run.table(self._images, ["sha256", "bytes"])
        table = table.filter(pc.is_in(table["sha256"], value_set=pa.array(sorted(self._shas), pa.string())))
        yield from pc.binary_length(table["bytes"]).to_pylist()

    def erase(self) -> None:
        run = self._run
        hits = [[e.kind, e.value] for e in self._removals.entries if self._hit(e)]
        images = pa.Table.from_pylist(
            [
                {**row, "bytes": b""} if row["sha256"] in self._shas else row
                for row in run.table(self._images).to_pylist()
            ],
            schema=IMAGE_SCHEMA,
        )
        documents = pa.Table.from_pylist(
            [_blank(row) if row["id"] in self.ids else row for row in run.table(self._documents).to_pylist()],
            schema=DOCUMENT_SCHEMA,
        )
        for file, table in ((self._images, images), (self._documents, documents)):
            meta = run.meta(file)
            run.erase_rows(file, table, {**(meta.extra if meta else {}), ERASED_BY: hits})

    def _hit(self, entry: Removal) -> bool:
        one = Removals([entry])
        if entry.kind == "sha256":
            return one.names_image(*self._shas)
        about = self._run.table(self._documents, ["id", "url", "site", "path"]).to_pylist()
        return any(one.names(d["url"], d["site"], d["path"], d["id"]) for d in about)


def _erase_answers(run: Run, documents: set[str]) -> None:
    """Erase the answers of models about documents, also in files of partitions that are planned no more."""
    named = pa.array(sorted(documents), pa.string())
    for file in run.below(layout.GENERATIONS) if documents else ():
        meta = run.meta(file)
        if meta is not None and pc.any(pc.is_in(run.table(file, ["document"])["document"], value_set=named)).as_py():
            table = run.table(file)
            run.erase_rows(file, table.filter(pc.invert(pc.is_in(table["document"], value_set=named))), meta.extra)


def _blank(row: dict[str, Any]) -> dict[str, Any]:
    """A document's row without its content: texts, title and captions."""
    parts = [
        {**part, "text": ERASED if part["type"] == "text" else "", "alt": "", "caption": "", "url": ""}
        for part in row["parts"]
    ]
    return {**row, "title": "", "topic": "", "parts": parts, "lost": [{**one, "ref": ""} for one in row["lost"]]}


def _made_from_documents(run: Run) -> Iterator[str]:
    """Delete what was made from documents and is made again when it is asked for."""
    if run.exists(layout.REPORT):
        run.remove(layout.REPORT)
        yield f"{run}/{layout.REPORT}"
    for folder, endings in ((layout.SAMPLES, (".txt", ".png", ".html")), (layout.AUDITS, (".parquet", ".json"))):
        found = [file for file in run.below(folder) if file.endswith(endings)]
        for file in found:
            run.remove(file)
        if found:
            yield f"{len(found)} files in {run}/{folder}"


def _outside(run: Run, removals: Removals, records: Iterable[str]) -> Iterator[str]:
    """Delete copies outside of the run that its list of places names, as far as they are as they were written."""
    known, ids = places(run), frozenset(records)
    for folder in known.exports:
        yield from map(str, delete_named(folder, removals, ids))
    deleted = delete_unchanged(known.pages)
    set_pages(run, (), forget=deleted)
    yield from deleted
