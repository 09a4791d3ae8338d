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
from leafinstruct.errors import LeafError
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
    url: Annotated[
        list[str] | None, typer.Option(help="Remove the documents with this URL, in any spelling. Repeatable.")
    ] = None,
    site: Annotated[
        list[str] | None, typer.Option(help="Remove all documents of this site, in any spelling. Repeatable.")
    ] = None,
    path: Annotated[
        list[str] | None, typer.Option(help="Remove the documents with this path below their source. Repeatable.")
    ] = None,
    document: Annotated[list[str] | None, typer.Option(help="Remove the document with this id. Repeatable.")] = None,
    record: Annotated[
        list[str] | None, typer.Option(help="Remove the document of the record with this id. Repeatable.")
    ] = None,
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
    from leafinstruct.shard.stage import near_duplicates
    from leafinstruct.shard.takedown import takedown, takedown_lines

    pipeline = renamed(old_pipeline, pipeline, "remove --pipeline FILE is written remove FILE")
    loaded = project_pipeline(pipeline)
    opened = Run(run or loaded.run_folder(None))
    options = {"url": url, "site": site, "path": path, "document": document, "record": record, "sha256": sha256}
    wanted = {kind: values or [] for kind, values in options.items()}
    with opened.folder(layout.SHARDS) as shards:
        found = takedown(loaded.root, shards, wanted, note, opened, near_duplicates(opened, loaded))
    show_result(found, takedown_lines(found), as_json)


@app.command()
def export(
    shards: Annotated[Path, typer.Argument(help="Folder of shards.")],
    out: Annotated[Path, typer.Argument(help="Folder for the tar files.")],
) -> None:
    """Export shards as WebDataset tar files, and delete tars of earlier exports to that folder."""
    from leafinstruct.places import add_export, run_above
    from leafinstruct.removal import removals_above
    from leafinstruct.shard.export.webdataset import export_webdataset, other_tars
    from leafinstruct.shard.takedown import refuse_removed
    from leafinstruct.shard.takedown_search import named_records

    owner, removals = run_above(shards), removals_above(shards)
    refuse_removed(shards, removals, named_records(owner, removals) if owner else ())
    for path in export_webdataset(shards, out):
        echo(path)
    for name in other_tars(out):
        echo(f"{out / name} stays: no export made it", error=True)
    if owner:
        add_export(owner, out)


@app.command()
def push(
    target: Annotated[str, typer.Argument(help="Dataset on the Hub (OWNER/NAME), folder, or URL (s3://...).")],
    pipeline: PipelineOption = None,
    run: RunFolder = None,
    revision: Annotated[str, typer.Option(help="Branch to push to.")] = "main",
    private: Annotated[
        bool, typer.Option("--private", help="Create a new dataset as private; refuse one that is public.")
    ] = False,
    pull_request: Annotated[bool, typer.Option("--pr", help="Open a pull request instead of committing.")] = False,
    squash: Annotated[
        bool,
        typer.Option(
            "--squash",
            help="After a takedown: delete tags of earlier pushes and squash the branch's history into one commit, so "
            "that no old revision serves what was removed. Cannot be undone.",
        ),
    ] = False,
    allow_license: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Publish records with this license although it is non-commercial, not recognized or 'unknown'. "
            "Repeatable.",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List what would change; upload nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Upload changed shards, manifest and card to the Hugging Face Hub or any filesystem."""
    from leafinstruct.rewrite.stage import is_current
    from leafinstruct.shard.card.refresh import refresh_card
    from leafinstruct.shard.publish.filesystem import is_filesystem
    from leafinstruct.shard.publish.push import PushOptions, dry_plan, push_to, refusals
    from leafinstruct.shard.stage import current_manifest

    made = run_of(pipeline, run)
    options = PushOptions(target, private, revision, pull_request, squash, tuple(allow_license or ()))
    options.check(is_filesystem(target))
    if (current := current_manifest(made.run, made.pipeline)) and not dry_run:
        refresh_card(made.run, made.pipeline, current)
    with made.run.folder(layout.SHARDS) as folder:
        refused = refusals(folder, made.run, made.pipeline, options, is_current(made.run, made.pipeline))
        if dry_run:
            plan, over_there = dry_plan(folder, options)
            refused += over_there
            value = {**plan.to_dict(), "refused": refused}
            show_result(value, [*plan.lines, *(f"the push would be refused: {why}" for why in refused)], as_json)
            return
        if refused:
            raise LeafError(refused[0])
        result = push_to(folder, made.run, made.pipeline, options)
    value = {"plan": result.plan.to_dict(), "url": result.url, "commit": result.commit, "notes": list(result.notes)}
    show_result(value, result.lines, as_json)
