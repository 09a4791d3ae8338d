"""What a source of documents is: it plans chunks of its input, and makes documents and images of one chunk.

Sources and chunks can be pickled: chunks are harvested in other processes.
"""

from __future__ import annotations

import glob
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa

from leafinstruct.document import Harvested
from leafinstruct.errors import LeafError, did_you_mean
from leafinstruct.harvest.index import Index

PARTITION = 200
"""Documents per chunk: small enough that images of one chunk fit in memory, large enough to pay for a file."""


@dataclass(frozen=True)
class Chunk:
    """One partition's worth of input: the files it reads for sure, and a `spec` of the source's own, JSON-able."""

    name: str
    inputs: tuple[str, ...]
    spec: dict[str, Any] = field(default_factory=dict)


class Source(ABC):
    """Base of all sources. `settings` maps each known setting to the type its value must have."""

    settings: ClassVar[Mapping[str, type | tuple[type, ...]]] = {
        "path": (str, list),
        "license": str,
        "language": str,
        "topic": str,
        "partition": int,
    }

    def __init__(self, name: str, settings: Mapping[str, Any], root: Path) -> None:
        self.name = name
        self.given = dict(settings)
        self.root = Path(root)
        self.license = str(settings.get("license") or "")
        self.language = str(settings.get("language") or "")
        self.topic = str(settings.get("topic") or "")

    @property
    def partition(self) -> int:
        return int(self.given.get("partition", PARTITION))

    def check(self) -> None:
        """Raises LeafError on an unknown setting, a value of the wrong type, or a path that matches nothing."""
        self.check_settings()
        if not self.given.get("path"):
            raise LeafError(f"source {self.name}: 'path' is missing; give a file or folder, or a list of them")
        self.paths()

    def check_settings(self) -> None:
        """Raises LeafError on an unknown setting or a value of the wrong type."""
        for key, value in self.given.items():
            if key not in self.settings:
                raise LeafError(f"source {self.name}: unknown setting '{key}'{did_you_mean(key, self.settings)}")
            if not isinstance(value, self.settings[key]):
                raise LeafError(f"source {self.name}: setting '{key}' has a value of the wrong type: {value!r}")
        if "partition" in self.given and self.partition < 1:
            raise LeafError(f"source {self.name}: 'partition' must be 1 or more, found {self.partition}")

    def paths(self) -> list[Path]:
        """What `path` matches, absolute and without `..`, sorted, each once. Raises LeafError if an entry matches
        nothing."""
        entries = self.given["path"]
        found: set[Path] = set()
        for entry in [entries] if isinstance(entries, str) else entries:
            pattern = str(self.root / str(entry))
            matches = [Path(m) for m in glob.glob(pattern, recursive=True)]  # noqa: PTH207 - patterns may be absolute
            if not matches and Path(pattern).exists():  # a name with brackets in it
                matches = [Path(pattern)]
            if not matches:
                raise LeafError(f"source {self.name}: path '{entry}' matches nothing in {self.root.resolve()}")
            found.update(m.resolve() if ".." in m.parts else m.absolute() for m in matches)
        return sorted(found)

    @abstractmethod
    def plan(self, known: int | None) -> list[Chunk]:
        """Chunks of the source. `known`: how many a tree had before; a tree keeps it, so that a new file stales one."""

    def index_inputs(self) -> tuple[str, ...]:
        """Input files that have an index, in the order in which they are looked through; none by default."""
        return ()

    def index(self, file: str) -> pa.Table:
        """Index of one of `index_inputs`; see `Index` for the columns that looking up needs."""
        raise NotImplementedError(f"source {self.name}: no index of {file}")

    @property
    def fetches(self) -> bool:
        """Whether images are fetched by their addresses."""
        return False

    def addresses(self, chunk: Chunk, index: Index | None) -> Iterable[str]:
        """Addresses that are to be fetched before a chunk is harvested."""
        return ()

    @abstractmethod
    def harvest(self, chunk: Chunk, index: Index | None) -> Harvested:
        """Documents and images of one chunk. Bad input becomes a document with `error` or a lost image. `asked` of the
        result holds the (key, offset) that the source looked up in indexes of other files than the chunk's own."""

    def answer(self, chunk: Chunk, asked: Iterable[tuple[str, int]], index: Index) -> list[Any]:
        """What the index answers to `asked`: the chunk is stale when that changes, and only then."""
        return []
