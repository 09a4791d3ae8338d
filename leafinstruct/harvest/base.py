"""The contract of a source: it plans chunks of its input, and turns one chunk into documents and images.

Sources and chunks can be pickled: chunks are harvested in other processes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import pyarrow as pa
from msgspec import Meta

from leafinstruct.document import Document, Harvested
from leafinstruct.errors import LeafError
from leafinstruct.harvest.bounds import TOO_COSTLY, Bounds, TooCostly, bounded
from leafinstruct.harvest.files import is_folder, is_regular, matches
from leafinstruct.harvest.index import Index
from leafinstruct.settings import read

PARTITION = 200
"""Documents per chunk: the images of one chunk fit in memory, and the chunk is large enough to be worth a file."""


@dataclass(frozen=True)
class Chunk:
    """One partition's input: the files it always reads, and a JSON-able `spec` that only its source interprets."""

    name: str
    inputs: tuple[str, ...]
    spec: dict[str, Any] = field(default_factory=dict)


def failed(source: Source, key: str, site: str, path: str, error: Exception) -> Document:
    """A document without parts, in the place of one whose input made the code raise an error or exceeded its bounds."""
    return Document(
        id=key,
        source=source.name,
        site=site,
        url="",
        path=path,
        license=source.license,
        title="",
        topic=source.topic,
        language=source.language,
        parts=(),
        error=TOO_COSTLY if isinstance(error, TooCostly) else f"failed_{type(error).__name__}",
    )


class Source(ABC):
    """Base of all sources. `Settings` is a frozen dataclass of what a pipeline may set besides name and kind."""

    @dataclass(frozen=True)
    class Settings:
        path: str | tuple[str, ...] = ()
        """Files, folders or glob patterns, from the project's folder; `demo:` is the bundled sample."""
        license: str = ""
        """License of documents that state none, as an SPDX id."""
        language: str = ""
        """Language of documents that state none, as an ISO 639-1 code."""
        topic: str = ""
        links: Literal["text", "keep"] = "text"
        """Whether texts keep the addresses of links to other pages, as `[text](address)`, or their text alone. Rows of
        data sets stay as they are."""
        partition: Annotated[int, Meta(ge=1)] = PARTITION
        """Documents in a partition, about."""
        bounds: Bounds = Bounds()
        """What reading one input may cost: `seconds` of the CPU (8) and `megabytes` of memory (800)."""

    imports: ClassVar[tuple[str, ...]] = ()
    """Modules that `harvest` needs: processes share them, and the one that plans imports them only if it must."""
    code: str = ""
    """Digest of the code of a source that is not built in (see `plugins`): what edited code read is harvested again."""

    def __init__(self, name: str, settings: Mapping[str, Any], root: Path) -> None:
        self.name = name
        self.settings: Any = read(self.Settings, settings, f"source {name}: ")
        self.root = Path(root)
        self.license = self.settings.license
        self.language = self.settings.language
        self.topic = self.settings.topic

    @property
    def keeps_links(self) -> bool:
        return bool(self.settings.links == "keep")

    @property
    def partition(self) -> int:
        return int(self.settings.partition)

    def bounded(self, where: str) -> AbstractContextManager[None]:
        """Around all that is done to one input, named `where` (see `bounds`)."""
        return bounded(where)

    def check(self) -> None:
        """Raises LeafError on a missing path or one that matches nothing."""
        if not self.settings.path:
            raise LeafError(f"source {self.name}: 'path' is missing; give a file or folder, or a list of them")
        self.paths()

    def paths(self) -> list[Path]:
        """Absolute paths that match `path`, without `..`, sorted, each once. Raises LeafError if an entry matches
        nothing."""
        entries = self.settings.path
        found: set[Path] = set()
        for entry in [entries] if isinstance(entries, str) else entries:
            try:
                there = self._there(str(entry))
            except LeafError as error:
                raise LeafError(f"source {self.name}: {error}") from None
            found.update(m.resolve() if ".." in m.parts else m.absolute() for m in there)
        return sorted(found)

    def _there(self, entry: str) -> list[Path]:
        """Folders and regular files that an entry of `path` matches. Raises LeafError without one."""
        given = self.root / entry
        there = [given] if is_regular(given) or is_folder(given) else matches(self.root, entry)  # perhaps with brackets
        if not there:
            raise LeafError(f"path '{entry[:200]}' matches nothing in {self.root.resolve()}; check the path")
        usable = [place for place in there if is_regular(place) or is_folder(place)]
        if not usable:
            raise LeafError(f"path '{entry[:200]}' is neither a file nor a folder; check the path")
        return usable

    @abstractmethod
    def plan(self, known: int | None) -> list[Chunk]:
        """Chunks of the source. `known`: the number of chunks before; a file tree keeps it, so that a new file makes
        one stale."""

    def index_inputs(self) -> tuple[str, ...]:
        """Input files that have an index, in lookup order; none by default."""
        return ()

    def index(self, file: str) -> pa.Table:
        """Index of one of `index_inputs`; see `Index` for the columns that lookups need."""
        raise NotImplementedError(f"source {self.name} has no index of {file}")

    @property
    def fetches(self) -> bool:
        """Whether images are fetched from their URLs."""
        return False

    def addresses(self, chunk: Chunk, index: Index | None) -> Iterable[str | tuple[str, ...]]:
        """URLs to fetch before a chunk is harvested; of a tuple, the first that has an image."""
        return ()

    @abstractmethod
    def harvest(self, chunk: Chunk, index: Index | None) -> Harvested:
        """Documents and images of one chunk. Bad input becomes a document with `error` or a lost image. `asked` of the
        result holds each (key, offset) that the source looked up in the indexes of other files than the chunk's own."""

    def answer(self, chunk: Chunk, asked: Iterable[tuple[str, int]], index: Index) -> list[Any]:
        """The index's answers to `asked`: the chunk is stale when they change, and only then."""
        return []
