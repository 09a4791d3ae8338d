"""Commands that look at a run: its counts, documents, scores, audit, report, and another run beside it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from leafinstruct.cli.app import app
from leafinstruct.cli.common import AsJson, PipelineFile, RunFolder, existing_run, open_run, show_result


@app.command()
def status(pipeline: PipelineFile = None, run: RunFolder = None, as_json: AsJson = False) -> None:
    """Count what a run holds: documents in, what each rule dropped, records out."""
    from leafinstruct.report.funnel import funnel, funnel_lines

    opened = existing_run(pipeline, run)
    counts = funnel(opened)
    built = ", ".join(counts.stages) or "nothing"
    show_result({"run": str(opened), **counts.to_dict()}, [f"{opened}: built {built}", *funnel_lines(counts)], as_json)


@app.command()
def show(
    document: Annotated[str, typer.Argument(metavar="ID", help="Document or record id, URL or path.")],
    pipeline: Annotated[Path | None, typer.Option(help="Pipeline file of the run.")] = None,
    run: RunFolder = None,
    as_json: AsJson = False,
) -> None:
    """Show the way of one document through all stages."""
    from leafinstruct.report.trace import trace_lines, way

    loaded, _ = open_run(pipeline, run, None)
    found = way(existing_run(pipeline, run), loaded, document)
    show_result(found, trace_lines(found), as_json)


@app.command()
def scores(pipeline: PipelineFile = None, run: RunFolder = None, as_json: AsJson = False) -> None:
    """List the score columns of a pipeline that rules can use, with their units; with --run how a run's are spread."""
    loaded, _ = open_run(pipeline, run, None)
    if run:
        from leafinstruct.report.distributions import distribution_lines, distributions

        found = distributions(existing_run(pipeline, run), loaded)
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

    loaded, _ = open_run(pipeline, run, None)
    found = audit_run(
        existing_run(pipeline, run),
        loaded,
        run_tasks,
        documents=documents,
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
    against: Annotated[str | None, typer.Option(help="Another run to compare with.")] = None,
    documents: Annotated[int, typer.Option(min=1, help="Documents whose whole way the page holds.")] = 250,
) -> None:
    """Write the page people look at: funnel, rules, scores, documents. It opens from disk."""
    from leafinstruct.report.page import write_report

    loaded, _ = open_run(pipeline, run, None)
    opened = existing_run(pipeline, run)
    other = existing_run(None, against) if against else None
    print(f"{opened}/{write_report(opened, loaded, other, documents)}")


@app.command()
def diff(
    first: Annotated[str, typer.Argument(help="Run folder.")],
    second: Annotated[str, typer.Argument(help="Run folder to compare it with.")],
    as_json: AsJson = False,
) -> None:
    """Compare two runs: counts, and documents and images that were decided otherwise."""
    from leafinstruct.report.diff import diff_lines, differ

    found = differ(existing_run(None, first), existing_run(None, second))
    show_result(found, diff_lines(found), as_json)


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

    opened = existing_run(pipeline, run)
    shown = draw(opened, number)
    if page:
        page.write_text(sample_page(opened, shown), encoding="utf-8")
    lines = [f"{len(shown)} records beside their documents: {page}"] if page else sample_lines(shown)
    show_result([one.to_dict() for one in shown], lines, as_json)


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
        show_result(found, agreement_lines(found), as_json)
        return
    opened = existing_run(pipeline, run)
    written = write_review(opened, draw(opened, number), out)
    show_result([str(path) for path in written], [str(path) for path in written], as_json)
