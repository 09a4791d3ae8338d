from __future__ import annotations

import numpy as np
import pytest

from leafinstruct.report.thresholds import distances, thresholds
from leafinstruct.rules.expression import Expression


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("words < 30", [("words", "<", 30.0)]),
        ("30 >= words", [("words", "<=", 30.0)]),
        ("0.1 < share <= 0.5", [("share", ">", 0.1), ("share", "<=", 0.5)]),
        ("near < -0.08 and page < -0.02", [("near", "<", -0.08), ("page", "<", -0.02)]),
        (
            "count() < 1 or mean(clip.context_similarity) < 0.2",
            [("count()", "<", 1.0), ("mean(clip.context_similarity)", "<", 0.2)],
        ),
        ("not readable", []),
        ("a < b or a + b > 3 or a == 4 or kind in ['x']", []),
    ],
)
def test_thresholds(text: str, expected: list[tuple[str, str, float]]) -> None:
    assert [(str(t.name), t.sign, t.value) for t in thresholds(Expression(text))] == expected


def test_distances_are_in_standard_deviations() -> None:
    values = np.array([1.0, 3.0, np.nan])
    assert distances(values, 2.0).tolist() == [1.0, 1.0, np.inf]
    assert distances(np.array([5.0, 5.0]), 2.0).tolist() == [3.0, 3.0]
    assert distances(np.array([np.nan]), 2.0).tolist() == [np.inf]
