"""What a scorer declares and the rows it returns. Importing a scorer imports no model.

A scorer is a class named `Scorer` in `leafinstruct/score/NAME.py`, or a user's own class named in a filter as
`./file.py:Class`. Its rows are in `scores/<filter>-<hash8>/P.parquet`; the hash covers all that can change its numbers.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from keyword import iskeyword
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import pyarrow as pa
import pyarrow.compute as pc

from leafinstruct.document import Described, Document, Image, digest, schema_of
from leafinstruct.errors import LeafError, did_you_mean
from leafinstruct.settings import ModelSettings, read

if TYPE_CHECKING:
    import PIL.Image

    from leafinstruct.models.pool import Pool

GRAINS = ("image", "document")
ARROW_TYPES = {"float": pa.float64(), "int": pa.int64(), "bool": pa.bool_(), "text": pa.string()}

ROWS_AT_A_TIME = 1000
Row = dict[str, Any]
"""A score row: values of columns, `error` if they could not be made, and what it is about: `sha256` (an image in any
document), `document` and `part` (an image part of one document), or `document` alone."""
ABOUT: Described = {
    "document": (pa.string(), "id of the document; null in a row about an image in any document"),
    "part": (pa.int32(), "index of the image part in the raw document; null otherwise"),
    "sha256": (pa.string(), "id of the image, in a row about an image in any document; null otherwise"),
    "error": (pa.string(), "why the scores could not be made; null if they were"),
}
KEY: Described = {"key": (pa.string(), "digest of the document that the model saw")}
"""Last column of a model scorer's table."""


@dataclass(frozen=True, slots=True)
class Column:
    """One number (or word) that a scorer gives for an image or a document, with its unit."""

    name: str
    grain: Literal["image", "document"]
    type: Literal["float", "int", "bool", "text"]
    unit: str
    about: str


FAILED = "scorer failed: "
"""How the error of a row begins that a model scorer is asked for again."""
RESERVED = (*ABOUT, *KEY)
"""What rows may have besides the columns of their scorer."""


def check_columns(kind: type[Scorer]) -> None:
    """Raises LeafError unless a scorer declares columns that rules can name."""
    if not isinstance(kind.columns, tuple | list):
        raise LeafError(f"columns is {kind.columns!r}; it is a tuple: columns = (Column(...),)")
    if not kind.columns:
        raise LeafError("the scorer declares no columns")
    if issubclass(kind, CorpusScorer) and not isinstance(getattr(kind, "map_schema", None), pa.Schema):
        raise LeafError("map_schema is missing or no pyarrow.Schema: the columns of the table that `map` gives")
    names: set[str] = set()
    for column in kind.columns:
        if not isinstance(column, Column):
            raise LeafError(f"columns: {column!r} is no Column")
        where = f"column {column.name!r}"
        name = column.name
        if not isinstance(name, str) or not name.isidentifier() or iskeyword(name) or name in RESERVED:
            raise LeafError(f"{where}: not a name; use letters, digits and _, and none of {', '.join(RESERVED)}")
        if column.name in names:
            raise LeafError(f"{where} is declared twice; rename one")
        names.add(column.name)
        if issubclass(kind, ModelScorer) and column.grain != kind.columns[0].grain:
            raise LeafError(f"{where}: a model's scores are all about images or all about documents")
        for key, value, known in (("grain", column.grain, GRAINS), ("type", column.type, ARROW_TYPES)):
            if value not in known:
                raise LeafError(f"{where}: {key} is {value!r}{did_you_mean(str(value), known)}")


class Scorer:
    """Base of all scorers. `Settings` is a frozen dataclass; increase `version` whenever the code changes a number."""

    version: ClassVar[int] = 1
    columns: ClassVar[tuple[Column, ...]] = ()
    renamed: ClassVar[Mapping[str, str]] = {}
    """Current column names by their names in the previous release, which rules may use for one more release."""
    model: ClassVar[str] = ""
    """Which of the pipeline's models it uses (one of MODELS), or the name of a model of its own; "" for none."""
    needs: ClassVar[frozenset[str]] = frozenset()
    """Capabilities that its model must have."""
    code: str = ""
    """Digest of the code of a scorer that is not built in (see `plugins`): scores of edited code are made again."""

    @dataclass(frozen=True)
    class Settings:
        """No settings."""

    def __init__(self, settings: Mapping[str, Any], model: ModelSettings | None = None) -> None:
        self.settings: Any = read(self.Settings, settings)
        self.model_settings = model

    def read_files(self, root: Path) -> None:
        """Read the files that settings name, in the project `root` or as shipped. Raises LeafError naming the file."""
        return

    def identity(self) -> dict[str, Any]:
        """Everything that can change the numbers; its hash names the scorer's folder."""
        model = self.model_settings.facts() if self.model_settings else {}
        model.pop("languages", None)  # they decide which documents are scored, not the scores
        kind = f"{type(self).__module__.rsplit('.', 1)[-1]}.{type(self).__qualname__}"
        names = self.stored_names()
        settings = asdict(self.settings)
        code = {"code": self.code} if self.code else {}
        facts = {
            "scorer": kind,
            "version": self.version,
            "columns": names,
            "settings": settings,
            "model": model or None,
        }
        return {**facts, **code}

    def stored_names(self) -> list[str]:
        """Names of the columns as used in the identity."""
        return [column.name for column in self.columns]

    def hash8(self) -> str:
        return digest(self.identity())[:8]

    def schema(self) -> pa.Schema:
        return pa.schema([*schema_of(ABOUT), *(pa.field(c.name, ARROW_TYPES[c.type]) for c in self.columns)])

    def table(self, rows: Iterable[Row]) -> pa.Table:
        """Rows as a table in a fixed order, floats at four places. Few rows at a time are Python objects."""
        schema, source = self.schema(), iter(rows)
        tables = [schema.empty_table()]
        while some := list(islice(source, ROWS_AT_A_TIME)):
            rounded = [{k: round(v, 4) + 0.0 if isinstance(v, float) else v for k, v in row.items()} for row in some]
            tables.append(pa.Table.from_pylist(rounded, schema=schema))
        keys = [(name, "ascending", "at_start") for name in ("document", "part", "sha256")]
        table = pa.concat_tables(tables)
        return table.take(pc.sort_indices(table, sort_keys=keys)).combine_chunks()


