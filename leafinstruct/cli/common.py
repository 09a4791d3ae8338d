"""Shared by the commands: options for the pipeline and the run, opening them, and printing text or JSON."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from leafinstruct.report.terminal import echo, echo_json, print_lines

if TYPE_CHECKING:
    from leafinstruct.api import OpenedRun
    from leafinstruct.report.terminal import Passage

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
    echo(f"leafinstruct: {change} from now on", error=True)
    return old


def run_of(pipeline: Path | None, run: str | None) -> OpenedRun:
    """The run, which exists, with the pipeline, by default that of the current folder. Raises LeafError."""
    from leafinstruct.api import open_run, project_pipeline

    loaded = project_pipeline(pipeline)
    return open_run(run or loaded.run_folder(None), loaded)


def existing_run(pipeline: Path | None, run: str | None) -> OpenedRun:
    """A run that exists; a pipeline is read only where no run is named. Raises LeafError."""
    from leafinstruct.api import open_run

    return open_run(run) if run else run_of(pipeline, None)


def show_result(value: Any, lines: Sequence[str | Passage], as_json: bool) -> None:
    """Print the lines, or the value as JSON."""
    if as_json:
        echo_json(value, 1)
    else:
        print_lines(lines)
