"""Which documents have the same text or the same URL; rules keep one of each group.

Texts and URLs are hashed per partition; groups are made over the whole corpus.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa

from leafinstruct.document import Described, Document, page_id, schema_of
from leafinstruct.score.base import Column, CorpusScorer, Row
from leafinstruct.settings import Count
from leafinstruct.text.plain import reading
from leafinstruct.text.urls import url_key
from leafinstruct.text.words import count_words


class Scorer(CorpusScorer):
    version = 4
    columns = (
        Column("text_group", "document", "text", "", "smallest document id with the same text; null if alone"),
        Column("url_group", "document", "text", "", "smallest document id with the same URL; null if alone"),
    )
    map_columns: ClassVar[Described] = {
        "document": (pa.string(), "id of the document"),
        "text_group": (pa.uint64(), "hash of its text in lower case with single spaces; null for a short one"),
        "url_group": (pa.uint64(), "hash of its URL, normalized; null without one"),
    }
    map_schema: ClassVar[pa.Schema] = schema_of(map_columns)

    @dataclass(frozen=True)
    class Settings:
        words: Count = 5
        """Shorter texts are in no group: two images titled "Untitled" are not copies."""

    def map(self, documents: Sequence[Document]) -> pa.Table:
        rows = []
        for document in documents:
            text, url = plain_text(reading(document).text), url_key(document.url)
            chapter = document.id.removeprefix(page_id(document.id)) if url else ""
            long = count_words(text) >= self.settings.words
            rows.append({"document": document.id, "text_group": _hash(text * long), "url_group": _hash(url + chapter)})
        return pa.Table.from_pylist(rows, schema=self.map_schema)

    def reduce(self, signatures: Iterable[pa.Table]) -> Iterator[Row]:
        """Rows of the documents that have a copy. Memory: 16 bytes and the id of each document."""
        table = pa.concat_tables([self.map_schema.empty_table(), *signatures]).sort_by("document")
        first = {name: _first(table[name]) for name in ("text_group", "url_group")}
        names = table["document"]
        for row in np.flatnonzero(np.logical_or.reduce([rows >= 0 for rows in first.values()])):
            groups = {
                column: names[int(rows[row])].as_py() if rows[row] >= 0 else None for column, rows in first.items()
            }
            yield {"document": names[int(row)].as_py(), **groups}


def _hash(value: str) -> int | None:
    """64 bits of a text; None for an empty one."""
    data = value.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.sha256(data).digest()[:8], "big") if value else None


def _first(values: pa.ChunkedArray) -> np.ndarray:
    """int64 [rows]: the first row with the same value; -1 where the value is null or unique."""
    found = np.full(len(values), -1, np.int64)
    rows = np.flatnonzero(values.is_valid().to_numpy())
    _, first, group, count = np.unique(
        values.drop_null().to_numpy(), return_index=True, return_inverse=True, return_counts=True
    )
    found[rows] = np.where(count[group] > 1, rows[first[group]], -1)
    return found


def plain_text(text: str) -> str:
    """A text in Unicode's compatibility form (NFKC) and lower case, with single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
