"""A served model at its worst: slow, busy, broken, cut off, hanging. Everything ends as a record or with a reason."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from made.rewrite import SHIPPED, boat

from leafinstruct.document import Record
from leafinstruct.models.openai import OpenAiLlm
from leafinstruct.rewrite.generations import Answers
from leafinstruct.rewrite.instruct import Settings, Writer, write
from leafinstruct.rewrite.prompt import load_prompt
from leafinstruct.rewrite.record import Facts
from leafinstruct.rewrite.task import draft, tasks
from leafinstruct.run import Run

GOOD = json.dumps({"instruction": "How do I fold a small boat out of a sheet of paper?"})
WRITER = Writer("made@served", load_prompt(SHIPPED, tasks()), Settings())
KINDS = ("fine", "slow", "busy", "broken", "refused", "half", "cut", "hanging", "gone", "empty")
FILE = "generations/made/p.parquet"


class Server:
    """Answers by the title's last word; keeps the times at which it was asked, by that word."""

    def __init__(self) -> None:
        self.asked: dict[str, list[float]] = defaultdict(list)
        self.well = False
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                kind = next(k for k in KINDS if f"boat {k}\n" in body["messages"][-1]["content"])
                outer.asked[kind].append(time.monotonic())
                outer.reply(self, "fine" if outer.well else kind)

            def log_message(self, *_: object) -> None: ...

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def reply(self, handler: BaseHTTPRequestHandler, kind: str) -> None:
        text, reason, status = GOOD, "stop", 200
        if kind == "slow":
            time.sleep(0.1)
        elif kind == "busy" and len(self.asked[kind]) < 3:
            status = 429
        elif kind == "broken":
            status = 500
        elif kind == "refused":
            status = 400
        elif kind == "cut":
            text, reason = GOOD[:20], "length"
        elif kind == "half":
            text = GOOD[:20]
        elif kind == "hanging":
            time.sleep(0.6)
        elif kind == "empty":
            text = ""
        data = json.dumps({"choices": [{"message": {"content": text}, "finish_reason": reason}]}).encode()
        if kind == "gone":
            data = data[:30]
        try:
            handler.send_response(status)
            handler.send_header("Content-Length", str(len(data)))
            handler.end_headers()
            handler.wfile.write(data)
        except OSError:
            pass  # the client has given up


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.http.shutdown()
    made.http.server_close()


def build(server: Server, run: Run) -> tuple[dict[str, Record], Answers]:
    url = f"http://127.0.0.1:{server.http.server_port}/v1"
    llm = OpenAiLlm("made", base_url=url, batch_size=len(KINDS), timeout=0.3, retries=3, backoff=0.05)
    answers = Answers(run, FILE, lambda: llm, 4)
    drafts = [draft(replace(boat(kind), title=f"How to fold a paper boat {kind}"), tasks()["howto"]) for kind in KINDS]
    records = write(drafts, answers, writer=WRITER, facts=Facts())
    return dict(zip(KINDS, records, strict=True)), answers


@pytest.mark.slow
def test_everything_ends_done_or_dropped_with_a_reason(server: Server, tmp_path: Path) -> None:
    records, answers = build(server, Run(tmp_path))
    assert {kind: r.dropped_by for kind, r in records.items()} == {
        "fine": "",
        "slow": "",
        "busy": "",
        "broken": "rewrite:model_error",
        "refused": "rewrite:model_error",
        "half": "rewrite:not_json",
        "cut": "rewrite:cut_off",
        "hanging": "rewrite:model_error",
        "gone": "rewrite:model_error",
        "empty": "rewrite:model_error",
    }
    assert len({r.id for r in records.values()}) == len(KINDS) and not answers.complete
    asked = Counter({kind: len(times) for kind, times in server.asked.items()})
    expected = Counter(
        fine=1, slow=1, busy=3, broken=4, refused=1, half=2, cut=2, hanging=4, gone=4, empty=1
    )  # and one that was answered before, once more for each that gets no answer, to see that it is alone in this
    assert asked >= expected and (asked - expected).total() <= 5 and asked["refused"] == 1


@pytest.mark.slow
def test_pauses_grow_between_tries(server: Server, tmp_path: Path) -> None:
    build(server, Run(tmp_path))
    times = server.asked["broken"]
    pauses = [b - a for a, b in zip(times, times[1:], strict=False)]
    # after .05 s, twice as long each time, at least half of it by chance
    assert all(pause >= least for pause, least in zip(pauses, (0.025, 0.05, 0.1), strict=True))


@pytest.mark.slow
def test_the_next_build_asks_only_for_what_may_have_passed(server: Server, tmp_path: Path) -> None:
    run = Run(tmp_path)
    build(server, run)
    server.asked.clear()
    server.well = True
    records, answers = build(server, run)
    assert {kind: len(times) for kind, times in server.asked.items()} == {"broken": 1, "hanging": 1, "gone": 1}
    assert [kind for kind, r in records.items() if r.dropped_by] == ["refused", "half", "cut", "empty"]
    assert answers.complete
    rows = run.table(FILE).to_pylist()
    assert len({row["key"] for row in rows}) == len(rows) == len(KINDS) + 2, "one answer each, and a second to two"
    server.asked.clear()
    again, _ = build(server, run)
    assert again == records and not server.asked
