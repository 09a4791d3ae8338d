"""The train stage: trains MoSS on the run's own shards, as any user would, and writes `train/`."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from leafinstruct import layout
from leafinstruct.context import Context
from leafinstruct.models.packages import require
from leafinstruct.moss.report import told
from leafinstruct.moss.settings import TrainConfig
from leafinstruct.pipeline import Pipeline
from leafinstruct.run import fingerprint

VERSION = 3


def check_settings(pipeline: Pipeline) -> None:
    """Raises LeafError for settings that are unknown or wrong."""
    pipeline.section("train", TrainConfig)


def check(pipeline: Pipeline) -> None:
    """Raises LeafError if a package is not installed."""
    require("transformers", "train")


def run(context: Context) -> None:
    """Train on `shards/` and commit adapter, log, samples and, last, `train/report.json`."""
    from leafinstruct.moss.train import train

    run, config = context.run, context.pipeline.section("train", TrainConfig)
    manifest = run.json(layout.SHARDS_MANIFEST)
    made_from = fingerprint(VERSION, manifest, dict(context.pipeline.train))
    there = run.json(layout.TRAIN_FINGERPRINT)
    if there and there["fingerprint"] == made_from:
        return
    for file in manifest["files"]:
        run.check_shard(layout.shard(file["file"]), file, again=True)
    run.remove(layout.TRAIN_FINGERPRINT)
    context.pool.close()
    with TemporaryDirectory() as folder:
        made = Path(folder) / layout.TRAIN
        with run.folder(layout.SHARDS) as shards:
            train(shards, made, config, told(context.progress))
        for path in sorted(made.rglob("*")):
            if path.is_file():
                run.commit(layout.trained(path.relative_to(made).as_posix()), partial(_copy, path))
    run.commit_json(layout.TRAIN_FINGERPRINT, {"fingerprint": made_from})


def _copy(path: Path, out: BinaryIO) -> None:
    with path.open("rb") as source:
        shutil.copyfileobj(source, out)
