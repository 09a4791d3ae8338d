"""The published schema: Arrow types, and the `huggingface` metadata that tells `datasets` which columns hold images."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from leafinstruct.document import MESSAGE_TYPE, TEXT

IMAGE_TYPE = pa.struct([("bytes", pa.binary()), ("path", TEXT)])
PUBLISHED_META_TYPE = pa.struct(
    [
        ("sha256", TEXT),
        ("source_sha256", TEXT),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("url", TEXT),
        ("license", TEXT),
        ("caption", TEXT),
        ("clip_score", pa.float64()),
    ]
)
TEXT_COLUMNS = ("id", "task", "source", "url", "site", "license", "topic", "language")


def published_schema(score_names: Sequence[str]) -> pa.Schema:
    """Schema of a shard. `scores` is a struct of one float64 per name, absent without names (Parquet has no empty
    struct). Columns and fields are in published order; the metadata is what `datasets` writes."""
    schema = pa.schema(
        [(name, TEXT) for name in TEXT_COLUMNS]
        + [
            ("messages", pa.list_(MESSAGE_TYPE)),
            ("images", pa.list_(IMAGE_TYPE)),
            ("image_meta", pa.list_(PUBLISHED_META_TYPE)),
        ]
        + ([("scores", pa.struct([(name, pa.float64()) for name in score_names]))] if score_names else [])
        + [("pipeline_version", TEXT)]
    )
    return schema.with_metadata({"huggingface": json.dumps({"info": {"features": features(schema)}})})


def features(schema: pa.Schema) -> dict[str, Any]:
    """The columns as `datasets.Features.to_dict` has them."""
    return {field.name: _feature(field.type) for field in schema}


def score_names(schema: pa.Schema) -> list[str]:
    """Names of the score columns of a published schema."""
    index = schema.get_field_index("scores")
    if index < 0 or not pa.types.is_struct(schema.field(index).type):
        return []
    return [field.name for field in schema.field(index).type]


def _feature(kind: pa.DataType) -> dict[str, Any]:
    if kind == IMAGE_TYPE:
        return {"_type": "Image"}
    if pa.types.is_list(kind):
        return {"feature": _feature(kind.value_type), "_type": "List"}
    if pa.types.is_struct(kind):
        return {field.name: _feature(field.type) for field in kind}
    names = {pa.int32(): "int32", pa.float64(): "float64", TEXT: "string"}
    return {"dtype": names[kind], "_type": "Value"}
