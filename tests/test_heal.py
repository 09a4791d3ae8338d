"""A damaged file of a run is named in one line and made again; shards are those of a run that nothing happened to."""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from made.chat_server import Body, Reply, answer, serving
from made.tree import leafinstruct, make_project, run_build, shard_bytes

from leafinstruct import api, layout
from leafinstruct.build import build
from leafinstruct.context import Context
from leafinstruct.engine.local import run_tasks
from leafinstruct.errors import Damaged, LeafError
from leafinstruct.heal import heal
from leafinstruct.pipeline import load_pipeline
from leafinstruct.progress import Progress
from leafinstruct.run import META_KEY, Run
from leafinstruct.store import LocalStore

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks" / "quality"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project, and in `whole` a run."""
    folder = tmp_path_factory.mktemp("heal")
    run_build(make_project(folder), folder / "whole")
    return folder


@pytest.fixture
def run(whole: Path, tmp_path: Path) -> Run:
    """A copy of the run, whose files a build knows."""
    shutil.copytree(whole / "whole", tmp_path / "run")
    run_build(whole / "pipelines/made.yaml", tmp_path / "run")
    return Run(tmp_path / "run")


@pytest.fixture
def said() -> Iterator[list[str]]:
    """Lines for the user."""
    lines: list[str] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())

    handler, log = Kept(logging.WARNING), logging.getLogger("leafinstruct")
    log.addHandler(handler)
    yield lines
    log.removeHandler(handler)


def flip(path: Path, touched: bool = False, at: float = 0.5) -> None:
    """Flip a bit; the file's time stays unless it is `touched`."""
    stat, data = path.stat(), bytearray(path.read_bytes())
    data[int(len(data) * at)] ^= 1
    with path.open("r+b") as file:
        file.write(data)
    if not touched:
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def verified(pipeline: Path, run: Run) -> Run:
    context = Context(run, load_pipeline(pipeline), run_tasks, verify=True, progress=Progress(quiet=True))
    build(context, "shard")
    return run


MADE_AGAIN = {
    "documents/made-00001.parquet": "its input is read again",
    "images/made-00000.parquet": "its input is read again",
    "scores/text-*/made-00002.parquet": "made again",
    "corpus/seen-*.parquet": "made again",
    "decisions/made-00003.parquet": "made again",
    "filtered/made-00000.parquet": "made again",
    "written/made-00001.parquet": "made again",
    "records/made-00002.parquet": "made again",
    "run.json": "made again",
    ".run.json": "made again",
    ".metas.json": "made again",
    "shards/manifest.json": "made again",
    "shards/data_card.md": "made again",
    "shards/train-*.parquet": "made again",
    ".sums/run.json.xxh3": "made again",
}


@pytest.mark.parametrize("pattern", MADE_AGAIN)
def test_a_file_that_was_written_to_heals_in_a_plain_build(
    whole: Path, run: Run, said: list[str], pattern: str
) -> None:
    path = sorted(run.path.glob(pattern))[0]
    flip(path, touched=True)
    run_build(whole / "pipelines/made.yaml", run.path)
    assert len(said) == 1
    assert said[0].startswith(f"{path}: ") and said[0].endswith(f"; {MADE_AGAIN[pattern]}")
    assert shard_bytes(run) == shard_bytes(Run(whole / "whole"))
    verified(whole / "pipelines/made.yaml", Run(run.path))
    assert len(said) == 1, "nothing is left to heal"


@pytest.mark.parametrize("later", [("filtered", "written", "records", "shards"), ("records", "shards")])
def test_a_file_is_compared_with_its_sum_when_it_is_read(
    whole: Path, run: Run, said: list[str], later: tuple[str, ...]
) -> None:
    """The disk fails without a trace: stamps are as before."""
    before = {"filtered": "documents", "records": "written"}[later[0]]
    flip(run.file(f"{before}/made-00000.parquet"))
    for folder in later:
        shutil.rmtree(run.file(folder))
    run_build(whole / "pipelines/made.yaml", run.path)
    assert [line for line in said if f"{before}/made-00000.parquet: its checksum differs" in line] == said != []
    assert shard_bytes(run) == shard_bytes(Run(whole / "whole"))


