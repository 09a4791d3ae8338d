"""A build meets a full disk, is stopped, or meets another build of the same run: what does it say, and what comes next?

usage: stops.py RESULTS.jsonl [--count 40] [--seed 1] [--folder DIR]

`--count` trials of each:
- the disk is full from a random write, sync or rename of the build on, to its end: one line which names the file and
  says so, exit code 2;
- Ctrl-C or SIGTERM at a random moment, with one worker or two: one line, exit code 130 or 143;
- two builds of one run that begin within a second: one finishes; the other one says that it is at work, exit code 2, or
  finishes too if it came later.
Then a plain build must finish with the same bytes as ever. Trials with a result in RESULTS.jsonl are not made again.
Prints a table; exit code 1 unless all is right.
"""

from __future__ import annotations

import argparse
import errno
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from trials import Bed, Ended, read, results, table

from leafinstruct.stopping import KEPT

RIGHT = "right"
KINDS = ("full disk", "Ctrl-C", "SIGTERM", "two builds")
OPERATIONS = ("write", "fsync", "replace")
MOST = {"write": 450_000, "fsync": 85, "replace": 85}
"""Bytes that a build writes, and files that it commits: about as many as a whole build's."""
SECONDS = 3.5
"""About the time of a whole build with two workers, with its start."""


def fill_disk(operation: str, left: int) -> None:
    """In this process, the disk is full after `left` bytes of the run, or `left` calls of the operation."""
    from leafinstruct.store import LocalStore

    real, put, count = {"fsync": os.fsync, "replace": os.replace}, LocalStore.put, [left]

    def spend(amount: int) -> None:
        count[0] -= amount
        if count[0] < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    class Limited:
        """A file on the full disk."""

        def __init__(self, out: Any) -> None:
            self.out = out

        def write(self, data: Any) -> int:
            spend(len(data))
            return self.out.write(data)

        def __getattr__(self, name: str) -> Any:
            return getattr(self.out, name)

    def limited_call(*arguments: Any, **more: Any) -> Any:
        spend(1)
        return real[operation](*arguments, **more)

    if operation == "write":
        LocalStore.put = lambda self, name, write: put(self, name, lambda out: write(Limited(out)))  # type: ignore
    else:
        setattr(os, operation, limited_call)


def full_disk(bed: Bed, run: Path, chance: random.Random) -> tuple[bool, dict[str, Any]]:
    operation = chance.choice(OPERATIONS)
    left = chance.randrange(MOST[operation])
    ended = bed.end(bed.start(bed.arguments(run, "--workers", "1", "--quiet"), fill_disk, operation, left))
    lines = ended.said.splitlines()
    told = ended.code == 2 and len(lines) == 1 and "No space left on device" in lines[0] and f"{run}/" in lines[0]
    return told or ended.code == 0, {"where": f"{operation} {left}", "code": ended.code, "said": lines[-2:]}


def started(bed: Bed, run: Path, workers: int) -> subprocess.Popen[str]:
    """A build as from a terminal, in a process group of its own."""
    command = [sys.executable, "-m", "leafinstruct", *bed.arguments(run, "--workers", str(workers), "--quiet")]
    return subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler) and None,
    )


def ended(process: subprocess.Popen[str]) -> Ended:
    _, said = process.communicate(timeout=120)
    return Ended(process.returncode, said)


def stopped(bed: Bed, run: Path, chance: random.Random, number: int) -> tuple[bool, dict[str, Any]]:
    workers, after = chance.choice((1, 2)), chance.random() * SECONDS
    process = started(bed, run, workers)
    time.sleep(after)
    os.killpg(process.pid, number)
    end = ended(process)
    lines = end.said.splitlines()
    early = end.code == -number and not lines  # before Python could say anything, or after the build said all
    told = end.code == 128 + number and lines == [KEPT]
    where = f"after {after:.1f} s, {workers} workers"
    return told or early or (end.code == 0 and not lines), {"where": where, "code": end.code, "said": lines[-2:]}


def two_builds(bed: Bed, run: Path, chance: random.Random) -> tuple[bool, dict[str, Any]]:
    after = chance.random()
    first = started(bed, run, 2)
    time.sleep(after)
    second = started(bed, run, 2)
    ends = [ended(first), ended(second)]
    refused = [end.said.splitlines() for end in ends if end.code == 2]
    told = all(len(lines) == 1 and "another build is at work in this run" in lines[0] for lines in refused)
    right = told and len(refused) < 2 and all(end.code in (0, 2) for end in ends)
    said = [line for end in ends for line in end.said.splitlines()]
    return right, {"where": f"after {after:.1f} s", "code": sorted(end.code or 0 for end in ends), "said": said[-2:]}


def trial(bed: Bed, number: int, seed: int) -> dict[str, Any]:
    run, kind, chance = bed.folder / "run", KINDS[number % len(KINDS)], random.Random(f"{seed} {number}")
    shutil.rmtree(run, ignore_errors=True)
    if kind == "full disk":
        right, row = full_disk(bed, run, chance)
    elif kind == "two builds":
        right, row = two_builds(bed, run, chance)
    else:
        right, row = stopped(bed, run, chance, signal.SIGINT if kind == "Ctrl-C" else signal.SIGTERM)
    then = bed.build(run, "--quiet")
    result = RIGHT if right else "wrong words or code"
    if then.code != 0 or then.crashed:
        result = "not finished"
    elif not bed.same(run) or list(run.rglob("*.tmp")):
        result = "other bytes"
    return {"trial": number, "kind": kind, "result": result, **row, "then": then.said.splitlines()[:2]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    os.environ["PYTHONPATH"] = os.pathsep.join(sys.path)
    with tempfile.TemporaryDirectory() as own, results(options.results) as (done, add):
        bed = Bed(options.folder or Path(own, "bed"))
        for number in (n for n in range(options.count * len(KINDS)) if n not in done):
            row = trial(bed, number, options.seed)
            add(row)
            if row["result"] != RIGHT:
                (bed.folder / "run").rename(bed.folder / f"run-{number}")
    rows = read(options.results)
    print("\n".join([*table(rows, "kind"), "", *table(({**row, "code": str(row["code"])} for row in rows), "code")]))
    sys.exit(any(row["result"] != RIGHT for row in rows))


if __name__ == "__main__":
    main()
