"""Commands that make a project folder and build a run."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from leafinstruct.cli.app import app
from leafinstruct.cli.common import AsJson, PipelineFile, RunFolder, open_run, show_result


@app.command()
def init(folder: Annotated[Path, typer.Argument(help="Folder to make; it may exist.")]) -> None:
    """Make a project folder: a pipeline, filters and prompts to edit."""
    from leafinstruct.project import init_project

    for path in init_project(folder):
        print(path)
    print(f"edit them, then: cd {folder} && leafinstruct build --stage filter")


@app.command()
def build(
    pipeline: PipelineFile = None,
    stage: Annotated[str, typer.Option(help="Last stage: harvest, filter, rewrite, shard or train.")] = "shard",
    run: RunFolder = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="At most N documents of each source, from its first partition.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes for work on the CPU.")] = os.cpu_count() or 1,
    engine: Annotated[str, typer.Option(help="local, or ray: a cluster as the pipeline's section ray says.")] = "local",
    score_all: Annotated[bool, typer.Option("--score-all", help="Let models score what filters dropped too.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make everything up to and including a stage, reusing what is done."""
    from leafinstruct.engine import on_engine
    from leafinstruct.progress import Progress
    from leafinstruct.report.funnel import funnel, funnel_lines

    loaded, opened = open_run(pipeline, run, limit)
    options = {"limit": limit, "score_all": score_all, "progress": Progress(quiet)}
    on_engine(engine, opened, loaded, stage, workers, options)
    counts = funnel(opened)
    show_result(counts.to_dict(), [*funnel_lines(counts), f"run: {opened}"], as_json)


@app.command()
def extract(
    page: Annotated[Path | None, typer.Argument(help="A saved HTML page.")] = None,
    url: Annotated[str, typer.Option(help="Address of the page, for relative addresses of images.")] = "",
    jsonl: Annotated[
        Path | None, typer.Option(help="Many pages instead: {id, url, html} a line; prints {id, parts} a line.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what harvest makes of a page: its parts in reading order, and which images it leaves out."""
    from leafinstruct.errors import LeafError
    from leafinstruct.harvest.extract import extract_file, extract_lines, extract_text

    if (page is None) == (jsonl is None):
        raise LeafError("extract: name one saved page, or --jsonl and a file of pages")
    if jsonl is not None:
        for row in extract_lines(jsonl):
            print(json.dumps(row, ensure_ascii=False))
    elif page is not None:
        found = extract_file(page, url)
        show_result(found.to_dict(), extract_text(found), as_json)


@app.command()
def plan(
    pipeline: PipelineFile = None,
    stage: Annotated[str, typer.Option(help="Last stage: harvest, filter, rewrite or shard.")] = "shard",
    limit: Annotated[int, typer.Option(min=1, help="Documents to build as a sample, spread over the input.")] = 250,
    workers: Annotated[int, typer.Option(min=1, help="Processes that the full build will have.")] = os.cpu_count() or 1,
    gpus: Annotated[float, typer.Option(min=0.0, help="GPUs that work while a model does; for GPU-hours.")] = 0.0,
    price: Annotated[
        str, typer.Option("--prices", help="Such as cpu-hour=0.04,gpu-hour=2,gib-month=0.02 in any currency.")
    ] = "",
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
    as_json: AsJson = False,
) -> None:
    """Tell what a full build will take, from a sample that is built here and thrown away."""
    from leafinstruct.plan.predict import plan_lines, predict, prices
    from leafinstruct.plan.sample import take
    from leafinstruct.progress import Progress

    priced = prices(price)
    loaded, _ = open_run(pipeline, None, None)
    found = predict(take(loaded, stage, limit, Progress(quiet)), loaded, workers, gpus, priced)
    show_result(found, plan_lines(found), as_json)
