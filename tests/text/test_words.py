from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leafinstruct.text.words import WORD, count_words, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Don't cut the well-known 3D print.", ["don't", "cut", "the", "well-known", "3d", "print"]),
        ("snake_case and -5 °C, 1/2", ["snake", "case", "and", "5", "c", "1", "2"]),
        ("rock-'n'-roll --- 'quoted'", ["rock", "n", "roll", "quoted"]),
        ("Ça va, l’été", ["ça", "va", "l’été"]),
        ("나무를 반으로 자른다.", ["나무를", "반으로", "자른다"]),
        ("木を切る", ["木", "を", "切", "る"]),
        ("把PVC管切成2段", ["把", "pvc", "管", "切", "成", "2", "段"]),
        ("हिन्दी में लिखा", ["हिन्दी", "में", "लिखा"]),
        ("كَتَبَ الطالب", ["كَتَبَ", "الطالب"]),
        ("cafe\u0301 noir", ["cafe\u0301", "noir"]),
        ("", []),
    ],
)
def test_words_are_those_that_a_reader_counts(text: str, expected: list[str]) -> None:
    assert words(text) == expected
    assert count_words(text) == len(expected)


@given(st.text(alphabet=st.characters(max_codepoint=127)))
def test_the_short_way_for_ascii_finds_the_same(text: str) -> None:
    assert words(text) == WORD.findall(text.lower())
