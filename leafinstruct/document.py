"""The data model: documents made of parts, images, records, and their Arrow schemas.

A run stores documents, images and records under these schemas. Any module may import this one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Literal

import pyarrow as pa

from leafinstruct.deprecated import moved

SCHEMA_VERSION = 2
OF_CHAPTER = "~"
"""Between the id of a page and the hash of a chapter's anchor."""


@dataclass(frozen=True, slots=True)
class Part:
    """One text or one image of a document, in reading order.

    A text part has `text`; an image part has `image`, the SHA-256 (hex) of the image's original bytes, and may have
    `alt` and `caption`. `step` counts the steps of a procedure from 1; 0 means that the part belongs to no step.
    A part with `heading` above 0 is a heading of that level (1 to 6).
    """

    type: Literal["text", "image"]
    """`text` or `image`."""
    text: str = ""
    """Markdown of a text part; "" for an image."""
    image: str = ""
    """SHA-256 (hex) of the image's bytes as harvested; "" for a text."""
    alt: str = ""
    """Alternative text of the image, as on the page."""
    caption: str = ""
    """Caption of the image, as on the page."""
    url: str = ""
    """URL or path of the image."""
    step: int = 0
    """Step of its procedure, from 1; 0 if the part belongs to none."""
    heading: int = 0
    """Level of a heading, 1 to 6; 0 for other parts."""
    inline: bool = False
    """Whether the image is a small picture inside a sentence, as a key or a button. The texts on its line begin or end
    with a space."""
    procedure: int = 0
    """Procedure of the page that its step belongs to, from 1; 0 if the part belongs to no step."""
    anchor: str = ""
    """Anchor of a heading on its page; "" if the page states none, and for other parts."""

    @property
    def own_step(self) -> tuple[int, int]:
        """Procedure and step, which tell a step from all others of the document; (0, 0) for none."""
        return (self.procedure, self.step) if self.step else (0, 0)

    @property
    def is_figure(self) -> bool:
        """Whether it is an image that stands for itself."""
        return self.type == "image" and not self.inline

    def __post_init__(self) -> None:
        if self.type == "text" and (self.image or not self.text):
            raise ValueError("a text part has text and no image")
        if self.type == "image" and (self.text or len(self.image) != 64):
            raise ValueError("an image part has the sha256 of its bytes and no text")


@dataclass(frozen=True, slots=True)
class LostImage:
    """An image that the page shows but harvest could not get: its position, its reference and the reason.

    `position` is the index of the part that follows it (0 to number of parts).
    """

    position: int
    """Index of the part that follows the missing image; the number of parts if none follows."""
    ref: str
    """URL or path that the page gives."""
    reason: str
    """Why harvest could not get it, such as `missing`."""


@dataclass(frozen=True, slots=True)
class Document:
    """One page or tutorial as an ordered list of parts.

    `error` says why harvest could not make a document from an input (such a row has no parts). `raw` maps each part of
    an edited document to the index of the raw part it came from; it is empty in a raw document.
    """

    id: str
    """Hash of the source's name, the URL or path, and the occurrence; of a chapter of a long page followed by `~` and a
    hash of the chapter's anchor."""
    source: str
    """Name of the source in the pipeline."""
    site: str
    """Host or repository that the document is from."""
    url: str
    """URL of the page, of a chapter with its anchor; "" if unknown."""
    path: str
    """Where the source has it: a path below the source's root, or a URL; of a chapter with its anchor."""
    license: str
    """License that the source or the page states, as SPDX where it is known; "" if none."""
    title: str
    """Title of the page; "" if it has none."""
    topic: str
    """What it is about, as the source states it; "" if it does not."""
    language: str
    """Raw documents have the tag that the source or page declares, edited ones an ISO 639-1 code: the detected
    language, or the declared one where the text is too short to tell; "" if unknown."""
    parts: tuple[Part, ...]
    """Texts and images in reading order."""
    lost: tuple[LostImage, ...] = ()
    """Images that the page shows and harvest could not get; empty in an edited document."""
    raw: tuple[int, ...] = ()
    """For each part of an edited document, the index of the raw part; empty in a raw document."""
    error: str = ""
    """Why harvest made no document from this input; "" if it did."""

    def __post_init__(self) -> None:
        if self.raw and len(self.raw) != len(self.parts):
            raise ValueError(f"document {self.id}: {len(self.raw)} raw positions for {len(self.parts)} parts")

    @property
    def images(self) -> list[str]:
        """The SHA-256 of the image of each image part, in order; an image shown twice is listed twice."""
        return [p.image for p in self.parts if p.type == "image"]

    @property
    def figures(self) -> list[str]:
        """The same without small pictures inside sentences."""
        return [p.image for p in self.parts if p.is_figure]

    @property
    def text(self) -> str:
        return "\n\n".join(p.text for p in self.parts if p.type == "text")

    def digest(self) -> str:
        """Hash of everything that a reader of the document sees; the key of stored model outputs."""
        shown = [(p.type, p.text, p.image, p.alt, p.caption, p.step, p.heading, p.inline) for p in self.parts]
        seen: list[Any] = [self.title, self.language, shown]
        if any(p.procedure > 1 for p in self.parts):
            seen.append([p.procedure for p in self.parts])
        return digest(seen)

    def edited(self, parts: Sequence[Part], raw: Sequence[int]) -> Document:
        return replace(self, parts=tuple(parts), raw=tuple(raw))


