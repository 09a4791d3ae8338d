"""A web server on the loopback for tests of fetching: each path behaves as its first word says. Counts its answers."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from made.harvest import picture


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, robots: tuple[int, str] = (404, "")) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.robots = robots
        self.asked: Counter[str] = Counter()
        self.agents: set[str] = set()
        self.times: list[float] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # head and body in one packet: two would wait for each other's acknowledgement
    server: Server

    def log_message(self, *args: Any) -> None:
        pass

    def handle(self) -> None:
        with suppress(ConnectionError, TimeoutError):  # the client goes when it has read enough
            super().handle()

    def do_GET(self) -> None:
        self.server.asked[self.path] += 1
        self.server.agents.add(self.headers["User-Agent"])
        if self.path == "/robots.txt":
            status, body = self.server.robots
            if status == 0:
                time.sleep(5)
            return self.answer(body.encode(), "text/plain", status)
        self.server.times.append(time.monotonic())
        kind, _, rest = self.path.lstrip("/").partition("/")
        getattr(self, f"on_{kind}")(rest)

    def answer(self, body: bytes, mime: str = "image/png", status: int = 200, **headers: str) -> None:
        self.send_response(status)
        given = {"Content-Type": mime, "Content-Length": str(len(body))}
        for name, value in (given | {k.replace("_", "-"): v for k, v in headers.items()}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def on_image(self, rest: str) -> None:
        self.answer(picture(int(rest)))

    def on_signed(self, rest: str) -> None:
        """An image for any address: what was asked is counted as it came."""
        self.answer(picture(3))

    def on_lies(self, rest: str) -> None:
        """An image that is called text, or text that is called an image."""
        self.answer(picture(7), "text/html") if rest == "text" else self.answer(b"<html>no image</html>")

    def on_svg(self, rest: str) -> None:
        self.answer(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml")

    def on_status(self, rest: str) -> None:
        self.answer(b"no", "text/plain", int(rest))

    def on_busy(self, rest: str) -> None:
        """Busy at first, with a wish when to come again."""
        if self.server.asked[self.path] > 1:
            return self.answer(picture(9))
        self.answer(b"later", "text/plain", int(rest), Retry_After="1")

    def on_busyforlong(self, rest: str) -> None:
        self.answer(b"later", "text/plain", 503, Retry_After="86400")

    def on_to(self, rest: str) -> None:
        self.answer(b"", status=302, Location=rest if "://" in rest else f"/{rest}")

    def on_circle(self, rest: str) -> None:
        self.answer(b"", status=301, Location=f"/circle/{int(rest) + 1}")

    def on_hang(self, rest: str) -> None:
        time.sleep(3)
        self.close_connection = True

    def on_drip(self, rest: str) -> None:
        """A byte now and then, for ever."""
        self.send_response(200)
        self.send_header("Content-Length", "100000")
        self.end_headers()
        for _ in range(30):
            self.wfile.write(b"x")
            self.wfile.flush()
            time.sleep(0.1)

    def on_short(self, rest: str) -> None:
        """Less than the head said."""
        self.answer(picture(3), Content_Length="100000")
        self.close_connection = True

    def on_huge(self, rest: str) -> None:
        """As long as the head says, or endless without saying so."""
        self.send_response(200)
        self.send_header(*(("Content-Length", str(10**9)) if rest == "said" else ("Connection", "close")))
        self.end_headers()
        for _ in range(25):
            self.wfile.write(bytes(1 << 20))
        self.close_connection = True

    def on_noai(self, rest: str) -> None:
        self.answer(picture(8), **{"X-Robots-Tag": rest.replace("_", " ")})

    def on_garbage(self, rest: str) -> None:
        self.wfile.write(b"\x00\x01 what is this\r\n\r\n")
        self.close_connection = True


@contextmanager
def serve(robots: tuple[int, str] = (404, "")) -> Iterator[Server]:
    server = Server(robots)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
