from __future__ import annotations

import core_made as made
import pytest

from leafinstruct.document import Document
from leafinstruct.score.boilerplate import Scorer

NOTICE = "This page is part of our big course."


def page(name: str, *lines: str, site: str = "one.example") -> Document:
    return made.document(name, [made.text("\n".join(lines))] if lines else [], site=site)


PAGES = [
    page("a", NOTICE, "Fold the first sheet of red paper in half now."),
    page("b", "  this page is part of our big COURSE.", "Fold it twice."),
    page("c", NOTICE, NOTICE),
    page("d", NOTICE, site="two.example"),
    page("e"),
]


@pytest.mark.parametrize("cuts", [[PAGES], [PAGES[:2], PAGES[2:]], [[p] for p in PAGES[::-1]]])
def test_lines_of_a_site_are_counted_once_a_document_over_all_partitions(cuts: list[list[Document]]) -> None:
    scorer = Scorer({})
    rows = scorer.table(scorer.reduce(scorer.map(part) for part in cuts)).to_pylist()
    found = {row["document"]: (row["words"], row["lines"]) for row in rows}
    assert found == {"a": (0.4444, 1), "b": (0.7273, 1), "c": (1.0, 1), "d": (0.0, 0), "e": (0.0, 0)}


def test_a_line_needs_enough_documents_and_words() -> None:
    def lines(pages: list[Document], **settings: int) -> list[int]:
        scorer = Scorer(settings)
        return [row["lines"] for row in scorer.reduce([scorer.map(pages)])]

    assert lines(PAGES[:2]) == [0, 0]
    assert lines(PAGES[:2], documents=2) == [1, 1]
    short = [page(name, "Step 1", "More") for name in "abc"]
    assert lines(short) == [0, 0, 0]
    assert lines(short, line_words=1) == [2, 2, 2]


def test_signatures_have_their_schema_and_order() -> None:
    scorer = Scorer({})
    assert scorer.map([]).schema == scorer.map(PAGES).schema == scorer.map_schema
    assert scorer.map(PAGES).equals(scorer.map(PAGES[::-1]))
    assert list(scorer.reduce([])) == []
