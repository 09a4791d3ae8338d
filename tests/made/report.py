"""Records whose texts are markup, and pictures of one color."""

from __future__ import annotations

import io

import PIL.Image

from leafinstruct.document import Document, Record
from leafinstruct.rewrite.record import Facts, messages_of, record
from leafinstruct.rewrite.task import draft, tasks

EVIL = '<script>alert("x")</script><img src=x onerror=alert(1)>'


def picture(color: str, size: tuple[int, int] = (600, 400)) -> bytes:
    out = io.BytesIO()
    PIL.Image.new("RGB", size, color).save(out, "PNG")
    return out.getvalue()


def made(document: Document, task: str) -> Record:
    one = draft(document, tasks()[task])
    return record(one, messages_of(one, [f"Show me {EVIL}"] * len(one.turns)), "m@1", Facts())
