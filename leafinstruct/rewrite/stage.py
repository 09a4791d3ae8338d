"""The rewrite stage: edited documents become records. Model answers are stored under the key of their request.

Per partition: answers in `generations/<hash8>/` (in batches, so a stopped build loses at most one), records as written
in `written/`. What depends on all partitions, and `records/`, is in `dedup`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta

from leafinstruct import layout
from leafinstruct.bundled import find_file
from leafinstruct.context import CHANGED, Context, Job, Opened
from leafinstruct.document import Document, Record, digest, documents_from_table, records_to_table
from leafinstruct.errors import Fault, Faults, LeafError
from leafinstruct.models.backends import body_of, check_llm, context_of
from leafinstruct.models.languages import UNSUPPORTED_LANGUAGE, supports, unsupported_language
from leafinstruct.models.pool import Pool
from leafinstruct.pipeline import Pipeline
from leafinstruct.rewrite import template
from leafinstruct.rewrite.clean import clean, load_clean_prompt
from leafinstruct.rewrite.dedup import keep
from leafinstruct.rewrite.generations import Answers, Cut
from leafinstruct.rewrite.instruct import Settings, Writer, write
from leafinstruct.rewrite.prompt import load_prompt
from leafinstruct.rewrite.record import Facts, dropped
from leafinstruct.rewrite.task import Draft, TaskFailed, Weighted, choose_draft, tasks, weighted_tasks
from leafinstruct.rules.filter import Filter
from leafinstruct.run import Run, fingerprint
from leafinstruct.score.base import CorpusScorer
from leafinstruct.settings import read

VERSION = 9
"""Grows whenever the same documents and answers would make other records."""
BATCH = 32
"""Answers committed together, or the model's batch if that is larger."""


@dataclass(frozen=True)
class RewriteSettings(Settings):
    """The section `rewrite:` of a pipeline."""

    writer: Literal["llm", "template"] = "llm"
    """`template` fills phrases in, for dry runs."""
    prompt: str = "prompts/instruction.md"
    """Prompt file, next to the pipeline or as shipped."""
    clean: str = ""
    """Prompt file for the clean-up of documents; without one texts stay as they are."""
    leak_margin: float = 0.0
    """By how much a request may be closer to a sentence of the answer than to the title, in cosine of the pipeline's
    dual encoder; 0 asks none."""
    tasks: dict[str, Annotated[float, Meta(ge=0)]] = field(default_factory=lambda: dict.fromkeys(tasks(), 1.0))
    """Weights by task: a name, `./file.py:TASK` in the project, or an entry point."""

    @property
    def instruct(self) -> Settings:
        """The settings of the questions to the model alone."""
        return Settings(**{one.name: getattr(self, one.name) for one in fields(Settings)})


def rewrite_settings(pipeline: Pipeline) -> RewriteSettings:
    """The checked `rewrite:` section of a pipeline. Raises LeafError naming the key."""
    where = f"{pipeline.path}: rewrite: "
    settings: RewriteSettings = read(RewriteSettings, pipeline.rewrite, where)
    weighted = _weighted(pipeline, settings)
    if settings.leak_margin and "clip" not in pipeline.models:
        raise LeafError(f"{where}leak_margin needs a dual encoder; add models: clip: to the pipeline")
    if settings.writer == "llm":
        load_prompt(_file(pipeline, "prompt", settings.prompt), *_names(weighted))
        if settings.clean:
            load_clean_prompt(_file(pipeline, "clean", settings.clean))
    return settings


def _names(weighted: Sequence[Weighted]) -> tuple[list[str], list[str]]:
    """Names of the tasks that documents can get, and of all that the pipeline lists."""
    return [one.task.name for one in weighted if one.weight > 0], [one.task.name for one in weighted]


def _weighted(pipeline: Pipeline, settings: RewriteSettings) -> list[Weighted]:
    """The tasks that the pipeline lists. Raises LeafError naming the key."""
    try:
        return weighted_tasks(settings.tasks, pipeline.root)
    except LeafError as error:
        raise LeafError(f"{pipeline.path}: rewrite: {error}") from None


def _file(pipeline: Pipeline, key: str, name: str) -> Path:
    try:
        return find_file(pipeline.root, "pipelines", name)
    except LeafError as error:
        raise LeafError(f"{pipeline.path}: rewrite: {key}: {error}") from None


def check_settings(pipeline: Pipeline) -> None:
    """Raises LeafError for settings or prompts that are unknown or wrong."""
    rewrite_settings(pipeline)


def check(pipeline: Pipeline) -> None:
    """Raises LeafError for settings, prompts or a language model that cannot be used."""
    if rewrite_settings(pipeline).writer == "llm":
        check_llm(str(pipeline.path), pipeline.models.get("llm"), frozenset({"generate"}), "rewrite")


