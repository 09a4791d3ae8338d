"""A small run of kept documents for the tests of the audit: recipes and repairs, each with three drawn images."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import PIL.Image

from leafinstruct.context import Context
from leafinstruct.document import Document, Image, Part, document_id, documents_to_table, images_to_table
from leafinstruct.engine.local import run_tasks
from leafinstruct.filter import stage as filter_stage
from leafinstruct.pipeline import Pipeline, load_pipeline
from leafinstruct.progress import Progress
from leafinstruct.run import Run, fingerprint
from made.core import picture, project

TEXT = """take the small bowl and put it on a table then add some water to the flour until it is soft and let it rest
for an hour while you wash your hands with the soap that stands at the window of this old house near the garden"""
WORDS = TEXT.split()


def noise(seed: int) -> Image:
    """A picture of 90 x 70 pixels that looks like no other."""
    draw = random.Random(seed)
    small = PIL.Image.new("RGB", (9, 7))
    small.putdata([(draw.randrange(256), draw.randrange(256), draw.randrange(256)) for _ in range(63)])
    return picture(small.resize((90, 70), PIL.Image.Resampling.BICUBIC))


def sentence(draw: random.Random) -> str:
    return " ".join(draw.sample(WORDS, 14)).capitalize() + "."


def base(number: int, images: list[Image], **more: Any) -> Document:
    """Three steps, each a text of three sentences and an image."""
    draw = random.Random(number)
    parts: list[Part] = []
    for step, image in enumerate(images, 1):
        parts.append(Part("text", " ".join(sentence(draw) for _ in range(3)), step=step))
        parts.append(Part("image", image=image.sha256, step=step))
    fields = {"topic": "cooking" if number % 2 else "repairs", "language": "en", **more}
    name = document_id("made", f"d{number}")
    return Document(
        name, "made", f"site{number % 4}.example", "", f"d{number}", "CC0-1.0", "", parts=tuple(parts), **fields
    )


def kept_run(folder: Path, count: int = 8) -> tuple[Run, Pipeline]:
    """A filtered run of `count` documents and its pipeline, with shipped filters that need no model."""
    filters = ["image", "repeats", "text", "duplicates"]
    path = project(folder, {}, filters=filters)
    pipeline, run = load_pipeline(path), Run(folder / "run")
    images = [[noise(10 * n + i) for i in range(3)] for n in range(count)]
    documents = [base(n, images[n]) for n in range(count)]
    flat = [image for three in images for image in three]
    made_from = fingerprint("made", count)
    run.commit_table("images/made.parquet", images_to_table(flat), made_from)
    run.commit_table("documents/made.parquet", documents_to_table(documents), made_from)
    run.commit_json("run.json", {"partitions": [{"name": "made", "source": "made"}]})
    filter_stage.run(Context(run, pipeline, run_tasks, progress=Progress(quiet=True)))
    return run, pipeline
