"""Small documents for the tests of rewriting."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from leafinstruct.document import Document, Part, digest, records_from_table
from leafinstruct.models.llm import Generation, Llm
from leafinstruct.run import Run


def text(words: str, step: int = 0, heading: int = 0) -> Part:
    return Part("text", text=words, step=step, heading=heading)


def image(name: str, step: int = 0, alt: str = "", caption: str = "") -> Part:
    return Part("image", image=digest(name), alt=alt, caption=caption, url=f"https://x.example/{name}.png", step=step)


def document(
    parts: Iterable[Part], title: str = "Fold a paper boat", name: str = "boat", language: str = "en"
) -> Document:
    parts = tuple(parts)
    return Document(
        id=digest(name)[:20],
        source="made",
        site="x.example",
        url=f"https://x.example/{name}",
        path=name,
        license="CC0-1.0",
        title=title,
        topic="paper",
        language=language,
        parts=parts,
        raw=tuple(range(len(parts))),
    )


def boat(name: str = "boat") -> Document:
    """Four steps, each with a text and an image, after an opening without a step."""
    sentences = (
        "Lay the sheet in front of you and fold it in half from top to bottom.",
        "Bring both upper corners to the middle so that they meet at the crease.",
        "Turn the lower strips up, one on each side, and tuck the ends in.",
        "Pull the two loose tips apart until the hull opens and stands by itself.",
    )
    parts = [text("You need one sheet of writing paper and a flat table.")]
    for step, sentence in enumerate(sentences, 1):
        parts += [text(sentence, step), image(f"{name}-{step}", step, alt=f"fold {step}")]
    return document(parts, "How to fold a paper boat", name)


def essay(name: str = "tides") -> Document:
    """Three paragraphs of explanation, each followed by an image."""
    paragraphs = (
        "The sea rises and falls twice a day because the moon pulls on the water that lies nearest to it.",
        "On the far side of the earth a second bulge stands, since the ground is drawn away from beneath it.",
        "When sun and moon stand in one line their pulls add up, and harbours see the highest water of the month.",
    )
    parts = []
    for number, paragraph in enumerate(paragraphs):
        parts += [text(paragraph), image(f"{name}-{number}")]
    return document(parts, "Why the tide comes twice a day", name)


def chapters(name: str = "fleet") -> Document:
    """An opening, then two chapters with a heading, a text and two images each."""
    parts = [text("A fleet needs a boat and a flag.")]
    for head, sentence in (
        ("Folding the hull", "Fold the sheet in half, bring the corners in and pull the tips apart until it opens."),
        ("Making the flag", "Cut a triangle from red paper and glue it to a match, then push that into the bow."),
    ):
        parts += [text(head, heading=2), text(sentence), image(f"{name}-{head}-1"), image(f"{name}-{head}-2")]
    return document(parts, "How to make a paper fleet", name)


def story(name: str = "trip") -> Document:
    """What happened on a trip: four paragraphs, each followed by an image."""
    paragraphs = (
        "We left the harbour at dawn, and the water lay as flat as a mirror between the two islands.",
        "Near the lighthouse a seal came up beside us and looked at the oars for a long while.",
        "The wind rose after lunch, so Marta rowed while my brother baled with an old kettle.",
        "When we landed at last the whole village stood on the pier and cheered.",
    )
    parts = []
    for number, paragraph in enumerate(paragraphs):
        parts += [text(paragraph), image(f"{name}-{number}")]
    return document(parts, "Our day among the islands", name)


WORDS = st.lists(
    st.sampled_from(["fold", "the", "wide", "river", "{title}", "[image]", "</document>", "Papier", "折", "two."]),
    min_size=1,
)


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """Any order of texts, headings and images, some of them in steps that count up, some images shown twice."""
    parts: list[Part] = []
    step = 0
    for number in range(draw(st.integers(1, 14))):
        step = draw(st.sampled_from((0, step, step + 1)))
        kind = draw(st.sampled_from(("text", "text", "image", "image", "heading")))
        if kind == "image":
            parts.append(image(f"i{draw(st.integers(0, 20))}", step, alt=draw(st.sampled_from(("", "a fold")))))
        else:
            words = f"{number}: " + " ".join(draw(WORDS))
            parts.append(text(words, step, heading=2 if kind == "heading" else 0))
    title = draw(st.sampled_from(("How to fold", "Tides", "")))
    return document(parts, title, name=str(draw(st.integers(0, 10**6))))


SHIPPED = Path(__file__).parents[2] / "pipelines" / "prompts" / "instruction.md"


SAME = {"halve": "fold", "tips": "corners", "unfold": "open", "pointed": "corners", "vessel": "boat"}


def embed(texts: Sequence[str]) -> np.ndarray:
    """Words (synonyms as one) by their hash; unit vectors [n, 256]."""
    found = np.zeros((len(texts), 256))
    for row, one in enumerate(texts):
        for word in one.lower().replace(".", "").replace("?", "").split():
            found[row, sum(map(ord, SAME.get(word, word))) * 31 % 256] += 1
    return found / np.linalg.norm(found, axis=1, keepdims=True)


MODELS = {"llm": {"backend": "openai", "model": "made"}}


class Made(Llm):
    """Answers from the title that it sees, and keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__("made", "served", 8)
        self.asked: list[str] = []

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    def excerpt(self, text: str, max_tokens: int) -> tuple[str, int]:
        return " ".join(text.split()[:max_tokens]), len(text.split())

    def generate_batch(self, prompts, schema, max_tokens, temperature, seed):  # type: ignore[no-untyped-def]
        self.asked += [prompt[-1]["content"] for prompt in prompts]
        return [self._answer(prompt[-1]["content"], schema) for prompt in prompts]

    def _answer(self, asked: str, schema: dict) -> Generation:  # type: ignore[type-arg]
        if "delete" in schema["properties"]:
            return Generation('{"delete": [1]}', 1, 1, "stop")
        name = re.search(r"How to make a ([\w-]+)", asked)
        said = f"Could you explain to me with pictures how one makes a {name[1] if name else 'thing'} at home?"
        return Generation(f'{{"instruction": "{said}"}}', 1, 1, "stop")


def records(run: Run) -> list:  # type: ignore[type-arg]
    return [r for n in run.partitions() for r in records_from_table(run.table(f"records/{n}.parquet"))]
