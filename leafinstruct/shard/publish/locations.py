"""Where shards can be: a folder, an object store, a dataset on the Hub; each file in turn as a local path."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from leafinstruct.errors import LeafError
from leafinstruct.shard.publish.client import check_reachable, hub_api, hub_errors
from leafinstruct.store import asking, open_filesystem

_REPO_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)


class Location(Protocol):
    """`names`: the files there, without those of subfolders; `single`: whether it is one file, not a folder."""

    names: list[str]
    single: bool

    def file(self, name: str) -> Any:
        """A context manager with the path of a local copy, which exists until the context ends."""


def open_location(target: str | Path) -> Location:
    """The location that `target` names: a URL with a protocol, else a path, else (`OWNER/NAME` that is not a path here)
    a dataset on the Hub, at the newest commit of main. Raises LeafError if it cannot be reached or read."""
    if "://" in str(target):
        return _Store(str(target))
    path = Path(target).expanduser()
    if not path.exists() and _REPO_ID.fullmatch(str(target)):
        return _DataSet(str(target))
    return _Folder(path)


class _Folder:
    def __init__(self, path: Path) -> None:
        self.single = path.is_file()
        self._folder = path.parent if self.single else path
        inside = [path] if self.single else path.iterdir() if path.is_dir() else []
        self.names = sorted(one.name for one in inside if one.is_file())

    @contextmanager
    def file(self, name: str) -> Iterator[Path]:
        yield self._folder / name


class _Store:
    """Files of an object store are downloaded one at a time and deleted after use."""

    def __init__(self, url: str) -> None:
        self._fs, root = open_filesystem(url)
        self._url = url
        with self._asking():
            self.single = self._fs.isfile(root)
            entries = [self._fs.info(root)] if self.single else self._fs.ls(root, detail=True)
        self._places = {e["name"].rsplit("/", 1)[-1]: e["name"] for e in entries if e["type"] == "file"}
        self.names = sorted(self._places)

    @contextmanager
    def file(self, name: str) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="leafinstruct-") as folder:
            with self._asking():
                self._fs.get_file(self._places[name], str(Path(folder) / name))
            yield Path(folder) / name

    @contextmanager
    def _asking(self) -> Iterator[None]:
        try:
            with asking(self._url):
                yield
        except FileNotFoundError:
            raise LeafError(f"{self._url}: not found") from None


class _DataSet:
    """Files are read through the Hub's cache, all at the commit that was the newest at the start."""

    single = False

    def __init__(self, repo_id: str) -> None:
        self._repo_id, self._api = repo_id, hub_api(None)
        try:
            check_reachable(repo_id)
            with hub_errors(repo_id, reading=True):
                info = self._api.dataset_info(repo_id)
        except LeafError as error:
            raise LeafError(f"{error}; no local folder has this name either") from None
        self._commit = info.sha
        self.names = sorted(one.rfilename for one in info.siblings or [] if "/" not in one.rfilename)

    @contextmanager
    def file(self, name: str) -> Iterator[Path]:
        with hub_errors(self._repo_id, reading=True):
            path = self._api.hf_hub_download(self._repo_id, name, repo_type="dataset", revision=self._commit)
        yield Path(path)
