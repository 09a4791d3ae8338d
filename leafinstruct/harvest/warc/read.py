"""Bodies of WARC records at known offsets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from fastwarc.warc import WarcRecord

from leafinstruct.harvest.warc.archive import archive
from leafinstruct.harvest.warc.encodings import MAX_BODY, body_of
from leafinstruct.harvest.warc.kinds import charset_of, content_types


@dataclass(frozen=True, slots=True)
class Body:
    data: bytes
    charset: str | None


def read_bodies(file: str, offsets: Iterable[int]) -> Iterator[tuple[int, Body | None]]:
    """The body of each record, in order of offset; None for one that can no longer be read."""
    for place, read in records(file, offsets):
        yield place, read()


def records(file: str, offsets: Iterable[int]) -> Iterator[tuple[int, Callable[[], Body | None]]]:
    """Each record with what reads its body (None if it can no longer be read), to be called before the next one."""
    places = sorted(set(offsets))
    numbers = {-place - 1: place for place in places if place < 0}
    if numbers:
        yield from _by_number(file, numbers)
    for place in places:
        if place >= 0:
            yield place, partial(_at, file, place)


def _by_number(file: str, numbers: dict[int, int]) -> Iterator[tuple[int, Callable[[], Body | None]]]:
    left = dict(numbers)
    try:
        with open(file, "rb") as stream:  # noqa: PTH123 - a path of the index
            for number, record in enumerate(archive(stream)):
                if number in left:
                    yield left.pop(number), partial(_body_or_none, record)
                if not left:
                    break
    except (OSError, ValueError):
        pass
    yield from ((place, _nothing) for place in left.values())


def _nothing() -> None:
    return None


def _at(file: str, place: int) -> Body | None:
    try:
        with open(file, "rb") as stream:  # noqa: PTH123 - a path of the index
            stream.seek(place)
            record = next(iter(archive(stream)), None)
            return _body(record) if record is not None else None
    except (OSError, ValueError):
        return None


def _body_or_none(record: WarcRecord) -> Body | None:
    try:
        return _body(record)
    except (OSError, ValueError):
        return None


def _body(record: WarcRecord) -> Body:
    return Body(body_of(record, record.reader.read(MAX_BODY)), charset_of(content_types(record)))
