"""WARC 1.0 files of the bundled sample: one gzip member per record; dates and record ids are fixed."""

from __future__ import annotations

import base64
import gzip
import hashlib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_DATE = "2025-03-01T12:00:00Z"
_REASONS = {200: "OK", 302: "Found"}


@dataclass(frozen=True)
class Response:
    """An archived HTTP response; `location` is the target of a redirect (status 302)."""

    url: str
    content_type: str
    payload: bytes
    status: int = 200
    location: str = ""


def _sha1(data: bytes) -> str:
    return "sha1:" + base64.b32encode(hashlib.sha1(data).digest()).decode()


def _record(kind: str, url: str, content_type: str, block: bytes, extra: Iterable[tuple[str, str]] = ()) -> bytes:
    identity = uuid.uuid5(uuid.NAMESPACE_URL, f"{kind} {url} {hashlib.sha256(block).hexdigest()}")
    fields = [
        ("WARC-Type", kind), ("WARC-Record-ID", f"<urn:uuid:{identity}>"), ("WARC-Date", _DATE), *extra,
        ("WARC-Block-Digest", _sha1(block)), ("Content-Type", content_type), ("Content-Length", str(len(block))),
    ]  # fmt: skip
    head = "WARC/1.0\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields) + "\r\n"
    return gzip.compress(head.encode() + block + b"\r\n\r\n", 6, mtime=0)


def _response(answer: Response) -> bytes:
    lines = [f"HTTP/1.1 {answer.status} {_REASONS[answer.status]}", f"Content-Type: {answer.content_type}"]
    if answer.location:
        lines.append(f"Location: {answer.location}")
    lines.append(f"Content-Length: {len(answer.payload)}")
    block = "\r\n".join(lines).encode() + b"\r\n\r\n" + answer.payload
    extra = [("WARC-Target-URI", answer.url), ("WARC-Payload-Digest", _sha1(answer.payload))]
    return _record("response", answer.url, "application/http; msgtype=response", block, extra)


def write_warc(path: Path, answers: Iterable[Response]) -> None:
    """Write one `warcinfo` record, then a `response` record for each answer, in order."""
    info = b"software: leafinstruct demo sample\r\nformat: WARC File Format 1.0\r\n"
    first = _record("warcinfo", path.name, "application/warc-fields", info, [("WARC-Filename", path.name)])
    path.write_bytes(b"".join([first, *(_response(answer) for answer in answers)]))
