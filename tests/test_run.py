from __future__ import annotations

import ast
import os
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pytest

import leafinstruct
from leafinstruct.errors import Damaged, LeafError
from leafinstruct.layout import SUMS
from leafinstruct.run import Run, fingerprint, table_digest
from leafinstruct.stamps import file_stamps, stamps_hold

TABLE = pa.table({"document": ["a", "b"], "words": [1, None]})


def files(folder: Path) -> dict[str, bytes]:
    """All files, without those of checksums."""
    found = {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    return {name: data for name, data in found.items() if not name.startswith(f"{SUMS}/")}


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    run = Run(tmp_path / "r")
    run.commit_text("scores/a.txt", "old")

    def half(out: BinaryIO) -> None:
        out.write(b"half of the ne")
        raise KeyboardInterrupt

    for name in ("scores/a.txt", "scores/b.txt"):
        with pytest.raises(KeyboardInterrupt):
            run.commit(name, half)
    assert files(run.path) == {"scores/a.txt": b"old"}


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_failing_disk_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    run = Run(tmp_path / "r")
    run.commit_table("scores/p.parquet", TABLE, "one")
    before = files(run.path)
    seen = []

    def fail(*arguments: object) -> None:
        seen.append(files(run.path).get("scores/p.parquet"))
        raise OSError("no space left on device")

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(LeafError, match=r"scores/p.parquet: no space left on device; committed files are kept"):
        run.commit_table("scores/p.parquet", TABLE.slice(0, 1), "two")
    monkeypatch.undo()
    assert seen == [before["scores/p.parquet"]], "the new file was in place before it was safe on disk"
    assert files(run.path) == before
    assert run.fresh("scores/p.parquet", "one")


def test_file_is_synced_then_renamed_then_its_folder_is_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order = []
    fsync, rename = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda handle: (order.append("sync"), fsync(handle))[1])
    monkeypatch.setattr(os, "replace", lambda a, b: (order.append("rename"), rename(a, b))[1])
    Run(tmp_path).commit_text("a", "new")
    assert order == ["sync", "rename", "sync"] * 2, "the file of its checksum, then the file"


def test_table_says_what_it_was_made_from(tmp_path: Path) -> None:
    run = Run(tmp_path)
    written = run.commit_table("scores/p.parquet", TABLE, fingerprint(1, "x"), {"seconds": 2})
    meta = run.meta("scores/p.parquet")
    assert meta == written
    assert meta is not None and (meta.rows, dict(meta.extra)) == (2, {"seconds": 2})
    assert run.fresh("scores/p.parquet", fingerprint(1, "x"))
    assert not run.fresh("scores/p.parquet", fingerprint(1, "y"))
    assert run.table("scores/p.parquet").to_pylist() == TABLE.to_pylist()
    assert run.table("scores/p.parquet", ["words"]).column_names == ["words"]
    run.remove("scores/p.parquet")
    assert run.meta("scores/p.parquet") is None


@pytest.mark.parametrize("content", [b"", b"PAR1 cut short", b"\x00" * 100])
def test_a_file_that_is_no_table_is_damaged(tmp_path: Path, content: bytes) -> None:
    run = Run(tmp_path)
    run.file("p.parquet").write_bytes(content)
    with pytest.raises(Damaged, match="p.parquet: not readable as Parquet"):
        run.meta("p.parquet")


def test_a_table_that_is_not_ours_is_never_fresh(tmp_path: Path) -> None:
    run = Run(tmp_path)
    pa.parquet.write_table(TABLE, run.file("other.parquet"))
    assert run.meta("other.parquet") is None
    assert not run.fresh("missing/p.parquet", "x")


def test_same_table_gives_same_bytes(tmp_path: Path) -> None:
    run = Run(tmp_path)
    for name in ("a", "b"):
        run.commit_table(name, TABLE, "one", {"z": 1, "a": 2})
    assert run.file("a").read_bytes() == run.file("b").read_bytes()


def test_table_digest_is_of_the_content_alone() -> None:
    same = table_digest(TABLE)
    assert table_digest(pa.concat_tables([TABLE.slice(0, 1), TABLE.slice(1)])) == same
    assert table_digest(TABLE.replace_schema_metadata({"x": "y"})) == same
    assert table_digest(TABLE.slice(0, 1)) != same
    assert table_digest(TABLE.rename_columns(["document", "lines"])) != same
    assert table_digest(TABLE.set_column(1, "words", pa.array([2, None]))) != same
    assert table_digest(TABLE.set_column(1, "words", pa.array([1, 0]))) != same


def test_table_digest_leaves_image_bytes_to_their_sha256() -> None:
    def table(data: bytes, **beside: list[str]) -> pa.Table:
        return pa.table({**beside, "bytes": [data]})

    assert table_digest(table(b"x", sha256=["a"])) == table_digest(table(b"y", sha256=["a"]))
    assert table_digest(table(b"x", sha256=["a"])) != table_digest(table(b"x", sha256=["b"]))
    assert table_digest(table(b"x", name=["a"])) != table_digest(table(b"y", name=["a"]))


def test_stamps_hold_until_the_content_changes(tmp_path: Path) -> None:
    here, gone = tmp_path / "a.md", tmp_path / "b.png"
    here.write_text("one")
    stamps = file_stamps([str(here), str(gone)])
    assert stamps[str(gone)] == [-1, 0, ""]
    assert stamps_hold(stamps)
    os.utime(here, ns=(1, 1))
    assert stamps_hold(stamps), "touched, but the content is the same"
    here.write_text("two")
    os.utime(here, ns=(2, 2))
    assert not stamps_hold(stamps), "same size, other time and content"
    here.write_text("three")
    assert not stamps_hold(stamps), "another size"
    here.unlink()
    assert not stamps_hold(stamps), "gone"


