"""Scenes of kitchen, garden and the cupboard: pots, bowls, boards, coffee makers, plants, beds, clocks."""

from __future__ import annotations

import math
import random

from leafinstruct.demo.canvas import INK, Canvas, Scene, Settings

LIQUIDS = {
    "orange": "#e08a35", "water": "#a9d3ea", "berry": "#8e2346", "milk": "#f7f3e6", "green": "#9db668",
    "cream": "#f1dfb4", "white": "#f4f6f4",
}  # fmt: skip
BROWN = ("#f2dfb0", "#d9a55c", "#a8682c", "#5d3417")


def pot(c: Canvas, s: Settings) -> None:
    c.ground(245, "#8b9097")
    c.box(60, 240, 340, 258, "#3b3e44", None)
    for x in (110, 150, 190, 230, 270):
        c.shape([(x, 240), (x + 8, 222), (x + 16, 240)], "#4d7fd6", None)
    fill = s.number("fill", 50)
    c.box(95, 110, 305, 226, "#c9d0d6", radius=10)
    c.box(102, 220 - fill, 298, 220, LIQUIDS[s.word("soup", "water")], None, radius=6)
    for x in (70, 305):
        c.box(x, 130, x + 25, 142, "#3b3e44", None, radius=4)
    if s.count("lid"):
        c.box(88, 98, 312, 112, "#9aa4ad", radius=6)
        c.oval(200, 92, 14, 8, "#3b3e44")
    for i in range(s.count("steam")):
        x = 130 + i * 36
        c.line([(x + 9 * math.sin(k / 2), 86 - 5 * k) for k in range(13)], "#9fb2c2", 4)


def pan(c: Canvas, s: Settings) -> None:
    c.ground(0, "#6d737b")
    c.box(300, 135, 395, 162, "#30333a", radius=10)
    c.oval(175, 150, 145, 120, "#30333a")
    c.oval(175, 150, 128, 104, "#4a4e57", None)
    n, kind, color = s.count("items", 3), s.word("kind"), BROWN[s.count("brown")]
    for i in range(n):
        a, r = 2 * math.pi * i / n + 0.5, 0 if n == 1 else 62
        x, y = 175 + r * math.cos(a), 150 + r * 0.8 * math.sin(a)
        if kind == "onion":
            x, y = 90 + (i * 53) % 170, 90 + (i * 37) % 120
            c.box(x, y, x + 17, y + 15, color, "#8a6a30", 1, radius=3)
        else:
            c.oval(x, y, 44, 35, color, "#7a5220")
            if s.count("brown") == 0:
                for k in range(7):
                    c.oval(x - 24 + (k * 19) % 48, y - 16 + (k * 13) % 32, 3, 2, "#cdb577", None)


def bowl(c: Canvas, s: Settings) -> None:
    c.ground(230, "#b98d5e")
    color, fill = LIQUIDS[s.word("colour", "cream")], s.number("fill", 50)
    c.sector(200, 120, 140, 0, 180, "#5b86a8")
    c.box(150, 240, 250, 258, "#4a7090", None, radius=5)
    c.oval(200, 122, 140, 46, "#e8edf1")
    grow = 0.5 + fill / 220
    c.oval(200, 126, 134 * grow, 40 * grow, color, None)
    dice = random.Random(s.count("bits"))
    for _ in range(s.count("bits")):
        a, r = dice.uniform(0, 6.28), dice.uniform(0, 0.85) * grow
        c.oval(200 + 128 * r * math.cos(a), 126 + 36 * r * math.sin(a), 6, 4, "#6f4a2a", "#f6e6c4", 1)
    if s.count("spoon"):
        c.line([(255, 120), (360, 30)], "#8c949c", 9)
        c.oval(250, 126, 20, 12, "#a7afb7")


