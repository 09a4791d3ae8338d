"""What tests of the report share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from made.report import EVIL, HOSTILE, made, picture
from made.rewrite import boat, chapters, essay, text

from leafinstruct.document import (
    Content,
    Image,
    Record,
    documents_to_table,
    images_to_table,
    records_to_table,
)
from leafinstruct.rewrite.record import Facts, dropped
from leafinstruct.run import Run


def hostile(record: Record) -> Record:
    """The record; that of the hostile document with its texts."""
    if "/evil" not in record.url:
        return record
    asked, answered = record.messages
    more = tuple(Content("text", one) for one in HOSTILE)
    return replace(record, messages=(asked, replace(answered, content=answered.content + more)))


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """Two partitions: twelve records, one dropped document; one image is broken, one is missing."""
    run = Run(tmp_path / "run")
    run.commit_json("run.json", {"partitions": [{"name": "a"}, {"name": "b"}]})
    evil = replace(boat("evil"), title=EVIL, parts=(*boat("evil").parts, *map(text, HOSTILE)), raw=())
    halves = {
        "a": [(boat(f"b{n}"), "howto") for n in range(5)] + [(evil, "howto")],
        "b": [(essay(f"e{n}"), "illustrate") for n in range(5)] + [(chapters(), "chapters")],
    }
    for name, rows in halves.items():
        documents = [document for document, _ in rows]
        records = [hostile(made(*row)) for row in rows] + [dropped(boat("gone"), "howto", "leak", "m@1", Facts())]
        shas = sorted({sha for d in documents for sha in d.images})
        data = {sha: picture("red") for sha in shas[1:]} | {shas[1]: b"broken"}
        images = [Image(sha, found, "png", 600, 400, "") for sha, found in data.items()]
        run.commit_table(f"filtered/{name}.parquet", documents_to_table(documents), "f")
        run.commit_table(f"records/{name}.parquet", records_to_table(records), "f")
        run.commit_table(f"images/{name}.parquet", images_to_table(images), "f")
    yield run
