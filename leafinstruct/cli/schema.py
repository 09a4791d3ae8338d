"""The command that prints the JSON Schema of pipelines and filters."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from leafinstruct.cli.app import app


class What(StrEnum):
    pipeline = "pipeline"
    filter = "filter"
    docs = "docs"


@app.command()
def schema(what: Annotated[What, typer.Argument(help="pipeline, filter, or docs: all settings as Markdown.")]) -> None:
    """Print the JSON Schema of a pipeline or a filter, for editors."""
    from leafinstruct.json_schema import filter_schema, pipeline_schema, settings_page, to_json

    if what is What.docs:
        print(settings_page(), end="")
    else:
        print(to_json(pipeline_schema() if what is What.pipeline else filter_schema()))
