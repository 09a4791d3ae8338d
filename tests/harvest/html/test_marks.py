"""Usual texts take shorter ways, which lead to the same as the long ones."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from leafinstruct.harvest.html import marks
from leafinstruct.harvest.html.flow import Flow, _collapse
from leafinstruct.harvest.html.marks import CODE, EM, PAIRS, STRONG, without_marks

PIECES = st.sampled_from(["a", "b c", " ", ".", "é", "*", "[d](e)", "|", "&amp;", "_", "`", "~", "$", "  "])
SPACES = st.sampled_from(["\n", "\t", "\v", "\u00a0", "\u200b", "\u3000", "\x1c", " ", "  "])
MARKS = st.sampled_from([STRONG, EM, CODE, *(PAIRS[mark] for mark in (STRONG, EM, CODE))])
MARKED = st.tuples(st.sampled_from([STRONG, EM, CODE]), PIECES).map(lambda pair: f"{pair[0]}{pair[1]}{PAIRS[pair[0]]}")


@given(st.lists(PIECES | MARKED | MARKS, max_size=9).map("".join), st.booleans())
def test_simple_texts_are_written_as_all_others(text: str, cell: bool) -> None:
    written = marks._written(marks._tildes(marks._dollars(marks._well_marked(text))), cell)
    assert marks._simply_written(text, cell) in ("", written)


def test_simple_texts_are_found() -> None:
    text = f"The {STRONG}second{PAIRS[STRONG]} of {CODE}ls *{PAIRS[CODE]}, [x](y)."
    assert marks._simply_written(text, cell=False) == "The **second** of `ls *`, \\[x](y)."


@given(st.lists(PIECES | MARKED | SPACES, max_size=9).map("".join))
def test_texts_without_odd_spaces_are_collapsed_as_all_others(text: str) -> None:
    flow = Flow()
    flow.text(text)
    flow.end()
    source = _collapse(text)
    unmarked = without_marks(source)
    plain = _collapse(unmarked.replace("\n", "\v")) if unmarked != source else source
    assert [(block.text, block.source) for block in flow.blocks] == ([(plain, source)] if plain else [])
