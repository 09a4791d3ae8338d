"""Memory of the filters without a model, by the number of documents.

usage: filter_memory.py [--documents 1000 10000] [--repeats 3] [--filters NAME ...] [--folder DIR]

Makes a run of so many documents in partitions of 100: six sites, two texts of some 100 words with lines that pages of
the site share, two drawn images of their own and one that others show too. Then, each in a process of its own: all
partitions scored by all filters together, as one worker of the filter stage does it; and for each filter that looks at
the whole corpus its corpus file made of the signatures. Prints JSON: peaks of resident memory in MiB, medians of the
repeats, and growth from the fewer documents to the more.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import random
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import PIL.Image

from leafinstruct.context import Job
from leafinstruct.document import Document, Image, Part, documents_to_table, images_to_table
from leafinstruct.filter.cpu_scores import reduce_corpus, score_partition
from leafinstruct.pipeline import load_pipeline
from leafinstruct.run import Run
from leafinstruct.score.base import CorpusScorer

PARTITION, SITES = 100, 6
WITHOUT_MODEL = ["image", "seen", "shared_images", "exact", "duplicates", "boilerplate"]
WITHOUT_MODEL += ["repeats", "text", "ratios", "pointers", "pii"]


def picture(number: int) -> Image:
    pixels = PIL.Image.new("RGB", (64, 48), (number % 256, number // 256 % 256, number // 65536 % 256))
    out = io.BytesIO()
    pixels.save(out, "PNG")
    data = out.getvalue()
    return Image(hashlib.sha256(data).hexdigest(), data, "PNG", 64, 48, f"{number}.png")


def make_partition(draw: random.Random, first: int) -> tuple[list[Document], list[Image]]:
    documents, images = [], []
    for number in range(first, first + PARTITION):
        shown = [picture(2 * number), picture(2 * number + 1), picture(2 * draw.randrange(number + 1))]
        images += shown
        lines = [" ".join(f"word{int(draw.paretovariate(0.6)) % 20000}" for _ in range(25)) for _ in range(8)]
        lines.append(f"This page is number one of site {number % SITES}")
        parts = [Part("text", text="\n".join(lines[:4]))]
        parts += [Part("image", image=image.sha256) for image in shown]
        parts.append(Part("text", text="\n".join(lines[4:])))
        name = hashlib.sha256(str(number).encode()).hexdigest()[:20]
        url = f"https://site{number % SITES}.example/{number}"
        site = f"site{number % SITES}.example"
        documents.append(Document(name, "made", site, url, name, "CC0-1.0", "", "", "en", tuple(parts)))
    return sorted(documents, key=lambda d: d.id), images


def make_run(run: Run, size: int) -> None:
    draw, names = random.Random(0), []
    for first in range(0, size, PARTITION):
        names.append(f"made-{first:06d}")
        documents, images = make_partition(draw, first)
        run.commit_table(f"documents/{names[-1]}.parquet", documents_to_table(documents), "made")
        run.commit_table(f"images/{names[-1]}.parquet", images_to_table(images), "made")
    run.commit_json("run.json", {"partitions": [{"name": name} for name in names]})


def alone(root: Path, what: str) -> None:
    """In a process of its own: score all partitions, or make the corpus file of one filter. Tells the peak in MiB."""
    path = root / "pipelines" / "made.yaml"
    job = Job(path, str(root / "run"), load_pipeline(path).digest())
    pipeline, run = job.open()
    if what == "partitions":
        for name in run.partitions():
            score_partition(job, name)
    else:
        index = [owner.name for owner in pipeline.filters].index(what)
        reduce_corpus(job, index, run.partitions(), "made")
    # What getrusage tells would be the parent's peak where that is higher.
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert peak
    print(int(peak[1]) / 1024)


def peak(root: Path, what: str) -> float:
    asked = [sys.executable, __file__, "--root", str(root), "--alone", what]
    return float(subprocess.run(asked, check=True, capture_output=True, text=True).stdout)


def measure(root: Path, size: int, filters: list[str], repeats: int) -> dict[str, float]:
    (root / "pipelines").mkdir(parents=True, exist_ok=True)
    named = f"filters: [{', '.join(filters)}]\n"
    (root / "pipelines" / "made.yaml").write_text("sources: [{name: made, kind: html, path: nowhere}]\n" + named)
    run = Run(root / "run")
    if not run.partitions():
        make_run(run, size)
    found = {"partitions": peak(root, "partitions")}  # once: a second time nothing is stale
    for owner in load_pipeline(root / "pipelines" / "made.yaml").filters:
        if isinstance(owner.scorer, CorpusScorer):
            found[owner.name] = statistics.median(peak(root, owner.name) for _ in range(repeats))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, nargs=2, default=[1000, 10000])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--filters", nargs="+", default=WITHOUT_MODEL)
    parser.add_argument("--folder", type=Path, help="where the runs are made, and kept; a second call makes none")
    parser.add_argument("--root", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--alone", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.alone:
        alone(asked.root, asked.alone)
        return
    with tempfile.TemporaryDirectory() as made:
        root = asked.folder or Path(made)
        few, many = (measure(root / str(size), size, asked.filters, asked.repeats) for size in asked.documents)
    result: dict[str, Any] = {
        what: {"mib": [round(few[what], 1), round(many[what], 1)], "growth": round(many[what] / few[what] - 1, 3)}
        for what in few
    }
    print(json.dumps({"documents": asked.documents, **result}, indent=1))


if __name__ == "__main__":
    main()
