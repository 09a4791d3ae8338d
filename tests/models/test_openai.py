"""The OpenAI-compatible back-end against a server on this machine that is slow, busy, broken or talks rubbish."""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from leafinstruct.errors import LeafError
from leafinstruct.models.backends import load_llm
from leafinstruct.models.llm import BACKENDS, Llm, Stopped

PROMPT = [{"role": "user", "content": "first"}]
Reply = tuple[int, bytes]


def answer(text: str, **more: Any) -> Reply:
    choice = {"message": {"role": "assistant", "content": text}, "finish_reason": "stop"} | more
    usage = {"prompt_tokens": 7, "completion_tokens": 3}
    return 200, json.dumps({"choices": [choice], "usage": usage}).encode()


class Server:
    """Answers each request with `reply(body, attempt)`; attempts are counted by the prompt's text."""

    def __init__(self) -> None:
        self.reply: Callable[[dict[str, Any], int], Reply] = lambda body, attempt: answer("yes")
        self.seen: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.retry_after: str | None = None
        lock, outer = threading.Lock(), self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with lock:
                    attempt = sum(old["messages"] == body["messages"] for old in outer.seen)
                    outer.seen.append(body)
                    outer.keys.append(self.headers.get("Authorization"))
                status, payload = outer.reply(body, attempt)
                self.send_response(status)
                if outer.retry_after:
                    self.send_header("Retry-After", outer.retry_after)
                self.end_headers()
                self.wfile.write(payload)

            def log_message(self, *arguments: Any) -> None:
                return

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()

    def llm(self, **settings: Any) -> Llm:
        url = f"http://127.0.0.1:{self.http.server_port}/v1"
        return load_llm("openai", "m", **({"base_url": url, "backoff": 0.01, "retries": 2, "timeout": 5.0} | settings))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    running = Server()
    yield running
    running.http.shutdown()
    running.http.server_close()


def test_order_counts_schema_and_key(server: Server) -> None:
    def late_first(body: dict[str, Any], attempt: int) -> Reply:
        word = body["messages"][0]["content"]
        time.sleep(0.1 if word == "0" else 0)
        return answer(f"answer {word}")

    server.reply = late_first
    llm = server.llm(batch_size=3)
    prompts = [[{"role": "user", "content": str(number)}] for number in range(7)]
    results = llm.generate(prompts, schema={"type": "object"}, max_tokens=9, temperature=0.5, seed=4)
    assert [result.text for result in results] == [f"answer {number}" for number in range(7)]
    assert {(r.prompt_tokens, r.output_tokens, r.finish_reason, r.error) for r in results} == {(7, 3, "stop", None)}
    assert (llm.calls, llm.prompt_tokens, llm.output_tokens) == (7, 49, 21)
    body = server.seen[0]
    assert (body["model"], body["max_tokens"], body["temperature"], body["seed"]) == ("m", 9, 0.5, 4)
    assert body["response_format"]["json_schema"]["schema"] == {"type": "object"}
    assert set(server.keys) == {"Bearer secret"}


@pytest.mark.parametrize(
    "first", [(429, b"busy"), (500, b""), (200, b"<html>not JSON"), (200, b'{"choices": []}'), (200, b"[1]")]
)
def test_a_passing_failure_is_tried_again(server: Server, first: Reply) -> None:
    server.reply = lambda body, attempt: first if attempt == 0 else answer("then well")
    assert server.llm().generate([PROMPT])[0].text == "then well"
    assert len(server.seen) == 2


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ((500, b"out of order"), "HTTP 500: out of order"),
        ((200, b"<html><p>Please sign in</p></html>"), "not JSON: Please sign in"),
        ((200, b'{"base_resp": {"status_msg": "insufficient balance"}}'), "no message: {'base_resp': "),
        ((200, b'{"code": 5, "msg": "internal"}'), "no message: internal"),
        ((200, b'data: {"choices": [{"delta": {"content": "half of a"}}]}\n\n'), "not JSON: data"),
    ],
)
def test_a_lasting_failure_is_the_error_of_one_request(server: Server, reply: Reply, said: str) -> None:
    server.reply = lambda body, attempt: reply if body["messages"] == PROMPT else answer("well")
    bad, good = server.llm().generate([PROMPT, [{"role": "user", "content": "second"}]])
    assert good.text == "well"
    assert bad.finish_reason == "error"
    assert "after 3 attempts" in str(bad.error) and said in str(bad.error)


