"""Which languages a model speaks, as its pipeline says: what it does not speak is passed over by name, not judged."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from leafinstruct.errors import LeafError

if TYPE_CHECKING:
    from leafinstruct.settings import ModelSettings

UNSUPPORTED_LANGUAGE = "language"
"""Error of a score, and reason of a dropped record, of a document in a language that the model does not speak."""


def checked_languages(value: Any) -> tuple[str, ...]:
    """`languages:` of a model: ISO 639-1 codes; none means that it is asked about any. Raises LeafError."""
    listed = value if isinstance(value, list) else [value]
    for code in listed:
        if not isinstance(code, str) or not re.fullmatch(r"[a-z]{2,3}", code):
            raise LeafError(f"languages: {code!r} is no code of a language; write a list such as [en, de]")
    return tuple(sorted(set(listed)))


def supports(languages: tuple[str, ...], language: str) -> bool:
    """Whether a model of these languages is asked about a text; one whose language is unknown is not held back."""
    return not languages or not language or re.split("[-_]", language.lower())[0] in languages


def unsupported_language(who: str, model: ModelSettings, languages: Sequence[str]) -> str:
    """One line for the log: how many documents were passed over, and in which languages."""
    return f"{who}: {_counted(languages)} passed over: {model.name} speaks {', '.join(model.languages)}"


def supports_none(who: str, model: ModelSettings, languages: Sequence[str]) -> str:
    """The refusal of a build whose model speaks the language of not one document."""
    spoken = f"{model.name} speaks {', '.join(model.languages)}"
    return f"{who}: {spoken}, and it is to be asked about {_counted(languages)}; name another model in models:"


def _counted(languages: Sequence[str]) -> str:
    counts = ", ".join(f"{languages.count(code)} in {code}" for code in sorted(set(languages)))
    return f"{len(languages)} documents ({counts})"
