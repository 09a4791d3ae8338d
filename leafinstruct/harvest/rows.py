"""Base of sources made of rows: a row becomes entries (texts and images in order), entries become a document.

Such a source is one function from a row to a `Draft`; images come from the row, from a local folder, or from the cache
of fetched images.
"""

from __future__ import annotations

import os
from abc import abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from leafinstruct.document import Document, Harvested, Image, LostImage, Part, document_id
from leafinstruct.errors import LeafError
from leafinstruct.harvest import base, licenses
from leafinstruct.harvest.bounds import TooCostly
from leafinstruct.harvest.fetch.settings import FetchSettings, fetch_settings
from leafinstruct.harvest.files import is_regular, partition_name, read_regular
from leafinstruct.harvest.formats.tables import ARRAY, ENDINGS, BadRow, array_positions, read_rows, row_name, stretches
from leafinstruct.harvest.index import Index
from leafinstruct.harvest.links import data_uri
from leafinstruct.harvest.metadata import plain_language
from leafinstruct.images.header import MAX_BYTES, read_image
from leafinstruct.text.urls import host_of


@dataclass(slots=True)
class Entry:
    """One text, or one image: its bytes, its file in the `images` folder, its URL, or why it is lost. `label`: the
    image's name in the document, if it is not its URL or file."""

    text: str = ""
    heading: int = 0
    step: int = 0
    url: str = ""
    name: str = ""
    data: bytes | None = None
    alt: str = ""
    caption: str = ""
    lost: str = ""
    label: str | None = None
    procedure: int = 0
    """Procedure of the step; 0 leaves it to the numbers of the steps."""

    @property
    def called(self) -> str:
        return self.label if self.label is not None else self.url or self.name

    @property
    def is_image(self) -> bool:
        return bool(self.url or self.name or self.data is not None or self.lost)

    @property
    def remote(self) -> bool:
        """Whether the image is known by its URL only."""
        return bool(self.url) and self.data is None and not self.lost and self.url[:5].lower() != "data:"


@dataclass(slots=True)
class Draft:
    """A document before its images are resolved. `error`: why the row is not a document."""

    entries: list[Entry] = field(default_factory=list)
    url: str = ""
    title: str = ""
    site: str = ""
    license: str = ""
    language: str = ""
    topic: str = ""
    error: str = ""


