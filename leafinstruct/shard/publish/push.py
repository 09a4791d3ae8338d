"""The push of a run: what refuses it, where it goes, and what is remembered of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from leafinstruct.errors import LeafError
from leafinstruct.pipeline import Pipeline
from leafinstruct.places import add_push
from leafinstruct.run import Run
from leafinstruct.shard.publish.filesystem import is_filesystem, push_files
from leafinstruct.shard.publish.hub import plan_push, private_refusal, push
from leafinstruct.shard.publish.licenses import refuse_licenses
from leafinstruct.shard.publish.plan import PushPlan, PushResult, run_tag
from leafinstruct.shard.stage import publishable
from leafinstruct.shard.takedown import refuse_removed
from leafinstruct.shard.takedown_search import named_records


@dataclass(frozen=True, slots=True)
class PushOptions:
    """Where to push, and what is asked besides; `licenses` are allowed by name."""

    target: str
    private: bool = False
    revision: str = "main"
    pull_request: bool = False
    squash: bool = False
    licenses: tuple[str, ...] = ()

    def check(self, to_files: bool) -> None:
        """Raises LeafError for options that mean nothing at a target that is a filesystem."""
        given = {
            "--private": self.private,
            "--revision": self.revision != "main",
            "--pr": self.pull_request,
            "--squash": self.squash,
        }
        if to_files and (wrong := [name for name, is_given in given.items() if is_given]):
            raise LeafError(f"push: {', '.join(wrong)}: only for datasets on the Hub; {self.target} is a filesystem")


def refusals(folder: Path, run: Run, pipeline: Pipeline, options: PushOptions, rewritten: bool) -> list[str]:
    """Why these shards are not to be published, as they are and without more options. `rewritten`: whether the records
    are what the rewrite stage would make."""
    return list(_refusals(folder, run, pipeline, options, rewritten))


def _refusals(folder: Path, run: Run, pipeline: Pipeline, options: PushOptions, rewritten: bool) -> Iterator[str]:
    checks = (
        lambda: refuse_removed(folder, pipeline.removals, named_records(run, pipeline.removals)),
        lambda: publishable(run, pipeline, rewritten),
        lambda: refuse_licenses(folder, options.licenses),
    )
    for check in checks:
        try:
            check()
        except LeafError as error:
            yield str(error)


def dry_plan(folder: Path, options: PushOptions) -> tuple[PushPlan, list[str]]:
    """What a push would do, and why the target would refuse it."""
    if is_filesystem(options.target):
        return push_files(folder, options.target, dry_run=True).plan, []
    plan = plan_push(folder, options.target, revision=options.revision, ask_hub=True)
    public = private_refusal(options.target) if options.private else ""
    return plan, [public] if public else []


def push_to(folder: Path, run: Run, pipeline: Pipeline, options: PushOptions) -> PushResult:
    """Push, and remember the target for takedowns: before, because a push that dies half way has left copies, too."""
    forgotten = list[str]()
    try:
        add_push(run, options.target)
    except LeafError as error:  # a run that cannot be written can still be pushed
        forgotten.append(f"this push is not remembered for takedowns: {error}")
    result = _push(folder, pipeline, options)
    return replace(result, notes=(*result.notes, *forgotten))


def _push(folder: Path, pipeline: Pipeline, options: PushOptions) -> PushResult:
    if is_filesystem(options.target):
        return push_files(folder, options.target)
    return push(
        folder,
        options.target,
        private=options.private,
        revision=options.revision,
        pull_request=options.pull_request,
        tag=run_tag(folder),
        name_old=len(pipeline.removals) > 0,
        squashed=options.squash,
    )
