"""Where the files of a run are: a local folder, or an object store (`s3://`, `gs://`, ...) through fsspec.

A file is put whole or not at all: locally by temporary file, fsync, rename and fsync of the folder; in an object store
by one upload, which becomes visible only once it is complete.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from leafinstruct.errors import LeafError, file_error, one_line, text_of

Write = Callable[[BinaryIO], None]
STAMP_KEYS = ("ETag", "etag", "md5Hash", "LastModified", "last_modified", "updated", "mtime", "created")
"""A changed object is recognized by its size and the first of these keys that the store has."""


class Store(Protocol):
    """Files by names relative to the run, with / between folders."""

    def put(self, name: str, write: Write) -> None: ...

    def read(self, name: str) -> bytes:
        """Raises FileNotFoundError."""

    def parquet(self, name: str) -> pq.ParquetFile:
        """Raises FileNotFoundError. Close it with `force`."""

    def open(self, name: str) -> BinaryIO:
        """The file, to be read. Raises FileNotFoundError."""

    def stamp(self, name: str) -> str:
        """A string that changes whenever the file does; "" if it is missing."""

    def size(self, name: str) -> int:
        """Bytes; -1 if it is missing."""

    def names(self, folder: str) -> list[str]:
        """Names of the files in one folder, sorted, without the folder's name."""

    def below(self, folder: str) -> list[str]:
        """Names of the files in a folder and its subfolders, sorted."""

    def some_names(self) -> list[str]:
        """Names in the place itself, at least one if it holds any file; empty if it is missing."""

    def remove(self, name: str) -> None: ...

    def forget(self) -> None:
        """Forget cached listings: others may have written."""

    @contextmanager
    def folder(self, name: str) -> Iterator[Path]:
        """A folder of the run on this machine, a copy if it is remote, for as long as the context lasts."""


def of_content(error: Exception) -> bool:
    """Whether an error of reading a Parquet file is about its content: the system's errors have a number."""
    return isinstance(error, pa.ArrowException | UnicodeDecodeError) or (
        isinstance(error, OSError) and error.errno is None
    )


@contextmanager
def parquet_file(path: Path) -> Iterator[pq.ParquetFile]:
    """A Parquet file that need not be of a run. Raises LeafError, which names it, if its content cannot be read."""
    try:
        with pq.ParquetFile(path) as file:
            yield file
    except Exception as error:
        if not of_content(error):
            raise
        raise LeafError(f"{path}: not readable as Parquet ({one_line(text_of(error))})") from None


def is_remote(place: str) -> bool:
    return "://" in place


def is_filesystem(target: str) -> bool:
    """Whether a push target is a filesystem, not a dataset on the Hub: it has a protocol or is a plain path."""
    return is_remote(target) or target.startswith(("/", ".", "~"))


def open_store(place: str) -> Store:
    """The store at a path or URL. Raises LeafError for a URL that no installed package can open."""
    return ObjectStore(place) if is_remote(place) else LocalStore(Path(place))


HALF = re.compile(r"\..+\.leafinstruct\.\d+\.tmp")
"""Names of files that `LocalStore.put` has not finished."""


class LocalStore:
    def __init__(self, path: Path) -> None:
        self.path = path.absolute()  # also where code of a plugin changes the current folder
        self._prefix = f"{self.path}/"

    def put(self, name: str, write: Write) -> None:
        target = self.path / name
        with file_error(target, "committed files are kept; build again to continue"):
            target.parent.mkdir(parents=True, exist_ok=True)
            temporary = target.with_name(f".{target.name}.leafinstruct.{os.getpid()}.tmp")
            try:
                with temporary.open("w+b") as out:
                    write(out)
                    out.flush()
                    os.fsync(out.fileno())
                os.replace(temporary, target)  # noqa: PTH105 - the rename that crash tests patch
            finally:
                temporary.unlink(missing_ok=True)
            _sync_folder(target.parent)

    def read(self, name: str) -> bytes:
        return (self.path / name).read_bytes()

    def parquet(self, name: str) -> pq.ParquetFile:
        return pq.ParquetFile(self._prefix + name)

    def open(self, name: str) -> BinaryIO:
        return io.FileIO(self._prefix + name)  # type: ignore[return-value]

    def stamp(self, name: str) -> str:
        try:
            stat = os.stat(self._prefix + name)  # noqa: PTH116 - thousands of calls; Path objects cost more than it
        except OSError:
            return ""
        return f"{stat.st_size} {stat.st_mtime_ns} {stat.st_ino}"

    def size(self, name: str) -> int:
        path = self.path / name
        return path.stat().st_size if path.is_file() else -1

    def names(self, folder: str) -> list[str]:
        path = self.path / folder
        return sorted(p.name for p in path.iterdir() if p.is_file()) if path.is_dir() else []

    def below(self, folder: str) -> list[str]:
        found = (self.path / folder).rglob("*")
        return sorted(path.relative_to(self.path).as_posix() for path in found if path.is_file())

    def some_names(self) -> list[str]:
        return sorted(path.name for path in self.path.iterdir()) if self.path.is_dir() else []

    def remove(self, name: str) -> None:
        (self.path / name).unlink(missing_ok=True)

    def clear_halves(self) -> None:
        """Delete what killed builds left half written."""
        for folder, _, names in os.walk(self.path):
            for name in names:
                if HALF.fullmatch(name):
                    Path(folder, name).unlink(missing_ok=True)

    def forget(self) -> None:
        """Nothing is cached: every call reads the disk."""

    @contextmanager
    def folder(self, name: str) -> Iterator[Path]:
        yield self.path / name


