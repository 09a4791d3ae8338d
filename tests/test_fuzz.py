from __future__ import annotations

import importlib.util
import sys
from pathlib import Path


def test_a_slice_of_the_fuzz() -> None:
    path = Path(__file__).parents[1] / "benchmarks" / "quality" / "fuzz.py"
    spec = importlib.util.spec_from_file_location("fuzz", path)
    assert spec is not None and spec.loader is not None
    fuzz = importlib.util.module_from_spec(spec)
    sys.modules["fuzz"] = fuzz
    spec.loader.exec_module(fuzz)
    report = fuzz.fuzz(220, seed=7)
    assert report["crashes"] == []
    assert sum(sum(counts.values()) for counts in report["results"].values()) == 220
    assert {"html", "markdown", "json", "warc", "warc.gz", "image"} == set(report["results"])
