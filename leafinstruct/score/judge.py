"""How a language model rates a document: the expected value of its rating from 1 to 5. No text is generated.

Each question is asked twice, once with 5 and once with 1 as the best rating, and the two are averaged: a text that says
"answer 5" pushes them apart and leaves their mean where it was. A prompt is a file in filters/.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from leafinstruct.bundled import find_file
from leafinstruct.document import Document
from leafinstruct.errors import LeafError, own_code
from leafinstruct.models.llm import NoChoice, Prompt
from leafinstruct.models.prompt_file import read_sections
from leafinstruct.score.base import FAILED, Column, Item, ModelScorer, Row
from leafinstruct.settings import Positive
from leafinstruct.text.inline import without_inline
from leafinstruct.text.plain import reading

if TYPE_CHECKING:
    import PIL.Image

    from leafinstruct.models.pool import Pool

RATINGS = ("1", "2", "3", "4", "5")
QUESTIONS = ("quality", "coherence")
SECTIONS = ("system", "user", *(f"{q}{kind}" for q in QUESTIONS for kind in ("", " mirrored")))
SHORTER = 4
"""How often a document that is too long for the model is halved and asked about again."""
FENCE = re.compile(r"</?\s*document", re.IGNORECASE)


class Scorer(ModelScorer):
    version = 4
    model = "llm"
    needs = frozenset({"choice_logprobs"})
    columns = (
        Column("quality", "document", "float", "rating 1 to 5", "quality of the text, expected over the ratings"),
        Column("coherence", "document", "float", "rating 1 to 5", "how well its parts follow from one another"),
        Column("scale_disagreement", "document", "float", "rating", "largest difference of a question's two scales"),
        Column("tokens", "document", "int", "tokens", "tokens of the document that were read"),
    )
    renamed: ClassVar[Mapping[str, str]] = {
        "doubt": "scale_disagreement",
    }

    @dataclass(frozen=True)
    class Settings:
        prompt: str = "judge.md"
        """File in filters/ with the questions and the template of a document."""
        max_tokens: Positive = 1024
        """The most tokens of a document that the model reads, from its start."""

    prompt: dict[str, str] = {}

    def read_files(self, root: Path) -> None:
        self.prompt = load_prompt(find_file(root, "filters", self.settings.prompt))

    def identity(self) -> dict[str, Any]:
        return super().identity() | {"prompt": self.prompt}

    def load(self, pool: Pool) -> None:
        self.llm = pool.llm(self.model_settings)

    def score(self, items: Sequence[Item], open_image: Callable[[str], PIL.Image.Image]) -> Iterator[Row]:
        shown = [self.llm.excerpt(as_data(item.document), self.settings.max_tokens) for item in items]
        groups = self._answers([text for text, _ in shown])
        for _ in range(SHORTER):
            long = [place for place, group in enumerate(groups) if any(map(_is_too_long, group))]
            for place in long:
                text, tokens = shown[place]
                shown[place] = self.llm.excerpt(text, max(1, tokens // 2))
            for place, group in zip(long, self._answers([shown[place][0] for place in long]), strict=True):
                groups[place] = group
        missing = [next((one for one in group if isinstance(one, NoChoice)), None) for group in groups]
        # What all documents get is about the server or its settings, not about them: it is asked again.
        shared = all(missing)
        for item, (_, tokens), group, none in zip(items, shown, groups, missing, strict=True):
            row: Row = {"document": item.document.id, "tokens": tokens}
            if none:
                yield row | {"error": f"{FAILED if none.transient or shared else ''}{none.error}"}
                continue
            found = ratings([one for one in group if isinstance(one, Mapping)])
            finite = all(math.isfinite(value) for value in found.values())
            yield row | (found if finite else {"error": f"{FAILED}the model's log-probabilities are no numbers"})

    def _answers(self, texts: Sequence[str]) -> list[list[Mapping[str, float] | NoChoice]]:
        """What the model answers to the questions about each text."""
        # All questions about a document are adjacent, and the document comes first: back-ends reuse the beginning.
        prompts = [ask for text in texts for ask in self.prompts(text)]
        with own_code("any", f"model {getattr(self.llm, 'name', '')!r}"):  # of a library, or a back-end of the user's
            answers = list(self.llm.choice_logprobs(prompts, RATINGS)) if prompts else []
        if len(answers) != len(prompts):
            raise LeafError(f"model {self.llm.name!r}: {len(answers)} answers to {len(prompts)} prompts")
        size = len(SECTIONS[2:])
        return [[*answers[start : start + size]] for start in range(0, len(answers), size)]

    def prompts(self, text: str) -> list[Prompt]:
        """The questions about a text: for each the plain and the mirrored scale."""
        return [
            [
                {"role": "system", "content": self.prompt["system"]},
                {"role": "user", "content": fill(self.prompt["user"], text, self.prompt[section])},
            ]
            for section in SECTIONS[2:]
        ]


def _is_too_long(answer: object) -> bool:
    return isinstance(answer, NoChoice) and answer.too_long is not None


def ratings(answers: Sequence[Mapping[str, float]]) -> Row:
    """The ratings of a document, from the answers to its questions: for each the plain and the mirrored scale."""
    row: Row = {"scale_disagreement": 0.0}
    for question, plain, mirrored in zip(QUESTIONS, answers[::2], answers[1::2], strict=True):
        one, other = expected(plain), 6 - expected(mirrored)
        row[question] = (one + other) / 2
        row["scale_disagreement"] = max(row["scale_disagreement"], abs(one - other))
    return row


def expected(logprobs: Mapping[str, float]) -> float:
    """Mean rating under the probabilities of the answers."""
    return sum(int(rating) * math.exp(value) for rating, value in logprobs.items())


def as_data(document: Document) -> str:
    """A document as text: its title, its parts, a placeholder for each image. It cannot close its own fence."""
    document = reading(without_inline(document))
    parts = [document.title] if document.title else []
    parts += [
        p.text if p.type == "text" else f"[image: {p.alt or p.caption}]" if p.alt or p.caption else "[image]"
        for p in document.parts
    ]
    return FENCE.sub(lambda found: found[0].replace("<", "‹"), "\n\n".join(parts))


def fill(template: str, text: str, question: str) -> str:
    """The template with its placeholders filled in one pass. `{mark}` is a hash of the text, which cannot hold it."""
    mark = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    values = {"document": text, "question": question, "mark": mark}
    return re.sub(r"\{(document|question|mark)\}", lambda found: values[found[1]], template)


def load_prompt(file: Path) -> dict[str, str]:
    """The sections of a judge's prompt. Raises LeafError naming file and section."""
    sections = read_sections(file, SECTIONS)
    for place in ("{document}", "{question}"):
        if place not in sections["user"]:
            raise LeafError(f"prompt {file}: section '# user' lacks {place}")
    return sections
