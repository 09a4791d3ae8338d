"""Does `leafinstruct plan` tell the truth? Plan from a share of a made corpus, build all of it, compare stage by stage.

usage: plan.py [--documents 5000] [--share 0.05] [--folder DIR]

Both run with one process. Compared are CPU seconds of each stage (a clock would compare the machine's load), and
what is counted: documents, images, bytes on disk. Prints one JSON object; `ratio` is predicted over real.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from corpus import write_corpus

from leafinstruct.build import build
from leafinstruct.context import Context
from leafinstruct.engine.local import run_tasks
from leafinstruct.pipeline import load_pipeline
from leafinstruct.plan.predict import STAGE_OF, predict
from leafinstruct.plan.sample import take
from leafinstruct.progress import Progress
from leafinstruct.run import Run


def compare(folder: Path, documents: int, share: float) -> dict[str, Any]:
    pipeline = load_pipeline(write_corpus(folder, documents))
    found = predict(take(pipeline, "shard", round(documents * share), Progress(True)), pipeline, 1, 0, {})
    with tempfile.TemporaryDirectory() as place:
        context = Context(Run(place), pipeline, run_tasks, progress=Progress(True))
        build(context, "shard")
        real = counted(context)
    stages = {}
    for stage in found["stages"]:
        name = stage["stage"]
        seconds, cpu = context.stages[name]
        stages[name] = {
            "predicted": round(stage["cpu_seconds"], 2),
            "real": round(cpu, 2),
            "ratio": round(stage["cpu_seconds"] / cpu, 3),
            "clock": {"predicted": round(stage["seconds"]["value"], 1), "real": round(seconds, 1)},
        }
    steps = {}
    for step in found["steps"]:
        cpu = sum(one.cpu for one in context.spent if one.step == step["step"])
        steps[step["step"]] = {
            "stage": STAGE_OF.get(step["step"], "filter"),
            "ratio": round(step["cpu_seconds"] / cpu, 3),
        }
    counts = {
        key: {
            **{k: round(v) for k, v in found[key].items()},
            "real": real[key],
            "ratio": round(found[key]["value"] / real[key], 3),
        }
        for key in real
    }
    return {"documents": documents, "sample": found["sample"], "stages": stages, "steps": steps, "counts": counts}


def counted(context: Context) -> dict[str, int]:
    run = context.run
    metas = [(run.meta(f"documents/{n}.parquet"), run.meta(f"images/{n}.parquet")) for n in run.partitions()]
    files = [p for p in run.path.rglob("*.parquet") if p.parent.name != "corpus"]
    return {
        "documents": sum(m.rows for m, _ in metas if m),
        "images": sum(m.rows for _, m in metas if m),
        "disk_bytes": sum(p.stat().st_size for p in files),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=5000)
    parser.add_argument("--share", type=float, default=0.05)
    parser.add_argument("--folder", type=Path, help="Keep the corpus there; by default it is thrown away.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(compare(options.folder or Path(folder), options.documents, options.share), indent=1))


if __name__ == "__main__":
    main()
