"""SIGKILL at named points of every stage, and in the middle of a model's answers: a plain build then goes on, loses
nothing that was stored, and ends with the shards of a build that nobody stopped.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from fnmatch import fnmatch
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from made.tree import assert_one_to_one, counts, leafinstruct, make_project, put, run_build, run_here, shard_bytes

from leafinstruct.document import records_from_table
from leafinstruct.engine.local import LocalEngine
from leafinstruct.errors import LeafError
from leafinstruct.rewrite import stage as rewrite_stage
from leafinstruct.run import Run

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="names of open files come from /proc")

POINTS = ("before sync", "before rename", "after rename")
# What each stage commits, in the order of a build; of partitions the second is hit.
COMMITS = {
    "run.json": 1,
    "images/*": 2,
    "documents/*": 2,
    "scores/image-*": 2,
    "scores/duplicates-*": 3,
    "corpus/*": 2,
    "decisions/*": 2,
    "filtered/*": 2,
    "written/*": 2,
    "records/*": 2,
    "shards/*.parquet": 2,
    "shards/data_card.md": 1,
    "shards/manifest.json": 1,
}
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(
    [
        "leafinstruct.harvest.tutorials",
        *(f"leafinstruct.{s}.stage" for s in ("harvest", "score", "rewrite", "shard")),
    ]
)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def build_and_die(pipeline: Path, run: Path, target: str, point: str, nth: int) -> None:
    """Build in this process and kill it when the nth commit of a file like `target` reaches the point."""
    sync, replace = os.fsync, os.replace
    seen = 0

    def reached(path: str, here: str) -> bool:
        nonlocal seen
        seen += here == point and fnmatch(os.path.relpath(path, run), target)
        return here == point and seen == nth and fnmatch(os.path.relpath(path, run), target)

    def dying_sync(handle: int) -> None:
        opened = str(Path(f"/proc/self/fd/{handle}").readlink())
        temporary = re.fullmatch(r"(.*/)\.([^/]+)\.leafinstruct\.\d+\.tmp", opened)
        if temporary and reached(temporary[1] + temporary[2], "before sync"):
            die()
        sync(handle)

    def dying_replace(source: str, to: str) -> None:
        if reached(str(to), "before rename"):
            die()
        replace(source, to)
        if reached(str(to), "after rename"):
            die()

    os.fsync, os.replace = dying_sync, dying_replace  # type: ignore[assignment]
    run_build(pipeline, run, tasks=run_here)


def in_process(function: Callable[..., None], *arguments: object) -> int | None:
    """Exit code of a process that runs the function; minus the signal that ended it."""
    process = PROCESSES.Process(target=function, args=arguments)
    process.start()
    process.join(60)
    return process.exitcode


def assert_whole(run: Run) -> None:
    """Every file that a reader would look at can be read to its end."""
    for path in run.path.rglob("*.parquet"):
        relative = str(path.relative_to(run.path))
        if not path.name.startswith("."):
            assert run.table(relative).num_rows >= 0
            assert relative.startswith("shards/") or run.meta(relative) is not None
    for path in run.path.rglob("*.json"):
        json.loads(path.read_text())


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project, and in `whole` the run of a build that nobody stopped."""
    folder = tmp_path_factory.mktemp("kill")
    run_build(make_project(folder), folder / "whole")
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("point", POINTS)
def test_killed_at_every_commit_in_turn(whole: Path, tmp_path: Path, point: str) -> None:
    """Each process goes on where the one before was killed, until a plain build ends the run."""
    pipeline, run = whole / "pipelines/made.yaml", Run(tmp_path / "run")
    for target, nth in COMMITS.items():
        if nth > 1 and point == "after rename":
            nth -= 1  # the file before is there already: what is left begins with the second
        assert in_process(build_and_die, pipeline, run.path, target, point, nth) == -signal.SIGKILL, target
        left = [p.name for p in run.path.rglob(".*.tmp")]
        assert len(left) == (0 if point == "after rename" else 1), target
        assert_whole(run)
    run_build(pipeline, run.path)
    assert shard_bytes(run) == shard_bytes(Run(whole / "whole"))
    assert not list(run.path.rglob("*.tmp")), "what a killed build left lying is cleared away"
    assert_one_to_one(run)


@pytest.mark.parametrize("target", ["images/*", "scores/pointers-*", "filtered/*", "shards/*.parquet"])
def test_killed_once_and_built(whole: Path, tmp_path: Path, target: str) -> None:
    pipeline, run = whole / "pipelines/made.yaml", Run(tmp_path / "run")
    assert in_process(build_and_die, pipeline, run.path, target, "before rename", 2) == -signal.SIGKILL
    run_build(pipeline, run.path)
    assert shard_bytes(run) == shard_bytes(Run(whole / "whole"))
    assert counts(run) == counts(Run(whole / "whole"))


