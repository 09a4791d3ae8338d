"""The model's part: a request for each draft, what the model made of it, one retry with the reason, then the record.

A generation is a stored fact: `ask` is given by the stage and answers from what is stored under a request's key, or
from the model.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from leafinstruct.document import LeafError, Record, digest
from leafinstruct.models.llm import Generation
from leafinstruct.models.llm import Prompt as Chat
from leafinstruct.rewrite.prompt import Prompt, Window, fill, style_of, window
from leafinstruct.rewrite.record import Facts, dropped, messages_of, record
from leafinstruct.rewrite.task import Draft
from leafinstruct.rewrite.verify import LANGUAGES, Case, Refusal, language_of, verify


@dataclass(frozen=True, slots=True)
class Settings:
    """How instructions are asked for. Raises LeafError for values that make no sense."""

    max_document_tokens: int = 1000
    """What the model reads of a document, in estimated tokens; the beginning, in whole paragraphs."""
    max_tokens: int = 128
    """Of an answer. Longest answer in JSON: `max_chars` characters."""
    max_chars: int = 320
    min_words: int = 4
    max_words: int = 80
    temperature: float = 0.0
    """0 is greedy: the same answer in any company. Variety comes from the styles of the prompt file."""
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("max_document_tokens", "max_tokens", "max_chars", "min_words"):
            if getattr(self, name) < 1:
                raise LeafError(f"{name}: {getattr(self, name)}: must be at least 1")
        if self.max_words < self.min_words:
            raise LeafError(f"max_words: {self.max_words}: less than min_words, {self.min_words}")
        if self.temperature < 0:
            raise LeafError(f"temperature: {self.temperature}: must be at least 0")


@dataclass(frozen=True, slots=True)
class Request:
    """One question to the model. `key` names its answer for good; `window` says how much of the document it shows."""

    key: str
    document: str
    messages: Chat
    schema: dict[str, Any]
    max_tokens: int
    temperature: float
    seed: int
    attempt: int
    window: Window


Ask = Callable[[list[Request]], list[Generation]]
"""Answers requests in their order, each from the store or by the model."""


def write(
    drafts: Sequence[Draft], ask: Ask, *, prompt: Prompt, settings: Settings, model: str, facts: Facts
) -> list[Record]:
    """One record for each draft, in order: two rounds, first tries and then retries of those refused.

    `model` is the model's name and revision, "NAME@REVISION".
    """
    first = [request(draft, prompt, settings, model) for draft in drafts]
    outcomes = [
        parse(answer, draft, prompt, settings)
        for draft, answer in zip(drafts, ask(first) if first else [], strict=True)
    ]
    failed = [(i, o) for i, o in enumerate(outcomes) if isinstance(o, Refusal) and not o.final]
    again = [request(drafts[i], prompt, settings, model, refusal) for i, refusal in failed]
    for (i, _), answer in zip(failed, ask(again) if again else [], strict=True):
        outcomes[i] = parse(answer, drafts[i], prompt, settings)
    return [finish(draft, outcome, model, facts) for draft, outcome in zip(drafts, outcomes, strict=True)]


def finish(draft: Draft, outcome: str | Refusal, writer: str, facts: Facts) -> Record:
    """The record of an instruction, or of its refusal."""
    if isinstance(outcome, Refusal):
        return dropped(draft.document, draft.task, outcome.rule, writer, facts)
    return record(draft, messages_of(draft, outcome), writer, facts)


def request(draft: Draft, prompt: Prompt, settings: Settings, model: str, refusal: Refusal | None = None) -> Request:
    """The first request for a draft or, with the `refusal` of its answer, the second."""
    messages, view = prompts_for(draft, prompt, settings, refusal)
    attempt = 2 if refusal else 1
    result = Request(
        key="",
        document=draft.document.id,
        messages=messages,
        schema=answer_schema(settings),
        max_tokens=settings.max_tokens,
        temperature=settings.temperature,
        seed=settings.seed + attempt - 1,
        attempt=attempt,
        window=view,
    )
    return replace(result, key=key_of(draft, result, model))


def key_of(draft: Draft, request: Request, model: str) -> str:
    """Digest of all that can change the answer: the edited document, the prompt as sent, the model, the sampling."""
    sampling = [request.max_tokens, request.temperature, request.seed]
    return digest([draft.document.digest(), request.messages, request.schema, model, sampling, request.attempt])


def answer_schema(settings: Settings) -> dict[str, Any]:
    """JSON schema of an answer; the string's `maxLength` makes small models end."""
    text = {"type": "string", "minLength": 1, "maxLength": settings.max_chars}
    return {
        "type": "object",
        "properties": {"instruction": text},
        "required": ["instruction"],
        "additionalProperties": False,
    }


