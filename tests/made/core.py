"""Small documents, images, pipelines and score tables for the tests of the core."""

from __future__ import annotations

import hashlib
import io
import random
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import PIL.Image
import PIL.ImageDraw
import pyarrow as pa
import yaml

from leafinstruct.document import Document, Image, LostImage, Part, digest
from leafinstruct.pipeline import Pipeline, load_pipeline
from leafinstruct.rules.filter import Filter

SCORERS = """
from __future__ import annotations
from leafinstruct.score.base import Column, DocumentScorer, ModelScorer

class Made(DocumentScorer):
    columns = (
        Column("size", "image", "float", "", ""),
        Column("flag", "image", "int", "", ""),
        Column("words", "document", "int", "", ""),
        Column("odds", "document", "float", "", ""),
        Column("tone", "document", "text", "", ""),
        Column("group", "document", "text", "", ""),
    )
    def score(self, document):
        return []

class Seen(ModelScorer):
    model = "clip"
    columns = (Column("context_similarity", "image", "float", "", ""),)
    def load(self, pool): ...
    def score(self, items, open_image): ...
"""


def text(words: str, **more: Any) -> Part:
    return Part("text", text=words, **more)


def image(name: str, **more: Any) -> Part:
    return Part("image", image=digest(name), **more)


def document(name: str, parts: Iterable[Part] = (), lost: Iterable[LostImage] = (), **more: Any) -> Document:
    fields = {"site": "a.example", "url": f"https://a.example/{name}", "license": "CC0-1.0", "title": "", "topic": ""}
    return Document(
        id=name, source="made", path=name, language=more.pop("language", "en"),
        parts=tuple(parts), lost=tuple(lost), **{**fields, **more},
    )  # fmt: skip


def picture(pixels: PIL.Image.Image | None = None, kind: str = "PNG", **save: Any) -> Image:
    """An image of the corpus; its header is believed as it is."""
    pixels = pixels or PIL.Image.linear_gradient("L").resize((40, 20))
    out = io.BytesIO()
    pixels.save(out, kind, **save)
    return image_of(out.getvalue(), kind.lower(), *pixels.size)


def scene(seed: int) -> PIL.Image.Image:
    """An RGB picture of 400 x 300 pixels with a few colored shapes, another one for each seed."""
    draw = random.Random(seed)
    pixels = PIL.Image.new("RGB", (400, 300), tuple(draw.randrange(256) for _ in range(3)))
    pen = PIL.ImageDraw.Draw(pixels)
    for _ in range(12):
        x, y = draw.randrange(320), draw.randrange(220)
        box = (x, y, x + draw.randrange(30, 160), y + draw.randrange(30, 120))
        (pen.ellipse if draw.random() < 0.5 else pen.rectangle)(box, fill=tuple(draw.randrange(256) for _ in range(3)))
    return pixels


def image_of(data: bytes, kind: str = "png", width: int | None = 40, height: int | None = 20) -> Image:
    return Image(hashlib.sha256(data).hexdigest(), data, kind, width, height, "https://a.example/i")


def rule(name: str, drop: str, when: str = "", **more: Any) -> dict[str, Any]:
    return {"name": name, "drop": drop, "origin": "own", **({"when": when} if when else {}), **more}


def project(folder: Path, filters: Mapping[str, Any], /, **keys: Any) -> Path:
    """A project folder whose pipeline applies the filters in order; a list of rules stands for the made scorer."""
    (folder / "filters").mkdir(parents=True, exist_ok=True)
    (folder / "pipelines").mkdir(exist_ok=True)
    (folder / "scorers.py").write_text(SCORERS)
    for name, content in filters.items():
        whole = {"scorer": "./scorers.py:Made", "rules": content} if isinstance(content, list) else content
        (folder / "filters" / f"{name}.yaml").write_text(yaml.safe_dump(whole))
    pipeline = {"sources": [{"name": "made", "kind": "tutorial", "path": "*"}], "filters": list(filters), **keys}
    path = folder / "pipelines" / "made.yaml"
    path.write_text(yaml.safe_dump(pipeline))
    return path


def pipeline(folder: Path, filters: Mapping[str, Any], /, **keys: Any) -> Pipeline:
    return load_pipeline(project(folder, filters, **keys), resolve_models=False)


def named(made: Pipeline, name: str) -> Filter:
    return next(f for f in made.filters if f.name == name)


def scores(made: Pipeline, owner: str, rows: Iterable[dict[str, Any]]) -> dict[str, pa.Table]:
    """Score table of one filter, as a run holds it."""
    scorer = named(made, owner).scorer
    assert scorer
    return {owner: scorer.table(rows)}
