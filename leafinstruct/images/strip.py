"""Lossless removal of identifying metadata from image files: EXIF except orientation, XMP, IPTC, comments, thumbnails.

Containers are rewritten without the blocks of metadata; compressed pixels and color profiles keep their exact bytes.
What affects how the image is displayed (orientation, ICC profile, animation) is kept.
"""

from __future__ import annotations

import io
import re
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

EXIF_ORIENTATION = 0x0112


@dataclass(frozen=True, slots=True)
class Stripped:
    """`data`: the bytes to publish (the same object, if nothing was removed). `removed`: names of the removed blocks.
    `left`: names of remaining metadata, which cannot be removed without re-encoding."""

    data: bytes
    removed: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


class _Malformed(ValueError):
    """The container cannot be parsed to its end."""


def sniff(data: bytes) -> str:
    """The container by its first bytes: jpeg, png, gif, webp, or "" for any other."""
    if data[:3] == b"\xff\xd8\xff":
        return "jpeg"
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return "png"
    if data[:6] in (b"GIF87a", b"GIF89a"):
        return "gif"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    return ""


def strip(data: bytes) -> Stripped:
    """Remove identifying metadata from an image file without changing its pixels; never raises.

    A file of another format, or one whose container is damaged, is returned unchanged; `left` then names its metadata
    ("unreadable" if it cannot be parsed).
    """
    walk = _WALKERS.get(sniff(data))
    if walk is None:
        return Stripped(data, left=_metadata_left(data))
    try:
        kept, removed = walk(data)
    except (_Malformed, struct.error, IndexError):
        return Stripped(data, left=("unreadable",))
    if not removed:
        return Stripped(data)
    return Stripped(kept, tuple(dict.fromkeys(removed)))


def _orientation(data: bytes) -> int:
    """Orientation (1 to 8) as displayed; 1 if the image cannot be read."""
    from PIL import Image

    from leafinstruct.images.pixels import orientation

    try:
        with Image.open(io.BytesIO(data)) as image:
            if image.format == "PNG":  # its metadata may come after the pixels
                image.load()
            return orientation(image)
    except Exception:  # Pillow raises many types on damaged files
        return 1


def _orientation_tiff(orientation: int) -> bytes:
    """A TIFF block whose only tag is the orientation: big-endian header, one directory with one SHORT."""
    return b"MM\x00\x2a\x00\x00\x00\x08" + struct.pack(">HHHIHHI", 1, EXIF_ORIENTATION, 3, 1, orientation, 0, 0)


def _only_orientation(tiff: bytes) -> bool:
    return len(tiff) == 26 and tiff == _orientation_tiff(int.from_bytes(tiff[18:20]))


# ---- JPEG: ITU T.81 annex B; APP markers as registered by JFIF, Exif, ICC and Adobe ----
_JPEG_MARKER = re.compile(rb"\xff+[^\x00\xff]")
_JPEG_SCAN_END = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")  # in this form `re` searches 20 times as fast
_JPEG_BARE = {0x01, *range(0xD0, 0xD8)}


def _jpeg(data: bytes) -> tuple[bytes, list[str]]:
    out, removed, at, orient, minimal = [data[:2]], [], 2, False, False
    while at < len(data):
        found = _JPEG_MARKER.match(data, at)
        if found is None:
            raise _Malformed
        marker, start, at = data[found.end() - 1], found.start(), found.end()
        if marker == 0xD9:
            out.append(data[start:at])
            break
        if marker in _JPEG_BARE:
            out.append(data[start:at])
            continue
        end = at + int.from_bytes(data[at : at + 2])
        if end > len(data) or end < at + 2:
            raise _Malformed
        payload = data[at + 2 : end]
        if marker == 0xDA:
            end = _scan_end(data, end)
        name = _jpeg_metadata(marker, payload)
        if name == "thumbnail" and payload[:5] == b"JFIF\x00":
            out.append(b"\xff\xe0\x00\x10" + payload[:12] + b"\x00\x00")
        elif name == "exif" and _only_orientation(payload[6:]):
            out.append(data[start:end])
            minimal, name = True, ""
        elif not name:
            out.append(data[start:end])
        if name:
            removed.append(name)
            orient |= name in ("exif", "xmp")
        at = end
    if at < len(data):
        removed.append("trailer")
    if orient and not minimal and (orientation := _orientation(data)) > 1:
        block = b"Exif\x00\x00" + _orientation_tiff(orientation)
        # Exif must come first, but if there is a JFIF header readers expect it first
        place = 2 if out[1][1:2] == b"\xe0" else 1
        out.insert(place, b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block)
    return b"".join(out), removed


