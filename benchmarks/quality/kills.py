"""A build with two workers, or a push, is killed at a random moment: does a plain repetition end with the same bytes?

usage: kills.py RESULTS.jsonl [--count 200] [--seed 1] [--folder DIR]

By turns in harvest, filter, rewrite and shard, as soon as the stage has made its first file and after a random part of
the time that the stage takes: the build's own process is killed, or one of its workers, or all at once. Every fifth
trial kills a push to a folder, every tenth one to a server on this machine that speaks the Hub's API. Then the command
is repeated, and what it made is compared. Trials with a result in RESULTS.jsonl are not made again. Prints a table;
exit code 1 unless all results are the same as without a kill.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from trials import Bed, Ended, read, results, table

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))
from made.hub import TOKEN, Hub

FIRST = {"harvest": "index/*/*", "filter": "scores/*/*", "rewrite": "generations/*/*", "shard": "shards/*"}
"""What tells that a stage has begun."""
STAGES = tuple(FIRST)
VICTIMS = ("build", "build", "worker", "all processes")
SECONDS = {"harvest": 0.15, "filter": 0.6, "rewrite": 0.2, "shard": 0.2, "folder": 0.4, "hub": 0.8}
"""About the time from the first file of a stage to the last, or of a push, on a laptop."""
MARK = re.compile(rb"\n<!-- written by leafinstruct: [^>]*-->\n")
WHOLE = "as without a kill"


def children(pid: int) -> list[int]:
    """Processes that a process started, and that these did."""
    try:
        own = [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
    return [*own, *(other for one in own for other in children(one))]


def kill(pid: int, victim: str, chance: random.Random) -> str:
    """Kill the build, one of its workers if it has any, or all. Returns who was killed."""
    below = children(pid)
    workers = [one for one in below if b"spawn_main" in _command(one)]
    if victim == "worker" and workers:
        killed = [chance.choice(workers)]
    else:
        victim, killed = (victim, [pid, *below]) if victim == "all processes" else ("build", [pid])
    for one in killed:
        try:
            os.kill(one, signal.SIGKILL)
        except ProcessLookupError:
            continue
    return victim


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def stage_of(run: Path) -> str:
    """The last stage that has made a file."""
    return next((stage for stage in reversed(STAGES) if any(run.glob(FIRST[stage]))), "before")


def killed_build(bed: Bed, number: int, chance: random.Random) -> dict[str, Any]:
    run, wanted = bed.folder / "run", STAGES[number % len(STAGES)]
    shutil.rmtree(run, ignore_errors=True)
    process = bed.start(bed.arguments(run, "--workers", "2", "--quiet"))
    while process.is_alive() and not any(run.glob(FIRST[wanted])):
        time.sleep(0.002)
    time.sleep(chance.random() * SECONDS[wanted])
    stage = stage_of(run)
    victim = kill(process.pid, chance.choice(VICTIMS), chance)
    first = bed.end(process)
    files = len([path for path in run.rglob("*") if path.is_file()])
    then = bed.build(run, "--quiet")
    halves = [path.name for path in run.rglob("*.tmp")]
    return {
        "where": stage if first.code else "it was done",
        "victim": victim,
        "files": files,
        "result": judged(first, then, bed.same(run) and not halves, victim),
        "said": first.said.splitlines()[-2:],
        "then": then.said.splitlines()[:2] if then.code else [],
    }


def judged(first: Ended, then: Ended, same: bool, victim: str) -> str:
    expected = (0, 2) if victim == "worker" else (0, -signal.SIGKILL)
    if "Traceback" in first.said or first.code not in expected or then.crashed:
        return "crash"
    if then.code != 0:
        return "not finished"
    return WHOLE if same else "other bytes"


def killed_push(bed: Bed, number: int, chance: random.Random, hub: Hub) -> dict[str, Any]:
    to_hub = number % 10 == 9
    where, there = ("hub", "me/garden") if to_hub else ("folder", str(bed.folder / "pushed"))
    shutil.rmtree(bed.folder / "pushed", ignore_errors=True)
    hub.reset()
    arguments = ["push", there, "--pipeline", str(bed.pipeline), "--run", str(bed.whole), "--allow-license", "unknown"]
    process = bed.start(arguments, use_hub, hub.url, str(bed.folder / "hub"))
    time.sleep(chance.random() * SECONDS[where])
    kill(process.pid, "all processes", chance)
    first = bed.end(process)
    then = bed.end(bed.start(arguments, use_hub, hub.url, str(bed.folder / "hub")))
    names = {"data_card.md": "README.md"}
    wanted = {names.get(name, name): data for name, data in bed.shards.items()}
    found = on_hub(hub) if to_hub else published_in(bed.folder / "pushed")
    return {
        "where": f"push to a {where}" if first.code else "it was done",
        "victim": "all processes",
        "files": len(found),
        "result": judged(first, then, found == wanted, "all processes"),
        "said": first.said.splitlines()[-2:],
        "then": then.said.splitlines()[:2] if then.code else [],
    }


def published_in(folder: Path) -> dict[str, bytes]:
    return {path.name: unmarked(path.read_bytes()) for path in folder.glob("[!.]*")}


def on_hub(hub: Hub) -> dict[str, bytes]:
    return {name: unmarked(hub.blobs[entry["sha256"]]) for name, entry in hub.files.items()}


def unmarked(data: bytes) -> bytes:
    """A file without what a push adds to the card."""
    return MARK.sub(b"", data)


def use_hub(url: str, cache: str) -> None:
    os.environ |= {"HF_ENDPOINT": url, "HF_TOKEN": TOKEN, "HF_HOME": cache, "HF_HUB_DISABLE_XET": "1"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    hub = Hub()
    hub.handle_error = lambda *_: None  # type: ignore[method-assign] - of those who are killed
    threading.Thread(target=hub.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as own, results(options.results) as (done, add):
        bed = Bed(options.folder or Path(own, "bed"))
        for number in (n for n in range(options.count) if n not in done):
            chance = random.Random(f"{options.seed} {number}")
            made = (
                killed_push(bed, number, chance, hub)
                if number % 5 == 4
                else killed_build(bed, number // 5 + number, chance)
            )
            add({"trial": number, **made})
            if made["result"] != WHOLE and (bed.folder / "run").exists():
                (bed.folder / "run").rename(bed.folder / f"run-{number}")
    rows = read(options.results)
    print("\n".join([*table(rows, "where"), "", *table(rows, "victim")]))
    sys.exit(any(row["result"] != WHOLE for row in rows))


if __name__ == "__main__":
    main()
