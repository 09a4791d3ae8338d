"""Ray on this machine: results, errors, back-pressure, and nodes and actors that die at work."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from made.tree import files, make_project, run_build, shard_bytes

from leafinstruct.engine import on_engine
from leafinstruct.engine.ray import RayEngine, RaySettings
from leafinstruct.errors import LeafError
from leafinstruct.pipeline import load_pipeline
from leafinstruct.progress import Progress
from leafinstruct.run import Run
from leafinstruct.settings import read

pytestmark = pytest.mark.slow
ray = pytest.importorskip("ray")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A head without processors and two nodes with one each, so that work must be on the nodes."""
    from ray.cluster_utils import Cluster

    before = os.environ.get("PYTHONPATH")
    tests = Path(__file__).parents[1]
    os.environ["PYTHONPATH"] = os.pathsep.join([str(tests), str(tests.parent), before or ""])  # for the functions below
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    made.add_node(num_cpus=1)
    made.add_node(num_cpus=1)
    yield made
    ray.shutdown()
    made.shutdown()
    os.environ.pop("PYTHONPATH") if before is None else os.environ.update(PYTHONPATH=before)


@pytest.fixture
def engine(cluster: Any) -> Iterator[RayEngine]:
    made = RayEngine(RaySettings(address=cluster.address, actors=2, cpus=0.5), workers=2)
    yield made
    made.close()


def double(number: int) -> int:
    return 2 * number


def fail(number: int) -> int:
    raise LeafError(f"document {number}: fix it")


def break_down(number: int) -> int:
    raise ZeroDivisionError(number)


def die_once(folder: str, number: int) -> int:
    """Kill the own process the first time that this number is worked on."""
    mark = Path(folder, str(number))
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def slow(number: int) -> tuple[int, str]:
    time.sleep(0.4)
    return number, ray.get_runtime_context().get_node_id()


def hold(pool: Any, number: int) -> tuple[int, int]:
    """Mark the pool of this actor, to see whether it is kept."""
    pool.seen = getattr(pool, "seen", 0) + 1
    return number, pool.seen


def hold_and_die_once(pool: Any, folder: str, number: int) -> int:
    return die_once(folder, number)


def test_all_results_come_in(engine: RayEngine) -> None:
    assert sorted(engine.run_tasks(double, [(n,) for n in range(20)], 2)) == [2 * n for n in range(20)]
    assert list(engine.run_tasks(double, [], 2)) == []


def test_an_error_of_ours_is_raised_as_it_is_and_others_by_their_kind(engine: RayEngine) -> None:
    with pytest.raises(LeafError, match="^document 3: fix it$"):
        list(engine.run_tasks(fail, [(3,)], 2))
    with pytest.raises(ZeroDivisionError):
        list(engine.run_tasks(break_down, [(3,)], 2))


def test_few_tasks_are_given_out_at_a_time(engine: RayEngine) -> None:
    made: list[int] = []

    def tasks() -> Iterator[Any]:
        for number in range(50):
            made.append(number)
            yield (number,)

    results = engine.run_tasks(double, tasks(), 2)  # type: ignore[arg-type]
    next(results)
    assert len(made) <= 2 * 2 + 1
    assert len(list(results)) == 49


def test_actors_keep_their_models_and_share_the_work(engine: RayEngine) -> None:
    found = list(engine.run_model_tasks(hold, [(n,) for n in range(8)]))
    assert sorted(number for number, _ in found) == list(range(8))
    assert max(seen for _, seen in found) >= 3


def test_actors_that_the_cluster_has_no_room_for_are_not_waited_for(cluster: Any) -> None:
    made = RayEngine(RaySettings(address=cluster.address, actors=4, cpus=1), workers=2)
    assert sorted(number for number, _ in made.run_model_tasks(hold, [(n,) for n in range(6)])) == list(range(6))
    made.close()


def test_a_process_that_dies_is_replaced(engine: RayEngine, tmp_path: Path) -> None:
    tasks = [(str(tmp_path), n) for n in range(3)]
    assert sorted(engine.run_tasks(die_once, tasks, 2)) == [0, 1, 2]
    (tmp_path / "actors").mkdir()
    tasks = [(str(tmp_path / "actors"), n) for n in range(2)]
    assert sorted(engine.run_model_tasks(hold_and_die_once, tasks)) == [0, 1]


def test_a_node_that_dies_takes_nothing_with_it(cluster: Any, engine: RayEngine) -> None:
    doomed = cluster.add_node(num_cpus=1)
    results = engine.run_tasks(slow, [(n,) for n in range(12)], 3)
    found = [next(results) for _ in range(3)]
    cluster.remove_node(doomed, allow_graceful=False)
    found += list(results)
    assert sorted(number for number, _ in found) == list(range(12))
    assert len({node for _, node in found}) >= 2


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(LeafError, match="ray: setting 'actors' is 0; it takes a whole number, 1 or more"):
        read(RaySettings, {"actors": 0}, "ray: ")


def test_a_build_on_a_cluster_that_loses_a_node_gives_the_same_bytes(cluster: Any, tmp_path: Path) -> None:
    pipeline = make_project(tmp_path, ray={"address": cluster.address})
    run_build(pipeline, tmp_path / "local")
    doomed = cluster.add_node(num_cpus=1)
    killer = threading.Timer(1.5, cluster.remove_node, [doomed], {"allow_graceful": False})
    killer.start()
    run = Run(tmp_path / "ray")
    on_engine("ray", run, load_pipeline(pipeline), "shard", 2, {"progress": Progress(quiet=True)})
    killer.join()
    local = Run(tmp_path / "local")
    assert shard_bytes(run) == shard_bytes(local)
    made = {name: (local.path / name).read_bytes() for name in files(local) if name != "timings.json"}
    assert {name: (run.path / name).read_bytes() for name in files(run) if name != "timings.json"} == made
    with pytest.raises(LeafError, match="unknown engine 'rya'.*did you mean 'ray'"):
        on_engine("rya", run, load_pipeline(pipeline), "shard", 2, {})
