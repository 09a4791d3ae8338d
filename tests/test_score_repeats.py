from __future__ import annotations

import core_made as made

from leafinstruct.score.repeats import Scorer


def test_each_showing_is_counted_in_order() -> None:
    shown = [made.image("a"), made.text("x"), made.image("b"), made.image("a"), made.image("a")]
    assert Scorer({}).score(made.document("d", shown)) == [
        {"document": "d", "distinct_share": 0.5},
        {"document": "d", "part": 0, "occurrence": 1, "times": 3},
        {"document": "d", "part": 2, "occurrence": 1, "times": 1},
        {"document": "d", "part": 3, "occurrence": 2, "times": 3},
        {"document": "d", "part": 4, "occurrence": 3, "times": 3},
    ]


def test_without_images_there_is_no_share() -> None:
    assert Scorer({}).score(made.document("d", [made.text("x")])) == [{"document": "d", "distinct_share": None}]
