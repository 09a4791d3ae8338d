"""Commands that train on shards and measure what the data contributes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from leafinstruct import layout
from leafinstruct.cli.app import app
from leafinstruct.cli.common import CPUS, AsJson, OldShards, PipelineFile, RunFolder, existing_run, renamed, show_result


@app.command()
def train(
    shards: Annotated[Path | None, typer.Argument(metavar="SHARDS", help="Folder of shards.")] = None,
    *,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for adapter, log, plot and samples.")],
    model: Annotated[
        str, typer.Option(help="tiny, tiny-continuous, or an Emu3 or Chameleon checkpoint (hub id or folder).")
    ] = "tiny",
    adapter: Annotated[str, typer.Option(help="moss, separate, linear, depthwise, bottleneck or raster1d.")] = "moss",
    rank: Annotated[int, typer.Option(min=1, help="Rank of the adapters.")] = 8,
    dropout: Annotated[float, typer.Option(min=0.0, max=0.9, help="Dropout before the adapters.")] = 0.0,
    steps: Annotated[int, typer.Option(min=1, help="Number of training steps.")] = 60,
    batch: Annotated[int, typer.Option(min=1, help="Rows per step.")] = 6,
    context: Annotated[int, typer.Option(min=1, help="Longest row in tokens.")] = 1024,
    learning_rate: Annotated[float, typer.Option(min=0.0, help="Peak learning rate.")] = 5e-3,
    packed: Annotated[bool, typer.Option("--packed", help="Pack several records into a row.")] = False,
    precision: Annotated[str, typer.Option(help="float32, or bfloat16 for checkpoints.")] = "float32",
    gradient_checkpointing: Annotated[
        bool, typer.Option("--gradient-checkpointing", help="Use less memory and more time.")
    ] = False,
    validate_every: Annotated[
        int, typer.Option(min=0, help="Validate every N steps; 0 validates at the end only.")
    ] = 0,
    checkpoint_every: Annotated[int, typer.Option(min=0, help="Write a checkpoint every N steps; 0 writes none.")] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Continue from the checkpoint in --out.")] = False,
    seed: Annotated[int, typer.Option(help="Random seed for weights, order and sampling.")] = 0,
    as_json: AsJson = False,
    old_shards: OldShards = None,
) -> None:
    """Train MoSS adapters on a folder of shards and write samples."""
    from dataclasses import asdict

    from leafinstruct.errors import LeafError
    from leafinstruct.moss.report import report_lines, told
    from leafinstruct.moss.settings import TrainConfig
    from leafinstruct.moss.train import train as train_on
    from leafinstruct.places import run_above, set_pages
    from leafinstruct.progress import Progress

    shards = renamed(old_shards, shards, "train --shards SHARDS is written train SHARDS")
    if shards is None:
        raise LeafError("train: name a folder of shards: leafinstruct train SHARDS --out DIR")
    config = TrainConfig(
        variant=adapter,
        r=rank,
        alpha=2.0 * rank,
        dropout=dropout,
        model=model,
        precision=precision,  # type: ignore[arg-type]  # checked by TrainConfig
        gradient_checkpointing=gradient_checkpointing,
        steps=steps,
        batch=batch,
        packed=packed,
        learning_rate=learning_rate,
        context=context,
        validate_every=validate_every,
        checkpoint_every=checkpoint_every,
        seed=seed,
    )
    report = train_on(shards, out, config, told(Progress()), resume)
    if owner := run_above(shards):
        set_pages(owner, [out / name for name in report.samples])
    show_result(asdict(report), report_lines(report, out), as_json)


@app.command()
def prove(
    pipeline: PipelineFile = None,
    run: RunFolder = None,
    data: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=SHARDS", help="Shards to train on; the first are the reference. Repeatable."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write prove/ into this folder instead of the run; needs --data."),
    ] = None,
    preset: Annotated[str, typer.Option(help="small, or full (more controls, equal ranks).")] = "small",
    seeds: Annotated[int, typer.Option(min=2, max=10, help="Number of seeds: trainings per data and adapter.")] = 3,
    steps: Annotated[int | None, typer.Option(min=1, help="Steps per training.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Trainings at a time, one thread each.")] = CPUS,
    as_json: AsJson = False,
) -> None:
    """Run a data × adapter × seed ablation.

    Trains tiny models: a toy scale. The run's shards are the data named `filtered`. For `raw`, build the same sources
    with `readable` as the only filter and add its shards: --data raw=runs/raw/shards. `shuffled` (images of other
    records) is made from the first data.
    """
    from leafinstruct.moss.prove.ablation import ProveConfig, named_folders, with_train
    from leafinstruct.moss.prove.ablation import prove as prove_on
    from leafinstruct.moss.prove.report import table_lines, write
    from leafinstruct.progress import Progress
    from leafinstruct.run import Run

    opened = Run(out) if out else existing_run(pipeline, run).run
    config = ProveConfig(preset, seeds, workers)
    with opened.folder(layout.SHARDS) as shards:
        folders = named_folders(data or [], None if out else shards)
        result = prove_on(folders, with_train(config, steps=steps) if steps else config, opened, Progress().say)
    folder = write(result, opened)
    show_result(result, [*table_lines(result), f"table, plot and report: {folder}"], as_json)
