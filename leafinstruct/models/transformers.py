"""Language models in plain transformers: slow, but on any machine with torch, and the reference for other back-ends."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from leafinstruct.errors import LeafError
from leafinstruct.models.device import Device, pick_device, quiet_threads
from leafinstruct.models.llm import Generation, chunks
from leafinstruct.models.local import LocalLlm, Row, cannot_load
from leafinstruct.models.weights import resolve
from leafinstruct.settings import Positive

MAX_BATCH = 8  # larger batches only add padding
STEP = 64
"""Rows are padded to a multiple of so many tokens, and only rows of one width are read together: a kernel's sums depend
on the shape of a batch, and so would a row's number on its neighbors."""


class TransformersLlm(LocalLlm):
    """A causal model in this process: float32 on a CPU, its own type on a GPU. `batch_size` 1 to 8."""

    def __init__(
        self, model: str, *, device: Device = "auto", batch_size: Positive = 4, max_model_len: Positive = 2048
    ) -> None:
        if batch_size > MAX_BATCH:
            raise LeafError(f"back-end transformers: batch_size {batch_size}: at most {MAX_BATCH}")
        quiet_threads()
        try:
            import torch
            from transformers import AutoModelForCausalLM
            from transformers.utils.logging import disable_progress_bar
        except ImportError as error:
            raise LeafError(
                f"model {model!r} needs torch and transformers ({error}): pip install leafinstruct[cpu]"
            ) from error
        disable_progress_bar()
        self.device = pick_device(device)
        found = resolve(model)
        dtype = torch.float32 if self.device == "cpu" else "auto"
        try:
            loaded: Any = AutoModelForCausalLM.from_pretrained(
                found.path, revision=found.requested or "main", dtype=dtype
            )
        except Exception as error:  # the hub and the model raise many kinds of errors: each becomes one line
            raise cannot_load(found, error) from error
        self._model: Any = loaded.to(self.device).eval()
        limit = getattr(loaded.config, "max_position_embeddings", None) or max_model_len
        super().__init__(found, batch_size, min(max_model_len, limit))
        self._pad = self._tokenizer.pad_token_id if self._tokenizer.pad_token_id is not None else self._start_token()
        ends = loaded.generation_config.eos_token_id
        self._ends: list[int] = ends if isinstance(ends, list) else [ends if ends is not None else self._start_token()]

    def _answer(
        self, rows: list[list[int]], schema: dict[str, Any] | None, max_tokens: int, temperature: float, seed: int
    ) -> list[Generation]:
        if temperature == 0:
            return self._sample(rows, schema, max_tokens, 0.0, seed)
        # One generator serves a whole batch: a request's draws are independent of others only if it is alone.
        return [self._sample([row], schema, max_tokens, temperature, seed)[0] for row in rows]

    def _sample(
        self, rows: list[list[int]], schema: dict[str, Any] | None, max_tokens: int, temperature: float, seed: int
    ) -> list[Generation]:
        import torch
        from transformers import GenerationConfig, LogitsProcessorList

        ids, mask = self._padded(rows, left=True)
        config = GenerationConfig(
            do_sample=temperature > 0,
            temperature=temperature or None,
            top_k=0 if temperature else None,
            max_new_tokens=max_tokens,
            pad_token_id=self._pad,
            eos_token_id=self._ends,
        )
        constraints = LogitsProcessorList([self._constraint(schema)] if schema else [])
        with torch.inference_mode(), torch.random.fork_rng():
            torch.manual_seed(seed)
            output = self._model.generate(
                input_ids=ids, attention_mask=mask, generation_config=config, logits_processor=constraints
            )
        return [
            self._generation(row, answer.tolist()) for row, answer in zip(rows, output[:, ids.shape[1] :], strict=True)
        ]

    def _generation(self, row: list[int], answer: list[int]) -> Generation:
        end = next((place for place, token in enumerate(answer) if token in self._ends), None)
        text = self._tokenizer.decode(answer[:end], skip_special_tokens=True)
        tokens = len(answer) if end is None else end + 1
        return Generation(text, len(row), tokens, "length" if end is None else "stop")

    def _score(self, rows: Sequence[Row]) -> list[float]:
        import torch

        ids, mask = self._fixed([row.ids for row in rows])
        totals = []
        with torch.inference_mode():
            logits = self._model(input_ids=ids, attention_mask=mask).logits
            for place, row in enumerate(rows):
                # The logits at a position are about the next token.
                scores = logits[place, row.first - 1 : len(row.ids) - 1].float().log_softmax(-1)
                wanted = ids[place, row.first : len(row.ids)].unsqueeze(-1)
                totals.append(float(scores.gather(-1, wanted).double().sum()))
        return totals

    def _next(self, rows: Sequence[list[int]], tokens: list[int]) -> list[list[float]]:
        import torch

        ids, mask = self._fixed(rows)
        with torch.inference_mode():
            logits = self._model(input_ids=ids, attention_mask=mask).logits
            last = [logits[place, len(row) - 1].float().log_softmax(-1) for place, row in enumerate(rows)]
        return [[float(scores[token]) for token in tokens] for scores in last]

    def _batches(self, lengths: Sequence[int]) -> Iterator[Sequence[int]]:
        """Places of rows of one padded width, so that all batches of a width have one shape."""
        widths: dict[int, list[int]] = {}
        for place, length in enumerate(lengths):
            widths.setdefault(self._width(length), []).append(place)
        for _, places in sorted(widths.items()):
            yield from chunks(places, self.batch_size)

    def _width(self, length: int) -> int:
        return min(-(-length // STEP) * STEP, self.context_tokens)

    def _fixed(self, rows: Sequence[list[int]]) -> tuple[Any, Any]:
        """The same of `batch_size` rows of a multiple of STEP tokens; rows that are not there are one token."""
        filler = [[self._pad]] * (self.batch_size - len(rows))
        return self._padded([*rows, *filler], left=False, width=self._width(max(map(len, rows))))

    def _padded(self, rows: Sequence[list[int]], left: bool, width: int = 0) -> tuple[Any, Any]:
        """Token ids and attention mask, both int64 [rows, width], by default that of the longest row."""
        import torch

        width = width or max(map(len, rows))
        ids = torch.full((len(rows), width), self._pad)
        mask = torch.zeros_like(ids)
        for place, row in enumerate(rows):
            cells = slice(width - len(row), width) if left else slice(0, len(row))
            ids[place, cells] = torch.tensor(row)
            mask[place, cells] = 1
        return ids.to(self.device), mask.to(self.device)

    def _constraint(self, schema: dict[str, Any]) -> Any:
        """A logits processor that allows only JSON of the schema (for one use)."""
        try:
            import xgrammar
            from xgrammar.contrib.hf import LogitsProcessor
        except ImportError as error:
            raise LeafError(
                f"structured output in transformers needs xgrammar ({error}): pip install leafinstruct[cpu]"
            ) from error
        info = xgrammar.TokenizerInfo.from_huggingface(
            self._tokenizer, vocab_size=self._model.config.vocab_size, stop_token_ids=self._ends
        )
        compiler = xgrammar.GrammarCompiler(info, max_threads=1)
        grammar = compiler.compile_json_schema(json.dumps(schema), any_whitespace=False, separators=(",", ":"))
        return LogitsProcessor(grammar)


Backend = TransformersLlm
