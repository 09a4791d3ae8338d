"""The rewrite stage: edited documents become records. What a model answered is stored under the key of its request.

Answers are committed a batch at a time in `generations/<hash8>/`, so a stopped build loses one batch at most, and a
changed rule of verification asks for nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from leafinstruct.context import Context, Job
from leafinstruct.document import (
    Document,
    LeafError,
    Record,
    did_you_mean,
    digest,
    documents_from_table,
    records_to_table,
)
from leafinstruct.models.llm import Generation
from leafinstruct.pipeline import Filter, Pipeline, find_file
from leafinstruct.rewrite import template
from leafinstruct.rewrite.instruct import Request, Settings, write
from leafinstruct.rewrite.prompt import Prompt, load_prompt
from leafinstruct.rewrite.record import Facts, dropped
from leafinstruct.rewrite.task import TASKS, Draft, check_weights, choose_task, draft
from leafinstruct.run import Run, fingerprint
from leafinstruct.score.base import CorpusScorer, make_settings

VERSION = 1
"""Grows whenever the same documents and answers would make other records."""
WRITERS = ("llm", "template")
BATCH = 32
"""Answers committed together."""
GENERATION_SCHEMA = pa.schema(
    [
        ("key", pa.string()),
        ("document", pa.string()),
        ("text", pa.string()),
        ("prompt_tokens", pa.int64()),
        ("output_tokens", pa.int64()),
        ("finish_reason", pa.string()),
        ("error", pa.string()),
    ]
)


@dataclass(frozen=True)
class RewriteSettings:
    """`writer`: llm, or template for dry runs. `tasks`: weights by task name. `prompt`: file beside the pipeline."""

    writer: str = "llm"
    prompt: str = "prompts/instruction.md"
    tasks: dict[str, float] = field(default_factory=lambda: dict.fromkeys(TASKS, 1.0))
    instruct: Settings = field(default_factory=Settings)


def rewrite_settings(pipeline: Pipeline) -> RewriteSettings:
    """The checked `rewrite:` section of a pipeline. Raises LeafError naming the key."""
    raw = dict(pipeline.rewrite)
    where = f"{pipeline.path}: rewrite: "
    own = {key: raw.pop(key) for key in ("writer", "prompt", "tasks") if key in raw}
    try:
        settings = RewriteSettings(**own, instruct=make_settings(Settings, raw))
    except LeafError as error:
        raise LeafError(f"{where}{error}") from None
    if settings.writer not in WRITERS:
        raise LeafError(f"{where}writer is {settings.writer!r}{did_you_mean(str(settings.writer), WRITERS)}")
    try:
        check_weights(settings.tasks)
    except LeafError as error:
        raise LeafError(f"{pipeline.path}: {error}") from None
    if settings.writer == "llm":
        load_prompt(prompt_file(pipeline, settings))
    return settings


def prompt_file(pipeline: Pipeline, settings: RewriteSettings) -> Path:
    try:
        return find_file(pipeline.root, "pipelines", settings.prompt)
    except LeafError as error:
        raise LeafError(f"{pipeline.path}: rewrite: prompt: {error}") from None


def rewrite(context: Context) -> None:
    """Bring `records/` up to date with the edited documents."""
    run, pipeline = context.run, context.pipeline
    settings = rewrite_settings(pipeline)
    made_from = {name: _made_from(run, pipeline, settings, name) for name in run.partitions()}
    stale = [name for name in run.partitions() if not run.fresh(f"records/{name}.parquet", made_from[name])]
    if settings.writer == "template":
        context.map(write_templates, [(name, made_from[name]) for name in stale], "rewrite")
        return
    work = (_write_with_model(context, settings, name, made_from[name]) for name in stale)
    for _ in context.progress.over(work, len(stale), "rewrite"):
        pass


def writer_name(pipeline: Pipeline) -> str:
    model = pipeline.models["llm"]
    return f"{model.name}@{model.revision or 'served'}"


def _made_from(run: Run, pipeline: Pipeline, settings: RewriteSettings, name: str) -> str:
    asked: list[Any] = []
    if settings.writer == "llm":
        asked = [writer_name(pipeline), prompt_file(pipeline, settings).read_text(encoding="utf-8")]
    scores = [run.digest(file) for _, file in _published(pipeline, name)]
    return fingerprint(VERSION, run.digest(f"filtered/{name}.parquet"), asdict(settings), asked, scores)


def _published(pipeline: Pipeline, name: str) -> list[tuple[Filter, str]]:
    """Filters whose scores records publish, and where those of a partition lie. Corpus scorers are not among them: what
    they say of a document changes with every new one."""
    own = [f for f in pipeline.filters if f.scorer and not isinstance(f.scorer, CorpusScorer)]
    return [(f, f"scores/{f.folder}/{name}.parquet") for f in own]


# Records of one partition


def _drafts(run: Run, settings: RewriteSettings, name: str) -> tuple[list[Draft], list[Document]]:
    """Drafts of the partition's edited documents, and the documents that suit no task."""
    drafts, without = [], []
    for document in documents_from_table(run.table(f"filtered/{name}.parquet")):
        task = choose_task(document, settings.tasks)
        if task is None:
            without.append(document)
        else:
            drafts.append(draft(document, task))
    return drafts, without


