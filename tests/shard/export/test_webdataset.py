from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from made.report import HOSTILE
from made.shard import corpus, publish
from PIL import Image as PILImage

from leafinstruct.document import Content
from leafinstruct.errors import LeafError
from leafinstruct.removal import Removal, Removals
from leafinstruct.shard.export.webdataset import delete_named, export_webdataset, other_tars
from leafinstruct.shard.plan import ShardSettings

webdataset = pytest.importorskip("webdataset")


def test_webdataset_reads_every_row_in_order(tmp_path: Path) -> None:
    shards = tmp_path / "shards"
    shards.mkdir()
    records, images = corpus(12, 4)
    publish(shards, records, images, ShardSettings())
    tars = export_webdataset(shards, tmp_path / "tars")
    assert [tar.stem for tar in tars] == [shard.stem for shard in sorted(shards.glob("*.parquet"))]
    for tar in tars:
        rows = pq.read_table(shards / f"{tar.stem}.parquet").to_pylist()
        samples: list[dict[str, Any]] = list(webdataset.WebDataset(str(tar), shardshuffle=False))
        assert [sample["__key__"] for sample in samples] == [row["id"] for row in rows]
        for sample, row in zip(samples, rows, strict=True):
            about = json.loads(sample["json"])
            assert about["messages"] == row["messages"]
            assert [sample[name] for name in about["images"]] == [image["bytes"] for image in row["images"]]
            assert PILImage.open(io.BytesIO(sample[about["images"][0]])).size == (24, 16)


def test_markdown_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "shards").mkdir()
    records, images = corpus(len(HOSTILE), 4)
    texts = {}
    for (key, one), text in zip(records.items(), HOSTILE, strict=True):
        asked, answered = one.messages
        texts[key] = f"1. Mix\n\n   ```sh\n   a | b\n   ```\n\n{text}"
        more = replace(answered, content=(Content("text", texts[key]), *answered.content))
        records[key] = replace(one, messages=(asked, more))
    publish(tmp_path / "shards", records, images, ShardSettings())
    for tar in export_webdataset(tmp_path / "shards", tmp_path / "tars"):
        for sample in webdataset.WebDataset(str(tar), shardshuffle=False):
            messages = json.loads(sample["json"])["messages"]
            assert messages[1]["content"][0]["text"].startswith(texts.pop(sample["__key__"]))
    assert not texts


def test_the_same_shards_give_the_same_bytes(tmp_path: Path) -> None:
    records, images = corpus(6, 3)
    publish(tmp_path, records, images, ShardSettings())
    first = [tar.read_bytes() for tar in export_webdataset(tmp_path, tmp_path / "a")]
    assert first == [tar.read_bytes() for tar in export_webdataset(tmp_path, tmp_path / "b")]


def test_nothing_to_export(tmp_path: Path) -> None:
    with pytest.raises(LeafError, match="no shards here"):
        export_webdataset(tmp_path, tmp_path / "out")


def test_tars_of_earlier_exports_go_and_others_stay(tmp_path: Path) -> None:
    records, images = corpus(6, 3)
    publish(tmp_path, records, images, ShardSettings(validation=0, test=0, min_shards=2))
    out = tmp_path / "tars"
    first = export_webdataset(tmp_path, out)
    (out / "train-00000-of-00007.tar").write_bytes(b"somebody's")
    (out / "notes.tar").write_bytes(b"somebody's")
    for path in tmp_path.glob("*.parquet"):
        path.unlink()
    publish(tmp_path, records, images, ShardSettings(validation=0, test=0))
    second = export_webdataset(tmp_path, out)
    assert {path.name for path in out.glob("*.tar")} == {
        *(path.name for path in second),
        "train-00000-of-00007.tar",
        "notes.tar",
    }
    assert not any(path.exists() for path in first) and other_tars(out) == ["train-00000-of-00007.tar"]


def test_tars_with_what_a_request_names_are_deleted(tmp_path: Path) -> None:
    records, images = corpus(6, 3)
    publish(tmp_path, records, images, ShardSettings(validation=0, test=0, min_shards=2))
    tars = export_webdataset(tmp_path, tmp_path / "tars")
    one = records["id003"]
    [gone] = delete_named(tmp_path / "tars", Removals([Removal("url", one.url)]))
    assert gone in tars and not gone.exists() and sum(tar.exists() for tar in tars) == len(tars) - 1
    assert delete_named(tmp_path / "tars", Removals([Removal("url", one.url)])) == []
    [other] = delete_named(tmp_path / "tars", Removals(), [next(key for key in records if key != "id003")]) or [gone]
    assert not other.exists()
    tars = export_webdataset(tmp_path, tmp_path / "tars")
    tars[0].write_bytes(b"half a tar")
    assert tars[0] in delete_named(tmp_path / "tars", Removals([Removal("url", "https://nothing.example")]))
