"""The command line: thin, light to import, one line and exit code 2 for what the user must change."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from leafinstruct import __version__

if TYPE_CHECKING:
    from leafinstruct.pipeline import Pipeline
    from leafinstruct.run import Run

app = typer.Typer(
    name="leafinstruct",
    help="Turn web pages and tutorials into instruction data of interleaved text and images.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

PipelineFile = Annotated[Path | None, typer.Argument(help="Pipeline file; by default that of the project folder.")]
RunFolder = Annotated[Path | None, typer.Option("--run", help="Run folder; by default runs/NAME of the pipeline.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


def main() -> None:
    """Run the command line; a LeafError becomes one line on standard error and exit code 2."""
    try:
        app()
    except KeyboardInterrupt:
        print("leafinstruct: stopped; what was committed stays, build again to go on", file=sys.stderr)
        sys.exit(130)
    except Exception as error:
        from leafinstruct.document import LeafError  # brings pyarrow, which --help can do without

        if not isinstance(error, LeafError):
            raise
        print(f"leafinstruct: {error}", file=sys.stderr)
        sys.exit(2)


def _version(value: bool) -> None:
    if value:
        print(f"leafinstruct {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[bool, typer.Option("--version", callback=_version, help="Print the version.")] = False,
) -> None:
    pass


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
    score_all: Annotated[bool, typer.Option("--score-all", help="Let models score what filters dropped too.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make everything up to and including a stage, reusing what is done."""
    from leafinstruct.build import build as build_run
    from leafinstruct.context import Context
    from leafinstruct.engine.local import run_tasks
    from leafinstruct.progress import Progress
    from leafinstruct.report.funnel import funnel, funnel_lines

    loaded, opened = _open(pipeline, run, limit)
    context = Context(opened, loaded, run_tasks, workers, limit, score_all, Progress(quiet))
    build_run(context, stage)
    counts = funnel(opened)
    _print(counts.to_dict(), [*funnel_lines(counts), f"run: {opened.path}"], as_json)


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
    from leafinstruct.document import LeafError
    from leafinstruct.harvest.extract import extract_file, extract_lines, extract_text

    if (page is None) == (jsonl is None):
        raise LeafError("extract: name one saved page, or --jsonl and a file of pages")
    if jsonl is not None:
        for row in extract_lines(jsonl):
            print(json.dumps(row, ensure_ascii=False))
    elif page is not None:
        found = extract_file(page, url)
        _print(found.to_dict(), extract_text(found), as_json)


@app.command()
def status(pipeline: PipelineFile = None, run: RunFolder = None, as_json: AsJson = False) -> None:
    """Count what a run holds: documents in, what each rule dropped, records out."""
    from leafinstruct.report.funnel import funnel, funnel_lines

    opened = _existing(pipeline, run)
    counts = funnel(opened)
    built = ", ".join(counts.stages) or "nothing"
    _print(
        {"run": str(opened.path), **counts.to_dict()}, [f"{opened.path}: built {built}", *funnel_lines(counts)], as_json
    )


@app.command()
def show(
    document: Annotated[str, typer.Argument(metavar="ID", help="Document or record id, URL or path.")],
    pipeline: Annotated[Path | None, typer.Option(help="Pipeline file of the run.")] = None,
    run: RunFolder = None,
    as_json: AsJson = False,
) -> None:
    """Show the way of one document through all stages."""
    from leafinstruct.report.way import way, way_lines

    loaded, _ = _open(pipeline, run, None)
    found = way(_existing(pipeline, run), loaded, document)
    _print(found, way_lines(found), as_json)


@app.command()
def scores(pipeline: PipelineFile = None, as_json: AsJson = False) -> None:
    """List the score columns of a pipeline that rules can use, with their units."""
    loaded, _ = _open(pipeline, None, None)
    rows = [
        {"column": name, "grain": c.grain, "type": c.type, "unit": c.unit, "about": c.about}
        for name, c in loaded.columns().items()
    ]
    lines = [f"{r['column']:28} {r['grain']:9} {r['type']:6} {r['unit']:16} {r['about']}" for r in rows]
    _print(rows, lines, as_json)


@app.command()
def report(
    pipeline: PipelineFile = None,
    run: RunFolder = None,
    against: Annotated[Path | None, typer.Option(help="Another run to compare with.")] = None,
    documents: Annotated[int, typer.Option(min=1, help="Documents whose whole way the page holds.")] = 250,
) -> None:
    """Write the page people look at: funnel, rules, scores, documents. It opens from disk."""
    from leafinstruct.report.page import write_report

    loaded, _ = _open(pipeline, run, None)
    opened = _existing(pipeline, run)
    other = _existing(None, against) if against else None
    print(opened.file(write_report(opened, loaded, other, documents)))


@app.command()
def diff(
    first: Annotated[Path, typer.Argument(help="Run folder.")],
    second: Annotated[Path, typer.Argument(help="Run folder to compare it with.")],
    as_json: AsJson = False,
) -> None:
    """Compare two runs: counts, and documents and images that were decided otherwise."""
    from leafinstruct.report.differ import differ, differ_lines

    found = differ(_existing(None, first), _existing(None, second))
    _print(found, differ_lines(found), as_json)


