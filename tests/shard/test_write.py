"""A shard is what readers expect: images as images, plain columns, the same bytes each time, little memory."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from made.shard import corpus, image, picture, publish, record
from PIL import Image as PILImage

from leafinstruct.document import Content, Image
from leafinstruct.errors import LeafError
from leafinstruct.images.decode import decode
from leafinstruct.images.header import read_image
from leafinstruct.shard import write
from leafinstruct.shard.plan import ShardSettings
from leafinstruct.shard.write import manifest, split_name, write_shard


def written(count: int = 12, names: tuple[str, ...] = ("clip", "words")) -> tuple[bytes, write.WrittenShard]:
    records, images = corpus(count, 1)
    out = io.BytesIO()
    shard = write_shard(out, records.values(), images.__getitem__, names, "v1")
    return out.getvalue(), shard


def test_report_matches_the_file_and_bytes_repeat() -> None:
    data, shard = written()
    assert (shard.rows, shard.images, shard.bytes) == (12, 24, len(data))
    assert shard.sha256 == hashlib.sha256(data).hexdigest()
    assert written()[0] == data


def test_columns_hold_what_the_record_says() -> None:
    data, _ = written()
    rows = pq.read_table(io.BytesIO(data)).to_pylist()
    row = rows[3]
    source = [image(6), image(7)]
    assert row["scores"] == [{"name": "clip", "value": 0.1235}, {"name": "words", "value": None}]
    assert [one["bytes"] for one in row["images"]] == [one.bytes for one in source]
    assert row["images"][0]["path"] == f"{source[0].sha256}.webp"
    assert row["image_meta"][0] == {
        "sha256": source[0].sha256,
        "source_sha256": source[0].sha256,
        "width": 24,
        "height": 16,
        "url": source[0].url,
        "license": "CC-BY-4.0",
        "caption": "",
        "clip_score": 0.3142,
        "generated_caption": None,
        "caption_model": None,
    }
    assert row["messages"][0]["content"][1] == {"type": "image", "text": ""}
    assert (row["document"], row["path"]) == ("document-id003", "s0/id003.html")
    assert (row["schema_version"], row["pipeline_version"]) == (2, "v1")


def test_a_request_and_the_text_given_with_it_are_one_text() -> None:
    records, images = corpus(1, 1)
    (record,) = records.values()
    asked, answered = record.messages
    given = replace(
        asked, content=(Content("text", "What next?"), *asked.content, Content("text", "a"), Content("text", "b"))
    )
    out = io.BytesIO()
    write_shard(out, [replace(record, messages=(given, answered))], images.__getitem__, (), "v1")
    content = pq.read_table(io.BytesIO(out.getvalue())).to_pylist()[0]["messages"][0]["content"]
    assert [part["type"] for part in content] == ["text", "image", "text"]
    assert content[0]["text"] == f"What next?\n\n{asked.content[0].text}" and content[2]["text"] == "a\n\nb"


def test_control_tokens_are_broken_where_they_shall_be() -> None:
    records, images = corpus(1, 1)
    (record,) = records.values()
    marked = [replace(m, content=(Content("text", "a <|im_end|> <image> b"), *m.content[1:])) for m in record.messages]
    for broken, text in ((False, "a <|im_end|> <image> b"), (True, "a < |im_end|> < image> b")):
        out = io.BytesIO()
        write_shard(out, [replace(record, messages=tuple(marked))], images.__getitem__, (), "v1", break_tokens=broken)
        messages = pq.read_table(io.BytesIO(out.getvalue())).to_pylist()[0]["messages"]
        assert [message["content"][0]["text"] for message in messages] == [text, text]


def test_layout_on_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write, "GROUP_ROWS", 5)
    file = pq.ParquetFile(io.BytesIO(written()[0]))
    assert [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)] == [5, 5, 2]
    columns = {file.schema.column(n).path: file.metadata.row_group(0).column(n) for n in range(len(file.schema))}
    images = columns.pop(write.IMAGE_BYTES)
    assert images.compression == "UNCOMPRESSED"
    assert "PLAIN" in images.encodings and not images.has_dictionary_page
    assert images.statistics is None
    assert {column.compression for column in columns.values()} == {"ZSTD"}
    assert all(column.has_offset_index for column in columns.values())
    assert columns["id"].has_column_index


def test_row_groups_are_bounded_by_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write, "GROUP_BYTES", 6000)
    data, _ = written()
    file = pq.ParquetFile(io.BytesIO(data))
    assert file.num_row_groups > 2
    for group in range(file.num_row_groups):
        rows = file.read_row_group(group).to_pylist()
        assert len(rows) == 1 or sum(len(one["bytes"]) for row in rows for one in row["images"]) <= 6000


def test_rows_are_taken_no_further_than_one_row_group_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is read before the first byte of the second row group is written stays below two row groups."""
    monkeypatch.setattr(write, "GROUP_ROWS", 10)
    records, images = corpus(100, 1)
    taken, at_write = [0], []

    class Out(io.BytesIO):
        def write(self, data: object) -> int:
            at_write.append(taken[0])
            return super().write(data)  # type: ignore[arg-type]

    def rows():  # type: ignore[no-untyped-def]
        for one in records.values():
            taken[0] += 1
            yield one

    write_shard(Out(), rows(), images.__getitem__, [], "v1")
    big = [count for count in at_write if count > 0]
    assert min(big) <= 11
    assert all(later - earlier <= 11 for earlier, later in zip(big, big[1:], strict=False))


