"""Commands that train on shards and ask what the data did."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from leafinstruct import layout
from leafinstruct.cli.app import app
from leafinstruct.cli.common import AsJson, PipelineFile, RunFolder, existing_run, show_result


@app.command()
def train(
    shards: Annotated[Path, typer.Option(help="Folder of shards.")],
    out: Annotated[Path, typer.Option(help="Folder for adapter, log, plot and samples.")],
    model: Annotated[
        str, typer.Option(help="tiny, tiny-continuous, or an Emu3 or Chameleon checkpoint by hub id or folder.")
    ] = "tiny",
    adapter: Annotated[str, typer.Option(help="moss, separate, linear, depthwise, bottleneck or raster1d.")] = "moss",
    rank: Annotated[int, typer.Option(min=1, help="Rank of the adapters.")] = 8,
    dropout: Annotated[float, typer.Option(min=0.0, max=0.9, help="Dropout before the adapters.")] = 0.0,
    steps: Annotated[int, typer.Option(min=1, help="Training steps.")] = 60,
    batch: Annotated[int, typer.Option(min=1, help="Rows in a step.")] = 6,
    context: Annotated[int, typer.Option(min=1, help="Longest row, in tokens.")] = 1024,
    learning_rate: Annotated[float, typer.Option(min=0.0, help="Highest learning rate.")] = 5e-3,
    packed: Annotated[bool, typer.Option("--packed", help="Fill rows with several records.")] = False,
    precision: Annotated[str, typer.Option(help="float32, or bfloat16 for checkpoints.")] = "float32",
    gradient_checkpointing: Annotated[
        bool, typer.Option("--gradient-checkpointing", help="Less memory, more time.")
    ] = False,
    validate_every: Annotated[int, typer.Option(min=0, help="Validate every N steps; 0: at the end only.")] = 0,
    checkpoint_every: Annotated[int, typer.Option(min=0, help="Write a checkpoint every N steps; 0: none.")] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the checkpoint in --out.")] = False,
    seed: Annotated[int, typer.Option(help="Seed of weights, order and sampling.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Train MoSS adapters on any folder of shards and write samples."""
    from dataclasses import asdict

    from leafinstruct.moss.report import report_lines, told
    from leafinstruct.moss.settings import TrainConfig
    from leafinstruct.moss.train import train as train_on
    from leafinstruct.progress import Progress

    config = TrainConfig(
        variant=adapter,
        r=rank,
        alpha=2.0 * rank,
        dropout=dropout,
        model=model,
        precision=precision,
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
        Path | None, typer.Option(help="Write prove/ into this folder and not into the run; needs --data.")
    ] = None,
    preset: Annotated[str, typer.Option(help="small, or full with more controls and equal ranks.")] = "small",
    seeds: Annotated[int, typer.Option(min=2, max=10, help="Trainings of each kind.")] = 3,
    steps: Annotated[int | None, typer.Option(min=1, help="Steps of each training.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Trainings at a time, a thread each.")] = os.cpu_count() or 1,
    as_json: AsJson = False,
) -> None:
    """Ask whether it is the data or the adapter: train a grid of both on tiny models. Toy scale.

    The run's shards are the data `filtered`. For `raw`, build the same sources with `filters: [readable]` and name
    its shards: --data raw=runs/raw/shards. `shuffled` (images of other records) is made of the first data.
    """
    from leafinstruct.moss.prove.ablation import ProveConfig, named_folders, with_train
    from leafinstruct.moss.prove.ablation import prove as prove_on
    from leafinstruct.moss.prove.report import table_lines, write
    from leafinstruct.progress import Progress
    from leafinstruct.run import Run

    opened = Run(out) if out else existing_run(pipeline, run)
    config = ProveConfig(preset, seeds, workers)
    with opened.folder(layout.SHARDS) as shards:
        folders = named_folders(data or [], None if out else shards)
        result = prove_on(folders, with_train(config, steps=steps) if steps else config, opened, Progress().say)
    folder = write(result, opened)
    show_result(result, [*table_lines(result), f"table, plot and report: {folder}"], as_json)