def _scan_end(data: bytes, at: int) -> int:
    """The end of the entropy-coded bytes that start at `at`: the next marker that is neither stuffing nor a restart."""
    found = _JPEG_SCAN_END.search(data, at)
    return found.start() if found else len(data)


def _jpeg_metadata(marker: int, payload: bytes) -> str:
    """Name of the metadata in a segment, "" if the segment is needed to show the image."""
    if marker == 0xFE:
        return "comment"
    if not 0xE0 <= marker <= 0xEF:
        return ""
    if marker == 0xE0 and payload[:5] == b"JFIF\x00":
        return "thumbnail" if len(payload) > 14 else ""
    if marker == 0xE2 and payload[:12] == b"ICC_PROFILE\x00":
        return ""
    if marker == 0xEE and payload[:5] == b"Adobe":
        return ""  # states whether the colors are YCbCr, CMYK or RGB
    if marker == 0xE1:
        return "exif" if payload[:4] == b"Exif" else "xmp"
    return {0xE0: "thumbnail", 0xED: "iptc"}.get(marker, f"app{marker - 0xE0}")


# ---- PNG: chunks that change how the image is displayed (PNG third edition, 11.3); all others are removed ----
_PNG_SHOWN = set(
    b"IHDR PLTE IDAT IEND tRNS cHRM gAMA iCCP sBIT sRGB cICP mDCV cLLI bKGD hIST pHYs sPLT acTL fcTL fdAT".split()
)
_PNG_NAMES = {b"eXIf": "exif", b"iTXt": "text", b"tEXt": "text", b"zTXt": "text", b"tIME": "time"}


def _png(data: bytes) -> tuple[bytes, list[str]]:
    out, removed, at, orient, minimal, first_data = [data[:8]], [], 8, False, False, 0
    while True:
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data):
            raise _Malformed
        body = data[at + 8 : end - 4]
        if kind == b"IDAT" and not first_data:
            first_data = len(out)
        only_orientation = kind == b"eXIf" and _only_orientation(body)
        minimal |= only_orientation
        if kind in _PNG_SHOWN or only_orientation:
            out.append(data[at:end])
        else:
            removed.append(_PNG_NAMES.get(kind, kind.decode("latin-1")))
            # XMP is an iTXt; ImageMagick puts Exif into a text named "Raw profile type exif"
            orient |= kind in (b"eXIf", b"iTXt") or body[:16] == b"Raw profile type"
        at = end
        if kind == b"IEND":
            break
    if at < len(data):
        removed.append("trailer")
    if orient and not minimal and (orientation := _orientation(data)) > 1:
        block = b"eXIf" + _orientation_tiff(orientation)
        chunk = struct.pack(">I", len(block) - 4) + block + struct.pack(">I", zlib.crc32(block))
        out.insert(first_data, chunk)
    return b"".join(out), removed


# ---- WebP: RIFF container (RFC 9649); bits 3 and 2 of VP8X announce EXIF and XMP ----
_WEBP_SHOWN = {b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"ICCP"}


