"""Exports shards as WebDataset tars, for loaders that stream them: one tar per Parquet shard, rows in the same order.

A sample `ID` has `ID.json` (all columns except image bytes) and its images as `ID.000.jpg`, `ID.001.png`, … in reading
order. The same shard gives the same bytes: files in a tar have no time.
"""

from __future__ import annotations

import json
import os
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from leafinstruct.errors import LeafError
from leafinstruct.removal import Removals
from leafinstruct.shard.takedown import named_row
from leafinstruct.shard.write import split_name
from leafinstruct.store import parquet_file

EXPORTED = ".exported.json"
"""Names of the tars that exports to the folder made."""


def export_webdataset(shards: str | Path, out: str | Path) -> list[Path]:
    """Write a tar into `out` for each shard of the folder, and return the paths. Tars of earlier exports to that folder
    that are not made again are deleted; other files stay.

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
    targets = {f"{file.stem}.tar" for file in files}
    _delete(Path(out), _listed(Path(out)) - targets)
    _list(Path(out), targets)
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


def other_tars(out: str | Path) -> list[str]:
    """Names of tars in a folder that look like those of shards, and that no export made."""
    names = {path.name for path in Path(out).glob("*.tar") if split_name(f"{path.stem}.parquet")}
    return sorted(names - _listed(Path(out)))


def delete_named(out: str | Path, removals: Removals, records: Iterable[str] = ()) -> list[Path]:
    """Delete the exported tars of a folder that hold what a request names, or one of the `records`, or that cannot be
    read; returns them."""
    folder = Path(out)
    listed = {name for name in _listed(folder) if (folder / name).is_file()}
    found = {name for name in listed if _holds(folder / name, removals, records)}
    _delete(folder, found)
    if found:
        _list(folder, listed - found)
    return [folder / name for name in sorted(found)]


def _holds(tar: Path, removals: Removals, records: Iterable[str]) -> bool:
    try:
        return any(named_row(row, removals, records) for row in _rows(tar))
    except (tarfile.TarError, ValueError, KeyError):
        return True


def _rows(tar: Path) -> Iterator[dict[str, Any]]:
    """The rows of a tar without their images."""
    with tarfile.open(tar) as opened:
        for member in opened:
            if member.name.endswith(".json") and (file := opened.extractfile(member)):
                yield json.load(file)


def _listed(out: Path) -> set[str]:
    try:
        names = json.loads((out / EXPORTED).read_bytes())
    except (FileNotFoundError, ValueError):
        return set()
    return {name for name in names if isinstance(name, str) and "/" not in name and name.endswith(".tar")}


def _list(out: Path, names: Iterable[str]) -> None:
    partial = out / f"{EXPORTED}.tmp"
    partial.write_text(json.dumps(sorted(names), indent=1) + "\n", encoding="utf-8")
    os.replace(partial, out / EXPORTED)  # noqa: PTH105 - atomic


def _delete(out: Path, names: Iterable[str]) -> None:
    for name in names:
        (out / name).unlink(missing_ok=True)


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
