#!/usr/bin/env python3
"""Extraction against its peers on pages with reference extractions, side by side in one run.

usage: extract.py PAGES.jsonl.gz SCORE.py --peers PYTHON [--rounds 5]

Each tool runs in a process of its own, in turns; CPU-seconds are the extraction's alone. Prints JSON: for each tool the
scores of SCORE.py (called as `SCORE.py PAGES OUTPUT`), pages per CPU-second as median with the lowest and highest
round, and how many times as fast leafinstruct was in the same round. Tools that are not installed are named as skipped.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from statistics import median

SCRIPT = Path(__file__).with_name("extractors.py")
TOOLS = ("leafinstruct", "trafilatura", "trafilatura-markdown", "readability", "resiliparse")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", type=Path)
    parser.add_argument("score", type=Path)
    parser.add_argument("--peers", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    listed = subprocess.run([arguments.peers, SCRIPT, "list"], check=True, capture_output=True, text=True).stdout
    present = {"leafinstruct", *json.loads(listed)}
    tools = [tool for tool in TOOLS if tool in present]
    rates: dict[str, list[float]] = defaultdict(list)
    report: dict[str, dict[str, object]] = {}
    for number in range(arguments.rounds):
        for tool in tools:
            python = sys.executable if tool == "leafinstruct" else arguments.peers
            done = subprocess.run([python, SCRIPT, tool, arguments.pages], check=True, capture_output=True, text=True)
            timing = json.loads(done.stderr.splitlines()[-1])
            rates[tool].append(timing["pages"] / timing["cpu_seconds"])
            if not number:
                report[tool] = {"version": timing["version"], **scores(arguments, done.stdout)}
    for tool in tools:
        rate = rates[tool]
        report[tool]["pages_per_cpu_second"] = [round(x, 1) for x in (median(rate), min(rate), max(rate))]
        ratios = [a / b for a, b in zip(rates["leafinstruct"], rate, strict=True)]
        report[tool]["leafinstruct_times_as_fast"] = [round(x, 2) for x in (median(ratios), min(ratios), max(ratios))]
    print(
        json.dumps(
            {"pages": timing["pages"], "tools": report, "skipped": [t for t in TOOLS if t not in present]}, indent=1
        )
    )


def scores(arguments: argparse.Namespace, output: str) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "output.jsonl"
        path.write_text(output)
        command = [arguments.peers, arguments.score, arguments.pages, path]
        found: dict[str, object] = json.loads(
            subprocess.run(command, check=True, capture_output=True, text=True).stdout
        )
        return found


if __name__ == "__main__":
    main()
