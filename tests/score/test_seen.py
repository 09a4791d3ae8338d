from __future__ import annotations

import pytest
from made import core as made

from leafinstruct.document import Document
from leafinstruct.score.seen import Scorer

LOGO, PHOTO = made.image("logo"), made.image("photo")
DOCUMENTS = [
    made.document("a", [LOGO, PHOTO, LOGO], site="one.example"),
    made.document("b", [LOGO], site="one.example"),
    made.document("c", [LOGO], site="two.example"),
    made.document("d", [made.text("x")], site="three.example"),
]


@pytest.mark.parametrize("cuts", [[DOCUMENTS], [DOCUMENTS[:1], DOCUMENTS[1:]], [[d] for d in DOCUMENTS[::-1]]])
def test_counts_do_not_depend_on_partitions(cuts: list[list[Document]]) -> None:
    scorer = Scorer({})
    rows = scorer.table(scorer.reduce(scorer.map(part) for part in cuts)).to_pylist()
    found = {row["sha256"]: (row["sites_seen"], row["documents_seen"]) for row in rows}
    assert found == {LOGO.image: (2, 3), PHOTO.image: (1, 1)}


def test_signatures_have_their_schema_and_order() -> None:
    scorer = Scorer({})
    assert scorer.map([]).schema == scorer.map(DOCUMENTS).schema == scorer.map_schema
    assert scorer.map(DOCUMENTS).equals(scorer.map(DOCUMENTS[::-1]))
    assert list(scorer.reduce([])) == []
