"""Commands that create a project folder and build a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leafinstruct.cli.app import app
from leafinstruct.cli.common import CPUS, AsJson, PipelineFile, Quiet, RunFolder, Workers, show_result
from leafinstruct.report.terminal import echo, echo_json

if TYPE_CHECKING:
    from leafinstruct.report.funnel import Funnel


@app.command()
def init(folder: Annotated[Path, typer.Argument(help="Folder to create; it may exist already.")]) -> None:
    """Create a project folder with a pipeline, filters and prompts to edit."""
    from leafinstruct.project import init_project

    for path in init_project(folder):
        echo(path)
    echo(f"next: edit them, then cd {folder} && leafinstruct build --stage filter")


@app.command()
def build(
    pipeline: PipelineFile = None,
    stage: Annotated[str, typer.Option(help="Last stage to build: harvest, filter, rewrite, shard, train.")] = "shard",
    run: RunFolder = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Build at most N documents per source, from its first partition.")
    ] = None,
    workers: Workers = CPUS,
    engine: Annotated[
        str, typer.Option(help="Where to run: local, or ray (cluster set in the pipeline's ray section).")
    ] = "local",
    score_all: Annotated[
        bool, typer.Option("--score-all", help="Run models also on what earlier filters dropped.")
    ] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="First read all files of the run, and make damaged ones again.")
    ] = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Build every stage up to --stage, reusing finished work."""
    from leafinstruct import api
    from leafinstruct.errors import Damaged
    from leafinstruct.report.funnel import funnel_lines

    def made(verify: bool) -> tuple[api.OpenedRun, Funnel]:
        opened = api.build(
            pipeline,
            run,
            stage=stage,
            workers=workers,
            engine=engine,
            limit=limit,
            score_all=score_all,
            verify=verify,
            quiet=quiet,
        )
        return opened, opened.funnel()

    try:
        opened, counts = made(verify)
    except Damaged:  # a file that this build had no need to read
        opened, counts = made(True)
    show_result(counts.to_dict(), [*funnel_lines(counts), f"run: {opened.run}"], as_json)


@app.command()
def extract(
    page: Annotated[Path | None, typer.Argument(help="Saved HTML page.")] = None,
    url: Annotated[str, typer.Option(help="URL of the page, to resolve relative image URLs.")] = "",
    jsonl: Annotated[
        Path | None,
        typer.Option(help="Read many pages instead, one {id, url, html} per line; print {id, parts} per line."),
    ] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the whole page as Markdown.")] = False,
    links: Annotated[bool, typer.Option("--links", help="Keep the addresses of links.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what harvest extracts from a saved page: parts in reading order, and the images it leaves out."""
    from leafinstruct import api
    from leafinstruct.errors import LeafError
    from leafinstruct.harvest.extract import extract_lines, extract_text

    if (page is None) == (jsonl is None):
        raise LeafError("extract: give one saved page, or a file of pages with --jsonl")
    if jsonl is not None:
        for row in extract_lines(jsonl, links):
            echo_json(row)
    elif page is not None:
        found = api.extract(page, url, links=links)
        show_result(found.to_dict(), [found.markdown()] if markdown else extract_text(found), as_json)


@app.command()
def plan(
    pipeline: PipelineFile = None,
    stage: Annotated[str, typer.Option(help="Last stage to estimate: harvest, filter, rewrite, shard.")] = "shard",
    limit: Annotated[
        int, typer.Option(min=1, help="Number of documents in the sample build, spread over the input.")
    ] = 250,
    workers: Annotated[int, typer.Option(min=1, help="Number of processes of the full build.")] = CPUS,
    gpus: Annotated[float, typer.Option(min=0.0, help="Number of GPUs that models use, to compute GPU-hours.")] = 0.0,
    price: Annotated[
        str, typer.Option("--prices", help="Prices in any currency, such as cpu-hour=0.04,gpu-hour=2,gib-month=0.02.")
    ] = "",
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Estimate time, disk and cost of a full build.

    Builds a sample in a temporary folder, measures it and deletes it.
    """
    from leafinstruct.api import project_pipeline
    from leafinstruct.plan.predict import plan_lines, predict, prices
    from leafinstruct.plan.sample import take
    from leafinstruct.progress import Progress

    priced = prices(price)
    loaded = project_pipeline(pipeline)
    found = predict(take(loaded, stage, limit, Progress(quiet)), loaded, workers, gpus, priced)
    show_result(found, plan_lines(found), as_json)
