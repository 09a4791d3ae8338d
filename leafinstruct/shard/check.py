"""`check`: numbered checks of the rows and images of shards in a folder, in an object store or on the Hub."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from leafinstruct.errors import LeafError
from leafinstruct.layout import MANIFEST
from leafinstruct.models.control_tokens import control_tokens
from leafinstruct.shard.check_rows import ROW_CHECKS, Look, look
from leafinstruct.shard.plan import order_key
from leafinstruct.shard.publish.locations import Location, open_location
from leafinstruct.shard.schema import PUBLISHED_SCHEMA, VERSION, features
from leafinstruct.shard.templates import TemplateResult, available, render_all, template_files, template_lines
from leafinstruct.shard.write import split_name, split_numbers
from leafinstruct.store import parquet_file
from leafinstruct.sums import file_sha256

CHECKS = {
    "files": "every shard opens as Parquet, and no shard of a split is missing",
    "schema": "columns and types are the published ones",
    "huggingface": "the schema metadata tells `datasets` which columns hold images",
    "rows": "every shard has rows; only the single shard of an empty dataset has none",
    "manifest": "manifest.json names each file with its sha256, rows, bytes and images with metadata",
    "ids": "ids are unique across all splits",
    "order": "rows are sorted by the hash of their id",
    **{name: what for name, (what, _) in ROW_CHECKS.items()},
    "sites": "no site is in two splits",
    "leaks": "train contains no image of another split",
}
EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One numbered check: `failures` counts the faults, `examples` describes the first of them; `ran` is false if there
    was nothing to check."""

    number: int
    name: str
    what: str
    ran: bool
    failures: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CheckReport:
    path: str
    files: int
    rows: int
    images: int
    results: tuple[CheckResult, ...]
    metadata_left: int = 0
    """Images with metadata that cannot be removed, which the pipeline allowed."""
    control_tokens: tuple[str, ...] = ()
    """The first rows whose texts have marks that tokenizers or trainers may obey, and the marks. No failure."""
    control_token_rows: int = 0
    templates: tuple[TemplateResult, ...] = ()
    """How chat templates render the first row without faults; empty if trl is not installed. Never a failure."""

    @property
    def ok(self) -> bool:
        return not self.failed

    @property
    def failed(self) -> tuple[str, ...]:
        """Names of the checks that failed."""
        return tuple(result.name for result in self.results if result.failures)

    @property
    def lines(self) -> list[str]:
        """The report for people: one line per check, and below it the first faults."""
        lines = [f"{self.path}: {self.files} files, {self.rows} rows, {self.images} images"]
        for result in self.results:
            state = "FAIL" if result.failures else "ok  " if result.ran else "-   "
            text = f"{result.what}: {result.failures} failures" if result.failures else result.what
            lines.append(f"{state} {result.number:2d} {result.name:12s} {text}")
            lines.extend(f"        {example}" for example in result.examples)
        if self.metadata_left:
            lines.append(f"note: {self.metadata_left} images have metadata that cannot be removed")
        if self.control_token_rows:
            lines.append(f"note: control tokens in texts of {self.control_token_rows} rows, which tokenizers may obey:")
            lines += [f"        {example}" for example in self.control_tokens]
            lines.append("        shard: {control_tokens: break} breaks them")
        return lines + template_lines(self.templates)

    def to_dict(self) -> dict[str, Any]:
        return {"ok": self.ok, **asdict(self)}


def check(path: str | Path) -> CheckReport:
    """Run all checks on shards: a folder, one Parquet file, a URL such as s3://, or a dataset on the Hub; every image
    is decoded.

    One row group is in memory at a time, and about 300 bytes for each record and each distinct image. Raises LeafError
    if `path` holds no Parquet file or cannot be reached.
    """
    place = open_location(path)
    files = [name for name in place.names if place.single or name.endswith(".parquet")]
    if not files:
        raise LeafError(f"{path}: no Parquet file here; name a folder of shards, one shard, or OWNER/NAME on the Hub")
    run = _Run(alone=len(files) == 1)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for name in files:
            with place.file(name) as file:
                run.file(file, pool)
    run.across_splits()
    if not place.single:
        run.complete(files)
        run.manifest(place, files)
    results = tuple(
        CheckResult(number, name, what, name in run.ran, run.failures.get(name, 0), tuple(run.examples.get(name, ())))
        for number, (name, what) in enumerate(CHECKS.items(), 1)
    )
    tokens = tuple(run.examples.get("control tokens", ()))
    return CheckReport(
        str(path),
        len(files),
        run.rows,
        run.images,
        results,
        run.metadata_left,
        tokens,
        run.token_rows,
        _templates(run.first),
    )