def test_a_slow_server_is_given_up(server: Server) -> None:
    def late(body: dict[str, Any], attempt: int) -> Reply:
        time.sleep(0.5)
        return answer("late")

    server.reply = late
    with pytest.raises(Stopped, match="after 2 attempts.*timed out"):
        server.llm(timeout=0.1, retries=1).generate([PROMPT])


def test_retry_after_is_obeyed(server: Server) -> None:
    server.retry_after = "0.3"
    server.reply = lambda body, attempt: (429, b"") if attempt == 0 else answer("well")
    start = time.monotonic()
    assert server.llm().generate([PROMPT])[0].text == "well"
    assert time.monotonic() - start >= 0.3


def test_a_refused_prompt_is_not_tried_again(server: Server) -> None:
    server.reply = lambda body, attempt: (400, b"not this one") if body["messages"] == PROMPT else answer("well")
    [found] = server.llm().generate([PROMPT])
    assert found.error == "HTTP 400: not this one" and not found.transient
    assert [body["messages"] for body in server.seen].count(PROMPT) == 1, "and one that shows that the server is well"


@pytest.mark.parametrize("status", [401, 404])
def test_a_wrong_key_or_model_stops_the_run(server: Server, status: int) -> None:
    server.reply = lambda body, attempt: (status, b"no")
    with pytest.raises(LeafError, match=rf"'m' at http.*HTTP {status}"):
        server.llm().generate([PROMPT])


def test_no_server_at_all() -> None:
    llm = load_llm("openai", "m", base_url="http://127.0.0.1:9/v1", retries=1, backoff=0.01)
    with pytest.raises(Stopped, match="refused"):
        llm.generate([PROMPT])


def test_choices_by_the_first_token(server: Server) -> None:
    listed = [("Yes", 0.5), (" yes", 0.1), ("No", 0.2), ("maybe", 0.1)]
    top = [{"token": token, "logprob": math.log(share)} for token, share in listed]
    server.reply = lambda body, attempt: answer("Yes", logprobs={"content": [{"top_logprobs": top}]})
    chances = server.llm().choice_logprobs([PROMPT], ["yes", "no"])[0]
    assert {word: round(math.exp(value), 6) for word, value in chances.items()} == {"yes": 0.75, "no": 0.25}
    assert server.seen[0]["logprobs"] is True and server.seen[0]["max_tokens"] == 1


def test_choices_need_logprobs_and_different_letters(server: Server) -> None:
    with pytest.raises(LeafError, match="returns no log-probabilities"):
        server.llm().choice_logprobs([PROMPT], ["yes", "no"])
    with pytest.raises(LeafError, match="differ in their first letter"):
        server.llm().choice_logprobs([PROMPT], ["no", "never"])


def test_what_it_cannot_do_is_declared_and_refused() -> None:
    llm = load_llm("openai", "m", base_url="http://127.0.0.1:9/v1")
    assert llm.capabilities == BACKENDS["openai"]
    with pytest.raises(LeafError, match="no prompt_logprobs; use one of: vllm, transformers"):
        llm.prompt_logprobs([("a", "b")])


@pytest.mark.parametrize(
    ("backend", "settings", "said"),
    [
        ("vlm", {}, "did you mean 'vllm'"),
        ("openai", {"base_ulr": "http://x"}, "did you mean 'base_url'"),
        ("openai", {"base_url": "localhost:8000"}, "must begin with http"),
        ("openai", {"batch_size": 0}, "'batch_size' is 0; it takes a whole number, 1 or more"),
    ],
)
def test_settings_are_checked(backend: str, settings: dict[str, Any], said: str) -> None:
    with pytest.raises(LeafError, match=said):
        load_llm(backend, "m", **settings)
