"""Rows of scorers, checked: an error or a wrong row of one document is a score that could not be made, with the reason.

The rows of built-in scorers are as they declare them; those of others are checked value by value, and nothing is
converted that would change it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from leafinstruct.document import Document, Image
from leafinstruct.errors import Fault, LeafError, did_you_mean, one_line, raised
from leafinstruct.score.base import ABOUT, FAILED, Column, CorpusScorer, GalleryScorer, Item, ModelScorer, Row, Scorer
from leafinstruct.text.valid import valid
from leafinstruct.under_way import note

if TYPE_CHECKING:
    import PIL.Image

STOPS = (ImportError, MemoryError)
"""Errors that are no fact about one document."""
LARGEST = 2**63
TAKES = {"float": "a number", "int": "a whole number", "bool": "true or false", "text": "a text"}


OpenImage = Callable[[str], "PIL.Image.Image"]


class WrongRow(Exception):
    """What is wrong with what a scorer returned."""


def rows_of_document(
    scorer: Scorer, document: Document, make: Callable[[], Iterable[Row]], faults: list[Fault]
) -> list[Row]:
    """What a scorer gives for a document; if it fails, one row with the error, and a fault."""
    rows = _rows(scorer, {"document": document.id}, _place(document), make, faults, _parts(document))
    if scorer.code and _lacks(scorer, rows):
        faults.append(fault_of(scorer, document, NO_ROW))
        rows.append({"document": document.id, "error": NO_ROW})
    return rows


NO_ROW = "it gave no row about the document"


def _lacks(scorer: Scorer, rows: Iterable[Row]) -> bool:
    """Whether columns about documents have no row."""
    about = any(column.grain == "document" for column in scorer.columns)
    return about and all(row.get("part") is not None for row in rows)


def row_of_image(scorer: Scorer, image: Image, make: Callable[[], Row], faults: list[Fault]) -> list[Row]:
    """What a scorer gives for an image; if it fails, one row with the error, and a fault."""
    return _rows(scorer, {"sha256": image.sha256}, image.url, lambda: [make()], faults)


def rows_of_corpus(
    scorer: Scorer, rows: Iterable[Row], faults: list[Fault], documents: Collection[str]
) -> Iterator[Row]:
    """The rows of a corpus scorer, each about one of the documents or an image; a wrong one, and one that is missing,
    becomes a row with the error, and a fault. Raises LeafError for rows about anything else."""
    if not scorer.code:
        yield from rows
        return
    seen: set[tuple[str, str]] = set()
    for row in rows:
        named = {name: row.get(name) for name in ("document", "sha256")} if isinstance(row, Mapping) else {}
        about = {name: value for name, value in named.items() if isinstance(value, str)}
        if len(about) != 1:
            raise LeafError(f"scorer {name_of(scorer)}: reduce gave {_short(row)}; a row has 'document' or 'sha256'")
        [(kind, subject)] = about.items()
        if (kind, subject) in seen:
            raise LeafError(f"scorer {name_of(scorer)}: reduce gave two rows about the {kind} {subject}")
        if kind == "document" and subject not in documents:
            raise LeafError(f"scorer {name_of(scorer)}: reduce gave a row about {subject}, which is no document")
        seen.add((kind, subject))
        try:
            yield _checked_row({column.name: column for column in scorer.columns}, about, row, frozenset())
        except WrongRow as error:
            faults.append(Fault(subject, "", f"scorer {name_of(scorer)}: {error}"))
            yield {**about, "error": str(error)}
    if any(column.grain == "document" for column in scorer.columns):
        for document in sorted(set(documents) - {subject for kind, subject in seen if kind == "document"}):
            faults.append(Fault(document, "", f"scorer {name_of(scorer)}: reduce: {NO_ROW}"))
            yield {"document": document, "error": NO_ROW}


def sketch_of(scorer: GalleryScorer, image: Image, make: Callable[[], Any], faults: list[Fault]) -> dict[str, Any]:
    """The sketch of an image by its sha256; nothing if the scorer fails, and a fault."""
    row = _rows(scorer, {"sha256": image.sha256}, image.url, lambda: [{"sketch": make()}], faults, check=False)[0]
    return {image.sha256: row["sketch"]} if "sketch" in row else {}


def signatures_of(scorer: CorpusScorer, documents: Sequence[Document]) -> pa.Table:
    """The signature table of some documents. Raises WrongRow if the scorer fails, or gives another table."""
    try:
        table = scorer.map(documents)
    except (LeafError, *STOPS) as error:
        raise _stopped(scorer, error) from error
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise WrongRow(f"map: {raised(error)}") from error
    if not isinstance(table, pa.Table):
        raise WrongRow(f"map returned {_short(table)}; it returns a table of map_schema")
    if not table.schema.equals(scorer.map_schema):
        raise WrongRow(f"map returned the columns {', '.join(table.schema.names)}; map_schema declares others")
    return table


def error_of_map(scorer: CorpusScorer, document: Document) -> str:
    """What is wrong with the signature of one document; "" if nothing is."""
    try:
        signatures_of(scorer, [document])
    except WrongRow as error:
        return str(error)
    return ""


def rows_of_items(
    scorer: ModelScorer, items: Sequence[Item], open_image: OpenImage, faults: list[Fault]
) -> Iterator[Row]:
    """The rows of a model scorer. If one that is not built in fails, the documents that are left are asked for one by
    one; a row whose error begins with FAILED is in the place of those that fail alone."""
    if not scorer.code:
        yield from scorer.score(items, open_image)
        return
    found = _given(scorer, items, open_image)
    for item in items:
        yield from _rows_of_item(scorer, item, found.get(item.document.id, []), open_image, faults)


def _rows_of_item(
    scorer: ModelScorer, item: Item, rows: list[Row], open_image: OpenImage, faults: list[Fault]
) -> list[Row]:
    document = item.document
    about = {"document": document.id}
    parts: list[int | None] = [*sorted(item.parts)] if scorer.about_images else [None]
    try:
        if not rows:
            rows = [dict(row) for row in scorer.score([item], open_image)]
        made = checked(scorer, about, rows, _parts(document))
        missing = [part for part in parts if part not in {row.get("part") for row in made}]
        if not missing:
            return made
        reason, parts = NO_ROW, missing
    except (LeafError, *STOPS) as error:
        raise _stopped(scorer, error, _place(document)) from error
    except WrongRow as error:
        made, reason = [], str(error)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        made, reason = [], raised(error)
    faults.append(fault_of(scorer, document, reason))
    return [*made, *({**about, "part": part, "error": f"{FAILED}{reason}"} for part in parts)]


def _given(scorer: ModelScorer, items: Sequence[Item], open_image: OpenImage) -> dict[str, list[Row]]:
    """Rows by document; of those before the one that an error stopped, if there is one."""
    found: dict[str, list[Row]] = {}
    last = ""
    try:
        for row in scorer.score(items, open_image):
            last = str(row["document"])
            found.setdefault(last, []).append(row)
    except (LeafError, *STOPS) as error:
        raise _stopped(scorer, error) from error
    except KeyboardInterrupt:
        raise
    except BaseException:
        found.pop(last, None)
    return found


def fault_of(scorer: Scorer, document: Document, reason: str) -> Fault:
    return Fault(document.id, _place(document), f"scorer {name_of(scorer)}: {reason}")


def _place(document: Document) -> str:
    return document.path or document.url


def _parts(document: Document) -> frozenset[int]:
    return frozenset(number for number, part in enumerate(document.parts) if part.type == "image")


def _rows(
    scorer: Scorer,
    about: Row,
    place: str,
    make: Callable[[], Iterable[Row]],
    faults: list[Fault],
    parts: frozenset[int] = frozenset(),
    check: bool = True,
) -> list[Row]:
    note(f"scorer {name_of(scorer)}, {' '.join(*about.items())}")
    try:
        found = make()
        return checked(scorer, about, found, parts) if check and scorer.code else list(found)
    except (LeafError, *STOPS) as error:
        raise _stopped(scorer, error, place) from error
    except WrongRow as error:
        reason = str(error)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        reason = raised(error)
    [subject] = about.values()
    faults.append(Fault(subject, place, f"scorer {name_of(scorer)}: {reason}"))
    return [{**about, "error": reason}]


def _stopped(scorer: Scorer, error: BaseException, place: str = "") -> LeafError:
    what = str(error) if isinstance(error, LeafError) else raised(error)
    return LeafError(f"scorer {name_of(scorer)}: {f'{place}: ' if place else ''}{what}")


def name_of(scorer: Scorer) -> str:
    return type(scorer).__qualname__ if scorer.code else type(scorer).__module__.rpartition(".")[2]


def checked(scorer: Scorer, about: Row, rows: Any, parts: frozenset[int] = frozenset()) -> list[Row]:
    """Rows about one document (or image), with values of the types that the columns declare. `parts` are the positions
    of its image parts. Raises WrongRow."""
    if rows is None or isinstance(rows, str | bytes | Mapping) or not isinstance(rows, Iterable):
        raise WrongRow(f"it returned {_short(rows)}; it returns a list of rows")
    columns = {column.name: column for column in scorer.columns}
    found, seen = [], set()
    for row in rows:
        if not isinstance(row, Mapping):
            raise WrongRow(f"a row is {_short(row)}; it is a dict with the columns as keys")
        made = _checked_row(columns, about, row, parts)
        key = tuple(made.get(name) for name in ("document", "part", "sha256"))
        if key in seen:
            raise WrongRow(f"two rows about {_subject(key)}")
        seen.add(key)
        found.append(made)
    return found


def _subject(key: tuple[Any, ...]) -> str:
    return "one document" if key[1] is None and key[2] is None else "one image"


def _checked_row(columns: Mapping[str, Column], about: Row, row: Mapping[Any, Any], parts: frozenset[int]) -> Row:
    for name in row:
        if name not in columns and name not in ABOUT:
            raise WrongRow(f"unknown column {name!r}{did_you_mean(str(name), columns)}")
    [(kind, subject)] = about.items()
    if row.get(kind, subject) != subject:
        raise WrongRow(f"a row is about the {kind} {_short(row[kind])}, not about the one it was asked for")
    if kind == "document" and row.get("sha256") is not None:
        raise WrongRow("a row has 'sha256'; a row about an image of the document names its 'part'")
    part = row.get("part")
    if part is not None and (isinstance(part, bool) or not isinstance(part, int | np.integer) or part not in parts):
        raise WrongRow(f"'part' is {_short(part)}, which is no image part of the document")
    made: Row = dict(about)
    if part is not None:
        made["part"] = int(part)
    error = row.get("error")
    if error:
        return {**made, "error": one_line(str(error))}
    grain = "document" if kind == "document" and part is None else "image"
    for name, column in columns.items():
        value = _value(column, row.get(name))
        if value is not None and column.grain != grain:
            raise WrongRow(f"column {name!r} is about each {column.grain}; the row is about the {grain}")
        made[name] = value
    return made


def _value(column: Column, value: Any) -> Any:
    """A value as the type of its column, unchanged; None for what is missing. Raises WrongRow."""
    if value is np.ma.masked:
        return None
    if getattr(getattr(value, "dtype", None), "kind", "") in ("M", "m"):
        raise WrongRow(f"column {column.name!r} is {_short(value)}; it takes {TAKES[column.type]}")
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:  # a scalar of NumPy, torch, ...
        value = value.item()
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if column.type == "text" and isinstance(value, str):
        return valid(value)
    if column.type == "bool" and isinstance(value, bool):
        return value
    if not isinstance(value, bool) and isinstance(value, int | float):
        if column.type == "float":
            return _float(column, value)
        if column.type == "int" and -LARGEST <= value < LARGEST and value == value // 1:
            return int(float(value)) if isinstance(value, float) else int.__index__(value)
    raise WrongRow(f"column {column.name!r} is {_short(value)}; it takes {TAKES[column.type]}")


def _float(column: Column, value: int | float) -> float:
    try:
        found = float.__float__(value) if isinstance(value, float) else int.__float__(value)
    except OverflowError:
        found = math.nan
    if found != value:  # a whole number with more digits than a fraction can hold
        raise WrongRow(f"column {column.name!r} is {_short(value)}; it takes {TAKES[column.type]}")
    return found


def _short(value: Any) -> str:
    try:
        text = " ".join(repr(value).split())
    except Exception:  # a class of the user's own
        text = f"an object of {type(value).__name__}"
    return text if len(text) <= 60 else f"{text[:57]}..."
