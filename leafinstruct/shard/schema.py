"""The published schema: Arrow types, and the `huggingface` metadata that tells `datasets` which columns hold images."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from leafinstruct.document import MESSAGE_TYPE, TEXT, Described, schema_of, struct_of

PUBLISHED_IMAGE: Described = {
    "bytes": (pa.binary(), "the image file, without metadata that identifies people"),
    "path": (TEXT, "its SHA-256 and format, as a file name"),
}
IMAGE_TYPE = struct_of(PUBLISHED_IMAGE)
PUBLISHED_META: Described = {
    "sha256": (TEXT, "SHA-256 (hex) of the published bytes"),
    "source_sha256": (TEXT, "SHA-256 (hex) of the bytes as harvested"),
    "width": (pa.int32(), "pixels as displayed"),
    "height": (pa.int32(), "pixels as displayed"),
    "url": (TEXT, "URL or path where the image was found"),
    "license": (TEXT, "license of the document that shows it"),
    "caption": (TEXT, "its caption on the page or, without one, its alternative text"),
    "clip_score": (pa.float64(), "similarity to the text around it; null if it was not scored"),
}
PUBLISHED_META_TYPE = struct_of(PUBLISHED_META)
TEXT_COLUMNS = ("id", "task", "source", "url", "site", "license", "topic", "language")
"""As in the run's records."""
PUBLISHED: Described = {
    "messages": (pa.list_(MESSAGE_TYPE), "turns of user and assistant"),
    "images": (pa.list_(IMAGE_TYPE), "every image of all messages, in reading order"),
    "image_meta": (pa.list_(PUBLISHED_META_TYPE), "one entry for each image, in the same order"),
}
SCORES = "one number for each numeric document column of the filters; absent if there is none"
VERSION_COLUMN: Described = {"pipeline_version": (TEXT, "name of the pipeline, and a hash of its text and its rules")}


def published_schema(score_names: Sequence[str]) -> pa.Schema:
    """Schema of a shard. `scores` is a struct of one float64 per name, absent without names (Parquet has no empty
    struct). Columns and fields are in published order; the metadata is what `datasets` writes."""
    schema = pa.schema(
        [(name, TEXT) for name in TEXT_COLUMNS]
        + list(schema_of(PUBLISHED))
        + ([("scores", pa.struct([(name, pa.float64()) for name in score_names]))] if score_names else [])
        + list(schema_of(VERSION_COLUMN))
    )
    return schema.with_metadata({"huggingface": json.dumps({"info": {"features": features(schema)}})})


def features(schema: pa.Schema) -> dict[str, Any]:
    """The columns as `datasets` reads them from the metadata of a file. A list is written as `[…]`, which all its
    versions read: 3 does not know the type `List`, which 4 writes."""
    return {field.name: _feature(field.type) for field in schema}


def score_names(schema: pa.Schema) -> list[str]:
    """Names of the score columns of a published schema."""
    index = schema.get_field_index("scores")
    if index < 0 or not pa.types.is_struct(schema.field(index).type):
        return []
    return [field.name for field in schema.field(index).type]


def _feature(kind: pa.DataType) -> Any:
    if kind == IMAGE_TYPE:
        return {"_type": "Image"}
    if pa.types.is_list(kind):
        return [_feature(kind.value_type)]
    if pa.types.is_struct(kind):
        return {field.name: _feature(field.type) for field in kind}
    names = {pa.int32(): "int32", pa.float64(): "float64", TEXT: "string"}
    return {"dtype": names[kind], "_type": "Value"}
