"""Readers that are not ours take the shards as they are: DuckDB, Polars, pandas, and TRL's collator."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from made.shard import corpus, publish
from PIL import Image as PILImage

from leafinstruct.document import Image, Record
from leafinstruct.shard.plan import ShardSettings
from leafinstruct.shard.write import write_shard


@pytest.fixture(scope="module")
def two_pipelines(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Shards of pipelines with other filters: two scores, one in another order, none, whole numbers."""
    folder = tmp_path_factory.mktemp("pipelines")
    records, images = corpus(3, 3)
    files = []
    for number, names in enumerate((("clip", "words"), ("words", "clip"), (), ("words",))):
        own = [
            replace(one, id=f"{one.id}-{number}", scores=tuple((name, 2.0) for name in names))
            for one in records.values()
        ]
        with (folder / f"{number}.parquet").open("wb") as out:
            write_shard(out, own, images.__getitem__, names, f"v{number}")
        files.append(str(folder / f"{number}.parquet"))
    return files


def test_shards_of_pipelines_with_other_filters_load_together(two_pipelines: list[str], tmp_path: Path) -> None:
    import datasets

    rows: Any = datasets.load_dataset("parquet", data_files=two_pipelines, split="train", cache_dir=str(tmp_path))
    streamed: Any = datasets.load_dataset("parquet", data_files=two_pipelines, split="train", streaming=True)
    shown = {tuple(score["name"] for score in row["scores"]) for row in rows}
    assert len(rows) == sum(1 for _ in streamed) == 12
    assert shown == {("clip", "words"), ("words", "clip"), (), ("words",)}
    alone = [
        datasets.load_dataset("parquet", data_files=f, split="train", cache_dir=str(tmp_path)) for f in two_pipelines
    ]
    assert len(datasets.concatenate_datasets(alone)) == 12


def test_duckdb_and_polars_filter_scores_of_two_pipelines(two_pipelines: list[str]) -> None:
    duckdb, polars = pytest.importorskip("duckdb"), pytest.importorskip("polars")
    query = "select count(*) from read_parquet({}) where map_from_entries(scores)['words'] > 1"
    assert duckdb.sql(query.format(two_pipelines)).fetchall() == [(9,)]
    assert polars.read_parquet(two_pipelines)["scores"].list.len().to_list() == [2] * 6 + [0] * 3 + [1] * 3


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Record], dict[str, Image]]:
    folder = tmp_path_factory.mktemp("shards")
    records, images = corpus(12, 6)
    publish(folder, records, images, ShardSettings(validation=0, test=0, min_shards=2))
    return folder, records, images


def test_duckdb(made: tuple[Path, dict[str, Record], dict[str, Image]]) -> None:
    duckdb = pytest.importorskip("duckdb")
    folder, records, images = made
    rows = duckdb.sql(
        f"select id, images[1].bytes, messages[2].content[1].text, len(images) from '{folder}/*.parquet' order by id"
    ).fetchall()
    assert [row[0] for row in rows] == sorted(records)
    for key, data, text, count in rows:
        assert data == images[records[key].images[0]].bytes
        assert text == records[key].messages[1].content[0].text
        assert count == 2


def test_polars(made: tuple[Path, dict[str, Record], dict[str, Image]]) -> None:
    polars = pytest.importorskip("polars")
    folder, records, images = made
    frame = polars.scan_parquet(f"{folder}/*.parquet").filter(polars.col("id") == "id003").collect()
    (row,) = frame.to_dicts()
    assert [image["bytes"] for image in row["images"]] == [images[sha].bytes for sha in records["id003"].images]


def test_pandas(made: tuple[Path, dict[str, Record], dict[str, Image]]) -> None:
    import pandas as pd

    folder, records, _ = made
    frame = pd.concat(pd.read_parquet(path) for path in folder.glob("*.parquet"))
    assert set(frame["id"]) == set(records)
    assert frame["messages"].iloc[0][0]["role"] == "user"


@pytest.mark.slow
def test_trl_prepares_every_row(made: tuple[Path, dict[str, Record], dict[str, Image]]) -> None:
    """TRL puts the images of a row into its content entries, one for each, in order, before its collator tokenizes."""
    pytest.importorskip("trl")
    from datasets import load_dataset
    from trl.data_utils import prepare_multimodal_messages

    folder, _, _ = made
    rows: Any = load_dataset("parquet", data_files=f"{folder}/*.parquet", split="train")
    for row in rows:
        placed = [
            part["image"]
            for message in prepare_multimodal_messages(row["messages"], images=row["images"])
            for part in message["content"]
            if part["type"] == "image"
        ]
        assert all(isinstance(image, PILImage.Image) for image in placed)
        assert [image.tobytes() for image in placed] == [image.tobytes() for image in row["images"]]
