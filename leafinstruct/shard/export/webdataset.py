"""Exports shards as WebDataset tars, for loaders that stream them: one tar per Parquet shard, rows in the same order.

A sample `ID` has `ID.json` (all columns except image bytes) and its images as `ID.000.jpg`, `ID.001.png`, … in reading
order. The same shard gives the same bytes: files in a tar have no time.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from leafinstruct.errors import LeafError
from leafinstruct.store import parquet_file


def export_webdataset(shards: str | Path, out: str | Path) -> list[Path]:
    """Write a tar into `out` for each shard of the folder, and return the paths.

    One row group is in memory at a time. Raises LeafError if the folder has no shard or webdataset is not installed.
    """
    try:
        from webdataset import TarWriter
    except ImportError:
        raise LeafError("package webdataset is not installed; pip install leafinstruct[webdataset]") from None
    files = sorted(Path(shards).glob("*.parquet"))
    if not files:
        raise LeafError(f"{shards}: no shards here; name the shards folder of a run")
    Path(out).mkdir(parents=True, exist_ok=True)
    written = []
    for file in files:
        target = Path(out) / f"{file.stem}.tar"
        partial = target.with_suffix(".tar.tmp")
        with partial.open("wb") as stream:
            tar = TarWriter(stream, mtime=0, encoder=False)
            for sample in _samples(file):
                tar.write(sample)
            tar.close()
        os.replace(partial, target)  # noqa: PTH105 - atomic
        written.append(target)
    return written


def _samples(file: Path) -> Iterator[dict[str, Any]]:
    with parquet_file(file) as opened:
        for group in range(opened.num_row_groups):
            for row in opened.read_row_group(group).to_pylist():
                yield _sample(row)


def _sample(row: dict[str, Any]) -> dict[str, Any]:
    images = {
        f"{number:03d}.{image['path'].rpartition('.')[2]}": image["bytes"] for number, image in enumerate(row["images"])
    }
    about = {**row, "images": list(images)}
    data = json.dumps(about, ensure_ascii=False, sort_keys=True).encode()
    return {"__key__": row["id"], "json": data, **images}