class ImageScorer(Scorer, ABC):
    """Numbers from the pixels of one image, in any document. All stale image scorers share one decode."""

    @abstractmethod
    def measure(self, image: Image, pixels: PIL.Image.Image | None, error: str) -> Row:
        """Columns of one image. `pixels` is as displayed: upright, RGB, 8 bits; a large JPEG is reduced. If it cannot
        be decoded, `pixels` is None and `error` says why."""


class DocumentScorer(Scorer, ABC):
    """Numbers from the text and order of one document, without pixels or models."""

    @abstractmethod
    def score(self, document: Document) -> list[Row]: ...

    def edit(self, text: str) -> str:
        """A text as it is in the edited document; must not be empty. Most scorers change nothing."""
        return text


class GalleryScorer(Scorer, ABC):
    """Numbers from comparing the images of one document, with the decode that image scorers share: `sketch` makes
    something small of each image of the partition, `score` compares the sketches of a document's images."""

    @abstractmethod
    def sketch(self, pixels: PIL.Image.Image) -> Any: ...

    @abstractmethod
    def score(self, document: Document, sketches: Mapping[str, Any]) -> list[Row]:
        """Rows of a document. `sketches` (by sha256) lacks the images that could not be decoded."""


@dataclass(frozen=True, slots=True)
class Item:
    """Work for a model scorer: a document and those of its image parts that have no score yet."""

    document: Document
    parts: frozenset[int]


class ModelScorer(Scorer, ABC):
    """Numbers from a model, for what earlier filters kept. Either all columns are about images or all about documents;
    `key` in its table is the digest of the document that the model saw."""

    @property
    def about_images(self) -> bool:
        return self.columns[0].grain == "image"

    def schema(self) -> pa.Schema:
        return pa.schema([*super().schema(), *schema_of(KEY)])

    def stored_names(self) -> list[str]:
        """A renamed column keeps its old name here: renaming does not make stored scores of models stale."""
        before = {now: old for old, now in self.renamed.items()}
        return [before.get(column.name, column.name) for column in self.columns]

    _loaded: tuple[int, int] | None = None

    def ready(self, pool: Pool) -> None:
        """Call `load` unless what was loaded from this pool is still valid."""
        if self._loaded != (id(pool), pool.changes):
            self.load(pool)
            self._loaded = (id(pool), pool.changes)

    @abstractmethod
    def load(self, pool: Pool) -> None:
        """Take the model from the pool, and prepare what all partitions need from it."""

    @abstractmethod
    def score(self, items: Sequence[Item], open_image: Callable[[str], PIL.Image.Image]) -> Iterator[Row]:
        """Rows of the items, which are in id order. `open_image(sha256)` raises OSError if it cannot be decoded."""


class CorpusScorer(Scorer, ABC):
    """Numbers that need all documents: `map` makes a signature table per partition, `reduce` one corpus table."""

    map_schema: ClassVar[pa.Schema]
    """Of what `map` returns. The built-in scorers make it with `schema_of` from `map_columns`."""
    map_columns: ClassVar[Described] = {}
    """Columns of `map_schema` with their meanings, for the docs."""

    def edited_by(self) -> tuple[str, ...]:
        """Document columns (int) whose values `edit` takes; most scorers change nothing."""
        return ()

    def edit(self, document: Document, *numbers: int) -> Document:
        """An edited document with changed texts. `numbers` are the values of `edited_by` for the raw document."""
        return document

    @abstractmethod
    def map(self, documents: Sequence[Document]) -> pa.Table: ...

    @abstractmethod
    def reduce(self, signatures: Iterable[pa.Table]) -> Iterable[Row]: ...
