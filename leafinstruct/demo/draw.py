"""Drawings of the bundled sample: a spec such as `moon?phase=2` becomes an image, the same bytes each time.

The scenes are in `scenes_home`, `scenes_bench` and `scenes_desk`; their canvas is in `canvas`, the encoding is here.
"""

from __future__ import annotations

import io
import zlib
from urllib.parse import parse_qsl

from PIL import Image

from leafinstruct.demo import scenes_bench, scenes_desk, scenes_home
from leafinstruct.demo.canvas import Canvas, Scene, Settings

_SIZES = ((320, 240), (400, 300), (480, 360), (360, 270), (640, 480), (440, 330))
_PAPERS = ("#fbf7ee", "#f3f6fa", "#f6f3f8", "#eef5ee", "#fdf6f0", "#ffffff")


def scenes() -> dict[str, Scene]:
    """Every scene by name."""
    return {**scenes_home.SCENES, **scenes_bench.SCENES, **scenes_desk.SCENES}


def pixel_size(words: str, default: tuple[int, int]) -> tuple[int, int]:
    """`size=320` is a square of 320 px, `size=320x240` width and height."""
    if not words:
        return default
    width, _, height = words.partition("x")
    return int(width), int(height or width)


def draw(spec: str, zoom: float = 1.0) -> bytes:
    """The encoded image of a spec, PNG or JPEG; `zoom` makes the same image larger or smaller.

    Without `size` and `format` in the spec, its hash chooses them. Raises KeyError for an unknown scene.
    """
    name, _, query = spec.partition("?")
    settings = Settings(dict(parse_qsl(query)))
    chance = zlib.crc32(spec.encode())
    # Screen mock-ups of one program keep one size and one background, as screenshots do.
    fixed = {"window": (480, 360), "icon": (96, 96), "moon": (300, 300), "bits": (480, 240)}
    width, height = pixel_size(settings.word("size"), fixed.get(name, _SIZES[chance % len(_SIZES)]))
    paper = "#d9dee5" if name == "window" else _PAPERS[chance // 7 % len(_PAPERS)]
    units = (100, 100) if name == "icon" else (400, 300)
    canvas = Canvas(round(width * zoom), round(height * zoom), units, paper)
    scenes()[name](canvas, settings)
    crisp = name in ("window", "icon", "bits", "circuit", "tree", "bars") or chance % 3 == 0
    return encode(canvas.finished(), settings.word("format", "png" if crisp else "jpg"))


def encode(image: Image.Image, kind: str) -> bytes:
    """Image bytes without any metadata: `png`, `jpg` or `gif`."""
    buffer = io.BytesIO()
    if kind == "jpg":
        image.save(buffer, "JPEG", quality=86)
    else:
        image.save(buffer, kind.upper(), optimize=kind == "png")
    return buffer.getvalue()
