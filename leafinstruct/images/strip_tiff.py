"""Removal of identifying metadata from TIFF 6.0 and BigTIFF files: only what shows the pages is kept."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from leafinstruct.images.container import Blanked, Malformed, Stripped

SHOWN = frozenset(
    {254, 255, 256, 257, 258, 259, 262, 263, 264, 265, 266, 273, 274, 277, 278, 279, 280, 281, 282, 283, 284, 290, 291}
    | {292, 293, 296, 297, 301, 317, 318, 319, 320, 321, 322, 323, 324, 325, 332, 334, 336, 338, 339, 340, 341, 342}
    | {347, 512, 513, 514, 515, 517, 518, 519, 520, 521, 529, 530, 531, 532, 559, 34675}
)
"""Tags that say how the pixels are stored and displayed (TIFF 6.0 and its supplements; 34675 is the color profile)."""
NAMES = {33723: "iptc", 34377: "iptc", 700: "xmp", 34853: "gps", 330: "thumbnail"}
COMPRESSION, JPEG_TABLES = 259, 347
JPEG = (6, 7)
"""Compressions whose strips and tiles are JPEG files of their own, with room for the metadata of those."""
SUBFILE, STRIPS, STRIP_BYTES, TILES, TILE_BYTES, OLD_JPEG, OLD_JPEG_BYTES = 254, 273, 279, 324, 325, 513, 514
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
WHOLE = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
MOST_PAGES, MOST_TAGS = 10_000, 4096
Places = Callable[[bytes], Iterable[tuple[int, int, str]]]
"""Where a JPEG file has metadata: start, end, and its name."""


class _Form(NamedTuple):
    """How numbers are written: byte order, and the formats of a count of tags and of an offset."""

    order: str
    tags: str
    offset: str

    @property
    def entry(self) -> int:
        return 4 + 2 * self.width

    @property
    def width(self) -> int:
        return struct.calcsize(self.offset)


class _Entry(NamedTuple):
    tag: int
    kind: int
    values: int
    raw: bytes
    value: int
    """Where its value begins."""

    @property
    def end(self) -> int:
        return self.value + SIZES.get(self.kind, 1) * self.values


def tiff(data: bytes, jpeg: Places) -> Stripped:
    """The file without all tags that are not needed to show its pages, without reduced pages (thumbnails), and with
    zeros where nothing refers to and, by `jpeg`, for metadata inside of JPEG strips. Raises Malformed."""
    order = {b"II": "<", b"MM": ">"}[data[:2]]
    big = struct.unpack_from(order + "H", data, 2)[0] == 43
    form = _Form(order, "Q" if big else "H", "Q" if big else "I")
    file, first = Blanked(data), 8 if big else 4
    needed = [(0, first + form.width)]
    link = first
    for place, entries in _pages(data, form, first):
        if link != first and _is_reduced(data, form, entries):
            file.removed.append("thumbnail")
            continue
        kept = [entry for entry in entries if entry.tag in SHOWN]
        file.removed += [NAMES.get(entry.tag, "exif") for entry in entries if entry.tag not in SHOWN]
        head = struct.pack(form.order + form.tags, len(kept))
        body = head + b"".join(entry.raw for entry in kept) + bytes(form.width)
        file.data[link : link + form.width] = struct.pack(form.order + form.offset, place)
        file.data[place : place + len(body)] = body
        link = place + len(body) - form.width
        needed += [(place, place + len(body)), *_values(data, form, kept)]
        for start, end in _jpegs(data, form, kept):
            for first_byte, after, name in jpeg(data[start:end]):
                file.clear(start + first_byte, start + after, name)
    file.keep_only(needed, "unused bytes")
    return file.result()


def _pages(data: bytes, form: _Form, at: int) -> Iterator[tuple[int, list[_Entry]]]:
    """Position and entries of each page."""
    seen: set[int] = set()
    while place := _number(data, form, form.offset, at):
        if place in seen or len(seen) > MOST_PAGES:
            raise Malformed
        seen.add(place)
        count, start = _number(data, form, form.tags, place), place + struct.calcsize(form.tags)
        if count > MOST_TAGS:
            raise Malformed
        entries = [_entry(data, form, start + form.entry * i) for i in range(count)]
        at = start + form.entry * count
        yield place, entries


def _number(data: bytes, form: _Form, kind: str, at: int) -> int:
    return int(struct.unpack_from(form.order + kind, data, at)[0])


def _entry(data: bytes, form: _Form, at: int) -> _Entry:
    tag, kind, count = struct.unpack_from(f"{form.order}HH{form.offset}", data, at)
    inside = at + 4 + form.width
    fits = SIZES.get(kind, 1) * count <= form.width
    where = inside if fits else _number(data, form, form.offset, inside)
    return _Entry(tag, kind, count, data[at : at + form.entry], where)


def _whole(data: bytes, form: _Form, entries: list[_Entry], tag: int) -> list[int]:
    """The whole numbers of a tag; an empty list without it."""
    for entry in entries:
        if entry.tag == tag:
            if entry.kind not in WHOLE or entry.end > len(data):
                raise Malformed
            return list(struct.unpack_from(f"{form.order}{entry.values}{WHOLE[entry.kind]}", data, entry.value))
    return []


def _is_reduced(data: bytes, form: _Form, entries: list[_Entry]) -> bool:
    return any(value & 1 for value in _whole(data, form, entries, SUBFILE))


def _values(data: bytes, form: _Form, entries: list[_Entry]) -> Iterator[tuple[int, int]]:
    """Where the values of the entries and the pixels that they name are."""
    yield from ((e.value, e.end) for e in entries if e.end - e.value > form.width)  # shorter ones are in the entry
    yield from _pixels(data, form, entries)
    for tag, size in ((519, 64), (520, 17 + 256), (521, 17 + 256)):  # old JPEG: tables without a length
        yield from ((place, min(place + size, len(data))) for place in _whole(data, form, entries, tag))


def _pixels(data: bytes, form: _Form, entries: list[_Entry]) -> Iterator[tuple[int, int]]:
    for starts, sizes in ((STRIPS, STRIP_BYTES), (TILES, TILE_BYTES), (OLD_JPEG, OLD_JPEG_BYTES)):
        places, lengths = _whole(data, form, entries, starts), _whole(data, form, entries, sizes)
        if len(places) != len(lengths):
            raise Malformed
        yield from ((place, place + length) for place, length in zip(places, lengths, strict=True))


def _jpegs(data: bytes, form: _Form, entries: list[_Entry]) -> Iterator[tuple[int, int]]:
    """Where JPEG files are inside of a page: its strips or tiles, and the tables that they share."""
    if not set(_whole(data, form, entries, COMPRESSION)) & set(JPEG):
        return
    tables = ((e.value, e.end) for e in entries if e.tag == JPEG_TABLES)
    for start, end in (*_pixels(data, form, entries), *tables):
        if data[start : start + 3] == b"\xff\xd8\xff":
            yield start, end
