"""Numbers as titles of steps write them: digits of any script, words, Roman and Chinese numerals, signs."""

from __future__ import annotations

import re

_ORDINALS = """
    first second third fourth fifth sixth seventh eighth ninth tenth
    première deuxième troisième quatrième cinquième sixième septième huitième neuvième dixième
    premier second troisième quatrième cinquième sixième septième huitième neuvième dixième
    erster zweiter dritter vierter fünfter sechster siebter achter neunter zehnter
    primer segundo tercer cuarto quinto sexto séptimo octavo noveno décimo
    primeiro segundo terceiro quarto quinto sexto sétimo oitavo nono décimo
    primo secondo terzo quarto quinto sesto settimo ottavo nono decimo
    первый второй третий четвертый пятый шестой седьмой восьмой девятый десятый
    перший другий третій четвертий п'ятий шостий сьомий восьмий дев'ятий десятий
    الأولى الثانية الثالثة الرابعة الخامسة السادسة السابعة الثامنة التاسعة العاشرة
    اول دوم سوم چهارم پنجم ششم هفتم هشتم نهم دهم
"""
_CARDINALS = "one two three four five six seven eight nine ten"
_HAN = "一二三四五六七八九十"
ORDINAL_VALUES = {word: n for line in _ORDINALS.strip().splitlines() for n, word in enumerate(line.split(), 1)}
VALUES = ORDINAL_VALUES | {word: n for n, word in enumerate(_CARDINALS.split(), 1)}
CARDINAL = "|".join(_CARDINALS.split())
ORDINAL = "|".join(sorted(ORDINAL_VALUES, key=len, reverse=True))
ROMAN = "(?:x{1,3}|x{0,3}(?:ix|iv|v?i{1,3}|v))"
CHINESE = f"[{_HAN}]{{1,3}}"
NUMERAL = re.compile(r"(?P<digits>\d{1,2})|(?P<sign>[\u2460-\u2473\u2776-\u277f])|(?P<word>[^\W\d_](?:[^\W\d_]|')*)")
HAN = re.compile(CHINESE)
ONLY_ROMAN = re.compile(ROMAN, re.IGNORECASE)
ROMAN_VALUES = {"i": 1, "v": 5, "x": 10}


def number_in(text: str) -> int:
    """The first number in the beginning of a title; 0 if there is none."""
    for found in NUMERAL.finditer(text):
        if found["digits"]:
            return int(found["digits"])
        if found["sign"]:
            return ord(found["sign"]) - (0x245F if found["sign"] < "\u2500" else 0x2775)
        word = found["word"].casefold().replace("ё", "е")
        if value := VALUES.get(word):
            return value
        if ONLY_ROMAN.fullmatch(word):
            return _roman(word)
        if han := HAN.search(word):
            return _chinese(han[0])
    return 0


def _roman(text: str) -> int:
    values = [ROMAN_VALUES[letter] for letter in text]
    return sum(-one if one < after else one for one, after in zip(values, [*values[1:], 0], strict=True))


def _chinese(text: str) -> int:
    tens, ten, ones = text.rpartition("十")
    return (10 * ((_HAN.index(tens[0]) + 1) if tens else 1) if ten else 0) + (_HAN.index(ones[0]) + 1 if ones else 0)
