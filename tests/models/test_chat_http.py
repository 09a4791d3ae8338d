"""Whatever a server sends: an answer, or a failure with a line of words."""

from __future__ import annotations

import contextlib
import random
import socket
import threading

from leafinstruct.models.chat_faults import Failure
from leafinstruct.models.chat_http import post

PIECES = (
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 ",
    b"HTTP/1.1 301 x\r\n",
    b"HTTP/1.1 103 x\r\n\r\n",
    b"999 x\r\n",
    b"Content-Length: 5\r\n",
    b"Content-Length: -1\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Content-Encoding: gzip\r\n",
    b"Retry-After: nan\r\n",
    b"Location: http://\xff\xed\xa0\x80\r\n",
    b"\r\n",
    b"\r\n\r\n",
    b"5\r\n",
    b"ffffffffff\r\n",
    b"\x00\xff",
    b"[" * 900 + b"]" * 900,
    b'{"error": {"message": "\\ud83d", "code": ',
    b'"1e999"}}',
    b"NaN",
    b'{"choices": [',
    b'{"message": {"content": "\\ud800"}}]}',
    b'{"error": ' * 400,
    b"1" * 5000,
    b"a: b" * 20_000,
)


def test_whatever_a_server_sends_is_an_answer_or_a_failure() -> None:
    drawn = random.Random(17)
    sent: list[bytes] = []

    def accept(listening: socket.socket) -> None:
        while True:
            try:
                client, _ = listening.accept()
            except OSError:
                return
            with client, contextlib.suppress(OSError):
                client.recv(65536)
                client.sendall(sent[-1])

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=accept, args=(listening,), daemon=True).start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
        kinds = set()
        for _ in range(1000):
            head = b"HTTP/1.1 %d x\r\n\r\n" % drawn.randint(100, 699) if drawn.random() < 0.6 else b""
            sent.append(head + b"".join(drawn.choices(PIECES, k=drawn.randint(0, 5))))
            found = post(url, {"a": 1}, {}, 2.0)
            assert isinstance(found, Failure | dict), sent[-1]
            if isinstance(found, Failure):
                assert found.words and len(found.words) < 800 and found.words.encode() and "\n" not in found.words
                kinds.add(found.kind)
        assert kinds == {"transient", "settings", "refused"}
