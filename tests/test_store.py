"""A run in an object store: moto's S3 server on loopback, and fsspec's file system in memory."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from made.s3 import s3_bucket
from made.tree import counts, files, leafinstruct, make_project, run_build, shard_bytes

from leafinstruct.errors import LeafError
from leafinstruct.layout import METAS
from leafinstruct.pipeline import load_pipeline
from leafinstruct.report.page import write_report
from leafinstruct.run import Run
from leafinstruct.store import ObjectStore, open_filesystem

fsspec = pytest.importorskip("fsspec")


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    with s3_bucket("bed") as address:
        yield address


def held(url: str) -> dict[str, bytes]:
    """All files of a run in a store, without hidden ones and what tells the time."""
    fs, root = fsspec.url_to_fs(url)
    fs.invalidate_cache()
    found = {place.removeprefix(f"{root}/"): fs.cat_file(place) for place in fs.find(root)}
    return {name: data for name, data in found.items() if not name.startswith(".") and name != "timings.json"}


def on_disk(run: Run) -> dict[str, bytes]:
    return {name: (run.path / name).read_bytes() for name in files(run) if name != "timings.json"}


DYING = """
import os, signal
from leafinstruct.store import ObjectStore
from leafinstruct.watched import Watchers
results = Watchers.results
def dying_of(self, function, tasks):  # in processes of their own, that are replaced
    for done, result in enumerate(results(self, function, tasks)):
        if "{folder}" == "documents" and done == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        yield result
Watchers.results = dying_of
put, seen = ObjectStore.put, []
def dying(self, name, write):
    seen.append(name.startswith("{folder}/"))
    if sum(seen) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    put(self, name, write)
    if sum(seen) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
ObjectStore.put = dying
"""


@pytest.mark.slow
def test_build_kill_resume_same_bytes(bucket: str, tmp_path: Path) -> None:
    """Killed in the middle of stages, before the second file of each goes up; then a plain build ends the run, and
    commands read it."""
    pipeline = make_project(tmp_path)
    local = run_build(pipeline, tmp_path / "local")
    url = f"{bucket}/runs/made"
    for folder in ("documents", "scores", "shards"):
        arguments = ("build", str(pipeline), "--run", url, "--workers", "1")
        done = leafinstruct(*arguments, cwd=tmp_path, before=DYING.replace("{folder}", folder))
        assert done.returncode == -signal.SIGKILL, (folder, done.stderr)
    before = set(held(url))
    assert any(name.startswith("records/") for name in before)
    assert "shards/manifest.json" not in before
    leafinstruct("build", str(pipeline), "--run", url, "--workers", "2", cwd=tmp_path, check=0)
    assert held(url) == on_disk(local)
    assert counts(Run(url)) == counts(local)
    assert not list(tmp_path.glob("s3:*")), "an address is no folder"
    push = ["push", f"{tmp_path}/there", "--pipeline", str(pipeline), "--run", url, "--allow-license", "unknown"]
    leafinstruct(*push, cwd=tmp_path, check=0)
    shards = {p.name: p.read_bytes() for p in (tmp_path / "there").glob("*.parquet")}
    assert shards == {name: data for name, data in shard_bytes(local).items() if name.endswith(".parquet")}
    page = write_report(Run(url), load_pipeline(pipeline), None, 10)
    assert b"<html" in Run(url).store.read(page)[:300]


def test_nothing_is_written_again_and_few_files_are_asked_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = make_project(tmp_path)
    url = f"memory://{tmp_path.name}/made"
    run_build(pipeline, url)
    run_build(pipeline, url)  # learns what the workers' files say of themselves
    fs, root = fsspec.url_to_fs(url)
    before = {name: info["created"] for name, info in fs.find(root, detail=True).items() if "timings" not in name}
    asked: list[str] = []
    parquet = ObjectStore.parquet
    monkeypatch.setattr(ObjectStore, "parquet", lambda self, name: (asked.append(name), parquet(self, name))[1])
    monkeypatch.setattr(fs, "info", lambda place: pytest.fail(f"asked about {place} alone"))
    run_build(pipeline, url)
    after = {name: info["created"] for name, info in fs.find(root, detail=True).items() if "timings" not in name}
    assert after == before
    assert len(set(asked)) <= 4 * len(Run(url).partitions()), "what the files say of themselves is kept in one file"


def test_a_copy_of_what_files_say_is_never_the_truth(tmp_path: Path) -> None:
    pipeline = make_project(tmp_path)
    run = run_build(pipeline, tmp_path / "run")
    made = on_disk(run)
    held_of = json.loads((run.path / METAS).read_text())
    assert set(held_of) >= {name for name in made if name.startswith(("documents/", "scores/", "records/"))}
    (run.path / METAS).unlink()
    name = next(name for name in sorted(made) if name.startswith("filtered/"))
    os.utime(run.path / name)
    assert on_disk(run_build(pipeline, run.path)) == made
    other = next(name for name in sorted(made) if name.startswith("scores/text-"))
    (run.path / other).write_bytes(b"no Parquet")
    assert on_disk(run_build(pipeline, run.path)) == made


def test_what_needs_a_folder_says_so(tmp_path: Path) -> None:
    with pytest.raises(LeafError, match=r"memory://x/y: this needs a run in a local folder"):
        _ = Run("memory://x/y").path
    with pytest.raises(LeafError, match="nothing://x"):
        Run("nothing://x")


@pytest.mark.slow
def test_an_error_of_the_store_is_one_line(bucket: str, tmp_path: Path) -> None:
    pipeline = make_project(tmp_path)
    done = leafinstruct("build", str(pipeline), "--run", "s3://no-such-bucket/run", cwd=tmp_path, check=2)
    assert done.stderr.startswith("leafinstruct: s3://no-such-bucket/run") and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("url", "said"), [("ftp://127.0.0.1:1/x", "127.0.0.1:1"), ("github://a:b@x/", "github"), ("nothing://x", "nothing")]
)
def test_a_store_that_cannot_be_opened_is_said(url: str, said: str) -> None:
    with pytest.raises(LeafError, match=said) as caught:
        open_filesystem(url)
    assert "s3" not in str(caught.value)
