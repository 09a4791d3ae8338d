"""Commands that inspect a run: counts, documents, scores, audit, report, comparison with another run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from leafinstruct.cli.app import app
from leafinstruct.cli.common import (
    CPUS,
    AsJson,
    OldDocuments,
    OldNumber,
    PipelineFile,
    PipelineOption,
    Quiet,
    RunFolder,
    Workers,
    existing_run,
    renamed,
    run_of,
    show_result,
)
from leafinstruct.report.terminal import echo

DRAWN = "Number of records, drawn by hash of their id."


@app.command()
def status(pipeline: PipelineFile = None, run: RunFolder = None, as_json: AsJson = False) -> None:
    """Count the documents, images and records of a run at every stage, and name examples of what was lost."""
    from leafinstruct.report.funnel import funnel_lines

    opened = existing_run(pipeline, run)
    counts = opened.funnel()
    lines = [f"{opened.run}: stages built: {', '.join(counts.stages) or 'none'}", *funnel_lines(counts, named=True)]
    show_result({"run": str(opened.run), **counts.to_dict()}, lines, as_json)


@app.command()
def show(
    document: Annotated[str, typer.Argument(metavar="ID", help="Document id, record id, URL or path.")],
    pipeline: PipelineOption = None,
    run: RunFolder = None,
    as_json: AsJson = False,
) -> None:
    """Trace one document through all stages."""
    from leafinstruct.report.trace import trace_lines

    found = run_of(pipeline, run).trace(document)
    show_result(found, trace_lines(found), as_json)


@app.command()
def scores(pipeline: PipelineFile = None, run: RunFolder = None, as_json: AsJson = False) -> None:
    """List the score columns that rules can use; with --run, show their distributions."""
    from leafinstruct.api import project_pipeline

    loaded = project_pipeline(pipeline)
    if run:
        from leafinstruct.report.distributions import distribution_lines, distributions

        found = distributions(existing_run(pipeline, run).run, loaded)
        show_result(found, distribution_lines(found), as_json)
        return
    rows = [
        {"column": name, "grain": c.grain, "type": c.type, "unit": c.unit, "about": c.about}
        for name, c in loaded.columns().items()
    ]
    lines = [f"{r['column']:28} {r['grain']:9} {r['type']:6} {r['unit']:16} {r['about']}" for r in rows]
    show_result(rows, lines, as_json)


@app.command()
def audit(
    pipeline: PipelineFile = None,
    run: RunFolder = None,
    limit: Annotated[int, typer.Option(min=2, help="Number of kept documents to plant defects in.")] = 100,
    seed: Annotated[int, typer.Option(help="Random seed for choosing documents and planting defects.")] = 0,
    keep: Annotated[float, typer.Option(min=0.5, max=1.0, help="Share of clean documents to keep.")] = 0.95,
    calibrate: Annotated[bool, typer.Option("--calibrate", help="Propose thresholds that keep that share.")] = False,
    workers: Workers = CPUS,
    quiet: Quiet = False,
    as_json: AsJson = False,
    old_documents: OldDocuments = None,
) -> None:
    """Measure what your filters detect, with planted defects."""
    from leafinstruct.audit.audit import audit as audit_run
    from leafinstruct.audit.table import audit_lines
    from leafinstruct.engine.local import run_tasks
    from leafinstruct.progress import Progress

    limit = renamed(old_documents, limit, "audit --documents is called --limit")
    opened = run_of(pipeline, run)
    found = audit_run(
        opened.run,
        opened.pipeline,
        run_tasks,
        documents=limit,
        seed=seed,
        keep=keep,
        workers=workers,
        calibrated=calibrate,
        progress=Progress(quiet),
    )
    show_result(found, audit_lines(found), as_json)


@app.command()
def report(
    pipeline: PipelineFile = None,
    run: RunFolder = None,
    against: Annotated[str | None, typer.Option(metavar="DIR", help="Another run to compare with.")] = None,
    limit: Annotated[
        int, typer.Option(min=1, help="Number of documents to trace; examples of rules may add more.")
    ] = 250,
    old_documents: OldDocuments = None,
) -> None:
    """Write an HTML report."""
    from leafinstruct.report.page import write_report

    limit = renamed(old_documents, limit, "report --documents is called --limit")
    opened = run_of(pipeline, run)
    other = existing_run(None, against).run if against else None
    echo(f"{opened.run}/{write_report(opened.run, opened.pipeline, other, limit)}")


@app.command()
def diff(
    first: Annotated[str, typer.Argument(help="Run folder.")],
    second: Annotated[str, typer.Argument(help="Run folder to compare it with.")],
    as_json: AsJson = False,
) -> None:
    """Compare two runs: counts, and the documents and images decided differently."""
    from leafinstruct.report.diff import diff as diff_runs
    from leafinstruct.report.diff import diff_lines

    found = diff_runs(existing_run(None, first).run, existing_run(None, second).run)
    show_result(found, diff_lines(found), as_json)


@app.command()
def sample(
    pipeline: PipelineFile = None,
    run: RunFolder = None,
    limit: Annotated[int, typer.Option(min=1, help=DRAWN)] = 20,
    page: Annotated[Path | None, typer.Option(help="Write one HTML page that includes all images.")] = None,
    as_json: AsJson = False,
    old_number: OldNumber = None,
) -> None:
    """Show records next to their source documents."""
    from leafinstruct.places import set_pages
    from leafinstruct.report.sample import draw, sample_lines, sample_page

    limit = renamed(old_number, limit, "sample -n (--number) is called --limit")
    opened = existing_run(pipeline, run).run
    shown = draw(opened, limit)
    if page:
        page.write_text(sample_page(opened, shown), encoding="utf-8")
        set_pages(opened, [page])
    lines = [f"{page}: {len(shown)} records next to their source documents"] if page else sample_lines(shown)
    show_result([one.to_dict() for one in shown], lines, as_json)


@app.command()
def review(
    pipeline: PipelineFile = None,
    run: RunFolder = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the page and the two tables.")] = Path("review"),
    limit: Annotated[int, typer.Option(min=1, help=DRAWN)] = 200,
    agree: Annotated[
        tuple[Path, Path] | None,
        typer.Option(metavar="A.csv B.csv", help="Compute agreement of two rated tables instead."),
    ] = None,
    as_json: AsJson = False,
    old_number: OldNumber = None,
) -> None:
    """Rate records twice and compute inter-annotator agreement."""
    from leafinstruct.places import set_pages
    from leafinstruct.report.review import agreement, agreement_lines, write_review
    from leafinstruct.report.sample import draw

    limit = renamed(old_number, limit, "review -n (--number) is called --limit")
    if agree:
        found = agreement(*agree)
        show_result(found, agreement_lines(found), as_json)
        return
    opened = existing_run(pipeline, run).run
    written = write_review(opened, draw(opened, limit), out)
    set_pages(opened, written)
    show_result([str(path) for path in written], [str(path) for path in written], as_json)
