"""Which charset a text without a true label is likely in, by its letters (charset-normalizer), its words (the language
detector) and its spelling."""

from __future__ import annotations

import re
import unicodedata

MULTIBYTE = ("gb18030", "cp932", "euc_jp", "cp949", "big5hkscs")
"""Charsets of several bytes a character: bytes that are none of their text rarely are valid in them."""
DETECTED = (
    *("cp1252", "cp1250", "iso8859_2", "cp1251", "koi8_r", "koi8_u", "iso8859_5", "cp866", "cp1253", "cp1254"),
    *("cp1255", "cp1256", "cp1257", "cp874", *MULTIBYTE),
)
"""Charsets that text without a true label is found in: browsers' encodings but for rare ones."""
SAMPLE = 4096
"""Bytes that detection reads."""
PART = 65536 * 8
"""Bytes in which the sample is looked for."""
LEAST = 0.7
"""Lowest score of a detected charset: that of text in which neither letters nor words are those of a language."""
FINAL_FORMS = frozenset("ςךםןףץ")
RARE_LETTERS = frozenset("ђѓѕјљњћќџЂЃЅЈЉЊЋЌЏ")
"""Of Serbian and Macedonian, which lack letters of Russian."""
SIGNS = frozenset("¡¢£¤¥¦§¨ª«¬¯°±´¶·¸¹º¼½¾¿×÷") | frozenset(map(chr, range(0x3131, 0x318F)))
"""Signs that follow no letter, and letters that Korean writes in syllables only."""
_USUAL = {
    "cp1250": "pl cs sk hu hr sl bs ro sq",
    "cp1251": "ru uk be bg sr mk kk ky tg tt ba mn cv os sah",
    "cp1253": "el",
    "cp1254": "tr az ku",
    "cp1255": "he yi",
    "cp1256": "ar fa ur ps ug ckb arz",
    "cp1257": "lt lv et",
    "cp874": "th",
    "gb18030": "zh",
    "cp932": "ja",
    "cp949": "ko",
}
USUAL = {language: codec for codec, languages in _USUAL.items() for language in languages.split()}
"""The charset in which texts of a language usually are, by the table of locales in the HTML standard; cp1252 for any
other. ALIKE: charsets for the same languages."""
ALIKE = {"iso8859_2": "cp1250", "big5hkscs": "gb18030", "euc_jp": "cp932"} | dict.fromkeys(
    ("koi8_r", "koi8_u", "iso8859_5", "cp866"), "cp1251"
)
UNUSUAL = 0.5
TAG_OR_LINE = re.compile(rb"<[^<>]*>|[\r\n]+")


def sample_of(data: bytes) -> bytes:
    """The first texts between tags that are not ASCII. Tags and lines end at the same bytes in all DETECTED."""
    pieces, size = [], 0
    for piece in TAG_OR_LINE.split(data[:PART]):
        if not piece.isascii():
            pieces.append(piece.strip()[:SAMPLE])
            size += len(piece) + 1
            if size > SAMPLE:
                break
    return b"\n".join(pieces)


def likely_charsets(sample: bytes) -> list[str]:
    """Charsets in which a text may be, the most likely first; none if it is no text in any of DETECTED."""
    from charset_normalizer import from_bytes

    from leafinstruct.text.language import most_likely

    scores = []
    for place, match in enumerate(from_bytes(sample, cp_isolation=list(DETECTED))):
        text = str(match)[:1000]
        language, certainty = most_likely(text)
        usual = [name for name in match.could_be_from_charset if _is_usual(name, language)]
        # a tenth: finer differences of the detector mean less than the order of the matches
        score = round(certainty, 1) + match.coherence - match.chaos - _oddness(text) - (0 if usual else UNUSUAL)
        scores.append((score, -place, usual[0] if usual else match.encoding))
    return [codec for score, _, codec in sorted(scores, reverse=True) if score >= LEAST]


def _is_usual(codec: str, language: str) -> bool:
    return USUAL.get(language, "cp1252") in (codec, ALIKE.get(codec))


def _oddness(text: str) -> float:
    """How much the spelling of a text speaks against its charset, 0 to 1: capitals inside words, words of two
    alphabets, forms of letters that only end words, marks without a letter, letters of two languages."""
    odd = 0
    mixed = any(letter in text for letter in "ыьюя")
    for before, here in zip(f" {text}", text, strict=False):
        if here.isascii():
            odd += here.isalpha() and ("\u0370" <= before < "\u2000")
        elif unicodedata.category(here) == "Mn":
            odd += not (before.isalpha() or unicodedata.category(before) == "Mn")
        elif before.isalpha():
            two = before.isascii() and "\u0370" <= here < "\u2000"
            inside = before.islower() and here.isupper()
            odd += two or inside or before in FINAL_FORMS or here in SIGNS or (mixed and here in RARE_LETTERS)
    return min(1.0, 2 * odd / (len(text.split()) or 1))
