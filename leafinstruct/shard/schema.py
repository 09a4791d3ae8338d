"""The published schema: Arrow types, and the `huggingface` metadata that tells `datasets` which columns hold images."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa

from leafinstruct.document import MESSAGE_TYPE, RECORD_SCORE, TEXT, Described, schema_of, struct_of

VERSION = 2
"""Version of the published schema, the same for every pipeline: shards of several load together."""

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
    "generated_caption": (TEXT, "a caption that a model wrote; null if none did"),
    "caption_model": (TEXT, "the model and revision that wrote it; null if none did"),
}
PUBLISHED_META_TYPE = struct_of(PUBLISHED_META)
TEXT_COLUMNS = ("id", "task", "source", "document", "path", "url", "site", "license", "topic", "language")
"""As in the run's records."""
PUBLISHED: Described = {
    "messages": (pa.list_(MESSAGE_TYPE), "turns of user and assistant"),
    "images": (pa.list_(IMAGE_TYPE), "every image of all messages, in reading order"),
    "image_meta": (pa.list_(PUBLISHED_META_TYPE), "one entry for each image, in the same order"),
    "scores": (
        pa.list_(struct_of(RECORD_SCORE)),
        "one number for each numeric document column of the filters, in their order",
    ),
    "schema_version": (pa.int32(), f"version of these columns: {VERSION}"),
    "pipeline_version": (TEXT, "name of the pipeline, and a hash of its text and its rules"),
}


def _published_schema() -> pa.Schema:
    """Columns and fields in published order; the metadata is what `datasets` writes."""
    schema = pa.schema([(name, TEXT) for name in TEXT_COLUMNS] + list(schema_of(PUBLISHED)))
    return schema.with_metadata({"huggingface": json.dumps({"info": {"features": features(schema)}})})


def features(schema: pa.Schema) -> dict[str, Any]:
    """The columns as `datasets` reads them from the metadata of a file. A list is written as `[…]`, which all its
    versions read: 3 does not know the type `List`, which 4 writes."""
    return {field.name: _feature(field.type) for field in schema}


def _feature(kind: pa.DataType) -> Any:
    if kind == IMAGE_TYPE:
        return {"_type": "Image"}
    if pa.types.is_list(kind):
        return [_feature(kind.value_type)]
    if pa.types.is_struct(kind):
        return {field.name: _feature(field.type) for field in kind}
    names = {pa.int32(): "int32", pa.float64(): "float64", TEXT: "string"}
    return {"dtype": names[kind], "_type": "Value"}


PUBLISHED_SCHEMA = _published_schema()
"""Schema of every shard."""
