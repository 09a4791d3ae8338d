"""A build on a Ray cluster that loses a node in every stage: are its files those of a build on one machine?

usage: ray_kill.py [--documents 1000] [--folder DIR]

Three raylets on this machine: a head without processors, and two workers with one each. In each of harvest, filter,
rewrite and shard, as soon as files of the stage appear, one worker is killed without a goodbye and another one added.
Prints JSON: for each kill how many files of the stage there were then and in the end, and whether all files are equal.
Exit code 1 if a file differs or a stage lost no node in its middle.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml
from corpus import write_corpus

from leafinstruct.engine import on_engine
from leafinstruct.pipeline import load_pipeline
from leafinstruct.progress import Progress
from leafinstruct.run import Run

FILES = {"harvest": "documents/*.parquet", "filter": "scores/*/*.parquet", "rewrite": "written/*.parquet"}
FILES["shard"] = "shards/*.parquet"
PAGES = 25
"""Pages of a file, and so of a partition: small, that each stage has tasks left when a node goes."""
APART = ("timings.json", ".")
"""Beginnings of the names of files that tell of a build and not of what it made."""


def kill_in_each_stage(cluster: Any, run: Path, build: subprocess.Popen[bytes]) -> dict[str, int]:
    """Kill the older worker of the cluster once in each stage while `build` runs. Returns files there, by stage."""
    nodes, there = [cluster.add_node(num_cpus=1), cluster.add_node(num_cpus=1)], {}
    for stage, pattern in FILES.items():
        while not (found := len(list(run.glob(pattern)))):
            if build.poll() is not None:
                return there
            time.sleep(0.02)
        cluster.remove_node(nodes.pop(0), allow_graceful=False)
        there[stage] = found
        nodes.append(cluster.add_node(num_cpus=1))
    return there


def compare(folder: Path, documents: int) -> dict[str, Any]:
    from ray.cluster_utils import Cluster

    path = write_corpus(folder, documents, PAGES)
    value = yaml.safe_load(path.read_text())
    plain, on_ray = Run(folder / "local"), Run(folder / "ray")
    value["shard"] = {"max_shard_bytes": 12_000_000}
    path.write_text(yaml.safe_dump(value))
    start = time.perf_counter()
    on_engine("local", plain, load_pipeline(path), "shard", 1, {"progress": Progress(quiet=True)})
    seconds = {"local": round(time.perf_counter() - start, 1)}
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    path.write_text(yaml.safe_dump({**value, "ray": {"address": cluster.address}}))
    start = time.perf_counter()
    command = [sys.executable, "-m", "leafinstruct", "build", path, "--run", on_ray.path, "--stage", "shard"]
    with subprocess.Popen(
        [*command, "--engine", "ray"], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    ) as running:
        there = kill_in_each_stage(cluster, on_ray.path, running)
    seconds["ray"] = round(time.perf_counter() - start, 1)
    cluster.shutdown()
    names = files(plain.path)
    other = [name for name in names if not same(plain.path / name, on_ray.path / name)]
    kills = {s: {"there": n, "in_all": len(list(on_ray.path.glob(FILES[s])))} for s, n in there.items()}
    return {
        "documents": sum(Run(plain.place).table(f"documents/{n}.parquet", ["id"]).num_rows for n in plain.partitions()),
        "files": len(names),
        "equal": not other and names == files(on_ray.path),
        "other": other[:10],
        "killed_after_files": kills,
        "seconds": seconds,
    }


def files(folder: Path) -> list[str]:
    found = (str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())
    return sorted(name for name in found if not name.startswith(APART) and not name.endswith(".tmp"))


def same(one: Path, other: Path) -> bool:
    if not other.exists():
        return False
    if one.name != "run.json":
        return one.read_bytes() == other.read_bytes()
    read = [json.loads(p.read_text()) for p in (one, other)]
    for value in read:
        value["pipeline"].pop("ray", None)
    return read[0] == read[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=1000)
    parser.add_argument("--folder", type=Path, help="Keep corpus and runs there; by default they are thrown away.")
    options = parser.parse_args()
    os.environ["PYTHONPATH"] = os.pathsep.join(sys.path)
    with tempfile.TemporaryDirectory() as folder:
        result = compare(options.folder or Path(folder), options.documents)
    print(json.dumps(result, indent=1))
    kills = result["killed_after_files"]
    whole = set(kills) == set(FILES) and all(k["there"] < k["in_all"] for k in kills.values())
    sys.exit(not (result["equal"] and whole))


if __name__ == "__main__":
    main()
