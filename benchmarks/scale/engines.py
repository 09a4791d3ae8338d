"""What an engine and a second worker change: two ways to build the same corpus, side by side, stage by stage.

usage: engines.py [ray:1] [local:1] [--documents 600] [--pairs 5] [--folder DIR]

A way is ENGINE:WORKERS. Both are started, and have their processes build everything once, before the clock runs:
start-up is no part of it. Then they build new runs in alternating pairs, on as many processors as the machine shows.
Prints JSON: for each stage the median of seconds of either, and of seconds of the first over those of the second with
the smallest and largest pair, by the clock and in CPU seconds of all processes (those of Ray's own among them); and
whether all files of both are equal. The pipeline asks no model.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Any

import yaml
from corpus import write_corpus
from ray_kill import files, same

from leafinstruct.build import build
from leafinstruct.context import Context
from leafinstruct.engine.local import LocalEngine
from leafinstruct.pipeline import load_pipeline
from leafinstruct.progress import Progress
from leafinstruct.run import Run

STAGES = ("harvest", "filter", "rewrite", "shard")
Times = tuple[float, float]
"""Seconds of the clock, CPU seconds."""
PAGES = 25
"""Pages of a file, and so of a partition: enough partitions that both workers have work to the end."""
SHARD_BYTES = 12_000_000
"""Small shards, that both workers have some."""


def times() -> tuple[float, float]:
    """Seconds of the clock, and CPU seconds of this process and all that it started."""
    import psutil

    busy = 0.0
    me = psutil.Process()
    for process in (me, *me.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            busy += sum(process.cpu_times()[:2])
    return time.perf_counter(), busy


def started(way: str) -> tuple[Any, int]:
    """The engine of a way, and its workers. Ray counts a processor for each worker: models have none here."""
    name, _, count = way.partition(":")
    if name == "local":
        return LocalEngine(), int(count)
    from leafinstruct.engine.ray import RayEngine, RaySettings

    os.environ.update(RAY_worker_niceness="0")  # Ray has its tasks give way to others, by 15; that is no overhead
    return RayEngine(RaySettings(cpus=0), int(count)), int(count)


def builder(way: str, pipeline: Path, place: Path, asked: Connection) -> None:
    """Build all anew into `place` whenever asked, and answer what each stage took; in a process of its own."""
    engine, workers = started(way)
    while asked.recv():
        shutil.rmtree(place, ignore_errors=True)
        context = Context(Run(place), load_pipeline(pipeline), engine.run_tasks, workers, progress=Progress(quiet=True))
        seen = [times()]
        for stage in STAGES:
            build(context, stage)
            seen.append(times())
        spans = zip((*STAGES, "all"), (*seen[:-1], seen[0]), (*seen[1:], seen[-1]), strict=True)
        asked.send({stage: (last[0] - first[0], last[1] - first[1]) for stage, first, last in spans})
    engine.close()


def compare(ways: list[str], folder: Path, documents: int, pairs: int) -> dict[str, Any]:
    pipeline = write_corpus(folder, documents, PAGES)
    value = yaml.safe_load(pipeline.read_text())
    pipeline.write_text(yaml.safe_dump({**value, "shard": {"max_shard_bytes": SHARD_BYTES}}))
    places = [folder / f"run{number}" for number in range(len(ways))]
    processes = multiprocessing.get_context("spawn")
    pipes = [processes.Pipe() for _ in ways]
    sides = [
        processes.Process(target=builder, args=(way, pipeline, place, theirs))
        for way, place, (_, theirs) in zip(ways, places, pipes, strict=True)
    ]
    for side, (_, theirs) in zip(sides, pipes, strict=True):
        side.start()
        theirs.close()  # that the end of a process is seen here
    spent: list[dict[str, list[Times]]] = [defaultdict(list) for _ in ways]
    for turn in range(pairs + 1):
        for at in (0, 1) if turn % 2 else (1, 0):
            pipes[at][0].send(True)
            for stage, taken in pipes[at][0].recv().items():
                if turn:  # the first pair starts processes and imports
                    spent[at][stage].append(taken)
    for side, (ours, _) in zip(sides, pipes, strict=True):
        ours.send(False)
        side.join()
    names = files(places[0])
    return {
        "ways": ways,
        "documents": documents,
        "partitions": len(Run(places[0]).partitions()),
        "processors": len(os.sched_getaffinity(0)),
        "equal": names == files(places[1]) and all(same(places[0] / name, places[1] / name) for name in names),
        "stages": {stage: told(spent[0][stage], spent[1][stage]) for stage in spent[0]},
    }


def told(first: list[Times], second: list[Times]) -> dict[str, Any]:
    found = {}
    for at, name in enumerate(("clock", "cpu")):
        mine, other = ([one[at] for one in side] for side in (first, second))
        ratios = [a / b for a, b in zip(mine, other, strict=True)]
        found[name] = {
            "seconds": [round(median(mine), 2), round(median(other), 2)],
            "first_over_second": round(median(ratios), 3),
            "interval": [round(min(ratios), 3), round(max(ratios), 3)],
        }
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ways", nargs="*", default=["ray:1", "local:1"])
    parser.add_argument("--documents", type=int, default=600)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="Keep corpus and runs there; by default they are thrown away.")
    options = parser.parse_args()
    if len(options.ways) != 2:
        parser.error("give two ways, such as local:1 local:2")
    os.environ["PYTHONPATH"] = os.pathsep.join(sys.path)
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(compare(options.ways, options.folder or Path(folder), options.documents, options.pairs)))


if __name__ == "__main__":
    main()
