"""The schema says to every version of `datasets` what the columns hold."""

from __future__ import annotations

import json

import pytest

from leafinstruct.shard.schema import published_schema, score_names


@pytest.mark.parametrize("names", [[], ["clip_min", "words"]])
def test_every_version_of_datasets_reads_the_metadata(names: list[str]) -> None:
    from datasets import Features

    schema = published_schema(names)
    read = Features.from_arrow_schema(schema)
    assert read.arrow_schema == schema.remove_metadata()
    stated = json.loads(schema.metadata[b"huggingface"])["info"]["features"]
    assert Features.from_dict(stated) == read
    assert isinstance(stated["messages"], list), "List, which 4 writes, is unknown to 3"
    assert '"List"' not in json.dumps(stated)
    assert score_names(schema) == names


def test_content_has_no_other_key() -> None:
    content = published_schema([]).field("messages").type.value_type.field("content").type.value_type
    assert [field.name for field in content] == ["type", "text"]
