"""What one input may cost: a slow one, a large one and one that ends its process are counted, each alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from made.tree import edit, make_project, put, run_build, sentences

from leafinstruct import layout
from leafinstruct.document import Document, documents_from_table
from leafinstruct.engine import on_engine
from leafinstruct.errors import LeafError
from leafinstruct.harvest import bounds
from leafinstruct.pipeline import load_pipeline
from leafinstruct.progress import Progress
from leafinstruct.run import Run

SOURCE = """
import os, re
from pathlib import Path
from leafinstruct.harvest.sources import tutorial

class Source(tutorial.Source):
    def _document(self, one, tree):
        text = one.files[0].read_text()
        if "xslow" in text or "xlarge" in text or "xcrash" in text:
            with open({opened!r}, "a") as file:
                print(one.path, file=file)
        if "xslow" in text:
            re.match("(a+)+$", "a" * 60 + "b")  # in C, which no signal handler of Python ends
        if "xlarge" in text:
            try:
                held = [bytearray(b"a" * (1 << 20)) for _ in range(2000)]
            except ValueError:
                pass
        if "xcrash" in text:
            os.abort()
        return super()._document(one, tree)
"""
BAD = {"slow-1.md": "xslow", "slow-2.md": "xslow", "large.md": "xlarge", "crash.md": "xcrash"}
GOOD = [f"good-{number}.md" for number in range(6)]
BOUNDS = {"seconds": 1.5, "megabytes": 300}


def project(folder: Path, bad: dict[str, str] = BAD, **settings: Any) -> Path:
    tree = folder / "tree/wood"
    for name in GOOD:
        put(tree / name, f"# {name}\n\n{' '.join(sentences(name, 4))}\n")
    for name, text in bad.items():
        put(tree / name, f"# {name}\n\nThis is {text} to read.\n")
    put(folder / "costly.py", SOURCE.format(opened=str(folder / "opened")))
    source = {"name": "made", "kind": "./costly.py:Source", "path": str(tree), "partition": 5, "bounds": BOUNDS}
    return make_project(folder, folder / "tree", sources=[{**source, **settings}])


def documents(run: Run) -> dict[str, Document]:
    tables = [run.table(layout.documents(name)) for name in run.partitions()]
    return {one.path.rpartition("/")[2]: one for table in tables for one in documents_from_table(table)}


def opened(folder: Path) -> list[str]:
    return sorted((folder / "opened").read_text().split()) if (folder / "opened").exists() else []


@pytest.mark.parametrize("workers", [1, 2])
def test_each_costly_input_is_counted_alone(tmp_path: Path, workers: int) -> None:
    alone = documents(run_build(project(tmp_path / "alone", {}), tmp_path / "alone/run", "harvest"))
    run = run_build(project(tmp_path), tmp_path / "run", "harvest", workers)
    found = documents(run)
    assert {name: one.error for name, one in found.items() if one.error} == dict.fromkeys(BAD, "too_costly")
    assert {name: one for name, one in found.items() if name in GOOD} == alone
    assert opened(tmp_path) == sorted([*BAD, "crash.md"]), "an end of another kind is believed the second time"


def test_what_was_too_costly_is_stored(tmp_path: Path) -> None:
    pipeline = project(tmp_path)
    run = run_build(pipeline, tmp_path / "run", "harvest")
    before, times = documents(run), len(opened(tmp_path))
    digests = {name: run.digest(layout.documents(name)) for name in run.partitions()}
    for name in run.partitions():
        run.remove(layout.documents(name))
    run_build(pipeline, tmp_path / "run", "harvest")
    assert documents(run) == before and len(opened(tmp_path)) == times, "no input is opened again to see it fail"
    assert {name: Run(run.place).digest(layout.documents(name)) for name in run.partitions()} == digests


def test_a_mended_input_is_read_again(tmp_path: Path) -> None:
    pipeline = project(tmp_path, {"slow.md": "xslow"})
    run_build(pipeline, tmp_path / "run", "harvest")
    put(tmp_path / "tree/wood/slow.md", "# Mended\n\nThis is quick to read.\n")
    assert not documents(run_build(pipeline, tmp_path / "run", "harvest"))["slow.md"].error


def test_other_bounds_read_the_input_again(tmp_path: Path) -> None:
    pipeline = project(tmp_path, {"large.md": "xlarge"})
    assert documents(run_build(pipeline, tmp_path / "run", "harvest"))["large.md"].error == "too_costly"
    raw = json.loads(json.dumps(load_pipeline(pipeline).raw))
    edit(pipeline, sources=[{**raw["sources"][0], "bounds": {"megabytes": 4000, "seconds": 60}}])
    assert not documents(run_build(pipeline, tmp_path / "run", "harvest"))["large.md"].error


def test_a_lost_process_without_an_input_ends_the_build(tmp_path: Path) -> None:
    pipeline = project(tmp_path, {})
    code = (tmp_path / "costly.py").read_text()
    put(tmp_path / "costly.py", code + "\n    def harvest(self, chunk, index):\n        os.abort()\n")
    with pytest.raises(LeafError, match=r"was killed by signal 6 .* at work on partition made-00000;"):
        run_build(pipeline, tmp_path / "run", "harvest")


@pytest.mark.slow
def test_the_same_on_ray(tmp_path: Path) -> None:
    pytest.importorskip("ray")
    here = documents(run_build(project(tmp_path), tmp_path / "here", "harvest"))
    run = Run(tmp_path / "there")
    on_engine("ray", run, load_pipeline(project(tmp_path)), "harvest", 2, {"progress": Progress(quiet=True)})
    assert documents(run) == here


def test_without_notes_nothing_is_bounded() -> None:
    bounds.begin(bounds.Bounds(seconds=0.001), frozenset(["left out"]))
    with bounds.bounded("an input"):
        assert sum(range(1_000_000))
    with pytest.raises(bounds.TooCostly), bounds.bounded("left out"):
        pass


def test_a_long_name_fits_into_a_note() -> None:
    names = {bounds.named("folder/" * 200 + str(number)) for number in range(2)}
    assert len(names) == 2 and all(len(name.encode()) <= bounds.LONGEST for name in names)
