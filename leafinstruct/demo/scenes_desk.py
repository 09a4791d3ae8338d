"""Scenes of desk and sky: paper folding, drawing lessons, screens, numbers, lenses, moon and stars."""

from __future__ import annotations

import math

from leafinstruct.demo.canvas import INK, Canvas, Point, Scene, Settings

FOLDS: dict[str, list[Point]] = {
    "triangle": [(200, 50), (350, 240), (50, 240)],
    "house": [(200, 40), (310, 140), (310, 270), (90, 270), (90, 140)],
    "hat": [(200, 50), (350, 220), (350, 260), (50, 260), (50, 220)],
    "diamond": [(200, 25), (325, 150), (200, 275), (75, 150)],
    "boat": [(30, 150), (370, 150), (290, 240), (110, 240)],
    "kite": [(200, 20), (270, 140), (240, 285), (160, 285), (130, 140)],
    "plane": [(20, 200), (370, 120), (340, 190), (120, 250)],
    "cup": [(120, 80), (280, 80), (310, 260), (90, 260)],
}
STARS: dict[str, list[Point]] = {
    "dipper": [(60, 90), (115, 75), (165, 95), (210, 120), (225, 175), (310, 185), (320, 125)],
    "pointers": [(210, 250), (200, 205), (188, 150), (176, 95), (165, 45)],
    "cassiopeia": [(70, 110), (135, 190), (200, 120), (260, 185), (335, 95)],
    "triangle": [(200, 50), (330, 130), (150, 250), (200, 50)],
}


def fold(c: Canvas, s: Settings) -> None:
    shape, stage = s.word("shape"), s.count("stage", 1)
    points, papers = FOLDS[shape], ("#f5d76e", "#9fd3c7", "#f3a683")
    c.shape(points, papers[stage % 3], INK, 3)
    c.line([(200, min(y for _, y in points)), (200, max(y for _, y in points))], "#5a5f68", 2, dashed=True)
    if shape in ("house", "hat"):
        c.line([points[1], points[-1]], "#5a5f68", 2, dashed=stage == 1)
        c.line([(90, 235), (310, 235)] if shape == "house" else [(50, 220), (350, 220)], INK, 2)
    if shape == "boat":
        c.shape([(200, 40), (245, 150), (155, 150)], "#fff3c4", INK, 3)
        c.line([(10, 250), (120, 262), (240, 250), (390, 262)], "#3f86bf", 5)
    if shape == "cup":
        c.line([(280, 80), (100, 180)], INK, 2, dashed=stage < 3)
        c.line([(120, 80), (302, 200)], INK, 2)
        c.shape([(120, 80), (200, 20), (280, 80)], None if stage < 3 else "#e6f2ee", INK, 2)
    if shape == "plane":
        c.shape([(20, 200), (370, 120), (200, 90)], "#fff3c4", INK, 3)
    if stage == 1:
        c.arc(200, 150, 60, 60, 300, 60, "#c22f3d", 4)
        c.shape([(222, 210), (240, 196), (244, 216)], "#c22f3d", None)


def solid(c: Canvas, s: Settings) -> None:
    tone, left = s.count("tone"), s.word("light", "left") == "left"
    way = 1 if left else -1
    if tone == 3:
        c.oval(200 + 50 * way, 250, 120, 20, "#8c8c8c", None)
    if s.word("shape") == "sphere":
        c.oval(200, 150, 100, 100, "#ffffff" if tone == 0 else "#c4c4c4", INK, 2)
        for i in range(24 if tone >= 2 else 0):
            k = i / 23
            gray = round(90 + 150 * k)
            r = 98 * (1 - k) * 0.95 + 6
            c.oval(200 - 36 * k * way, 150 - 36 * k, r, r, (gray, gray, gray), None)
        if tone == 1:
            c.oval(164, 114, 34, 34, "#ffffff", None)
    else:
        for i in range(40):
            gray = round(90 + 150 * abs(math.cos(i / 40 * 2.2 + (0 if left else 1.1))))
            c.box(130 + i * 3.5, 70, 134 + i * 3.5, 250, (gray, gray, gray), None)
        c.oval(200, 70, 70, 18, "#ededed", INK)
        c.arc(200, 250, 70, 18, 0, 180)