def run(context: Context) -> None:
    """Bring `records/` up to date with the edited documents."""
    run, pipeline = context.run, context.pipeline
    settings = rewrite_settings(pipeline)
    made_from = {name: _made_from(run, pipeline, settings, name) for name in run.partitions()}
    stale = [name for name in run.partitions() if not run.fresh(layout.written(name), made_from[name])]
    work = [(name, made_from[name]) for name in stale]
    if settings.writer == "template":
        left: list[Left] = context.map(write_templates, work, "rewrite")
    else:
        left = context.map_with_model(write_with_model, work, "rewrite")
    if foreign := [language for one in left for language in one.foreign]:
        context.progress.warn(unsupported_language("rewrite", pipeline.models["llm"], foreign))
    if line := Faults.sum(one.faults for one in left).line("record"):
        context.progress.warn(f"rewrite: {line}")
    for line in _of_servers(pipeline.models["llm"].name, left) if settings.writer == "llm" else ():
        context.progress.warn(f"rewrite: {line}")
    keep(context, settings.leak_margin)


def is_current(run: Run, pipeline: Pipeline) -> bool:
    """Whether the records are of the documents, tasks and prompts as they are; documents that a model will be asked
    about again do not matter."""
    settings = rewrite_settings(pipeline)
    return all(
        run.fresh(layout.written(name), made_from) or run.fresh(layout.written(name), _to_be_asked_again(made_from))
        for name in run.partitions()
        for made_from in [_made_from(run, pipeline, settings, name)]
    )


def _to_be_asked_again(made_from: str) -> str:
    return fingerprint(made_from, "to be asked again")


def writer_name(pipeline: Pipeline) -> str:
    model = pipeline.models["llm"]
    return f"{model.name}@{model.revision or model.code[:8] or 'served'}"


def answers_file(pipeline: Pipeline, name: str) -> str:
    """The file of a model's answers about a partition; keys inside hash the prompt, so another prompt asks only for
    what it changes."""
    return layout.generations(digest(writer_name(pipeline))[:8], name)


def _made_from(run: Run, pipeline: Pipeline, settings: RewriteSettings, name: str) -> str:
    asked: list[Any] = []
    if settings.writer == "llm":
        files = [("prompt", settings.prompt)] + ([("clean", settings.clean)] if settings.clean else [])
        texts = [_file(pipeline, key, file).read_text(encoding="utf-8") for key, file in files]
        model = pipeline.models["llm"]
        body = [body_of(model)] if body_of(model) else []
        asked = [writer_name(pipeline), *texts, context_of(model), *model.languages, *body]
    scores = [run.digest(file) for _, file in _published(pipeline, name)]
    own = {key: value for key, value in asdict(settings).items() if key != "leak_margin"}
    codes = [one.code for one in _weighted(pipeline, settings) if one.code]
    return fingerprint(VERSION, run.digest(layout.filtered(name)), own, asked, scores, *codes)


def _published(pipeline: Pipeline, name: str) -> list[tuple[Filter, str]]:
    """Filters whose scores records publish, and the score files of a partition. Corpus scorers are not among them:
    their scores of a document change with every new one."""
    own = [f for f in pipeline.filters if f.scorer and not isinstance(f.scorer, CorpusScorer)]
    return [(f, layout.scores(f.folder, name)) for f in own]


# Records of one partition


def _documents(run: Run, name: str) -> list[Document]:
    return list(documents_from_table(run.table(layout.filtered(name))))


@dataclass(frozen=True)
class Left:
    """Documents of a partition that became no draft: of languages that the model does not support, and with faults of
    tasks that are not built in."""

    foreign: tuple[str, ...] = ()
    faults: Faults = Faults()
    unanswered: Faults = Faults()
    """Documents about which the model gave no answer."""
    again: int = 0
    """Those of them that the next build asks about again."""
    cut: Cut = Cut()
    shortened: int = 0
    """Requests that were too long for the model, and were answered with less of the document."""


def _of_servers(model: str, left: Sequence[Left]) -> Iterator[str]:
    """What the user should know of how a model answered, a line each."""
    unanswered, again = Faults.sum(one.unanswered for one in left), sum(one.again for one in left)
    if line := unanswered.line("answer"):
        yield f"{line}" + (f" ({again} asked again by the next build)" if again else "")
    if shortened := sum(one.shortened for one in left):
        yield (
            f"requests that were too long for model {model!r} show less of their document ({shortened} of them): set "
            "max_model_len of the model to the tokens that it reads"
        )
    cuts = [one.cut for one in left if one.cut.count]
    if cuts:
        yield (
            f"model {model!r} read {cuts[0].read} tokens of a prompt of about {cuts[0].sent}, by prompt_tokens of its "
            f"server ({sum(cut.count for cut in cuts)} prompts like this): the prompt was cut; let the server read "
            "more tokens, or set max_model_len of the model to what it reads"
        )


