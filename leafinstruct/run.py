"""A run: its files, which are up to date and which are stale. `Run.commit` is the only code that writes a run's files.

A file exists whole or not at all. Its metadata has the fingerprint of everything it was made from and a digest of its
content. Later files depend on the digest, so remaking a file with the same content makes nothing else stale. Every file
has a checksum, and is compared with it when it is read: one that was damaged later raises Damaged, which names it.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from leafinstruct import layout
from leafinstruct.claim import refuse_others
from leafinstruct.document import digest
from leafinstruct.errors import Damaged, LeafError, file_error, one_line, text_of
from leafinstruct.progress import log
from leafinstruct.store import LocalStore, ObjectStore, of_content, open_store
from leafinstruct.sums import Hashing, holds, sha256_of, sum_of, summing, write_summed

META_KEY = b"leafinstruct"
GROUP_ROWS, GROUP_IMAGES = 4096, 16
"""Rows of a row group: small groups bound memory in files with images, and cost time in files without."""
LONG_EXTRA = 2000
"""Characters; longer extras of a file are not cached."""
DIFFERS = "its checksum differs"


@dataclass(frozen=True, slots=True)
class Meta:
    """Metadata of a run's file: `fingerprint` of its inputs, `digest` of its content, number of rows, and extras."""

    fingerprint: str
    digest: str
    rows: int
    extra: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Known:
    """A file's stamp, its metadata at that stamp (`packed`, JSON; empty for a shard, which was then as the manifest has
    it), and whether that lacks long extras (`short`)."""

    stamp: str
    packed: dict[str, Any]
    short: bool


