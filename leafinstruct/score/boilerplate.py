"""Lines that occur on many pages of one site: notices, menus and signatures that extraction took for content."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import ClassVar

import numpy as np
import pyarrow as pa

from leafinstruct.document import Described, Document, schema_of
from leafinstruct.score.base import Column, CorpusScorer, Row
from leafinstruct.settings import Positive, Share
from leafinstruct.text.lines import Line, lines_of, without_lines
from leafinstruct.text.plain import reading
from leafinstruct.text.words import count_words

HEAD, FOOT = 4, 12
"""Lines compared at a document's start and end: a byline and a notice at the start, a menu at the end."""
_SENTENCE = re.compile(r"[.!?:;…。！？：]\W*$")
_RIGHTS = re.compile(r"©|\(c\)|copyright|all rights reserved", re.IGNORECASE)


class Scorer(CorpusScorer):
    version = 4
    columns = (
        Column("words", "document", "float", "share", "words in lines that other documents of the site also have"),
        Column("lines", "document", "int", "lines", "number of such lines in the document"),
        Column("head", "document", "int", "lines", "first lines after the title that other pages also begin with"),
        Column("foot", "document", "int", "lines", "last lines that other pages of the site also end with"),
    )
    map_columns: ClassVar[Described] = {
        "document": (pa.string(), "id of the document"),
        "site": (pa.uint64(), "hash of its site"),
        "lines": (pa.list_(pa.uint64()), "hash of each distinct line with its site; 0 for a short line"),
        "words": (pa.list_(pa.int32()), "words of each of those lines"),
        "head": (pa.list_(pa.uint64(), HEAD), "hashes of the first lines; 0 for one that may be content"),
        "foot": (
            pa.list_(pa.uint64(), FOOT),
            "hashes of the last lines, the last one first; 0 for one that may be content",
        ),
    }
    map_schema: ClassVar[pa.Schema] = schema_of(map_columns)

    @dataclass(frozen=True)
    class Settings:
        documents: Positive = 3
        """A line counts if this many documents of its site have it; OBELICS removes what occurs more than twice."""
        line_words: Positive = 3
        """Lines with fewer words do not count: they repeat in good texts, such as "Ingredients" or "Step 1"."""
        remove: bool = False
        """Whether the `head` and `foot` lines are cut from the edited document."""
        site_share: Share = 0.05
        """A line is cut only if this share of its site's documents has it at the same edge; own choice."""

    def map(self, documents: Sequence[Document]) -> pa.Table:
        rows = [{"document": d.id, **self._signature(d)} for d in sorted(documents, key=lambda d: d.id)]
        return pa.Table.from_pylist(rows, schema=self.map_schema)

    def _signature(self, document: Document) -> Row:
        """Hashes of a document's distinct lines together with its site, 0 for a short line, and their numbers of words;
        and hashes of the lines at its edges, 0 for one that may be content."""
        lines = {line.strip().lower() for line in reading(document).text.splitlines()}
        words = {line: count_words(line) for line in sorted(lines)}
        counted = [line for line, count in words.items() if count]
        site = document.site
        return {
            "site": _key(site),
            "lines": [_key(site, line) if words[line] >= self.settings.line_words else 0 for line in counted],
            "words": [words[line] for line in counted],
            "head": _padded([self._edge(site, line, "head") for line in head_of(document)], HEAD),
            "foot": _padded([self._edge(site, line, "foot") for line in foot_of(document)], FOOT),
        }

    def _edge(self, site: str, line: Line, edge: str) -> int:
        """The key of a line, 0 for what ends the content of many pages: sentences, quantities, brackets. A notice of
        rights may have a year."""
        words = count_words(line.text)
        short = words < (self.settings.line_words if edge == "head" else 1)
        matter = _SENTENCE.search(line.text) or any(c.isdigit() for c in line.text)
        return 0 if short or (matter and not _RIGHTS.search(line.text)) else _key(site, edge, line.text.strip().lower())

    def reduce(self, signatures: Iterable[pa.Table]) -> Iterator[Row]:
        """Rows of the documents. Memory: ids, 12 bytes for each line and 136 for each document."""
        table = pa.concat_tables([self.map_schema.empty_table(), *signatures])
        _, place, pages = np.unique(table["site"].to_numpy(), return_inverse=True, return_counts=True)
        least = np.maximum(self.settings.documents, self.settings.site_share * pages[place])
        head, foot = (_run(table[edge], least) for edge in ("head", "foot"))
        names = table["document"]
        table = table.select(["lines", "words"])  # the edges are done with
        shared, ends = self._shared(table["lines"])
        weights = table["words"].combine_chunks().values.to_numpy()
        del table
        for index, name in enumerate(names):
            mine = slice(ends[index], ends[index + 1])
            total = int(weights[mine].sum())
            share = float(weights[mine][shared[mine]].sum() / total) if total else 0.0
            edges = {"head": int(head[index]), "foot": int(foot[index])}
            yield {"document": name.as_py(), "words": share, "lines": int(shared[mine].sum()), **edges}

    def _shared(self, column: pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
        """bool [lines]: which lines enough documents have; int32 [documents + 1]: where each document's lines end."""
        lines = column.combine_chunks()
        keys = lines.values.to_numpy()
        _, place, counts = np.unique(keys, return_inverse=True, return_counts=True)
        return (counts[place] >= self.settings.documents) & (keys != 0), lines.offsets.to_numpy()

    def edited_by(self) -> tuple[str, ...]:
        return ("head", "foot") if self.settings.remove else ()

    def edit(self, document: Document, *numbers: int) -> Document:
        head, foot = numbers
        return without_lines(document, [*head_of(document)[:head], *foot_of(document)[:foot]])


def head_of(document: Document) -> list[Line]:
    """The first lines before any image, without one that repeats the title."""
    images = [index for index, part in enumerate(document.parts) if part.is_figure]
    lines = list(takewhile(lambda line: line.part < min(images, default=len(document.parts)), lines_of(document)))
    if lines and lines[0].text.strip("# ").lower() in document.title.lower():
        lines = lines[1:]
    return lines[:HEAD]


def foot_of(document: Document) -> list[Line]:
    """The last lines after all images, the last one first."""
    images = [index for index, part in enumerate(document.parts) if part.is_figure]
    lines = lines_of(document)[::-1]
    return list(takewhile(lambda line: line.part > max(images, default=-1), lines))[:FOOT]


def _run(edge: pa.ChunkedArray, least: np.ndarray) -> np.ndarray:
    """How many of a document's lines, from the edge on, are at the same edge of at least `least` documents."""
    if not len(edge):
        return np.zeros(0, dtype=np.int64)
    keys = edge.combine_chunks().flatten().to_numpy().reshape(len(edge), -1)
    _, place, counts = np.unique(keys, return_inverse=True, return_counts=True)
    shared = (counts[place].reshape(keys.shape) >= least[:, None]) & (keys != 0)
    found: np.ndarray = np.cumprod(shared, axis=1).sum(axis=1)
    return found


def _padded(keys: list[int], length: int) -> list[int]:
    """`length` keys, 0 for those that are missing or repeated: a document counts once."""
    once = [key if key not in keys[:at] else 0 for at, key in enumerate(keys)]
    return once + [0] * (length - len(once))


def _key(*parts: str) -> int:
    data = "\n".join(parts).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "big") | 1
