"""Images of odd modes and kinds."""

from __future__ import annotations

import io

import PIL.Image


def frames(kind: str) -> bytes:
    out = io.BytesIO()
    images = [PIL.Image.new("RGB", (64, 48), (40 * n, 9, 9)) for n in range(3)]
    images[0].save(out, kind, save_all=True, append_images=images[1:])
    return out.getvalue()


def of_mode(mode: str, kind: str) -> bytes:
    out = io.BytesIO()
    PIL.Image.new(mode, (64, 48)).save(out, kind)
    return out.getvalue()


ODD = {
    "cmyk": (lambda: of_mode("CMYK", "JPEG"), "JPEG"),
    "16-bit": (lambda: of_mode("I;16", "PNG"), "PNG"),
    "palette": (lambda: of_mode("P", "PNG"), "PNG"),
    "bilevel": (lambda: of_mode("1", "TIFF"), "TIFF"),
    "animated gif": (lambda: frames("GIF"), "GIF"),
    "animated webp": (lambda: frames("WEBP"), "WEBP"),
    "apng": (lambda: frames("PNG"), "PNG"),
    "avif": (lambda: of_mode("RGB", "AVIF"), "AVIF"),
    "ico": (lambda: of_mode("RGBA", "ICO"), "ICO"),
}
