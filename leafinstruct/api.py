"""The front door: builds, runs and pages from Python. The command line is made of the same calls.

Everything heavy is imported by the call that needs it.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leafinstruct.deprecated import OldName
from leafinstruct.errors import LeafError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

    from leafinstruct.document import Document, Record
    from leafinstruct.harvest.extract import ExtractedPage
    from leafinstruct.pipeline import Pipeline
    from leafinstruct.report.funnel import Funnel
    from leafinstruct.run import Run
    from leafinstruct.shard.check import CheckReport


class OpenedRun:
    """A run with the pipeline it was built from. Reads files of the run and changes none."""

    def __init__(self, run: Run, pipeline: Pipeline | None = None) -> None:
        self.run = run
        self._pipeline = pipeline

    def __repr__(self) -> str:
        return f"OpenedRun({str(self.run)!r})"

    @cached_property
    def pipeline(self) -> Pipeline:
        """The pipeline given when the run was opened, else the file in `pipelines/` of the current folder that has the
        name the run was built under. Raises LeafError if there is none."""
        if self._pipeline is not None:
            return self._pipeline
        from leafinstruct import layout
        from leafinstruct.pipeline import pipeline_named

        name = str((self.run.json(layout.RUN) or {}).get("pipeline_name"))
        path = pipeline_named(Path.cwd(), name)
        if path is None:
            raise LeafError(f"{self.run}: no pipeline '{name}' in {Path('pipelines').absolute()}; give pipeline=FILE")
        return project_pipeline(path, stacklevel=4)

    def funnel(self) -> Funnel:
        """Counts of documents, images and records at each stage, with reasons for every drop; they add up."""
        from leafinstruct.report.funnel import funnel

        return funnel(self.run)

    def documents(self, *, edited: bool = False) -> Iterator[Document]:
        """The raw documents in the order of their partitions; with `edited` those that filters kept, as edited."""
        from leafinstruct import layout
        from leafinstruct.document import documents_from_table

        place = layout.filtered if edited else layout.documents
        for name in self.run.partitions():
            if self.run.exists(place(name)):
                yield from documents_from_table(self.run.table(place(name)))

    def records(self, *, dropped: bool = False) -> Iterator[Record]:
        """The records in the order of their partitions; with `dropped` also the rows that say why there is none."""
        from leafinstruct import layout
        from leafinstruct.document import records_from_table

        for name in self.run.partitions():
            if self.run.exists(layout.records(name)):
                for record in records_from_table(self.run.table(layout.records(name))):
                    if dropped or not record.dropped_by:
                        yield record

    def scores(self, filter: str) -> pd.DataFrame:
        """Stored scores of a filter: a row for each document, image part or image that has one, with the columns that
        `leafinstruct scores` lists, and `error` where a score could not be made. Raises LeafError for an unknown filter
        and for one without a scorer."""
        import pandas as pd

        from leafinstruct.filter.partitions import stored_scores

        _check("filter", filter, str)
        known = {owner.name: owner for owner in self.pipeline.filters if owner.scorer}
        if filter not in known:
            raise LeafError(f"{self.pipeline.path}: no filter '{filter}' with scores{did_you_mean(filter, known)}")
        tables = [table.to_pandas() for table in stored_scores(self.run, known[filter])]
        if not tables:
            raise LeafError(f"{self.run}: no scores of filter '{filter}' as {self.pipeline.path} has it; build again")
        found = pd.concat(tables, ignore_index=True)
        return found.drop(columns=[name for name in ("key",) if name in found])

    def decisions(self) -> pd.DataFrame:
        """Decisions of the last build: a row for each document (`part` is null) and each image part."""
        import pandas as pd

        from leafinstruct import layout

        names = [name for name in self.run.partitions() if self.run.exists(layout.decisions(name))]
        tables = [self.run.table(layout.decisions(name)).to_pandas() for name in names]
        return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()

    def decide(self, pipeline: Pipeline | None = None) -> pd.DataFrame:
        """Decisions by the rules of another pipeline (see `with_rules`) from the stored scores, in the form of
        `decisions`. Opens no image, asks no model and writes nothing; what no model has scored yet is missing."""
        from leafinstruct.filter.partitions import decisions_of, has_scores

        by = project_pipeline(self.pipeline if pipeline is None else pipeline)
        for owner in by.filters:
            if owner.scorer and not owner.scorer.model and not has_scores(self.run, owner):
                raise LeafError(f"{self.run}: no scores of filter '{owner.name}' as {by.path} has it; build again")
        return decisions_of(self.run, by).to_pandas()

    def trace(self, document: str) -> dict[str, Any]:
        """What happened to one document in all stages; found by its id (or the start of one), URL, path, or record id.
        Raises LeafError if there is no such document."""
        from leafinstruct.report.trace import trace

        _check("document", document, str)
        return trace(self.run, self.pipeline, document)


def build(
    pipeline: str | Path | Pipeline | None = None,
    run: str | Path | None = None,
    *,
    stage: str = "shard",
    workers: int = 1,
    engine: str = "local",
    limit: int | None = None,
    score_all: bool = False,
    verify: bool = False,
    quiet: bool = False,
) -> OpenedRun:
    """Make everything up to and including `stage`, reusing what is done, and open the run.

    `pipeline`: by default that of the current folder. `run` is a folder or an address such as `s3://bucket/run`; by
    default `runs/NAME` of the pipeline. `limit`: at most so many documents of each source. `verify`: read all files of
    the run first, and make damaged ones again. With more than one worker, a
    script calls this below `if __name__ == "__main__":`.
    Raises LeafError for what the user must change.
    """
    from leafinstruct.engine import on_engine
    from leafinstruct.engine.local import is_starting
    from leafinstruct.progress import Progress
    from leafinstruct.run import Run

    if is_starting():  # a worker imports the script that calls this; the build that started it says what to do
        raise SystemExit(1)
    loaded = project_pipeline(pipeline, stacklevel=3)
    if run is not None:
        _check_place(run)
    for name, number in (("workers", workers), ("limit", limit)):
        if number is not None and (isinstance(number, bool) or not isinstance(number, int) or number < 1):
            raise LeafError(f"{name}: {number!r} is not a whole number, 1 or more")
    _check("stage", stage, str)
    _check("engine", engine, str)
    opened = Run(str(run) if run is not None else loaded.run_folder(limit))
    options = {"limit": limit, "score_all": score_all, "verify": verify, "progress": Progress(quiet)}
    on_engine(engine, opened, loaded, stage, workers, options)
    return OpenedRun(opened, loaded)


def open_run(run: str | Path, pipeline: str | Path | Pipeline | None = None) -> OpenedRun:
    """A run that is there. Raises LeafError if `run` holds none."""
    from leafinstruct.run import Run, existing

    _check_place(run)
    opened = existing(Run(str(run)))
    return OpenedRun(opened, None if pipeline is None else project_pipeline(pipeline, stacklevel=3))


def extract(page: str | Path, url: str = "", *, links: bool = False) -> ExtractedPage:
    """Texts (Markdown) and images of a saved HTML page in reading order; `url` is its address, for relative addresses
    of images and, if their addresses are kept, of `links`.

    Raises LeafError for a file that cannot be read or has no content.
    """
    from leafinstruct.harvest.extract import extract_file

    _check("page", page, str, Path)
    if not isinstance(url, str):
        raise LeafError(f"url: {url!r} is no text")
    return extract_file(Path(page), url, links)


def check(target: str | Path) -> CheckReport:
    """Decode and check published shards: a folder, one file, `s3://...`, or a dataset's id on the Hub. `ok` says
    whether all is right, `lines` why not."""
    from leafinstruct.shard.check import check as check_shards

    _check("target", target, str, Path)
    return check_shards(target)


def project_pipeline(pipeline: str | Path | Pipeline | None = None, *, stacklevel: int = 2) -> Pipeline:
    """A pipeline from its file, by default that of the project in the current folder (see `default_pipeline`), with a
    warning for each old name in its files. Raises LeafError."""
    from leafinstruct.pipeline import Pipeline, default_pipeline, load_pipeline

    if isinstance(pipeline, Pipeline):
        return pipeline
    if pipeline is not None:
        _check("pipeline", pipeline, str, Path)
    loaded = load_pipeline(Path(pipeline) if pipeline is not None else default_pipeline(Path.cwd()))
    for notice in loaded.notices:
        warnings.warn(notice, OldName, stacklevel=stacklevel)
    return loaded


def _check(name: str, value: Any, *kinds: type[Any]) -> None:
    """Raises LeafError for an argument of another type, and for an empty one."""
    wanted = " or ".join(kind.__name__ for kind in kinds)
    if not isinstance(value, kinds) or value == "":
        raise LeafError(f"{name}: {str(value)[:60]!r} ({type(value).__name__}); it takes a {wanted}, not empty")


def _check_place(run: Any) -> None:
    _check("run", run, str, Path)
    if "\0" in str(run):
        raise LeafError(f"run: {str(run)[:60]!r} is no name of a folder")
    if "://" not in str(run) and Path(run).exists() and not Path(run).is_dir():
        raise LeafError(f"run: {run} is a file; it takes a folder")