def test_verify_reads_every_file(whole: Path, run: Run, said: list[str]) -> None:
    other = (layout.METAS, layout.SHARDS_MANIFEST)  # the lists by which other files are found
    damaged = [sorted(run.path.glob(pattern))[0] for pattern in MADE_AGAIN if pattern not in other]
    for path in damaged:
        flip(path)
    run_build(whole / "pipelines/made.yaml", run.path)
    plain, said[:] = list(said), []
    assert len(plain) < len(damaged), "a plain build reads no more than it needs"
    verified(whole / "pipelines/made.yaml", Run(run.path))
    named = {line.split(": ")[0] for line in [*plain, *said]}
    assert named >= {str(path) for path in damaged if ".sums" not in path.parts}
    assert shard_bytes(run) == shard_bytes(Run(whole / "whole"))


def test_an_image_is_compared_with_its_sha256_when_it_is_published(whole: Path, run: Run, said: list[str]) -> None:
    """A file without a checksum, as older versions wrote it."""
    relative = "images/made-00000.parquet"
    with run.parquet(relative) as file:
        table, meta = file.read(), (file.schema_arrow.metadata or {})[META_KEY]
    data = table["bytes"].to_pylist()
    for number, one in enumerate(data):
        data[number] = one[:-9] + bytes([one[-9] ^ 1]) + one[-8:]
    table = table.set_column(
        table.column_names.index("bytes"), "bytes", pa.array(data, table.schema.field("bytes").type)
    )
    pq.write_table(table.replace_schema_metadata({META_KEY: meta}), run.file(relative), row_group_size=16)
    shutil.rmtree(run.file("shards"))
    run_build(whole / "pipelines/made.yaml", run.path)
    assert len(said) == 1
    assert f"{relative}: image " in said[0] and "has other bytes than when it was read" in said[0]
    assert shard_bytes(run) == shard_bytes(Run(whole / "whole"))


def instruction(body: Body) -> Reply:
    about = re.search(r"How to make a [\w-]+", body["messages"][-1]["content"])
    name = about[0].split()[-1] if about else "thing"
    said = json.dumps({"instruction": f"Could you explain to me with pictures how one makes a {name} at home?"})
    return answer(said, usage={})


def test_only_the_shards_that_are_damaged_are_written_again(whole: Path, run: Run, said: list[str]) -> None:
    shards = sorted(run.file("shards").glob("*.parquet"))
    before = {path: path.stat().st_ino for path in shards}
    assert len(shards) > 1
    shards[0].write_bytes(shards[0].read_bytes()[:-1])
    run_build(whole / "pipelines/made.yaml", run.path)
    assert said == [f"{shards[0]}: not what the manifest has; made again"]
    assert [path for path in shards if path.stat().st_ino != before[path]] == shards[:1]
    assert shard_bytes(run) == shard_bytes(Run(whole / "whole"))


def test_answers_of_a_model_are_asked_for_again_and_counted(tmp_path: Path, said: list[str]) -> None:
    with serving(instruction) as server:
        model = {"backend": "openai", "model": "m", "base_url": server.url, "retries": 0}
        tasks = {"howto": 1, "continue": 1, "illustrate": 1}
        pipeline = make_project(tmp_path, rewrite={"writer": "llm", "tasks": tasks}, models={"llm": model})
        run = run_build(pipeline, tmp_path / "run")
        before, path = shard_bytes(run), sorted(run.path.glob("generations/*/*.parquet"))[0]
        rows = run.table(path.relative_to(run.path).as_posix()).num_rows
        said.clear()
        server.seen.clear()
        flip(path)
        verified(pipeline, Run(run.path))
        assert not server.seen, "the records are there: no answer is needed"
        assert said == [f"{path}: its checksum differs; answers of a model are asked for again: {rows}"]
        shutil.rmtree(run.file("written"))
        run_build(pipeline, run.path)
        assert len(server.seen) == rows > 0
        assert shard_bytes(run) == before


def test_run_json_keeps_its_partitions(whole: Path, run: Run, said: list[str]) -> None:
    """A tree of files keeps its number of partitions even if it has grown since; only run.json says how many."""
    value = run.json(layout.RUN)
    run.file(layout.RUN).write_text("{}")
    run_build(whole / "pipelines/made.yaml", run.path)
    assert run.json(layout.RUN) == value
    run.file(layout.RUN).unlink()
    assert run.json(layout.RUN_COPY)["buckets"] == value["buckets"]


def test_what_is_damaged_again_ends_the_build(tmp_path: Path) -> None:
    def failing() -> None:
        raise Damaged(str(tmp_path), "decisions/a.parquet", "its checksum differs")

    pipeline = load_pipeline(make_project(tmp_path, tmp_path / "no tree"))
    with pytest.raises(LeafError, match=r"decisions/a\.parquet: its checksum differs, again after it was made again"):
        heal(Run(tmp_path / "run"), pipeline, failing)


