from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made import core as made

from leafinstruct.pipeline import Pipeline
from leafinstruct.report.distributions import distribution_lines, distributions, sparkline
from leafinstruct.run import Run

RULES = [made.rule("few", "document", "words < 30 or max(size) < 4"), made.rule("small", "image", "size < 2")]


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    later = {"rules": [made.rule("tone", "document", "own.tone == 'loud'")]}
    return made.pipeline(tmp_path, {"own": RULES, "later": later, "seen": {"scorer": "seen"}})


@pytest.fixture
def run(tmp_path: Path, pipeline: Pipeline) -> Run:
    made_run = Run(tmp_path / "run")
    made_run.commit_json("run.json", {"partitions": [{"name": "a"}, {"name": "b"}]})
    for part, name in enumerate("ab"):
        rows: list[dict[str, Any]] = []
        for number in range(50):
            words = 50 * part + number
            row = {"document": f"{name}{number:02}", "words": words, "tone": "loud" if words < 10 else "calm"}
            rows += [row, {"document": row["document"], "part": 1, "size": float(words), "flag": None if part else 1}]
        scorer = made.named(pipeline, "own").scorer
        assert scorer
        owner = made.named(pipeline, "own")
        made_run.commit_table(f"scores/{owner.folder}/{name}.parquet", scorer.table(rows), "")
    return made_run


def test_rows_of_each_grain_over_all_partitions(run: Run, pipeline: Pipeline) -> None:
    found = {row["column"]: row for row in distributions(run, pipeline)}
    words = found["own.words"]
    assert (words["rows"], words["nulls"]) == (100, 0)
    assert words["quantiles"] == {"1%": 0.99, "25%": 24.75, "50%": 49.5, "75%": 74.25, "99%": 98.01}
    assert found["own.size"]["quantiles"] == words["quantiles"]
    assert (found["own.flag"]["rows"], found["own.flag"]["nulls"]) == (100, 50)
    assert found["own.odds"]["nulls"] == 100 and set(found["own.odds"]["quantiles"].values()) == {None}
    assert found["own.tone"]["common"] == {"calm": 90, "loud": 10}


def test_rules_stand_with_every_column_they_read(run: Run, pipeline: Pipeline) -> None:
    found = {row["column"]: [rule["rule"] for rule in row["rules"]] for row in distributions(run, pipeline)}
    assert found["own.words"] == ["own.few"]
    assert found["own.size"] == ["own.few", "own.small"]
    assert found["own.tone"] == ["later.tone"]
    assert found["own.odds"] == []


def test_lines_tell_the_same(run: Run, pipeline: Pipeline) -> None:
    lines = distribution_lines(distributions(run, pipeline))
    words = next(at for at, line in enumerate(lines) if line.startswith("own.words"))
    assert lines[words].split()[:8] == ["own.words", "100", "0", "0.99", "24.75", "49.5", "74.25", "98.01"]
    assert lines[words + 1] == "    own.few drops the document: words < 30 or max(size) < 4  [own]"
    assert any(line.startswith("own.tone") and line.endswith("2 values: calm 90, loud 10") for line in lines)
    assert any(line.startswith("seen.sites_seen") and line.endswith("not scored") for line in lines)


def test_sparklines() -> None:
    assert sparkline(np.repeat([0.0, 15.0], [50, 100])) == "▄" + " " * 14 + "█"
    far = sparkline(np.array([*np.linspace(0, 1, 1000), 1e9]))
    assert len(set(far[1:-1])) <= 2 and " " not in far
    assert sparkline(np.array([3.0, 3.0])) == "█"
    assert sparkline(np.zeros(0)) == ""
