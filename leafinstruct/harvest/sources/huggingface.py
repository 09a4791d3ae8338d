"""Source `huggingface`: any dataset of rows, by a mapping of its columns.

Rows come from local files (`path`), or through `datasets` streaming (`dataset`: a hub id or a local folder).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from leafinstruct.errors import LeafError, did_you_mean
from leafinstruct.harvest import base
from leafinstruct.harvest.formats.tables import BadRow
from leafinstruct.harvest.index import Index
from leafinstruct.harvest.rows import Draft, Entry, Rows, image_entry, text_of
from leafinstruct.harvest.sources.obelics import parallel

MAPPED = ("text", "images", "content", "captions", "url", "title", "license", "language", "topic")
MARKER = "<image>"


class Source(Rows):
    """A dataset of Hugging Face. `columns` maps keys in MAPPED to columns: `text` (a string, perhaps with markers, or a
    list) and `images` (one or a list of images, URLs or file names), or `content` (a list of {type, text / image}).

    Lists `text` and `images` of one length are either parallel with nulls (as OBELICS) or pairs, each a step. A string
    with markers (`marker`, `<image>` by default) gets an image at each; one without markers comes after its images.
    `dataset`, `config`, `split` (train), `revision`: what `datasets` streams instead of the files of `path`. A chunk of
    a stream reads its file from the start: for a large dataset on the hub, download it and give `path`.
    """

    @dataclass(frozen=True)
    class Settings(Rows.Settings):
        columns: dict[str, str] = field(default_factory=dict)
        marker: str = MARKER
        dataset: str = ""
        config: str | None = None
        split: str = "train"
        revision: str | None = None

    @cached_property
    def columns(self) -> dict[str, str]:
        return dict(self.settings.columns)

    def check(self) -> None:
        if self.settings.dataset and self.settings.path:
            raise LeafError(f"source {self.name}: give 'path' or 'dataset', not both")
        for key in self.columns:
            if key not in MAPPED:
                raise LeafError(f"source {self.name}: columns: unknown key '{key}'{did_you_mean(key, MAPPED)}")
        if "content" not in self.columns and "text" not in self.columns:
            raise LeafError(f"source {self.name}: columns: name the column for 'text' (and 'images'), or 'content'")
        if not self.settings.dataset:
            super().check()
            return
        self._check_images()
        self._check_columns()

    def _check_columns(self) -> None:
        known = list(self._stream().features or {})
        for column in self.columns.values() if known else ():
            if column not in known:
                raise LeafError(f"source {self.name}: columns: no column '{column}'{did_you_mean(column, known)}")

    def _stream(self) -> Any:
        folder = self.root / self.settings.dataset
        where = str(folder) if folder.is_dir() else self.settings.dataset
        return open_stream(self.name, where, self.settings.config, self.settings.split, self.settings.revision)

    def plan(self, known: int | None) -> list[base.Chunk]:
        if not self.settings.dataset:
            return super().plan(known)
        stream = self._stream()
        shards = stream.num_shards
        split = (stream.info.splits or {}).get(str(stream.split))
        total = split.num_examples if split is not None and split.num_examples else 0
        parts = max(1, -(-total // shards // self.partition))
        chunks = []
        for shard in range(shards):
            for part in range(parts):
                start = part * self.partition
                end = start + self.partition if part + 1 < parts else None
                spec = {"shard": shard, "shards": shards, "start": start, "end": end, "of": self._version(stream)}
                chunks.append(base.Chunk(f"{shard:05d}-{part:05d}", self._inputs(), spec))
        return chunks

    def _inputs(self) -> tuple[str, ...]:
        folder = self.root / self.settings.dataset
        return tuple(sorted(str(f) for f in folder.rglob("*") if f.is_file())) if folder.is_dir() else ()

    def _version(self, stream: Any) -> str:
        """Changes with the dataset on the hub: the addresses, revision included, of its downloaded files."""
        return re.sub(r"\s+", " ", " ".join(sorted(stream.info.download_checksums or {})))[:200]

    def index_inputs(self) -> tuple[str, ...]:
        return () if self.settings.dataset else super().index_inputs()

    def rows(self, chunk: base.Chunk, index: Index | None) -> Iterator[tuple[str, int, Any]]:
        if not self.settings.dataset:
            yield from super().rows(chunk, index)
            return
        spec = chunk.spec
        stream = self._stream().decode(False)
        if spec["shards"] > 1:
            stream = stream.shard(spec["shards"], spec["shard"])
        stream = stream.skip(spec["start"])
        if spec["end"] is not None:
            stream = stream.take(spec["end"] - spec["start"])
        label = f"{self.settings.dataset}/{spec['shard']:05d}"
        for number, row in enumerate(stream, spec["start"]):
            yield label, number, row

    def draft(self, row: dict[str, Any]) -> Draft:
        value = {key: row.get(column) for key, column in self.columns.items()}
        if lacking := [c for c in self.columns.values() if c not in row]:
            raise BadRow(f"no_column_{lacking[0]}")
        about = {k: text_of(value.get(k)) for k in ("url", "title", "license", "language", "topic")}
        if "content" in value:
            return Draft(_content(value["content"]), **about)
        return Draft(self._interleaved(value), **about)

    def _interleaved(self, value: dict[str, Any]) -> list[Entry]:
        text, images, captions = value["text"], value.get("images"), value.get("captions")
        shown = images if isinstance(images, list) else [images]
        named = captions if isinstance(captions, list) else [captions] * len(shown)
        if not isinstance(text, list):
            entries = [image_entry(i, caption=text_of(c)) for i, c in zip(shown, named, strict=False)]
            return _marked(text_of(text), [e for e in entries if e is not None], self.settings.marker)
        if not isinstance(images, list):
            raise BadRow("other_layout")
        if all((t is None or t == "") != (i is None or i == "") for t, i in zip(text, shown, strict=False)):
            return parallel({"texts": text, "images": shown}, [])
        return _pairs(text, shown, named)


def _pairs(texts: list[Any], images: list[Any], captions: list[Any]) -> list[Entry]:
    if len(texts) != len(images):
        raise BadRow("lists_differ_in_length")
    entries: list[Entry] = []
    for step, (text, image, caption) in enumerate(zip(texts, images, captions, strict=False), 1):
        shown = image_entry(image, step=step, caption=text_of(caption))
        entries += [e for e in (shown, Entry(text_of(text), step=step) if text else None) if e is not None]
    return entries


def _marked(text: str, images: list[Entry], marker: str) -> list[Entry]:
    """Text split at its markers, with an image at each. Raises BadRow if the numbers of images and markers differ."""
    pieces = text.split(marker)
    if len(pieces) == 1:
        return [*images, *([Entry(text)] if text else [])]
    if len(images) != len(pieces) - 1:
        raise BadRow("markers_and_images_differ")
    entries = []
    for piece, image in zip(pieces, [*images, None], strict=True):
        entries += [Entry(piece.strip())] if piece.strip() else []
        entries += [image] if image is not None else []
    return entries


def _content(items: Any) -> list[Entry]:
    """A list of texts and images, each a string or {type, text or content / image, url or content}."""
    entries: list[Entry] = []
    for item in items or []:
        if isinstance(item, str):
            entries.append(Entry(item.strip()))
        elif item.get("type") == "text" or item.get("text"):
            entries.append(Entry(text_of(item.get("text") or item.get("content"))))
        else:
            given = next((item[k] for k in ("image", "image_url", "url", "path", "content") if item.get(k)), None)
            entries += [image] if (image := image_entry(given)) else []
    return entries


@lru_cache(maxsize=4)
def open_stream(name: str, where: str, config: str | None, split: str, revision: str | None) -> Any:
    """The streamed split of a dataset. Raises LeafError with the first line of the error that `datasets` raises."""
    from datasets import load_dataset

    revision = revision if not Path(where).is_dir() else None
    try:
        return load_dataset(where, config, split=split, revision=revision, streaming=True)
    except Exception as error:  # whatever the libraries of the hub raise
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise LeafError(f"source {name}: dataset '{where}' cannot be opened: {reason}") from None
