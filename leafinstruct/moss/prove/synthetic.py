"""Generated shards with known structure: the text describes the images, so a correct trainer must find the relation.

Written like any published shard, and read back the same way. With `mixed` 1, every record has another's images: the
pairing test must then find nothing.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

COLORS = {
    "red": (208, 48, 40),
    "green": (48, 152, 72),
    "blue": (40, 88, 200),
    "yellow": (240, 208, 64),
    "white": (248, 248, 248),
    "black": (24, 24, 24),
}
SHAPES = ("square", "disc", "triangle", "bar", "column", "frame")
CORNERS = {
    "top left": (0.25, 0.25),
    "top right": (0.25, 0.75),
    "bottom left": (0.75, 0.25),
    "bottom right": (0.75, 0.75),
}
_SIDE = 32  # pixels, the tiny model's own size
_FINE = 2  # drawn this many times larger and averaged down: smooth edges, as in drawings and photographs
_GRAIN = 3.0  # standard deviation of 255
_LICENSE = "CC0-1.0"


@dataclass(frozen=True, slots=True)
class Scene:
    """A shape of one color in a corner, on a ground that then gets another color. The text leaves some things out:
    `center` (down, right) and `size` (half of its width) are fractions of the image, light falls off in the direction
    `light` (radians), and `grain` seeds its noise."""

    shape: str
    color: str
    corner: str
    ground: str
    later: str
    center: tuple[float, float]
    size: float
    light: float
    grain: int

    def png(self, ground: str) -> bytes:
        """The scene on a ground of that color as PNG, 32 x 32 pixels."""
        from PIL import Image

        y, x = (np.mgrid[0 : _SIDE * _FINE, 0 : _SIDE * _FINE] + 0.5) / (_SIDE * _FINE)
        along = x * np.cos(self.light) + y * np.sin(self.light)
        lit = np.interp(along, (along.min(), along.max()), (0.55, 1.0))[..., None]
        inside = self._inside(y - self.center[0], x - self.center[1])[..., None]
        fine = np.where(inside, COLORS[self.color], lit * COLORS[ground])
        pixels = fine.reshape(_SIDE, _FINE, _SIDE, _FINE, 3).mean((1, 3))
        pixels += np.random.default_rng(self.grain).normal(0, _GRAIN, pixels.shape)
        file = io.BytesIO()
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(file, "PNG")
        return file.getvalue()

    def _inside(self, down: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Bool: which points, given from the shape's center, are in it."""
        size, box = self.size, np.maximum(abs(down), abs(right))
        if self.shape == "disc":
            return down**2 + right**2 < size**2
        if self.shape == "triangle":
            return (down < size) & (2 * abs(right) < down + size)
        if self.shape == "bar":
            return (abs(down) < 0.4 * size) & (abs(right) < 1.2 * size)
        if self.shape == "column":
            return (abs(down) < 1.2 * size) & (abs(right) < 0.4 * size)
        if self.shape == "frame":
            return (box < size) & (box > 0.6 * size)
        return box < size

    def messages(self, edit: bool) -> list[dict[str, Any]]:
        """The user asks for both images, or (`edit`) shows the first and asks for the second."""
        image = {"type": "image", "text": ""}
        thing = f"{self.color} {self.shape}, {self.corner}"
        if edit:
            return [
                _message("user", f"This {thing}, is on {self.ground}.", image, f"Make it {self.later}."),
                _message("assistant", f"Now {self.later}:", image),
            ]
        return [
            _message("user", f"Paint a {thing}, on {self.ground}, then on {self.later}."),
            _message("assistant", f"{self.ground.capitalize()} first:", image, f"Then {self.later}:", image),
        ]


def write_synthetic(folder: Path, records: int = 600, held_out: int = 60, seed: int = 0, mixed: float = 0.0) -> None:
    """Write `train-…` (records) and `validation-…` (held_out) shards into a folder. Every fourth record is an edit.
    `mixed` is the share of records that show the images of others."""
    folder.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(seed)
    for split, count in (("train", records), ("validation", held_out)):
        scenes = [_scene(generator) for _ in range(count)]
        some = generator.permutation(count)[: round(count * mixed)]
        shown = list(scenes)
        for place, other in zip(some, np.roll(some, 1), strict=True):
            shown[place] = scenes[other]
        rows = [_row(split, number, scenes[number], shown[number]) for number in range(count)]
        rows.sort(key=lambda row: hashlib.sha256(row["id"].encode()).digest())
        write_shard(rows, folder / f"{split}-00000-of-00001.parquet")


def write_shard(rows: list[dict[str, Any]], file: Path) -> None:
    """Write rows in the published form with the metadata by which `datasets` recognizes an image; bytes stay
    unchanged."""
    import datasets
    import pyarrow as pa
    import pyarrow.parquet as pq

    text = datasets.Value("string")
    number = datasets.Value("int32")
    columns = ("id", "task", "source", "document", "path", "url", "site", "license", "topic", "language")
    facts = ("sha256", "source_sha256", "url", "license", "caption", "generated_caption", "caption_model")
    features = datasets.Features(
        dict.fromkeys(columns, text)
        | {
            "messages": datasets.List({"role": text, "content": datasets.List({"type": text, "text": text})}),
            "images": datasets.List(datasets.Image()),
            "image_meta": datasets.List(
                dict.fromkeys(facts, text)
                | {"width": number, "height": number, "clip_score": datasets.Value("float64")}
            ),
            "scores": datasets.List({"name": text, "value": datasets.Value("float64")}),
            "schema_version": number,
            "pipeline_version": text,
        }
    )
    pq.write_table(pa.Table.from_pylist(rows, schema=features.arrow_schema), file)


def _scene(generator: np.random.Generator) -> Scene:
    color, ground, later = generator.choice(list(COLORS), 3, replace=False)
    corner = str(generator.choice(list(CORNERS)))
    down, right = np.array(CORNERS[corner]) + generator.uniform(-0.07, 0.07, 2)
    return Scene(
        shape=str(generator.choice(SHAPES)),
        color=str(color),
        corner=corner,
        ground=str(ground),
        later=str(later),
        center=(float(down), float(right)),
        size=float(generator.uniform(0.1, 0.22)),
        light=float(generator.uniform(0, 2 * np.pi)),
        grain=int(generator.integers(2**31)),
    )


def _message(role: str, *parts: str | dict[str, str]) -> dict[str, Any]:
    return {"role": role, "content": [{"type": "text", "text": p} if isinstance(p, str) else p for p in parts]}


def _row(split: str, number: int, scene: Scene, shown: Scene) -> dict[str, Any]:
    images = [shown.png(shown.ground), shown.png(shown.later)]
    edit = number % 4 == 3
    return {
        "id": f"{split}-{number:05d}",
        "task": "edit" if edit else "steps",
        "source": "synthetic",
        "document": f"{split}-{number:05d}",
        "path": "",
        "url": "",
        "site": "synthetic",
        "license": _LICENSE,
        "topic": scene.shape,
        "language": "en",
        "messages": scene.messages(edit),
        "images": [{"bytes": data, "path": None} for data in images],
        "image_meta": [_meta(data) for data in images],
        "scores": [],
        "schema_version": 2,
        "pipeline_version": "synthetic",
    }


def _meta(data: bytes) -> dict[str, Any]:
    sha = hashlib.sha256(data).hexdigest()
    return {
        "sha256": sha,
        "source_sha256": sha,
        "width": _SIDE,
        "height": _SIDE,
        "url": "",
        "license": _LICENSE,
        "caption": "",
        "clip_score": None,
        "generated_caption": None,
        "caption_model": None,
    }