@dataclass(frozen=True, slots=True)
class Image:
    """Original bytes of an image, never re-encoded. `width` and `height` are in pixels as displayed (after EXIF
    orientation); None if the header cannot be read."""

    sha256: str
    """SHA-256 (hex) of the bytes; the image's id everywhere in the run."""
    bytes: bytes
    """The file as harvested."""
    format: str
    """Format by its header, as Pillow names it, such as `JPEG`."""
    width: int | None
    """Pixels as displayed; null if the header cannot be read."""
    height: int | None
    """Pixels as displayed; null if the header cannot be read."""
    url: str
    """URL or path where it was found."""


@dataclass(frozen=True, slots=True)
class Content:
    """One entry of a message: a text, or the position of an image (with an empty `text`)."""

    type: Literal["text", "image"]
    """`text` or `image`."""
    text: str = ""
    """Markdown of a text; "" for an image."""


@dataclass(frozen=True, slots=True)
class Message:
    role: Literal["user", "assistant"]
    """`user` or `assistant`."""
    content: tuple[Content, ...]
    """Texts and images of the turn in reading order."""


@dataclass(frozen=True, slots=True)
class ImageMeta:
    """What is published about one image of a record; `source_sha256` is the SHA-256 of the bytes as harvested."""

    source_sha256: str
    """SHA-256 (hex) of the bytes as harvested."""
    url: str
    """URL or path where the image was found."""
    license: str
    """License of the document that shows it."""
    caption: str
    """Its caption on the page or, without one, its alternative text."""
    clip_score: float | None
    """Similarity to the text around it, by the pipeline's dual encoder; null if it was not scored."""


@dataclass(frozen=True, slots=True)
class Record:
    """One instruction example, or (with `dropped_by`) a row that says why a document has no record.

    `images` holds the SHA-256 of every image of all messages in reading order, one for each image entry; `image_meta`
    is parallel to it. `writer` is what wrote the instruction: a model and revision, or "template".
    """

    id: str
    """Hash of the document's id and the task."""
    document: str
    """Id of the document that it was made from."""
    task: str
    """Task of the record, such as `howto`."""
    source: str
    """Name of the source in the pipeline."""
    path: str
    """Where the source has the document: a path below the source's root, or a URL."""
    url: str
    """URL of the document; "" if unknown."""
    site: str
    """Host or repository that the document is from."""
    license: str
    """License of the document; "" if none is stated."""
    topic: str
    """Topic by the source or, where the pipeline asks for one, by the language model; "" if unknown."""
    language: str
    """ISO 639-1 code of the document's language; "" if unknown."""
    messages: tuple[Message, ...]
    """Turns of user and assistant; empty in a row without a record."""
    images: tuple[str, ...]
    """SHA-256 (hex) as harvested of every image of all messages, in reading order."""
    image_meta: tuple[ImageMeta, ...]
    """One entry for each image, in the same order."""
    scores: tuple[tuple[str, float | None], ...] = ()
    """Scores of the document that are published with the record."""
    writer: str = ""
    """What wrote the request: model and revision, or `template`."""
    dropped_by: str = ""
    """Why the document has no record; "" for a record."""

    def __post_init__(self) -> None:
        places = sum(c.type == "image" for m in self.messages for c in m.content)
        if not places == len(self.images) == len(self.image_meta):
            raise ValueError(
                f"record {self.id}: {places} image places, {len(self.images)} images, {len(self.image_meta)} image_meta"
            )


Described = Mapping[str, tuple[pa.DataType, str]]
"""Columns of a table, or fields of a struct, in order: type and meaning."""


def schema_of(columns: Described) -> pa.Schema:
    """The meanings are for the docs; they are not in the schema."""
    return pa.schema([(name, kind) for name, (kind, _) in columns.items()])


def struct_of(fields: Described) -> pa.DataType:
    return pa.struct([(name, kind) for name, (kind, _) in fields.items()])


