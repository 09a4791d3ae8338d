"""Rows of decisions do not depend on which documents are decided together, and so on no number of workers."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
from made import core as made
from made.core import rule

from leafinstruct.filter.decisions import decisions_table
from leafinstruct.filter.frame import make_view
from leafinstruct.filter.rules import evaluate


def test_a_row_is_the_same_alone_and_in_company(tmp_path: Path) -> None:
    rules = [
        rule("short", "document", "words < 5"),
        rule("odd", "document", "odds > 0.5"),
        rule("both", "document", "odds > 0.4 and words < 9"),
    ]
    built = made.pipeline(tmp_path, {"one": rules})
    documents = [made.document(name, [made.text("t")]) for name in "abc"]
    values = [{"document": "a", "words": 9, "odds": 0.9}, {"document": "b", "words": 3, "odds": 0.1}]
    rows = [*values, {"document": "c", "words": 3, "odds": 0.9}]

    def table(*chosen: int) -> pa.Table:
        scores = made.scores(built, "one", [rows[n] for n in chosen])
        return decisions_table(evaluate(built, make_view([documents[n] for n in chosen], built, scores)))

    whole = table(0, 1, 2)
    assert whole.equals(pa.concat_tables([table(0), table(1), table(2)]))
    assert [value["name"] for value in whole["values"].to_pylist()[2]] == ["one.words", "one.odds"]
