"""A server for chat completions on this machine, whose answers a test writes."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from leafinstruct.models.openai import OpenAiLlm

Body = dict[str, Any]
Reply = tuple[int, bytes]
GOOD = json.dumps({"instruction": "How do I fold a small boat out of a sheet of paper?"})


def answer(text: str | None, **more: Any) -> Reply:
    """A response with an answer; `more` are fields of the choice, `usage` one of the response."""
    usage = more.pop("usage", {"prompt_tokens": 700, "completion_tokens": 20})
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"} | more
    return 200, json.dumps({"choices": [choice], "usage": usage}).encode()


def error(status: int, message: str, **more: Any) -> Reply:
    return status, json.dumps({"error": {"message": message, "type": "invalid_request_error"} | more}).encode()


def logprobs(*tokens: tuple[str, Any]) -> Body:
    return {"content": [{"token": tokens[0][0], "top_logprobs": [{"token": t, "logprob": p} for t, p in tokens]}]}


class ChatLoopback:
    """Answers each request with `reply(body)`; `before` is sent ahead of each response."""

    def __init__(self, reply: Callable[[Body], Reply]) -> None:
        self.reply = reply
        self.seen: list[Body] = []
        self.headers: list[dict[str, str]] = []
        self.before = b""
        self.more: dict[str, str] = {}
        lock, outer = threading.Lock(), self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with lock:
                    outer.seen.append(body)
                    outer.headers.append(dict(self.headers))
                status, data = outer.reply(body)
                if outer.before:
                    self.wfile.write(outer.before)
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                for name, value in outer.more.items():
                    self.send_header(name, value)
                self.end_headers()
                if status not in (204, 205, 304):
                    self.wfile.write(data)

            def log_message(self, *_: Any) -> None: ...

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http.server_port}/v1"

    def llm(self, **settings: Any) -> OpenAiLlm:
        return OpenAiLlm("m", **({"base_url": self.url, "retries": 1, "backoff": 0.0, "timeout": 5.0} | settings))

    def texts(self) -> list[str]:
        """The last message of each request."""
        return [body["messages"][-1]["content"] for body in self.seen]


@contextmanager
def serving(reply: Callable[[Body], Reply]) -> Iterator[ChatLoopback]:
    server = ChatLoopback(reply)
    try:
        yield server
    finally:
        server.http.shutdown()
        server.http.server_close()
