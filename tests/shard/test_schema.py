"""The schema says to `datasets` what `datasets` itself would have written."""

from __future__ import annotations

import json

import pytest

from leafinstruct.shard.schema import published_schema, score_names


@pytest.mark.parametrize("names", [[], ["clip_min", "words"]])
def test_metadata_is_what_datasets_writes(names: list[str]) -> None:
    from datasets import Features

    schema = published_schema(names)
    features = Features.from_arrow_schema(schema)
    assert features.arrow_schema == schema.remove_metadata()
    assert json.loads(features.arrow_schema.metadata[b"huggingface"]) == json.loads(schema.metadata[b"huggingface"])
    assert score_names(schema) == names


def test_content_has_no_other_key() -> None:
    content = published_schema([]).field("messages").type.value_type.field("content").type.value_type
    assert [field.name for field in content] == ["type", "text"]
