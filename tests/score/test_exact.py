from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from made import core as made

from leafinstruct.bundled import package_folders
from leafinstruct.document import Document
from leafinstruct.filter.frame import make_view
from leafinstruct.filter.representatives import choose
from leafinstruct.filter.rules import evaluate
from leafinstruct.score.exact import Scorer

LONG = "Fold the paper in half.\n\nTurn it over."


def groups(*documents: Document, size: int = 2) -> dict[str, tuple[str | None, str | None]]:
    scorer = Scorer({})
    maps = [scorer.map(documents[i : i + size]) for i in range(0, len(documents), size)]
    rows = scorer.table(scorer.reduce(maps)).to_pylist()
    return {row["document"]: (row["text_group"], row["url_group"]) for row in rows}


def page(name: str, text: str, **more: str) -> Document:
    return made.document(name, [made.text(text)] if text else [], **more)


@pytest.mark.parametrize("size", [1, 2, 9])
def test_groups_are_named_by_their_smallest_id_whatever_the_partitions(size: int) -> None:
    pages = [
        page("c", LONG.upper().replace("\n\n", "  ")),
        page("d", "Fold the paper in half. Turn it under."),
        page("b", LONG, url="https://a.example/d?utm_source=x"),
        page("a", LONG),
        page("e", "Another text with enough words in it."),
    ]
    expected = {"a": ("a", None), "b": ("a", "b"), "c": ("a", None), "d": (None, "b")}
    assert groups(*pages, size=size) == groups(*pages[::-1], size=size) == expected


def test_short_and_empty_texts_and_addresses_are_in_no_group() -> None:
    assert groups(*(page(name, "Untitled", url="") for name in "ab"), *(page(name, "", url=" ") for name in "cd")) == {}
    assert groups(*(page(name, "紙を半分に折る。", url="") for name in "ab"))["b"] == ("a", None)


def test_no_documents_give_no_rows() -> None:
    assert groups() == {}


def test_shipped_rules_keep_one_of_each_group(tmp_path: Path) -> None:
    shipped = yaml.safe_load((package_folders()[1] / "filters" / "exact.yaml").read_text())
    pipeline = made.pipeline(tmp_path, {"exact": shipped})
    pages = [page("a", LONG), page("b", LONG), page("c", "One two three four five.", url="http://a.example/b/#x")]
    scorer = Scorer({})
    view = make_view(pages, pipeline, {"exact": scorer.table(scorer.reduce([scorer.map(pages)]))})
    found = evaluate(pipeline, view, chosen=choose(pipeline, [view]))
    assert list(found.document_by) == ["", "exact.same_text", "exact.same_address"]
