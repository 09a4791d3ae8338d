from __future__ import annotations

import shutil
from pathlib import Path

from made.tree import edit_filter, make_project, run_build

from leafinstruct.report.diff import diff, diff_lines
from leafinstruct.run import Run


def test_a_tightened_rule_is_all_that_differs(tmp_path: Path) -> None:
    pipeline = make_project(tmp_path)
    first = run_build(pipeline, tmp_path / "run", stage="filter")
    assert diff(first, first)["changes"] == []
    shutil.copytree(tmp_path / "run", tmp_path / "other")
    edit_filter(tmp_path, "text", "words < 30", "words < 4000")
    second = run_build(pipeline, tmp_path / "other", stage="filter")
    found = diff(Run(tmp_path / "run"), second)
    kept = found["funnel"][0]["kept_documents"]
    assert kept > 0
    assert {(c["grain"], c["before"], c["after"]) for c in found["changes"] if c["before"] == "kept"} == {
        ("documents", "kept", "text.too_short"),
        ("images", "kept", "document"),
    }
    assert sum(row["before"] == "kept" for row in found["listed"]) == kept
    assert found["documents"]["only_first"] == found["documents"]["only_second"] == 0
    assert any("kept -> text.too_short" in line for line in diff_lines(found))