def board(c: Canvas, s: Settings) -> None:
    c.box(25, 50, 375, 250, "#c99a62", "#8a6436", 3, radius=18)
    for y in (90, 140, 190):
        c.line([(40, y), (190, y + 6), (360, y)], "#b98a54", 2)
    kind, n = s.word("kind"), s.count("slices", 5)
    colors = {"carrot": "#ee8127", "onion": "#efe6f2", "bread": "#e6c68c", "apple": "#f6efc6"}
    rims = {"carrot": "#c8600f", "onion": "#a86aa8", "bread": "#8f5a22", "apple": "#b3202c"}
    tall = 34 if kind == "carrot" else 58
    step = 250 / max(n, 1)
    for i in range(n):
        x = 70 + i * step
        if kind == "bread":
            c.box(x, 150 - tall, x + min(44, step - 3), 150 + tall * 0.6, "#e6c68c", rims[kind], 5, radius=12)
            continue
        c.oval(x + 14, 155, min(24, 6 + step / 2), tall, colors[kind], rims[kind], 4)
        if kind == "onion":
            c.oval(x + 14, 155, min(15, 3 + step / 3), tall * 0.65, None, rims[kind])
        if kind == "apple":
            c.oval(x + 14, 155, 5, 8, "#7a5a2a", None)
    if s.count("knife"):
        c.shape([(250, 205), (372, 225), (372, 236), (250, 240)], "#cfd6dc")
        c.box(205, 206, 252, 240, "#33261c", None, radius=6)


def tray(c: Canvas, s: Settings) -> None:
    c.box(20, 35, 380, 265, "#70767e", "#3c4046", 4, radius=14)
    c.box(34, 48, 366, 252, "#8d949c", None, radius=8)
    rows, cols, color = s.count("rows", 3), s.count("cols", 4), BROWN[s.count("brown")]
    w, h = 332 / cols, 204 / rows
    for i in range(rows):
        for j in range(cols):
            x, y, r = 34 + w * (j + 0.5), 48 + h * (i + 0.5), 0.4 * min(w, h)
            shape = s.word("shape", "round")
            if shape == "round":
                c.oval(x, y, r, r, color, "#4f3016")
                c.oval(x, y, r * 0.25, r * 0.25, "#6f757d", None)
            elif shape == "square":
                c.box(x - r, y - r, x + r, y + r, color, "#4f3016", radius=3)
            else:
                c.box(x - w * 0.42, y - h * 0.3, x + w * 0.42, y + h * 0.3, color, "#4f3016", radius=40)


def jar(c: Canvas, s: Settings) -> None:
    c.ground(262, "#a98258")
    c.box(120, 60, 280, 270, "#e6f0f4", "#7f99a6", 3, radius=22)
    fill, n = s.number("fill", 50) * 1.9, max(1, s.count("layers", 1))
    colors = ("#8e2346", "#c34a5a", "#e07c86") if n == 3 else ("#e9dfc8", "#fbf6e8", "#ffffff")
    for i in range(n):
        top = 264 - fill * (n - i) / n
        c.box(126, top, 274, 264 - fill * (n - i - 1) / n, colors[n - 1 - i], None, radius=4)
    c.line([(140, 85), (140, 235)], "#ffffff", 5)
    if s.count("lid"):
        c.box(112, 38, 288, 66, "#b23b32", radius=6)


def scale(c: Canvas, s: Settings) -> None:
    c.ground(255, "#b7a58c")
    c.box(90, 200, 310, 260, "#e2e4e8", radius=12)
    c.box(150, 214, 250, 248, "#20342a", None, radius=4)
    c.text(242, 231, f"{s.count('grams')} g", 22, "#8cf0a0", "rm")
    c.sector(200, 110, 95, 0, 180, "#c7d6df")
    c.oval(200, 110, 95, 26, "#eef3f6")
    heap = 20 + min(60, s.number("grams") / 4)
    c.oval(200, 110, heap, heap * 0.28, "#ead9b5" if s.count("grams") > 50 else "#5b3a20", None)


def clockface(c: Canvas, s: Settings) -> None:
    c.oval(200, 150, 130, 130, "#fffdf5", INK, 7)
    for i in range(12):
        a = math.pi * i / 6
        c.line([(200 + r * math.sin(a), 150 - r * math.cos(a)) for r in (105, 120)], INK, 6 if i % 3 == 0 else 3)
    minute, hour = s.number("m"), s.number("h")
    for turn, length, width in ((hour / 12 + minute / 720, 62, 9), (minute / 60, 98, 5)):
        a = 2 * math.pi * turn
        c.line([(200, 150), (200 + length * math.sin(a), 150 - length * math.cos(a))], "#a3282a", width)
    c.oval(200, 150, 8, 8, INK)


