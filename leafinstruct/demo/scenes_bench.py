"""Scenes of the workbench: rope, bicycle parts, circuits, wood joints, stitches."""

from __future__ import annotations

import math
from collections.abc import Sequence

from leafinstruct.demo.canvas import INK, Canvas, Point, Scene, Settings

ROPE, ROPE_EDGE = "#e3b45f", "#6b4415"
# Control points of each rope, in scene units; a curve is laid through them.
KNOTS: dict[str, list[list[Point]]] = {
    "overhand": [
        [(10, 190), (120, 190), (250, 150), (250, 70), (170, 60), (140, 130), (190, 230), (300, 210), (390, 190)]
    ],
    "eight": [[(10, 200), (110, 190), (180, 110), (260, 70), (320, 130), (270, 200), (180, 130), (110, 60), (70, 120),
               (140, 190), (230, 120), (300, 160), (390, 230)]],
    "bowline": [[(200, 290), (210, 200), (250, 130), (190, 90), (150, 140), (220, 170), (300, 140), (330, 60),
                 (200, 20), (80, 80), (110, 170), (190, 120), (215, 60), (260, 90), (230, 150), (180, 230)]],
    "reef": [[(10, 110), (120, 110), (200, 150), (270, 210), (330, 150), (270, 90), (200, 150), (120, 190), (10, 190)],
             [(390, 110), (280, 120), (200, 120), (110, 90), (70, 150), (110, 210), (200, 180), (280, 180),
              (390, 190)]],
    "sheet": [[(10, 110), (150, 110), (260, 110), (310, 150), (260, 190), (150, 190), (10, 190)],
              [(390, 150), (280, 150), (200, 80), (160, 150), (200, 230), (260, 150), (230, 60)]],
    "clove": [[(10, 100), (150, 90), (250, 150), (330, 190), (250, 240), (150, 180), (250, 80), (330, 60), (250, 40),
               (150, 130), (390, 230)]],
    "halfhitch": [[(10, 150), (120, 150), (260, 120), (320, 60), (370, 120), (300, 190), (180, 190), (160, 110),
                   (220, 90),
                   (240, 170), (130, 240)]],
}  # fmt: skip


def curve(points: Sequence[Point], share: float) -> list[Point]:
    """A Catmull-Rom curve through the points, cut after a share of its length in control points."""
    ends = [points[0], *points, points[-1]]
    path: list[Point] = []
    for a, b, c, d in zip(ends, ends[1:], ends[2:], ends[3:], strict=False):
        for t in (i / 14 for i in range(14)):
            path.append(
                tuple(
                    0.5 * (2 * q + (r - p) * t + (2 * p - 5 * q + 4 * r - s) * t**2 + (3 * q - p - 3 * r + s) * t**3)
                    for p, q, r, s in zip(a, b, c, d, strict=True)
                )  # type: ignore[arg-type]
            )
    return path[: max(2, round(len(path) * share))]


def crossings(path: Sequence[Point]) -> list[tuple[int, int]]:
    """Pairs of positions along the path where it crosses itself."""

    def side(a: Point, b: Point, p: Point) -> bool:
        return (b[0] - a[0]) * (p[1] - a[1]) > (b[1] - a[1]) * (p[0] - a[0])

    found = []
    for i in range(len(path) - 1):
        for j in range(i + 2, len(path) - 1):
            a, b, p, q = path[i], path[i + 1], path[j], path[j + 1]
            if side(a, b, p) != side(a, b, q) and side(p, q, a) != side(p, q, b):
                found.append((i, j))
    return found


def rope(c: Canvas, path: Sequence[Point], color: str = ROPE) -> None:
    """A rope that passes over and under itself by turns."""

    def strand(part: Sequence[Point]) -> None:
        c.line(part, ROPE_EDGE, 19)
        c.line([part[0], *part, part[-1]], color, 14)

    strand(path)
    visits = sorted(spot for pair in crossings(path) for spot in pair)
    for n, spot in enumerate(visits):
        if n % 2 == 0:
            strand(path[max(0, spot - 4) : spot + 6])


