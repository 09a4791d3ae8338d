"""Base of language models in this process: their tokenizer, chat template, and scoring by log-probabilities."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from leafinstruct.errors import LeafError
from leafinstruct.models.chat_template import NotRendered, control_tokens, rendered
from leafinstruct.models.llm import ALL, Generation, Llm, LogProb, NoChoice, Prompt, among_choices, chunks
from leafinstruct.models.weights import ModelPath, resolve

NOT_FINITE = "the model gives no finite log-probability"


@dataclass(frozen=True, slots=True)
class Row:
    """Token ids to score from position `first` on."""

    ids: list[int]
    first: int
    truncated: bool = False


class LocalLlm(Llm):
    """A language model with its tokenizer. A back-end implements `_answer`, `_score` and `_next` on token ids."""

    capabilities = ALL
    weights = True

    def __init__(self, found: ModelPath, batch_size: int, context_tokens: int) -> None:
        # A hub model's commit may be known only once it is downloaded, that is after loading.
        revision = found.revision if found.kind == "folder" else resolve(found.name).revision
        super().__init__(found.name, revision, batch_size)
        self.context_tokens = context_tokens
        self._tokenizer: Any = load_tokenizer(found)
        self._marks = control_tokens(self._tokenizer)

    def count_tokens(self, text: str) -> int:
        """Tokens of a text, without special ones."""
        return len(self._ids(text))

    def excerpt(self, text: str, max_tokens: int) -> tuple[str, int]:
        """See Llm."""
        ids = self._ids(text)
        if len(ids) <= max_tokens:
            return text, len(ids)
        return self._tokenizer.decode(ids[:max_tokens]).rstrip("\ufffd"), max_tokens

    def prompt_logprobs(
        self, pairs: Sequence[tuple[str, str]], *, max_tokens: int = 256, max_context: int = 256
    ) -> list[LogProb]:
        """See Llm. Every sequence starts with the model's start token (or end token, if it has no start token)."""
        rows = [self._row(context, text, max_tokens, max_context) for context, text in pairs]
        return self._scored(rows)

    def choice_logprobs(self, prompts: Sequence[Prompt], choices: Sequence[str]) -> list[dict[str, float] | NoChoice]:
        """See Llm: scores whole choices, in one pass over a prompt if the choices are distinct single tokens."""
        tokens = [self._ids(choice) for choice in choices]
        if not all(tokens):
            raise LeafError(f"model {self.name!r}: choices {list(choices)}: one has no tokens; use others")
        longest = max(map(len, tokens))
        rows = [self._render(prompt) for prompt in prompts]
        problems = [
            row if isinstance(row, str) else self._problem(Row([*row, *[0] * longest], len(row))) for row in rows
        ]
        starts = [row for row, problem in zip(rows, problems, strict=True) if problem is None and isinstance(row, list)]
        if longest == 1 and len({ids[0] for ids in tokens}) == len(tokens):
            groups = iter(self._next_tokens(starts, [ids[0] for ids in tokens]))
        else:
            groups = iter(self._whole_choices(starts, tokens))
        found: list[dict[str, float] | NoChoice] = []
        for row, problem in zip(rows, problems, strict=True):
            if problem is None:
                found.append(among_choices(choices, [math.exp(min(total, 0.0)) for total in next(groups)]))
            else:
                long = isinstance(row, list) and len(row) + longest >= self.context_tokens
                found.append(NoChoice(problem, long, self.context_tokens if long else None))
        return found

    def _next_tokens(self, starts: Sequence[list[int]], tokens: list[int]) -> list[list[float]]:
        found: list[list[float]] = [[]] * len(starts)
        for places in self._batches([len(start) for start in starts]):
            for place, one in zip(places, self._next([starts[p] for p in places], tokens), strict=True):
                found[place] = one
        for start in starts:
            self._count(len(start), 0)
        return found

    def _whole_choices(self, starts: Sequence[list[int]], tokens: list[list[int]]) -> list[list[float]]:
        rows = [Row(start + ids, len(start)) for start in starts for ids in tokens]
        totals = [-math.inf if scored.total is None else scored.total for scored in self._scored(rows)]
        return [totals[start : start + len(tokens)] for start in range(0, len(totals), len(tokens))]

    def generate_batch(
        self, prompts: Sequence[Prompt], schema: dict[str, Any] | None, max_tokens: int, temperature: float, seed: int
    ) -> list[Generation]:
        rows = [self._render(prompt) for prompt in prompts]
        room = self.context_tokens - max_tokens
        fitting = [row for row in rows if isinstance(row, list) and len(row) <= room]
        answers = iter(self._answer(fitting, schema, max_tokens, temperature, seed) if fitting else [])
        return [
            Generation("", error=row)
            if isinstance(row, str)
            else next(answers)
            if len(row) <= room
            else self._too_long(len(row), max_tokens)
            for row in rows
        ]

    def _too_long(self, tokens: int, max_tokens: int) -> Generation:
        room = self.context_tokens - max_tokens
        said = f"prompt of {tokens} tokens, but {room} fit with {max_tokens} for the answer"
        return Generation("", error=said, transient=True, too_long=self.context_tokens)

    @abstractmethod
    def _answer(
        self, rows: list[list[int]], schema: dict[str, Any] | None, max_tokens: int, temperature: float, seed: int
    ) -> list[Generation]:
        """Generate for at most `batch_size` rows of token ids."""

    @abstractmethod
    def _score(self, rows: Sequence[Row]) -> list[float]:
        """Summed log-probability, in nats, of each row's tokens from `first` on, for at most `batch_size` rows."""

    @abstractmethod
    def _next(self, rows: Sequence[list[int]], tokens: list[int]) -> list[list[float]]:
        """log p of each of `tokens` as the next one, for at most `batch_size` rows of token ids."""

    def _batches(self, lengths: Sequence[int]) -> Iterator[Sequence[int]]:
        """Places of the rows that are read together, at most `batch_size`, from the rows' lengths."""
        return chunks(range(len(lengths)), self.batch_size)

    def _scored(self, rows: Sequence[Row]) -> list[LogProb]:
        problems = [self._problem(row) for row in rows]
        fitting = [row for row, problem in zip(rows, problems, strict=True) if problem is None]
        totals = [0.0] * len(fitting)
        for places in self._batches([len(row.ids) for row in fitting]):
            for place, total in zip(places, self._score([fitting[p] for p in places]), strict=True):
                totals[place] = total
        for row in fitting:
            self._count(len(row.ids), 0)
        remaining = iter(totals)
        found = [next(remaining) if problem is None else None for problem in problems]
        return [
            LogProb(
                total if total is not None and math.isfinite(total) else None,
                len(row.ids) - row.first,
                row.truncated,
                problem or (None if total is None or math.isfinite(total) else NOT_FINITE),
                row.first - 1,
            )
            for row, problem, total in zip(rows, problems, found, strict=True)
        ]

    def _problem(self, row: Row) -> str | None:
        if row.first == len(row.ids):
            return "nothing to score: the continuation has no tokens"
        if len(row.ids) >= self.context_tokens:
            return f"{len(row.ids)} tokens, but the model reads {self.context_tokens - 1}"
        return None

    def _row(self, context: str, continuation: str, max_tokens: int, max_context: int) -> Row:
        before, after = self._ids(context), self._ids(continuation)
        kept = before[max(0, len(before) - max_context) :]
        ids = [self._start_token(), *kept, *after[:max_tokens]]
        return Row(ids, 1 + len(kept), len(kept) < len(before) or len(after) > max_tokens)

    def _start_token(self) -> int:
        for token in (self._tokenizer.bos_token_id, self._tokenizer.eos_token_id):
            if token is not None:
                return int(token)
        raise LeafError(f"model {self.name!r}: its tokenizer has neither a start nor an end token; use another model")

    def _ids(self, text: str, marks: bool = False) -> list[int]:
        """Tokens of a text; one that reads like the mark of a turn is text, except with `marks`."""
        if not text:
            return []
        options = {} if marks or not any(mark in text for mark in self._marks) else {"split_special_tokens": True}
        return list(self._tokenizer(text, add_special_tokens=False, **options)["input_ids"])

    def _render(self, prompt: Prompt) -> list[int] | str:
        """Tokens of a prompt by the model's chat template, or why there are none of this one. Raises LeafError if there
        are none of any."""
        if not self._tokenizer.chat_template:
            raise LeafError(f"model {self.name!r} has no chat template (a base model?): use an instruction-tuned model")
        try:
            return self._ids(rendered(self._tokenizer, prompt), marks=True)
        except NotRendered as error:
            if error.shared:
                raise LeafError(
                    f"model {self.name!r}: its chat template makes no prompt: {error}; use another"
                ) from None
            return f"the model's chat template makes no prompt of it: {error}"


def load_tokenizer(found: ModelPath) -> Any:
    """The transformers tokenizer of a model. Raises LeafError if it cannot be loaded."""
    try:
        from transformers import AutoTokenizer
    except ImportError as error:
        raise LeafError(f"model {found.name!r} needs transformers ({error}): pip install leafinstruct[cpu]") from error
    try:
        return AutoTokenizer.from_pretrained(found.path, revision=found.requested or "main")
    except Exception as error:  # the hub and the tokenizer raise many kinds of errors: each becomes one line
        raise cannot_load(found, error) from error


def cannot_load(found: ModelPath, error: Exception) -> LeafError:
    """A one-line LeafError for any error that a library raised while loading a model."""
    lines = str(error).strip().splitlines()
    return LeafError(f"model {found.name!r} does not load: {lines[0] if lines else type(error).__name__}")
