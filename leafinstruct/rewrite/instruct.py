"""Asks the model for a request for each turn of a draft, checks the answer, retries once with the reason, and makes the
record.

A generation is a stored fact: the stage passes `ask`, which answers from what is stored under a request's key, or from
the model.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal

from msgspec import Meta

from leafinstruct.document import Record, digest
from leafinstruct.errors import LeafError
from leafinstruct.models.llm import Generation
from leafinstruct.models.llm import Prompt as Chat
from leafinstruct.rewrite.answer import answered_object
from leafinstruct.rewrite.checked import Case, Refusal
from leafinstruct.rewrite.prompt import Prompt, Window, drawn, estimated_tokens, fill, window
from leafinstruct.rewrite.record import Facts, dropped, messages_of, record
from leafinstruct.rewrite.task import Draft
from leafinstruct.rewrite.title import full_title
from leafinstruct.rewrite.verify import verify
from leafinstruct.settings import Positive
from leafinstruct.text.language import LANGUAGES
from leafinstruct.text.sentences import whole_sentences
from leafinstruct.text.valid import valid
from leafinstruct.text.words import content, words

TOPIC_WORDS = 4
LEAST_DOCUMENT = 64
"""Estimated tokens of a document that are shown, however small the context is."""
TURN_TOKENS = 8
"""Tokens that chat templates put around a message, at most."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How instructions are requested. Raises LeafError for invalid values."""

    max_document_tokens: Positive = 1000
    """Estimated tokens of a document that the model reads: its beginning, in whole blocks and list items."""
    max_tokens: Positive = 128
    """Tokens of an answer. Longest answer in JSON: `max_chars` characters."""
    max_chars: Positive = 320
    min_words: Positive = 4
    max_words: Positive = 80
    temperature: Annotated[float, Meta(ge=0)] = 0.0
    """0 is greedy: the same answer in any batch. Variety comes from the styles of the prompt file."""
    seed: int = 0
    """Another seed draws other styles, personas and lengths, and samples other answers."""
    text: Literal["markdown", "plain"] = "markdown"
    """How texts of documents are written in records: as they are, or without markup."""
    topic: bool = False
    """Whether the model also returns title and topic; the topic is published where the source has none."""

    def __post_init__(self) -> None:
        if self.max_words < self.min_words:
            raise LeafError(f"max_words: {self.max_words}: must be at least min_words, {self.min_words}")


@dataclass(frozen=True, slots=True)
class Request:
    """One request to the model. `key` identifies its answer for good; `window` is the part of the document it shows."""

    key: str
    document: str
    task: str
    messages: Chat
    schema: dict[str, Any]
    max_tokens: int
    temperature: float
    seed: int
    attempt: int
    window: Window
    fit: Callable[[int], tuple[Chat, Window]] | None = field(default=None, compare=False, repr=False)
    """Its messages for a model that reads so many tokens, answer included: with less of the document, or at 0 with
    nothing of it."""


Ask = Callable[[list[Request]], list[Generation]]
"""Answers requests in order, each from the store or by the model; they differ in nothing but their messages."""


@dataclass(frozen=True, slots=True)
class Writer:
    """The model, its prompt and settings. `model` is name and revision, "NAME@REVISION"; `context` its maximum tokens,
    answer included (None if unknown)."""

    model: str
    prompt: Prompt
    settings: Settings
    context: int | None = None
    body: Mapping[str, Any] = field(default_factory=dict)
    """Fields that every request gets besides those of sampling."""


@dataclass(frozen=True, slots=True)
class Written:
    """The content of an answer that passed."""

    instruction: str
    title: str = ""
    topic: str = ""


