"""The language of a document: detected, or as its page states it."""

from __future__ import annotations

import pytest
from made.rewrite import boat, document, text

from leafinstruct.text.language import code, identify, language_of


def test_language_comes_from_the_text_and_else_from_the_declaration():
    assert language_of(boat()) == "en"
    assert language_of(document([text("Klein")], language="de-AT")) == "de"
    wrong = document([text("Schneide die Kastanien kreuzweise ein und lege sie auf ein Blech.")], language="en")
    assert language_of(wrong) == "de"


def test_the_whole_text_counts_and_not_its_first_line():
    first = "`<script>window.x=1</script><img src=x onerror='window.x=2'><svg onload='window.x=3'></svg>` "
    rest = "Schneide die Kastanien kreuzweise ein und lege sie auf ein Blech. " * 5
    name, probability = identify(first + rest, "en")
    assert name == "de" and probability is not None and probability > 0.8


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ("de-AT", "de"), ("en_US", "en"), ("EN", "en"), ("eng", "en"), ("ger", "de"), ("zh-Hant-TW", "zh"),
        ("cmn", "zh"), ("yue", "zh"), ("arz", "ar"), ("iw", "he"), ("nb-NO", "nb"), ("ceb", "ceb"), ("als", "gsw"),
        ("", ""), ("xx", ""), ("german", ""), ("x-klingon", ""), ("und", ""), ("c", ""), ("mul", ""), ("zxx", ""),
    ],
)  # fmt: skip
def test_a_stated_language_becomes_a_code_of_two_letters_where_there_is_one(stated, expected):
    assert code(stated) == expected
