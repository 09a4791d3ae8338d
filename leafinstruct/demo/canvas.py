"""A canvas in scene units, and the settings of a scene."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PIL import Image, ImageDraw, ImageFont

Point = tuple[float, float]
Color = str | tuple[int, int, int]
Scene = Callable[["Canvas", "Settings"], None]

INK = "#2b2b33"


class Settings:
    """The parameters of one spec, read as numbers, words or lists, each with a default."""

    def __init__(self, values: dict[str, str]) -> None:
        self.values = values

    def number(self, name: str, default: float = 0) -> float:
        return float(self.values.get(name, default))

    def count(self, name: str, default: int = 0) -> int:
        return int(self.values.get(name, default))

    def word(self, name: str, default: str = "") -> str:
        return self.values.get(name, default)

    def numbers(self, name: str) -> list[int]:
        return [int(x) for x in self.values.get(name, "").split(",") if x]


class Canvas:
    """Drawing in scene units (400 x 300, icons 100 x 100), fitted to any pixel size; drawn at twice the size first."""

    def __init__(self, width: int, height: int, units: tuple[int, int] = (400, 300), paper: Color = "white") -> None:
        self.width, self.height, self.units = width, height, units
        self.scale = 2 * min(width / units[0], height / units[1])
        self.shift = (width - units[0] * self.scale / 2, height - units[1] * self.scale / 2)
        self.image = Image.new("RGB", (2 * width, 2 * height), paper)
        self.pen = ImageDraw.Draw(self.image)

    def _at(self, points: Sequence[Point]) -> list[Point]:
        return [(x * self.scale + self.shift[0], y * self.scale + self.shift[1]) for x, y in points]

    def _corners(self, x0: float, y0: float, x1: float, y1: float) -> list[Point]:
        return self._at([(min(x0, x1), min(y0, y1)), (max(x0, x1), max(y0, y1))])

    def _width(self, width: float) -> int:
        return max(1, round(width * self.scale)) if width else 0

    def line(self, points: Sequence[Point], color: Color = INK, width: float = 2, dashed: bool = False) -> None:
        if not dashed:
            self.pen.line(self._at(points), fill=color, width=self._width(width), joint="curve")
            return
        for (x0, y0), (x1, y1) in zip(points, points[1:], strict=False):
            steps = max(2, int(((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5 / 7))
            for i in range(0, steps, 2):
                a, b = i / steps, min(1, (i + 1) / steps)
                dash = [(x0 + (x1 - x0) * t, y0 + (y1 - y0) * t) for t in (a, b)]
                self.pen.line(self._at(dash), fill=color, width=self._width(width))

    def shape(self, points: Sequence[Point], fill: Color | None, outline: Color | None = INK, width: float = 2) -> None:
        self.pen.polygon(self._at(points), fill=fill)
        if outline:
            self.line([*points, points[0]], outline, width)

    def oval(
        self, x: float, y: float, rx: float, ry: float | None = None, fill: Color | None = None,
        outline: Color | None = INK, width: float = 2,
    ) -> None:  # fmt: skip
        ry = rx if ry is None else ry
        box = self._corners(x - rx, y - ry, x + rx, y + ry)
        self.pen.ellipse(box, fill=fill, outline=outline, width=self._width(width))

    def box(
        self, x0: float, y0: float, x1: float, y1: float, fill: Color | None = None,
        outline: Color | None = INK, width: float = 2, radius: float = 0,
    ) -> None:  # fmt: skip
        corners, pixels = self._corners(x0, y0, x1, y1), radius * self.scale
        self.pen.rounded_rectangle(corners, pixels, fill=fill, outline=outline, width=self._width(width))

    def arc(
        self, x: float, y: float, rx: float, ry: float, start: float, end: float, color: Color = INK, width: float = 2
    ) -> None:
        self.pen.arc(self._corners(x - rx, y - ry, x + rx, y + ry), start, end, fill=color, width=self._width(width))

    def sector(self, x: float, y: float, r: float, start: float, end: float, fill: Color) -> None:
        self.pen.pieslice(self._corners(x - r, y - r, x + r, y + r), start, end, fill=fill)

    def text(self, x: float, y: float, words: str, size: float = 14, color: Color = INK, anchor: str = "lm") -> None:
        font = ImageFont.load_default(size=size * self.scale)
        self.pen.text(self._at([(x, y)])[0], words, fill=color, font=font, anchor=anchor)

    def ground(self, y: float, color: Color) -> None:
        """Fill everything below y, to the edges of the image, whatever its proportions."""
        top = self._at([(0, y)])[0][1]
        self.pen.rectangle([0, top, 2 * self.width, 2 * self.height], fill=color)

    def finished(self) -> Image.Image:
        return self.image.resize((self.width, self.height), Image.Resampling.LANCZOS)
