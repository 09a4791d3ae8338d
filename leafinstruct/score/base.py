"""What a scorer declares and the shape of the rows it gives. Importing a scorer imports no model.

A scorer is a class named `Scorer` in `leafinstruct/score/NAME.py`, or a class of the user's own named in a filter as
`./file.py:Class`. Its rows go to `scores/<filter>-<hash8>/P.parquet`; the hash covers all that can change its numbers.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import pyarrow as pa
import pyarrow.compute as pc

from leafinstruct.document import Document, Image, digest
from leafinstruct.settings import ModelSettings, make_settings

if TYPE_CHECKING:
    import PIL.Image

    from leafinstruct.models.pool import Pool

ARROW_TYPES = {"float": pa.float64(), "int": pa.int64(), "bool": pa.bool_(), "text": pa.string()}

ROWS_AT_A_TIME = 1000
Row = dict[str, Any]
"""A score row: values of columns, `error` if they could not be made, and what it is about: `sha256` (an image wherever
it stands), `document` and `part` (an image part of one document), or `document` alone."""


@dataclass(frozen=True, slots=True)
class Column:
    """One number (or word) that a scorer gives, about an image or about a document, with its unit."""

    name: str
    grain: Literal["image", "document"]
    type: Literal["float", "int", "bool", "text"]
    unit: str
    about: str


class Scorer:
    """What all scorers share. `Settings` is a frozen dataclass; `version` grows whenever the code changes a number."""

    version: ClassVar[int] = 1
    columns: ClassVar[tuple[Column, ...]] = ()
    renamed: ClassVar[Mapping[str, str]] = {}
    """Columns by their names of the release before, which rules may use for one release more."""
    model: ClassVar[str] = ""
    """Which of the pipeline's models it asks (one of MODELS), or the name of one that it brings itself; "" for none."""
    needs: ClassVar[frozenset[str]] = frozenset()
    """Capabilities that its model must have."""

    @dataclass(frozen=True)
    class Settings:
        """No settings."""

    def __init__(self, settings: Mapping[str, Any], model: ModelSettings | None = None) -> None:
        self.settings = make_settings(self.Settings, settings)
        self.model_settings = model

    def read_files(self, root: Path) -> None:
        """Read the files that settings name, in the project `root` or as shipped. Raises LeafError naming the file."""
        return

    def identity(self) -> dict[str, Any]:
        """All that can change the numbers; its hash names the scorer's folder."""
        model = asdict(self.model_settings) if self.model_settings else {}
        model.pop("languages", None)  # they say which documents are asked about, not what the answer is
        kind = f"{type(self).__module__.rsplit('.', 1)[-1]}.{type(self).__qualname__}"
        names = self.stored_names()
        settings = asdict(self.settings)
        return {"scorer": kind, "version": self.version, "columns": names, "settings": settings, "model": model or None}

    def stored_names(self) -> list[str]:
        """Names of the columns as they count in the identity."""
        return [column.name for column in self.columns]

    def hash8(self) -> str:
        return digest(self.identity())[:8]

    def schema(self) -> pa.Schema:
        about = [("document", pa.string()), ("part", pa.int32()), ("sha256", pa.string()), ("error", pa.string())]
        return pa.schema(about + [(c.name, ARROW_TYPES[c.type]) for c in self.columns])

    def table(self, rows: Iterable[Row]) -> pa.Table:
        """Rows as a table in a fixed order, floats at four places. Few rows at a time are held as objects."""
        schema, source = self.schema(), iter(rows)
        tables = [schema.empty_table()]
        while some := list(islice(source, ROWS_AT_A_TIME)):
            rounded = [{k: round(v, 4) if isinstance(v, float) else v for k, v in row.items()} for row in some]
            tables.append(pa.Table.from_pylist(rounded, schema=schema))
        keys = [(name, "ascending", "at_start") for name in ("document", "part", "sha256")]
        table = pa.concat_tables(tables)
        return table.take(pc.sort_indices(table, sort_keys=keys)).combine_chunks()


class ImageScorer(Scorer, ABC):
    """Numbers from the pixels of one image, wherever it stands. All stale image scorers share one decode."""

    @abstractmethod
    def measure(self, image: Image, pixels: PIL.Image.Image | None, error: str) -> Row:
        """Columns of one image. `pixels` is None with a named `error` if the image could not be decoded."""


class DocumentScorer(Scorer, ABC):
    """Numbers from the text and order of one document, without pixels or models."""

    @abstractmethod
    def score(self, document: Document) -> list[Row]: ...

    def edit(self, text: str) -> str:
        """A text as it goes into the edited document. Never empty; most scorers change nothing."""
        return text


class GalleryScorer(Scorer, ABC):
    """Numbers from the images of one document beside one another. They come from the decode that image scorers share:
    `sketch` keeps something small of each picture of the partition, `score` compares what a document's images left."""

    @abstractmethod
    def sketch(self, pixels: PIL.Image.Image) -> Any: ...

    @abstractmethod
    def score(self, document: Document, sketches: Mapping[str, Any]) -> list[Row]:
        """Rows of a document. `sketches` (by sha256) lacks the images that could not be decoded."""


@dataclass(frozen=True, slots=True)
class Item:
    """What a model scorer is asked for: a document and those of its image parts that have no score yet."""

    document: Document
    parts: frozenset[int]


class ModelScorer(Scorer, ABC):
    """Numbers from a model, over what the filters before it let through. Either all columns are about images or all
    about documents; `key` in its table is the digest of the document that the model saw."""

    @property
    def about_images(self) -> bool:
        return self.columns[0].grain == "image"

    def schema(self) -> pa.Schema:
        return super().schema().append(pa.field("key", pa.string()))

    def stored_names(self) -> list[str]:
        """A renamed column keeps its old name here: what a model said is not asked again for another word."""
        before = {now: old for old, now in self.renamed.items()}
        return [before.get(column.name, column.name) for column in self.columns]

    _loaded: tuple[int, int] | None = None

    def ready(self, pool: Pool) -> None:
        """Load unless what was loaded from this pool is still there."""
        if self._loaded != (id(pool), pool.changes):
            self.load(pool)
            self._loaded = (id(pool), pool.changes)

    @abstractmethod
    def load(self, pool: Pool) -> None:
        """Take the model from the pool, and make ready what all partitions need of it."""

    @abstractmethod
    def score(self, items: Sequence[Item], open_image: Callable[[str], PIL.Image.Image]) -> Iterator[Row]:
        """Rows of the items, which are in id order. `open_image(sha256)` raises OSError for what cannot be decoded."""


class CorpusScorer(Scorer, ABC):
    """Numbers that need all documents: `map` makes a signature table of a partition, `reduce` one corpus table."""

    map_schema: ClassVar[pa.Schema]

    def edited_by(self) -> tuple[str, ...]:
        """Document columns (int) that say how `edit` changes a document; most scorers change nothing."""
        return ()

    def edit(self, document: Document, *numbers: int) -> Document:
        """An edited document with other texts. `numbers` are those of `edited_by`, of the raw document."""
        return document

    @abstractmethod
    def map(self, documents: Sequence[Document]) -> pa.Table: ...

    @abstractmethod
    def reduce(self, signatures: Iterable[pa.Table]) -> Iterable[Row]: ...
