#!/usr/bin/env python3
"""Harvest of hostile inputs (`hostile_inputs.py`), each next to two good documents: what it costs, how it ends, and
whether the good documents are those of a build without it.

    python benchmarks/quality/hostile.py [--only TEXT] [--workers 1] [--seconds 10] [--megabytes 1000] [--out FILE]

Each build is a process group of its own. CPU seconds are those of all its processes, above those of the build without
the hostile input; memory is the highest resident set of one of them, above the highest of that build. Prints a line for
each input. Exit code 1 if one exceeds the limits, is not counted, or changes a good document.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hostile_inputs import CASES, WORDS, Case

HUNG = 40.0
"""Seconds of the CPU after which a build is ended."""
MOST = 6000.0
"""MB at which it is."""
TICKS = os.sysconf("SC_CLK_TCK")
BUILD = (
    "import sys, leafinstruct as li\n"
    "if __name__ == '__main__':\n"
    "    li.build(sys.argv[1], sys.argv[2], stage='harvest', workers=int(sys.argv[3]))\n"
)


@dataclass(frozen=True)
class Spent:
    cpu: float
    peak: float
    """MB."""


@dataclass(frozen=True)
class Outcome:
    input: str
    cpu: float
    megabytes: float
    outcome: str
    untouched: bool


def good(kind: str) -> dict[str, bytes]:
    """Files of two good documents; formats with several documents in a file have theirs in the hostile one's."""
    if kind in ("tutorial", "video"):
        return {f"good-{n}.md": f"# Good {n}\n\n{WORDS * 8}{n}\n".encode() for n in (1, 2)}
    return {}


def project(folder: Path, case: Case, hostile: bool) -> Path:
    """A project with a source, and one with the two good documents where the case's own has none. Returns its
    pipeline."""
    files = dict(case.make()) if hostile else {}
    tree = folder / "inputs"
    for name, data in files.items():
        put(tree / "bad" / name, data)
    for name, data in good("tutorial").items():
        put(tree / "good" / name, data)
    sources: list[dict[str, Any]] = []
    if case.kind == "tutorial":
        sources.append({"name": "tree", "kind": "tutorial", "path": "inputs/*"})
    else:
        sources.append({"name": "tree", "kind": "tutorial", "path": "inputs/good"})
        if files:
            path = "inputs/bad" if case.kind == "video" else f"inputs/bad/{next(iter(files))}"
            sources.append({"name": "bad", "kind": case.kind, "path": path, **case.settings})
    pipeline = folder / "pipelines/hostile.yaml"
    put(pipeline, json.dumps({"name": "hostile", "sources": sources, "filters": ["text"]}).encode())
    return pipeline


def put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def processes(group: int) -> Iterator[tuple[int, float, float]]:
    """(process, CPU seconds, peak MB) of those in a session."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            stat = (entry / "stat").read_text().rpartition(")")[2].split()
            if int(stat[3]) != group:
                continue
            lines = (entry / "status").read_text().splitlines()
        except (OSError, ValueError, IndexError):
            continue
        peak = next((float(line.split()[1]) / 1000 for line in lines if line.startswith("VmHWM")), 0.0)
        yield int(entry.name), (int(stat[11]) + int(stat[12])) / TICKS, peak


def build(pipeline: Path, run: Path, workers: int) -> tuple[Spent, str]:
    """What a build spent, and how it ended badly, if it did."""
    command = [sys.executable, "-c", BUILD, str(pipeline), str(run), str(workers)]
    if workers > 1:  # the workers import the script
        put(run.parent / "build.py", BUILD.encode())
        command[1:3] = [str(run.parent / "build.py")]
    child = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    cpu: dict[int, float] = {}
    peak = 0.0
    hung = False
    while child.poll() is None:
        for process, seconds, high in processes(child.pid):
            cpu[process], peak = max(cpu.get(process, 0.0), seconds), max(peak, high)
        if sum(cpu.values()) > HUNG or peak > MOST:
            hung = True
            os.killpg(child.pid, signal.SIGKILL)
        time.sleep(0.02)
    said = (child.stderr.read() if child.stderr else b"").decode(errors="replace").strip().splitlines()
    ended = "hung" if hung else f"exit {child.returncode}: {said[-1][:80] if said else ''}" if child.returncode else ""
    return Spent(sum(cpu.values()), peak), ended


def documents(run: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """The good documents by their path, and the ends of the others."""
    import pyarrow.parquet as pq

    fine, ends = {}, {}
    for file in sorted((run / "documents").glob("*.parquet")):
        for one in pq.read_table(file).to_pylist():
            text = "".join(part["text"] for part in one["parts"])
            if WORDS.strip() in text and len(text) < 1000 and "Bad" not in text:
                fine[one["url"] or one["path"]] = one
            else:
                ends[one["url"] or one["path"]] = one["error"] or "document"
    return fine, ends


def measure(name: str, case: Case, control: tuple[Spent, dict[str, Any]], workers: int) -> Outcome:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        spent, ended = build(project(folder, case, True), folder / "run", workers)
        fine, ends = documents(folder / "run")
        same = {key: one for key, one in fine.items() if key in control[1]} == control[1]
        own = 2 if case.kind in ("huggingface", "warc") else 0
        untouched = same and len(fine) == len(control[1]) + own
        outcome = ended or ", ".join(sorted(set(ends.values()))) or "no row"
        cpu, memory = max(spent.cpu - control[0].cpu, 0.0), max(spent.peak - control[0].peak, 0.0)
        return Outcome(name, round(cpu, 2), round(memory), outcome, untouched)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="inputs whose name contains this")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--megabytes", type=float, default=1000.0)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        case = next(iter(CASES.values()))
        spent, ended = build(project(folder, case, False), folder / "run", options.workers)
        control = spent, documents(folder / "run")[0]
    print(f"the build without a hostile input: {spent.cpu:.2f} CPU s, {spent.peak:.0f} MB {ended}", flush=True)
    found = []
    for name, case in CASES.items():
        if options.only in name:
            found.append(one := measure(name, case, control, options.workers))
            within = one.cpu <= options.seconds and one.megabytes <= options.megabytes and one.untouched
            within = within and not one.outcome.startswith(("hung", "exit", "no row"))
            mark = "" if within else "  <-- not within its bounds"
            print(
                f"{name:40} {one.cpu:7.2f} s {one.megabytes:6.0f} MB  {one.outcome[:40]:40} "
                f"{'untouched' if one.untouched else 'CHANGED'}{mark}",
                flush=True,
            )
            if options.out:
                options.out.write_text(json.dumps([asdict(row) for row in found], indent=1))
    bad = [
        one
        for one in found
        if one.cpu > options.seconds
        or one.megabytes > options.megabytes
        or not one.untouched
        or one.outcome.startswith(("hung", "exit", "no row"))
    ]
    print(f"{len(found)} inputs, {len(bad)} not within {options.seconds:g} CPU s and {options.megabytes:g} MB")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