@pytest.mark.slow
@pytest.mark.parametrize(("target", "nth"), [("documents/*", 1), ("filtered/*", 2), ("shards/*.parquet", 1)])
def test_killed_while_taking_up_a_change(tmp_path: Path, target: str, nth: int) -> None:
    """Images of one twin go, so the other one stands for both, in another partition; then the build is killed."""
    # Not with `seen`, whose counts would change with any image and so make every decision anew.
    pipeline = make_project(tmp_path, filters=["image", "repeats", "text", "duplicates"])
    run = Run(tmp_path / "run")
    run_build(pipeline, run.path)
    old = shard_bytes(run)
    for number in (1, 2):
        (tmp_path / f"tree/glass/images/bottle-{number}.jpg").unlink()
    assert in_process(build_and_die, pipeline, run.path, target, "after rename", nth) == -signal.SIGKILL
    run_build(pipeline, run.path)
    fresh = run_build(pipeline, tmp_path / "fresh")
    assert shard_bytes(run) == shard_bytes(fresh) != old
    assert counts(run) == counts(fresh)


# In the middle of a model's work


BY_MODEL = {"writer": "llm", "tasks": {"howto": 1, "continue": 1, "illustrate": 1}}
"""Tasks of one exchange: the server says the same to every request about a document."""


class Served:
    """A model server. It answers with an instruction about the title, and kills a process at the nth request."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.kill_at: int | None = None
        self.victim: int | None = None
        served = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                served.asked.append(body["messages"][-1]["content"])
                if len(served.asked) == served.kill_at:
                    while served.victim is None:
                        time.sleep(0.01)
                    os.kill(served.victim, signal.SIGKILL)
                    return
                answer = json.dumps(served.answer(body)).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @staticmethod
    def answer(body: dict[str, list[dict[str, str]]]) -> dict[str, object]:
        title = re.search(r"How to make a [\w-]+", body["messages"][-1]["content"])
        name = title[0].split()[-1] if title else "thing"
        text = json.dumps({"instruction": f"Could you explain to me with pictures how one makes a {name} at home?"})
        usage = {"prompt_tokens": 1, "completion_tokens": 1}
        return {"choices": [{"message": {"content": text}, "finish_reason": "stop"}], "usage": usage}

    @property
    def model(self) -> dict[str, object]:
        url = f"http://127.0.0.1:{self.server.server_port}/v1"
        return {"llm": {"backend": "openai", "model": "made", "base_url": url, "batch_size": 1, "retries": 0}}

    def build_and_kill(self, pipeline: Path, run: Path, nth: int) -> list[str]:
        """Build in a process that is killed when the nth request comes in. Returns what was asked before that."""
        self.asked, self.kill_at, self.victim = [], nth, None
        process = PROCESSES.Process(target=build_in_small_batches, args=(pipeline, run))
        process.start()
        self.victim = process.pid
        process.join(60)
        assert process.exitcode == -signal.SIGKILL
        asked, self.asked, self.kill_at = self.asked[: nth - 1], [], None
        return asked


def build_in_small_batches(pipeline: Path, run: Path) -> None:
    rewrite_stage.BATCH = 4
    run_build(pipeline, run)


@pytest.fixture
def served() -> Iterator[Served]:
    server = Served()
    yield server
    server.server.shutdown()
    server.server.server_close()


def records(run: Run) -> list[object]:
    return [r for name in run.partitions() for r in records_from_table(run.table(f"records/{name}.parquet"))]


@pytest.mark.slow
def test_killed_while_the_second_batch_of_answers_is_asked(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rewrite_stage, "BATCH", 4)
    tree = make_project(tmp_path).parent.parent / "tree"
    source = {"name": "made", "kind": "tutorial", "path": f"{tree}/*"}
    pipeline = make_project(tmp_path, tree, sources=[source], rewrite=BY_MODEL, models=served.model)
    whole = run_build(pipeline, tmp_path / "whole")
    all_asked = sorted(served.asked)
    assert len(set(all_asked)) == len(all_asked) >= len(records(whole)) == 11
    assert not [r.dropped_by for r in records(whole) if r.dropped_by]  # type: ignore[attr-defined]
    run = Run(tmp_path / "run")
    before = served.build_and_kill(pipeline, run.path, 7)
    run_build(pipeline, run.path)
    assert len(before) == 6, "one batch of four was stored, two answers of the next were not"
    assert sorted(before[:4] + served.asked) == all_asked, "only what was not stored is asked again"
    assert records(run) == records(whole)
    assert shard_bytes(run) == shard_bytes(whole)


SCORER = """
from leafinstruct.score.base import Column, ModelScorer