@dataclass
class _Drafts:
    """Drafts of documents, and those that became none, with the reason."""

    drafts: list[Draft] = field(default_factory=list)
    without: list[tuple[Document, str]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def _drafts(documents: Sequence[Document], weighted: Sequence[Weighted]) -> _Drafts:
    made = _Drafts()
    for document in documents:
        try:
            draft = choose_draft(document, weighted)
        except TaskFailed as error:
            made.without.append((document, "task_failed"))
            made.faults.append(Fault(document.id, document.path or document.url, str(error)))
            continue
        if draft is None:
            made.without.append((document, "no_task"))
        else:
            made.drafts.append(draft)
    return made


def _commit(
    run: Run,
    name: str,
    made_from: str,
    records: Sequence[Record],
    without: Sequence[tuple[Document, str]],
    writer: str,
    facts: Facts,
    extra: dict[str, Any] | None = None,
) -> None:
    none = [dropped(document, "", reason, writer, facts) for document, reason in without]
    run.commit_table(layout.written(name), records_to_table([*records, *none]), made_from, extra)


def _check_unchanged(run: Run, pipeline: Pipeline, settings: RewriteSettings, name: str, made_from: str) -> None:
    """Raises LeafError if tasks or prompts are not those that the build began with."""
    if _made_from(run, pipeline, settings, name) != made_from:
        raise LeafError(f"{pipeline.path}: rewrite: {CHANGED}")


def write_templates(job: Job, name: str, made_from: str) -> Left:
    """Records of a partition by the template writer."""
    pipeline, run = job.open()
    settings = rewrite_settings(pipeline)
    _check_unchanged(run, pipeline, settings, name, made_from)
    made = _drafts(_documents(run, name), _weighted(pipeline, settings))
    facts = read_facts(run, pipeline, name)
    records = template.write(made.drafts, settings=settings.instruct, facts=facts)
    _commit(run, name, made_from, records, made.without, template.WRITER, facts)
    return Left(faults=Faults.of(made.faults))


def write_with_model(pool: Pool, job: Job | Opened, name: str, made_from: str) -> Left:
    """Records of a partition by the language model."""
    pipeline, run = job.open()
    settings = rewrite_settings(pipeline)
    _check_unchanged(run, pipeline, settings, name, made_from)
    weighted = _weighted(pipeline, settings)
    prompt = load_prompt(_file(pipeline, "prompt", settings.prompt), *_names(weighted))
    llm = pipeline.models["llm"]
    writer = Writer(writer_name(pipeline), prompt, settings.instruct, context_of(llm), body_of(llm))
    batch = max(BATCH, dict(llm.options).get("batch_size", 0))
    answers = Answers(run, answers_file(pipeline, name), lambda: pool.llm(llm), batch)
    facts = read_facts(run, pipeline, name)
    documents, extra = _documents(run, name), dict[str, Any]()
    places = {document.id: document.path or document.url for document in documents}
    foreign = [d for d in documents if not supports(llm.languages, d.language)]
    documents = [d for d in documents if supports(llm.languages, d.language)]
    if settings.clean:
        file = _file(pipeline, "clean", settings.clean)
        documents, counts = clean(
            documents, answers, load_clean_prompt(file), settings.instruct, writer.model, writer.body
        )
        extra = {"clean": dict(sorted(counts.items()))}
    made = _drafts(documents, weighted)
    records = write(made.drafts, answers, writer=writer, facts=facts)
    made.without += [(document, UNSUPPORTED_LANGUAGE) for document in foreign]
    whole = made_from if answers.complete else _to_be_asked_again(made_from)
    said = dict(sorted(answers.unanswered.items()))
    extra |= {"unanswered": said} if said else {}
    _commit(run, name, whole, records, made.without, writer.model, facts, extra)
    silent = Faults.of(Fault(document, places.get(document, ""), words) for document, words in said.items())
    languages = tuple(document.language for document in foreign)
    return Left(languages, Faults.of(made.faults), silent, len(answers.again), answers.cut, answers.shortened)


def unanswered(run: Run, name: str) -> dict[str, str]:
    """Why the model gave no answer about documents of a partition, in the words of its server, by document."""
    meta = run.meta(layout.written(name))
    return dict(meta.extra.get("unanswered", {})) if meta else {}


def read_facts(run: Run, pipeline: Pipeline, name: str) -> Facts:
    """Scores that records publish: numbers about the document, and for each image its similarity to the text around it
    (from the clip scorer)."""
    clip: dict[tuple[str, int], float | None] = {}
    scores: dict[str, dict[str, float | None]] = {}
    for owner, file in _published(pipeline, name):
        if not owner.scorer or not run.meta(file):
            continue
        wanted = [c.name for c in owner.scorer.columns if c.grain == "document" and c.type in ("int", "float")]
        for row in run.table(file).to_pylist():
            if owner.scorer.model == "clip" and row["part"] is not None:
                clip[row["document"], row["part"]] = row.get("context_similarity")
            elif row["document"] and row["part"] is None:
                own = scores.setdefault(row["document"], {})
                own |= {f"{owner.name}_{column}": row[column] for column in wanted}
    return Facts(clip, {document: tuple(own.items()) for document, own in scores.items()})
