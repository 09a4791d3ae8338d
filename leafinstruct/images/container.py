"""What the removal of metadata has in common for all formats: its result, and files whose parts are blanked in place.

In formats whose parts name each other by their position, nothing is cut out: bytes that the shown image does not need
become zero, and what follows the last needed byte is cut off.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass

EXIF_ORIENTATION = 0x0112


@dataclass(frozen=True, slots=True)
class Stripped:
    """`data`: the bytes to publish (the same object, if nothing was removed). `removed`: names of the removed blocks.
    `left`: names of remaining metadata, which cannot be removed without re-encoding."""

    data: bytes
    removed: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


class Malformed(ValueError):
    """The container cannot be parsed to its end."""


def orientation_tiff(orientation: int) -> bytes:
    """A TIFF block whose only tag is the orientation: big-endian header, one directory with one SHORT."""
    return b"MM\x00\x2a\x00\x00\x00\x08" + struct.pack(">HHHIHHI", 1, EXIF_ORIENTATION, 3, 1, orientation, 0, 0)


def only_orientation(tiff: bytes) -> bool:
    return len(tiff) == 26 and tiff == orientation_tiff(int.from_bytes(tiff[18:20]))


class Blanked:
    """A file in which parts are overwritten. `removed` names those that changed."""

    def __init__(self, data: bytes) -> None:
        self.before = data
        self.data = bytearray(data)
        self.removed: list[str] = []

    def put(self, start: int, value: bytes, name: str) -> None:
        """Overwrite bytes. Raises Malformed beyond the end."""
        if start < 0 or start + len(value) > len(self.data):
            raise Malformed
        if self.data[start : start + len(value)] != value:
            self.data[start : start + len(value)] = value
            self.removed.append(name)

    def clear(self, start: int, end: int, name: str, filler: bytes = b"\0") -> None:
        self.put(start, filler * max(0, end - start), name)

    def keep_only(self, needed: Iterable[tuple[int, int]], name: str) -> None:
        """Clear what is in none of the ranges (start, end); cut what follows the last, unless it is zeros. Raises
        Malformed for a range that ends beyond the file."""
        at = 0
        for start, end in sorted(needed):
            if start > at:
                self.clear(at, start, name)
            at = max(at, end)
        if at > len(self.data):
            raise Malformed
        if any(self.data[at:]):
            del self.data[at:]
            self.removed.append("trailer")

    def result(self) -> Stripped:
        if not self.removed:
            return Stripped(self.before)
        return Stripped(bytes(self.data), tuple(dict.fromkeys(self.removed)))
