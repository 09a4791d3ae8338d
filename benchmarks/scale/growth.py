"""How time and memory of the stages without models grow with the documents, and what an empty rebuild takes.

usage: growth.py SIZE [SIZE ...] [--light] [--rebuilds 5] [--folder DIR]

For each size a made corpus (light pages with --light, see corpus.py) is built by a process of its own with one worker,
and then built again with nothing left to do, each time by a new process. A build that was killed goes on where it was
with the same --folder, and then tells no seconds. Prints a line of JSON a size: documents, partitions, CPU seconds of
each stage and peak of resident memory in MiB of the first build; of the rebuilds the seconds from the first look at the
run to the end as median, least and most, and apart from these the seconds of start-up (imports, reading the pipeline).
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from corpus import write_corpus


def build_alone(pipeline: Path, place: Path) -> None:
    """Build in this process, and print what it took."""
    begun = time.perf_counter()
    from leafinstruct.build import build
    from leafinstruct.context import Context
    from leafinstruct.engine.local import run_tasks
    from leafinstruct.pipeline import load_pipeline
    from leafinstruct.progress import Progress
    from leafinstruct.run import Run

    context = Context(Run(place), load_pipeline(pipeline), run_tasks, progress=Progress(True))
    start = time.perf_counter()
    build(context, "shard")
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert peak
    told = {
        "cpu_seconds": {stage: round(cpu, 2) for stage, (_, cpu) in context.stages.items()},
        "peak_mib": round(int(peak[1]) / 1024, 1),
        "partitions": len(context.run.partitions()),
        "tasks": len(context.spent),
        "seconds": time.perf_counter() - start,
        "start_up": start - begun,
    }
    print(json.dumps(told))


def measure(folder: Path, documents: int, light: bool, rebuilds: int) -> dict[str, Any]:
    pipeline = write_corpus(folder, documents, light=light)

    def once() -> dict[str, Any]:
        command = [sys.executable, __file__, "--build", pipeline, folder / "run"]
        found: dict[str, Any] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        return found

    whole = not (folder / "run").exists()
    first, again = once(), [once() for _ in range(rebuilds)]
    result: dict[str, Any] = {"documents": documents, "partitions": first["partitions"]}
    if whole:
        result |= {key: first[key] for key in ("cpu_seconds", "peak_mib")}
    seconds = [one["seconds"] for one in again]
    return result | {
        "rebuild_seconds": [round(value, 3) for value in (median(seconds), min(seconds), max(seconds))],
        "rebuild_tasks": sum(one["tasks"] for one in again),
        "start_up_seconds": round(median(one["start_up"] for one in again), 2),
        "rebuild_peak_mib": max(one["peak_mib"] for one in again),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sizes", type=int, nargs="*")
    parser.add_argument("--light", action="store_true")
    parser.add_argument("--rebuilds", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="Keep corpora and runs there; by default they are thrown away.")
    parser.add_argument("--build", type=Path, nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.build:
        build_alone(*options.build)
        return
    for size in options.sizes:
        with tempfile.TemporaryDirectory() as made:
            folder = (options.folder or Path(made)) / str(size)
            print(json.dumps(measure(folder, size, options.light, options.rebuilds)), flush=True)


if __name__ == "__main__":
    main()
