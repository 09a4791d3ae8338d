"""What commands print of a run that says odd things: titles, addresses, reasons and errors of rows."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest
from made.tree import leafinstruct, make_project, put, run_build, sentences

from leafinstruct.document import DOCUMENT_SCHEMA
from leafinstruct.run import Run
from leafinstruct.text.printable import CONTROL

ODD = "\x1b[2J\x1b]0;owned\x07\x9b31m\u202egnp.\u2066x\u200f\x7f\x08"


def assert_harmless(text: str) -> None:
    assert not {f"U+{ord(one):04X}" for one in text if ord(one) in CONTROL}


@pytest.fixture
def odd_run(tmp_path: Path) -> Run:
    """A run whose documents were written by other hands: odd titles, paths and errors, with line feeds."""
    put(tmp_path / "tree/wood/a.md", "# T\n\n" + " ".join(sentences("a", 6)) + "\n")
    put(tmp_path / "tree/wood/b.md", "")
    run = run_build(make_project(tmp_path, tmp_path / "tree", filters=["text"]), tmp_path / "runs/made", "filter")
    [name] = run.partitions()
    file = f"documents/{name}.parquet"
    meta = run.meta(file)
    assert meta is not None
    rows = run.table(file).to_pylist()
    for row in rows:
        row["title"] = row["topic"] = f"title {ODD}\nharvest error: forged"
        row["error"] = f"reason {ODD}\nforged" if row["error"] else ""
        row["path"] = f"{row['path']}{ODD}"
    run.commit_table(file, pa.Table.from_pylist(rows, schema=DOCUMENT_SCHEMA), meta.fingerprint, meta.extra)
    return run


@pytest.mark.slow
def test_status_show_and_errors_are_harmless(odd_run: Run) -> None:
    folder = odd_run.path.parent.parent
    ids = odd_run.table(f"documents/{odd_run.partitions()[0]}.parquet", ["id"])["id"].to_pylist()
    commands = [["status"], ["build", "--stage", "filter", "--quiet"], ["report"], *(["show", key] for key in ids)]
    for command in [*commands, *([*one, "--json"] for one in (commands[0], *commands[3:]))]:
        done = leafinstruct(*command, cwd=folder)
        assert_harmless(done.stdout + done.stderr)
        assert not [line for line in done.stdout.splitlines() if line.startswith(("forged", "harvest error: forged"))]
    shown = json.loads(leafinstruct("show", ids[0], "--json", cwd=folder, check=0).stdout)
    assert shown["document"]["title"] == f"title {ODD}\nharvest error: forged", "JSON keeps the exact text"


@pytest.mark.slow
@pytest.mark.parametrize("argument", [ODD, f"a\n{ODD}", "\udcff"])
def test_an_error_repeats_nothing_that_is_obeyed(odd_run: Run, argument: str) -> None:
    done = leafinstruct("show", argument, cwd=odd_run.path.parent.parent, check=2)
    assert_harmless(done.stdout + done.stderr)
    assert len(done.stderr.splitlines()) == 1
