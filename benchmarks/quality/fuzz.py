#!/usr/bin/env python3
"""Mutated inputs through harvest's parsers: each must end in a page, an image or a named reason, within a time.

usage: fuzz.py [--count 10000] [--seed 1]

Seeds are made here (HTML, Markdown, WARC, JSON lines, six kinds of image). Prints JSON: inputs, results and the slowest
by kind, and every crash with its seed number. Exit code 1 if there was one.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path

import PIL.Image

from leafinstruct.document import Image
from leafinstruct.errors import LeafError
from leafinstruct.harvest.extract import extract_lines
from leafinstruct.harvest.formats.markdown import parse_markdown
from leafinstruct.harvest.html.page import parse_html
from leafinstruct.harvest.html.parts import assemble
from leafinstruct.harvest.warc.index import build_index
from leafinstruct.harvest.warc.read import read_bodies
from leafinstruct.images.header import read_image

URL = "https://example.org/a/"
HTML = (
    b"<!doctype html><html lang=en><head><title>Boat</title><base href='/b/'></head><body><nav><a href=/>Home</a></nav>"
    b"<main><h1>A boat</h1><p>Fold the paper, press it, and open it again.</p><ol><li>Fold<figure><img src=1.jpg "
    b"srcset='2.jpg 2x, 3.jpg 3x'><figcaption>Folded</figcaption></figure><li>Turn<picture><source srcset=x.webp><img>"
    b"</picture></ol><table><tr><th>a<td>b</table><dl><dt>c<dd>d</dl><noscript><img src=4.png></noscript></main></html>"
)
MARKDOWN = (
    b'---\ntitle: Boat\nimage: a.png\n---\n# Boat\n\n1. Fold ![x](1.png)\n2. Turn {{< figure src="2.png" >}}\n\n'
    b"| a | b |\n|---|---|\n| c | d |\n\n```py\nx = 1\n```\n<img src='3.png'>\n[^1]: note\n"
)
TOKENS = (
    b"<",
    b">",
    b"</",
    b"{{",
    b"}}",
    b"```",
    b"![",
    b"](",
    b"\x00",
    b"\xff",
    b"&#",
    b"<ol>",
    b"<h1>",
    b'"',
    b"\r\n\r\n",
    b"[",
    b"---\n",
)


def picture(kind: str) -> bytes:
    out = io.BytesIO()
    PIL.Image.effect_noise((40, 30), 60).convert("RGB").save(out, kind)
    return out.getvalue()


def warc() -> bytes:
    body = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + HTML
    head = f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: {URL}\r\nWARC-Date: 2024-01-01T00:00:00Z\r\n"
    record = head.encode() + f"Content-Type: application/http\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
    return record + b"\r\n\r\n"


def mutated(data: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.randrange(1, 8)):
        place, kind = chance.randrange(len(data) + 1), chance.randrange(5)
        if kind == 0:
            data = data[:place] + data[place + chance.randrange(1, 60) :]
        elif kind == 1:
            data = data[:place] + data[place : place + 80] * chance.randrange(2, 30) + data[place:]
        elif kind == 2:
            data = data[:place] + chance.choice(TOKENS) * chance.randrange(1, 5) + data[place:]
        elif kind == 3:
            data = data[:place] + bytes(chance.randrange(256) for _ in range(4)) + data[place + 4 :]
        else:
            data = data[: max(place, 1)]
    return data


def of_html(data: bytes, folder: Path) -> str:
    page = parse_html(data, URL)
    assemble(page.blocks, lambda block: "missing")
    return page.error or "document"


def of_markdown(data: bytes, folder: Path) -> str:
    assemble(parse_markdown(data.decode("utf-8", "replace")).blocks, lambda block: "missing")
    return "document"


def of_image(data: bytes, folder: Path) -> str:
    found = read_image(data, "x")
    return "image" if isinstance(found, Image) else found


def of_warc(data: bytes, folder: Path) -> str:
    path = folder / "x.warc"
    path.write_bytes(data)
    rows = build_index(path).to_pylist()
    pages = [row["offset"] for row in rows if row["kind"] == "page"]
    for _, body in read_bodies(str(path), pages):
        if body is not None:
            of_html(body.data, folder)
    return (
        "document" if pages else next((f"{r['kind']}: {r['target']}" for r in rows if r["kind"] == "error"), "no page")
    )


def of_json(data: bytes, folder: Path) -> str:
    path = folder / "x.jsonl"
    path.write_bytes(data)
    try:
        return "document" if list(extract_lines(path)) else "no line"
    except LeafError:
        return "named line"


def seeds() -> list[tuple[str, Callable[[bytes, Path], str], bytes]]:
    line = json.dumps({"id": "a", "url": URL, "html": HTML.decode()}).encode()
    pages = [("html", of_html, HTML), ("markdown", of_markdown, MARKDOWN), ("json", of_json, line)]
    archives = [("warc", of_warc, warc() * 2), ("warc.gz", of_warc, gzip.compress(warc(), mtime=0) * 2)]
    images = [("image", of_image, picture(kind)) for kind in ("PNG", "JPEG", "GIF", "WEBP", "TIFF", "AVIF")]
    return [*pages, *archives, *images]


def fuzz(count: int, seed: int) -> dict[str, object]:
    """`count` inputs, kinds in turn."""
    results: dict[str, Counter[str]] = defaultdict(Counter)
    slowest: dict[str, float] = defaultdict(float)
    crashes = []
    made = seeds()
    with tempfile.TemporaryDirectory() as folder:
        for number in range(count):
            kind, run, data = made[number % len(made)]
            data = mutated(data, random.Random(seed * 1_000_003 + number))
            start = time.perf_counter()
            try:
                results[kind][run(data, Path(folder))] += 1
            except Exception as error:
                crashes.append({"number": number, "kind": kind, "error": repr(error)[:200]})
            slowest[kind] = max(slowest[kind], time.perf_counter() - start)
    seconds = {kind: round(value, 3) for kind, value in slowest.items()}
    return {"inputs": count, "seed": seed, "crashes": crashes, "results": results, "slowest_seconds": seconds}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    report = fuzz(arguments.count, arguments.seed)
    print(json.dumps(report, indent=1))
    sys.exit(bool(report["crashes"]))
