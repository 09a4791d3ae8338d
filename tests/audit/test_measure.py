from __future__ import annotations

import numpy as np
import pytest

from leafinstruct.audit.cases import Case
from leafinstruct.audit.measure import (
    Bootstrap,
    Judgement,
    Measured,
    auroc,
    auroc_draws,
    interval,
    measure_clean,
    measure_defect,
    recall_at,
    threshold_at,
)


def test_auroc_counts_pairs_and_half_of_ties() -> None:
    bad, good = np.array([3.0, 1.0]), np.array([0.0, 1.0, 2.0])
    assert auroc(bad, good) == pytest.approx((3 + 1.5) / 6)
    assert np.isnan(auroc(np.array([]), good))


def test_a_draw_of_each_base_once_gives_the_plain_auroc() -> None:
    draw = np.random.default_rng(0)
    bad, good = draw.normal(0.5, 1, 20), draw.normal(0, 1, 30)
    value = auroc_draws(bad, good, np.ones((1, 20), np.float32), np.ones((1, 30), np.float32))
    assert value[0] == pytest.approx(auroc(bad, good), abs=1e-6)


def test_rows_of_one_base_are_drawn_together() -> None:
    """Ten copies of each row tell no more than one: the interval must not shrink."""
    draw = np.random.default_rng(1)
    bad, good = draw.normal(1, 1, 15), draw.normal(0, 1, 15)
    bases = [str(i) for i in range(15)]

    def width(copies: int) -> float:
        weights = Bootstrap(bases).of(bases * copies)
        found = interval(auroc_draws(np.tile(bad, copies), np.tile(good, copies), weights, weights))
        assert found
        return found[1] - found[0]

    assert width(10) == pytest.approx(width(1), abs=1e-6)
    assert width(1) > 0.05


def test_threshold_never_loses_more_than_allowed_even_with_ties() -> None:
    good = np.array([0.0] * 15 + [1.0] * 5)
    for share in (1.0, 0.95, 0.9, 0.75):
        assert (good > threshold_at(good, share)).mean() <= 1 - share + 1e-9
    assert threshold_at(good, 0.9) == 1.0  # five are tied and only two may go: none goes
    assert recall_at(np.array([1.0, 2.0]), good, 0.9) == 0.5


def test_a_row_without_a_value_is_never_caught_by_a_column() -> None:
    assert recall_at(np.array([-np.inf, 5.0]), np.array([0.0, 1.0]), 0.95) == 0.5


def judgment(**images: dict[int, str]) -> Judgement:
    return Judgement(dict.fromkeys(images, ""), images)


@pytest.mark.parametrize(
    ("images", "detected"),
    [
        ({1: "rule", 3: ""}, True),
        ({1: "rule", 3: "rule"}, False),  # no clean image stays
        ({1: "", 3: "rule"}, False),  # the wrong one went
        ({1: "", 3: ""}, False),
    ],
)
def test_caught_means_planted_images_gone_and_a_clean_one_stays(images: dict[int, str], detected: bool) -> None:
    assert judgment(a=images).detected(Case("a", "a", "foreign", planted=(1,))) is detected


def test_a_dropped_document_is_caught_and_a_text_defect_only_so() -> None:
    assert Judgement({"a": "text.short"}, {}).detected(Case("a", "a", "cut"))
    assert not judgment(a={1: "rule", 3: ""}).detected(Case("a", "a", "cut"))


def made(count: int = 40, helpful: bool = True) -> Measured:
    clean = [Case(f"c{i}", f"b{i}", "") for i in range(count)]
    bad = [Case(f"x{i}", f"b{i}", "cut") for i in range(count)]
    draw = np.random.default_rng(2)
    told = {c.id: float(v) for c, v in zip([*clean, *bad], draw.normal(0, 1, 2 * count), strict=True)}
    told |= {c.id: told[c.id] - 4 * helpful for c in bad}
    dropped = {c.id: "text.short" if told[c.id] < -3 else "" for c in [*clean, *bad]}
    return Measured(bad, clean, {"text.words": told}, Judgement(dropped, {}), Bootstrap([c.base for c in clean]))


def test_rules_are_compared_with_the_best_column_and_its_oracle_threshold() -> None:
    found = measure_defect(made(), 0.95)
    best = found["best"]
    assert best["column"] == "text.words" and best["direction"] == "low"
    assert best["recall"] > found["recall"] > 0.5
    assert found["ratio"] == pytest.approx(found["recall"] / best["recall"], abs=0.01)
    assert found["by"] == {"text.short": found["detected"]}
    assert found["interval"][0] <= found["recall"] <= found["interval"][1]
    assert found["columns"]["text.words"]["recall"]["0.9"] >= found["columns"]["text.words"]["recall"]["0.99"]


def test_a_column_that_sees_nothing_is_no_best_column() -> None:
    found = measure_defect(made(helpful=False), 0.95)
    assert found["best"] is None and found["ratio"] is None
    low, high = found["columns"]["text.words"]["interval"]
    assert low < 0.6 < high or high < 0.75


def test_clean_documents_that_lose_an_image_are_harmed() -> None:
    clean = [Case("a", "a", ""), Case("b", "b", ""), Case("c", "c", "")]
    found = measure_clean(
        Judgement({"a": "", "b": "", "c": "text.short"}, {"a": {1: ""}, "b": {1: "image.small", 2: ""}, "c": {1: ""}}),
        clean,
        Bootstrap(["a", "b", "c"]),
    )
    assert (found["kept"], found["documents_kept"]) == (1, 2)
    assert found["by"] == {"image.small": 1, "text.short": 1}
    assert {row["document"] for row in found["false_positives"]} == {"b", "c"}
