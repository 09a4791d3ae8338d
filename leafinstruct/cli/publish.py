"""Commands for published data: check, card, remove, export, push."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from leafinstruct import layout
from leafinstruct.cli.app import app
from leafinstruct.cli.common import (
    AsJson,
    OldPipeline,
    PipelineFile,
    PipelineOption,
    RunFolder,
    renamed,
    run_of,
    show_result,
)
from leafinstruct.report.terminal import echo


@app.command()
def check(
    path: Annotated[str, typer.Argument(help="Folder of shards, one shard, URL (s3://...), or OWNER/NAME on the Hub.")],
    as_json: AsJson = False,
) -> None:
    """Check published shards: schema, counts, checksums and every image. Exit with code 1 if a check fails."""
    from leafinstruct import api

    report = api.check(path)
    show_result(report.to_dict(), report.lines, as_json)
    raise typer.Exit(0 if report.ok else 1)


@app.command()
def card(pipeline: PipelineFile = None, run: RunFolder = None, as_json: AsJson = False) -> None:
    """Regenerate and print the data card of a run."""
    from dataclasses import asdict

    from leafinstruct.shard.card.render import render_card
    from leafinstruct.shard.stage import card as write

    opened = run_of(pipeline, run)
    facts = write(opened.run, opened.pipeline)
    show_result(asdict(facts), [render_card(facts).rstrip()], as_json)


@app.command()
def remove(
    pipeline: PipelineFile = None,
    url: Annotated[list[str] | None, typer.Option(help="Remove the document with this URL. Repeatable.")] = None,
    site: Annotated[list[str] | None, typer.Option(help="Remove all documents of this site. Repeatable.")] = None,
    sha256: Annotated[
        list[str] | None,
        typer.Option(help="Remove the image with this SHA-256, as harvested or published. Repeatable."),
    ] = None,
    note: Annotated[str, typer.Option(help="Record who asked, or why.")] = "",
    run: RunFolder = None,
    as_json: AsJson = False,
    old_pipeline: OldPipeline = None,
) -> None:
    """Remove documents or images from all later builds and pushes of the project."""
    from leafinstruct.api import project_pipeline
    from leafinstruct.run import Run
    from leafinstruct.shard.takedown import takedown, takedown_lines

    pipeline = renamed(old_pipeline, pipeline, "remove --pipeline FILE is written remove FILE")
    loaded = project_pipeline(pipeline)
    opened = Run(run or loaded.run_folder(None))
    wanted = {"url": url or [], "site": site or [], "sha256": sha256 or []}
    with opened.folder(layout.SHARDS) as shards:
        found = takedown(loaded.root, shards, wanted, note)
    show_result(found, takedown_lines(found), as_json)


@app.command()
def export(
    shards: Annotated[Path, typer.Argument(help="Folder of shards.")],
    out: Annotated[Path, typer.Argument(help="Folder for the tar files.")],
) -> None:
    """Export shards as WebDataset tar files."""
    from leafinstruct.shard.export.webdataset import export_webdataset

    for path in export_webdataset(shards, out):
        echo(path)


@app.command()
def push(
    target: Annotated[str, typer.Argument(help="Dataset on the Hub (OWNER/NAME), folder, or URL (s3://...).")],
    pipeline: PipelineOption = None,
    run: RunFolder = None,
    revision: Annotated[str, typer.Option(help="Branch to push to.")] = "main",
    private: Annotated[bool, typer.Option("--private", help="Create a new dataset as private.")] = False,
    pull_request: Annotated[bool, typer.Option("--pr", help="Open a pull request instead of committing.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List what would change; upload nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Upload changed shards, manifest and card to the Hugging Face Hub or any filesystem."""
    from leafinstruct.removal import load_removals
    from leafinstruct.shard.card.refresh import refresh_card
    from leafinstruct.shard.publish.filesystem import is_filesystem, push_files
    from leafinstruct.shard.publish.hub import plan_push, run_tag
    from leafinstruct.shard.publish.hub import push as push_shards
    from leafinstruct.shard.stage import current_manifest
    from leafinstruct.shard.takedown import refuse_removed

    made = run_of(pipeline, run)
    loaded, opened = made.pipeline, made.run
    with opened.folder(layout.SHARDS) as folder:
        refuse_removed(folder, load_removals(loaded.root))
    if (current := current_manifest(opened, loaded)) and not dry_run:
        refresh_card(opened, loaded, current)
    with opened.folder(layout.SHARDS) as folder:
        if is_filesystem(target):
            result = push_files(folder, target, dry_run=dry_run)
        elif dry_run:
            plan = plan_push(folder, target, revision=revision, ask_hub=True)
            show_result(plan.to_dict(), plan.lines, as_json)
            return
        else:
            tag = run_tag(folder)
            result = push_shards(folder, target, private=private, revision=revision, pull_request=pull_request, tag=tag)
    lines = [*result.plan.lines, result.pull_request or result.commit or f"{result.url}: nothing to upload"]
    show_result({"plan": result.plan.to_dict(), "url": result.url, "commit": result.commit}, lines, as_json)