def _webp(data: bytes) -> tuple[bytes, list[str]]:
    chunks, removed, at, orient = [], [], 12, False
    limit = 8 + int.from_bytes(data[4:8], "little")
    if limit > len(data):
        raise _Malformed
    while at + 8 <= limit:
        kind, length = struct.unpack_from("<4sI", data, at)
        end = at + 8 + length
        if end > limit:
            raise _Malformed
        body = data[at + 8 : end]
        if kind in _WEBP_SHOWN or (kind == b"EXIF" and _only_orientation(body)):
            chunks.append((kind, body))
        else:
            removed.append({b"EXIF": "exif", b"XMP ": "xmp"}.get(kind, kind.decode("latin-1").strip()))
            orient |= kind in (b"EXIF", b"XMP ")
        at = end + length % 2
    if limit + limit % 2 < len(data):
        removed.append("trailer")
    has_exif = any(kind == b"EXIF" for kind, _ in chunks)
    if orient and not has_exif and (orientation := _orientation(data)) > 1:
        chunks.append((b"EXIF", _orientation_tiff(orientation)))
        has_exif = True
    out = []
    for kind, body in chunks:
        if kind == b"VP8X":
            body = bytes([(body[0] & ~0x0C) | (0x08 if has_exif else 0)]) + body[1:]
        out.append(struct.pack("<4sI", kind, len(body)) + body + b"\x00" * (len(body) % 2))
    packed = b"".join(out)
    return b"RIFF" + struct.pack("<I", len(packed) + 4) + b"WEBP" + packed, removed


# ---- GIF: GIF89a, sections 23 to 26; loops and color profiles are application blocks that are kept ----
_GIF_SHOWN = (b"NETSCAPE2.0", b"ANIMEXTS1.0", b"ICCRGBG1012")


def _gif(data: bytes) -> tuple[bytes, list[str]]:
    at = 13 + _color_table(data[10])
    out, removed = [data[:at]], []
    while at < len(data) and data[at] != 0x3B:
        start, name = at, ""
        if data[at] == 0x2C:
            at = _sub_blocks_end(data, at + 11 + _color_table(data[at + 9]))
        elif data[at] == 0x21:
            label = data[at + 1]
            if label == 0xFE:
                name = "comment"
            elif label == 0xFF and data[at + 3 : at + 14] not in _GIF_SHOWN:
                name = "xmp" if data[at + 3 : at + 14] == b"XMP DataXMP" else "application"
            at = _sub_blocks_end(data, at + 2)
        else:
            raise _Malformed
        if name:
            removed.append(name)
        else:
            out.append(data[start:at])
    if at + 1 < len(data):
        removed.append("trailer")
    return b"".join([*out, data[at : at + 1]]), removed


def _color_table(flags: int) -> int:
    """Size in bytes of the color table that a flags byte declares."""
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def _sub_blocks_end(data: bytes, at: int) -> int:
    while data[at]:
        at += 1 + data[at]
    return at + 1


_WALKERS: dict[str, Callable[[bytes], tuple[bytes, list[str]]]] = {
    "jpeg": _jpeg,
    "png": _png,
    "webp": _webp,
    "gif": _gif,
}

# TIFF tags that record who, where, when or with what; EXIF in AVIF, HEIF and JPEG XL has the same tags
_IDENTIFYING_TAGS = {
    **dict.fromkeys((270, 271, 272, 305, 306, 315, 316, 33432, 34665), "exif"),
    **{700: "xmp", 33723: "iptc", 34377: "iptc", 34853: "gps"},
}


def _metadata_left(data: bytes) -> tuple[str, ...]:
    """Names of the identifying metadata in a file of a format that is not rewritten."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data)) as image:
            names = {_IDENTIFYING_TAGS[tag] for tag in image.getexif() if tag in _IDENTIFYING_TAGS}
            names |= {"xmp"} if image.info.get("xmp") else set()
            names |= {"comment"} if image.info.get("comment") else set()
    except Exception:  # Pillow raises many types on damaged files
        return ("unreadable",)
    return tuple(sorted(names))
