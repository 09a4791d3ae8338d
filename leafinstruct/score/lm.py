"""How likely a causal language model finds a text, by log-probabilities. Nothing is generated, nothing asked.

Word salad and debris are unlikely text. A part that follows from the one before it is likelier after it than alone:
this difference is the context gain, which needs no model that follows instructions. It shows what belongs together
(half of that is words in common), not which of two parts comes first: see benchmarks/quality/context_gain.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from leafinstruct.document import Document
from leafinstruct.score.base import Column, Item, ModelScorer, Row
from leafinstruct.settings import Positive
from leafinstruct.text.inline import without_inline
from leafinstruct.text.plain import reading

if TYPE_CHECKING:
    import PIL.Image

    from leafinstruct.models.llm import Llm, LogProb
    from leafinstruct.models.pool import Pool

# On average, tokens are never longer than this many characters; the model's own count cuts the rest.
CHARS_A_TOKEN = 12
BLOCK_CHARS = 80
"""Characters; shorter texts (headings, labels) are joined to the text after them: alone they predict too little."""


class Scorer(ModelScorer):
    version = 5
    model = "llm"
    needs = frozenset({"prompt_logprobs"})
    columns = (
        Column("likelihood", "document", "float", "nats per token", "mean log p of a token given those before it"),
        Column(
            "gain",
            "document",
            "float",
            "nats per token",
            "mean over parts of log p after the part before, minus log p alone",
        ),
        Column("gain_min", "document", "float", "nats per token", "smallest gain of a part"),
        Column("tokens", "document", "int", "tokens", "tokens that were read, including contexts and repetitions"),
    )

    @dataclass(frozen=True)
    class Settings:
        max_tokens: Positive = 512
        """The most tokens of a document that the model reads for its likelihood, from its start."""
        gain: bool = False
        """Whether to compute context gain, which costs up to three times `part_tokens` for each part."""
        gain_parts: Positive = 8
        """The most parts of a document whose gain is computed, from the second on."""
        part_tokens: Positive = 96
        """Tokens that are read of a part, and of the part before it."""

    def load(self, pool: Pool) -> None:
        self.llm: Llm = pool.llm(self.model_settings)

    def score(self, items: Sequence[Item], open_image: Callable[[str], PIL.Image.Image]) -> Iterator[Row]:
        settings = self.settings
        texts = [
            ("", reading(without_inline(item.document)).text[: settings.max_tokens * CHARS_A_TOKEN]) for item in items
        ]
        whole = self.llm.prompt_logprobs(texts, max_tokens=settings.max_tokens)
        count = settings.gain_parts + 1 if settings.gain else 0
        parts = [blocks(item.document)[:count] for item in items]
        pairs = list(dict.fromkeys(pair for own in parts for pair in asked(own)))
        size = settings.part_tokens
        found = self.llm.prompt_logprobs(pairs, max_tokens=size, max_context=size) if pairs else []
        known = dict(zip(pairs, found, strict=True))
        for item, likelihood, own in zip(items, whole, parts, strict=True):
            row: Row = {"document": item.document.id, "error": likelihood.error}
            if likelihood.per_token is not None:
                spent = sum(known[pair].tokens + known[pair].context_tokens for pair in asked(own))
                row |= {"likelihood": likelihood.per_token, "tokens": likelihood.tokens + spent, **follow(own, known)}
            yield row


def blocks(document: Document) -> list[str]:
    """The texts of a document in order, short ones joined to the next (the last one to the one before)."""
    found: list[str] = []
    waiting = ""
    for part in reading(without_inline(document)).parts:
        if part.type == "text":
            waiting = f"{waiting}\n\n{part.text}" if waiting else part.text
            if len(waiting) >= BLOCK_CHARS:
                found.append(waiting)
                waiting = ""
    if waiting and found:
        found[-1] = f"{found[-1]}\n\n{waiting}"
    return found


def asked(own: Sequence[str]) -> list[tuple[str, str]]:
    """(context, continuation) pairs that the gains of a document's blocks need, each once: every block but the first,
    after the one before it and alone."""
    return list(dict.fromkeys([*(("", text) for text in own[1:]), *zip(own, own[1:], strict=False)]))


def follow(own: Sequence[str], known: dict[tuple[str, str], LogProb]) -> dict[str, float | None]:
    """Mean and smallest gain of a block after the one before it: log p(b | a) - log p(b), per token of b."""
    gains = []
    for before, text in zip(own, own[1:], strict=False):
        after, alone = known[before, text].per_token, known["", text].per_token
        if after is not None and alone is not None:
            gains.append(after - alone)
    return {"gain": sum(gains) / len(gains) if gains else None, "gain_min": min(gains, default=None)}
