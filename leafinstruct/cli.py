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
    engine: Annotated[str, typer.Option(help="local, or ray: a cluster as the pipeline's section ray says.")] = "local",
    score_all: Annotated[bool, typer.Option("--score-all", help="Let models score what filters dropped too.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make everything up to and including a stage, reusing what is done."""
    from leafinstruct.engine import on_engine
    from leafinstruct.progress import Progress
    from leafinstruct.report.funnel import funnel, funnel_lines

    loaded, opened = _open(pipeline, run, limit)
    options = {"limit": limit, "score_all": score_all, "progress": Progress(quiet)}
    on_engine(engine, opened, loaded, stage, workers, options)
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
def scores(pipeline: PipelineFile = None, run: RunFolder = None, as_json: AsJson = False) -> None:
    """List the score columns of a pipeline that rules can use, with their units; with --run how a run's are spread."""
    loaded, _ = _open(pipeline, run, None)
    if run:
        from leafinstruct.report.distributions import distribution_lines, distributions

        found = distributions(_existing(pipeline, run), loaded)
        _print(found, distribution_lines(found), as_json)
        return
    rows = [
        {"column": name, "grain": c.grain, "type": c.type, "unit": c.unit, "about": c.about}
        for name, c in loaded.columns().items()
    ]
    lines = [f"{r['column']:28} {r['grain']:9} {r['type']:6} {r['unit']:16} {r['about']}" for r in rows]
    _print(rows, lines, as_json)


@app.command()
def audit(
    pipeline: PipelineFile = None,
    run: RunFolder = None,
    documents: Annotated[int, typer.Option(min=2, help="Kept documents to plant defects in.")] = 100,
    seed: Annotated[int, typer.Option(help="Seed of the choice of documents and of what is planted.")] = 0,
    keep: Annotated[float, typer.Option(min=0.5, max=1.0, help="Share of clean documents to keep.")] = 0.95,
    calibrate: Annotated[bool, typer.Option("--calibrate", help="Propose thresholds for that share.")] = False,
    workers: Annotated[int, typer.Option(min=1, help="Processes for work on the CPU.")] = os.cpu_count() or 1,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
    as_json: AsJson = False,
) -> None:
    """Plant defects of known truth in kept documents and report what the filters catch."""
    from leafinstruct.audit.audit import audit as audit_run
    from leafinstruct.audit.table import audit_lines
    from leafinstruct.engine.local import run_tasks
    from leafinstruct.progress import Progress

    loaded, _ = _open(pipeline, run, None)
    found = audit_run(
        _existing(pipeline, run),
        loaded,
        run_tasks,
        documents=documents,
        seed=seed,
        keep=keep,
        workers=workers,
        calibrated=calibrate,
        progress=Progress(quiet),
    )
    _print(found, audit_lines(found), as_json)


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
def sample(
    pipeline: PipelineFile = None,
    run: RunFolder = None,
    number: Annotated[int, typer.Option("-n", "--number", min=1, help="Records, drawn by hash of their id.")] = 20,
    page: Annotated[Path | None, typer.Option(help="Write one HTML page with all images inside.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show records beside the documents they were made of."""
    from leafinstruct.report.sample import draw, sample_lines, sample_page

    opened = _existing(pipeline, run)
    shown = draw(opened, number)
    if page:
        page.write_text(sample_page(opened, shown), encoding="utf-8")
    lines = [f"{len(shown)} records beside their documents: {page}"] if page else sample_lines(shown)
    _print([one.to_dict() for one in shown], lines, as_json)


@app.command()
def review(
    pipeline: PipelineFile = None,
    run: RunFolder = None,
    out: Annotated[Path, typer.Option(help="Folder for the page and two tables.")] = Path("review"),
    number: Annotated[int, typer.Option("-n", "--number", min=1, help="Records, drawn by hash of their id.")] = 200,
    agree: Annotated[
        tuple[Path, Path] | None, typer.Option(metavar="A.csv B.csv", help="Compare two rated tables instead.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Have two people rate the same records, and compute how far they agree."""
    from leafinstruct.report.review import agreement, agreement_lines, write_review
    from leafinstruct.report.sample import draw

    if agree:
        found = agreement(*agree)
        _print(found, agreement_lines(found), as_json)
        return
    opened = _existing(pipeline, run)
    written = write_review(opened, draw(opened, number), out)
    _print([str(path) for path in written], [str(path) for path in written], as_json)


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
    out: Annotated[Path, typer.Option(help="Folder for adapter, log, plot and samples.")],
    model: Annotated[
        str, typer.Option(help="tiny, tiny-continuous, or an Emu3 or Chameleon checkpoint by hub id or folder.")
    ] = "tiny",
    adapter: Annotated[str, typer.Option(help="moss, separate, linear, depthwise, bottleneck or raster1d.")] = "moss",
    rank: Annotated[int, typer.Option(min=1, help="Rank of the adapters.")] = 8,
    dropout: Annotated[float, typer.Option(min=0.0, max=0.9, help="Dropout before the adapters.")] = 0.0,
    steps: Annotated[int, typer.Option(min=1, help="Training steps.")] = 60,
    batch: Annotated[int, typer.Option(min=1, help="Rows in a step.")] = 6,
    context: Annotated[int, typer.Option(min=1, help="Longest row, in tokens.")] = 1024,
    learning_rate: Annotated[float, typer.Option(min=0.0, help="Highest learning rate.")] = 5e-3,
    packed: Annotated[bool, typer.Option("--packed", help="Fill rows with several records.")] = False,
    precision: Annotated[str, typer.Option(help="float32, or bfloat16 for checkpoints.")] = "float32",
    gradient_checkpointing: Annotated[
        bool, typer.Option("--gradient-checkpointing", help="Less memory, more time.")
    ] = False,
    validate_every: Annotated[int, typer.Option(min=0, help="Validate every N steps; 0: at the end only.")] = 0,
    checkpoint_every: Annotated[int, typer.Option(min=0, help="Write a checkpoint every N steps; 0: none.")] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the checkpoint in --out.")] = False,
    seed: Annotated[int, typer.Option(help="Seed of weights, order and sampling.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Train MoSS adapters on any folder of shards and write samples."""
    from dataclasses import asdict

    from leafinstruct.moss.report import report_lines, told
    from leafinstruct.moss.settings import TrainConfig
    from leafinstruct.moss.train import train as train_on
    from leafinstruct.progress import Progress

    config = TrainConfig(
        variant=adapter,
        r=rank,
        alpha=2.0 * rank,
        dropout=dropout,
        model=model,
        precision=precision,
        gradient_checkpointing=gradient_checkpointing,
        steps=steps,
        batch=batch,
        packed=packed,
        learning_rate=learning_rate,
        context=context,
        validate_every=validate_every,
        checkpoint_every=checkpoint_every,
        seed=seed,
    )
    report = train_on(shards, out, config, told(Progress()), resume)
    _print(asdict(report), report_lines(report, out), as_json)


@app.command()
def prove(
    pipeline: PipelineFile = None,
    run: RunFolder = None,
    data: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=SHARDS", help="Shards to train on; the first are the reference. Repeatable."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write prove/ into this folder and not into the run; needs --data.")
    ] = None,
    preset: Annotated[str, typer.Option(help="small, or full with more controls and equal ranks.")] = "small",
    seeds: Annotated[int, typer.Option(min=2, max=10, help="Trainings of each kind.")] = 3,
    steps: Annotated[int | None, typer.Option(min=1, help="Steps of each training.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Trainings at a time, a thread each.")] = os.cpu_count() or 1,
    as_json: AsJson = False,
) -> None:
    """Ask whether it is the data or the adapter: train a grid of both on tiny models. Toy scale.

    The run's shards are the data `filtered`. For `raw`, build the same sources with a filter that drops nothing and
    name its shards: --data raw=runs/raw/shards. `shuffled` (images of other records) is made of the first data.
    """
    from leafinstruct.moss.prove import ProveConfig, named_folders, with_train
    from leafinstruct.moss.prove import prove as prove_on
    from leafinstruct.moss.prove_report import table_lines, write
    from leafinstruct.progress import Progress
    from leafinstruct.run import Run

    opened = Run(out) if out else _existing(pipeline, run)
    folders = named_folders(data or [], None if out else opened.file("shards"))
    config = ProveConfig(preset, seeds, workers)
    result = prove_on(folders, with_train(config, steps=steps) if steps else config, opened, Progress().say)
    folder = write(result, opened)
    _print(result, [*table_lines(result), f"table, plot and report: {folder}"], as_json)


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
