"""Reads benchmarks that the user names into what documents are compared with: word n-grams and image hashes."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pyarrow.parquet as pq

from leafinstruct.document import Image
from leafinstruct.errors import LeafError
from leafinstruct.images.decode import decode
from leafinstruct.images.pixels import MAX_PIXELS, level_variance, perceptual_hash, small
from leafinstruct.score.shingles import shingles
from leafinstruct.text.words import words

PLAIN_LEVELS = 2.0
"""Standard deviation of gray levels below which an image is plain and its perceptual hash is noise (own)."""


def ngrams(text: str, size: int) -> np.ndarray:
    """uint64: a hash of each run of `size` words, in lower case and without punctuation."""
    return shingles(words(text), size)


def picture_hash(pixels: PIL.Image.Image) -> int | None:
    """Perceptual hash (64 bits) of a decoded image; None for a plain one."""
    gray = small(pixels).gray
    return perceptual_hash(gray) if level_variance(gray) >= PLAIN_LEVELS**2 else None


def benchmark_ngrams(files: Iterable[Path], columns: Sequence[str], size: int) -> np.ndarray:
    """uint64, sorted and distinct: hashes of all n-grams of the texts; a text of fewer than `size` words has none.
    Raises LeafError for a file that cannot be read."""
    found = [np.zeros(0, np.uint64)]
    for file in files:
        try:
            found.append(np.unique(np.concatenate([found[0], *(ngrams(t, size) for t in _texts(file, columns))])))
        except (OSError, ValueError) as error:  # Arrow's errors are ValueErrors
            raise LeafError(f"benchmark {file} cannot be read: {str(error).splitlines()[0]}") from None
    return np.unique(np.concatenate(found))


def _texts(file: Path, columns: Sequence[str]) -> Iterator[str]:
    """A .txt has one text per line; of rows of .jsonl and .parquet, the named columns are read."""
    if file.suffix == ".txt":
        with file.open(encoding="utf-8-sig") as lines:
            yield from lines
    elif file.suffix in (".jsonl", ".parquet"):
        if not columns:
            raise LeafError(f"benchmark {file}: name the columns that hold its texts, such as columns: [question]")
        for row in _json_rows(file) if file.suffix == ".jsonl" else _parquet_rows(file, columns):
            if not isinstance(row, dict) or row.keys().isdisjoint(columns):
                raise LeafError(f"benchmark {file}: a row has none of the columns {', '.join(columns)}")
            values = [row.get(column) for column in columns]
            yield "\n".join(str(value) for value in values if value is not None)
    else:
        raise LeafError(f"benchmark {file}: texts must be in .txt, .jsonl or .parquet files")


def _json_rows(file: Path) -> Iterator[Any]:
    with file.open(encoding="utf-8-sig") as lines:
        yield from (json.loads(line) for line in lines if line.strip())


def _parquet_rows(file: Path, columns: Sequence[str]) -> Iterator[Any]:
    with pq.ParquetFile(file) as opened:
        known = set(opened.schema_arrow.names)
        for batch in opened.iter_batches(batch_size=1000, columns=[c for c in columns if c in known]):
            yield from batch.to_pylist()


def benchmark_images(folders: Iterable[Path]) -> tuple[frozenset[str], frozenset[int]]:
    """SHA-256 (hex) and perceptual hashes of all images below the folders. Raises LeafError for one without images."""
    known = PIL.Image.registered_extensions()
    shas: set[str] = set()
    hashes: set[int] = set()
    for folder in folders:
        files = sorted(f for f in folder.rglob("*") if f.suffix.lower() in known and f.is_file())
        if not files:
            raise LeafError(f"benchmark {folder} is not a folder with images")
        for file in files:
            data = file.read_bytes()
            sha = hashlib.sha256(data).hexdigest()
            shas.add(sha)
            pixels, _ = decode(_image(sha, data), MAX_PIXELS)
            found = picture_hash(pixels) if pixels else None
            hashes |= set() if found is None else {found}
    return frozenset(shas), frozenset(hashes)


def _image(sha: str, data: bytes) -> Image:
    try:
        with PIL.Image.open(io.BytesIO(data)) as opened:
            return Image(sha, data, "", *opened.size, "")
    except Exception:  # broken data raises many kinds of errors; such a file is matched by its bytes alone
        return Image(sha, data, "", None, None, "")
