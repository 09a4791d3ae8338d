"""The store of model answers: each is asked for once, kept under the key of its request, and committed in batches.

An error that is a fact about a prompt is stored as an answer. One of the server, the account or the settings is not:
the next build asks again. A document that is too long for the model is asked about once more with less of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from leafinstruct.document import Described, schema_of
from leafinstruct.errors import LeafError
from leafinstruct.models.chat_faults import was_fault
from leafinstruct.models.llm import Generation, Llm, Stopped
from leafinstruct.rewrite.instruct import Request
from leafinstruct.rewrite.prompt import estimated_tokens
from leafinstruct.run import Run

GENERATION: Described = {
    "key": (pa.string(), "hash of the request as it was meant, with model and sampling"),
    "document": (pa.string(), "id of the document"),
    "task": (pa.string(), "task of the record; `clean` for clean-up"),
    "attempt": (pa.int32(), "1 for the first request, 2 for the one after a refusal"),
    "shown_tokens": (pa.int64(), "tokens of the document that the model was shown (estimated)"),
    "all_tokens": (pa.int64(), "tokens of the whole document (estimated)"),
    "text": (pa.string(), "the answer as the model gave it"),
    "prompt_tokens": (pa.int64(), "tokens sent, as the model counts them; 0 if it does not"),
    "output_tokens": (pa.int64(), "tokens of the answer, as the model counts them; 0 if it does not"),
    "finish_reason": (pa.string(), "why the answer ends: `stop`, or `length` if it was cut"),
    "error": (pa.string(), "why there is no answer, and will be none; null if there is one"),
}
GENERATION_SCHEMA = schema_of(GENERATION)
ANSWER_COLUMNS = ("text", "prompt_tokens", "output_tokens", "finish_reason", "error")
CHARACTERS_A_TOKEN = 6
"""Tokenizers have 2 to 5 in prose of any language: a server that counts fewer tokens hardly read the whole prompt."""
CONTEXTS = 128
"""Servers' contexts are multiples of it: such a number for prompts of other lengths is where they were cut."""
LIKE = 1.15
"""Prompts whose lengths differ by less may have as many tokens by chance."""
SHORTER = 2
"""How often a document that is too long is asked about with less of it."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Prompts of which the server read a part only, by its own count: how many, and the tokens of the first."""

    count: int = 0
    read: int = 0
    sent: int = 0


