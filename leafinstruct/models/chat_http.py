"""One request to a server, by the standard library: what it answers, or why it does not."""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Mapping
from typing import Any

from leafinstruct.errors import one_line
from leafinstruct.models.chat_answer import from_stream
from leafinstruct.models.chat_faults import Failure, failure, failure_in, server_words, without_answer
from leafinstruct.timing import retry_after

LARGEST = 16 * 1024 * 1024
"""Bytes of an answer."""
STEP = 65536
MOST_INTERIM = 20
GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS


class _Response(http.client.HTTPResponse):
    """A response after all that only announce it (such as 103), which the standard library takes for the answer."""

    def _read_status(self) -> tuple[str, int, str]:
        for _ in range(MOST_INTERIM):
            version, status, reason = super()._read_status()  # type: ignore[misc]
            if status == 101 or not 100 <= status < 200:
                return version, status, reason
            http.client.parse_headers(self.fp)
        raise http.client.HTTPException(f"more than {MOST_INTERIM} interim responses")


class _Connection(http.client.HTTPConnection):
    response_class = _Response


class _SecureConnection(http.client.HTTPSConnection):
    response_class = _Response


class _Http(urllib.request.HTTPHandler):
    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_Connection, req)


class _Https(urllib.request.HTTPSHandler):
    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_SecureConnection, req)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would take the key along, and turn the request into one without a body."""

    def redirect_request(self, *_: Any) -> None:
        return None


def post(url: str, body: Mapping[str, Any], headers: Mapping[str, str], timeout: float) -> dict[str, Any] | Failure:
    """The JSON that the server answers, with a message in it; or what it says instead."""
    opener = urllib.request.build_opener(_Http, _Https, _NoRedirect)
    until = time.monotonic() + timeout
    try:
        data = json.dumps(body, allow_nan=False).encode()
        request = urllib.request.Request(url, data, {"Content-Type": "application/json", **headers})
        with opener.open(request, timeout=timeout) as response:
            content = _content(response, until)
        answer = _answer(content)
        if answer is None:
            return without_answer("the server's response is not JSON", server_words(content))
        return failure_in(answer) or answer
    except urllib.error.HTTPError as error:
        return _refusal(error)
    except (OSError, http.client.HTTPException, ValueError, RecursionError) as error:
        # no connection, too slow, cut off; not HTTP
        reason = getattr(error, "reason", error)
        return Failure(one_line(f"{type(reason).__name__}: {reason}") if isinstance(reason, Exception) else str(reason))


def _answer(content: bytes) -> Any:
    """The JSON of a response or of the stream that it is; None if it is neither."""
    try:
        return from_stream(content) or json.loads(content)
    except (ValueError, RecursionError):
        return None


def _content(response: http.client.HTTPResponse, until: float) -> bytes:
    """What a server sends, unpacked: some compress although nobody asked. Raises OSError if it is too much or takes
    too long."""
    packed = response.headers.get("Content-Encoding", "").lower() in ("gzip", "x-gzip", "deflate")
    unpacked = zlib.decompressobj(GZIP_OR_ZLIB) if packed else None
    found = bytearray()
    while step := response.read1(STEP):
        try:
            found += unpacked.decompress(step, LARGEST) if unpacked else step
        except zlib.error as error:
            raise OSError(f"the answer cannot be unpacked: {error}") from None
        if len(found) > LARGEST:
            raise OSError(f"an answer of more than {LARGEST} bytes")
        if time.monotonic() > until:
            raise TimeoutError("timed out while the answer was read")
    if response.length:
        raise OSError(f"the answer ends {response.length} bytes too early")
    if unpacked and not unpacked.eof:
        raise OSError("the answer ends too early")
    return bytes(found)


def _refusal(error: urllib.error.HTTPError) -> Failure:
    try:
        data = error.read(STEP)
    except (OSError, http.client.HTTPException):
        data = b""
    wait = retry_after(error.headers.get("Retry-After", ""))
    return failure(error.code, data, wait, error.headers.get("Location", ""))