def brewer(c: Canvas, s: Settings) -> None:
    c.ground(268, "#8d6a4a")
    kind, water, stage = s.word("kind"), s.number("water"), s.count("stage")
    if kind == "filter":
        c.box(130, 180, 270, 268, "#dfeaf0", "#8199a5", 3, radius=10)
        c.box(136, 264 - 26 * stage, 264, 264, "#4a2a16", None)
        c.shape([(100, 40), (300, 40), (225, 165), (175, 165)], "#f6f4ee", "#9a8d7c", 3)
        if stage:
            half = 32 + water * 0.55
            top = 150 - water
            c.shape([(200 - half, top), (200 + half, top), (222, 160), (178, 160)], "#6b4526", None)
            c.oval(200, top, half, 8, "#8a5f38" if stage == 1 else "#b0a08a", None)
        for y in range(168, 168 + 24 * stage, 8):
            c.oval(200, y, 2, 3, "#4a2a16", None)
    elif kind == "moka":
        c.shape([(140, 268), (260, 268), (240, 175), (160, 175)], "#b4bac1")
        c.shape([(160, 175), (240, 175), (262, 60), (138, 60)], "#c9ced4")
        c.box(152, 262 - water, 248, 262, "#7fb7d9", None)
        if stage:
            c.box(154, 150 - 18 * stage, 246, 160, "#4a2a16", None)
        c.line([(262, 75), (310, 85), (300, 170)], "#23252a", 12)
        c.oval(168, 205, 5, 5, "#b58a2c")
    else:
        c.box(140, 60, 260, 268, "#e6f0f4", "#7f99a6", 3, radius=8)
        c.box(146, 262 - water * 1.9, 254, 262, "#4a2a16", None, radius=4)
        if stage:
            c.box(146, 252 - water * 1.9, 254, 268 - water * 1.9, "#b08b5e", None)
        c.line([(260, 90), (315, 100), (315, 210), (260, 220)], "#23252a", 10)


def plant(c: Canvas, s: Settings) -> None:
    stage = s.count("stage")
    if s.count("pot", 1):
        c.shape([(140, 200), (260, 200), (240, 285), (160, 285)], "#b5623a")
        c.box(132, 188, 268, 206, "#c9764c")
        c.oval(200, 192, 60, 8, "#4b3424", None)
    else:
        c.ground(195, "#6a4a30")
    height = (0, 28, 65, 100, 140, 165)[stage]
    c.line([(200, 192), (197, 192 - height / 2), (200, 192 - height)], "#4f7d3a", 5)
    for i in range((0, 1, 2, 4, 6, 6)[stage]):
        y, r = 192 - height * (i + 1.2) / (stage + 2), 12 + 3 * stage
        for side in (-1, 1):
            tip = (200 + side * r * 2.2, y - 14)
            c.shape([(200, y), (200 + side * r, y - 20), tip, (200 + side * r, y + 4)], "#6aa84f", "#3c6a2a", 1.5)
    if stage == 5:
        for x, y in ((178, 60), (226, 48), (200, 28)):
            for k in range(6):
                a = k * math.pi / 3
                c.oval(x + 9 * math.cos(a), y + 9 * math.sin(a), 6, 6, "#f2c230", None)
            c.oval(x, y, 5, 5, "#a0611b", None)
    if s.count("water"):
        for i in range(9):
            x, y = 250 + (i * 29) % 90, 40 + (i * 41) % 120
            c.shape([(x, y), (x - 5, y + 11), (x, y + 15), (x + 5, y + 11)], "#4f9fd6", None)


def bed(c: Canvas, s: Settings) -> None:
    c.ground(220, "#86a860")
    layers = ("#6b5a3c", "#6f8a3e", "#7a5a34", "#4a3423")
    c.box(40, 110, 360, 262, "#d8c6a5", "#7d5a34", 6)
    for i in range(s.count("filled")):
        c.box(46, 224 - 37 * i, 354, 257 - 37 * i, layers[i], None)
    rows = s.count("rows")
    for i in range(rows):
        x = 40 + 320 * (i + 0.5) / rows
        for k in (-26, 0, 26):
            c.oval(x + k * min(1, 3.2 / rows), 100, 14, 12, "#78b04a", "#3c6a2a", 1.5)
    if s.count("mulch"):
        for i in range(60):
            x = 50 + (i * 47) % 295
            c.line([(x, 112 + i % 6), (x + 12, 108 + i % 9)], "#d9bd62", 2.5)


SCENES: dict[str, Scene] = {
    "pot": pot, "pan": pan, "bowl": bowl, "board": board, "tray": tray, "jar": jar, "scale": scale,
    "clockface": clockface, "brewer": brewer, "plant": plant, "bed": bed,
}  # fmt: skip