class Taste(ModelScorer):
    model = "llm"
    needs = frozenset({"generate"})
    columns = (Column("length", "document", "int", "characters", "how long the answer is"),)

    def load(self, pool):
        self.llm = pool.llm(self.model_settings)

    def score(self, items, open_image):
        for item in items:
            answer = self.llm.generate([[{"role": "user", "content": item.document.title + item.document.id}]])
            yield {"document": item.document.id, "length": len(answer[0].text)}
"""


@pytest.mark.slow
def test_killed_while_a_scorer_asks_its_model(served: Served, tmp_path: Path) -> None:
    put(tmp_path / "taste.py", SCORER)
    put(
        tmp_path / "filters/taste.yaml",
        "scorer: ./taste.py:Taste\nrules:\n  - {name: short, drop: document, when: length < 1}\n",
    )
    pipeline = make_project(tmp_path, filters=["image", "text", "taste"], models=served.model)
    whole = run_build(pipeline, tmp_path / "whole")
    all_asked = sorted(served.asked)
    run = Run(tmp_path / "run")
    folder = next(whole.path.glob("scores/taste-*")).relative_to(whole.path)
    first, second = (whole.meta(f"{folder}/made-{number:05d}.parquet") for number in (0, 1))
    assert first and second and second.rows > 1
    before = served.build_and_kill(pipeline, run.path, first.rows + 2)
    run_build(pipeline, run.path)
    assert sorted(before[: first.rows] + served.asked) == all_asked, "whole partitions are stored, and not asked again"
    assert shard_bytes(run) == shard_bytes(whole)


def test_a_server_that_was_away_is_asked_again(served: Served, tmp_path: Path) -> None:
    """A server that nothing is reached at ends the build; nothing of that is stored: the next build asks."""
    pipeline = make_project(tmp_path, rewrite=BY_MODEL, models=served.model)
    away = {"llm": {**served.model["llm"], "base_url": "http://127.0.0.1:1/v1"}}  # type: ignore[dict-item]
    run = tmp_path / "run"
    make_project(tmp_path, tmp_path / "tree", rewrite=BY_MODEL, models=away)
    with pytest.raises(LeafError, match="refused"):
        run_build(pipeline, run, "rewrite")
    make_project(tmp_path, tmp_path / "tree", rewrite=BY_MODEL, models=served.model)
    assert counts(run_build(pipeline, run)).records == 11


# Worker processes


DIE_AFTER_ONE_TASK = """
import os, signal
from leafinstruct.engine import local
as_completed = local.as_completed
def dying(futures):
    for future in as_completed(futures):
        os.kill(os.getpid(), signal.SIGKILL)
        yield future
local.as_completed = dying
"""


def marked(mark: str) -> list[int]:
    """Processes that have the mark in their environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes()
            ended = "\nState:\tZ" in (folder / "status").read_text()
        except OSError:
            continue
        if mark.encode() in environment and not ended:
            found.append(int(folder.name))
    return found


def double(number: int) -> int:
    return 2 * number


@pytest.mark.slow
def test_a_worker_that_is_killed_at_the_end_holds_up_nobody() -> None:
    """Whatever lock it holds: of 40 such ends about 2 never came."""
    drawn = random.Random(1)
    for _ in range(40):
        engine = LocalEngine()
        assert sorted(engine.run_tasks(double, [(n,) for n in range(6)], 2)) == [0, 2, 4, 6, 8, 10]
        assert engine._pool
        workers = list(engine._pool._executor._processes)
        closing = threading.Thread(target=engine.close, daemon=True)
        closing.start()
        time.sleep(0.004 * drawn.random())
        with suppress(ProcessLookupError):
            os.kill(drawn.choice(workers), signal.SIGKILL)
        closing.join(20)
        assert not closing.is_alive()


@pytest.mark.slow
def test_workers_end_with_a_killed_build(whole: Path, tmp_path: Path) -> None:
    """A killed build leaves no worker behind that would hold memory, or write beside the next build."""
    arguments = ["build", str(whole / "pipelines/made.yaml"), "--run", str(tmp_path / "run"), "--workers", "2"]
    mark = {"LEAFINSTRUCT_TEST_MARK": str(tmp_path)}
    try:
        done = leafinstruct(*arguments, cwd=tmp_path, before=DIE_AFTER_ONE_TASK, env=mark)
        assert done.returncode == -signal.SIGKILL
        until = time.monotonic() + 20
        while marked(str(tmp_path)) and time.monotonic() < until:
            time.sleep(0.1)
        assert not marked(str(tmp_path))
    finally:
        for process in marked(str(tmp_path)):
            os.kill(process, signal.SIGKILL)
    run = run_build(whole / "pipelines/made.yaml", tmp_path / "run")
    assert shard_bytes(run) == shard_bytes(Run(whole / "whole"))