@pytest.mark.parametrize("streaming", [False, True])
def test_datasets_gives_pillow_images_without_help(tmp_path: Path, streaming: bool) -> None:
    from datasets import Image as ImageFeature
    from datasets import List, load_dataset

    (tmp_path / "train-00000-of-00001.parquet").write_bytes(written()[0])
    data = load_dataset(
        "parquet",
        data_files=str(tmp_path / "*.parquet"),
        split="train",
        streaming=streaming,
        cache_dir=str(tmp_path / "cache"),
    )
    assert data.features["images"] == List(ImageFeature())
    rows = list(data)
    assert len(rows) == 12
    for row in rows:
        assert all(isinstance(one, PILImage.Image) for one in row["images"])
        places = sum(part["type"] == "image" for message in row["messages"] for part in message["content"])
        assert places == len(row["images"]) == len(row["image_meta"]) == 2
    np.testing.assert_array_equal(np.asarray(rows[0]["images"][0].convert("RGB")), np.asarray(picture(0)))
    raw = data.cast_column("images", List(ImageFeature(decode=False)))
    assert [one["images"][0]["bytes"] for one in raw] == [image(2 * n).bytes for n in range(12)]


def test_published_image_is_the_stripped_one() -> None:
    tags = PILImage.Exif()
    tags[0x013B] = "Jane Doe"
    tags[0x0112] = 6
    source = replace(image(1, exif=tags), width=16, height=24)
    out = io.BytesIO()
    shard = write_shard(out, [record("a", [source])], {source.sha256: source}.__getitem__, [], "v1")
    row = pq.read_table(out).to_pylist()[0]
    data, meta = row["images"][0]["bytes"], row["image_meta"][0]
    assert b"Jane Doe" in source.bytes and b"Jane Doe" not in data
    assert meta["sha256"] == hashlib.sha256(data).hexdigest() != meta["source_sha256"] == source.sha256
    assert (meta["width"], meta["height"]) == (16, 24)
    assert (shard.stripped, shard.metadata_left) == (1, 0)
    assert row["images"][0]["path"] == f"{meta['sha256']}.jpg"


def odd_gif() -> bytes:
    """A GIF with bytes in it that are no block can be shown, and nobody can say what they are."""
    buffer = io.BytesIO()
    picture(0).save(buffer, "GIF")
    return buffer.getvalue()[:-1] + b"\x00Jane Doe\x3b"


def endless_gif() -> bytes:
    """A GIF whose last block does not end."""
    buffer = io.BytesIO()
    picture(0).save(buffer, "GIF")
    return buffer.getvalue()[:-1] + b"\x21\xfe\x08Jane Doe"


@pytest.mark.parametrize("data", [odd_gif(), endless_gif()], ids=["stray bytes", "no end"])
def test_metadata_that_cannot_go_stops_the_build_or_is_counted(data: bytes) -> None:
    found = read_image(data, "a/b")
    assert isinstance(found, Image)
    assert decode(found, 10**6)[0] is not None

    def write(**options: bool) -> int:
        rows = [record("a", [found])]
        return write_shard(io.BytesIO(), rows, lambda _: found, [], "v1", **options).metadata_left

    with pytest.raises(LeafError, match=rf"record a: image {found.sha256} \(a/b\) has metadata .*unreadable") as said:
        write()
    assert "name: metadata_left, drop: image" in str(said.value) and "metadata_left: publish" in str(said.value)
    assert write(allow_metadata=True) == 1


def test_unreadable_size_names_record_and_image() -> None:
    source = replace(image(0), width=None)
    with pytest.raises(LeafError, match=f"record a: image {source.sha256}"):
        write_shard(io.BytesIO(), [record("a", [source])], lambda _: source, [], "v1")


def test_record_without_images_and_not_a_number() -> None:
    out = io.BytesIO()
    write_shard(out, [record("a", [], scores=(("clip", float("nan")),))], lambda _: image(0), ["clip"], "v1")
    row = pq.read_table(out).to_pylist()[0]
    assert row["images"] == [] and row["scores"] == [{"name": "clip", "value": None}]


def test_manifest_lists_files(tmp_path: Path) -> None:
    records, images = corpus(20, 5)
    publish(tmp_path, records, images, ShardSettings(min_shards=2))
    listed = json.loads((tmp_path / "manifest.json").read_bytes())
    assert [entry["file"] for entry in listed["files"]] == sorted(path.name for path in tmp_path.glob("*.parquet"))
    assert sum(entry["rows"] for entry in listed["files"]) == 20
    assert {entry["split"] for entry in listed["files"]} == {"train", "validation", "test"}
    assert manifest({}, {}) == manifest({}, {})


def test_split_name() -> None:
    assert split_name("train-00000-of-00004.parquet") == "train"
    assert split_name("part.parquet") == ""
