"""Shards to windows: nothing lost silently, labels on the answer only, no image cut."""

from __future__ import annotations

import hashlib
import io
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from leafinstruct.errors import LeafError
from leafinstruct.moss.codebook import ASSISTANT, BOS, END, FIRST_CODE, IMAGE, USER, Codebook, fit
from leafinstruct.moss.data import IGNORE, Row, SplitCounts, find_shards, make_examples, read_rows
from leafinstruct.moss.prove.synthetic import write_shard, write_synthetic

ANSWER = "A step, in words: été.\n" * 12


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shards")
    write_synthetic(folder, records=8, held_out=4)
    return folder


def published(shards: Path) -> list[dict[str, Any]]:
    import pyarrow.parquet as pq

    return pq.read_table(find_shards(shards)["train"]).to_pylist()


def row_and_book() -> tuple[Row, Codebook]:
    pixels = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)
    turns = (("user", ("Show me.", None)), ("assistant", (ANSWER, None, "Then.", None)))
    return Row("r", turns, pixels), fit(pixels, 8, 32, seed=0)


def test_shards_load_as_pictures_for_any_user(shards: Path) -> None:
    import datasets

    files = [str(file) for file in find_shards(shards)["train"]]
    row = datasets.load_dataset("parquet", data_files=files, split="train", streaming=True).take(1)
    assert [image.size for image in next(iter(row))["images"]] == [(32, 32), (32, 32)]


def test_rows_are_read_whole(shards: Path) -> None:
    counts = SplitCounts()
    rows = list(read_rows(find_shards(shards)["train"], 32, counts))
    assert (counts.rows, counts.read, counts.dropped) == (8, 8, Counter())
    for row, record in zip(rows, published(shards), strict=True):
        assert row.id == record["id"]
        first = Image.open(io.BytesIO(record["images"][0]["bytes"]))
        assert np.array_equal(row.images[0], np.asarray(first))
        texts = [c["text"] or None for m in record["messages"] for c in m["content"]]
        assert [part for _, parts in row.turns for part in parts] == texts


def test_each_damage_is_a_counted_drop(shards: Path, tmp_path: Path) -> None:
    rows = published(shards)
    rows[0]["images"] = rows[0]["images"][::-1]
    rows[1]["images"] = rows[1]["images"][:1]
    rows[2]["messages"][1]["content"].append({"type": "image", "text": ""})
    rows[3]["messages"][0]["role"] = "system"
    broken = rows[4]["images"][0]["bytes"][:60]
    rows[4]["images"][0]["bytes"] = broken
    rows[5]["images"][1]["bytes"] = broken
    rows[5]["image_meta"][1]["sha256"] = hashlib.sha256(broken).hexdigest()
    rows[6]["messages"][1]["role"] = "user"
    write_shard(rows, tmp_path / "train-00000-of-00001.parquet")
    counts = SplitCounts()
    kept = [row.id for row in read_rows(find_shards(tmp_path)["train"], 32, counts)]
    wanted = {"image_sha256": 2, "image_count": 2, "unknown_role_or_type": 1, "image_broken": 1, "no_answer": 1}
    assert counts.dropped == wanted
    assert counts.read == 8 == len(kept) + counts.dropped.total()


def test_one_window_is_the_record() -> None:
    row, book = row_and_book()
    counts = SplitCounts()
    (example,) = make_examples(row, book, 1024, counts)
    codes = book.encode(row.images).tolist()
    question = [BOS, USER, *b"Show me.", IMAGE, *codes[0], END, ASSISTANT]
    answer = [*ANSWER.encode(), IMAGE, *codes[1], *b"Then.", IMAGE, *codes[2], END]
    assert example.ids.tolist() == question + answer
    assert example.labels.tolist() == [IGNORE] * len(question) + answer
    assert [answered for _, answered in example.image_positions] == [False, True, True]
    for (start, _), image in zip(example.image_positions, codes, strict=True):
        assert example.ids[start : start + 64].tolist() == image
    assert (counts.windows, counts.long, counts.no_answer) == (1, 0, 0)


@pytest.mark.parametrize("context", [136, 150, 200, 333])
def test_windows_hold_each_label_once_and_no_part_of_an_image(context: int) -> None:
    row, book = row_and_book()
    (whole,) = make_examples(row, book, 1024, SplitCounts())
    counts = SplitCounts()
    windows = make_examples(row, book, context, counts)
    labels = [label for w in windows for label in w.labels.tolist() if label != IGNORE]
    assert labels == [label for label in whole.labels.tolist() if label != IGNORE]
    assert counts.long == 1 and counts.windows == len(windows) > 1
    for window in windows:
        assert len(window.ids) <= context
        assert window.ids[0] == BOS and window.ids[1] in (USER, ASSISTANT)
        places = np.flatnonzero(window.ids >= FIRST_CODE).tolist()
        assert places == [start + i for start, _ in window.image_positions for i in range(64)]


def test_window_without_an_answer_is_counted() -> None:
    row, book = row_and_book()
    asked = Row("r", (("user", ("Why? " * 60, None)), ("assistant", ("So.", None))), row.images[:2])
    counts = SplitCounts()
    windows = make_examples(asked, book, 136, counts)
    assert counts.no_answer > 0
    assert all((w.labels != IGNORE).any() for w in windows)


def test_record_without_images_is_text() -> None:
    _, book = row_and_book()
    row = Row("t", (("user", ("Hi",)), ("assistant", ("Ho",))), np.zeros((0, 32, 32, 3), np.uint8))
    (example,) = make_examples(row, book, 136, SplitCounts())
    assert example.ids.tolist() == [BOS, USER, *b"Hi", END, ASSISTANT, *b"Ho", END]
    assert example.image_positions == ()


def test_folder_without_shards_is_named(tmp_path: Path) -> None:
    with pytest.raises(LeafError, match=r"no train-\*\.parquet"):
        find_shards(tmp_path)


def test_other_parquet_is_named(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"id": ["a"], "text": ["b"]}), tmp_path / "train-00000-of-00001.parquet")
    with pytest.raises(LeafError, match="no column image_meta, images, messages"):
        list(read_rows(find_shards(tmp_path)["train"], 32, SplitCounts()))