def perspective(c: Canvas, s: Settings) -> None:
    h = s.number("horizon", 45) * 3
    c.ground(0, "#dcebf5")
    c.ground(h, "#cfd8b8")
    c.line([(0, h), (400, h)], "#5a6b78", 2)
    c.shape([(90, 300), (310, 300), (200, h)], "#b9b4ab", INK, 2)
    for i in range(s.count("lines", 2)):
        y = 300 - 26 * i
        c.line([(0, y), (200, h)], "#6b4a2b", 2)
    for i in range(s.count("trees")):
        t = 0.72**i
        x, foot, tall = 200 + 175 * t, h + (290 - h) * t, 150 * t
        c.line([(x, foot), (x, foot - tall)], "#5d4226", 9 * t)
        c.oval(x, foot - tall, 34 * t, 44 * t, "#5d8f4a", "#39602d", 1.5)
    c.oval(200, h, 4, 4, "#c22f3d", None)


def face(c: Canvas, s: Settings) -> None:
    stage = s.count("stage", 1)
    c.oval(200, 150, 96, 130, "#fbead9" if stage > 2 else "#ffffff", INK, 2.5)
    for y in (150, 215, 247)[: 1 if stage == 1 else 3]:
        c.line([(90, y), (310, y)], "#4f86c6", 1.5, dashed=stage > 2)
    if stage >= 2:
        c.line([(200, 15), (200, 285)], "#4f86c6", 1.5, dashed=True)
    if stage >= 3:
        for x in (160, 240):
            c.oval(x, 150, 20, 10, "white", INK)
            c.oval(x, 150, 7, 8, "#4a6b3a", None)
            c.arc(x, 140, 24, 14, 200, 340, INK, 3)
        c.line([(200, 160), (190, 212), (206, 216)], INK, 2.5)
        c.arc(200, 240, 34, 14, 10, 170, "#a8423f", 4)
        for x in (100, 300):
            c.oval(x, 180, 10, 30, "#fbead9", INK)
    if stage == 4:
        for i in range(30):
            a = math.pi * (1.02 + i / 30)
            c.line([(200 + r * math.cos(a), 140 + r * 1.2 * math.sin(a)) for r in (78, 112)], "#5a3a1e", 6)


def window(c: Canvas, s: Settings) -> None:
    """A program's window: menu bar, an open menu, a text or an empty sheet, a dialog box."""
    c.box(10, 10, 390, 290, "#ffffff", "#555b66", 2, radius=6)
    c.box(11, 11, 389, 36, "#3d6fb4", None, radius=5)
    c.text(22, 24, s.word("title", "Untitled"), 13, "white")
    c.box(11, 36, 389, 56, "#e9ecf1", None)
    for i, name in enumerate(("File", "Edit", "Format", "View")):
        x = 22 + i * 58
        if name == s.word("menu") and s.count("open"):
            c.box(x - 8, 37, x + 44, 56, "#bcd0ec", None)
        c.text(x, 46, name, 12)
    _sheet(c, s)
    if s.count("open"):
        _menu(c, s)
    if s.word("dialog"):
        c.box(100, 110, 300, 210, "#f4f5f8", "#555b66", 2, radius=6)
        c.text(115, 128, "Name of the picture:", 12)
        c.box(115, 142, 285, 166, "white", "#3d6fb4", 2)
        c.text(122, 154, "volcano-march", 12)
        c.box(225, 176, 285, 200, "#3d6fb4", None, radius=4)
        c.text(255, 188, "Save", 12, "white", "mm")


def _sheet(c: Canvas, s: Settings) -> None:
    lines = s.count("lines")
    for i in range(lines):
        y, length = 80 + i * 24, 300 - (i * 67) % 110
        if s.count("mark") == i + 1:
            c.box(24, y - 9, 30 + length, y + 9, "#9cc2f2", None)
        c.line([(28, y), (28 + length, y)], "#3a3d43", 9 if s.count("bold") and i == 0 else 4)
    if not lines:
        c.shape([(120, 250), (200, 130), (280, 250)], "#a86b4a", None)
        c.shape([(182, 158), (200, 130), (218, 158)], "#e2502e", None)


