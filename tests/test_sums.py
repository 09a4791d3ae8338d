"""Whatever bit of a file of a run is flipped: reading it names the file, or gives what was written."""

from __future__ import annotations

import io
import json
import pickle
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from leafinstruct import layout
from leafinstruct.errors import Damaged
from leafinstruct.run import Run
from leafinstruct.sums import MARK, holds

TABLE = pa.table({"document": ["a", "b", "b"], "words": [1, None, 7], "text": ["Fold it.", "Cut it.", ""]})


def flips(path: Path) -> list[bytes]:
    """Contents of the file with one bit flipped, another bit in each byte."""
    data = path.read_bytes()
    return [data[:n] + bytes([data[n] ^ (1 << n % 8)]) + data[n + 1 :] for n in range(len(data))]


def test_a_table_is_read_as_written_or_not_at_all(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.commit_table("scores/p.parquet", TABLE, "made from this", {"seconds": 2})
    path, missed = run.file("scores/p.parquet"), []
    mark = path.read_bytes().index(MARK)
    for number, data in enumerate(flips(path)):
        path.write_bytes(data)
        other = Run(tmp_path)
        try:
            meta, table = other.meta("scores/p.parquet"), other.table("scores/p.parquet")
        except Damaged as damaged:
            assert str(damaged).startswith(f"{path}: ") and "\n" not in str(damaged)
            continue
        missed.append(number)
        assert meta and (meta.fingerprint, meta.rows, dict(meta.extra)) == ("made from this", 3, {"seconds": 2})
        assert table.to_pylist() == TABLE.to_pylist()
    assert missed == list(range(mark, mark + len(MARK))), "without the mark it is a file of an older version"


def test_other_readers_read_a_table_with_its_sum(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.commit_table("p.parquet", TABLE, "x")
    assert pq.read_table(run.file("p.parquet")).to_pylist() == TABLE.to_pylist()


@pytest.mark.parametrize("data", [b"", b"PAR1", b"no Parquet at all, but long enough to have a footer", b"\xff" * 64])
def test_what_is_no_table_has_no_sum(data: bytes) -> None:
    assert holds(io.BytesIO(data)) is None


def test_a_table_of_an_older_version_is_read_and_named_where_it_cannot_be(tmp_path: Path) -> None:
    run = Run(tmp_path)
    pq.write_table(TABLE, run.file("old.parquet"))
    assert run.table("old.parquet").num_rows == 3
    run.file("old.parquet").write_bytes(run.file("old.parquet").read_bytes()[:-20])
    with pytest.raises(Damaged, match=r"old\.parquet: not readable as Parquet"):
        run.table("old.parquet")


def test_a_json_file_is_read_as_written_or_not_at_all(tmp_path: Path) -> None:
    run, value = Run(tmp_path), {"partitions": [{"name": "a", "source": "b"}], "limit": None}
    run.commit_json(layout.RUN, value)
    for name in (layout.RUN, layout.sums(layout.RUN)):
        whole = run.file(name).read_bytes()
        for data in flips(run.file(name)):
            run.file(name).write_bytes(data)
            try:
                assert Run(tmp_path).json(layout.RUN) == value
            except Damaged as damaged:
                assert damaged.name == name
            else:
                assert name != layout.RUN, "a change of the file is seen"
        run.file(name).write_bytes(whole)


def test_a_file_is_whole_at_every_moment_of_its_replacement(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed after the new sum is there and before the new file is: the old one holds still, and so on."""
    run = Run(tmp_path)
    put = type(run.store).put

    def half(store: object, name: str, write: object) -> None:
        if name == "a.json":
            write(io.BytesIO())  # type: ignore[operator] - the sum is written, the file is not replaced
        else:
            put(store, name, write)  # type: ignore[arg-type]

    for value in ("one", "two", "three"):
        run.commit_json("a.json", value)
        monkeypatch.setattr(type(run.store), "put", half)
        for other in ("x", "y", value):
            run.commit_json("a.json", other)
            assert Run(tmp_path).json("a.json") == value
        monkeypatch.undo()
    run.file("a.json").write_text(json.dumps("x"))
    with pytest.raises(Damaged):
        run.json("a.json")


def test_a_file_may_be_replaced_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, other = Run(tmp_path), Run(tmp_path)
    for value in ("one", "two"):
        run.commit_json("a.json", value)
    read, seen = type(run.store).read, []

    def replaced(store: object, name: str) -> bytes:
        data = read(store, name)  # type: ignore[arg-type]
        if not seen:
            seen.append(name)
            for value in ("three", "four"):
                other.commit_json("a.json", value)
        return data

    monkeypatch.setattr(type(run.store), "read", replaced)
    assert run.json("a.json") == "four" and seen == ["a.json"]


def test_the_error_crosses_processes() -> None:
    error = pickle.loads(pickle.dumps(Damaged("runs/a", "images/p.parquet", "its checksum differs")))
    assert (error.place, error.name, error.reason) == ("runs/a", "images/p.parquet", "its checksum differs")
    assert str(error) == (
        "runs/a/images/p.parquet: its checksum differs; make it again with: leafinstruct build --verify"
    )
