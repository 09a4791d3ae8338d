"""The run folder: what is in it, what is done, what is stale. `Run.commit` is the only code that writes a run's files.

A file is there whole or not at all. Its metadata carries the fingerprint of all it was made from and a digest of what
it holds: what follows from it depends on the digest, so remaking a file with the same content makes nothing else stale.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from leafinstruct.document import LeafError, digest

META_KEY = b"leafinstruct"
BINARY_COLUMNS = ("bytes",)
GROUP_ROWS, GROUP_IMAGES = 4096, 16
"""Rows of a group of a file: small groups bound the memory where images are, and cost time where none are."""


@dataclass(frozen=True, slots=True)
class Meta:
    """What a file of the run says of itself: `fingerprint` of its inputs, `digest` of its content, rows, and extras."""

    fingerprint: str
    digest: str
    rows: int
    extra: Mapping[str, Any]


class Run:
    """One build of one pipeline: a folder that holds everything it made."""

    def __init__(self, path: Path) -> None:
        self.path = Path(path)

    def file(self, relative: str) -> Path:
        return self.path / relative

    # Writing

    def commit(self, relative: str, write: Callable[[BinaryIO], None]) -> None:
        """Write one file so that a crash at any moment leaves the old file, the new file or none."""
        target = self.file(relative)
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
        try:
            with temporary.open("wb") as out:
                write(out)
                out.flush()
                os.fsync(out.fileno())
            os.replace(temporary, target)  # noqa: PTH105 - the one rename of the project, patched by crash tests
        finally:
            temporary.unlink(missing_ok=True)
        _sync_folder(target.parent)

    def commit_json(self, relative: str, value: Any) -> None:
        data = json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True).encode() + b"\n"
        self.commit(relative, lambda out: void(out.write(data)))

    def commit_text(self, relative: str, text: str) -> None:
        self.commit(relative, lambda out: void(out.write(text.encode())))

    def commit_table(
        self, relative: str, table: pa.Table, fingerprint: str, extra: Mapping[str, Any] | None = None
    ) -> Meta:
        """Write a table as Parquet. Bytes of images are left uncompressed (they are compressed already)."""
        meta = Meta(fingerprint, table_digest(table), table.num_rows, dict(extra or {}))
        packed = {
            "fingerprint": meta.fingerprint,
            "digest": meta.digest,
            "rows": meta.rows,
            "extra": meta.extra,
        }
        table = table.replace_schema_metadata({META_KEY: json.dumps(packed, sort_keys=True).encode()})
        binary = set(BINARY_COLUMNS) & set(table.column_names)
        compression, group = ("none", GROUP_IMAGES) if binary else ("zstd", GROUP_ROWS)

        def write(out: BinaryIO) -> None:
            pq.write_table(table, out, compression=compression, row_group_size=group)

        self.commit(relative, write)
        return meta

    def remove(self, relative: str) -> None:
        self.file(relative).unlink(missing_ok=True)

    # Reading

    def meta(self, relative: str) -> Meta | None:
        """What the file says of itself; None if it is not there or is not one of ours."""
        try:
            schema = pq.read_schema(self.file(relative))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (pa.ArrowInvalid, OSError):
            return None
        packed = (schema.metadata or {}).get(META_KEY)
        if packed is None:
            return None
        value = json.loads(packed)
        return Meta(value["fingerprint"], value["digest"], value["rows"], value["extra"])

    def digest(self, relative: str) -> str:
        """Digest of a file's content; "" if the file is not there."""
        meta = self.meta(relative)
        return meta.digest if meta else ""

    def fresh(self, relative: str, fingerprint: str) -> bool:
        meta = self.meta(relative)
        return meta is not None and meta.fingerprint == fingerprint

    def table(self, relative: str, columns: list[str] | None = None) -> pa.Table:
        return pq.read_table(self.file(relative), columns=columns, partitioning=None)

    def json(self, relative: str) -> Any:
        path = self.file(relative)
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise LeafError(f"{path}: not readable as JSON ({error}); remove the file and build again") from None

    def partitions(self) -> list[str]:
        """Names of the partitions as planned by the last harvest, in order."""
        plan = self.json("run.json") or {}
        return [p["name"] for p in plan.get("partitions", [])]

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the run against a second build, and clear away what a killed one left half written. Raises LeafError if
        another process builds it."""
        from filelock import FileLock, Timeout

        self.path.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.path / ".lock", timeout=0)
        try:
            lock.acquire()
        except Timeout:
            raise LeafError(f"{self.path}: another build is at work in this run; wait for it or use --run") from None
        try:
            for half in self.path.rglob(".*.tmp"):
                half.unlink(missing_ok=True)
            yield
        finally:
            lock.release()


def void(_: object) -> None:
    """Make a write call a statement: `commit` takes functions that return nothing."""


def fingerprint(*made_from: Any) -> str:
    """Fingerprint of what a file is made from: code versions, settings and digests of files."""
    return digest(list(made_from))[:32]


def table_digest(table: pa.Table) -> str:
    """Digest of a table's content. Image bytes are left out where their sha256 stands beside them."""
    if "sha256" in table.column_names:
        table = table.select([c for c in table.column_names if c not in BINARY_COLUMNS])
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema.remove_metadata()) as writer:
        writer.write_table(table.replace_schema_metadata(None).combine_chunks())
    return hashlib.sha256(sink.getbuffer()).hexdigest()[:32]


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


# Files outside the run that a partition was made from


HASH_LIMIT = 64 << 20
"""Larger inputs are recognised by size and time alone: reading them would cost as much as harvesting them."""


def file_stamps(paths: list[str]) -> dict[str, list[Any]]:
    """For each path [size, mtime in ns, sha256 or ""]; [-1, 0, ""] for a file that is not there."""
    return {path: _stamp(path) for path in sorted(paths)}


def stamps_hold(stamps: Mapping[str, list[Any]]) -> bool:
    """Whether the files are as they were: by size and mtime, and by hash only where those changed."""
    for path, (size, mtime, sha) in stamps.items():
        try:
            stat = os.stat(path)  # noqa: PTH116 - thousands of calls; Path objects cost more than the stat
        except OSError:
            if size != -1:
                return False
            continue
        if size == -1 or stat.st_size != size:
            return False
        if stat.st_mtime_ns != mtime and (not sha or _sha256(path) != sha):
            return False
    return True


def _stamp(path: str) -> list[Any]:
    try:
        stat = os.stat(path)  # noqa: PTH116
        return [stat.st_size, stat.st_mtime_ns, _sha256(path) if stat.st_size <= HASH_LIMIT else ""]
    except OSError:
        return [-1, 0, ""]


def _sha256(path: str) -> str:
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
