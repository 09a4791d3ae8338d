"""Lossless removal of identifying metadata from image files: EXIF except orientation, XMP, IPTC, comments, thumbnails.

Containers are rewritten without the blocks of metadata; compressed pixels and color profiles keep their exact bytes.
What affects how the image is displayed (orientation, ICC profile, animation) is kept.
"""

from __future__ import annotations

import hashlib
import io
import re
import struct
import warnings
import zlib
from collections.abc import Callable, Iterator

from leafinstruct.images.container import Malformed, Stripped, only_orientation, orientation_tiff
from leafinstruct.images.opening import is_refused, opened
from leafinstruct.images.strip_boxes import avif, jpeg2000
from leafinstruct.images.strip_plain import WORDS, anymap, bmp, ico
from leafinstruct.images.strip_tiff import tiff

TIFFS = (b"II\x2a\x00", b"MM\x00\x2a", b"II\x2b\x00", b"MM\x00\x2b")


def sniff(data: bytes) -> str:
    """The container by its first bytes, as Pillow names the format; "" for any other."""
    if data[:3] == b"\xff\xd8\xff":
        return "jpeg"
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return "png"
    if data[:6] in (b"GIF87a", b"GIF89a"):
        return "gif"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    if data[4:12] in (b"ftypavif", b"ftypavis") or (data[4:12] in (b"ftypmif1", b"ftypmsf1") and b"avi" in data[16:64]):
        return "avif"
    if data[:4] in TIFFS:
        return "tiff"
    if data[:4] == b"\xff\x4f\xff\x51" or data[:12] == b"\x00\x00\x00\x0cjP  \r\n\x87\n":
        return "jpeg2000"
    if data[:2] == b"BM":
        return "bmp"
    if data[:4] in (b"\x00\x00\x01\x00", b"\x00\x00\x02\x00"):
        return "ico"
    return "ppm" if data[:2] in WORDS else ""


def strip(data: bytes) -> Stripped:
    """Remove identifying metadata from an image file without changing its pixels; never raises.

    A file of an unknown format, or one whose container cannot be parsed to its end, is returned unchanged with
    `left` ("unreadable"): nobody can say what it holds.
    """
    kind = sniff(data)
    try:
        if kind in _WALKERS:
            kept, removed = _WALKERS[kind](data)
            return Stripped(kept, tuple(dict.fromkeys(removed))) if removed else Stripped(data)
        found = _OTHERS[kind](data)
    except (Malformed, struct.error, IndexError, KeyError, OverflowError, MemoryError):
        return Stripped(data, left=("unreadable",))
    if found.removed and not _same_pixels(data, found.data):
        return Stripped(data, left=found.removed)
    return found


def _same_pixels(one: bytes, other: bytes) -> bool:
    """Whether two files show the same frames, except that thumbnails are gone, or neither can be shown."""
    from PIL import Image, ImageSequence

    from leafinstruct.images.pixels import MAX_PIXELS

    def frames(data: bytes) -> list[tuple[str, tuple[int, int], bytes]]:
        try:
            with warnings.catch_warnings(action="ignore"), Image.open(io.BytesIO(data)) as image:
                if image.width * image.height > MAX_PIXELS:
                    return []
                return [(f.mode, f.size, hashlib.sha256(f.tobytes()).digest()) for f in ImageSequence.Iterator(image)]
        except Exception:  # Pillow raises many types on damaged files
            return []

    before, after = frames(one), frames(other)
    shown = iter(before)
    return all(frame in shown for frame in after) and before[:1] == after[:1]


def _orientation(data: bytes) -> int:
    """Orientation (1 to 8) as displayed; 1 if the image cannot be read."""
    from leafinstruct.images.pixels import orientation

    try:
        with opened(data) as image:
            if image.format == "PNG":  # its metadata may come after the pixels
                image.load()
            return orientation(image)
    except Exception:  # Pillow raises many types on damaged files
        return 1


# ---- JPEG: ITU T.81 annex B; APP markers as registered by JFIF, Exif, ICC and Adobe ----
_JPEG_MARKER = re.compile(rb"\xff+[^\x00\xff]")
_JPEG_SCAN_END = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")  # in this form `re` searches 20 times as fast
_JPEG_BARE = {0x01, *range(0xD0, 0xD8)}


