"""Opens image files with Pillow, also those PNG files that it refuses for a chunk which no pixel depends on."""

from __future__ import annotations

import io
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import PIL.Image

PNG = b"\x89PNG\r\n\x1a\n"
COMPRESSED = {b"zTXt": 2, b"iCCP": 2, b"iTXt": 3}
"""Chunks with compressed text or a profile, and the bytes between their name and what is compressed, at least."""
TEXTS = frozenset((b"tEXt", b"zTXt", b"iTXt"))
MOST_UNPACKED = 2**20
"""Bytes; Pillow refuses a file with a longer text or profile."""
MOST_TEXTS = 40
"""Chunks of text; Pillow refuses a file with more than 64 MB of it."""
OF_PIXELS = frozenset((b"tRNS", b"acTL", b"fcTL", b"fdAT"))
"""Chunks of lower-case kinds, which decoders may leave out, that change what is shown."""


def opened(data: bytes, formats: tuple[str, ...] | None = None) -> PIL.Image.Image:
    """An image file as Pillow opens it. Raises what Pillow raises on damaged files, which is anything."""
    import PIL.Image

    return PIL.Image.open(io.BytesIO(without_refused(data)), formats=formats)


def without_refused(data: bytes) -> bytes:
    """A PNG file without the chunks for which Pillow refuses it (browsers show it): texts and color profiles that are
    large once decompressed, and damaged ones. Other files are returned unchanged."""
    if data[:8] != PNG:
        return data
    kept, at, begin, texts = list[bytes](), 8, 0, 0
    while at + 12 <= len(data):
        length, kind = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8]
        end = at + 12 + length
        if kind[:1].islower() and kind not in OF_PIXELS and end <= len(data):
            texts += kind in TEXTS
            if (kind in TEXTS and texts > MOST_TEXTS) or is_refused(data[at:end]):
                kept.append(data[begin:at])
                begin = end
        at = end
    return b"".join((*kept, data[begin:])) if begin else data


def is_refused(chunk: bytes) -> bool:
    """Whether Pillow would refuse a file for a chunk that no pixel depends on: its checksum is wrong, or it is too
    large once decompressed."""
    kind, body = chunk[4:8], chunk[8:-4]
    if kind in OF_PIXELS or not kind[:1].islower():
        return False
    if zlib.crc32(chunk[4:-4]) != int.from_bytes(chunk[-4:]):
        return True
    if kind not in COMPRESSED:
        return False
    start = body.find(b"\0") + COMPRESSED[kind]
    if kind == b"iTXt":  # two more texts, each with a zero at its end, before what may be compressed
        if body[start - 2 : start - 1] != b"\1":
            return False
        start = body.find(b"\0", body.find(b"\0", start) + 1) + 1
    unpacked = zlib.decompressobj()
    try:
        unpacked.decompress(body[start:], MOST_UNPACKED)
    except zlib.error:
        return False  # Pillow leaves it out
    return bool(unpacked.unconsumed_tail)
