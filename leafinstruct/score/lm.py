"""What a causal language model finds likely: log-probabilities of the text, nothing generated, nothing asked.

Word salad and debris are unlikely text; a second half that follows from the first is likelier after it than alone
("context gain"). Small models judge this way far better than by answering questions about the text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from leafinstruct.document import Document
from leafinstruct.score.base import Column, Item, ModelScorer, Row

if TYPE_CHECKING:
    import PIL.Image

    from leafinstruct.models.pool import Pool


class Scorer(ModelScorer):
    version = 1
    model = "llm"
    needs = frozenset({"prompt_logprobs"})
    columns = (
        Column("likelihood", "document", "float", "nats per token", "log p of the text's second half given the first"),
        Column("gain", "document", "float", "nats per token", "likelihood minus log p of the second half alone"),
        Column("tokens", "document", "int", "tokens", "tokens of the second half that were scored"),
    )

    @dataclass(frozen=True)
    class Settings:
        max_tokens: int = 512
        """Tokens of a document that the model reads at most, half as context and half as continuation."""

    def load(self, pool: Pool) -> None:
        self.llm = pool.llm(self.model_settings)

    def score(self, items: Sequence[Item], open_image: Callable[[str], PIL.Image.Image]) -> Iterator[Row]:
        documents = [item.document for item in items]
        half = self.settings.max_tokens // 2
        pairs = [halves(d, half) for d in documents]
        texts = [(before, after) for before, after in pairs] + [("", after) for _, after in pairs]
        found = self.llm.prompt_logprobs(texts, max_tokens=half, max_context=half)
        for index, document in enumerate(documents):
            given, alone = found[index], found[index + len(documents)]
            row: Row = {"document": document.id, "error": given.error or alone.error}
            if given.per_token is not None and alone.per_token is not None:
                row |= {
                    "likelihood": given.per_token,
                    "gain": given.per_token - alone.per_token,
                    "tokens": given.tokens,
                }
            yield row


def halves(document: Document, half_tokens: int) -> tuple[str, str]:
    """The start of a document's text and what follows it, cut at a white space near the middle of what is read.

    A token is taken as four characters here; the model's own count limits both halves afterwards.
    """
    text = document.text[: half_tokens * 8]
    middle = len(text) // 2
    cut = text.find(" ", middle)
    cut = middle if cut < 0 else cut
    return text[:cut], text[cut:]