def _jpeg(data: bytes) -> tuple[bytes, list[str]]:
    out, removed, at, orient, minimal = [data[:2]], [], 2, False, False
    while at < len(data):
        found = _JPEG_MARKER.match(data, at)
        if found is None:
            raise Malformed
        marker, start, at = data[found.end() - 1], found.start(), found.end()
        if marker == 0xD9:
            out.append(data[start:at])
            break
        if marker in _JPEG_BARE:
            out.append(data[start:at])
            continue
        end = at + int.from_bytes(data[at : at + 2])
        if end > len(data) or end < at + 2:
            raise Malformed
        payload = data[at + 2 : end]
        if marker == 0xDA:
            end = _scan_end(data, end)
        name = _jpeg_metadata(marker, payload)
        if name == "thumbnail" and payload[:5] == b"JFIF\x00":
            out.append(b"\xff\xe0\x00\x10" + payload[:12] + b"\x00\x00")
        elif marker == 0xEE and payload[:5] == b"Adobe" and len(payload) > 12:
            out.append(b"\xff\xee\x00\x0e" + payload[:12])
        elif name == "exif" and only_orientation(payload[6:]):
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
        block = b"Exif\x00\x00" + orientation_tiff(orientation)
        # Exif must come first, but if there is a JFIF header readers expect it first
        place = 2 if out[1][1:2] == b"\xe0" else 1
        out.insert(place, b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block)
    return b"".join(out), removed


def _jpeg_places(data: bytes) -> Iterator[tuple[int, int, str]]:
    """Where a JPEG file that must keep its length has metadata: start, end, and its name. Raises Malformed."""
    at = 2
    while found := _JPEG_MARKER.match(data, at):
        marker, at = data[found.end() - 1], found.end()
        if marker == 0xD9:
            yield at, len(data), "trailer"
            return
        if marker in _JPEG_BARE:
            continue
        end = at + int.from_bytes(data[at : at + 2])
        payload = data[at + 2 : end]
        if name := _jpeg_metadata(marker, payload):
            needed = 14 if payload[:5] == b"JFIF\x00" else 12 if payload[:5] == b"Adobe" else 0
            yield at + 2 + needed, end, name
        at = _scan_end(data, end) if marker == 0xDA else end
    if at < len(data):
        raise Malformed


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
    if marker == 0xEE and payload[:5] == b"Adobe" and len(payload) <= 12:
        return ""  # states whether the colors are YCbCr, CMYK or RGB
    if marker == 0xE1:
        return "exif" if payload[:4] == b"Exif" else "xmp"
    return {0xE0: "thumbnail", 0xED: "iptc"}.get(marker, f"app{marker - 0xE0}")


# ---- PNG: chunks that change how the image is displayed (PNG third edition, 11.3); all others are removed ----
_PNG_SHOWN = set(
    b"IHDR PLTE IDAT IEND tRNS cHRM gAMA iCCP sBIT sRGB cICP mDCV cLLI bKGD hIST pHYs acTL fcTL fdAT".split()
)
_PNG_MOST = {
    **{b"cHRM": 32, b"gAMA": 4, b"sBIT": 4, b"sRGB": 1, b"cICP": 4, b"mDCV": 24, b"cLLI": 8, b"bKGD": 6, b"hIST": 512},
    **{b"pHYs": 9},
}
"""Bytes of chunks that decoders can do without; longer ones hold something else."""
_ICC_NAMES = (
    *(b"ICC Profile", b"ICC profile", b"icc", b"ICC", b"Photoshop ICC profile", b"sRGB", b"sRGB IEC61966-2.1"),
    *(b"Display P3", b"Adobe RGB (1998)", b"Skia", b"c2", b"GIMP built-in sRGB", b"kCGColorSpaceDisplayP3"),
)
"""Names of profiles that programs write; any other becomes the first."""
_PNG_NAMES = {b"eXIf": "exif", b"iTXt": "text", b"tEXt": "text", b"zTXt": "text", b"tIME": "time"}


def _png(data: bytes) -> tuple[bytes, list[str]]:
    out, removed, at, orient, minimal, first_data = [data[:8]], [], 8, False, False, 0
    while at < len(data):  # some files lack their end
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data):
            raise Malformed
        body = data[at + 8 : end - 4]
        if kind == b"IDAT" and not first_data:
            first_data = len(out)
        refused = is_refused(data[at:end])
        plain = kind == b"eXIf" and only_orientation(body) and not refused
        minimal |= plain
        if kind in _PNG_SHOWN and refused:
            removed.append("chunk that decoders refuse")
        elif kind == b"iCCP" and body.partition(b"\0")[0] not in _ICC_NAMES:
            out.append(_chunk(b"iCCP" + _ICC_NAMES[0] + b"\0" + body.partition(b"\0")[2]))
            removed.append("profile name")
        elif kind == b"IEND" and body:
            out.append(_chunk(kind))
            removed.append("trailer")
        elif (kind in _PNG_SHOWN and length <= _PNG_MOST.get(kind, length)) or plain:
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
        out.insert(first_data, _chunk(b"eXIf" + orientation_tiff(orientation)))
    return b"".join(out), removed


