"""The interface of language models: capabilities of back-ends, inputs, outputs, and counts of calls and tokens.

Requests are sent in fixed chunks in the order given, so that a result does not depend on what else a run asks for.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, TypeVar

from leafinstruct.errors import LeafError, one_line, own_code
from leafinstruct.text.valid import valid

Prompt = list[dict[str, str]]
"""Chat messages, each {"role", "content"}; the model answers as the assistant."""

ALL = frozenset({"generate", "choice_logprobs", "prompt_logprobs"})

# What each back-end can do, without importing it, for the pre-flight check.
BACKENDS: dict[str, frozenset[str]] = {
    "vllm": ALL,
    "transformers": ALL,
    "openai": frozenset({"generate", "choice_logprobs"}),
}

Item = TypeVar("Item")
MOST_TOKENS = 2**31


@dataclass(frozen=True, slots=True)
class Generation:
    """One answer. If `error` is set there is no answer, and `text` is empty."""

    text: str
    prompt_tokens: int = 0
    output_tokens: int = 0
    finish_reason: str = "error"
    """`stop`: the model ended its answer; `length`: the answer was cut at `max_tokens`; `error`: there is none."""
    error: str | None = None
    transient: bool = False
    """Whether the error is no fact about the prompt (a server that was down, a limit of its settings), so that asking
    again later may help."""
    too_long: int | None = None
    """The tokens that the model reads, if the prompt is too long for it; 0 if it does not say how many."""


@dataclass(frozen=True, slots=True)
class NoChoice:
    """Why there are no log-probabilities of choices for a prompt. `transient` and `too_long` as in a Generation."""

    error: str
    transient: bool = False
    too_long: int | None = None


class Stopped(LeafError):
    """The model answers nothing more. `answers` are those made before, in order; None for a prompt without one."""

    def __init__(self, message: str, answers: Sequence[Generation | None] = ()) -> None:
        super().__init__(message)
        self.answers = list(answers)


LEAST_MASS = 0.02
"""The share of the model's next tokens that choices must have: below it the model means to say something else, and what
is left of it between the choices is noise (own choice)."""


@dataclass(frozen=True, slots=True)
class LogProb:
    """log p(continuation | context) in nats, summed over `tokens` tokens. If `error` is set, `total` is None."""

    total: float | None
    tokens: int
    truncated: bool = False
    """Whether the context or the continuation was not read whole."""
    error: str | None = None
    context_tokens: int = 0
    """Tokens of the context that were read, without the start token."""

    @property
    def per_token(self) -> float | None:
        """Mean log-probability of a token, in nats."""
        return None if self.total is None else self.total / self.tokens


class Llm(ABC):
    """A language model of one back-end. `calls`, `prompt_tokens` and `output_tokens` count its use.

    The class of a back-end takes the model's name and, by keyword, its settings: their annotations and defaults are
    what a pipeline may set under `models:`.
    """

    capabilities: ClassVar[frozenset[str]] = frozenset({"generate"})
    weights: ClassVar[bool] = False
    """Whether `model` names weights on this machine, a Hub id or a folder, whose revision is part of every answer."""

    def __init__(self, name: str, revision: str, batch_size: int) -> None:
        if batch_size < 1:
            raise LeafError(f"model {name!r}: batch_size {batch_size}: must be at least 1")
        self.name = name
        self.revision = revision
        self.batch_size = batch_size
        self.calls = 0
        self.prompt_tokens = 0
        self.output_tokens = 0

    def generate(
        self,
        prompts: Sequence[Prompt],
        *,
        schema: dict[str, Any] | None = None,
        max_tokens: int = 256,
        temperature: float = 0.0,
        seed: int = 0,
    ) -> list[Generation]:
        """Answer each prompt, in order. Temperature 0 is greedy; otherwise each request samples with `seed`.

        With a JSON schema the text is JSON of that schema if `finish_reason` is `stop`; set `maxLength` of strings, or
        a small model may not stop. A prompt that cannot be answered gives a Generation with `error`. Raises Stopped,
        with the answers so far, if no prompt is answered.
        """
        results: list[Generation] = []
        for chunk in chunks(prompts, self.batch_size):
            try:
                results += self._answers(chunk, schema, max_tokens, temperature, seed)
            except Stopped as stopped:
                stopped.answers = [*results, *stopped.answers]
                raise
        for result in results:
            self._count(result.prompt_tokens, result.output_tokens)
        return results

    def prompt_logprobs(
        self, pairs: Sequence[tuple[str, str]], *, max_tokens: int = 256, max_context: int = 256
    ) -> list[LogProb]:
        """log p(continuation | context) of each (context, continuation), in order.

        The model reads the last `max_context` tokens of the context, which may be "", and the first `max_tokens` of the
        continuation. Each side is tokenized alone, without a chat template, so that a continuation has the same tokens
        after any context. Raises LeafError on a back-end without the capability.
        """
        raise self._cannot("prompt_logprobs")

    def choice_logprobs(self, prompts: Sequence[Prompt], choices: Sequence[str]) -> list[dict[str, float] | NoChoice]:
        """For each prompt log p(choice), in nats, over the given answers only (their probabilities sum to 1). A prompt
        that cannot be answered, or whose answer is most likely none of them, gives a NoChoice. Raises LeafError on a
        back-end without the capability."""
        raise self._cannot("choice_logprobs")

    @abstractmethod
    def count_tokens(self, text: str) -> int:
        """Tokens of a text, without special ones."""

    @abstractmethod
    def excerpt(self, text: str, max_tokens: int) -> tuple[str, int]:
        """The start of a text, at most `max_tokens` tokens of it, and the number of its tokens."""

    @classmethod
    def check_options(cls, options: Mapping[str, Any]) -> None:
        """Raises LeafError for settings of the right types that cannot be; most back-ends take all."""
        return

    def close(self) -> None:  # noqa: B027 - most back-ends hold nothing that needs it
        """Free memory and processes; the model cannot be used afterwards."""

    @abstractmethod
    def generate_batch(
        self, prompts: Sequence[Prompt], schema: dict[str, Any] | None, max_tokens: int, temperature: float, seed: int
    ) -> list[Generation]:
        """Answer at most `batch_size` prompts, each with one Generation, in order. An error about one prompt is a
        Generation with `error`; one that concerns all is raised, and stops the build."""

    def _answers(
        self, prompts: Sequence[Prompt], schema: dict[str, Any] | None, max_tokens: int, temperature: float, seed: int
    ) -> list[Generation]:
        where = f"model {self.name!r}"
        with own_code("any", where):  # of a library, a driver or a back-end of the user's own
            answers = list(self.generate_batch(prompts, schema, max_tokens, temperature, seed))
        if len(answers) != len(prompts):
            raise LeafError(f"{where}: {len(answers)} answers to {len(prompts)} prompts")
        for answer in answers:
            if not isinstance(answer, Generation):
                raise LeafError(f"{where}: an answer is {type(answer).__name__}; generate_batch gives a Generation")
        return [_whole(answer) for answer in answers]

    def _count(self, prompt_tokens: int, output_tokens: int) -> None:
        self.calls += 1
        self.prompt_tokens += prompt_tokens
        self.output_tokens += output_tokens

    def _cannot(self, capability: str) -> LeafError:
        able = ", ".join(name for name, has in BACKENDS.items() if capability in has)
        return LeafError(f"model {self.name!r}: its back-end has no {capability}; use one of: {able}")


def _whole(answer: Generation) -> Generation:
    """An answer whose text can be stored: without halves of surrogate pairs; an answer without a text is an error."""
    if not isinstance(answer.text, str):
        return Generation("", error="the answer has no text")
    read, written = tokens_of(answer.prompt_tokens), tokens_of(answer.output_tokens)
    error = one_line(str(answer.error)) if answer.error else None
    return replace(answer, text=valid(answer.text), prompt_tokens=read, output_tokens=written, error=error)


def tokens_of(count: object) -> int:
    """A count of tokens that can be stored; 0 for what is none."""
    whole = isinstance(count, int | float) and not isinstance(count, bool) and 0 <= count < MOST_TOKENS
    return int(count) if whole and count == int(count) else 0  # type: ignore[call-overload]


def among_choices(choices: Sequence[str], masses: Sequence[float], instead: str = "") -> dict[str, float] | NoChoice:
    """log p of each choice among the choices, from their probabilities among all answers; `instead` is what the model
    says most likely."""
    total = math.fsum(masses)
    if not math.isfinite(total) or total < LEAST_MASS:
        likely = f"; the likeliest is {instead!r}" if instead else ""
        share = f"{total:.1%}" if math.isfinite(total) else "no share"
        return NoChoice(f"the model gives {share} of its answer's beginnings to {', '.join(choices)}{likely}")
    least = math.ulp(0.0)
    return {name: math.log(max(mass / total, least)) for name, mass in zip(choices, masses, strict=True)}


def chunks(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
