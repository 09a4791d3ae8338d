"""One bit of one file of a run is flipped, and the run is built again: does it heal?

usage: bit_flips.py RESULTS.jsonl [--each 20] [--seed 1] [--folder DIR]

Each kind of file in turn, `--each` times. The bit is flipped in place; then, by turns,
- the file's time changes, as with any write, and a plain build follows;
- its time stays, as with a failing disk, and `build --verify` follows;
- its time stays, the files that later stages make are deleted, and a plain build follows (every other trial).
A trial ends with `build --verify`, which must find nothing, and the same shards, manifest and card as ever. Trials with
a result in RESULTS.jsonl are not made again. Prints a table; exit code 1 unless each file healed or did no harm.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
from pathlib import Path
from typing import Any

from trials import Bed, Ended, read, results, table

KINDS = {
    "index": "index/*/*",
    "asked": "asked/*",
    "images": "images/*",
    "documents": "documents/*",
    "run.json": "run.json",
    "run.json, the copy": ".run.json",
    "scores": "scores/[!t]*/*",
    "scores of a model": "scores/taste-*/*",
    "scores over all documents": "corpus/*-*",
    "decisions": "decisions/*",
    "filtered": "filtered/*",
    "answers of a model": "generations/*/*",
    "written": "written/*",
    "repeated requests": "corpus/requests.parquet",
    "records": "records/*",
    "shards": "shards/*.parquet",
    "card": "shards/data_card.md",
    "manifest": "shards/manifest.json",
    "names of shards": ".shards.json",
    "timings": "timings.json",
    "metadata": ".metas.json",
    "checksums": ".sums/**/*.*",
}
"""Files by kind, in the order of a build."""
GOOD = ("healed", "no harm")


def files(run: Path, kind: str) -> list[Path]:
    return sorted(path for path in run.glob(KINDS[kind]) if path.is_file())


def flip(path: Path, chance: random.Random, touched: bool) -> int:
    """Flip one bit of a file in place. Returns its number."""
    stat, data = path.stat(), bytearray(path.read_bytes())
    bit = chance.randrange(8 * len(data))
    data[bit // 8] ^= 1 << bit % 8
    with path.open("r+b") as file:
        file.write(data)
    if not touched:
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    return bit


def remove_later(run: Path, kind: str) -> None:
    kinds = list(KINDS)
    later = kinds[kinds.index(kind) + 1 : kinds.index("timings")] or ["shards"]
    for other in later:
        for path in files(run, other):
            path.unlink()


def trial(bed: Bed, run: Path, number: int, seed: int) -> dict[str, Any]:
    """Flip a bit, build, and judge."""
    kinds, chance = list(KINDS), random.Random(f"{seed} {number}")
    kind, turn = kinds[number % len(kinds)], number // len(kinds) % 4
    path = chance.choice(files(run, kind))
    bit = flip(path, chance, touched=turn == 0)
    if turn % 2:
        remove_later(run, kind)
    asked = bed.served.asked
    first = bed.build(run, "--quiet", *(["--verify"] if turn == 2 else []))
    same, asked = bed.same(run), bed.served.asked - asked
    then = bed.build(run, "--quiet", "--verify")
    name = path.relative_to(run).as_posix()
    how = ("written to", "later files gone", "not written to, --verify", "later files gone")[turn]
    return {
        "trial": number,
        "kind": kind,
        "file": name,
        "bit": bit,
        "how": how,
        "result": judged(first, then, name, same, bed.same(run)),
        "code": first.code,
        "said": [line for line in first.said.splitlines() if name in line or "leafinstruct:" in line][:3],
        "then": [line for line in then.said.splitlines() if str(run) in line and "; " in line][:3],
        "asked": asked,
    }


def judged(first: Ended, then: Ended, name: str, same: bool, same_then: bool) -> str:
    if first.crashed or then.crashed:
        return "crash"
    if then.code != 0 or not same_then:
        return "not finished by the next build"
    if first.code != 0:
        return "error"
    said = name in first.said
    if not same:
        return "other shards, said" if said else "other shards, silent"
    return "healed" if said else "no harm"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    parser.add_argument("--each", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as own, results(options.results) as (done, add):
        bed = Bed(options.folder or Path(own, "bed"))
        run = bed.folder / "run"
        for number in (n for n in range(options.each * len(KINDS)) if n not in done):
            if not run.exists():
                bed.build(run)
            row = trial(bed, run, number, options.seed)
            add(row)
            if row["result"] not in GOOD:
                run.rename(bed.folder / f"run-{number}")
    rows = read(options.results)
    print("\n".join([*table(rows, "kind"), "", *table(rows, "how")]))
    sys.exit(any(row["result"] not in GOOD for row in rows))


if __name__ == "__main__":
    main()
