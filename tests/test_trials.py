"""The trials of `benchmarks/quality/` in small: flipped bits, kills, full disks, stops, and two builds at once."""

from __future__ import annotations

import random
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks" / "quality"))
import bit_flips
import kills
import stops
import trials

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="processes are looked for in /proc"),
]


@pytest.fixture(scope="module")
def bed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[trials.Bed]:
    made = trials.Bed(tmp_path_factory.mktemp("trials") / "bed")
    yield made
    made.served.server.shutdown()
    made.served.server.server_close()


def test_every_kind_of_file_is_there(bed: trials.Bed) -> None:
    assert [kind for kind in bit_flips.KINDS if not bit_flips.files(bed.whole, kind)] == []


@pytest.mark.parametrize("number", range(0, 4 * len(bit_flips.KINDS), 7))
def test_a_flipped_bit_heals(bed: trials.Bed, number: int) -> None:
    run = bed.folder / "run of flips"
    if not run.exists():
        bed.build(run)
    found = bit_flips.trial(bed, run, number, seed=0)
    assert found["result"] in bit_flips.GOOD, found


@pytest.mark.parametrize("number", range(6))
def test_a_killed_build_goes_on(bed: trials.Bed, number: int) -> None:
    found = kills.killed_build(bed, number, random.Random(number))
    assert found["result"] == kills.WHOLE, found


@pytest.mark.parametrize("number", [4, 9])
def test_a_killed_push_goes_on(bed: trials.Bed, number: int) -> None:
    pytest.importorskip("huggingface_hub")
    hub = kills.Hub()
    threading.Thread(target=hub.serve_forever, daemon=True).start()
    try:
        found = kills.killed_push(bed, number, random.Random(number), hub)
    finally:
        hub.shutdown()
        hub.server_close()
    assert found["result"] == kills.WHOLE, found


@pytest.mark.parametrize("number", range(8))
def test_a_stopped_build_says_so_and_goes_on(bed: trials.Bed, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", ":".join(sys.path))
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        found = stops.trial(bed, number, seed=0)
    finally:
        signal.signal(signal.SIGINT, before)
    assert found["result"] == stops.RIGHT, found