def prompts_for(
    draft: Draft, prompt: Prompt, settings: Settings, refusal: Refusal | None = None
) -> tuple[Chat, Window]:
    """Chat messages for a draft, and what they show of it: what the user gives, or else the whole answer."""
    view = window(draft.input() or draft.output(), settings.max_document_tokens)
    language = LANGUAGES.get(language_of(draft.document), "the language of the document")
    chat = [{"role": "system", "content": prompt.system}]
    for one in prompt.examples:
        chat.append(
            {"role": "user", "content": _asked(prompt, one.task, one.title, one.document, one.style, "English")}
        )
        chat.append({"role": "assistant", "content": json.dumps({"instruction": one.answer}, ensure_ascii=False)})
    user = _asked(prompt, draft.task, draft.document.title, view.text, style_of(prompt, draft), language)
    if refusal:
        user += "\n\n" + fill(prompt.retry, {"reason": refusal.reason})
    return [*chat, {"role": "user", "content": user}], view


def _asked(prompt: Prompt, task: str, title: str, document: str, style: str, language: str) -> str:
    """The user's turn about one document; the document comes first, so that what is asked of the model is near."""
    values = {"title": title or "-", "document": document, "style": style, "language": language}
    return fill(prompt.user, values | {"task": fill(prompt.tasks[task], values)})


def parse(answer: Generation, draft: Draft, prompt: Prompt, settings: Settings) -> str | Refusal:
    """The instruction in an answer, or the rule by which it is none."""
    if answer.error:
        return Refusal("model_error", answer.error, final=True)
    if answer.finish_reason == "length":
        return Refusal("cut_off", "it does not end; write one or two sentences")
    try:
        value = json.loads(answer.text)
    except ValueError:
        return Refusal("not_json", "it is not JSON")
    if not isinstance(value, Mapping) or not isinstance(value.get("instruction"), str):
        return Refusal("not_json", "it has no instruction")
    instruction = tidy(value["instruction"])
    if len(value["instruction"]) >= settings.max_chars:
        instruction = whole_sentences(instruction)
        if not instruction:
            return Refusal("cut_off", "it is too long; write one or two sentences")
    return check(instruction, draft, prompt.fixed, settings) or instruction


def check(instruction: str, draft: Draft, prompt: str, settings: Settings) -> Refusal | None:
    """The first rule an instruction breaks as the request of this draft."""
    messages = messages_of(draft, instruction)
    images = tuple(part.image for part in (*draft.input(), *draft.output()) if part.type == "image")
    case = Case(
        instruction,
        draft,
        messages,
        images,
        language=language_of(draft.document),
        prompt=prompt,
        min_words=settings.min_words,
        max_words=settings.max_words,
    )
    return verify(case)


def tidy(text: str) -> str:
    """Spaces collapsed, quotation marks around the whole gone."""
    text = " ".join(text.split())
    for opening, closing in ('""', "''", "“”", "„“", "«»", "「」"):
        inner = text[1:-1]
        if len(text) > 2 and text[0] == opening and text[-1] == closing and not {opening, closing} & set(inner):
            return inner.strip()
    return text


def whole_sentences(text: str) -> str:
    """A text cut at the limit without its last, incomplete sentence; "" if there is no other."""
    end = re.match(r".*[.!?。！？](?=\s|[^\w\s]|$)", text, re.DOTALL)
    return end[0] if end else ""
