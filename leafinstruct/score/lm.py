"""What a causal language model finds likely: log-probabilities of the text, nothing generated, nothing asked.

Word salad and debris are unlikely text. A small model judges this far better than by answering questions about a text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from leafinstruct.score.base import Column, Item, ModelScorer, Row

if TYPE_CHECKING:
    import PIL.Image

    from leafinstruct.models.pool import Pool


class Scorer(ModelScorer):
    version = 1
    model = "llm"
    needs = frozenset({"prompt_logprobs"})
    columns = (
        Column("likelihood", "document", "float", "nats per token", "mean log p of a token given those before it"),
        Column("tokens", "document", "int", "tokens", "tokens that were read"),
    )

    @dataclass(frozen=True)
    class Settings:
        max_tokens: int = 512
        """Tokens of a document that the model reads at most, from its start."""

    def load(self, pool: Pool) -> None:
        self.llm = pool.llm(self.model_settings)

    def score(self, items: Sequence[Item], open_image: Callable[[str], PIL.Image.Image]) -> Iterator[Row]:
        limit = self.settings.max_tokens
        # A token is never longer than this many characters on average; the model's own count cuts what is left.
        texts = [("", item.document.text[: limit * 12]) for item in items]
        for item, found in zip(items, self.llm.prompt_logprobs(texts, max_tokens=limit), strict=True):
            row: Row = {"document": item.document.id, "error": found.error}
            if found.per_token is not None:
                row |= {"likelihood": found.per_token, "tokens": found.tokens}
            yield row
