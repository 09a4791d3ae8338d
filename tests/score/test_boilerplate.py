from __future__ import annotations

from dataclasses import replace

import pytest
from made import core as made

from leafinstruct.document import Document
from leafinstruct.filter.edits import apply
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


def manual(name: str) -> Document:
    """A page of many: a heading, the site's line, the matter, an image, and a menu."""
    said = f"Effect {name}\nFrom the big manual\nWhat {name} does is its own secret."
    menu = f"See {name} too.\n< Index of all effects\n| Effects"
    return made.document(name, [made.text(said), made.image("1"), made.text(menu)], title=f"Effect {name}")


def edges(pages: list[Document], **settings: float) -> list[tuple[int, int]]:
    scorer = Scorer(settings)
    return [(row["head"], row["foot"]) for row in scorer.reduce([scorer.map(pages)])]


def test_lines_that_many_pages_begin_or_end_with() -> None:
    assert edges([manual(name) for name in "abc"]) == [(1, 2)] * 3
    assert edges([manual(name) for name in "ab"]) == [(0, 0)] * 2
    assert edges([manual(name) for name in "abc"], site_share=1.0) == [(1, 2)] * 3
    rare = [manual(name) for name in "abc"] + [page(f"p{n}", f"Other {n}", site="a.example") for n in range(60)]
    assert edges(rare)[:3] == [(0, 0)] * 3
    apart = [replace(manual(name), site=f"{name}.example") for name in "abc"]
    assert edges(apart) == [(0, 0)] * 3


@pytest.mark.parametrize("last", ["Serve it hot.", "Makes 4 portions", "})", "Now mix these:"])
def test_what_may_be_the_matter_is_not_cut(last: str) -> None:
    assert edges([page(name, f"Cake {name}", "Stir.", last) for name in "abc"]) == [(0, 0)] * 3


def test_a_notice_of_rights_goes_with_its_year() -> None:
    assert edges([page(name, f"Cake {name}", "Stir.", "© 2024 The Kitchen") for name in "abc"]) == [(0, 1)] * 3


def test_the_edited_document_loses_its_edges() -> None:
    scorer = Scorer({"remove": True})
    raw = manual("a")
    edited = scorer.edit(apply(raw, frozenset({1})), 1, 2)
    assert [p.text for p in edited.parts] == ["Effect a\nWhat a does is its own secret.", "", "See a too."]
    assert edited.raw == (0, 1, 2)
    bare = apply(made.document("b", [made.text("Menu of all"), made.image("1")], title=""), frozenset({1}))
    assert scorer.edit(bare, 1, 0) == bare
    emptied = apply(made.document("c", [made.text("Fold."), made.image("1"), made.text("| Effects")]), frozenset({1}))
    assert [p.type for p in scorer.edit(emptied, 0, 1).parts] == ["text", "image"]
    assert Scorer({}).edited_by() == () and scorer.edited_by() == ("head", "foot")
