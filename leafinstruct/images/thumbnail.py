"""Small copies of images, for self-contained HTML pages."""

from __future__ import annotations

import base64
import io

from leafinstruct.images.opening import opened
from leafinstruct.images.pixels import MAX_PIXELS, displayed


def thumbnail(data: bytes, side: int) -> str:
    """A copy of at most `side` pixels a side, upright, as a data URI (WebP); "" for an image that cannot be decoded.
    Transparent areas become white: black drawings would be invisible on a dark page."""
    try:
        with opened(data) as image:
            if image.width * image.height > MAX_PIXELS:
                return ""
            image.draft("RGB", (side, side))
            shown = displayed(image)
            shown.thumbnail((side, side))
            out = io.BytesIO()
            shown.save(out, "WEBP", quality=70)
    except Exception:  # broken images are part of a report on what was dropped; Pillow's plugins raise many kinds
        return ""
    return "data:image/webp;base64," + base64.b64encode(out.getvalue()).decode()
