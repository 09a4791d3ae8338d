"""Metadata goes, pixels, color profile, orientation and animation stay."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from made.shard import picture
from PIL import Image, ImageCms, ImageOps, ImageSequence, PngImagePlugin

from leafinstruct.images.strip import strip

SECRETS = (b"Jane Doe", b"Secret Street")
XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf>Jane Doe</rdf></x:xmpmeta>"
ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def exif(orientation: int) -> Image.Exif:
    tags = Image.Exif()
    tags[0x0112] = orientation
    tags[0x013B] = "Jane Doe"
    tags.get_ifd(0x8825)[1] = "N"
    tags.get_ifd(0x8825)[0x1D] = "Secret Street"
    return tags


def saved(kind: str, **save: object) -> bytes:
    buffer = io.BytesIO()
    picture(1, (40, 30)).save(buffer, kind, **save)
    return buffer.getvalue()


def shown(data: bytes) -> list[np.ndarray]:
    """Each frame as it is displayed."""
    image = Image.open(io.BytesIO(data))
    turn = ImageOps.exif_transpose(image) if getattr(image, "n_frames", 1) == 1 else image
    return (
        [np.asarray(frame.convert("RGBA")) for frame in ImageSequence.Iterator(turn)]
        if turn is image
        else [np.asarray(turn.convert("RGBA"))]
    )


def png_text() -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    info.add_text("Author", "Jane Doe")
    info.add_itxt("XML:com.adobe.xmp", XMP.decode(), zip=True)
    info.add_text("Comment", "Secret Street", zip=True)
    return info


def iptc(data: bytes) -> bytes:
    """The JPEG with a Photoshop block, a comment, and a second image after its end."""
    payload = b"Photoshop 3.0\x008BIM\x04\x04" + b"Jane Doe"
    block = b"\xff\xed" + struct.pack(">H", len(payload) + 2) + payload
    comment = b"\xff\xfe" + struct.pack(">H", 15) + b"Secret Street"
    return data[:2] + block + comment + data[2:] + saved("JPEG", exif=exif(1))


CASES = {
    "jpeg": lambda turn: saved("JPEG", exif=exif(turn), xmp=XMP, icc_profile=ICC, comment=b"Secret Street"),
    "jpeg progressive": lambda turn: saved("JPEG", exif=exif(turn), icc_profile=ICC, progressive=True),
    "jpeg iptc": lambda turn: iptc(saved("JPEG", exif=exif(turn), icc_profile=ICC)),
    "png": lambda turn: saved("PNG", exif=exif(turn), pnginfo=png_text(), icc_profile=ICC),
    "webp": lambda turn: saved("WEBP", exif=exif(turn).tobytes(), xmp=XMP, icc_profile=ICC),
    "webp lossless": lambda turn: saved("WEBP", exif=exif(turn).tobytes(), lossless=True, icc_profile=ICC),
}


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
@pytest.mark.parametrize("case", CASES)
def test_metadata_goes_and_the_image_stays(case: str, orientation: int) -> None:
    data = CASES[case](orientation)
    assert any(secret in data for secret in SECRETS)
    clean = strip(data)
    assert clean.removed and not clean.left
    assert not any(secret in clean.data for secret in SECRETS)
    for before, after in zip(shown(data), shown(clean.data), strict=True):
        np.testing.assert_array_equal(before, after)
    image = Image.open(io.BytesIO(clean.data))
    assert image.info["icc_profile"] == ICC
    assert dict(image.getexif()) == ({0x0112: orientation} if orientation > 1 else {})
    again = strip(clean.data)
    assert again.data is clean.data and not again.removed


def test_gif_keeps_frames_loop_and_timing() -> None:
    frames = [picture(n) for n in range(3)]
    buffer = io.BytesIO()
    frames[0].save(
        buffer, "GIF", save_all=True, append_images=frames[1:], loop=0, duration=[40, 80, 120], comment=b"Jane Doe"
    )
    xmp = b"\x21\xff\x0bXMP DataXMP" + XMP + b"\x01" + bytes(range(255, -1, -1)) + b"\x00"
    data = buffer.getvalue()[:-1] + xmp + b"\x3bSecret Street"
    clean = strip(data)
    assert clean.removed == ("comment", "xmp", "trailer")
    assert b"Jane Doe" not in clean.data and b"Secret" not in clean.data
    before, after = Image.open(io.BytesIO(data)), Image.open(io.BytesIO(clean.data))
    assert after.n_frames == 3 and after.info["loop"] == 0
    for number in range(3):
        before.seek(number)
        after.seek(number)
        assert before.info["duration"] == after.info["duration"]
        np.testing.assert_array_equal(np.asarray(before.convert("RGB")), np.asarray(after.convert("RGB")))


def test_animated_png_and_webp_keep_every_frame() -> None:
    for kind in ("PNG", "WEBP"):
        buffer = io.BytesIO()
        frames = [picture(n) for n in range(3)]
        frames[0].save(buffer, kind, save_all=True, append_images=frames[1:], duration=50, exif=exif(1).tobytes())
        clean = strip(buffer.getvalue())
        assert "exif" in clean.removed
        before, after = shown(buffer.getvalue()), shown(clean.data)
        assert len(after) == 3
        for one, two in zip(before, after, strict=True):
            np.testing.assert_array_equal(one, two)


def test_orientation_that_only_xmp_or_a_text_names_is_kept() -> None:
    xmp = XMP.replace(b"<rdf>", b"<rdf tiff:Orientation='6'>")
    info = PngImagePlugin.PngInfo()
    info.add_itxt("XML:com.adobe.xmp", xmp.decode().replace("'6'", '"6"'))
    data = saved("PNG", pnginfo=info)
    np.testing.assert_array_equal(shown(data)[0], shown(strip(data).data)[0])
    assert shown(data)[0].shape[:2] == (40, 30)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_clean_file_comes_back_as_the_same_object(kind: str) -> None:
    data = saved(kind)
    clean = strip(data)
    assert clean.data is data and not clean.removed and not clean.left


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_any_cut_of_a_file_is_survived(kind: str) -> None:
    data = saved(kind, **({"exif": exif(6).tobytes()} if kind != "GIF" else {"comment": b"Jane Doe"}))
    for end in range(0, len(data), 7):
        clean = strip(data[:end])
        assert clean.removed or clean.left or clean.data == data[:end]


def test_what_cannot_be_read_is_said() -> None:
    assert strip(b"no image").left == ("unreadable",)
    assert strip(b"II\x2a\x00\xff\xff\xff\x7f").left == ("unreadable",)


def test_private_png_chunk_goes() -> None:
    data = saved("PNG")
    body = b"caBXJane Doe"
    planted = data[:33] + struct.pack(">I", 8) + body + struct.pack(">I", zlib.crc32(body)) + data[33:]
    assert strip(planted).data == data
    assert strip(planted).removed == ("caBX",)
