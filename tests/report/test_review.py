"""Reviews: the same records for two people, and agreement against values worked out by hand."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from leafinstruct.errors import LeafError
from leafinstruct.report.review import ASPECTS, agreement, agreement_lines, kappa, review_page, write_review
from leafinstruct.report.sample import draw
from leafinstruct.run import Run


def pairs(table: list[list[int]]) -> np.ndarray:
    """Marks [n, 2] of a table of counts: rows are the first rater's marks, columns the second's."""
    return np.array([(a, b) for a, row in enumerate(table) for b, count in enumerate(row) for _ in range(count)])


def test_kappa_by_hand() -> None:
    # 20 yes/yes, 5 yes/no, 10 no/yes, 15 no/no: seen .7, by chance .5
    assert kappa(pairs([[20, 5], [10, 15]]), False) == pytest.approx(0.4)
    # marks 0, 1, 2: disagreement (3 * 1 + 1 * 4) / 12 seen, (1/144) * sum of w * row * column = 1.25 by chance
    table = [[3, 1, 1], [1, 2, 0], [0, 1, 3]]
    rows, columns = (5, 3, 4), (4, 4, 4)
    chance = sum((i - j) ** 2 * rows[i] * columns[j] for i in range(3) for j in range(3)) / 144
    assert kappa(pairs(table), True) == pytest.approx(1 - (7 / 12) / chance)


def test_kappa_at_its_ends() -> None:
    assert kappa(pairs([[3, 0], [0, 2]]), True) == pytest.approx(1)
    assert kappa(pairs([[0, 2], [2, 0]]), False) == pytest.approx(-1)
    assert kappa(pairs([[5]]), True) is None


def test_weighted_kappa_as_scikit_learn_has_it() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    marks = np.random.default_rng(3).integers(0, 4, (80, 2))
    marks[:40, 1] = marks[:40, 0]
    for weights in (None, "quadratic"):
        wanted = metrics.cohen_kappa_score(*marks.T, labels=[0, 1, 2, 3], weights=weights)
        assert kappa(marks, weights is not None) == pytest.approx(wanted)


def rate(path: Path, marks: dict[str, list[object]]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", *ASPECTS, "note"])
        writer.writerows([key, *row, "x, y"] for key, row in marks.items())
    return path


def test_agreement_over_what_both_rated(tmp_path: Path) -> None:
    one = rate(tmp_path / "a.csv", {f"r{n}": [n % 4, 3, 3, n % 2, ""] for n in range(20)} | {"only": [1] * 5})
    two = rate(tmp_path / "b.csv", {f"r{n}": [n % 4, 3, n % 4, 1 - n % 2, 2] for n in range(20)})
    found = agreement(one, two)
    rows = found["aspects"]
    assert found["records"] == 20
    assert rows["text_quality"]["kappa"] == rows["text_quality"]["weighted_kappa"] == 1
    assert rows["text_quality"]["mean"] == 1.5 and rows["text_quality"]["exact"] == 1
    low, high = rows["text_quality"]["mean_interval"]
    assert 0.9 < low < 1.5 < high < 2.1
    assert rows["perceptual_quality"]["kappa"] is None and rows["perceptual_quality"]["mean"] == 3
    assert rows["image_coherence"]["kappa"] == 0 and rows["image_coherence"]["means"] == [3, 1.5]
    assert rows["text_image_coherence"]["kappa"] == -1
    assert rows["helpfulness"] == {"n": 0}
    assert agreement(one, two) == found, "resampling is seeded"
    lines = agreement_lines(found)
    assert "undefined (all ratings are equal)" in lines[2] and lines[5].endswith("not rated by both")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("id,note\nr,x\n", "no column text_quality"),
        ("", "no column id"),
        ("id," + ",".join(ASPECTS) + "\nr,1,2,3,4,1\n", "text_image_coherence is '4'; give 0 to 3"),
        ("id," + ",".join(ASPECTS) + "\nother,1,2,3,3,1\n", "rate no record in common"),
    ],
)
def test_a_wrong_table_says_what_is_wrong(tmp_path: Path, content: str, message: str) -> None:
    good = rate(tmp_path / "a.csv", {"r": [1] * 5})
    (tmp_path / "b.csv").write_text(content)
    with pytest.raises(LeafError, match=message):
        agreement(good, tmp_path / "b.csv")


def test_two_people_get_the_same_records_and_nothing_is_overwritten(run: Run, tmp_path: Path) -> None:
    shown = draw(run, 5)
    page, first, second = write_review(run, shown, tmp_path / "review")
    assert first.read_text() == second.read_text()
    rows = list(csv.DictReader(first.open()))
    assert [row["id"] for row in rows] == [one.record.id for one in shown]
    assert page.read_text().count("<article>") == 5
    with pytest.raises(LeafError, match="exists already"):
        write_review(run, shown, tmp_path / "review")


def test_the_page_asks_five_questions_and_shows_nothing_that_could_bias(run: Run) -> None:
    page = review_page(run, draw(run, 100))
    assert page.count("<input type=radio") == 12 * len(ASPECTS) * 4 and "m@1" not in page
    assert page.count("<script>") == 1 and "&lt;script&gt;" in page
    ids = json.loads(page.split("ids = ")[1].split(", key")[0])
    assert ids == [one.record.id for one in draw(run, 100)]