def write(drafts: Sequence[Draft], ask: Ask, *, writer: Writer, facts: Facts) -> list[Record]:
    """One record for each draft, in order, in two rounds: first tries, then retries of those refused. A draft of
    several turns is dropped if one of them is refused twice."""
    places = [(draft, turn) for draft in drafts for turn in range(len(draft.turns))]
    first = [request(draft, turn, writer) for draft, turn in places]
    answers = ask(first) if first else []
    outcomes = [parse(answer, *place, writer) for place, answer in zip(places, answers, strict=True)]
    failed = [(i, o) for i, o in enumerate(outcomes) if isinstance(o, Refusal) and not o.final]
    again = [request(*places[i], writer, refusal) for i, refusal in failed]
    for (i, _), answer in zip(failed, ask(again) if again else [], strict=True):
        outcomes[i] = parse(answer, *places[i], writer)
    rest = iter(outcomes)
    plain = writer.settings.text == "plain"
    return [finish(draft, [next(rest) for _ in draft.turns], writer.model, facts, plain) for draft in drafts]


def finish(
    draft: Draft, outcomes: Sequence[Written | Refusal], writer: str, facts: Facts, plain: bool = False
) -> Record:
    """The record of a draft's instructions, or a dropped one for the first refusal among them. `plain` writes the
    document's texts without markup."""
    good: list[Written] = []
    for outcome in outcomes:
        if isinstance(outcome, Refusal):
            return dropped(draft.document, draft.task, outcome.rule, writer, facts)
        if any(outcome.instruction == other.instruction for other in good):
            return dropped(draft.document, draft.task, "same_request_twice", writer, facts)
        good.append(outcome)
    messages = messages_of(draft, [one.instruction for one in good], plain)
    return record(draft, messages, writer, facts, good[0].topic)


def request(draft: Draft, turn: int, writer: Writer, refusal: Refusal | None = None) -> Request:
    """The first request for a turn of a draft or, with the `refusal` of its answer, the second."""
    settings = writer.settings
    messages, view = prompts_for(draft, turn, writer, refusal)

    def fit(tokens: int) -> tuple[Chat, Window]:
        if tokens:
            return prompts_for(draft, turn, replace(writer, context=tokens), refusal)
        return prompts_for(draft, turn, writer, bare=True)

    attempt = 2 if refusal else 1
    result = Request(
        key="",
        document=draft.document.id,
        task=draft.task,
        messages=messages,
        schema=answer_schema(settings),
        max_tokens=settings.max_tokens,
        temperature=settings.temperature,
        seed=settings.seed + attempt - 1,
        attempt=attempt,
        window=view,
        fit=fit,
    )
    return replace(result, key=key_of(draft.document.digest(), result, writer.model, writer.body))


def key_of(document: str, request: Request, model: str, body: Mapping[str, Any] | None = None) -> str:
    """Digest of all that can change the answer: the edited document, the prompt as sent, the model, the sampling, and
    other fields of the request, if there are any."""
    sampling = [request.max_tokens, request.temperature, request.seed]
    others = [dict(body)] if body else []
    return digest([document, request.messages, request.schema, model, sampling, request.attempt, *others])


def answer_schema(settings: Settings) -> dict[str, Any]:
    """JSON schema of an answer; the strings' `maxLength` makes small models stop."""
    fields = {"instruction": settings.max_chars} | ({"title": 80, "topic": 30} if settings.topic else {})
    return {
        "type": "object",
        "properties": {name: {"type": "string", "minLength": 1, "maxLength": most} for name, most in fields.items()},
        "required": list(fields),
        "additionalProperties": False,
    }


def prompts_for(
    draft: Draft, turn: int, writer: Writer, refusal: Refusal | None = None, bare: bool = False
) -> tuple[Chat, Window]:
    """Chat messages for a turn, and the part of the document they show: as much as settings and context allow; `bare`:
    nothing of it, not even its title."""
    prompt, settings = writer.prompt, writer.settings
    language = LANGUAGES.get(draft.document.language, "the language of the document")
    chat = [{"role": "system", "content": prompt.system}]
    if refusal is None or refusal.rule != "echo":  # a model that just repeated an example is shown none
        chat += _examples(prompt, settings)
    values = {
        "title": "-" if bare else full_title(draft.document) or "-",
        "style": drawn(prompt.styles, draft, "style", turn, settings.seed),
        "persona": drawn(prompt.personas, draft, "persona", turn, settings.seed),
        "length": drawn(prompt.lengths, draft, "length", turn, settings.seed),
        "language": language,
    }
    retry = "\n\n" + fill(prompt.retry, {"reason": refusal.reason}) if refusal else ""
    room = settings.max_document_tokens
    if writer.context is not None:
        around = [m["content"] for m in chat] + [_user_turn(prompt, draft.task, values | {"document": ""}), retry]
        used = sum(estimated_tokens(text) + TURN_TOKENS for text in around)
        room = min(room, max(writer.context - settings.max_tokens - used, LEAST_DOCUMENT))
    view = Window("", 0, 0) if bare else window(draft.shown(turn), room)
    user = _user_turn(prompt, draft.task, values | {"document": view.text}) + retry
    return [*chat, {"role": "user", "content": user}], view