def _commit(
    run: Run,
    name: str,
    made_from: str,
    records: Sequence[Record],
    without: Sequence[Document],
    writer: str,
    facts: Facts,
) -> None:
    none = [dropped(document, "", "no_task", writer, facts) for document in without]
    run.commit_table(f"records/{name}.parquet", records_to_table([*records, *none]), made_from)


def write_templates(job: Job, name: str, made_from: str) -> str:
    """Records of a partition by the template writer."""
    pipeline, run = job.open()
    settings = rewrite_settings(pipeline)
    drafts, without = _drafts(run, settings, name)
    facts = read_facts(run, pipeline, name)
    records = template.write(drafts, settings=settings.instruct, facts=facts)
    _commit(run, name, made_from, records, without, template.WRITER, facts)
    return name


def _write_with_model(context: Context, settings: RewriteSettings, name: str, made_from: str) -> str:
    run, pipeline = context.run, context.pipeline
    prompt = load_prompt(prompt_file(pipeline, settings))
    drafts, without = _drafts(run, settings, name)
    facts = read_facts(run, pipeline, name)
    answers = Answers(context, name, prompt)
    writer = writer_name(pipeline)
    records = write(drafts, answers, prompt=prompt, settings=settings.instruct, model=writer, facts=facts)
    whole = made_from if answers.complete else fingerprint(made_from, "to be asked again")
    _commit(run, name, whole, records, without, writer, facts)
    return name


def read_facts(run: Run, pipeline: Pipeline, name: str) -> Facts:
    """Scores that records publish: numbers about the document, and for each image its similarity to the text beside it
    (column `near` of the clip scorer)."""
    clip: dict[tuple[str, int], float | None] = {}
    scores: dict[str, dict[str, float | None]] = {}
    for owner, file in _published(pipeline, name):
        if not owner.scorer or not run.meta(file):
            continue
        wanted = [c.name for c in owner.scorer.columns if c.grain == "document" and c.type in ("int", "float")]
        for row in run.table(file).to_pylist():
            if owner.scorer.model == "clip" and row["part"] is not None:
                clip[row["document"], row["part"]] = row["near"]
            elif row["document"] and row["part"] is None:
                own = scores.setdefault(row["document"], {})
                own |= {f"{owner.name}_{column}": row[column] for column in wanted}
    return Facts(clip, {document: tuple(own.items()) for document, own in scores.items()})


class Answers:
    """Answers requests from the store of a partition, and asks the model for what is not there."""

    def __init__(self, context: Context, name: str, prompt: Prompt) -> None:
        self._context = context
        self._relative = f"generations/{digest([writer_name(context.pipeline), asdict(prompt)])[:8]}/{name}.parquet"
        run = context.run
        rows = run.table(self._relative).to_pylist() if run.meta(self._relative) else []
        self._rows: dict[str, dict[str, Any]] = {row["key"]: row for row in rows}

    def __call__(self, requests: list[Request]) -> list[Generation]:
        missing = [r for r in requests if r.key not in self._rows]
        if missing:
            llm = self._context.pool.llm(self._context.pipeline.models["llm"])
            for start in range(0, len(missing), BATCH):
                batch = missing[start : start + BATCH]
                first = batch[0]
                answers = llm.generate(
                    [r.messages for r in batch],
                    schema=first.schema,
                    max_tokens=first.max_tokens,
                    temperature=first.temperature,
                    seed=first.seed,
                )
                self._store(batch, answers)
        return [self._generation(request) for request in requests]

    @property
    def complete(self) -> bool:
        """Whether everything that was asked has an answer; records of a partition without are made anew each time."""
        return not any(row["error"] for row in self._rows.values())

    def _store(self, requests: Sequence[Request], answers: Sequence[Generation]) -> None:
        """Keep what was answered; an error is no answer and is asked again in the next build."""
        for request, answer in zip(requests, answers, strict=True):
            self._rows[request.key] = {"key": request.key, "document": request.document, **asdict(answer)}
        kept = [row for _, row in sorted(self._rows.items()) if not row["error"]]
        table = pa.Table.from_pylist(kept, schema=GENERATION_SCHEMA)
        self._context.run.commit_table(self._relative, table, "stored")

    def _generation(self, request: Request) -> Generation:
        row = self._rows[request.key]
        return Generation(**{k: v for k, v in row.items() if k not in ("key", "document")})
