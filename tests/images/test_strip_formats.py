"""Each place of each format that can hold who, where and when: the words go, every pixel of every frame stays."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable

import numpy as np
import PIL.Image
import pytest
from made.shard import picture
from PIL import Image, ImageSequence, PngImagePlugin

from leafinstruct.images.strip import sniff, strip

SECRET = b"Jane Doe, Secret Street 5"
XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf>" + SECRET + b"</rdf></x:xmpmeta>"


def exif() -> Image.Exif:
    tags = Image.Exif()
    tags[0x013B] = SECRET.decode()
    tags.get_ifd(0x8825)[0x1D] = SECRET.decode()
    return tags


def saved(kind: str, image: Image.Image | None = None, **save: object) -> bytes:
    buffer = io.BytesIO()
    (image or picture(1, (40, 30))).save(buffer, kind, **save)
    return buffer.getvalue()


def frames(data: bytes) -> list[np.ndarray]:
    with Image.open(io.BytesIO(data)) as image:
        return [np.asarray(frame.convert("RGBA")) for frame in ImageSequence.Iterator(image)]


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def after_ihdr(png: bytes, extra: bytes) -> bytes:
    return png[:33] + extra + png[33:]


def png_with_profile_name() -> bytes:
    png = saved("PNG", icc_profile=b"x" * 200)
    start = png.index(b"iCCP") - 4
    end = start + 12 + int.from_bytes(png[start : start + 4])
    return png[:start] + chunk(b"iCCP", SECRET + b"\0" + png[start + 8 : end - 4].partition(b"\0")[2]) + png[end:]


def webp_frame_with_exif() -> bytes:
    webp = saved("WEBP", save_all=True, append_images=[picture(2, (40, 30))], lossless=True)
    at, out = 12, []
    while at + 8 <= len(webp):
        kind, size = struct.unpack_from("<4sI", webp, at)
        body = webp[at + 8 : at + 8 + size]
        if kind == b"ANMF":
            body += b"EXIF" + struct.pack("<I", len(SECRET)) + SECRET + b"\0" * (len(SECRET) % 2)
        out.append(kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2))
        at += 8 + size + size % 2
    packed = b"WEBP" + b"".join(out)
    return b"RIFF" + struct.pack("<I", len(packed)) + packed


def gif_block(block: bytes) -> bytes:
    gif = saved("GIF", save_all=True, append_images=[picture(2, (40, 30))], loop=0)
    start = 13 + 3 * 2 ** ((gif[10] & 7) + 1) if gif[10] & 0x80 else 13
    return gif[:start] + block + gif[start:]


def sub_block(text: bytes) -> bytes:
    return bytes([len(text)]) + text + b"\0"


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


def jp2_in_front(extra: bytes) -> bytes:
    jp2 = saved("JPEG2000")
    at = jp2.index(b"jp2c") - 4
    return jp2[:at] + extra + jp2[at:]


def j2k_with_comment() -> bytes:
    stream = saved("JPEG2000", no_jp2=True)
    at = 4 + int.from_bytes(stream[4:6])
    return stream[:at] + b"\xff\x64" + struct.pack(">HH", len(SECRET) + 4, 1) + SECRET + stream[at:]


def hand_made_tiff(order: str, big: bool, extra: bool) -> bytes:
    """A gray TIFF of one strip, with a description if `extra`."""
    pixels = bytes(range(100))
    number, wide = ("Q", 20) if big else ("I", 12)
    entries = [(256, 3, 10), (257, 3, 10), (258, 3, 8), (259, 3, 1), (262, 3, 1), (277, 3, 1), (278, 3, 10)]
    entries += [(273, 4, 0), (279, 4, 100), *([(270, 2, 0)] if extra else [])]
    head = 16 if big else 8
    directory = struct.calcsize(order + ("Q" if big else "H")) + wide * len(entries) + struct.calcsize(order + number)
    strip_at, text_at = head + directory, head + directory + 100
    out = {"<": b"II", ">": b"MM"}[order]
    out += struct.pack(order + ("HHHQ" if big else "HI"), *((43, 8, 0, 16) if big else (42, 8)))
    out += struct.pack(order + ("Q" if big else "H"), len(entries))
    for number_, kind, value in sorted(entries):
        value = {273: strip_at, 270: text_at}.get(number_, value)
        count = len(SECRET) + 1 if number_ == 270 else 1
        body = struct.pack(order + {2: number, 3: "H", 4: "I"}[kind], value)
        out += struct.pack(order + "HH" + number, number_, kind, count) + body.ljust(8 if big else 4, b"\0")
    return out + bytes(struct.calcsize(number)) + pixels + ((SECRET + b"\0") if extra else b"")


def ico_with_png_text() -> bytes:
    info = PngImagePlugin.PngInfo()
    info.add_text("Author", SECRET.decode())
    png = saved("PNG", picture(1, (32, 32)), pnginfo=info)
    return struct.pack("<HHH", 0, 1, 1) + struct.pack("<BBBBHHII", 32, 32, 0, 0, 1, 32, len(png), 22) + png


def bmp_with_gap() -> bytes:
    bmp = saved("BMP")
    start = struct.unpack_from("<I", bmp, 10)[0]
    return bmp[:10] + struct.pack("<I", start + len(SECRET)) + bmp[14:start] + SECRET + bmp[start:]


def tiff_with_jpeg_strip() -> bytes:
    """As scanners write it: the strip is a whole JPEG file with metadata of its own."""
    strip_ = saved("JPEG", exif=exif(), comment=SECRET) + SECRET
    values = {256: 40, 257: 30, 259: 7, 262: 6, 273: 0, 277: 3, 278: 30, 279: len(strip_), 530: 2 | 2 << 16}
    start = 8 + 2 + 12 * (len(values) + 1) + 4
    entries = [(tag, 3 if tag == 530 else 4, 2 if tag == 530 else 1, value) for tag, value in values.items()]
    entries = sorted([*entries, (258, 3, 3, start)])
    placed = [(tag, kind, count, start + 8 if tag == 273 else value) for tag, kind, count, value in entries]
    ifd = struct.pack("<H", len(placed)) + b"".join(struct.pack("<HHII", *entry) for entry in placed) + bytes(4)
    return b"II*\0" + struct.pack("<I", 8) + ifd + struct.pack("<HHHH", 8, 8, 8, 0) + strip_


GRAY = b"\x00\x40\x80\xff\x10\x20"
CASES: dict[str, Callable[[], bytes]] = {
    "jpeg: more than the Adobe marker takes": lambda: (
        saved("JPEG")[:2]
        + b"\xff\xee"
        + struct.pack(">H", 14 + len(SECRET))
        + b"Adobe\0\x64\0\0\0\0\1"
        + SECRET
        + saved("JPEG")[2:]
    ),
    "png: name of a suggested palette": lambda: after_ihdr(saved("PNG"), chunk(b"sPLT", SECRET + b"\0\x08")),
    "png: name of the profile": png_with_profile_name,
    "png: more than a resolution takes": lambda: after_ihdr(saved("PNG"), chunk(b"pHYs", bytes(9) + SECRET)),
    "png: inside the end": lambda: saved("PNG")[:-12] + chunk(b"IEND", SECRET),
    "webp: EXIF of a frame": webp_frame_with_exif,
    "gif: unknown extension": lambda: gif_block(b"\x21\x42" + sub_block(SECRET)),
    "gif: plain text": lambda: gif_block(b"\x21\x01" + b"\x0c" + bytes(12) + sub_block(SECRET)),
    "gif: more than a loop takes": lambda: gif_block(b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0" + sub_block(SECRET)),
    "avif: EXIF and XMP": lambda: saved("AVIF", exif=exif().tobytes(), xmp=XMP),
    "avif: sequence with EXIF": lambda: saved(
        "AVIF", save_all=True, append_images=[picture(2, (40, 30))], exif=exif().tobytes(), xmp=XMP
    ),
    "avif: box at the end": lambda: saved("AVIF") + box(b"uuid", bytes(16) + SECRET),
    "avif: free space": lambda: saved("AVIF") + box(b"free", SECRET),
    "avif: bytes behind the boxes": lambda: saved("AVIF") + SECRET,
    "tiff: tags": lambda: saved(
        "TIFF", tiffinfo={315: SECRET.decode(), 270: SECRET.decode(), 34377: SECRET, 700: XMP, 33723: SECRET}
    ),
    "tiff: EXIF and GPS": lambda: saved("TIFF", exif=exif()),
    "tiff: private tag": lambda: saved("TIFF", tiffinfo={65000: SECRET.decode()}),
    "tiff: pages with tags": lambda: saved(
        "TIFF", save_all=True, append_images=[picture(2)], tiffinfo={315: SECRET.decode()}
    ),
    "tiff: bytes behind the pixels": lambda: saved("TIFF") + SECRET,
    "tiff: little-endian": lambda: hand_made_tiff("<", big=False, extra=True),
    "tiff: big-endian": lambda: hand_made_tiff(">", big=False, extra=True),
    "tiff: BigTIFF": lambda: hand_made_tiff("<", big=True, extra=True),
    "tiff: JPEG strip with EXIF and a comment": tiff_with_jpeg_strip,
    "tiff: compressed": lambda: saved("TIFF", compression="tiff_lzw", tiffinfo={305: SECRET.decode()}),
    "jp2: xml": lambda: jp2_in_front(box(b"xml ", XMP)),
    "jp2: uuid": lambda: jp2_in_front(box(b"uuid", bytes(16) + SECRET)),
    "jp2: bytes behind the boxes": lambda: saved("JPEG2000") + SECRET,
    "j2k: comment": j2k_with_comment,
    "j2k: bytes behind the end": lambda: saved("JPEG2000", no_jp2=True) + SECRET,
    "ico: PNG with a text": ico_with_png_text,
    "ico: bytes behind the icons": lambda: saved("ICO", picture(1, (32, 32))) + SECRET,
    "bmp: bytes behind the pixels": lambda: saved("BMP") + SECRET,
    "bmp: bytes in front of the pixels": bmp_with_gap,
    "pgm: comment": lambda: b"P5\n# " + SECRET + b"\n3 2\n255\n" + GRAY,
    "pgm: comment inside the size": lambda: b"P5 3 #" + SECRET + b"\n 2\n255\n" + GRAY,
    "plain pgm: comment": lambda: b"P2\n3 2\n#" + SECRET + b"\n255\n0 64 128\n255 16 32\n",
    "plain pgm: comment among the pixels": lambda: b"P2 3 2 255\n0 64 128 #" + SECRET + b"\n255 16 32\n",
    "ppm: bytes behind the pixels": lambda: b"P6 1 2 255\n" + GRAY + SECRET,
}


@pytest.mark.parametrize("case", CASES)
def test_the_words_go_and_the_pixels_stay(case: str) -> None:
    data = CASES[case]()
    assert SECRET in data
    clean = strip(data)
    assert clean.removed and not clean.left
    for word in (SECRET, b"Jane", b"Secret"):
        assert word not in clean.data
    before, after = frames(data), frames(clean.data)
    assert len(before) == len(after)
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)
    again = strip(clean.data)
    assert again.data is clean.data and not again.removed and not again.left


PLAIN = {
    "TIFF": lambda: saved("TIFF"),
    "big-endian TIFF": lambda: hand_made_tiff(">", big=False, extra=False),
    "BigTIFF": lambda: hand_made_tiff(">", big=True, extra=False),
    "TIFF in JPEG": lambda: saved("TIFF", compression="jpeg"),
    "AVIF": lambda: saved("AVIF"),
    "AVIF sequence": lambda: saved("AVIF", save_all=True, append_images=[picture(2, (40, 30))]),
    "JP2": lambda: saved("JPEG2000"),
    "J2K": lambda: saved("JPEG2000", no_jp2=True),
    "tiled JP2": lambda: saved("JPEG2000", tile_size=(16, 16)),
    "BMP": lambda: saved("BMP"),
    "BMP with a palette": lambda: saved("BMP", picture(1).convert("P")),
    "ICO": lambda: saved("ICO", picture(1, (64, 64))),
    "PPM": lambda: saved("PPM"),
    "PFM": lambda: saved("PPM", picture(1).convert("F")),
}


@pytest.mark.parametrize("name", PLAIN)
def test_a_file_without_metadata_stays_as_it_is(name: str) -> None:
    data = PLAIN[name]()
    found = strip(data)
    assert sniff(data) and found.data is data and not found.removed and not found.left


@pytest.mark.parametrize("name", [*PLAIN, *CASES])
def test_any_cut_is_a_result(name: str) -> None:
    data = (PLAIN | CASES)[name]()
    for end in range(0, len(data), max(1, len(data) // 60)):
        found = strip(data[:end])
        assert found.removed or found.left or found.data == data[:end]


def test_any_byte_changed_is_a_result() -> None:
    random = np.random.default_rng(5)
    for name in [*PLAIN, *CASES]:
        data = bytearray((PLAIN | CASES)[name]())
        for _ in range(20):
            broken = bytearray(data)
            broken[int(random.integers(min(len(data), 400)))] = int(random.integers(256))
            strip(bytes(broken))


def test_a_turned_avif_or_tiff_stays_turned() -> None:
    tags = exif()
    tags[0x0112] = 6
    for kind in ("AVIF", "TIFF"):
        data = saved(kind, exif=tags.tobytes() if kind == "AVIF" else tags)
        clean = strip(data)
        assert SECRET not in clean.data
        with Image.open(io.BytesIO(data)) as one, Image.open(io.BytesIO(clean.data)) as other:
            assert PIL.Image.Image.getexif(other).get(0x0112) == PIL.Image.Image.getexif(one).get(0x0112)


def test_pixels_that_a_removal_would_change_are_left_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leafinstruct.images.strip._same_pixels", lambda one, other: False)
    data = saved("TIFF", tiffinfo={315: SECRET.decode()})
    assert strip(data).data is data and "exif" in strip(data).left


def test_a_reduced_page_of_a_tiff_goes() -> None:
    """It may show what was cropped away."""
    small = Image.frombytes("L", (5, 5), SECRET)
    small.encoderinfo = {"tiffinfo": {254: 1}}  # type: ignore[attr-defined]
    data = saved("TIFF", save_all=True, append_images=[small])
    assert len(frames(data)) == 2 and SECRET in data
    clean = strip(data)
    assert "thumbnail" in clean.removed and SECRET not in clean.data
    np.testing.assert_array_equal(frames(data)[0], frames(clean.data)[0])
    assert len(frames(clean.data)) == 1
