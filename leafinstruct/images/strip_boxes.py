"""Removal of identifying metadata from files made of boxes: AVIF (ISO/IEC 14496-12 and 23008-12) and JPEG 2000.

Boxes that are not known to show the image become free space, filled with zeros; so does media data that nothing refers
to. Items of metadata keep their place and become empty.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from leafinstruct.images.container import Blanked, Malformed, Stripped

EMPTY_EXIF = bytes(4) + b"II\x2a\x00\x08\x00\x00\x00" + bytes(6)
"""An EXIF item without tags: decoders refuse a file whose EXIF has no header."""
PIXEL_ITEMS = {b"av01", b"grid", b"iden", b"iovl", b"tmap", b"hvc1"}
PLAIN_NAMES = {b"", b"Color", b"Alpha", b"Exif", b"XMP", b"GMap", b"Mask"}
INNER = {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"dinf", b"edts", b"iprp", b"ipco", b"mvex", b"moof", b"traf"}
FREE = b"free"
AVIF_BOXES = {
    *(b"ftyp", b"meta", b"mdat", FREE, b"skip", b"hdlr", b"pitm", b"iloc", b"iinf", b"iref", b"idat", b"grpl", b"ipma"),
    *(b"ispe", b"pixi", b"av1C", b"irot", b"imir", b"clap", b"pasp", b"colr", b"auxC", b"clli", b"mdcv", b"cclv"),
    *(b"amve", b"a1op", b"lsel", b"a1lx", b"hvcC", b"rloc", b"styp", b"sidx", b"mvhd", b"tkhd", b"mdhd", b"vmhd"),
    *(b"nmhd", b"elst", b"tref", b"dref", b"stsd", b"stts", b"ctts", b"stsc", b"stsz", b"stz2", b"stco", b"co64"),
    *(b"stss", b"sbgp", b"sgpd", b"sdtp", b"mehd", b"trex", b"mfhd", b"tfhd", b"trun", b"tfdt", *INNER),
}
JP2_BOXES = {b"jP  ", b"ftyp", b"jp2h", b"jp2c", b"ihdr", b"bpcc", b"colr", b"pclr", b"cmap", b"cdef", b"res ", FREE}
JP2_BOXES |= {b"resc", b"resd", b"rreq"}
TOOLS = (b"Created by OpenJPEG", b"Kakadu-")
"""Comments that encoders write of themselves."""
NAMED = {
    b"xml ": "xml",
    b"uuid": "uuid",
    b"udes": "description",
    b"udta": "description",
    b"Exif": "exif",
    b"mime": "xmp",
}


@dataclass(frozen=True, slots=True)
class _Box:
    kind: bytes
    start: int
    body: int
    end: int


def _boxes(data: bytes | bytearray, start: int, end: int) -> Iterator[_Box]:
    """The boxes between two positions. Raises Malformed for one that ends beyond; trailing bytes too short for a box
    are not given."""
    while start + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, start)
        body = start + 8
        if size == 1:
            size, body = struct.unpack_from(">Q", data, body)[0], body + 8
        size = size or end - start  # 0: to the end
        if start + size < body or start + size > end:
            raise Malformed
        yield _Box(kind, start, body, start + size)
        start += size


def _named(kind: bytes) -> str:
    return NAMED.get(kind, kind.decode("latin-1").strip())


def _to_free(file: Blanked, box: _Box) -> None:
    if box.kind != FREE:
        file.put(box.start + 4, FREE, _named(box.kind))
    file.clear(box.body, box.end, _named(box.kind))


# ---- AVIF ----


@dataclass
class _Items:
    """What is learned of the items of a file: kinds by id, extents (start, end) by id, and whether tracks refer to
    media data too."""

    kinds: dict[int, bytes] = field(default_factory=dict)
    extents: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    idat: int = -1
    tracks: bool = False
    media: list[_Box] = field(default_factory=list)


def avif(data: bytes) -> Stripped:
    """The file without EXIF, XMP, descriptions and unknown boxes. Raises Malformed."""
    file, items = Blanked(data), _Items()
    end = 0
    for box in _boxes(data, 0, _boxes_end(data)):
        _avif_box(file, box, items)
        end = box.end
    if end < len(data):
        del file.data[end:]
        file.removed.append("trailer")
    for item, kind in items.kinds.items():
        if kind not in PIXEL_ITEMS:
            for place, stop in items.extents.get(item, []):
                _empty_item(file, kind, place, stop)
    if not items.tracks:
        used = sorted(extent for extents in items.extents.values() for extent in extents)
        for box in items.media:
            _clear_between(file, box, used)
    return file.result()


def _boxes_end(data: bytes) -> int:
    """Where the last whole box ends: what follows it is no part of the file."""
    at = 0
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        if size == 1:
            size = struct.unpack_from(">Q", data, at + 8)[0]
        if size == 0:
            return len(data)
        if size < 8 or at + size > len(data) or not re.fullmatch(rb"[\x20-\x7e]{4}", kind):
            break
        at += size
    return at


def _avif_box(file: Blanked, box: _Box, items: _Items) -> None:
    if box.kind not in AVIF_BOXES or box.kind in (FREE, b"skip"):
        _to_free(file, box)
        return
    items.tracks |= box.kind in (b"moov", b"moof")
    if box.kind == b"mdat":
        items.media.append(box)
    elif box.kind == b"hdlr":
        file.clear(box.body + 24, box.end, "name")
    elif box.kind == b"iloc":
        items.extents |= _extents(file.before, box)
    elif box.kind == b"iinf":
        _item_infos(file, box, items)
    if box.kind in INNER or box.kind == b"meta":
        inner = list(_boxes(file.before, box.body + 4 * (box.kind == b"meta"), box.end))
        for one in inner:
            _avif_box(file, one, items)
        idat = next((one.body for one in inner if one.kind == b"idat"), -1)
        if box.kind == b"meta" and items.extents:
            items.extents = {k: [_placed(e, idat) for e in v] for k, v in items.extents.items()}


IN_IDAT = 1 << 62
"""Added to positions that count from the box `idat`, which may come later."""


def _placed(extent: tuple[int, int], idat: int) -> tuple[int, int]:
    start, end = extent
    if start < IN_IDAT:
        return extent
    if idat < 0:
        raise Malformed
    return start - IN_IDAT + idat, end - IN_IDAT + idat


def _extents(data: bytes, box: _Box) -> dict[int, list[tuple[int, int]]]:
    """Where the bytes of each item are. Raises Malformed for items made of other items."""
    version, at = data[box.body], box.body + 4
    sizes = struct.unpack_from(">H", data, at)[0]
    wide = [sizes >> shift & 15 for shift in (12, 8, 4, 0)]
    offset_size, length_size, base_size, index_size = wide[0], wide[1], wide[2], wide[3] if version else 0
    at += 2
    id_size = 4 if version == 2 else 2

    def take(size: int) -> int:
        nonlocal at
        if at + size > box.end:
            raise Malformed
        at += size
        return int.from_bytes(data[at - size : at])

    found: dict[int, list[tuple[int, int]]] = {}
    for _ in range(take(id_size)):
        item = take(id_size)
        method = take(2) & 15 if version else 0
        if method > 1:
            raise Malformed
        take(2)
        base = take(base_size) + (IN_IDAT if method else 0)
        extents = found.setdefault(item, [])
        for _ in range(take(2)):
            take(index_size)
            start = base + take(offset_size)
            length = take(length_size)
            extents.append((start, start + length))
    return found


def _item_infos(file: Blanked, box: _Box, items: _Items) -> None:
    data, version = file.before, file.before[box.body]
    for one in _boxes(data, box.body + 4 + (4 if version else 2), box.end):
        if one.kind != b"infe" or data[one.body] < 2:
            raise Malformed
        id_size = 2 if data[one.body] == 2 else 4
        at = one.body + 4
        item, kind = int.from_bytes(data[at : at + id_size]), data[at + id_size + 2 : at + id_size + 6]
        items.kinds[item] = kind
        name = at + id_size + 6
        stop = data.find(b"\0", name, one.end)
        if stop >= 0 and data[name:stop] not in PLAIN_NAMES:
            file.clear(name, stop, "name", b" ")


def _empty_item(file: Blanked, kind: bytes, start: int, end: int) -> None:
    if kind == b"Exif":
        if end - start < len(EMPTY_EXIF):
            raise Malformed
        file.put(start, EMPTY_EXIF, "exif")
        file.clear(start + len(EMPTY_EXIF), end, "exif")
    else:
        file.clear(start, end, _named(kind), b" " if kind == b"mime" else b"\0")


def _clear_between(file: Blanked, box: _Box, used: list[tuple[int, int]]) -> None:
    at = box.body
    for start, end in used:
        if end > at and start < box.end:
            file.clear(at, max(at, start), "unused bytes")
            at = max(at, end)
    file.clear(at, max(at, box.end), "unused bytes")


# ---- JPEG 2000: ITU-T T.800 annexes A (codestream) and I (file) ----


def jpeg2000(data: bytes) -> Stripped:
    """The file without XML, UUID and unknown boxes and without comments. Raises Malformed."""
    file = Blanked(data)
    if data[:4] == b"\xff\x4f\xff\x51":
        _codestream(file, 0, len(data))
        return file.result()
    end = _boxes_end(data)
    for box in _boxes(data, 0, end):
        _jp2_box(file, box)
    if end < len(data):
        del file.data[end:]
        file.removed.append("trailer")
    return file.result()


def _jp2_box(file: Blanked, box: _Box) -> None:
    if box.kind not in JP2_BOXES or box.kind == FREE:
        _to_free(file, box)
    elif box.kind in (b"jp2h", b"res "):
        for one in _boxes(file.before, box.body, box.end):
            _jp2_box(file, one)
    elif box.kind == b"jp2c":
        _codestream(file, box.body, box.end)


def _codestream(file: Blanked, at: int, end: int) -> None:
    """Clear comments in the headers, and what follows the end of the codestream."""
    data, tile, tile_end = file.before, 0, 0
    at += 2
    while at + 2 <= end:
        marker = int.from_bytes(data[at : at + 2])
        if marker == 0xFFD9:
            file.clear(at + 2, end, "trailer")
            return
        if marker == 0xFF93:  # the bit stream of a tile part, to the end that its header states
            if tile_end <= at:
                raise Malformed
            at = tile_end
            continue
        length = int.from_bytes(data[at + 2 : at + 4])
        if marker < 0xFF00 or length < 2 or at + 2 + length > end:
            raise Malformed
        if marker == 0xFF90:
            tile, size = at, int.from_bytes(data[at + 6 : at + 10])
            tile_end = tile + size if size else end - 2
        elif marker == 0xFF64 and not data[at + 6 : at + 2 + length].startswith(TOOLS):
            file.clear(at + 4, at + 2 + length, "comment")
        at += 2 + length