TEXT = pa.string()
_NUMBERS = {"step": pa.int32(), "heading": pa.int32(), "inline": pa.bool_(), "procedure": pa.int32()}
PART_TYPE = pa.struct([(f.name, _NUMBERS.get(f.name, TEXT)) for f in fields(Part)])
LOST_TYPE = pa.struct([("position", pa.int32()), ("ref", TEXT), ("reason", TEXT)])
DOCUMENT_SCHEMA = pa.schema(
    [(name, TEXT) for name in ("id", "source", "site", "url", "path", "license", "title", "topic", "language")]
    + [
        ("parts", pa.list_(PART_TYPE)),
        ("lost", pa.list_(LOST_TYPE)),
        ("raw", pa.list_(pa.int32())),
        ("error", TEXT),
    ]
)
IMAGE_SCHEMA = pa.schema(
    [
        ("sha256", TEXT),
        ("bytes", pa.large_binary()),
        ("format", TEXT),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("url", TEXT),
    ]
)
CONTENT_TYPE = pa.struct([("type", TEXT), ("text", TEXT)])
MESSAGE_TYPE = pa.struct([("role", TEXT), ("content", pa.list_(CONTENT_TYPE))])
IMAGE_META_TYPE = pa.struct(
    [(name, TEXT) for name in ("source_sha256", "url", "license", "caption")] + [("clip_score", pa.float64())]
)
RECORD_SCORE: Described = {
    "name": (TEXT, "filter and column, as `FILTER_COLUMN`"),
    "value": (pa.float64(), "the number; null if it could not be made"),
}
RECORD_SCHEMA = pa.schema(
    [(n, TEXT) for n in ("id", "document", "task", "source", "path", "url", "site", "license", "topic", "language")]
    + [
        ("messages", pa.list_(MESSAGE_TYPE)),
        ("images", pa.list_(TEXT)),
        ("image_meta", pa.list_(IMAGE_META_TYPE)),
        ("scores", pa.list_(struct_of(RECORD_SCORE))),
        ("writer", TEXT),
        ("dropped_by", TEXT),
    ]
)


def digest(value: Any) -> str:
    """SHA-256 (hex) of a value made of lists, tuples, strings, numbers, None and dicts, by their canonical JSON."""
    import json

    data = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    return hashlib.sha256(data.encode("utf-8", "surrogatepass")).hexdigest()


def document_id(source: str, where: str, occurrence: int = 0) -> str:
    """Id of a document: hash of source name, URL or path relative to the source's root, and occurrence."""
    return digest([source, where, occurrence])[:20]


def chapter_id(page: str, anchor: str) -> str:
    """Id of a chapter: that of its page, which requests to remove the page name, and a hash of the chapter's anchor."""
    return f"{page}{OF_CHAPTER}{digest([anchor])[:12]}"


def page_id(document: str) -> str:
    """Id of the page that a chapter is from; a whole page's own."""
    return document.partition(OF_CHAPTER)[0]


def record_id(document: str, task: str) -> str:
    """Id of the record that a task makes of a document."""
    return digest([document, task])[:20]


def _row(document: Document) -> dict[str, Any]:
    """The values of a document by name: dataclasses.asdict copies each, which takes several times as long."""
    row = _values(document)
    row["parts"] = [_values(part) for part in document.parts]
    row["lost"] = [_values(lost) for lost in document.lost]
    return row


def _values(of: Document | Part | LostImage) -> dict[str, Any]:
    return {name: getattr(of, name) for name in of.__slots__}


def documents_to_table(documents: Iterable[Document]) -> pa.Table:
    """Rows of DOCUMENT_SCHEMA in id order."""
    rows = [_row(d) for d in sorted(documents, key=lambda d: d.id)]
    return pa.Table.from_pylist(rows, schema=DOCUMENT_SCHEMA)


def documents_from_table(table: pa.Table) -> Iterator[Document]:
    for row in table.to_pylist():
        row["parts"] = tuple(Part(**p) for p in row["parts"])
        row["lost"] = tuple(LostImage(**p) for p in row["lost"])
        row["raw"] = tuple(row["raw"])
        yield Document(**row)


def images_to_table(images: Iterable[Image]) -> pa.Table:
    """Rows of IMAGE_SCHEMA, one for each distinct sha256, sorted by it."""
    unique = {image.sha256: image for image in images}
    rows = [unique[key] for key in sorted(unique)]
    columns = [pa.array([getattr(r, f.name) for r in rows], f.type) for f in IMAGE_SCHEMA]
    return pa.Table.from_arrays(columns, schema=IMAGE_SCHEMA)


def records_to_table(records: Iterable[Record]) -> pa.Table:
    """Rows of RECORD_SCHEMA in id order."""
    rows = []
    for record in sorted(records, key=lambda r: r.id):
        row = asdict(record)
        row["scores"] = [{"name": name, "value": value} for name, value in record.scores]
        rows.append(row)
    return pa.Table.from_pylist(rows, schema=RECORD_SCHEMA)


def records_from_table(table: pa.Table) -> Iterator[Record]:
    for row in table.to_pylist():
        row["messages"] = tuple(Message(m["role"], tuple(Content(**c) for c in m["content"])) for m in row["messages"])
        row["images"] = tuple(row["images"])
        row["image_meta"] = tuple(ImageMeta(**m) for m in row["image_meta"])
        row["scores"] = tuple((s["name"], s["value"]) for s in row["scores"])
        yield Record(**row)


@dataclass(slots=True)
class Harvested:
    """A source's output for one partition: documents, the images their parts name, the files it depends on, and its
    lookups in the source's index."""

    documents: list[Document] = field(default_factory=list)
    images: dict[str, Image] = field(default_factory=dict)
    files: set[str] = field(default_factory=set)
    asked: set[tuple[str, int]] = field(default_factory=set)


__getattr__ = moved(__name__, {"LeafError": "leafinstruct.errors", "did_you_mean": "leafinstruct.errors"})