def _chunk(block: bytes) -> bytes:
    """A PNG chunk from its kind and body."""
    return struct.pack(">I", len(block) - 4) + block + struct.pack(">I", zlib.crc32(block))


# ---- WebP: RIFF container (RFC 9649); bits 3 and 2 of VP8X announce EXIF and XMP ----
_WEBP_SHOWN = {b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"ICCP"}


def _webp(data: bytes) -> tuple[bytes, list[str]]:
    chunks, removed, at, orient = [], [], 12, False
    limit = 8 + int.from_bytes(data[4:8], "little")
    if limit > len(data):
        raise Malformed
    while at + 8 <= limit:
        kind, length = struct.unpack_from("<4sI", data, at)
        end = at + 8 + length
        if end > limit:
            raise Malformed
        body = data[at + 8 : end]
        if kind == b"ANMF":
            body, gone = _webp_frame(body)
            removed += gone
        if kind in _WEBP_SHOWN or (kind == b"EXIF" and only_orientation(body)):
            chunks.append((kind, body))
        else:
            removed.append({b"EXIF": "exif", b"XMP ": "xmp"}.get(kind, kind.decode("latin-1").strip()))
            orient |= kind in (b"EXIF", b"XMP ")
        at = end + length % 2
    if limit + limit % 2 < len(data) or at < limit:
        removed.append("trailer")
    has_exif = any(kind == b"EXIF" for kind, _ in chunks)
    if orient and not has_exif and (orientation := _orientation(data)) > 1:
        chunks.append((b"EXIF", orientation_tiff(orientation)))
        has_exif = True
    out = []
    for kind, body in chunks:
        if kind == b"VP8X":
            body = bytes([(body[0] & ~0x0C) | (0x08 if has_exif else 0)]) + body[1:]
        out.append(struct.pack("<4sI", kind, len(body)) + body + b"\x00" * (len(body) % 2))
    packed = b"".join(out)
    return b"RIFF" + struct.pack("<I", len(packed) + 4) + b"WEBP" + packed, removed


def _webp_frame(body: bytes) -> tuple[bytes, list[str]]:
    """A frame of an animation, which has chunks of its own after 16 bytes, without those that are not its pixels."""
    out, removed, at = [body[:16]], [], 16
    while at + 8 <= len(body):
        kind, length = struct.unpack_from("<4sI", body, at)
        end = at + 8 + length + length % 2
        if kind in (b"ALPH", b"VP8 ", b"VP8L"):
            out.append(body[at:end])
        else:
            removed.append({b"EXIF": "exif", b"XMP ": "xmp"}.get(kind, kind.decode("latin-1").strip()))
        at = end
    if at < len(body):
        removed.append("trailer")
    return b"".join(out), removed


# ---- GIF: GIF89a, sections 23 to 26; timing, loops and color profiles are application blocks that are kept ----
_GIF_SHOWN = (b"NETSCAPE2.0", b"ANIMEXTS1.0", b"ICCRGBG1012")


def _gif(data: bytes) -> tuple[bytes, list[str]]:
    at = 13 + _color_table(data[10])
    out, removed = [data[:at]], []
    while at < len(data) and data[at] != 0x3B:
        start, name = at, ""
        if data[at] == 0x2C:
            at = _sub_blocks_end(data, at + 11 + _color_table(data[at + 9]))
        elif data[at] == 0x21:
            end = _sub_blocks_end(data, at + 2)
            name = _gif_metadata(data[at:end])
            at = end
        else:
            raise Malformed
        if name:
            removed.append(name)
        else:
            out.append(data[start:at])
    if at + 1 < len(data):
        removed.append("trailer")
    return b"".join([*out, data[at : at + 1]]), removed


def _gif_metadata(block: bytes) -> str:
    """Name of the metadata in an extension block; "" if it is needed to show the image."""
    label, program = block[1], block[3:14]
    if label == 0xFF and program in _GIF_SHOWN:
        return "application" if program != b"ICCRGBG1012" and len(block) > 19 else ""  # a loop takes 19 bytes
    if label == 0xFF:
        return "xmp" if program == b"XMP DataXMP" else "application"
    if label == 0xF9:
        return "extension" if len(block) > 8 else ""
    return {0xFE: "comment", 0x01: "text"}.get(label, "extension")


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
_OTHERS: dict[str, Callable[[bytes], Stripped]] = {
    "avif": avif,
    "tiff": lambda data: tiff(data, _jpeg_places),
    "jpeg2000": jpeg2000,
    "bmp": bmp,
    "ico": lambda data: ico(data, _png),
    "ppm": anymap,
}