def open_filesystem(url: str) -> tuple[Any, str]:
    """The fsspec filesystem of a URL and the path in it, without a cache of listings. Raises LeafError for a protocol
    that is unknown, whose package is not installed or whose server does not answer."""
    with asking(url, "for s3:// pip install leafinstruct[s3]" if url.startswith(("s3:", "s3a:")) else ""):
        import fsspec

        filesystem, root = fsspec.url_to_fs(url, use_listings_cache=False)
    return filesystem, root.rstrip("/")


@contextmanager
def asking(url: str, advice: str = "") -> Iterator[None]:
    """Turn any error of a store's library into a one-line LeafError that ends with `advice`; a missing file stays a
    FileNotFoundError."""
    try:
        yield
    except (FileNotFoundError, LeafError):
        raise
    except Exception as error:
        reason = (str(error) or type(error).__name__).splitlines()[0][:200]
        raise LeafError(f"{url}: {reason}{'; ' if advice else ''}{advice}") from None


class ObjectStore:
    """With `listed`, one cached listing serves until `forget`; this object adds its own writes to it. Only the process
    that plans the build sets `listed`: workers need few files and ask about each."""

    def __init__(self, url: str) -> None:
        self._fs, self._root = open_filesystem(url)
        self.url = url
        self.listed = False
        self._listing: dict[str, dict[str, Any]] | None = None

    def _place(self, name: str) -> str:
        return f"{self._root}/{name}"

    def _asking(self) -> AbstractContextManager[None]:
        return asking(self.url, "committed files are kept; build again to continue")

    def put(self, name: str, write: Write) -> None:
        with tempfile.NamedTemporaryFile(prefix="leafinstruct-") as out:
            write(out)  # type: ignore[arg-type]
            out.flush()
            try:
                with self._asking():
                    self._fs.put_file(out.name, self._place(name))
                    if self._listing is not None:
                        self._listing[name] = self._fs.info(self._place(name))
            except FileNotFoundError as error:
                raise LeafError(f"{self.url}: cannot be written ({error}); create the bucket first") from None

    def read(self, name: str) -> bytes:
        with self._asking():
            return self._fs.cat_file(self._place(name))

    def parquet(self, name: str) -> pq.ParquetFile:
        return pq.ParquetFile(self.open(name))

    def open(self, name: str) -> BinaryIO:
        with self._asking():
            return self._fs.open(self._place(name), "rb")

    def _info(self, name: str) -> dict[str, Any] | None:
        if self.listed:
            if self._listing is None:
                with self._asking():
                    found = self._fs.find(self._root, detail=True)
                self._listing = {place.removeprefix(f"{self._root}/"): info for place, info in found.items()}
            return self._listing.get(name)
        try:
            with self._asking():
                return self._fs.info(self._place(name))
        except FileNotFoundError:
            return None

    def stamp(self, name: str) -> str:
        info = self._info(name)
        if info is None:
            return ""
        return f"{info['size']} {next((info[key] for key in STAMP_KEYS if info.get(key)), '')}"

    def size(self, name: str) -> int:
        info = self._info(name)
        return -1 if info is None else int(info["size"])

    def names(self, folder: str) -> list[str]:
        try:
            with self._asking():
                entries = self._fs.ls(self._place(folder), detail=True)
        except FileNotFoundError:
            return []
        return sorted(e["name"].rsplit("/", 1)[-1] for e in entries if e["type"] == "file")

    def below(self, folder: str) -> list[str]:
        with self._asking():
            return sorted(place.removeprefix(f"{self._root}/") for place in self._fs.find(self._place(folder)))

    def some_names(self) -> list[str]:
        try:
            with self._asking():
                return sorted(place.removeprefix(f"{self._root}/") for place in self._fs.ls(self._root, detail=False))
        except FileNotFoundError:
            return []

    def remove(self, name: str) -> None:
        with self._asking():
            if self._fs.exists(self._place(name)):
                self._fs.rm_file(self._place(name))
        if self._listing is not None:
            self._listing.pop(name, None)

    def forget(self) -> None:
        self._listing = None

    @contextmanager
    def folder(self, name: str) -> Iterator[Path]:
        copy = Path(tempfile.mkdtemp(prefix="leafinstruct-"))
        try:
            for file in self.names(name):
                self._fs.get_file(self._place(f"{name}/{file}"), str(copy / file))
            yield copy
        finally:
            shutil.rmtree(copy)


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
