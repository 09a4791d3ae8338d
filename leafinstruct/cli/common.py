"""Shared by the commands: options for the pipeline and the run, opening them, and printing text or JSON."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

if TYPE_CHECKING:
    from leafinstruct.pipeline import Pipeline
    from leafinstruct.run import Run

Given = TypeVar("Given")
OF_PROJECT = "Pipeline file. Default: pipelines/demo.yaml, or the only pipeline of the project."
PipelineFile = Annotated[Path | None, typer.Argument(help=OF_PROJECT)]
PipelineOption = Annotated[Path | None, typer.Option("--pipeline", metavar="FILE", help=OF_PROJECT)]
RunFolder = Annotated[
    str | None,
    typer.Option(
        "--run", metavar="DIR", help="Run folder or URL (s3://...). Default: runs/NAME (the pipeline's name)."
    ),
]
CPUS = os.cpu_count() or 1
Workers = Annotated[int, typer.Option(min=1, help="Number of processes for CPU work.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Hide progress.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
# Spellings from before 1.0, hidden and understood for one release.
OldDocuments = Annotated[int | None, typer.Option("--documents", min=1, hidden=True)]
OldNumber = Annotated[int | None, typer.Option("-n", "--number", min=1, hidden=True)]
OldPipeline = Annotated[Path | None, typer.Option("--pipeline", hidden=True)]
OldShards = Annotated[Path | None, typer.Option("--shards", hidden=True)]


def renamed(old: Given | None, value: Given, change: str) -> Given:
    """The value of an option or, if given, that of its old spelling, with a line on standard error."""
    if old is None:
        return value
    print(f"leafinstruct: {change} from now on", file=sys.stderr)
    return old


def open_run(pipeline: Path | None, run: str | None, limit: int | None) -> tuple[Pipeline, Run]:
    """The pipeline, by default that of the current folder, and its run, which may not exist yet."""
    from leafinstruct.pipeline import default_pipeline, load_pipeline
    from leafinstruct.run import Run

    loaded = load_pipeline(pipeline or default_pipeline(Path.cwd()))
    for notice in loaded.notices:
        print(notice, file=sys.stderr)
    return loaded, Run(run or loaded.run_folder(limit))


def existing_run(pipeline: Path | None, run: str | None) -> Run:
    """A run that exists; raises LeafError otherwise."""
    from leafinstruct.run import Run, existing

    return existing(Run(run) if run else open_run(pipeline, None, None)[1])


def pipeline_and_run(pipeline: Path | None, run: str | None) -> tuple[Pipeline, Run]:
    """The pipeline, and its run, which exists; raises LeafError otherwise."""
    from leafinstruct.run import existing

    loaded, opened = open_run(pipeline, run, None)
    return loaded, existing(opened)


def show_result(value: Any, lines: list[str], as_json: bool) -> None:
    """Print the lines, or the value as JSON."""
    if as_json:
        print(json.dumps(value, indent=1, ensure_ascii=False, default=str))
    else:
        print("\n".join(lines))
