"""The draft that the rules of verification check, and their result."""

from __future__ import annotations

from dataclasses import dataclass

from leafinstruct.document import Message
from leafinstruct.rewrite.task import Draft


@dataclass(frozen=True, slots=True)
class Case:
    """A checked draft: an instruction with its draft, and the messages made of both.

    `turn` is the turn that the instruction opens. `language` is the document's (ISO 639-1, "" if unknown); `prompt` the
    prompt's own text; lengths in words.
    """

    instruction: str
    draft: Draft
    messages: tuple[Message, ...]
    images: tuple[str, ...]
    turn: int = 0
    language: str = ""
    prompt: str = ""
    min_words: int = 4
    max_words: int = 80

    @property
    def named(self) -> str:
        """What the request may name freely: the title, and the first heading of the answer."""
        return f"{self.draft.document.title}\n{self.draft.heading(self.turn)}"


@dataclass(frozen=True, slots=True)
class Refusal:
    """The rule that an instruction breaks, and why, in words for the model."""

    rule: str
    reason: str
    final: bool = False
    """A retry would change nothing."""
