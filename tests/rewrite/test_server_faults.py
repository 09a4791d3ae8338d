"""What a server answers instead of an answer, and then the server mended: which faults end the build, which requests
are asked again, and which stay facts about a document. The table is pinned, and printed in the docs."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from made.chat_server import GOOD, Body, ChatLoopback, Reply, answer, error, serving

from leafinstruct.models.llm import Stopped
from leafinstruct.rewrite.generations import GENERATION_SCHEMA, Answers
from leafinstruct.rewrite.instruct import Request
from leafinstruct.rewrite.prompt import Window
from leafinstruct.run import Run

DOCS = Path(__file__).parents[2] / "docs" / "rewrite.md"
NAMES = ("one", "two", "three", "four")
WORDS = b"these are the words of the server"


def requests() -> list[Request]:
    schema, view = {"type": "object"}, Window("", 1, 1)
    prompts = {name: [{"role": "user", "content": name}] for name in NAMES}
    return [Request(name, name, "howto", prompts[name], schema, 9, 0.0, 0, 1, view) for name in NAMES]


def ask(server: ChatLoopback, run: Run, **settings: Any) -> tuple[list[str], str]:
    """Keys that were asked for (more than once each, if they failed), and what ended the build."""
    server.seen.clear()
    answers = Answers(run, "generations/m/p.parquet", lambda: server.llm(**settings), 32)
    stopped = ""
    try:
        answers(requests())
    except Stopped as error:
        stopped = str(error)
    return [text for text in server.texts() if text in NAMES], stopped


def stored(run: Run) -> dict[str, str | None]:
    file = "generations/m/p.parquet"
    return {row["key"]: row["error"] for row in run.table(file).to_pylist()} if run.meta(file) else {}


def only(name: str, bad: Reply) -> Callable[[Body], Reply]:
    return lambda body: bad if body["messages"][-1]["content"] == name else answer(GOOD)


def outcome(bad: Reply, run: Callable[[], Run]) -> tuple[str, str]:
    """What a reply does if all requests get it, and if one does."""
    with serving(lambda body: bad) as server:
        all_, mended = run(), answer(GOOD)
        asked, stopped = ask(server, all_)
        assert len(server.seen) <= 16, "a server that gives nothing is noticed soon"
        assert not any(stored(all_).values()), "what all get is no fact about a document"
        server.reply = lambda body: mended
        again, _ = ask(server, all_)
        if bad[1] == WORDS and bad[0] not in (204, 205, 304):  # those have no content
            assert WORDS.decode() in stopped
        first = "the build ends" if stopped else "goes on"
        first += ", all asked again" if set(again) == set(NAMES) and stopped else ""
    with serving(only("two", bad)) as server:
        one = run()
        _, stopped = ask(server, one)
        assert not stopped, "what one prompt gets ends no build"
        assert set(stored(one)) >= set(NAMES) - {"two"}
        server.reply = lambda body: mended
        again, _ = ask(server, one)
        assert set(again) <= {"two"}
        second = "asked again" if again else f"a fact: {'an error' if stored(one)['two'] else 'an answer'}"
    return first, second


@pytest.fixture
def run(tmp_path: Path) -> Callable[[], Run]:
    numbers = iter(range(10_000))
    return lambda: Run(tmp_path / str(next(numbers)))


def table(statuses: Iterable[int], run: Callable[[], Run]) -> list[str]:
    found = [(status, outcome((status, WORDS), run)) for status in statuses]
    lines = ["| status | all requests get it | one request gets it |", "|---|---|---|"]
    for (all_, one), group in groupby(found, key=lambda entry: entry[1]):
        span = [status for status, _ in group]
        name = str(span[0]) if len(span) == 1 else f"{span[0]} to {span[-1]}"
        lines.append(f"| {name} | {all_} | {one} |")
    return lines


@pytest.mark.slow
def test_every_status(run: Callable[[], Run]) -> None:
    assert "\n".join(table(range(200, 600), run)) in DOCS.read_text()


@pytest.mark.parametrize(
    "status", [200, 301, 307, 400, 401, 402, 403, 405, 413, 418, 422, 429, 451, 499, 500, 520, 529]
)
def test_some_statuses(run: Callable[[], Run], status: int) -> None:
    lines = [line.split("|") for line in DOCS.read_text().splitlines() if line.startswith("| ") and line[2:5].isdigit()]
    spans = [([int(word) for word in cells[1].split(" to ")], cells[2].strip(), cells[3].strip()) for cells in lines]
    [expected] = [(all_, one) for span, all_, one in spans if span[0] <= status <= span[-1]]
    assert outcome((status, WORDS), run) == expected


ENDS, AGAIN = "the build ends, all asked again", "asked again"
MALFORMED = {
    "nothing": (b"", ENDS, AGAIN),
    "no JSON": (b"<html>these are the words", ENDS, AGAIN),
    "half of an answer": (answer(GOOD)[1][:60], ENDS, AGAIN),
    "a list": (b"[1]", ENDS, AGAIN),
    "a number that is none": (b"NaN", ENDS, AGAIN),
    "nested too deep": (b"[" * 100_000, ENDS, AGAIN),
    "no choices": (b"{}", ENDS, AGAIN),
    "an empty list of choices": (b'{"choices": []}', ENDS, AGAIN),
    "a choice without a message": (b'{"choices": [{"text": "yes"}]}', ENDS, AGAIN),
    "a message that is a text": (b'{"choices": [{"message": "yes"}]}', ENDS, AGAIN),
    "a content that is a number": (b'{"choices": [{"message": {"content": 7}}]}', ENDS, AGAIN),
    "an error in a success": (b'{"error": {"message": "these are the words of the server", "code": 503}}', ENDS, AGAIN),
    "a refusal in a success": (b'{"error": {"message": "flagged", "code": 400}}', ENDS, "a fact: an error"),
    "an answer that is an error": (answer(None, finish_reason="error")[1], ENDS, AGAIN),
    "bytes that are no text": (b'{"choices": [{"message": {"content": "\xff"}}]}', ENDS, AGAIN),
    "an answer of nothing": (answer(None)[1], ENDS, "a fact: an error"),
    "reasoning and no answer": (
        answer("", message={"content": None, "reasoning": "well"})[1],
        ENDS,
        "a fact: an error",
    ),
    "a filtered answer": (answer("", finish_reason="content_filter")[1], ENDS, "a fact: an error"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_responses(run: Callable[[], Run], name: str) -> None:
    body, all_, one = MALFORMED[name]
    assert outcome((200, body), run) == (all_, one)
    assert f"| {name} | {all_} | {one} |" in DOCS.read_text()


@pytest.mark.parametrize(
    "before", [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"]
)
@pytest.mark.parametrize("times", [1, 3])
def test_what_announces_an_answer_is_none(run: Callable[[], Run], before: bytes, times: int) -> None:
    with serving(lambda body: answer(GOOD)) as server:
        server.before = before * times
        asked, stopped = ask(server, run())
        assert sorted(asked) == sorted(NAMES) and not stopped


def test_a_server_that_only_announces_is_given_up(run: Callable[[], Run]) -> None:
    with serving(lambda body: answer(GOOD)) as server:
        server.before = b"HTTP/1.1 103 Early Hints\r\n\r\n" * 50
        assert "interim" in ask(server, run())[1]


class Turns:
    """Good for the first `well` requests, then `bad` for all."""

    def __init__(self, well: int, bad: Reply) -> None:
        self.well, self.bad, self.count = well, bad, 0

    def __call__(self, body: Body) -> Reply:
        self.count += 1
        return answer(GOOD) if self.count <= self.well else self.bad


@pytest.mark.parametrize(
    "bad", [error(402, "no credit left"), error(400, "bad request"), (503, b"away"), (403, b"blocked")]
)
def test_a_server_that_fails_later_ends_the_build_and_answers_so_far_stay(run: Callable[[], Run], bad: Reply) -> None:
    with serving(Turns(2, bad)) as server:
        one = run()
        _, stopped = ask(server, one, batch_size=1)
        assert str(bad[0]) in stopped and "nothing of this is stored" in stopped
        assert list(stored(one).values()) == [None, None], "two were paid for"
        server.reply = lambda body: answer(GOOD)
        again, _ = ask(server, one)
        assert len(again) == 2 and set(stored(one)) == set(NAMES)


def test_a_refused_document_alone_ends_no_build(run: Callable[[], Run]) -> None:
    """The others have answers already, so that this one is all that is asked."""
    with serving(only("two", (500, b"this page breaks the template"))) as server:
        one = run()
        for _ in range(2):
            asked, stopped = ask(server, one)
            assert not stopped and "two" in asked
        assert set(asked) == {"two"}


def test_no_server_is_said_after_a_few_seconds(run: Callable[[], Run]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        with serving(lambda body: answer(GOOD)) as server:
            url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
            assert "refused" in ask(server, run(), base_url=url)[1]


@pytest.mark.parametrize("retries", [0, 5])
def test_a_dead_server_gets_few_requests(run: Callable[[], Run], retries: int) -> None:
    with serving(lambda body: error(429, "You exceeded your current quota", code="insufficient_quota")) as server:
        _, stopped = ask(server, run(), retries=retries)
        assert "quota" in stopped and len(server.seen) <= 2
    with serving(lambda body: (503, b"maintenance")) as server:
        assert "maintenance" in ask(server, run(), retries=retries)[1] and len(server.seen) <= 8


def test_a_busy_server_is_no_dead_one(run: Callable[[], Run]) -> None:
    counts: dict[str, int] = {}

    def busy(body: Body) -> Reply:
        name = body["messages"][-1]["content"]
        counts[name] = counts.get(name, 0) + 1
        return (429, b"slow down") if counts[name] < 3 else answer(GOOD)

    with serving(busy) as server:
        one = run()
        assert not ask(server, one, retries=3)[1] and set(stored(one)) == set(NAMES)


def drip(client: socket.socket) -> None:
    client.recv(65536)
    client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    try:
        while True:
            client.sendall(b" ")
            threading.Event().wait(0.05)
    except OSError:
        client.close()


def test_a_server_that_drips_is_given_up(run: Callable[[], Run]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening, serving(lambda body: answer(GOOD)) as server:

        def accept() -> None:
            while True:
                try:
                    client, _ = listening.accept()
                except OSError:
                    return
                threading.Thread(target=drip, args=(client,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
        assert "timed out" in ask(server, run(), base_url=url, timeout=0.3, retries=0)[1]


OLD = {
    "HTTP 402: Insufficient Balance": True,
    "HTTP 520": True,
    "HTTP 413: <h1>too large</h1>": True,
    "HTTP 400: This model's maximum context length is 900 tokens.": True,
    "HTTP 400: System role not supported": True,
    "HTTP 400: use max_completion_tokens": True,
    "prompt of 2000 tokens, but 1900 fit with 128 for the answer": True,
    "HTTP 400: flagged by the policy": False,
    "HTTP 451: not here": False,
    "the server's filter of contents stopped the answer": False,
}


@pytest.mark.parametrize("error", OLD)
def test_faults_that_earlier_versions_stored_are_asked_again(run: Callable[[], Run], error: str) -> None:
    one = run()
    with serving(lambda body: answer(GOOD)) as server:
        ask(server, one)
        file = "generations/m/p.parquet"
        rows = one.table(file).to_pylist()
        rows[0] |= {"error": error, "text": "", "finish_reason": "error"}
        one.commit_table(file, pa.Table.from_pylist(rows, schema=GENERATION_SCHEMA), "stored")
        asked, _ = ask(server, one)
        assert asked == ([rows[0]["key"]] if OLD[error] else [])
