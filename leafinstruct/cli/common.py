"""What commands share: the options that name a pipeline and a run, opening them, and printing text or JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from leafinstruct import layout

if TYPE_CHECKING:
    from leafinstruct.pipeline import Pipeline
    from leafinstruct.run import Run

PipelineFile = Annotated[Path | None, typer.Argument(help="Pipeline file; by default that of the project folder.")]
RunFolder = Annotated[
    str | None, typer.Option("--run", help="Folder or s3://... of the run; by default runs/NAME of the pipeline.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


def open_run(pipeline: Path | None, run: str | None, limit: int | None) -> tuple[Pipeline, Run]:
    """The pipeline, by default that of the folder, and its run, which need not be there yet."""
    from leafinstruct.pipeline import default_pipeline, load_pipeline
    from leafinstruct.run import Run

    loaded = load_pipeline(pipeline or default_pipeline(Path.cwd()))
    for notice in loaded.notices:
        print(notice, file=sys.stderr)
    name = loaded.name if limit is None else f"{loaded.name}-limit-{limit}"
    return loaded, Run(run or f"runs/{name}")


def existing_run(pipeline: Path | None, run: str | None) -> Run:
    """A run that is there; raises LeafError if not."""
    from leafinstruct.errors import LeafError
    from leafinstruct.run import Run

    opened = Run(run) if run else open_run(pipeline, None, None)[1]
    if not opened.exists(layout.RUN):
        raise LeafError(f"{opened} holds no run; make one with: leafinstruct build")
    return opened


def show_result(value: Any, lines: list[str], as_json: bool) -> None:
    """Print the lines, or the value as JSON."""
    if as_json:
        print(json.dumps(value, indent=1, ensure_ascii=False, default=str))
    else:
        print("\n".join(lines))