@app.command()
def check(
    path: Annotated[Path, typer.Argument(help="Folder of shards, or one shard.")], as_json: AsJson = False
) -> None:
    """Check published shards: schema, counts, checksums, every image decoded. Exit code 1 if something is wrong."""
    from leafinstruct.shard.check import check as check_shards

    report = check_shards(path)
    _print(report.to_dict(), report.lines, as_json)
    raise typer.Exit(0 if report.ok else 1)


@app.command()
def remove(
    url: Annotated[list[str] | None, typer.Option(help="URL of a document; may be given more than once.")] = None,
    site: Annotated[list[str] | None, typer.Option(help="All documents of a site.")] = None,
    sha256: Annotated[list[str] | None, typer.Option(help="An image, by its bytes as harvested or published.")] = None,
    note: Annotated[str, typer.Option(help="Who asked, or why.")] = "",
    pipeline: Annotated[Path | None, typer.Option(help="Pipeline file of the project.")] = None,
    run: RunFolder = None,
    as_json: AsJson = False,
) -> None:
    """Take documents or images down: later builds and pushes of the project leave them out."""
    from leafinstruct.shard.takedown import takedown, takedown_lines

    loaded, opened = _open(pipeline, run, None)
    wanted = {"url": url or [], "site": site or [], "sha256": sha256 or []}
    found = takedown(loaded.root, opened.file("shards"), wanted, note)
    _print(found, takedown_lines(found), as_json)


@app.command()
def export(
    shards: Annotated[Path, typer.Argument(help="Folder of shards.")],
    out: Annotated[Path, typer.Argument(help="Folder for the tars.")],
) -> None:
    """Write shards as WebDataset tars, for loaders that stream those."""
    from leafinstruct.shard.export import export_webdataset

    for path in export_webdataset(shards, out):
        print(path)


@app.command()
def push(
    target: Annotated[str, typer.Argument(help="Data set on the Hub (OWNER/NAME), or a folder or URL such as s3://.")],
    pipeline: Annotated[Path | None, typer.Option(help="Pipeline file of the run.")] = None,
    run: RunFolder = None,
    revision: Annotated[str, typer.Option(help="Branch to push to.")] = "main",
    private: Annotated[bool, typer.Option("--private", help="Make a new data set private.")] = False,
    pull_request: Annotated[bool, typer.Option("--pr", help="Open a pull request instead of a commit.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List what would change; nothing is uploaded.")] = False,
    as_json: AsJson = False,
) -> None:
    """Upload shards, manifest and card to the Hugging Face Hub or to any filesystem; what is there stays."""
    from leafinstruct.removal import load_removals
    from leafinstruct.shard.filesystem import is_filesystem, push_files
    from leafinstruct.shard.hub import plan_push, run_tag
    from leafinstruct.shard.hub import push as push_shards
    from leafinstruct.shard.takedown import refuse_removed

    folder = _existing(pipeline, run).file("shards")
    refuse_removed(folder, load_removals(_open(pipeline, run, None)[0].root))
    if is_filesystem(target):
        result = push_files(folder, target, dry_run=dry_run)
    elif dry_run:
        plan = plan_push(folder, target, revision=revision, ask_hub=True)
        _print(plan.to_dict(), plan.lines, as_json)
        return
    else:
        tag = run_tag(folder)
        result = push_shards(folder, target, private=private, revision=revision, pull_request=pull_request, tag=tag)
    lines = [*result.plan.lines, result.pull_request or result.commit or f"{result.url}: nothing to upload"]
    _print({"plan": result.plan.to_dict(), "url": result.url, "commit": result.commit}, lines, as_json)


@app.command()
def train(
    shards: Annotated[Path, typer.Option(help="Folder of shards.")],
    out: Annotated[Path, typer.Option(help="Folder for adapter, log and samples.")],
    adapter: Annotated[str, typer.Option(help="moss, separate or linear.")] = "moss",
    steps: Annotated[int, typer.Option(min=1, help="Training steps.")] = 60,
    seed: Annotated[int, typer.Option(help="Seed of weights, order and sampling.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Train the bundled tiny model with MoSS adapters on any folder of shards and write samples."""
    from dataclasses import asdict

    from leafinstruct.moss.report import report_lines, told
    from leafinstruct.moss.train import TrainConfig
    from leafinstruct.moss.train import train as train_on
    from leafinstruct.progress import Progress

    config = TrainConfig(variant=adapter, steps=steps, seed=seed)
    report = train_on(shards, out, config, told(Progress()))
    _print(asdict(report), report_lines(report, out), as_json)


def _open(pipeline: Path | None, run: Path | None, limit: int | None) -> tuple[Pipeline, Run]:
    from leafinstruct.pipeline import default_pipeline, load_pipeline
    from leafinstruct.run import Run

    loaded = load_pipeline(pipeline or default_pipeline(Path.cwd()))
    name = loaded.name if limit is None else f"{loaded.name}-limit-{limit}"
    return loaded, Run(run or Path("runs") / name)


def _existing(pipeline: Path | None, run: Path | None) -> Run:
    from leafinstruct.document import LeafError
    from leafinstruct.run import Run

    opened = Run(run) if run else _open(pipeline, None, None)[1]
    if not opened.file("run.json").is_file():
        raise LeafError(f"{opened.path} holds no run; make one with: leafinstruct build")
    return opened


def _print(value: Any, lines: list[str], as_json: bool) -> None:
    if as_json:
        print(json.dumps(value, indent=1, ensure_ascii=False, default=str))
    else:
        print("\n".join(lines))
