"""Heads and rows come back from a run's files, wherever they lie in them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from made.shard import corpus, image, record

from leafinstruct.document import images_to_table, records_to_table
from leafinstruct.errors import LeafError
from leafinstruct.shard import gather
from leafinstruct.shard.gather import gather_images, gather_records, index_images, index_records, read_heads, windows


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Two partitions of three records each, one of them dropped, images in row groups of two."""
    records, images = corpus(6, 3)
    records["id001"] = replace(records["id001"], dropped_by="no_answer")
    for name, keys in {"a": list(records)[:3], "b": list(records)[3:]}.items():
        rows = [records[key] for key in keys]
        pq.write_table(records_to_table(rows), tmp_path / f"records-{name}.parquet", row_group_size=2)
        held = [images[sha256] for one in rows for sha256 in one.images]
        pq.write_table(images_to_table([*held, image(0)]), tmp_path / f"images-{name}.parquet", row_group_size=2)
    return tmp_path


def files(run: Path, kind: str) -> list[str]:
    return [str(path) for path in sorted(run.glob(f"{kind}-*.parquet"))]


def test_rows_come_back_whole_and_each_file_is_opened_once(run: Path) -> None:
    opened: list[str] = []

    def opener(path: str) -> pq.ParquetFile:
        opened.append(Path(path).name)
        return pq.ParquetFile(path)

    records, images = corpus(6, 3)
    index = index_records(files(run, "records"))
    assert set(index) == set(records) - {"id001"}
    wanted = ["id005", "id000", "id004", "id002", "id000"]
    assert gather_records(index, wanted, opener) == {key: records[key] for key in wanted}
    assert opened == ["records-a.parquet", "records-b.parquet"]
    places = index_images(files(run, "images"))
    assert places[image(0).sha256].path.endswith("images-a.parquet")
    assert gather_images(places, sorted(images, reverse=True), opener) == images
    assert opened[2:] == ["images-a.parquet", "images-b.parquet"]
    assert all(places[sha256].bytes == len(one.bytes) for sha256, one in images.items())


def test_windows_hold_so_many_bytes_and_every_record_once(monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [f"id{number}" for number in range(10)]
    assert list(windows(ids, 10)) == [ids]
    assert list(windows(ids, 10 * gather.WINDOW_BYTES)) == [[key] for key in ids]
    assert list(windows(ids, 10 * gather.WINDOW_BYTES // 4)) == [ids[:4], ids[4:8], ids[8:]]
    monkeypatch.setattr(gather, "WINDOW_ROWS", 6)
    assert list(windows(ids, 10)) == [ids[:6], ids[6:]]
    assert list(windows([], 0)) == []


def test_heads(run: Path) -> None:
    records, images = corpus(6, 3)
    places = index_images(files(run, "images"))
    heads = list(read_heads(files(run, "records"), places, {"document-id003": "cluster-7"}))
    assert [one.id for one in heads] == ["id000", "id002", "id003", "id004", "id005"]
    for one in heads:
        source = records[one.id]
        text = sum(len(part.text) for message in source.messages for part in message.content)
        assert one.bytes == text + sum(len(images[sha256].bytes) for sha256 in source.images)
        assert (one.document, one.site, one.topic, one.images) == (
            source.document,
            source.site,
            source.topic,
            source.images,
        )
    assert [one.cluster for one in heads] == ["", "", "cluster-7", "", ""]


def test_record_whose_image_is_nowhere(tmp_path: Path) -> None:
    pq.write_table(records_to_table([record("a", [image(0)])]), tmp_path / "records-a.parquet")
    with pytest.raises(LeafError, match=r"records-a\.parquet: record a shows image"):
        list(read_heads(files(tmp_path, "records"), {}, {}))