def _examples(prompt: Prompt, settings: Settings) -> Chat:
    chat = []
    for one in prompt.examples:
        values = {"title": one.title, "document": one.document, "style": one.style, "language": "English"}
        values |= {"persona": prompt.personas[0], "length": prompt.lengths[0]}
        answer = {"instruction": one.answer} | ({"title": one.title, "topic": one.topic} if settings.topic else {})
        chat.append({"role": "user", "content": _user_turn(prompt, one.task, values)})
        chat.append({"role": "assistant", "content": json.dumps(answer, ensure_ascii=False)})
    return chat


def _user_turn(prompt: Prompt, task: str, values: dict[str, str]) -> str:
    """The user's turn about one document. The document comes first, so that the task is near the answer."""
    return fill(prompt.user, values | {"task": fill(prompt.tasks[task], values)})


def parse(answer: Generation, draft: Draft, turn: int, writer: Writer) -> Written | Refusal:
    """The content of an answer, or the rule that refuses it."""
    settings = writer.settings
    if answer.error:
        return Refusal("model_error", answer.error, final=True)
    if answer.finish_reason == "length":
        return Refusal("cut_off", "it does not end; write one or two sentences")
    value = answered_object(answer.text, "instruction")
    if value is None:
        return Refusal("not_json", "it is not JSON")
    if not isinstance(value.get("instruction"), str):
        return Refusal("not_json", "it has no instruction")
    instruction = valid(tidy(value["instruction"]))
    if len(value["instruction"]) >= settings.max_chars:
        instruction = whole_sentences(instruction)
        if not instruction:
            return Refusal("cut_off", "it is too long; write one or two sentences")
    refusal = check(instruction, draft, turn, writer.prompt.fixed, settings)
    title = valid(str(value.get("title", "")))
    return refusal or Written(instruction, title, _topic(value.get("topic"), draft))


def _topic(value: Any, draft: Draft) -> str:
    """The topic a model returned, if valid: a few words, one of them in the document; "" otherwise."""
    topic = valid(tidy(value)).rstrip(".").lower() if isinstance(value, str) else ""
    fits = 0 < len(words(topic)) <= TOPIC_WORDS
    there = content(f"{draft.document.title}\n{draft.reading.text}")
    return topic if fits and content(topic) & there else ""


def check(instruction: str, draft: Draft, turn: int, prompt: str, settings: Settings) -> Refusal | None:
    """The first rule that an instruction breaks as the request of this turn; None if it passes."""
    messages = messages_of(draft, [instruction] * len(draft.turns))
    parts = draft.document.parts
    images = tuple(parts[i].image for i in draft.positions if parts[i].type == "image")
    case = Case(
        instruction,
        draft,
        messages,
        images,
        turn,
        language=draft.document.language,
        prompt=prompt,
        min_words=settings.min_words,
        max_words=settings.max_words,
    )
    return verify(case)


def tidy(text: str) -> str:
    """The text with whitespace collapsed, and quotation marks around the whole removed."""
    text = " ".join(text.split())
    for opening, closing in ('""', "''", "“”", "„“", "«»", "「」"):
        inner = text[1:-1]
        if len(text) > 2 and text[0] == opening and text[-1] == closing and not {opening, closing} & set(inner):
            return inner.strip()
    return text
