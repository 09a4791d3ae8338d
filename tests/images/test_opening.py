from __future__ import annotations

import io
import os
import struct
import zlib

import PIL.Image
import pytest
from made.harvest import picture

from leafinstruct.document import Image
from leafinstruct.images.decode import decode
from leafinstruct.images.header import read_image
from leafinstruct.images.opening import opened, without_refused
from leafinstruct.images.strip import strip
from leafinstruct.images.thumbnail import thumbnail


def chunk(kind: bytes, body: bytes, wrong: bool = False) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body) ^ wrong)


LARGE = zlib.compress(os.urandom(1000) * 3000)
XMP = (
    b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
    b"<rdf:Description xmlns:tiff='http://ns.adobe.com/tiff/1.0/' tiff:Orientation=\"6\"/></rdf:RDF></x:xmpmeta>"
)
REFUSED = {
    "zTXt": chunk(b"zTXt", b"workflow\0\0" + LARGE),
    "iTXt": chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0en\0key\0" + LARGE),
    "iCCP": chunk(b"iCCP", b"icc\0\0" + LARGE),
    "checksum": chunk(b"tEXt", b"Title\0x", wrong=True),
    "gamma": chunk(b"gAMA", struct.pack(">I", 45455), wrong=True),
}


def png(extra: bytes, before: bytes = b"IDAT") -> bytes:
    plain = picture(7)
    place = plain.index(before) - 4
    return plain[:place] + extra + plain[place:]


@pytest.mark.parametrize(
    ("name", "before"),
    [*((name, b"IDAT") for name in REFUSED), *((name, b"IEND") for name in ("zTXt", "iTXt", "iCCP"))],
)
def test_png_files_that_pillow_refuses_for_what_no_pixel_depends_on(name: str, before: bytes) -> None:
    data = png(REFUSED[name], before)
    with pytest.raises((ValueError, SyntaxError, OSError)), PIL.Image.open(io.BytesIO(data)) as image:
        image.load()
        image.getexif()
    found = read_image(data, "a.png")
    assert isinstance(found, Image) and (found.width, found.height, found.bytes) == (64, 48, data)
    pixels, error = decode(found, 10**6)
    assert error == "" and pixels is not None
    assert pixels.tobytes() == PIL.Image.open(io.BytesIO(picture(7))).tobytes()
    assert thumbnail(data, 32)
    published = strip(data)
    with PIL.Image.open(io.BytesIO(published.data)) as image:
        image.load()
    assert published.removed and not published.left


def test_a_file_with_more_text_than_pillow_reads() -> None:
    data = png(chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(2**20 - 99))) * 65)
    with pytest.raises(ValueError, match="Too much memory"):
        PIL.Image.open(io.BytesIO(data))
    assert isinstance(read_image(data, "a.png"), Image)


def test_other_chunks_stay_and_other_files_are_not_touched() -> None:
    xmp = chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP)
    data = png(REFUSED["zTXt"] + xmp + chunk(b"zTXt", b"a\0\0" + zlib.compress(b"small")))
    image = opened(data)
    assert image.text["a"] == "small" and image.info["xmp"] == XMP  # type: ignore[attr-defined]
    assert (found := read_image(data, "")) and isinstance(found, Image) and (found.width, found.height) == (48, 64)
    for same in (picture(1), picture(1, kind="JPEG"), b"", data[:40], png(chunk(b"zTXt", b"a\0\0no zlib"))):
        assert without_refused(same) is same


def test_damage_of_pixels_is_still_damage() -> None:
    assert read_image(picture(7).replace(b"IHDR", b"IHDX"), "") == "unreadable_header"
    assert decode(Image("0" * 64, png(REFUSED["zTXt"])[:-60], "PNG", 64, 48, ""), 10**6)[1] == "truncated"