def knot(c: Canvas, s: Settings) -> None:
    kind, stage = s.word("kind"), s.count("stage", 3)
    if kind == "clove":
        c.box(175, 0, 235, 300, "#9a7650", "#5d4226", 3)
    if kind == "halfhitch":
        c.oval(350, 110, 38, 60, None, "#6c737b", 10)
    strands = KNOTS[kind]
    for n, points in enumerate(strands):
        rope(c, curve(points, (0.45, 0.75, 1.0)[stage - 1]), ROPE if n == 0 else "#7fa7c9")
    if len(strands) == 2:
        first = curve(strands[0], (0.45, 0.75, 1.0)[stage - 1])
        c.line(first[len(first) // 4 : len(first) // 2], ROPE_EDGE, 19)
        c.line(first[len(first) // 4 : len(first) // 2], ROPE, 14)


def wheel(c: Canvas, s: Settings) -> None:
    n, tyre = s.count("spokes", 24), s.word("tyre", "round")
    if tyre == "round":
        c.oval(200, 150, 138, 138, None, "#26272b", 16)
    elif tyre == "flat":
        c.oval(200, 150, 134, 134, None, "#26272b", 10)
        c.shape([(120, 268), (280, 268), (255, 292), (145, 292)], "#26272b", None)
    else:
        c.arc(215, 150, 138, 138, 200, 520, "#c46a5a", 8)
    c.oval(200, 150, 118, 118, None, "#8e969e", 8)
    for i in range(n):
        a = 2 * math.pi * i / n
        b = a + (0.35 if i % 2 else -0.35)
        c.line(
            [(200 + 12 * math.cos(b), 150 + 12 * math.sin(b)), (200 + 115 * math.cos(a), 150 + 115 * math.sin(a))],
            "#70777f",
            1.5,
        )
    c.oval(200, 150, 15, 15, "#4a4f57")
    for i in range(s.count("lever")):
        a = -1.9 + i * 0.38
        c.line([(200 + r * math.cos(a), 150 + r * math.sin(a)) for r in (60, 142)], "#2f6fd0", 10)
    if s.count("patch"):
        c.box(312, 60, 346, 88, "#222222", "#e8a33c", 3, radius=6)


def chain(c: Canvas, s: Settings) -> None:
    n, wear, droop = s.count("links", 8), s.number("wear"), s.number("droop")
    gap = (330 + wear * 6) / n
    pins = [(25 + i * gap, 130 + droop * math.sin(math.pi * i / n)) for i in range(n + 1)]
    for i, ((x0, y0), (x1, y1)) in enumerate(zip(pins, pins[1:], strict=False)):
        c.line([(x0, y0), (x1, y1)], "#5b626b" if i % 2 else "#9aa2ab", 26 if i % 2 else 18)
    for x, y in pins:
        c.oval(x, y, 11, 11, "#c6ccd2", INK)
        c.oval(x, y, 2 + wear / 2, 2 + wear / 2, INK)
    c.box(15, 200, 390, 236, "#f0d98a", INK)
    for i in range(25):
        c.line([(25 + i * 13.75, 200), (25 + i * 13.75, 222 if i % 4 == 0 else 211)], INK, 1.5)


def brake(c: Canvas, s: Settings) -> None:
    gap, worn = s.number("gap", 2) * 6, s.count("worn")
    c.arc(200, 420, 330, 330, 240, 300, "#26272b", 44)
    c.arc(200, 420, 292, 292, 238, 302, "#aab2ba", 26)
    y = 112 - gap
    thick = 34 - 8 * worn
    c.shape([(120, y + 6), (280, y + 6), (280, y - thick), (120, y - thick)], "#3a3d43")
    for x in range(140, 280, 28):
        if worn < 3:
            c.line([(x, y + 6), (x, y - thick + 14)], "#c4c8cd", 4)
    c.box(190, 20, 210, y - thick, "#8e969e")
    c.line([(200, 22), (330, 8)], "#4a4f57", 12)


def bike(c: Canvas, s: Settings) -> None:
    c.ground(268, "#b9c3ae")
    for x in (105, 300):
        c.oval(x, 205, 62, 62, None, "#26272b", 7)
        for i in range(12):
            a = math.pi * i / 6
            c.line([(x, 205), (x + 58 * math.cos(a), 205 + 58 * math.sin(a))], "#9aa2ab", 1)
    top = 125 - s.number("saddle", 50) * 0.55
    frame = "#2b7a78"
    c.line([(105, 205), (195, 205), (165, 125), (105, 205)], frame, 7)
    c.line([(195, 205), (275, 120), (165, 125)], frame, 7)
    c.line([(275, 120), (300, 205)], frame, 7)
    c.line([(165, 128), (160, top)], "#70777f", 6)
    c.line([(136, top), (186, top - 3)], "#3d2418", 12)
    c.line([(275, 120), (268, 82), (292, 78)], "#33363b", 7)
    c.oval(195, 205, 16, 16, None, "#33363b", 4)
    c.line([(195, 205), (205, 235)], "#33363b", 5)


def circuit(c: Canvas, s: Settings) -> None:
    """Parts on a ring of wire: up to four, at left, top, right and bottom."""
    parts = s.word("parts").split(",")
    places = [(80, 150), (200, 60), (320, 150), (200, 240)]
    if len(parts) == 3:
        places = [(80, 150), (200, 60), (320, 150)]
    c.line([(80, 60), (320, 60), (320, 240), (80, 240), (80, 60)], "#31333a", 4)
    for part, (x, y) in zip(parts, places, strict=False):
        c.box(x - 34, y - 30, x + 34, y + 30, "#ffffff", None)
        _part(c, part, x, y, s)
        c.text(x, y + 42, part, 13, "#5a5f68", "mm")


def _part(c: Canvas, part: str, x: float, y: float, s: Settings) -> None:
    lit = bool(s.count("lit"))
    if part == "battery":
        c.box(x - 26, y - 16, x + 22, y + 16, "#d9553f", INK)
        c.box(x + 22, y - 6, x + 30, y + 6, "#c9c9c9", INK)
        c.text(x - 2, y, "+  -", 14, "white", "mm")
    elif part == "switch":
        c.line([(x - 34, y), (x - 16, y)], "#31333a", 4)
        c.line([(x + 16, y), (x + 34, y)], "#31333a", 4)
        c.line([(x - 16, y), (x + 16, y if s.count("closed") else y - 24)], "#1d5fae", 5)
        c.oval(x - 16, y, 5, 5, INK)
        c.oval(x + 16, y, 5, 5, INK)
    elif part == "resistor":
        c.box(x - 28, y - 11, x + 28, y + 11, "#e6cfa4", INK, radius=8)
        for k, color in ((-16, "#e5831f"), (-6, "#e5831f"), (4, "#70421a")):
            c.box(x + k, y - 10, x + k + 6, y + 10, color, None)
    elif part == "lamp":
        if lit:
            c.oval(x, y, 30, 30, "#fff0a0", None)
        c.oval(x, y, 20, 20, "#ffd84a" if lit else "#e4e6ea", INK)
        c.line([(x - 14, y - 14), (x + 14, y + 14)])
        c.line([(x - 14, y + 14), (x + 14, y - 14)])
    else:
        if lit:
            c.oval(x, y, 32, 32, "#ffd0c4", None)
        c.shape([(x - 18, y - 16), (x - 18, y + 16), (x + 14, y)], "#f0331f" if lit else "#8f4a44", INK)
        c.line([(x + 14, y - 16), (x + 14, y + 16)], INK, 4)


def breadboard(c: Canvas, s: Settings) -> None:
    c.box(20, 40, 380, 260, "#f3f1ea", "#9a968c", 3, radius=8)
    c.box(26, 146, 374, 154, "#d6d2c6", None)
    for i in range(28):
        for y in (55, 68, 90, 102, 114, 126, 138, 162, 174, 186, 198, 210, 232, 245):
            c.box(32 + i * 12.3, y - 2, 36 + i * 12.3, y + 2, "#4b4b4b", None)
    for y, color in ((48, "#c8322b"), (75, "#2858b8"), (225, "#c8322b"), (252, "#2858b8")):
        c.line([(30, y), (370, y)], color, 1.5)
    wires = [((60, 55), (96, 126), "#c8322b"), ((300, 245), (262, 186), "#222222"), ((120, 174), (230, 90), "#e0a51c")]
    for a, b, color in wires[: s.count("wires")]:
        c.line([a, ((a[0] + b[0]) / 2, min(a[1], b[1]) - 14), b], color, 5)
    if s.count("led"):
        c.line([(170, 138), (170, 108)], "#8e969e", 3)
        c.line([(182, 138), (182, 108)], "#8e969e", 3)
        c.box(160, 70, 192, 112, "#e8402c", INK, radius=14)
    if s.count("button"):
        c.box(286, 132, 326, 168, "#3a3d43", INK, radius=4)
        c.oval(306, 150, 11, 11, "#d9553f")


def joint(c: Canvas, s: Settings) -> None:
    d, kind = s.number("apart"), s.word("kind")
    left, right = "#d8a768", "#b98145"
    if kind == "butt":
        c.box(30, 110, 230 - d / 2, 190, left)
        c.box(230 + d / 2, 40, 310 + d / 2, 260, right)
    elif kind == "mitre":
        c.shape([(30, 110), (270 - d, 110), (190 - d, 190), (30, 190)], left)
        c.shape([(275 + d, 110), (275 + d, 280), (195 + d, 280), (195 + d, 190)], right)
    elif kind == "halflap":
        c.shape([(20, 110), (250 - d, 110), (250 - d, 150), (150 - d, 150), (150 - d, 190), (20, 190)], left)
        c.shape([(380, 190), (150 + d, 190), (150 + d, 150), (250 + d, 150), (250 + d, 110), (380, 110)], right)
    elif kind == "mortise":
        c.box(30, 90, 180 - d, 210, left)
        c.box(180 - d, 125, 250 - d, 175, left)
        c.box(190 + d, 30, 320 + d, 270, right)
        c.box(190 + d, 125, 262 + d, 175, "#7c5227")
    else:
        c.box(30, 60, 190 - d, 240, left)
        c.box(240 + d, 60, 370, 240, right)
        for y in (85, 145, 205):
            c.shape([(190 - d, y - 12), (238 - d, y - 22), (238 - d, y + 22), (190 - d, y + 12)], left)
            c.shape([(240 + d, y - 22), (212 + d, y - 16), (212 + d, y + 16), (240 + d, y + 22)], "#7c5227")
    for y in (128, 172):
        c.line([(45, y), (110, y + 4), (140, y)], "#a9783f", 1.5)
    if s.count("glue"):
        for k in range(4):
            c.oval(170 + 20 * k, 192 + 5 * (k % 2), 7, 5, "#fff6c9", "#c9b469", 1.5)


def plank(c: Canvas, s: Settings) -> None:
    c.shape([(20, 150), (340, 120), (385, 160), (60, 196)], "#dcae72")
    c.shape([(60, 196), (385, 160), (385, 190), (60, 228)], "#b98145")
    for i in range(s.count("marks")):
        x = 110 + i * 38
        c.line([(x, 142 - i * 3), (x + 40, 190 - i * 4), (x + 40, 218 - i * 4)], "#1f4fa3", 2)
    if s.count("saw"):
        c.shape([(120, 40), (330, 105), (322, 130), (112, 96)], "#c7ced5")
        for k in range(18):
            c.line([(118 + k * 11, 98 + k * 1.7), (123 + k * 11, 104 + k * 1.7)], INK, 2)
        c.box(70, 25, 122, 100, "#8a4a22", INK, radius=14)
    for i in range(s.count("clamps")):
        x = 60 + 240 * i
        c.line([(x, 240), (x, 100), (x + 40, 100)], "#33363b", 10)
        c.line([(x, 236), (x + 40, 236)], "#33363b", 10)


def stitch(c: Canvas, s: Settings) -> None:
    kind, n = s.word("kind"), s.count("n", 6)
    c.box(15, 60, 385, 250, "#86a3c3" if kind != "button" else "#7d8f6d", None)
    for y in range(66, 250, 7):
        c.line([(15, y), (385, y)], "#7d99b8" if kind != "button" else "#748665", 1)
    red, gap = "#c22f3d", 340 / max(n, 1)
    for i in range(n):
        x = 30 + i * gap
        if kind == "running":
            c.line([(x, 150), (x + gap * 0.55, 150)], red, 5)
        elif kind == "back":
            c.line([(x, 150), (x + gap * 0.92, 148)], red, 5)
        elif kind == "zigzag":
            c.line([(x, 232), (x + gap / 2, 252), (x + gap, 232)], red, 4)
        elif kind == "hem":
            c.line([(x, 200), (x + gap / 2, 176), (x + gap, 200)], red, 4)
    if kind == "hem":
        c.box(15, 188, 385, 250, None, "#4f6a8a", 3)
    if kind == "button":
        c.oval(200, 150, 70, 70, "#f0e3c8", INK, 4)
        for x, y in ((178, 128), (222, 128), (178, 172), (222, 172)):
            c.oval(x, y, 8, 8, "#54402a")
        c.line([(178, 128), (222, 172)], red, 5)
        c.line([(222, 128), (178, 172)], red, 5)
    if s.count("needle"):
        c.line([(275, 140), (372, 84)], "#dfe4e8", 6)
        c.line([(372, 84), (390, 40), (330, 20)], red, 2)


def cloth(c: Canvas, s: Settings) -> None:
    for i in range(s.count("pieces", 1)):
        c.box(40 + 30 * i, 50 + 22 * i, 330 + 30 * i, 220 + 22 * i, ("#d98a86", "#8fb0a6")[i % 2], INK)
    for i in range(s.count("fold")):
        y = 180 - 34 * i
        c.line([(42, y), (330, y)], "#5f2f2d", 2, dashed=True)
        c.box(42, y, 330, y + 16, "#eab4b0", None)
    for i in range(s.count("pins")):
        x = 62 + i * 260 / max(1, s.count("pins"))
        c.line([(x, 164), (x + 8, 214)], "#707880", 3)
        c.oval(x, 162, 6, 6, "#f2c230")


SCENES: dict[str, Scene] = {
    "knot": knot, "wheel": wheel, "chain": chain, "brake": brake, "bike": bike, "circuit": circuit,
    "breadboard": breadboard, "joint": joint, "plank": plank, "stitch": stitch, "cloth": cloth,
}  # fmt: skip
