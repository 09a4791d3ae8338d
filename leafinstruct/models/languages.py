"""Which languages a model supports, as set in the pipeline: documents in others are skipped and logged, not scored."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from leafinstruct.errors import LeafError

if TYPE_CHECKING:
    from leafinstruct.settings import ModelSettings

UNSUPPORTED_LANGUAGE = "language"
"""Error of a score, and reason of a dropped record, for a document in a language that the model does not support."""


def checked_languages(value: Any) -> tuple[str, ...]:
    """The value of a model's `languages:`, sorted ISO 639-1 codes; empty: all languages. Raises LeafError."""
    listed = value if isinstance(value, list) else [value]
    for code in listed:
        if not isinstance(code, str) or not re.fullmatch(r"[a-z]{2,3}", code):
            raise LeafError(f"languages: {code!r} is not a language code; write a list such as [en, de]")
    return tuple(sorted(set(listed)))


def supports(languages: tuple[str, ...], language: str) -> bool:
    """Whether a model of these languages is asked about a text; it is asked about a text of unknown language."""
    return not languages or not language or re.split("[-_]", language.lower())[0] in languages


def unsupported_language(who: str, model: ModelSettings, languages: Sequence[str]) -> str:
    """One line for the log: how many documents were skipped, and in which languages."""
    return f"{who}: skipped {_counted(languages)}: {model.name} supports only {', '.join(model.languages)}"


def supports_none(who: str, model: ModelSettings, languages: Sequence[str]) -> str:
    """The error of a build whose model supports the language of no document."""
    supported = f"{model.name} supports only {', '.join(model.languages)}"
    return f"{who}: {supported}, but all {_counted(languages)} are in others; name another model in models:"


def _counted(languages: Sequence[str]) -> str:
    counts = ", ".join(f"{languages.count(code)} in {code}" for code in sorted(set(languages)))
    return f"{len(languages)} documents ({counts})"
