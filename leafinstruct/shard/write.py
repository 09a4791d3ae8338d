"""The second pass: writes records with their images into one Parquet file by row groups, always the same bytes."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from leafinstruct.document import Image, Message, Record
from leafinstruct.errors import LeafError
from leafinstruct.images.strip import sniff, strip
from leafinstruct.models.control_tokens import PLACEHOLDERS, without_control_tokens
from leafinstruct.shard.schema import IMAGE_TYPE, PUBLISHED_SCHEMA, TEXT_COLUMNS, VERSION
from leafinstruct.sums import Hashing

GROUP_ROWS = 100  # what the Hub's viewer and streaming readers fetch at once
GROUP_BYTES = 16_000_000
MANIFEST_VERSION = 1
_SHARD_NAME = re.compile(r"([a-z]+)-(\d{5})-of-(\d{5})\.parquet")
IMAGE_BYTES = "images.list.element.bytes"


@dataclass(slots=True)
class WrittenShard:
    """A shard as written. `bytes`, `sha256`: of the file; `arrow_bytes`: of its rows in memory.

    `stripped` counts the images that lost metadata, `metadata_left` those with metadata that cannot be removed without
    re-encoding them.
    """

    rows: int = 0
    images: int = 0
    bytes: int = 0
    arrow_bytes: int = 0
    sha256: str = ""
    stripped: int = 0
    metadata_left: int = 0


@dataclass(frozen=True, slots=True)
class _Published:
    data: bytes
    path: str
    sha256: str
    width: int
    height: int


def write_shard(
    out: BinaryIO,
    rows: Iterable[Record],
    load_image: Callable[[str], Image],
    score_names: Sequence[str],
    pipeline_version: str,
    allow_metadata: bool = False,
    break_tokens: bool = False,
) -> WrittenShard:
    """Write records in the order given as one Parquet file; memory holds one row group (GROUP_ROWS rows or
    GROUP_BYTES, whichever comes first).

    Image bytes are stored plain and uncompressed (zstd gains 0.2% on JPEG), everything else as zstd; there is a page
    index, and no statistics on images. Published floats have 4 places. Each row has the scores `score_names`, in that
    order; one that the record lacks is null. `break_tokens` breaks control tokens in texts. Raises LeafError for an
    image whose size cannot be read, and unless `allow_metadata` for one with metadata that cannot be removed.
    """
    shard, sink = WrittenShard(), Hashing(hashlib.sha256(), out)
    with _writer(sink) as writer:
        for group in _groups(rows, load_image, shard, allow_metadata):
            table = _table(group, score_names, pipeline_version, break_tokens)
            writer.write_table(table, row_group_size=len(group))
            shard.rows += len(group)
            shard.arrow_bytes += table.nbytes
    shard.bytes, shard.sha256 = sink.size, sink.hash.hexdigest()
    return shard


def _writer(sink: BinaryIO | Hashing) -> pq.ParquetWriter:
    """Content-defined pages are off: they cost a third of the speed, and uncompressed images deduplicate anyway."""
    leaves = [leaf for column in PUBLISHED_SCHEMA for leaf in _leaves(column.name, column.type)]
    return pq.ParquetWriter(
        sink,
        PUBLISHED_SCHEMA,
        compression={leaf: "NONE" if leaf == IMAGE_BYTES else "ZSTD" for leaf in leaves},
        use_dictionary=[leaf for leaf in leaves if not leaf.startswith("images.") and not leaf.endswith(".text")],
        write_statistics=[leaf for leaf in leaves if not leaf.startswith(("images.", "messages."))],
        write_page_index=True,
        write_batch_size=16,  # page sizes are checked once per batch; the default makes a row group one page
    )


def _leaves(path: str, kind: pa.DataType) -> Iterator[str]:
    """Paths of the Parquet columns below an Arrow column."""
    if pa.types.is_list(kind):
        yield from _leaves(f"{path}.list.element", kind.value_type)
    elif pa.types.is_struct(kind):
        for child in kind:
            yield from _leaves(f"{path}.{child.name}", child.type)
    else:
        yield path


def _groups(
    rows: Iterable[Record], load_image: Callable[[str], Image], shard: WrittenShard, allow_metadata: bool
) -> Iterator[list[tuple[Record, list[_Published]]]]:
    group: list[tuple[Record, list[_Published]]] = []
    size = 0
    for record in rows:
        images = [_publish(load_image(sha256), record.id, shard, allow_metadata) for sha256 in record.images]
        weight = sum(len(image.data) for image in images)
        if group and (len(group) == GROUP_ROWS or size + weight > GROUP_BYTES):
            yield group
            group, size = [], 0
        group.append((record, images))
        size += weight
    if group:
        yield group


DROP_METADATA = (
    "drop such images by a rule of filters/image.yaml, {name: metadata_left, drop: image, when: metadata_left != ''}, "
    "or publish them with metadata_left: publish below shard: of the pipeline"
)


def _publish(image: Image, record_id: str, shard: WrittenShard, allow_metadata: bool) -> _Published:
    clean = strip(image.bytes)
    shard.images += 1
    shard.stripped += bool(clean.removed)
    if clean.left and not allow_metadata:
        where = f"record {record_id}: image {image.sha256}" + (f" ({image.url})" if image.url else "")
        raise LeafError(f"{where} has metadata that cannot be removed ({', '.join(clean.left)}); {DROP_METADATA}")
    shard.metadata_left += bool(clean.left)
    if not image.width or not image.height:
        raise LeafError(f"record {record_id}: image {image.sha256} has no readable size; drop it with the filter image")
    sha256 = hashlib.sha256(clean.data).hexdigest() if clean.removed else image.sha256
    kind = (sniff(clean.data) or image.format).lower()
    path = f"{sha256}.{'jpg' if kind == 'jpeg' else kind}"
    return _Published(clean.data, path, sha256, image.width, image.height)


def _table(
    group: Sequence[tuple[Record, list[_Published]]],
    score_names: Sequence[str],
    pipeline_version: str,
    break_tokens: bool,
) -> pa.Table:
    records = [record for record, _ in group]
    columns: dict[str, list[Any]] = {name: [getattr(record, name) for record in records] for name in TEXT_COLUMNS}
    columns["messages"] = [[_message(message, break_tokens) for message in record.messages] for record in records]
    columns["image_meta"] = [_meta(*row) for row in group]
    columns["scores"] = [_scores(record, score_names) for record in records]
    columns["schema_version"] = [VERSION] * len(group)
    columns["pipeline_version"] = [pipeline_version] * len(group)
    arrays = {name: pa.array(values, PUBLISHED_SCHEMA.field(name).type) for name, values in columns.items()}
    arrays["images"] = _image_column([images for _, images in group])
    return pa.Table.from_arrays([arrays[name] for name in PUBLISHED_SCHEMA.names], schema=PUBLISHED_SCHEMA)


def _scores(record: Record, names: Sequence[str]) -> list[dict[str, Any]]:
    there = dict(record.scores)
    return [{"name": name, "value": _places(there.get(name))} for name in names]


def _message(message: Message, break_tokens: bool) -> dict[str, Any]:
    """A message as published. A request and the text that is given with it are one text, with a blank line between
    them: chat templates put nothing between two."""
    content: list[dict[str, str]] = []
    for part in message.content:
        text = without_control_tokens(part.text, PLACEHOLDERS) if break_tokens else part.text
        if content and part.type == content[-1]["type"] == "text":
            content[-1]["text"] += f"\n\n{text}"
        else:
            content.append({"type": part.type, "text": text})
    return {"role": message.role, "content": content}


def _image_column(rows: Sequence[Sequence[_Published]]) -> pa.Array:
    """Built from flat buffers: each image is copied once, but an array builder would copy it again as it grows."""
    flat = [image for images in rows for image in images]
    ends = np.cumsum([0, *(len(image.data) for image in flat)])
    if ends[-1] > np.iinfo(np.int32).max:
        raise LeafError("the images of one record exceed 2 GB; drop such records with a filter")
    joined = pa.py_buffer(b"".join([image.data for image in flat]))
    data = pa.Array.from_buffers(pa.binary(), len(flat), [None, pa.py_buffer(ends.astype(np.int32)), joined])
    paths = pa.array([image.path for image in flat], pa.string())
    structs = pa.StructArray.from_arrays([data, paths], fields=list(IMAGE_TYPE))
    return pa.ListArray.from_arrays([0, *accumulate(len(images) for images in rows)], structs)


def _meta(record: Record, images: Sequence[_Published]) -> list[dict[str, Any]]:
    return [
        {
            "sha256": image.sha256,
            "source_sha256": source,
            "width": image.width,
            "height": image.height,
            "url": meta.url,
            "license": meta.license,
            "caption": meta.caption,
            "clip_score": _places(meta.clip_score),
            "generated_caption": None,
            "caption_model": None,
        }
        for image, source, meta in zip(images, record.images, record.image_meta, strict=True)
    ]


def _places(value: float | None) -> float | None:
    """Rounded to four decimal places; None for a number that is not finite."""
    return round(value, 4) if value is not None and math.isfinite(value) else None


MANIFEST: Mapping[str, str] = {
    "manifest_version": "version of this layout",
    "files[].file": "name of a shard",
    "files[].split": "`train`, `validation` or `test`",
    "files[].sha256": "SHA-256 (hex) of the file",
    "files[].rows": "records in it",
    "files[].images": "images in it",
    "files[].metadata_left": "images in it with metadata that cannot be removed (`metadata_left: publish`)",
    "files[].bytes": "size of the file",
    "files[].arrow_bytes": "size of its rows in memory",
}
"""Keys of the manifest with their meanings; `provenance` has those of the shard stage."""


def manifest(shards: Mapping[str, WrittenShard], provenance: Mapping[str, Any]) -> bytes:
    """`manifest.json`: for each file its split, sha256, rows, images and bytes, and what the shards were made from
    (plain values: pipeline, filters, models with revisions, versions, inputs)."""
    files = [
        {
            "file": name,
            "split": split_name(name),
            "sha256": shard.sha256,
            "rows": shard.rows,
            "images": shard.images,
            "metadata_left": shard.metadata_left,
            "bytes": shard.bytes,
            "arrow_bytes": shard.arrow_bytes,
        }
        for name, shard in sorted(shards.items())
    ]
    value = {"manifest_version": MANIFEST_VERSION, "files": files, "provenance": dict(provenance)}
    return (json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


def as_listed(file: Mapping[str, Any]) -> WrittenShard:
    """A shard as a manifest lists it."""
    return WrittenShard(
        **{key: file[key] for key in ("rows", "images", "bytes", "arrow_bytes", "sha256", "metadata_left")}
    )


def split_name(file_name: str) -> str:
    """The split in a name like `train-00000-of-00004.parquet`, "" for any other name."""
    match = _SHARD_NAME.fullmatch(file_name)
    return match[1] if match else ""


def split_numbers(file_name: str) -> tuple[int, int]:
    """Number and count in a name for which `split_name` is not ""."""
    match = _SHARD_NAME.fullmatch(file_name)
    if match is None:
        raise ValueError(f"{file_name} is not the name of a shard")
    return int(match[2]), int(match[3])