def _menu(c: Canvas, s: Settings) -> None:
    entries = {
        "File": ("New", "Save", "Save as", "Print"), "Edit": ("Undo", "Redo", "Cut", "Paste"),
        "Format": ("Italic", "Bold", "Colour", "Size"), "View": ("Marks", "Ruler", "Zoom", "Full"),
    }[s.word("menu")]  # fmt: skip
    x = 14 + ("File", "Edit", "Format", "View").index(s.word("menu")) * 58
    c.box(x, 56, x + 120, 56 + 24 * len(entries) + 4, "#fafbfd", "#555b66", 1.5)
    for i, entry in enumerate(entries):
        chosen = s.count("item") == i + 1
        if chosen:
            c.box(x + 2, 58 + 24 * i, x + 118, 81 + 24 * i, "#3d6fb4", None)
        c.text(x + 12, 70 + 24 * i, entry, 12, "white" if chosen else INK)


def bars(c: Canvas, s: Settings) -> None:
    values, marked = s.numbers("values"), s.numbers("mark")
    w = 360 / len(values)
    for i, value in enumerate(values):
        x, top = 20 + i * w, 250 - value * 24
        c.box(x + 4, top, x + w - 4, 250, "#3f9e6b" if i in marked else "#e2a13a", INK)
        c.text(x + w / 2, 268, str(value), 18, INK, "mm")
    c.line([(15, 251), (385, 251)], INK, 3)