def test_a_run_inside_is_verified_too(whole: Path, run: Run, said: list[str]) -> None:
    """That of an audit."""
    inner, table = run.inner(layout.audit_run("0123")), pa.table({"document": ["a"]})
    inner.commit_json(layout.RUN, {"partitions": []})
    inner.commit_table("documents/a.parquet", table, "x")
    for name in (layout.RUN, "documents/a.parquet"):
        flip(inner.file(name), at=0.1)
    verified(whole / "pipelines/made.yaml", Run(run.path))
    place = f"{run}/{layout.audit_run('0123')}"
    then = "its checksum differs; deleted; make it again with: leafinstruct audit"
    assert sorted(said) == [f"{place}/documents/a.parquet: {then}", f"{place}/{layout.RUN}: {then}"]
    assert not inner.exists(layout.RUN)


@pytest.mark.parametrize(
    ("name", "command"), [(layout.AUDIT, "audit"), (layout.REPORT, "report"), (layout.PROOF_REPORT, "prove")]
)
def test_what_no_build_makes_is_deleted_and_its_command_named(
    whole: Path, run: Run, said: list[str], name: str, command: str
) -> None:
    run.commit_json(name, {})
    flip(run.file(name), at=0.0)
    verified(whole / "pipelines/made.yaml", Run(run.path))
    assert said == [f"{run}/{name}: its checksum differs; deleted; make it again with: leafinstruct {command}"]
    assert not run.exists(name)


def test_files_that_are_not_the_runs_stay(whole: Path, run: Run, said: list[str]) -> None:
    own = [run.file("documents/mine.parquet"), run.file("scores/mine.parquet"), run.file("notes.json")]
    for path in own:
        path.write_bytes(b"mine")
    verified(whole / "pipelines/made.yaml", Run(run.path))
    assert said == [] and all(path.read_bytes() == b"mine" for path in own)


def test_readers_name_the_file_and_what_heals_it(run: Run) -> None:
    flip(run.file("decisions/made-00001.parquet"))
    with pytest.raises(LeafError, match=r"decisions/made-00001\.parquet: its checksum .* leafinstruct build --verify$"):
        api.open_run(run.path).decisions()


def test_a_table_in_an_object_store_is_named_and_made_again(tmp_path: Path, said: list[str]) -> None:
    pipeline, url = make_project(tmp_path), f"memory://{tmp_path.name}/heal"
    made = run_build(pipeline, url)
    made.store.put("filtered/made-00001.parquet", lambda out: out.write(b"not a table") and None)
    run_build(pipeline, url)
    assert [line.split(";")[0].split(" (")[0] for line in said] == [
        f"{url}/filtered/made-00001.parquet: not readable as Parquet"
    ]
    assert Run(url).table("filtered/made-00001.parquet").num_rows


def test_a_full_disk_names_the_first_file_that_it_refused(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put: Callable[..., None] = LocalStore.put

    def full(store: LocalStore, name: str, write: object) -> None:
        if name.startswith(("filtered/", layout.TIMINGS)):
            raise LeafError(f"{store.path}/{name}: No space left on device")
        put(store, name, write)

    monkeypatch.setattr(LocalStore, "put", full)
    with pytest.raises(LeafError, match=r"filtered/made-.*No space left"):
        run_build(whole / "pipelines/made.yaml", tmp_path / "run")


@pytest.mark.slow
def test_a_build_with_workers_heals_and_says_so(whole: Path, run: Run) -> None:
    flip(run.file("documents/made-00002.parquet"))
    for folder in ("scores", "filtered", "shards"):
        shutil.rmtree(run.file(folder))
    arguments = ["build", str(whole / "pipelines/made.yaml"), "--run", str(run), "--workers", "2", "--quiet"]
    done = leafinstruct(*arguments, cwd=whole, check=0)
    assert done.stderr == (f"{run.path}/documents/made-00002.parquet: its checksum differs; its input is read again\n")
    assert shard_bytes(run) == shard_bytes(Run(whole / "whole"))


@pytest.mark.slow
def test_the_command_heals_what_only_its_counts_read(whole: Path, run: Run) -> None:
    flip(run.file("decisions/made-00002.parquet"))
    arguments = ["build", str(whole / "pipelines/made.yaml"), "--run", str(run), "--workers", "1", "--quiet"]
    done = leafinstruct(*arguments, cwd=whole, check=0)
    assert done.stderr == f"{run.path}/decisions/made-00002.parquet: its checksum differs; made again\n"
    assert "records published" in done.stdout
