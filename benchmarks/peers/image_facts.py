"""Speed of the image facts against bare Pillow, imagehash on Pillow, and Data-Juicer's size filter with deduplicator.

usage: image_facts.py [--images N] [--repeats 5] [--folder DIR] [--peer PYTHON]

Images are drawn (JPEG, mostly 512 x 384) or, with --folder, read from there. --peer names the Python of an environment
with py-data-juicer 1.6; its operators are timed in its own process, without imports and start. Every pair runs one
after the other in alternating order in single processes. Prints one JSON object: images a CPU second as medians, ratios
as medians with the smallest and largest, and what one pass decodes.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import PIL.Image

from leafinstruct.document import Image
from leafinstruct.images.decode import decode
from leafinstruct.images.header import read_image
from leafinstruct.images.pixels import MAX_PIXELS
from leafinstruct.score.image import Scorer

PEER = """
import json, os, sys
from data_juicer.core.data import NestedDataset
from data_juicer.ops.filter.image_shape_filter import ImageShapeFilter
from data_juicer.ops.deduplicator.image_deduplicator import ImageDeduplicator
paths = json.load(open(sys.argv[1]))
rows = [{"text": "", "images": [p]} for p in paths]
for line in sys.stdin:
    data = NestedDataset.from_list(rows)
    shape = ImageShapeFilter(min_width=64, min_height=32, num_proc=1)
    same = ImageDeduplicator(method="phash", num_proc=1)
    start = sum(os.times()[:4])
    data = shape.run(data)
    data = same.run(data)
    print("TIMES", sum(os.times()[:4]) - start, len(data), flush=True)
"""


def drawn(count: int) -> list[bytes]:
    """JPEG photographs as it were: colored noise, blurred by resizing; a tenth of them larger."""
    draw = random.Random(0)
    made = []
    for _ in range(count):
        bands = [PIL.Image.effect_noise((64, 48), draw.randrange(20, 90)) for _ in range(3)]
        size = (1600, 1200) if draw.random() < 0.1 else (512, 384)
        out = io.BytesIO()
        PIL.Image.merge("RGB", bands).resize(size, PIL.Image.Resampling.BICUBIC).save(out, "JPEG", quality=85)
        made.append(out.getvalue())
    return made


def facts(images: Sequence[Image]) -> None:
    scorer = Scorer({})
    for image in images:
        scorer.measure(image, *decode(image, MAX_PIXELS))


def bare(images: Sequence[Image]) -> None:
    for image in images:
        try:
            PIL.Image.open(io.BytesIO(image.bytes)).load()
        except OSError:
            continue


def hashed(images: Sequence[Image]) -> None:
    import imagehash

    for image in images:
        try:
            pixels = PIL.Image.open(io.BytesIO(image.bytes))
            pixels.load()
        except OSError:
            continue
        imagehash.phash(pixels)


def cpu_seconds(run: Callable[[Sequence[Image]], None], images: Sequence[Image]) -> float:
    start = time.process_time()
    run(images)
    return time.process_time() - start


def compare(images: Sequence[Image], other: Callable[[], float], repeats: int) -> dict[str, Any]:
    """CPU seconds of the facts and of another way, in alternating pairs."""
    mine: list[float] = []
    theirs: list[float] = []
    for turn in range(repeats):
        for ours in (True, False) if turn % 2 else (False, True):
            (mine if ours else theirs).append(cpu_seconds(facts, images) if ours else other())
    ratios = sorted(t / m for m, t in zip(mine, theirs, strict=True))
    rate = [round(len(images) / sorted(times)[repeats // 2], 1) for times in (mine, theirs)]
    return {
        "facts_per_s": rate[0],
        "other_per_s": rate[1],
        "facts_over_other": round(ratios[repeats // 2], 3),
        "interval": [round(ratios[0], 3), round(ratios[-1], 3)],
    }


def peer(python: str, images: Sequence[Image], folder: Path) -> tuple[subprocess.Popen[str], Callable[[], float]]:
    """A process of the peer over the same images on disk, and a function that has it run once."""
    paths = []
    for index, image in enumerate(images):
        path = folder / f"{index}.{image.format or 'jpeg'}"
        path.write_bytes(image.bytes)
        paths.append(str(path))
    (folder / "paths.json").write_text(json.dumps(paths))
    arguments = [python, "-c", PEER, str(folder / "paths.json")]
    process = subprocess.Popen(
        arguments, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )

    def once() -> float:
        assert process.stdin and process.stdout
        process.stdin.write("\n")
        process.stdin.flush()
        for line in process.stdout:
            if line.startswith("TIMES"):
                return float(line.split()[1])
        sys.exit("the peer ended; run its script by hand to see why")

    return process, once


def decodes(images: Sequence[Image]) -> int:
    """How often one pass of the facts opens an image."""
    opened, real = [], PIL.Image.open

    def counted(*arguments: Any, **more: Any) -> Any:
        opened.append(1)
        return real(*arguments, **more)

    PIL.Image.open = counted
    facts(images)
    PIL.Image.open = real
    return len(opened)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=400)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--peer", help="Python of an environment with py-data-juicer")
    arguments = parser.parse_args()
    if arguments.folder:
        files = sorted(p for p in arguments.folder.rglob("*") if p.suffix in (".png", ".jpg", ".jpeg", ".webp", ".gif"))
        random.Random(0).shuffle(files)
        found = [read_image(p.read_bytes(), p.name) for p in files[: arguments.images]]
    else:
        found = [read_image(data, "drawn") for data in drawn(arguments.images)]
    images = [image for image in found if isinstance(image, Image)]
    result: dict[str, Any] = {"images": len(images), "decodes": decodes(images)}
    result["pillow"] = compare(images, lambda: cpu_seconds(bare, images), arguments.repeats)
    result["imagehash"] = compare(images, lambda: cpu_seconds(hashed, images), arguments.repeats)
    if arguments.peer:
        with tempfile.TemporaryDirectory() as folder:
            process, once = peer(arguments.peer, images, Path(folder))
            result["data_juicer"] = compare(images, once, arguments.repeats)
            process.kill()
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