def bits(c: Canvas, s: Settings) -> None:
    width, value = s.count("width", 5), s.count("value")
    step = 380 / width
    for i in range(width):
        worth, x = 2 ** (width - 1 - i), 10 + i * step
        on = bool(value & worth)
        c.box(x + 4, 90, x + step - 4, 200, "#fffdf2" if on else "#6d7fa3", INK, 3, radius=8)
        side = math.ceil(math.sqrt(worth))
        for k in range(worth if on else 0):
            gap = min(18, (step - 18) / side)
            c.oval(
                x + step / 2 + (k % side - (side - 1) / 2) * gap,
                145 + (k // side - (side - 1) / 2) * gap,
                gap / 3,
                None,
                INK,
                None,
            )
        c.text(x + step / 2, 222, "1" if on else "0", 22, INK, "mm")


def tree(c: Canvas, s: Settings) -> None:
    spots = [(200, 50), (110, 140), (290, 140), (60, 235), (155, 235), (245, 235), (340, 235)]
    values, path = s.numbers("values"), s.numbers("path")
    for i in range(1, len(values)):
        both = values[i] in path and values[(i - 1) // 2] in path
        c.line([spots[(i - 1) // 2], spots[i]], "#c22f3d" if both else "#5a5f68", 5 if both else 3)
    for value, (x, y) in zip(values, spots, strict=False):
        c.oval(x, y, 26, 26, "#ffd9d0" if value in path else "#d5e6f5", INK, 3)
        c.text(x, y, str(value), 20, INK, "mm")


def icon(c: Canvas, s: Settings) -> None:
    kind, blue = s.word("kind"), "#2f5f9e"
    c.box(4, 4, 96, 96, "#eef3fa", blue, 4, radius=16)
    if kind == "save":
        c.shape([(22, 22), (68, 22), (78, 32), (78, 78), (22, 78)], blue, None)
        c.box(34, 22, 62, 40, "#eef3fa", None)
        c.box(32, 52, 68, 78, "#eef3fa", None)
    elif kind == "play":
        c.shape([(32, 22), (78, 50), (32, 78)], "#2d9a58", None)
    elif kind == "gear":
        for i in range(8):
            a = i * math.pi / 4
            c.line([(50, 50), (50 + 34 * math.cos(a), 50 + 34 * math.sin(a))], "#5a5f68", 11)
        c.oval(50, 50, 24, 24, "#5a5f68", None)
        c.oval(50, 50, 10, 10, "#eef3fa", None)
    elif kind == "arrow":
        c.shape([(20, 42), (52, 42), (52, 24), (82, 50), (52, 76), (52, 58), (20, 58)], "#c9601f", None)
    elif kind == "bin":
        c.shape([(28, 36), (72, 36), (67, 82), (33, 82)], "#8a3d3d", None)
        c.line([(22, 30), (78, 30)], "#8a3d3d", 6)
        c.line([(42, 22), (58, 22)], "#8a3d3d", 6)
    else:
        c.oval(43, 43, 21, 21, "white", blue, 7)
        c.line([(58, 58), (80, 80)], blue, 10)


def aperture(c: Canvas, s: Settings) -> None:
    size = s.number("open", 5)
    c.oval(200, 150, 140, 140, "#1d1f24", "#6c737b", 8)
    r = 12 + size * 10
    ring = [(200 + r * math.cos(k * math.pi / 4), 150 + r * math.sin(k * math.pi / 4)) for k in range(8)]
    for k, (x, y) in enumerate(ring):
        a = k * math.pi / 4 + 1.1
        c.line([(x, y), (200 + 136 * math.cos(a), 150 + 136 * math.sin(a))], "#5a616b", 3)
    c.shape(ring, "#f4ecd2", "#8e969e", 2)


def thirds(c: Canvas, s: Settings) -> None:
    c.ground(0, "#bfe0f2")
    c.ground(210, "#8fb46a")
    x, y = s.number("x", 33) * 4, s.number("y", 66) * 3
    if s.word("subject") == "tree":
        c.line([(x, y + 50), (x, y - 20)], "#5d4226", 12)
        c.oval(x, y - 50, 48, 52, "#4d8a45", "#2f5c2a", 3)
    else:
        c.box(x - 45, y - 30, x + 45, y + 40, "#e8d3ae", INK, 3)
        c.shape([(x - 55, y - 30), (x, y - 80), (x + 55, y - 30)], "#b3463a", INK, 3)
        c.box(x - 12, y, x + 12, y + 40, "#6b4a2b", INK)
    if s.count("grid"):
        for k in (1, 2):
            c.line([(400 * k / 3, 0), (400 * k / 3, 300)], "white", 2)
            c.line([(0, 100 * k), (400, 100 * k)], "white", 2)


def moon(c: Canvas, s: Settings) -> None:
    phase = s.count("phase") % 8
    c.image.paste("#0e1330", (0, 0, *c.image.size))
    for i in range(25):
        c.oval((i * 83) % 400, (i * 59) % 300, 1.2, 1.2, "#c9d2f0", None)
    c.oval(200, 150, 110, 110, "#2a3050", None)
    light, dark = "#f1ecd6", "#2a3050"
    if phase == 4:
        c.oval(200, 150, 110, 110, light, None)
    elif phase:
        waxing = phase < 4
        c.sector(200, 150, 110, -90 if waxing else 90, 90 if waxing else 270, light)
        k = (phase if waxing else 8 - phase) - 2
        if k:
            c.oval(200, 150, 66, 110, light if k > 0 else dark, None)
    for x, y, r in ((170, 110, 14), (235, 130, 20), (190, 190, 24), (225, 215, 9)):
        c.oval(x, y, r, r, None, "#b9b39a" if phase == 4 else "#3a4060", 2)


def stars(c: Canvas, s: Settings) -> None:
    c.image.paste("#0b1026", (0, 0, *c.image.size))
    for i in range(70):
        c.oval((i * 137) % 400, (i * 89) % 300, 0.8 + i % 3 * 0.4, None, "#8f9cc8", None)
    points = STARS[s.word("figure")]
    if s.count("line"):
        c.line(points, "#4f6fb4", 2, dashed=s.word("figure") == "pointers")
    for i, (x, y) in enumerate(points):
        c.oval(x, y, 6 if i % 2 else 5, None, "#fff6d2", None)
    if s.word("figure") == "pointers":
        c.text(180, 40, "Polaris", 16, "#fff6d2")


def shadow(c: Canvas, s: Settings) -> None:
    hour = s.number("hour", 12)
    c.ground(0, "#cfe6f4")
    c.ground(120, "#a8c07a")
    c.oval(200, 215, 130, 60, "#fffdf5", INK, 3)
    for k in range(12):
        a = 2 * math.pi * k / 12
        c.oval(200 + 118 * math.cos(a), 215 + 52 * math.sin(a), 3, 3, INK)
    a = math.pi * (hour - 12) / 12
    length = 45 + 14 * abs(hour - 12.5)
    c.line([(200, 215), (200 + length * math.sin(a), 215 - 0.45 * length * math.cos(a))], "#6a6a6a", 9)
    c.line([(200, 215), (208, 120)], "#d9902f", 9)
    x = 200 - 30 * (hour - 12)
    c.oval(x, 45 + 8 * abs(hour - 12), 20, 20, "#f9d648", "#e0a51c", 3)


SCENES: dict[str, Scene] = {
    "fold": fold, "solid": solid, "perspective": perspective, "face": face, "window": window, "bars": bars,
    "bits": bits, "tree": tree, "icon": icon, "aperture": aperture, "thirds": thirds, "moon": moon, "stars": stars,
    "shadow": shadow,
}  # fmt: skip
