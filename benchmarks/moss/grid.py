"""The grid of `prove` on generated shards, whose structure is known: does each control lose what it must lose?

    python benchmarks/moss/grid.py OUT [--seeds 3] [--records 600] [--workers 2]

Writes OUT/shards: `filtered`, where texts say what images show, and `raw`, where half of the records show the images of
others; then trains the small preset into OUT/prove. An interrupted grid goes on where it was. Prints the table to
stderr, and as JSON its rows, its comparisons, and seconds.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from leafinstruct.moss.prove.ablation import ProveConfig, prove
from leafinstruct.moss.prove.report import table_lines, write
from leafinstruct.moss.prove.synthetic import write_synthetic
from leafinstruct.run import Run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--records", type=int, default=600)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    folders = {name: options.out / "shards" / name for name in ("filtered", "raw")}
    for name, folder in folders.items():
        write_synthetic(folder, options.records, mixed=0.5 if name == "raw" else 0.0)
    config, run = ProveConfig(seeds=options.seeds, workers=options.workers), Run(options.out)
    result = prove(folders, config, run, lambda line: print(line, file=sys.stderr, flush=True))
    write(result, run)
    print("\n".join(table_lines(result)), file=sys.stderr)
    print(json.dumps({key: result[key] for key in ("rows", "comparisons", "damages", "seconds")}, indent=1))


if __name__ == "__main__":
    main()
