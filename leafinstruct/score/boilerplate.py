"""Lines that stand on many pages of one site: notices, menus and signatures that extraction took for content."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa

from leafinstruct.document import Document
from leafinstruct.score.base import Column, CorpusScorer, Row
from leafinstruct.score.text import WORD


class Scorer(CorpusScorer):
    version = 1
    columns = (
        Column("words", "document", "float", "share", "words in lines that other documents of the site have too"),
        Column("lines", "document", "int", "lines", "how many such lines the document has"),
    )
    map_schema: ClassVar[pa.Schema] = pa.schema(
        [("document", pa.string()), ("lines", pa.list_(pa.uint64())), ("words", pa.list_(pa.int32()))]
    )

    @dataclass(frozen=True)
    class Settings:
        documents: int = 3
        """A line counts when so many documents of its site have it; OBELICS removes what stands more than twice."""
        line_words: int = 3
        """Shorter lines repeat in good texts: "Ingredients", "Step 1"."""

    def map(self, documents: Sequence[Document]) -> pa.Table:
        rows = [{"document": d.id, **self._signature(d)} for d in sorted(documents, key=lambda d: d.id)]
        return pa.Table.from_pylist(rows, schema=self.map_schema)

    def _signature(self, document: Document) -> Row:
        """Hashes of a document's different lines together with its site, 0 for a short line, and their words."""
        lines = {line.strip().lower() for line in document.text.splitlines()}
        words = {line: len(WORD.findall(line)) for line in sorted(lines)}
        told = [line for line, count in words.items() if count]
        return {
            "lines": [
                self._key(document.site, line) if words[line] >= self.settings.line_words else 0 for line in told
            ],
            "words": [words[line] for line in told],
        }

    def _key(self, site: str, line: str) -> int:
        data = f"{site}\n{line}".encode("utf-8", "surrogatepass")
        return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "big") | 1

    def reduce(self, signatures: Iterable[pa.Table]) -> Iterator[Row]:
        table = pa.concat_tables([self.map_schema.empty_table(), *signatures]).combine_chunks().sort_by("document")
        lines, words = table["lines"].combine_chunks(), table["words"].combine_chunks()
        keys = lines.values.to_numpy()
        _, place, counts = np.unique(keys, return_inverse=True, return_counts=True)
        shared = (counts[place] >= self.settings.documents) & (keys != 0)
        weights, ends = words.values.to_numpy(), lines.offsets.to_numpy()
        for index, name in enumerate(table["document"].to_pylist()):
            mine = slice(ends[index], ends[index + 1])
            total = int(weights[mine].sum())
            share = float(weights[mine][shared[mine]].sum() / total) if total else 0.0
            yield {"document": name, "words": share, "lines": int(shared[mine].sum())}
