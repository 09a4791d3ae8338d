"""The command that prints the JSON Schema of pipelines and filters, and pages of the docs."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from leafinstruct.cli.app import app
from leafinstruct.report.terminal import echo


class What(StrEnum):
    pipeline = "pipeline"
    filter = "filter"
    docs = "docs"
    run = "run"


WHAT = "pipeline, filter, docs (all settings as Markdown), or run (all files and columns of a run as Markdown)."


@app.command()
def schema(what: Annotated[What, typer.Argument(help=WHAT)]) -> None:
    """Print the JSON Schema of pipelines or filters, or the docs' page of settings or of run files."""
    from leafinstruct.json_schema import filter_schema, pipeline_schema, settings_page, to_json

    if what is What.run:
        from leafinstruct.run_files import page

        echo(page(), end="")
    elif what is What.docs:
        echo(settings_page(), end="")
    else:
        echo(to_json(pipeline_schema() if what is What.pipeline else filter_schema()))
