"""The store of model answers: each is asked for once, kept under the key of its request, and committed in batches.

A permanent error (a prompt the model cannot read) is stored as an answer; after a transient one, the next build asks
again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa

from leafinstruct.document import Described, schema_of
from leafinstruct.models.llm import Generation, Llm
from leafinstruct.rewrite.instruct import Request
from leafinstruct.run import Run

GENERATION: Described = {
    "key": (pa.string(), "hash of all that was sent, with model and sampling"),
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


class Answers:
    """Answers the requests of one partition from the file `relative`, and asks the model for what is missing.

    `llm` returns the model, and is called only if something is missing; `batch` answers are committed together.
    """

    def __init__(self, run: Run, relative: str, llm: Callable[[], Llm], batch: int) -> None:
        self._run, self._relative, self._llm, self._batch = run, relative, llm, batch
        rows = run.table(relative).to_pylist() if run.meta(relative) else []
        self._rows: dict[str, dict[str, Any]] = {row["key"]: row for row in rows}
        self._transient: dict[str, Generation] = {}

    def __call__(self, requests: list[Request]) -> list[Generation]:
        missing = list({r.key: r for r in requests if r.key not in self._rows}.values())
        for start in range(0, len(missing), self._batch):
            self._ask(missing[start : start + self._batch])
        return [self._generation(request) for request in requests]

    @property
    def complete(self) -> bool:
        """Whether every request has an answer; until then, each build makes the partition's records again."""
        return not self._transient

    def _ask(self, batch: Sequence[Request]) -> None:
        first = batch[0]
        answers = self._llm().generate(
            [r.messages for r in batch],
            schema=first.schema,
            max_tokens=first.max_tokens,
            temperature=first.temperature,
            seed=first.seed,
        )
        for request, answer in zip(batch, answers, strict=True):
            if answer.transient:
                self._transient[request.key] = answer
                continue
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

    def _generation(self, request: Request) -> Generation:
        if request.key in self._transient:
            return self._transient[request.key]
        row = self._rows[request.key]
        return Generation(**{name: row[name] for name in ANSWER_COLUMNS})
