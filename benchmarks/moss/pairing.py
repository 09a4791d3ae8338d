"""Does the pairing test tell shards whose images belong to their texts from shards where they do not?

    python benchmarks/moss/pairing.py [--seeds 3] [--steps 110] [--records 600] [--threads 1]

Generated shards with known structure, good and with every image in another record's place, trained the same way with
each seed. Prints JSON: z of both, the losses at the end (which fall on both), and the damage table of the good shards:
which named check each damage fails. Aim: z of 5 and more on good shards, below 3 on mixed ones, with every seed.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from leafinstruct.moss.prove.damage import damage_table
from leafinstruct.moss.prove.synthetic import write_synthetic
from leafinstruct.moss.settings import TrainConfig
from leafinstruct.moss.train import train


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=110)
    parser.add_argument("--records", type=int, default=600)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    found: dict[str, list[dict[str, float | None]]] = {"good": [], "mixed": []}
    with TemporaryDirectory() as folder:
        for name in found:
            write_synthetic(Path(folder) / name, records=options.records, mixed=float(name == "mixed"))
        table = damage_table(Path(folder) / "good")
        for seed in range(options.seeds):
            for name, rows in found.items():
                config = TrainConfig(
                    steps=options.steps, batch=8, context=384, samples=0, seed=seed, threads=options.threads
                )
                report = train(Path(folder) / name, Path(folder) / "out", config)
                rows.append({"seed": seed, "z": report.pairing["z"], "n": report.pairing["n"], **report.last})
                print(json.dumps({"shards": name, **rows[-1]}), file=sys.stderr, flush=True)
    print(json.dumps({"pairing": found, "damage": table}, indent=1))


if __name__ == "__main__":
    main()
