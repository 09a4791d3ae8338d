"""A back-end of the project's own: a language model behind an interface that leafinstruct does not know.

This one answers from the prompt alone, so that the example runs anywhere. A real one calls your server in
`generate_batch`. The keywords of `__init__` are what the pipeline may set under `models:`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import leafinstruct as li


class Echo(li.Llm):
    def __init__(self, model: str, *, batch_size: int = 8, polite: str = "Please") -> None:
        super().__init__(model, revision="1", batch_size=batch_size)
        self._polite = polite

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    def excerpt(self, text: str, max_tokens: int) -> tuple[str, int]:
        words = text.split()[:max_tokens]
        return " ".join(words), len(words)

    def generate_batch(
        self,
        prompts: Sequence[list[dict[str, str]]],
        schema: dict[str, Any] | None,
        max_tokens: int,
        temperature: float,
        seed: int,
    ) -> list[li.Generation]:
        return [self._answer(prompt[-1]["content"]) for prompt in prompts]

    def _answer(self, question: str) -> li.Generation:
        title = re.search(r"How to recognize ([\w ]+)", question)
        if title is None:
            return li.Generation("", error="the prompt has no title")
        request = f"{self._polite} show me with pictures how to recognize {title[1].strip()}."
        return li.Generation(json.dumps({"instruction": request, "topic": "nature"}), finish_reason="stop")
