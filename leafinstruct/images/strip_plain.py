"""Removal of identifying metadata from BMP, ICO and portable anymaps (PPM and its kin)."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable

from leafinstruct.images.container import Blanked, Malformed, Stripped


def bmp(data: bytes) -> Stripped:
    """The file without what is neither header, palette nor pixels, such as a linked profile or trailing bytes. Raises
    Malformed."""
    file = Blanked(data)
    start, header = struct.unpack_from("<II", data, 10)
    end = start + _bmp_pixels(data, header)
    if header >= 124:  # version 5 may name a profile, by a path in a file system even
        file.put(14 + 112, bytes(8), "profile")
        if data[14 + 56 : 14 + 60] in (b"KNIL", b"DEBM"):
            file.put(14 + 56, b"BGRs", "profile")
    file.put(6, bytes(4), "reserved bytes")
    file.keep_only([(0, min(start, 14 + header + _bmp_palette(data, header))), (start, end)], "unused bytes")
    return file.result()


def _bmp_pixels(data: bytes, header: int) -> int:
    """Bytes of the pixels."""
    if header == 12:
        width, height, bits = *struct.unpack_from("<HH", data, 18), struct.unpack_from("<H", data, 24)[0]
        return ((width * bits + 31) // 32) * 4 * height
    if header < 40:
        raise Malformed
    width, height, _, bits, compression, size = struct.unpack_from("<iiHHII", data, 18)
    if compression not in (0, 3, 6):
        return int(size)
    return ((abs(width) * bits + 31) // 32) * 4 * abs(height)


def _bmp_palette(data: bytes, header: int) -> int:
    """Bytes of masks and palette, which follow the header."""
    if header == 12:
        bits = struct.unpack_from("<H", data, 24)[0]
        return 3 << bits if bits <= 8 else 0
    bits, compression = struct.unpack_from("<HI", data, 28)
    colors = struct.unpack_from("<I", data, 46)[0]
    masks = (12 if compression == 3 else 16 if compression == 6 else 0) if header == 40 else 0
    return masks + 4 * (colors or (1 << bits if bits <= 8 else 0))


def ico(data: bytes, png: Callable[[bytes], tuple[bytes, list[str]]]) -> Stripped:
    """The icons one after the other, those that are PNG files stripped by `png`. Raises Malformed."""
    _, kind, count = struct.unpack_from("<HHH", data)
    places = [struct.unpack_from("<II", data, 6 + 16 * i + 8) for i in range(count)]
    if kind not in (1, 2) or not count or any(at + size > len(data) for size, at in places):
        raise Malformed
    removed: list[str] = []
    icons = []
    for size, at in places:
        icon = data[at : at + size]
        if icon[:4] == b"\x89PNG":
            icon, gone = png(icon)
            removed += gone
        icons.append(icon)
    used = {(at, at + size) for size, at in places} | {(0, 6 + 16 * count)}
    unused = Blanked(data)
    unused.keep_only(used, "unused bytes")
    removed += unused.removed
    if not removed:
        return Stripped(data)
    start, entries = 6 + 16 * count, []
    for i, icon in enumerate(icons):
        entries.append(data[6 + 16 * i : 6 + 16 * i + 8] + struct.pack("<II", len(icon), start))
        start += len(icon)
    return Stripped(b"".join([data[:6], *entries, *icons]), tuple(dict.fromkeys(removed)))


WORDS = {b"P1": 2, b"P2": 3, b"P3": 3, b"P4": 2, b"P5": 3, b"P6": 3, b"Pf": 3}
"""Kinds of anymaps with the number of words of their header after the first."""
BANDS = {b"P3": 3, b"P6": 3}
SPACE = re.compile(rb"(?:[ \t\r\n\v\f]|#[^\r\n]*[\r\n])+")
COMMENT = re.compile(rb"#[^\r\n]*")


def anymap(data: bytes) -> Stripped:
    """The file without comments and without what follows its pixels. Raises Malformed."""
    kind = data[:2]
    if kind not in WORDS:
        raise Malformed
    words, at = [], 2
    for _ in range(WORDS[kind]):
        space = SPACE.match(data, at)
        word = re.compile(rb"[^ \t\r\n\v\f#]+").match(data, space.end()) if space else None
        if space is None or word is None:
            raise Malformed
        words.append(word[0])
        at = word.end()
    removed = ["comment"] if b"#" in data[:at] else []
    if kind in (b"P1", b"P2", b"P3"):
        pixels = data[at:]
        if b"#" in pixels:
            pixels = COMMENT.sub(b"", pixels)
            removed.append("comment")
        if stray := re.search(rb"[^0-9 \t\r\n\v\f]", pixels):
            pixels = pixels[: stray.start()]
            removed.append("trailer")
        body = pixels
    else:
        comment = COMMENT.match(data, at)  # right behind the last word
        at = comment.end() if comment else at
        removed += ["comment"] if comment else []
        body = data[at : at + 1 + _anymap_bytes(kind, words)]
        if at + len(body) < len(data):
            removed.append("trailer")
    if not removed:
        return Stripped(data)
    head = b"\n".join([kind, b" ".join(words[:2]), *words[2:]])
    return Stripped(head + body, tuple(dict.fromkeys(removed)))


def _anymap_bytes(kind: bytes, words: list[bytes]) -> int:
    try:
        width, height = int(words[0]), int(words[1])
        most = int(words[2]) if kind in (b"P5", b"P6") else 255
    except ValueError:
        raise Malformed from None
    if kind == b"P4":
        return (width + 7) // 8 * height
    return width * height * (4 if kind == b"Pf" else BANDS.get(kind, 1) * (2 if most > 255 else 1))