class Run:
    """One build of one pipeline: a local folder, or an address in an object store, that holds everything it made."""

    def __init__(self, place: Path | str) -> None:
        self.place = str(place)
        self.store = open_store(self.place)
        self._known: dict[str, _Known] = {}
        self._kept: dict[str, Any] = {}
        self._sound: dict[str, str] = {}
        """Stamps at which this process found tables undamaged."""

    def __str__(self) -> str:
        return self.place

    @property
    def address(self) -> str:
        """The run's location, valid from any working folder."""
        return os.path.realpath(self.store.path) if isinstance(self.store, LocalStore) else self.place

    @property
    def path(self) -> Path:
        """The folder on this machine. Raises LeafError if the run is in an object store."""
        if not isinstance(self.store, LocalStore):
            raise LeafError(f"{self}: this needs a run in a local folder")
        return self.store.path

    @property
    def is_in_memory(self) -> bool:
        """Whether only this process sees it."""
        return self.place.startswith("memory:")

    def file(self, relative: str) -> Path:
        return self.path / relative

    def inner(self, folder: str) -> Run:
        """A run inside this one."""
        return Run(f"{self.place}/{folder}")

    # Writing

    def commit(self, relative: str, write: Callable[[BinaryIO], None], summed: bool = True) -> None:
        """Write one file so that a crash at any moment leaves the old file, the new file or none; if `summed`, with its
        checksum in a file of its own, which has the old one too until the next commit."""

        def write_both(out: BinaryIO) -> None:
            summed = summing(out)
            write(summed)  # type: ignore[arg-type]
            self._note_sum(relative, summed.hash.hexdigest())

        self.store.put(relative, write_both if summed else write)

    def _note_sum(self, relative: str, new: str) -> None:
        try:
            noted, before = self._sums(relative), sum_of(self.store.read(relative))
        except (FileNotFoundError, Damaged):
            noted, before = [], new
        kept = dict.fromkeys([new, before] if not noted or before in noted else [new])
        text = "".join(f"{one} {one}\n" for one in kept)
        self.store.put(layout.sums(relative), lambda out: void(out.write(text.encode())))

    def _sums(self, relative: str) -> list[str]:
        """The sums that a file may have; empty if none were noted. Each is there twice, which tells that the list is
        not damaged."""
        name = layout.sums(relative)
        try:
            pairs = [line.split() for line in self.store.read(name).decode("ascii", "replace").splitlines()]
        except (FileNotFoundError, NotADirectoryError):
            return []
        if not pairs or any(len(pair) != 2 or pair[0] != pair[1] for pair in pairs):
            raise Damaged(self.place, name, "not a list of checksums")
        return [one for one, _ in pairs]

    def commit_json(self, relative: str, value: Any) -> None:
        text = json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True)
        data = text.encode("utf-8", "backslashreplace") + b"\n"  # half a surrogate pair as JSON escapes it
        self.commit(relative, lambda out: void(out.write(data)))

    def commit_text(self, relative: str, text: str) -> None:
        self.commit(relative, lambda out: void(out.write(text.encode("utf-8", "replace"))))

    def commit_table(
        self, relative: str, table: pa.Table, fingerprint: str, extra: Mapping[str, Any] | None = None
    ) -> Meta:
        """Write a table as Parquet. Image bytes are stored uncompressed (they are compressed already), the rest in
        LZ4, which reads stored scores in two thirds of the time that Zstandard takes."""
        meta = Meta(fingerprint, table_digest(table), table.num_rows, dict(extra or {}))
        self._put_table(relative, table, meta)
        return meta

    def erase_rows(self, relative: str, table: pa.Table, extra: Mapping[str, Any]) -> None:
        """Put a table with erased content in the place of a file. Fingerprint and digest stay those of what was there:
        nothing that was made from it becomes stale."""
        meta = self.meta(relative)
        assert meta is not None
        self._put_table(relative, table, Meta(meta.fingerprint, meta.digest, table.num_rows, extra))

    def _put_table(self, relative: str, table: pa.Table, meta: Meta) -> None:
        packed = {
            "fingerprint": meta.fingerprint,
            "digest": meta.digest,
            "rows": meta.rows,
            "extra": meta.extra,
        }
        table = table.replace_schema_metadata({META_KEY: json.dumps(packed, sort_keys=True).encode()})
        compression, group = ("none", GROUP_IMAGES) if _binary(table.schema) else ("lz4", GROUP_ROWS)

        def write(out: BinaryIO) -> None:
            write_summed(out, lambda file: pq.write_table(table, file, compression=compression, row_group_size=group))

        self.commit(relative, write, summed=False)

    def remove(self, relative: str) -> None:
        """Delete a file that the run made (see `own`)."""
        self.store.remove(relative)
        if not relative.endswith(layout.SUFFIX):
            self.store.remove(layout.sums(relative))

    def discard(self, damaged: Damaged, then: str) -> None:
        """Delete a damaged file, so that it counts as missing, and say so; `then`: what becomes of it."""
        self.remove(damaged.name)
        for cached in (self._known, self._sound):
            cached.pop(damaged.name, None)
        self.store.forget()
        log.warning(f"{self}/{damaged.name}: {damaged.reason}; {then}")

    def own(self, folder: str) -> list[str]:
        """Names of the Parquet files in a folder that the run's lists name: its plan, or the metadata of its files."""
        planned = {f"{name}.parquet" for name in self.partitions()} if folder in layout.OF_PARTITIONS else set()
        return [name for name in self.names(folder) if name in planned or f"{folder}/{name}" in self._known]

    # Reading

    def meta(self, relative: str) -> Meta | None:
        """The file's metadata; None if it is missing or `commit_table` did not write it. Raises Damaged."""
        known = self._brief(relative)
        packed = known and known.packed
        if known is not None and known.short:
            packed = self._footer(relative)
        return Meta(packed["fingerprint"], packed["digest"], packed["rows"], packed["extra"]) if packed else None

    def _brief(self, relative: str) -> _Known | None:
        """The same, perhaps without extras; the file is opened only if its stamp is new."""
        stamp = self.store.stamp(relative)
        if not stamp:
            return None
        known = self._known.get(relative)
        if known is None or known.stamp != stamp:
            packed = self._footer(relative)
            if packed is None:
                return None
            short = len(str(packed["extra"])) > LONG_EXTRA
            known = self._known[relative] = _Known(stamp, {**packed, "extra": {}} if short else packed, short)
        return known

    def _footer(self, relative: str) -> dict[str, Any] | None:
        try:
            with self.parquet(relative) as file:
                packed = (file.schema_arrow.metadata or {}).get(META_KEY)
        except (FileNotFoundError, NotADirectoryError):
            return None
        return json.loads(packed) if packed is not None else None

    def digest(self, relative: str) -> str:
        """Digest of a file's content; "" if the file is missing."""
        known = self._brief(relative)
        return known.packed["digest"] if known else ""

    def fresh(self, relative: str, fingerprint: str) -> bool:
        known = self._brief(relative)
        return known is not None and known.packed["fingerprint"] == fingerprint

    def exists(self, relative: str) -> bool:
        return self.store.size(relative) >= 0

    def stamp(self, relative: str) -> str:
        """A string that changes whenever the file does; "" if it is missing."""
        return self.store.stamp(relative)

    def names(self, folder: str) -> list[str]:
        """Names of the Parquet files in a folder of the run."""
        return [name for name in self.store.names(folder) if name.endswith(".parquet") and not name.startswith(".")]

    def below(self, folder: str) -> list[str]:
        """Names, relative to the run, of all files in a folder and its subfolders."""
        return self.store.below(folder)

    @contextmanager
    def parquet(self, relative: str) -> Iterator[pq.ParquetFile]:
        """A table, undamaged. Raises FileNotFoundError, and Damaged."""
        sound = isinstance(self.store, LocalStore) and self._is_sound(relative)  # object stores have sums of their own
        try:
            file = self.store.parquet(relative)
            try:
                yield file
            finally:
                file.close(force=True)
        except Exception as error:
            if sound or not of_content(error) or self._is_sound(relative):
                raise
            raise Damaged(self.place, relative, f"not readable as Parquet ({one_line(text_of(error))})") from None

    def _is_sound(self, relative: str) -> bool:
        """Whether a table has a checksum, which holds; each process looks once. Raises FileNotFoundError, Damaged."""
        stamp = self.store.stamp(relative)
        if not stamp or self._sound.get(relative) != stamp:
            with self.store.open(relative) as file:
                found = holds(file)
            if found is None:
                return False
            if not found:
                raise Damaged(self.place, relative, DIFFERS)
            self._sound[relative] = stamp
        return True

    def check_table(self, relative: str) -> None:
        """Raises Damaged for a damaged table that the run's lists name, or that has a checksum."""
        self._sound.pop(relative, None)
        folder, _, name = relative.rpartition("/")
        if not self._is_sound(relative) and name in self.own(folder):
            self._footer(relative)

    def check_shard(self, relative: str, listed: Mapping[str, Any], again: bool = False) -> None:
        """Raises Damaged if a file has another size or SHA-256 than a manifest lists. One that had them at its present
        stamp, or that is in an object store, is read only with `again`."""
        stamp, known = self.store.stamp(relative), self._known.get(relative)
        if not again and known and known.stamp == stamp:
            return
        same = self.store.size(relative) == listed["bytes"]
        if same and (again or isinstance(self.store, LocalStore)):
            with self.store.open(relative) as file:
                same = sha256_of(file) == listed["sha256"]
        if not same:
            raise Damaged(self.place, relative, "not what the manifest has")
        self.trust(relative)

    def trust(self, relative: str) -> None:
        """Note that a shard is as the manifest has it."""
        self._known[relative] = _Known(self.store.stamp(relative), {}, False)

    def rows(self, relative: str) -> int | None:
        """Rows of a table, even of a damaged one; None if nothing tells."""
        if known := self._known.get(relative):
            return known.packed.get("rows")
        try:
            file = self.store.parquet(relative)
        except (pa.ArrowException, OSError):
            return None
        try:
            return file.metadata.num_rows
        finally:
            file.close(force=True)

    def read(self, relative: str) -> bytes:
        """A file that is no table. Raises FileNotFoundError, and Damaged."""
        for _ in range(2):  # between the two readings, another process may have replaced the file
            data, sums = self.store.read(relative), self._sums(relative)
            if not sums or sum_of(data) in sums:
                return data
        raise Damaged(self.place, relative, DIFFERS)

    def table(self, relative: str, columns: list[str] | None = None) -> pa.Table:
        with self.parquet(relative) as file:
            return file.read(columns)

    def json(self, relative: str) -> Any:
        """The value of a file; None if it is missing. Raises Damaged."""
        try:
            return json.loads(self.read(relative).decode("utf-8"))
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise Damaged(self.place, relative, f"not readable as JSON ({error})") from None

    def folder(self, relative: str) -> AbstractContextManager[Path]:
        """A folder of the run on this machine, a copy if the run is remote, for as long as the context lasts."""
        return self.store.folder(relative)

    def partitions(self) -> list[str]:
        """Names of the partitions that the last harvest planned, in order."""
        plan = self.json(layout.RUN) or {}
        return [p["name"] for p in plan.get("partitions", [])]

    # A build

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Lock the run against a second build on this machine, and delete what a killed build left half written.
        Raises LeafError if another process builds it, if the place cannot be written, and if it holds other files."""
        from filelock import FileLock, Timeout

        with file_error(self.place, "name another folder with --run"):
            refuse_others(self.place, self.store)
            lock = FileLock(self._lock_file(), timeout=0)
            try:
                lock.acquire()
            except Timeout:
                raise LeafError(f"{self}: another build is at work in this run; wait for it or use --run") from None
        try:
            if isinstance(self.store, ObjectStore):
                self.store.listed = True
            elif isinstance(self.store, LocalStore):
                self.store.clear_halves()
            self._recall()
            yield
            self._remember()
        finally:
            lock.release()

    def _lock_file(self) -> Path:
        if isinstance(self.store, LocalStore):
            self.path.mkdir(parents=True, exist_ok=True)
            return self.path / layout.LOCK
        return Path(tempfile.gettempdir()) / f"leafinstruct-{digest([self.place])[:16]}.lock"

    def _recall(self) -> None:
        try:
            there = self.json(layout.METAS)
        except Damaged as damaged:  # what it holds is read again where it is needed
            self.discard(damaged, "made again")
            there = None
        if there is None:
            self.commit_text(layout.METAS, "{}")  # says that what comes is a run
        self._kept = there or {}
        self._known = {name: _Known(*entry) for name, entry in self._kept.items()} | self._known

    def _remember(self) -> None:
        """Store the metadata of existing files."""
        now = {
            name: [known.stamp, known.packed, known.short]
            for name, known in sorted(self._known.items())
            if self.store.stamp(name) == known.stamp
        }
        if now != self._kept:
            self.commit_text(layout.METAS, json.dumps(now, sort_keys=True))


def existing(run: Run) -> Run:
    """The run itself. Raises LeafError if nothing was built there."""
    if not run.exists(layout.RUN):
        raise LeafError(f"{run} holds no run; make one with: leafinstruct build")
    return run


def void(_: object) -> None:
    """Make a write call a statement: `commit` takes functions that return nothing."""


def fingerprint(*made_from: Any) -> str:
    """Fingerprint of what a file is made from: code versions, settings and digests of files."""
    return digest(list(made_from))[:32]


def _binary(schema: pa.Schema) -> list[str]:
    """Columns of a binary type. Names do not tell: a column named `bytes` may hold their number."""
    return [f.name for f in schema if pa.types.is_binary(f.type) or pa.types.is_large_binary(f.type)]


def table_digest(table: pa.Table) -> str:
    """Digest of a table's content. Image bytes are left out if a column has their sha256."""
    if "sha256" in table.column_names:
        table = table.drop_columns(_binary(table.schema))
    sink = Hashing(hashlib.sha256())
    with pa.ipc.new_stream(pa.PythonFile(sink, mode="w"), table.schema.remove_metadata()) as writer:
        writer.write_table(table.replace_schema_metadata(None).combine_chunks())
    return sink.hash.hexdigest()[:32]
