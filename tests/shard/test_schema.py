"""The schema says to every version of `datasets` what the columns hold."""

from __future__ import annotations

import json

from leafinstruct.shard.schema import PUBLISHED_SCHEMA


def test_every_version_of_datasets_reads_the_metadata() -> None:
    from datasets import Features

    read = Features.from_arrow_schema(PUBLISHED_SCHEMA)
    assert read.arrow_schema == PUBLISHED_SCHEMA.remove_metadata()
    stated = json.loads(PUBLISHED_SCHEMA.metadata[b"huggingface"])["info"]["features"]
    assert Features.from_dict(stated) == read
    assert isinstance(stated["messages"], list), "List, which 4 writes, is unknown to 3"
    assert '"List"' not in json.dumps(stated)


def test_content_has_no_other_key() -> None:
    content = PUBLISHED_SCHEMA.field("messages").type.value_type.field("content").type.value_type
    assert [field.name for field in content] == ["type", "text"]