class Rows(base.Source):
    """Base of sources of rows. Settings: path (files, globs or folders of files), images (a folder of image files),
    fetch (get images from their URLs, see fetch/fetch.py), license, language, topic, partition."""

    @dataclass(frozen=True)
    class Settings(base.Source.Settings):
        images: str = ""
        """Folder of image files that rows name."""
        fetch: bool | FetchSettings = False
        """Whether images are fetched by their URLs, or how."""

    bytes_per_row: ClassVar[int] = 8 * 1024
    """Usual length of a row as JSON; with `partition` it sets the chunk length for a file without row numbers."""

    @abstractmethod
    def draft(self, row: dict[str, Any]) -> Draft:
        """Entries of a row. Raises BadRow with the reason if it is not a document."""

    def check(self) -> None:
        super().check()
        if not self.files():
            raise LeafError(
                f"source {self.name}: path '{self.settings.path}' contains no {', '.join(ENDINGS)} file; check the path"
            )
        self._check_images()

    def _check_images(self) -> None:
        folder = self.images_folder()
        if folder is not None and not folder.is_dir():
            raise LeafError(f"source {self.name}: images: {folder} is not a folder; check the path")
        if self.fetches:
            fetch_settings(self.name, self.settings.fetch)

    @property
    def fetches(self) -> bool:
        return self.settings.fetch is not False

    def images_folder(self) -> Path | None:
        given = self.settings.images
        return Path(os.path.normpath((self.root / str(given)).absolute())) if given else None

    def files(self) -> list[Path]:
        found: set[Path] = set()
        for path in self.paths():
            below = (m for ending in ENDINGS for m in path.rglob(ending) if is_regular(m)) if path.is_dir() else [path]
            found.update(below)
        return sorted(found)

    @cached_property
    def labels(self) -> dict[Path, str]:
        """The name of each file in ids: its path in the project, else its name with as many folders as make it
        unique."""
        files = self.files()
        names = {f: f.relative_to(self.root).as_posix() for f in files if self.root in f.parents}
        outside = [f for f in files if f not in names]
        for count in range(1, max((len(f.parts) for f in outside), default=0) + 1):
            tails = Counter(f.parts[-count:] for f in outside)
            names.update((f, "/".join(f.parts[-count:])) for f in outside if tails[f.parts[-count:]] == 1)
            outside = [f for f in outside if f not in names]
        return names

    def plan(self, known: int | None) -> list[base.Chunk]:
        chunks = []
        for file in self.files():
            for number, spec in enumerate(stretches(file, self.partition, self.bytes_per_row)):
                chunks.append(base.Chunk(f"{partition_name(self.labels[file])}-{number:05d}", (str(file),), spec))
        return chunks

    def index_inputs(self) -> tuple[str, ...]:
        return tuple(str(f) for f in self.files() if f.suffix == ARRAY)

    def index(self, file: str) -> Any:
        return array_positions(Path(file))

    def rows(self, chunk: base.Chunk, index: Index | None) -> Iterator[tuple[str, int, Any]]:
        """(file's label, number, row or BadRow) for each row of a chunk."""
        file = Path(chunk.spec["file"])
        positions = None
        if file.suffix == ARRAY and index is not None:
            found = index.stretch(str(file), chunk.spec["start"], chunk.spec["end"])
            positions = [(row["offset"], row["length"]) for row in found]
        label = self.labels[file]
        for number, row in read_rows(chunk.spec, positions, label):
            yield label, number, row

    def _draft(self, row: Any) -> Draft:
        if isinstance(row, BadRow):
            return Draft(error=str(row))
        if not isinstance(row, dict):
            return Draft(error="not_a_row")
        try:
            draft = self.draft(row)
        except BadRow as error:
            return Draft(error=str(error))
        except (TypeError, ValueError, KeyError, AttributeError, IndexError, RecursionError):
            return Draft(error="other_layout")  # a value whose type the published layout does not have there
        if not draft.error and not draft.entries:
            draft.error = "no_text"
        return draft

    def addresses(self, chunk: base.Chunk, index: Index | None) -> Iterable[str]:
        """URLs of the images to fetch for a chunk."""
        for label, number, row in self.rows(chunk, index):
            with suppress(TooCostly), self.bounded(row_name(label, number)):
                for entry in self._draft(row).entries:
                    if entry.is_image and entry.remote and self._local(entry) is None:
                        yield entry.url

    def harvest(self, chunk: base.Chunk, index: Index | None) -> Harvested:
        result = Harvested(files=set(chunk.inputs))
        for label, number, row in self.rows(chunk, index):
            try:
                with self.bounded(row_name(label, number)):
                    result.documents.append(self._document(label, number, self._draft(row), result))
            except LeafError:
                raise
            except Exception as error:  # values of types and sizes that no layout has
                key = document_id(self.name, label, number)
                result.documents.append(base.failed(self, key, "", row_name(label, number), error))
        return result

    def _document(self, label: str, number: int, draft: Draft, result: Harvested) -> Document:
        parts: list[Part] = []
        lost: list[LostImage] = []
        for entry in [] if draft.error else draft.entries:
            if not entry.is_image:
                if entry.text:
                    parts.append(
                        Part("text", entry.text, step=entry.step, heading=entry.heading, procedure=entry.procedure)
                    )
                continue
            got = self._resolve(entry, result.files)
            if isinstance(got, str):
                lost.append(LostImage(len(parts), entry.called[:500], got))
                continue
            result.images[got.sha256] = got
            parts.append(
                Part(
                    "image",
                    image=got.sha256,
                    alt=entry.alt,
                    caption=entry.caption,
                    url=entry.called,
                    step=entry.step,
                    procedure=entry.procedure,
                )
            )
        return Document(
            id=document_id(self.name, label, number),
            source=self.name,
            site=draft.site or host_of(draft.url),
            url=draft.url,
            path=row_name(label, number),
            license=licenses.normalize(draft.license) or self.license,
            title=draft.title,
            topic=draft.topic or self.topic,
            language=plain_language(draft.language) or self.language,
            parts=tuple(parts),
            lost=tuple(lost),
            error=draft.error or ("" if parts or lost else "no_text"),
        )

    def _local(self, entry: Entry) -> Path | None:
        """The path of an entry's file in the `images` folder, whether it exists or not; None without a folder or a
        name."""
        folder = self.images_folder()
        if folder is None or not entry.name:
            return None
        place = Path(os.path.normpath(folder / entry.name.lstrip("/")))
        return place if folder in place.parents else None

    def _resolve(self, entry: Entry, files: set[str]) -> Image | str:
        if entry.lost:
            return entry.lost
        if entry.data is not None:
            return read_image(entry.data, entry.called)
        if entry.url[:5].lower() == "data:":
            data = data_uri(entry.url)
            return data if isinstance(data, str) else read_image(data, "data:")
        reason = "not_fetched" if entry.url else "missing"
        folder, place = self.images_folder(), self._local(entry)
        if folder is not None and entry.name:
            if place is None or not _inside(place, folder):
                return "outside_tree"
            files.add(str(place))
            if is_regular(place):
                return read_image(_bytes(place), entry.called)
            reason = "missing"
        if self.fetches and entry.url:
            from leafinstruct.harvest.fetch.cache import Cache

            return Cache.default().image(entry.url)
        return reason


def _inside(place: Path, folder: Path) -> bool:
    try:
        return os.path.realpath(place).startswith(os.path.realpath(folder) + os.sep)
    except (OSError, ValueError):  # no name of a file
        return False


def _bytes(place: Path) -> bytes:
    """Bytes of a file, at most one more than an image may have: enough to see that it is too large."""
    try:
        return read_regular(place, MAX_BYTES + 1)
    except OSError:
        return b""


def text_of(value: Any) -> str:
    """A row's text value: a string, or null for none. Raises BadRow for anything else."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadRow("other_layout")
    return value.strip()


def image_entry(value: Any, **more: Any) -> Entry | None:
    """A row's image value: a URL, a file name, or a struct of bytes and path as `datasets` writes; None for a null.
    Raises BadRow for anything else."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        known = value[:5].lower() == "data:" or "://" in value[:12] or value.startswith("//")
        return Entry(url=value, **more) if known else Entry(name=value, **more)
    if isinstance(value, bytes):
        return Entry(data=value, **more)
    if isinstance(value, dict):
        if isinstance(value.get("bytes"), bytes):
            return Entry(data=value["bytes"], name=str(value.get("path") or ""), **more)
        for key in ("url", "src", "path", "image_path", "file_name"):
            if value.get(key):
                return image_entry(value[key], **more)
    raise BadRow("other_layout")