def _templates(row: dict[str, Any] | None) -> tuple[TemplateResult, ...]:
    return tuple(render_all(row["messages"], template_files())) if row and available() else ()


class _Run:
    """The state of the checks over all files."""

    def __init__(self, alone: bool) -> None:
        self.alone = alone
        self.ran: set[str] = set()
        self.failures: dict[str, int] = {}
        self.examples: dict[str, list[str]] = {}
        self.rows = self.images = self.metadata_left = self.token_rows = 0
        self.facts: dict[str, dict[str, Any]] = {}
        self.ids: dict[str, str] = {}
        self.looks: dict[str, Look] = {}
        self.image_splits: dict[str, set[str]] = {}
        self.site_splits: dict[str, set[str]] = {}
        self.last_key: dict[str, str] = {}
        self.first: dict[str, Any] | None = None

    def fail(self, name: str, message: str) -> None:
        self.failures[name] = self.failures.get(name, 0) + 1
        examples = self.examples.setdefault(name, [])
        if len(examples) < EXAMPLES:
            examples.append(message)

    def file(self, path: Path, pool: ThreadPoolExecutor) -> None:
        self.ran |= {"files", "schema", "huggingface", "rows"}
        self.facts[path.name] = {"bytes": path.stat().st_size, "sha256": file_sha256(path)}
        try:
            with parquet_file(path) as file:
                if not self._schema(path, file.schema_arrow):
                    return
                self._rows(path, file, pool)
        except (LeafError, OSError) as error:
            self.fail("files", f"{path.name}: {str(error).splitlines()[0].removeprefix(f'{path}: ')}")

    def _schema(self, path: Path, schema: pa.Schema) -> bool:
        """Check the schema; returns whether the rows of the file can be read as records."""
        good = schema.equals(PUBLISHED_SCHEMA)
        if not good:
            self.fail("schema", f"{path.name}: {_difference(schema, PUBLISHED_SCHEMA)}")
        try:
            found = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
        except (KeyError, TypeError, ValueError):
            found = None
        if found is None:
            self.fail("huggingface", f"{path.name}: the schema metadata has no features; images would load as dicts")
        elif good and found != features(PUBLISHED_SCHEMA):
            self.fail("huggingface", f"{path.name}: the features in the schema metadata differ from the columns")
        return good

    def _rows(self, path: Path, file: pq.ParquetFile, pool: ThreadPoolExecutor) -> None:
        self.ran |= {*ROW_CHECKS, "ids", "order", "sites"}
        self.facts[path.name]["rows"] = file.metadata.num_rows
        if not file.metadata.num_rows and not self.alone:
            self.fail("rows", f"{path.name}: no rows")
        number = 0
        for group in range(file.num_row_groups):
            rows = file.read_row_group(group).to_pylist()
            looks = self._looks(rows, pool)
            self._count_left(path.name, looks)
            for row, images in zip(rows, looks, strict=True):
                self._tokens(f"{path.name} row {number} ({row['id']})", row)
                self._row(f"{path.name} row {number} ({row['id']})", split_name(path.name) or path.name, row, images)
                number += 1

    def _tokens(self, where: str, row: dict) -> None:
        texts = [part["text"] or "" for message in row["messages"] or [] for part in message["content"] or []]
        if found := control_tokens("\n".join(texts)):
            self.token_rows += 1
            examples = self.examples.setdefault("control tokens", [])
            if len(examples) < EXAMPLES:
                examples.append(f"{where}: {', '.join(found[:5])}")

    def _count_left(self, name: str, looks: list[list[Look]]) -> None:
        left = sum(bool(one.metadata_left) for images in looks for one in images)
        self.facts[name]["metadata_left"] = self.facts[name].get("metadata_left", 0) + left
        self.metadata_left += left

    def _looks(self, rows: list[dict], pool: ThreadPoolExecutor) -> list[list[Look]]:
        """A Look at each image of each row; bytes seen before are not decoded again."""
        data = [[(image or {}).get("bytes") or b"" for image in row["images"] or []] for row in rows]
        flat = [one for images in data for one in images]
        seen = iter(pool.map(self._look, flat))
        return [[next(seen) for _ in images] for images in data]

    def _look(self, data: bytes) -> Look:
        found = look(data, self.looks)
        self.looks[found.sha256] = found
        return found

    def _row(self, where: str, split: str, row: dict, images: list[Look]) -> None:
        self.rows += 1
        self.images += len(images)
        broken = False
        for name, (_, row_check) in ROW_CHECKS.items():
            for message in row_check(row, images):
                self.fail(name, f"{where}: {message}")
                broken = True
        if self.first is None and not broken:
            self.first = row
        key = row["id"] or ""
        if key in self.ids:
            self.fail("ids", f"{where}: the id is also in {self.ids[key]}")
        self.ids[key] = split
        if order_key(key) < self.last_key.get(split, ""):
            self.fail("order", f"{where}: must come before the previous row")
        self.last_key[split] = order_key(key)
        self.site_splits.setdefault(row["site"] or "", set()).add(split)
        for image in images:
            self.image_splits.setdefault(image.sha256, set()).add(split)

    def across_splits(self) -> None:
        splits = {split for found in self.site_splits.values() for split in found}
        if len(splits) > 1:
            self.ran.add("leaks")
        for site, found in sorted(self.site_splits.items()):
            if len(found) > 1:
                self.fail("sites", f"site {site!r} is in {', '.join(sorted(found))}")
        for sha256, found in sorted(self.image_splits.items()):
            if len(found) > 1 and "train" in found:
                self.fail("leaks", f"image {sha256} is in {', '.join(sorted(found))}")

    def complete(self, files: list[str]) -> None:
        numbers: dict[tuple[str, int], set[int]] = {}
        for file in files:
            if not split_name(file):
                self.fail("files", f"{file}: the name is not like train-00000-of-00004.parquet")
                continue
            number, count = split_numbers(file)
            numbers.setdefault((split_name(file), count), set()).add(number)
        for (split, count), found in sorted(numbers.items()):
            if missing := sorted(set(range(count)) - found):
                self.fail("files", f"{split}: {len(missing)} of {count} shards missing, first number {missing[0]}")
        for split in sorted({split for split, _ in numbers}):
            if len(counts := [count for name, count in numbers if name == split]) > 1:
                self.fail("files", f"{split}: shards with different counts in their names ({counts})")

    def manifest(self, place: Location, files: list[str]) -> None:
        self.ran.add("manifest")
        if MANIFEST not in place.names:
            self.fail("manifest", f"{MANIFEST} is missing")
            return
        try:
            with place.file(MANIFEST) as path:
                entries = {entry["file"]: entry for entry in json.loads(path.read_bytes())["files"]}
        except (OSError, ValueError, KeyError, TypeError) as error:
            self.fail("manifest", f"{MANIFEST} cannot be read: {error or type(error).__name__}")
            return
        for name in sorted(set(entries) - set(files)):
            self.fail("manifest", f"{name}: in the manifest but not in the folder")
        for name in files:
            if name not in entries:
                self.fail("manifest", f"{name}: not in the manifest")
                continue
            for key, value in self.facts[name].items():
                if entries[name].get(key, 0) != value:
                    self.fail("manifest", f"{name}: {key} is {value}, but the manifest has {entries[name].get(key)}")


def _difference(found: pa.Schema, expected: pa.Schema) -> str:
    if "pipeline_version" in found.names and "schema_version" not in found.names:
        return f"schema version 1, not {VERSION}; build the shards again"
    for field in expected:
        index = found.get_field_index(field.name)
        if index < 0:
            return f"column {field.name} is missing"
        if found.field(index).type != field.type:
            return f"column {field.name} is {found.field(index).type}, not {field.type}"
    if more := [name for name in found.names if name not in expected.names]:
        return f"column {more[0]} is not in the published schema"
    return "the columns are in the wrong order"
