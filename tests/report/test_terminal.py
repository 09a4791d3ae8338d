"""Markdown among the lines of a command: rendered on a terminal, as written in a pipe, and never a control sequence."""

from __future__ import annotations

import io
import json
import re
import sys

import pytest
from made.report import HOSTILE, assert_harmless
from typer.testing import CliRunner

from leafinstruct.cli.app import app
from leafinstruct.report.sample import draw, sample_lines
from leafinstruct.report.terminal import Passage, print_lines
from leafinstruct.report.trace import trace_lines
from leafinstruct.run import Run
from leafinstruct.text.printable import printable

ESCAPE = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e"
TEXT = "## Cut\n\nH<sub>2</sub>O, **now**:\n\n```py\nx = 1\n```"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal of 60 columns in place of standard output."""
    out = Terminal()
    for name in ("NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr(sys, "stdout", out)
    return out


def found(text: str, line: str) -> dict:
    """A trace with a text, and a line wherever a page can have one."""
    about = dict.fromkeys(("id", "source", "site", "url", "path", "license", "title", "topic", "language"), line)
    message = {"role": "user", "content": [{"type": "text", "text": text}, {"type": "image", "text": ""}]}
    return {
        "document": {**about, "error": line},
        "parts": [{"part": 0, "text": text}, {"part": 1, "image": "0" * 64, "alt": line, "caption": line}],
        "lost": [{"position": 0, "ref": line, "reason": "missing"}],
        "scores": {"own": [{"document": "a", "label": line}]},
        "decisions": [],
        "records": [{"id": "r", "task": "howto", "writer": "w", "dropped_by": "", "messages": [message]}],
    }


def test_a_terminal_shows_markdown(monkeypatch: pytest.MonkeyPatch) -> None:
    out = terminal(monkeypatch)
    print_lines(trace_lines(found(TEXT, "a line")))
    shown = re.sub(r"\x1b\[[\d;]*m", "", out.getvalue())
    at = shown.index("    0  ")
    lines = [line.rstrip() for line in shown[at : shown.index("scores")].splitlines()]
    assert lines[0] == "    0  Cut"
    assert "       H<sub>2</sub>O, now:" in lines and any(line.strip() == "x = 1" for line in lines)
    assert "\x1b[1mnow" in out.getvalue()
    assert "```" not in shown[at : shown.index("[image")] and "    Cut" in shown[shown.index("user:") :]


def test_a_pipe_gets_the_markdown(capsys: pytest.CaptureFixture[str]) -> None:
    print_lines(trace_lines(found(TEXT, "a line")))
    lines = capsys.readouterr().out.splitlines()
    for lead in ("    0  ", "    "):
        at = lines.index(f"{lead}## Cut")
        assert [line.removeprefix(" " * len(lead)) for line in lines[at + 1 : at + 7]] == TEXT.splitlines()[1:]


@pytest.mark.parametrize("text", [ESCAPE, *HOSTILE], ids=lambda text: text[:24])
def test_no_control_characters(text: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    lines = trace_lines(found(text, text))
    print_lines(lines)
    assert_harmless(capsys.readouterr().out)
    out = terminal(monkeypatch)
    print_lines(lines)
    assert_harmless(out.getvalue())


def test_all_lines_are_safe_on_a_terminal_and_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    out = terminal(monkeypatch)
    print_lines([ESCAPE])
    assert_harmless(out.getvalue())
    monkeypatch.setattr(sys, "stdout", pipe := io.StringIO())
    print_lines(["a\u202bb\u202c\tc"])
    assert pipe.getvalue() == "a\ufffdb\ufffd\tc\n"


def test_printable() -> None:
    assert printable("a\tb\r\nc\rd\x00é\u202e") == "a\tb\nc\ufffdd\ufffdé\ufffd"
    assert str(Passage("  1  ", "a\n\nb")) == "  1  a\n\n     b"


def test_sample_prints_whole_texts_and_json_stays(run: Run) -> None:
    everything = draw(run, 100)
    plain = CliRunner().invoke(app, ["sample", "--run", str(run), "--limit", "100"])
    assert plain.exit_code == 0 and plain.output == "\n".join(map(str, sample_lines(everything))) + "\n"
    assert_harmless(plain.output)
    texts = [c.text for one in everything for m in one.record.messages for c in m.content]
    assert HOSTILE[-2] in texts
    asked = CliRunner().invoke(app, ["sample", "--run", str(run), "--limit", "100", "--json"])
    read = json.loads(asked.output)
    assert [c["text"] for one in read for m in one["record"]["messages"] for c in m["content"]] == texts
