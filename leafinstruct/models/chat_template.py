"""Prompts by a model's own chat template: some refuse a role for the system's text, or two turns of one role; some loop
over the parts of a content and write nothing where it is a text. The prompt must hold what was to be said."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from leafinstruct.errors import raised
from leafinstruct.models.chat_dialect import merged
from leafinstruct.models.control_tokens import without_control_tokens
from leafinstruct.models.llm import Prompt

WORD = "Leaf{}"


class NotRendered(Exception):
    """Why a template makes no prompt. `shared`: it makes none of harmless messages with the same roles either."""

    def __init__(self, problem: str, shared: bool) -> None:
        super().__init__(problem)
        self.shared = shared


def rendered(tokenizer: Any, prompt: Prompt) -> str:
    """The prompt as the model reads it, with the marks of turns that are the template's alone. Raises NotRendered."""
    marks = control_tokens(tokenizer)
    safe = [{**message, "content": without_control_tokens(message["content"], marks)} for message in prompt]
    try:
        return _rendered(tokenizer, safe)
    except NotRendered as error:
        harmless = [{**message, "content": WORD.format(place)} for place, message in enumerate(prompt)]
        try:
            _rendered(tokenizer, harmless)
        except NotRendered:
            raise NotRendered(str(error), shared=True) from None
        raise


def control_tokens(tokenizer: Any) -> tuple[str, ...]:
    """The texts that the tokenizer reads as tokens with a meaning of their own."""
    added = getattr(tokenizer, "added_tokens_decoder", None) or {}
    return tuple(sorted({token.content for token in added.values() if token.special}))


def _rendered(tokenizer: Any, prompt: Prompt) -> str:
    problem = ""
    for form in _forms(prompt):
        try:
            text = tokenizer.apply_chat_template(form, add_generation_prompt=True, tokenize=False)
        except Exception as error:  # a template raises what it likes
            problem = problem or raised(error)
            continue
        listed = any(isinstance(message["content"], list) and str(message["content"]) in text for message in form)
        if not listed and all(message["content"].strip() in text for message in prompt):
            return str(text)
        problem = problem or "it leaves out what messages say"
    raise NotRendered(problem, shared=False)


def _forms(prompt: Prompt) -> Iterator[list[dict[str, Any]]]:
    """The messages as they are, without a role for the system, and both with contents as lists of parts."""
    for messages in (prompt, merged(prompt)):
        yield [dict(message) for message in messages]
    for messages in (prompt, merged(prompt)):
        yield [{**message, "content": [{"type": "text", "text": message["content"]}]} for message in messages]