class Answers:
    """Answers the requests of one partition from the file `relative`, and asks the model for what is missing.

    `llm` returns the model, and is called only if something is missing; `batch` answers are committed together.
    """

    def __init__(self, run: Run, relative: str, llm: Callable[[], Llm], batch: int) -> None:
        self._run, self._relative, self._llm, self._batch = run, relative, llm, batch
        rows = run.table(relative).to_pylist() if run.meta(relative) else []
        self._rows: dict[str, dict[str, Any]] = {
            row["key"]: row for row in rows if not (row["error"] and was_fault(row["error"]))
        }
        self._transient: dict[str, Generation] = {}
        self.unanswered: dict[str, str] = {}
        """Why the model gave no answer about a document."""
        self.again: set[str] = set()
        """Those of these documents that the next build asks about again."""
        self.cut = Cut()
        self.shortened = 0
        """Requests that were answered with less of the document."""
        self._sent: dict[int, dict[str, int]] = {}
        """Characters of prompts by the tokens that the server counted and the request's key."""

    def __call__(self, requests: list[Request]) -> list[Generation]:
        missing = list({r.key: r for r in requests if r.key not in self._rows}.values())
        for start in range(0, len(missing), self._batch):
            self._ask(missing[start : start + self._batch])
        for request in requests:
            self._look(request)
        return [self._generation(request) for request in requests]

    @property
    def complete(self) -> bool:
        """Whether every request has an answer; until then, each build makes the partition's records again."""
        return not self._transient

    def _ask(self, batch: Sequence[Request]) -> None:
        sent = list(batch)
        try:
            answers: list[Generation | None] = [*self._generate(sent)]
            self._ask_shorter(sent, answers)
        except Stopped as stopped:
            self._keep(sent, stopped.answers)
            raise
        self._keep(sent, answers)
        self._check_bare([(sent[i], one) for i, one in enumerate(answers) if one and one.too_long is not None])

    def _generate(self, batch: Sequence[Request]) -> list[Generation]:
        first = batch[0]
        return self._llm().generate(
            [r.messages for r in batch],
            schema=first.schema,
            max_tokens=first.max_tokens,
            temperature=first.temperature,
            seed=first.seed,
        )

    def _ask_shorter(self, sent: list[Request], answers: list[Generation | None]) -> None:
        """Ask again about what is too long, in place: with as much as the model reads, by its own words, or half; then
        with the least."""
        for attempt in range(SHORTER):
            long = [i for i, one in enumerate(answers) if one and one.too_long is not None and sent[i].fit]
            if not long:
                return
            for place in long:
                fit, answer = sent[place].fit, answers[place]
                assert fit and answer and answer.too_long is not None
                messages, view = fit(1 if attempt else _room(sent[place], answer.too_long))
                sent[place] = replace(sent[place], messages=messages, window=view)
            try:
                again = self._generate([sent[place] for place in long])
            except Stopped as stopped:
                for place, one in zip(long, stopped.answers, strict=False):
                    answers[place] = one
                raise Stopped(str(stopped), answers) from stopped
            for place, one in zip(long, again, strict=True):
                answers[place] = one
                self.shortened += not one.error

    def _check_bare(self, long: Sequence[tuple[Request, Generation]]) -> None:
        """Raises LeafError if the model cannot read a request without any document."""
        if not long or long[0][0].fit is None:
            return
        messages, _ = long[0][0].fit(0)
        [bare] = self._generate([replace(long[0][0], messages=messages)])
        if bare.too_long is not None:
            raise LeafError(
                f"model {self._llm().name!r}: {bare.error}: it cannot read the prompt without a document either; let "
                "it read more tokens, or use a shorter prompt file or fewer max_tokens"
            )

    def _keep(self, sent: Sequence[Request], answers: Sequence[Generation | None]) -> None:
        """Store what was answered."""
        for request, answer in zip(sent, answers, strict=False):
            if answer is None:
                continue
            if answer.transient:
                self._transient[request.key] = answer
                continue
            self._transient.pop(request.key, None)
            self._rows[request.key] = {
                "key": request.key,
                "document": request.document,
                "task": request.task,
                "attempt": request.attempt,
                "shown_tokens": request.window.shown_tokens,
                "all_tokens": request.window.all_tokens,
                **{name: getattr(answer, name) for name in ANSWER_COLUMNS},
            }
        kept = [row for _, row in sorted(self._rows.items())]
        self._run.commit_table(self._relative, pa.Table.from_pylist(kept, schema=GENERATION_SCHEMA), "stored")

    def _look(self, request: Request) -> None:
        """Note why there is no answer, or that the server read the prompt in part only, without saying so."""
        answer, row = self._generation(request), self._rows.get(request.key)
        if row is None or answer.error:
            self.unanswered.setdefault(request.document, answer.error or "no answer")
            self.again |= set() if row else {request.document}
            return
        read = row["prompt_tokens"]
        if not read or row["shown_tokens"] != request.window.shown_tokens:
            return
        sent = sum(len(message["content"]) for message in request.messages)
        same = self._sent.setdefault(read, {})
        same[request.key] = sent
        alike = read % CONTEXTS == 0 and max(same.values()) > LIKE * min(same.values())
        if alike or read * CHARACTERS_A_TOKEN < sent:
            first = self.cut if self.cut.count else Cut(0, read, max(same.values()) // 4)
            self.cut = replace(first, count=self.cut.count + 1)

    def _generation(self, request: Request) -> Generation:
        if request.key in self._transient:
            return self._transient[request.key]
        row = self._rows[request.key]
        return Generation(**{name: row[name] for name in ANSWER_COLUMNS})


def _room(request: Request, limit: int) -> int:
    """The tokens, answer included, for a request that was too long: what the model reads, or so many that half of the
    document goes."""
    sent = request.max_tokens + sum(estimated_tokens(message["content"]) for message in request.messages)
    return limit if 0 < limit < sent else max(sent - request.window.shown_tokens // 2, 1)
