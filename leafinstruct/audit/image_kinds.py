"""Tells photographs from drawn images by one fact: hardly two pixels of a photograph have the same color."""

from __future__ import annotations

from collections.abc import Iterable

from leafinstruct.images.pixels import displayed

PHOTOGRAPH = 0.25
"""Share of different colors among 64 x 64 sampled pixels from which an image counts as a photograph (own choice: of
real tutorials' images most screenshots and diagrams are below .2 and most photographs above .4)."""


def color_share(data: bytes) -> float | None:
    """Different colors per pixel in a 64 x 64 sample (nearest pixels, nothing blended); None if unreadable."""
    import PIL.Image

    from leafinstruct.images.opening import opened

    try:
        with opened(data) as image:
            small = displayed(image).resize((64, 64), PIL.Image.Resampling.NEAREST)
    except Exception:  # Pillow's plugins raise many kinds of errors on broken data
        return None
    colors = small.getcolors(64 * 64)
    return len(colors) / (64 * 64) if colors else None


def kind_of(images: Iterable[bytes]) -> str:
    """ "photographs" or "screenshots" (drawings and diagrams among them) by the majority of a document's images."""
    shares = [share for data in images if (share := color_share(data)) is not None]
    photographs = sum(share >= PHOTOGRAPH for share in shares)
    return "photographs" if 2 * photographs > len(shares) else "screenshots"
