"""What a source gives, checked: chunks with names, documents with the images they show, ids that are unique."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from leafinstruct import layout
from leafinstruct.document import Document, Harvested, Image
from leafinstruct.errors import LeafError
from leafinstruct.harvest.base import Chunk
from leafinstruct.harvest.files import LONGEST_NAME
from leafinstruct.harvest.valid import valid_document
from leafinstruct.run import Run
from leafinstruct.text.valid import valid_line


def checked_chunks(source: str, chunks: list[Chunk]) -> list[Chunk]:
    """Raises LeafError unless chunks can be told apart and named as files."""
    names: set[str] = set()
    for chunk in chunks:
        if not isinstance(chunk, Chunk):
            raise LeafError(f"source {source}: plan gave {str(chunk)[:60]!r}; it returns a list of Chunk")
        name = chunk.name
        short = isinstance(name, str) and 0 < len(name.encode("utf-8", "replace")) <= LONGEST_NAME
        if not short or set(name) & set("/\\") or valid_line(name) != name:
            raise LeafError(f"source {source}: plan: chunk {str(name)[:80]!r} needs a short name without slashes")
        if name in names:
            raise LeafError(f"source {source}: plan: two chunks are called {name!r}; give each its own name")
        names.add(name)
    return chunks


def checked_documents(where: str, made: Harvested, own: bool) -> list[Document]:
    """The documents of a chunk. Raises LeafError for what cannot be a partition; `own`: the source is not built in."""
    if not isinstance(made, Harvested):
        raise LeafError(f"{where} gave {type(made).__name__}; it returns a Harvested")
    _check_unique(where, [document.id for document in made.documents])
    for document in made.documents if own else ():
        for sha in document.images:
            if not isinstance(made.images.get(sha), Image):
                raise LeafError(f"{where}: document {document.id} shows the image {sha}, which is not in `images`")
            if hashlib.sha256(made.images[sha].bytes).hexdigest() != sha:
                raise LeafError(f"{where}: the image {sha} of document {document.id} has bytes of another SHA-256")
    return [_with_procedures(_with_marks(valid_document(document))) for document in made.documents]


def _with_marks(document: Document) -> Document:
    """The document with the Markdown mark of its headings, which only some sources write."""
    parts = [
        replace(part, text=f"{'#' * part.heading} {' '.join(part.text.split())}")
        if part.heading and not part.text.startswith(f"{'#' * part.heading} ")
        else part
        for part in document.parts
    ]
    return replace(document, parts=tuple(parts)) if tuple(parts) != document.parts else document


def _with_procedures(document: Document) -> Document:
    """The document with the procedures of its steps, which built-in sources leave to be told by the numbers."""
    steps = [part.step for part in document.parts]
    if not any(steps) or any(part.procedure for part in document.parts):
        return document
    from leafinstruct.harvest.html.steps import procedures_of

    both = zip(document.parts, procedures_of(steps), strict=True)
    return replace(document, parts=tuple(replace(part, procedure=number) if number else part for part, number in both))


def check_ids(where: str, run: Run, partitions: Sequence[str]) -> None:
    """Raises LeafError if two partitions have a document of the same id."""
    tables = (run.table(layout.documents(name), ["id"]) for name in partitions)
    _check_unique(where, [found for table in tables for found in table["id"].to_pylist()])


def _check_unique(where: str, ids: Sequence[str]) -> None:
    for key, count in Counter(ids).items():
        if count > 1:
            raise LeafError(f"{where}: {count} documents have the id {key}; see document_id")
