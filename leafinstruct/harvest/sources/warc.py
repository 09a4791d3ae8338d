"""Source `warc`: pages of WARC files, with images from any WARC file of the source.

The records of each file are indexed first. A chunk is a byte range of one file, so that planning opens no file.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa

from leafinstruct.document import Harvested, document_id
from leafinstruct.errors import LeafError
from leafinstruct.harvest import base
from leafinstruct.harvest.files import is_regular, partition_name
from leafinstruct.harvest.index import Index
from leafinstruct.harvest.warc.index import build_index
from leafinstruct.harvest.warc.lookup import IMAGE, Lookup

BYTES_PER_PAGE = 64 * 1024
"""Compressed bytes of a page with its images, as in crawls; with `partition` it sets the chunk length."""
ENDINGS = ("*.warc", "*.warc.gz", "*.warc.zst")


class Source(base.Source):
    """WARC files. Settings: path (files, globs or folders of files), license, language, topic, partition."""

    imports = ("leafinstruct.harvest.warc.pages",)

    def check(self) -> None:
        super().check()
        if not self.files():
            raise LeafError(
                f"source {self.name}: path '{self.settings.path}' contains no .warc, .warc.gz or .warc.zst file; "
                "check the path"
            )

    def files(self) -> list[Path]:
        found: set[Path] = set()
        for path in self.paths():
            below = (m for ending in ENDINGS for m in path.glob(ending) if is_regular(m)) if path.is_dir() else [path]
            found.update(below)
        return sorted(found)

    def plan(self, known: int | None) -> list[base.Chunk]:
        """Byte ranges of about `partition` pages; the last one of a file is open-ended."""
        chunks = []
        for file in self.files():
            length = self.partition * BYTES_PER_PAGE
            count = max(1, -(-file.stat().st_size // length))
            for part in range(count):
                spec = {
                    "file": str(file),
                    "start": part * length,
                    "end": (part + 1) * length if part + 1 < count else None,
                }
                chunks.append(base.Chunk(f"{self._name(file)}-{part:05d}", (str(file),), spec))
        return chunks

    def _name(self, file: Path) -> str:
        """The file's name, with a hash of its path if two files share one."""
        name = _stem(file)
        same = [f for f in self.files() if _stem(f) == name]
        return partition_name(name if len(same) == 1 else f"{name}-{document_id('', str(file))[:8]}")

    def index_inputs(self) -> tuple[str, ...]:
        return tuple(str(file) for file in self.files())

    def index(self, file: str) -> pa.Table:
        return build_index(Path(file))

    def harvest(self, chunk: base.Chunk, index: Index | None) -> Harvested:
        from leafinstruct.harvest.warc.pages import Pages

        assert index is not None
        return Pages(self, index).harvest(chunk)

    def answer(self, chunk: base.Chunk, asked: Iterable[tuple[str, int]], index: Index) -> list[Any]:
        """The record (or the reason) that each URL leads to, and how many earlier records hold each page's URL."""
        asked = sorted(asked)
        lookup = Lookup(index)
        lookup.load({key for key, _ in asked})
        answers: list[Any] = []
        for key, offset in asked:
            if offset == IMAGE:
                found = lookup.follow(key)
                answers.append([found.reason, found.file, found.offset])
            else:
                answers.append(lookup.occurrence(key, chunk.spec["file"], offset))
        return answers


def _stem(file: Path) -> str:
    return file.name.removesuffix(".gz").removesuffix(".zst").removesuffix(".warc")
