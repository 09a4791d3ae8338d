"""Documents that share their images with others: the same images with another text, or a gallery shown again.

Images are the same if their bytes are. `seen` finds those that are boilerplate; here an image of very many documents
pairs none of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa

from leafinstruct.document import Described, Document, schema_of
from leafinstruct.score.base import Column, CorpusScorer, Row
from leafinstruct.score.lsh import Forest
from leafinstruct.settings import Positive


class Scorer(CorpusScorer):
    version = 2
    columns = (
        Column("share", "document", "float", "share", "its distinct images that other documents also show"),
        Column(
            "documents_sharing_images",
            "document",
            "int",
            "documents",
            "others that show at least half of its distinct images",
        ),
        Column("group", "document", "text", "", "smallest id of documents with mostly the same images; or null"),
    )
    renamed: ClassVar[Mapping[str, str]] = {
        "alike": "documents_sharing_images",
    }
    map_columns: ClassVar[Described] = {
        "document": (pa.string(), "id of the document; documents without images have no row"),
        "images": (pa.list_(pa.uint64()), "first 64 bits of the SHA-256 of each of its distinct images"),
    }
    map_schema: ClassVar[pa.Schema] = schema_of(map_columns)

    @dataclass(frozen=True)
    class Settings:
        boilerplate: Positive = 20
        """An image of more documents counts only in `share`: it is boilerplate, and its pairs would be very many."""
        images: Positive = 2
        """Documents are in one group if they share at least this many images, and half of the images of each."""

    def map(self, documents: Sequence[Document]) -> pa.Table:
        rows = [{"document": d.id, "images": sorted({int(s[:16], 16) for s in d.images})} for d in documents]
        return pa.Table.from_pylist([row for row in rows if row["images"]], schema=self.map_schema)

    def reduce(self, signatures: Iterable[pa.Table]) -> Iterator[Row]:
        """Rows of the documents with images. Memory: ids, and about 50 bytes for each image of each document."""
        table = pa.concat_tables([self.map_schema.empty_table(), *signatures]).sort_by("document").combine_chunks()
        names, lists = table["document"].combine_chunks(), table["images"].combine_chunks()
        shown = _Shown(lists.flatten().to_numpy(), np.diff(lists.offsets.to_numpy()))
        forest = Forest(len(names))
        alike = np.zeros(len(names), np.int64)
        for row in range(len(names)):
            for other, common in shown.others(row, self.settings.boilerplate).items():
                alike[row] += 2 * common >= shown.size(row)
                if common >= self.settings.images and 2 * common >= max(shown.size(row), shown.size(other)):
                    forest.link(row, other)
        roots = forest.roots()
        members = np.bincount(roots, minlength=len(names))
        for row, root in enumerate(roots.tolist()):
            group = names[root].as_py() if members[root] > 1 else None
            yield {
                "document": names[row].as_py(),
                "share": shown.share(row),
                "documents_sharing_images": int(alike[row]),
                "group": group,
            }


class _Shown:
    """Which document shows which image, both by number. `images`, uint64 [all showings], lists those of one document
    after another; `sizes`, int [documents], has their counts."""

    def __init__(self, images: np.ndarray, sizes: np.ndarray) -> None:
        self._ends = np.concatenate([[0], np.cumsum(sizes)])
        _, self._image, self._count = np.unique(images, return_inverse=True, return_counts=True)
        self._starts = np.concatenate([[0], np.cumsum(self._count)])
        owner = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
        self._owner = owner[np.argsort(self._image, kind="stable")]

    def size(self, row: int) -> int:
        return int(self._ends[row + 1] - self._ends[row])

    def _mine(self, row: int) -> np.ndarray:
        return self._image[self._ends[row] : self._ends[row + 1]]

    def share(self, row: int) -> float:
        return float((self._count[self._mine(row)] > 1).mean())

    def others(self, row: int, boilerplate: int) -> Counter[int]:
        """Other documents with the number of images in common, without images in more than `boilerplate` documents."""
        found: Counter[int] = Counter()
        for image in self._mine(row).tolist():
            if 1 < self._count[image] <= boilerplate:
                found.update(self._owner[self._starts[image] : self._starts[image + 1]].tolist())
        found.pop(row, None)
        return found