def test_stamps_do_not_hold_when_a_missing_file_appears(tmp_path: Path) -> None:
    stamps = file_stamps([str(tmp_path / "b.png")])
    assert stamps_hold(stamps)
    (tmp_path / "b.png").write_bytes(b"")
    assert not stamps_hold(stamps)


def test_large_inputs_are_recognized_by_size_and_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leafinstruct.stamps.HASH_LIMIT", 2)
    path = tmp_path / "big"
    path.write_text("big")
    stamps = file_stamps([str(path)])
    assert stamps[str(path)][2] == ""
    assert stamps_hold(stamps)
    os.utime(path, ns=(1, 1))
    assert not stamps_hold(stamps)


def test_lock_refuses_a_second_build(tmp_path: Path) -> None:
    with Run(tmp_path / "r").lock(), pytest.raises(LeafError, match="another build"), Run(tmp_path / "r").lock():
        pass
    with Run(tmp_path / "r").lock():
        pass


def test_json_that_cannot_be_read_names_the_file(tmp_path: Path) -> None:
    run = Run(tmp_path)
    assert run.json("run.json") is None
    assert run.partitions() == []
    run.commit_json("run.json", {"partitions": [{"name": "b"}, {"name": "a"}], "text": "é"})
    assert run.partitions() == ["b", "a"]
    run.file("run.json").write_bytes(b'{"partitions": [\xff')
    with pytest.raises(LeafError, match=r"run\.json: its checksum differs; .* leafinstruct build --verify"):
        run.json("run.json")


WRITES = {"write_text", "write_bytes", "write_table", "ParquetWriter", "copyfile", "copy", "copytree", "move", "rename",
          "replace", "save_file", "unlink", "rmtree", "to_parquet", "mkstemp"}  # fmt: skip
"""Calls that make, replace or remove a file; `replace` counts with `os` in front or a path as its owner only."""
ELSEWHERE = {
    "run.py": "the one place",
    "store.py": "how a run's place takes a file",
    "project.py": "a user's new folder",
    "models/packages.py": "the models' cache folder",
    "shard/write.py": "a file object that commit gives",
    "shard/export/webdataset.py": "a folder that the user names",
    "score/lsh.py": "a temporary folder",
    "removal.py": "the project's list of takedowns",
    "plugins.py": "compiled files of the project's own code, outdated by an edit",
    "under_way.py": "a temporary folder",
    "watched.py": "the pipe to a process",
    "cli/look.py": "a page that the user names",
    "report/review.py": "a folder that the user names",
    "harvest/fetch/cache.py": "the cache of fetched images",
}
ELSEWHERE_FOLDERS = ("demo/", "moss/")
"""The sample is written to the cache folder; the trainer writes into a temporary folder or one the user names."""


def writing_calls(tree: ast.AST) -> list[str]:
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        owner = ast.unparse(node.func.value) if isinstance(node.func, ast.Attribute) else ""
        modes = [a.value for a in [*node.args, *(k.value for k in node.keywords)] if isinstance(a, ast.Constant)]
        opens = name == "open" and any(
            isinstance(m, str) and set(m) <= set("rwaxbt+") and set(m) & set("wax+") for m in modes
        )
        plain = name in WRITES - {"replace", "copy", "rename"}
        by_owner = name in ("replace", "rename", "copy") and owner in ("os", "shutil")
        if opens or plain or by_owner:
            found.append(f"{node.lineno}: {ast.unparse(node)[:80]}")
    return found


def test_no_other_module_opens_a_file_for_writing() -> None:
    root = Path(leafinstruct.__file__).parent
    found = {}
    for path in sorted(root.rglob("*.py")):
        name = path.relative_to(root).as_posix()
        calls = writing_calls(ast.parse(path.read_text(encoding="utf-8")))
        if calls and name not in ELSEWHERE and not name.startswith(ELSEWHERE_FOLDERS):
            found[name] = calls
    assert found == {}, "files of a run are written by Run.commit only"
    assert writing_calls(ast.parse((root / "store.py").read_text())), "the search finds what it looks for"


@pytest.mark.parametrize(
    "line", ["path.open('wb')", "open(p, mode='a')", "p.write_text(x)", "pq.write_table(t, p)", "os.replace(a, b)"]
)
def test_the_search_knows_writing_when_it_sees_it(line: str) -> None:
    assert writing_calls(ast.parse(line))
    assert not writing_calls(ast.parse("path.open('rb'); open(p); text.replace('a', 'b'); replace(document, raw=())"))


def test_a_number_of_bytes_is_not_bytes(tmp_path: Path) -> None:
    """Scores of images have a column `bytes`, of integers: it counts in the digest and makes no small groups."""
    run, shas = Run(tmp_path), [f"{n:064x}" for n in range(100)]
    table = pa.table({"sha256": shas, "bytes": pa.array(range(100), pa.int64())})
    before = run.commit_table("scores/one.parquet", table, "f")
    with run.parquet("scores/one.parquet") as file:
        assert file.num_row_groups == 1
    other = table.set_column(1, "bytes", pa.array([7] * 100, pa.int64()))
    assert run.commit_table("scores/one.parquet", other, "f").digest != before.digest
    images = pa.table({"sha256": shas, "bytes": [b"x"] * 100})
    run.commit_table("images/one.parquet", images, "f")
    with run.parquet("images/one.parquet") as file:
        assert file.num_row_groups == 7


def test_a_link_to_itself_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "run").symlink_to(tmp_path / "run")
    run = Run(tmp_path / "run")
    assert run.address
    with pytest.raises(LeafError, match=str(tmp_path / "run")):
        run.commit_json("run.json", {})
