"""A stopped command says so in one line, at whatever moment, and the next build makes the same bytes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from made.tree import make_project, run_build, shard_bytes

from leafinstruct.run import Run
from leafinstruct.stopping import KEPT, one_line_when_stopped, without_interrupts

SAYS_WHEN_READY = """
import sys, signal
{before}
from leafinstruct.__main__ import main
sys.argv[0] = "leafinstruct"
main()
"""


@pytest.fixture(autouse=True)
def interrupts_are_heard() -> Iterator[None]:
    """Python ignores SIGINT, and so do its children, where it was started in the background of a shell."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def stopped(cwd: Path, number: int, after: float, *arguments: str, before: str = "") -> tuple[int, list[str]]:
    """Exit code and lines on standard error of a command whose whole group gets a signal, as from a terminal."""
    code = SAYS_WHEN_READY.format(before=before)
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=cwd,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    time.sleep(after)
    os.killpg(process.pid, number)
    _, said = process.communicate(timeout=60)
    return process.returncode, said.splitlines()


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stopping")
    make_project(folder)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["INT", "TERM"])
@pytest.mark.parametrize("after", [0.3, 0.9, 1.6, 2.4, 3.2])
def test_a_stopped_build_says_one_line(project: Path, tmp_path: Path, after: float, number: int, workers: int) -> None:
    run = tmp_path / "run"
    code, said = stopped(project, number, after, "build", "--quiet", "--workers", str(workers), "--run", str(run))
    whole = Run(project / "whole")
    if not whole.path.exists():
        run_build(project / "pipelines/made.yaml", whole.path)
    if code == 0 or (code, said) == (-number, []):  # it was done by then, and Python was about to end
        assert shard_bytes(Run(run)) == shard_bytes(whole)
    else:
        assert (code, said) == (128 + number, [KEPT])
    run_build(project / "pipelines/made.yaml", run)
    assert shard_bytes(Run(run)) == shard_bytes(whole)


@pytest.mark.slow
@pytest.mark.parametrize("module", ["typer", "leafinstruct.cli", "leafinstruct.api"])
def test_a_command_stopped_while_it_imports_says_one_line(project: Path, module: str) -> None:
    """The signal comes while that module is imported."""
    before = (
        "import builtins, time\nreal = builtins.__import__\n"
        "def slow(name, *more, **kinds):\n"
        f"    if name == {module!r}: time.sleep(30)\n"
        "    return real(name, *more, **kinds)\n"
        "builtins.__import__ = slow"
    )
    code, said = stopped(project, signal.SIGINT, 1.5, "status", "--run", "nowhere", before=before)
    assert (code, said) == (130, [KEPT])


def in_a_name() -> None:
    """Python 3.11 makes a RuntimeError of what `__set_name__` raises."""

    class Field:
        def __set_name__(self, owner: type, name: str) -> None:
            raise KeyboardInterrupt

    type("Owner", (), {"field": Field()})


def in_a_group() -> None:
    raise BaseExceptionGroup("tasks", [ValueError(), KeyboardInterrupt()])


def in_a_cleanup() -> None:
    try:
        raise KeyboardInterrupt
    finally:
        raise OSError("the pool is gone")


def in_a_callback() -> None:
    """Python raises nothing there; the signal comes again."""

    class Owner: ...

    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    owner = Owner()
    kept = weakref.ref(owner, interrupt)
    del owner
    time.sleep(5)
    raise AssertionError(f"the interrupt in the callback of {kept} is lost")


@pytest.mark.parametrize("interrupted", [in_a_name, in_a_group, in_a_cleanup, in_a_callback])
def test_an_interrupt_in_another_error_says_one_line(
    interrupted: Callable[[], None], capsys: pytest.CaptureFixture[str]
) -> None:
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with pytest.raises(SystemExit) as end, one_line_when_stopped(), one_line_when_stopped():
            interrupted()
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    assert (end.value.code, capsys.readouterr().err) == (130, f"{KEPT}\n")


def test_an_interrupt_in_generated_code_ends_with_the_exit_code(tmp_path: Path) -> None:
    """Python notes an interrupt inside of `exec`, and would end a module by the signal."""
    lines = ("from leafinstruct.stopping import one_line_when_stopped", "with one_line_when_stopped():")
    (tmp_path / "made.py").write_text("\n".join([*lines, "    exec('raise KeyboardInterrupt')"]))
    path = os.pathsep.join([str(tmp_path), *sys.path])
    command = [sys.executable, "-m", "made"]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path})
    assert (done.returncode, done.stderr) == (130, f"{KEPT}\n")


@pytest.mark.parametrize("error", [ValueError("x"), SystemExit(2), SystemExit(0)])
def test_any_other_end_stays(error: BaseException) -> None:
    handler = signal.getsignal(signal.SIGTERM)
    try:
        with pytest.raises(type(error)) as end, one_line_when_stopped():
            raise error
    finally:
        signal.signal(signal.SIGTERM, handler)
    assert end.value is error


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="signals cannot be blocked here")
def test_an_interrupt_waits_for_the_start_of_a_process() -> None:
    reached = []
    with pytest.raises(KeyboardInterrupt), without_interrupts():
        signal.raise_signal(signal.SIGINT)
        reached.append("the end of the block")
    assert reached
