"""Generated shards with known structure: the text says what the images show, so a right trainer must find it.

Written as any published shard is, and read back the same way. With `mixed` 1, every record has another's images: the
pairing test must then find nothing.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

COLOURS = {
    "red": (208, 48, 40),
    "green": (48, 152, 72),
    "blue": (40, 88, 200),
    "yellow": (240, 208, 64),
    "white": (248, 248, 248),
    "black": (24, 24, 24),
}
SHAPES = ("square", "bar", "column", "frame")
CORNERS = {"top left": (0, 0), "top right": (0, 1), "bottom left": (1, 0), "bottom right": (1, 1)}
_SIDE = 32  # pixels, the tiny model's own size
_LICENSE = "CC0-1.0"


@dataclass(frozen=True, slots=True)
class Scene:
    """A shape of one colour in a corner, on a ground that then gets another colour."""

    shape: str
    colour: str
    corner: str
    ground: str
    later: str

    def png(self, ground: str) -> bytes:
        """The scene on a ground of that colour, 32 x 32 pixels."""
        from PIL import Image

        pixels = np.empty((_SIDE, _SIDE, 3), np.uint8)
        pixels[:] = COLOURS[ground]
        down, right = CORNERS[self.corner]
        part = pixels[down * 16 : down * 16 + 16, right * 16 : right * 16 + 16]
        colour = COLOURS[self.colour]
        if self.shape == "square":
            part[2:14, 2:14] = colour
        elif self.shape == "bar":
            part[5:11] = colour
        elif self.shape == "column":
            part[:, 5:11] = colour
        else:
            part[:] = colour
            part[3:13, 3:13] = COLOURS[ground]
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "PNG")
        return file.getvalue()

    def messages(self, edit: bool) -> list[dict[str, Any]]:
        """The user asks for both images, or (`edit`) shows the first and asks for the second."""
        image = {"type": "image", "text": ""}
        thing = f"{self.colour} {self.shape}, {self.corner}"
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
    `mixed` is the part of the records that show the images of others."""
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
    """Write rows of the published form with the metadata by which `datasets` knows an image; bytes stay as they are."""
    import datasets
    import pyarrow as pa
    import pyarrow.parquet as pq

    text = datasets.Value("string")
    number = datasets.Value("int32")
    columns = ("id", "task", "source", "url", "site", "license", "topic", "language")
    meta = dict.fromkeys(("sha256", "source_sha256", "url", "license", "caption"), text)
    features = datasets.Features(
        dict.fromkeys(columns, text)
        | {
            "messages": datasets.List({"role": text, "content": datasets.List({"type": text, "text": text})}),
            "images": datasets.List(datasets.Image()),
            "image_meta": datasets.List(
                meta | {"width": number, "height": number, "clip_score": datasets.Value("float64")}
            ),
            "pipeline_version": text,
        }
    )
    pq.write_table(pa.Table.from_pylist(rows, schema=features.arrow_schema), file)


def _scene(generator: np.random.Generator) -> Scene:
    colour, ground, later = generator.choice(list(COLOURS), 3, replace=False)
    return Scene(
        str(generator.choice(SHAPES)), str(colour), str(generator.choice(list(CORNERS))), str(ground), str(later)
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
        "url": "",
        "site": "synthetic",
        "license": _LICENSE,
        "topic": scene.shape,
        "language": "en",
        "messages": scene.messages(edit),
        "images": [{"bytes": data, "path": None} for data in images],
        "image_meta": [_meta(data) for data in images],
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
    }
