"""Records of published shards as token ids and labels: loaded with `datasets` as any user would, streamed, checked.

A record that breaks the contract is dropped and counted; a record longer than the context becomes several windows,
which are counted too.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from leafinstruct.errors import LeafError
from leafinstruct.images.pixels import shrink
from leafinstruct.moss.codebook import ROLES
from leafinstruct.moss.tokenizer import Tokenizer, image_length
from leafinstruct.store import parquet_file

SPLITS = ("train", "validation", "test")
IGNORE = -100  # torch's cross-entropy skips this label


@dataclass(frozen=True, slots=True)
class Row:
    """A record as a model sees it: turns of (role, texts and None for each image), and its images in reading order,
    uint8 [n, side, side, 3]. `page` is its URL, or its id without one."""

    id: str
    turns: tuple[tuple[str, tuple[str | None, ...]], ...]
    images: np.ndarray
    page: str = ""


@dataclass(frozen=True, slots=True)
class Example:
    """One window of a record. `ids` and `labels` int64 [time]; labels are IGNORE outside the assistant's turns.
    `image_positions`: for each image the position of its first token, and whether it is the assistant's. `opens`:
    whether the record begins here. `vectors` float32 [images, size, width] where images go in and out as vectors."""

    record: str
    ids: np.ndarray
    labels: np.ndarray
    image_positions: tuple[tuple[int, bool], ...]
    opens: bool = True
    vectors: np.ndarray | None = None


@dataclass(slots=True)
class SplitCounts:
    """Outcomes of the rows of one split. `rows` are in the files, `read` were looked at (training stops when it has
    what its steps need), `dropped` counts reasons, `long` records needed several windows, and `no_answer` windows had
    no token of the assistant and were left out."""

    rows: int = 0
    read: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    long: int = 0
    windows: int = 0
    no_answer: int = 0


def find_shards(folder: Path) -> dict[str, list[Path]]:
    """Shards by split, in name order. Raises LeafError if there is none for training."""
    files = {split: sorted(folder.glob(f"{split}-*.parquet")) for split in SPLITS}
    if not files["train"]:
        raise LeafError(f"{folder}: no train-*.parquet here; make shards with `leafinstruct build --stage shard`")
    return {split: found for split, found in files.items() if found}


def count_rows(files: list[Path]) -> int:
    rows = 0
    for file in files:
        with parquet_file(file) as opened:
            rows += opened.metadata.num_rows
    return rows


def read_rows(files: list[Path], side: int, counts: SplitCounts) -> Iterator[Row]:
    """The records of one split whose images are intact and match their placeholders; others are counted. Raises
    LeafError if a column is missing."""
    import datasets

    if not files:
        return
    counts.rows = count_rows(files)
    stream = datasets.load_dataset("parquet", data_files=[str(f) for f in files], split="train", streaming=True)
    columns = ["id", "messages", "images", "image_meta"]
    missing = set(columns) - set(stream.column_names or ())
    if missing:
        raise LeafError(f"{files[0]}: no column {', '.join(sorted(missing))}; name a folder of leafinstruct shards")
    stream = stream.select_columns([*columns, *({"url"} & set(stream.column_names or ()))])
    # Not decoded: sha256 is a hash of the bytes, and one broken image must not end the stream.
    for record in stream.cast_column("images", datasets.List(datasets.Image(decode=False))):
        counts.read += 1
        row = _row(record, side)
        if isinstance(row, Row):
            yield row
        else:
            counts.dropped[row] += 1


def _row(record: dict[str, Any], side: int) -> Row | str:
    """The record, or the reason why it cannot be trained on."""
    turns = []
    for message in record["messages"] or []:
        content = message["content"] or []
        if message["role"] not in ROLES or any(part["type"] not in ("text", "image") for part in content):
            return "unknown_role_or_type"
        turns.append((message["role"], tuple(None if c["type"] == "image" else c["text"] or "" for c in content)))
    images, metas = record["images"] or [], record["image_meta"] or []
    if not len(images) == len(metas) == sum(part is None for _, parts in turns for part in parts):
        return "image_count"
    if not any(role == "assistant" and parts for role, parts in turns):
        return "no_answer"
    pixels = np.zeros((len(images), side, side, 3), np.uint8)
    for index, (image, meta) in enumerate(zip(images, metas, strict=True)):
        if not image or not meta or hashlib.sha256(image["bytes"] or b"").hexdigest() != meta["sha256"]:
            return "image_sha256"
        decoded = _decode(image, side)
        if decoded is None:
            return "image_broken"
        pixels[index] = decoded
    return Row(record["id"], tuple(turns), pixels, record.get("url") or record["id"])


def _decode(image: dict[str, Any], side: int) -> np.ndarray | None:
    import datasets
    from PIL import Image

    try:
        return shrink(datasets.Image().decode_example(image), side)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def make_examples(row: Row, tokenizer: Tokenizer, context: int, counts: SplitCounts) -> list[Example]:
    """Windows of at most `context` tokens, with each label in exactly one.

    A window ends before an image that does not fit, so that none begins inside an image; a window after the first opens
    with the role whose turn continues.
    """
    windows = [_Window(list(tokenizer.start), [False] * len(tokenizer.start))]
    vectors = tokenizer.vectors(row.images)
    codes, number = tokenizer.encode(row.images), 0
    for role, parts in row.turns:
        answer, again = role == "assistant", [*tokenizer.start, *tokenizer.role(role)]
        _room(windows, context, again, len(tokenizer.role(role)) + 1).add(tokenizer.role(role), False)
        for part in parts:
            if part is None:
                window = _room(windows, context, again, image_length(tokenizer))
                window.image_positions.append((len(window.ids) + len(tokenizer.before), answer))
                window.images.append(number)
                window.add([*tokenizer.before, *codes[number].tolist(), *tokenizer.after], answer)
                number += 1
            else:
                _add_text(windows, tokenizer.text(part), answer, context, again)
        _room(windows, context, again, len(tokenizer.end)).add(tokenizer.end, answer)
    examples = [w.example(row.id, n == 0, vectors) for n, w in enumerate(windows) if any(w.labeled)]
    counts.long += len(windows) > 1
    counts.no_answer += len(windows) - len(examples)
    counts.windows += len(examples)
    return examples


@dataclass(slots=True)
class _Window:
    ids: list[int]
    labeled: list[bool]
    image_positions: list[tuple[int, bool]] = field(default_factory=list)
    images: list[int] = field(default_factory=list)

    def add(self, ids: list[int], labeled: bool) -> None:
        self.ids += ids
        self.labeled += [labeled] * len(ids)

    def example(self, record: str, opens: bool, vectors: np.ndarray | None) -> Example:
        ids = np.array(self.ids)
        shown = None if vectors is None else vectors[self.images]
        return Example(record, ids, np.where(self.labeled, ids, IGNORE), tuple(self.image_positions), opens, shown)


def _room(windows: list[_Window], context: int, again: list[int], need: int) -> _Window:
    """The last window if `need` tokens fit, else a new one in which the same role continues."""
    if len(windows[-1].ids) + need > context:
        windows.append(_Window(list(again), [False] * len(again)))
    return windows[-1]


def _add_text(windows: list[_Window], text: list[int], answer: bool, context: int, again: list[int]) -> None:
    while text:
        window = _room(windows, context, again, 1)
        room = context - len(window.ids)
        window.add(text[:room], answer)
        text = text[room:]
