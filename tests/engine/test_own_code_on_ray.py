"""A user's own code under Ray: found by the workers with its helpers, and the same lines where it does wrong."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from made.tree import edit, put
from made.wrong_scorers import MINE, SHAPES, project

import leafinstruct as li

pytestmark = pytest.mark.slow
ray = pytest.importorskip("ray")


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
    yield
    ray.shutdown()


def scored(pipeline: Path, run: str = "run", **options: Any) -> li.OpenedRun:
    return li.build(pipeline, pipeline.parents[1] / run, stage="filter", **options)


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


@pytest.mark.parametrize("name", SHAPES)
def test_what_is_wrong_is_said_as_by_the_local_engine(
    name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pipeline = project(tmp_path, SHAPES[name].body)
    if SHAPES[name].stops:
        with pytest.raises(li.LeafError, match=rf"scorer Mine: {SHAPES[name].line}"):
            scored(pipeline, engine="ray", workers=2)
        return
    here = scored(pipeline, "local")
    said = lines(caplog)
    caplog.clear()
    there = scored(pipeline, "ray", engine="ray", workers=2)
    assert lines(caplog) == said and len(said) == bool(SHAPES[name].line)
    assert there.scores("mine").equals(here.scores("mine")) and there.decisions().equals(here.decisions())


def test_helpers_are_found_and_edits_are_seen(tmp_path: Path) -> None:
    helped = MINE.replace("import numpy", "from helper import RATE").replace('"rate": 1.0', '"rate": RATE')
    pipeline = project(tmp_path, "pass", helped)
    for rate in (0.6, 0.9):
        put(tmp_path / "helper.py", f"RATE = {rate}\n")
        assert set(scored(pipeline, engine="ray", workers=2).scores("mine").rate) == {rate}


def test_a_process_that_ends_itself_is_said(tmp_path: Path) -> None:
    pipeline = project(tmp_path, "os._exit(137)")
    edit(pipeline, ray={"retries": 1})
    with pytest.raises(li.LeafError) as stopped:
        scored(pipeline, engine="ray", workers=2)
    assert re.match(r"ray: the work on partition made-\w+ ended its process again and again \(", str(stopped.value))
    assert "\n" not in str(stopped.value)
