"""The cache of fetched images: one outcome per URL, and images by the SHA-256 of their bytes.

Outcomes are committed one by one, so a killed harvest requests nothing twice. Images are appended to large pack files:
one file per image took longer than the rest of a request. All runs of a user share the cache.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from leafinstruct.document import Image
from leafinstruct.errors import LeafError
from leafinstruct.harvest.fetch.addresses import plain_address
from leafinstruct.images.header import read_image

TRANSIENT = ("timeout", "unreachable", "no_such_host", "cut_short", "robots_unreadable", "status_408", "status_429")
AGAIN = 24 * 3600.0
"""Seconds before a transient failure is tried again; RFC 9309 lets robots.txt be cached as long."""
TABLES = """
CREATE TABLE IF NOT EXISTS outcomes(
  url TEXT PRIMARY KEY, reason TEXT NOT NULL, sha256 TEXT NOT NULL, final TEXT NOT NULL, tries INTEGER NOT NULL,
  at REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS images(
  sha256 TEXT PRIMARY KEY, pack TEXT NOT NULL, start INTEGER NOT NULL, size INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS robots(
  origin TEXT PRIMARY KEY, verdict TEXT NOT NULL, body TEXT NOT NULL, at REAL NOT NULL) WITHOUT ROWID;
"""
PACK = 2**30
"""Bytes after which a new pack is started."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of one URL: the image's sha256, or the reason why there is none; where redirects ended; the number of
    tries."""

    reason: str = ""
    sha256: str = ""
    final: str = ""
    tries: int = 1

    @property
    def transient(self) -> bool:
        return self.reason in TRANSIENT or self.reason.startswith("status_5")


class Cache:
    """A folder of image packs, with tables of their contents and of outcomes. Several processes may read and write it;
    each writes its own packs. Raises LeafError where the disk is full or a table is damaged."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.place = folder / "outcomes.sqlite"
        with self._errors():
            self.db = sqlite3.connect(self.place, isolation_level=None, timeout=60)
            self.db.execute("PRAGMA journal_mode=WAL")
            self.db.execute(
                "PRAGMA synchronous=NORMAL"
            )  # a killed process loses nothing; a power cut, the last outcomes at most
            self.db.executescript(TABLES)
        self.pack = ""
        self.file = -1
        self.end = 0

    @staticmethod
    def default() -> Cache:
        """`$LEAFINSTRUCT_FETCHED`, or ~/.cache/leafinstruct/fetched."""
        given = os.environ.get("LEAFINSTRUCT_FETCHED")
        return _opened(Path(given) if given else Path.home() / ".cache" / "leafinstruct" / "fetched", os.getpid())

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """A full disk and a damaged file are no fact about an image: they become a LeafError that names the file."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            said = f"the cache of fetched images fails ({error})"
            advice = "free its disk, or delete it and images are fetched again"
            raise LeafError(f"{self.place}: {said}: {advice}") from error

    def _rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with self._errors():
            return self.db.execute(sql, values).fetchall()

    def _row(self, sql: str, *values: Any) -> tuple[Any, ...] | None:
        return next(iter(self._rows(sql, *values)), None)

    def outcome(self, url: str) -> Outcome | None:
        """The stored outcome of a URL; None if it must be requested (again)."""
        row = self._row("SELECT reason, sha256, final, tries, at FROM outcomes WHERE url = ?", url)
        if row is None:
            return None
        found = Outcome(*row[:4])
        return None if found.transient and time.time() - row[4] > AGAIN else found

    def put(self, url: str, outcome: Outcome) -> None:
        """Store an outcome. The bytes of its image must be stored before."""
        values = (url, outcome.reason, outcome.sha256, outcome.final, outcome.tries, time.time())
        self._rows("INSERT OR REPLACE INTO outcomes VALUES (?, ?, ?, ?, ?, ?)", *values)

    def first_image(self, urls: Sequence[str]) -> Image | str:
        """The image of the first URL that has one, or why the last one that was requested has none."""
        reason = "not_fetched"
        for url in urls:
            found = self.image(url)
            if isinstance(found, Image):
                return found
            reason = found if found != "not_fetched" else reason
        return reason

    def image(self, url: str) -> Image | str:
        """The image of a URL, or why there is none; not_fetched for a URL that was never requested."""
        plain, reason = plain_address(url)
        if reason:
            return reason
        row = self._row("SELECT reason, sha256 FROM outcomes WHERE url = ?", plain)
        if row is None:
            return "not_fetched"
        if row[0]:
            return str(row[0])
        data = self._read(row[1])
        if hashlib.sha256(data).hexdigest() != row[1]:  # deleted, or cut short by a power failure
            self._rows("DELETE FROM outcomes WHERE url = ?", plain)
            self._rows("DELETE FROM images WHERE sha256 = ?", row[1])
            return "not_fetched"
        return read_image(data, url)

    def _read(self, sha256: str) -> bytes:
        place = self._row("SELECT pack, start, size FROM images WHERE sha256 = ?", sha256)
        if place is None:
            return b""
        try:
            with (self.folder / "packs" / place[0]).open("rb") as pack:
                pack.seek(place[1])
                return pack.read(place[2])
        except OSError:
            return b""

    def robots(self, origin: str) -> tuple[str, str] | None:
        """(verdict, text) of a host's robots.txt if it was read less than a day ago."""
        row = self._row("SELECT verdict, body, at FROM robots WHERE origin = ?", origin)
        return (row[0], row[1]) if row is not None and time.time() - row[2] < AGAIN else None

    def put_robots(self, origin: str, verdict: str, body: str) -> None:
        self._rows("INSERT OR REPLACE INTO robots VALUES (?, ?, ?, ?)", origin, verdict, body, time.time())

    def close(self) -> None:
        self._end_pack()
        self.db.close()

    def keep(self, sha256: str, data: bytes) -> None:
        """Append the bytes of an image to this process's pack; they count once they are written in full."""
        if self._row("SELECT 1 FROM images WHERE sha256 = ?", sha256) is not None:
            return
        with self._errors():
            if self.file < 0 or self.end > PACK:
                self._begin_pack()
            start, self.end = self.end, self.end + len(data)
            rest = memoryview(data)
            try:
                while rest:
                    rest = rest[os.write(self.file, rest) :]
            except OSError:
                self._end_pack()  # what follows half an image would be in another place than noted
                raise
        self._rows("INSERT OR REPLACE INTO images VALUES (?, ?, ?, ?)", sha256, self.pack, start, len(data))

    def _begin_pack(self) -> None:
        self._end_pack()
        self.pack, self.end = f"{uuid.uuid4().hex}.pack", 0
        place = self.folder / "packs" / self.pack
        place.parent.mkdir(exist_ok=True)
        self.file = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)

    def _end_pack(self) -> None:
        if self.file >= 0:
            os.close(self.file)
            self.file = -1


@lru_cache(maxsize=4)
def _opened(folder: Path, process: int) -> Cache:
    """One connection per folder and process: SQLite connections do not survive a fork."""
    return Cache(folder)
