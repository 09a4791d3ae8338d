"""Peak memory of harvesting a WARC file of few and of many pages.

    python benchmarks/scale/harvest_memory.py [--pages 1000 10000] [--repeats 3]

Writes WARC files of pages with three images each, harvests each in a process of its own (one worker), and prints JSON:
peak resident memory in MiB by number of pages, median of the repeats, and the growth.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

WORDS = [f"word{n}" for n in range(2000)]
PIPELINE = """
name: made
sources:
  - {name: web, kind: warc, path: web/*.warc.gz}
filters: [seen]
"""


def record(url: str, body: bytes, mime: str) -> bytes:
    message = f"HTTP/1.1 200 OK\r\nContent-Type: {mime}\r\n\r\n".encode() + body
    head = (
        f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: {url}\r\nWARC-Date: 2024-01-01T00:00:00Z\r\n"
        f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(message)}\r\n\r\n"
    )
    return gzip.compress(head.encode() + message + b"\r\n\r\n", 1, mtime=0)


def write_warc(path: Path, pages: int) -> None:
    import numpy as np
    import PIL.Image

    out = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 255, (240, 320, 3), dtype=np.uint8)
    PIL.Image.fromarray(noise).save(out, "JPEG", quality=50)
    picture = out.getvalue()
    chance = random.Random(0)
    with path.open("wb") as file:
        for page in range(pages):
            body = ["<html><head><title>A page</title></head><body><article><h1>A page</h1>"]
            for number in range(3):
                body.append(f"<p>{' '.join(chance.choices(WORDS, k=120))}.</p><p><img src='/{page}/{number}.jpg'></p>")
                url = f"http://site{page % 97}.org/{page}/{number}.jpg"
                file.write(record(url, picture + str((page, number)).encode(), "image/jpeg"))
            text = "".join([*body, "</article></body></html>"])
            file.write(record(f"http://site{page % 97}.org/{page}.html", text.encode(), "text/html"))


def harvest_once(root: str) -> None:
    from leafinstruct.context import Context
    from leafinstruct.engine.local import run_tasks
    from leafinstruct.harvest import stage
    from leafinstruct.pipeline import load_pipeline
    from leafinstruct.progress import Progress
    from leafinstruct.run import Run

    with tempfile.TemporaryDirectory(dir=root) as run:
        start = time.monotonic()
        pipeline = load_pipeline(Path(root) / "pipelines/made.yaml")
        context = Context(Run(Path(run)), pipeline, run_tasks, progress=Progress(quiet=True))
        stage.run(context)
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        seconds = round(time.monotonic() - start, 1)
        found = Counter[str]()
        for name in context.run.partitions():  # counted after the measurement, as it is no part of the harvest
            kinds = context.run.table(f"documents/{name}.parquet", ["parts"])["parts"].to_pylist()
            found.update(pages=len(kinds), images=sum(part["type"] == "image" for parts in kinds for part in parts))
    print(json.dumps({**found, "seconds": seconds, "MiB": most}))


def peak(root: Path) -> dict[str, float]:
    """Run one harvest in a process; what it found and its peak resident memory."""
    code = "import sys; sys.path.insert(0, sys.argv[1]); import harvest_memory as h; h.harvest_once(sys.argv[2])"
    done = subprocess.run(
        [sys.executable, "-c", code, str(Path(__file__).parent), str(root)], check=True, capture_output=True, text=True
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, nargs=2, default=[1000, 10000])
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    results: dict[int, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for pages in options.pages:
            root = Path(folder) / str(pages)
            for name in ("web", "pipelines"):
                (root / name).mkdir(parents=True)
            (root / "pipelines/made.yaml").write_text(PIPELINE)
            write_warc(root / "web/a.warc.gz", pages)
            runs = [peak(root) for _ in range(options.repeats)]
            assert all(run["pages"] == pages and run["images"] == 3 * pages for run in runs), runs
            results[pages] = {
                "warc MiB": round((root / "web/a.warc.gz").stat().st_size / 2**20),
                "peak MiB": [round(run["MiB"]) for run in runs],
                "median": round(statistics.median(run["MiB"] for run in runs), 1),
                "seconds": [run["seconds"] for run in runs],
            }
    few, many = (results[pages]["median"] for pages in options.pages)
    print(json.dumps({"by pages": results, "growth": round(many / few - 1, 3)}, indent=1))


if __name__ == "__main__":
    main()
