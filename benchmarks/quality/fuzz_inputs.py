"""What the network and a row may say: random status lines, headers, addresses, names and numbers. Each must end as an
outcome with a reason. Prints a table; whatever would end or hold a build ends this with a traceback.

    python benchmarks/quality/fuzz_inputs.py --tries 20000 --seed 1
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from leafinstruct.document import documents_to_table, images_to_table
from leafinstruct.harvest.base import Chunk
from leafinstruct.harvest.fetch.cache import Cache
from leafinstruct.harvest.fetch.fetch import fetch
from leafinstruct.harvest.fetch.settings import FetchSettings
from leafinstruct.harvest.own_sources import checked_documents
from leafinstruct.harvest.sources import load_source
from leafinstruct.harvest.valid import valid_image
from leafinstruct.pipeline import SourceSettings
from leafinstruct.progress import Progress
from leafinstruct.stamps import file_stamps

TEXTS = (
    *("", " ", "a", "\0", "\x1b[2J", "\ud83d", "\udcff", "\ud83d\ude00", "é", "\u202e", "nan", "inf", "-1", "1e999"),
    *(
        "9" * 400,
        "../" * 50,
        "x" * 5000,
        "http://",
        "http://[",
        "http://a\0b/",
        "http://\ud800/",
        "data:,",
        "//",
        "\r\n",
    ),
    *("http://1.2.3.4:99999/", "http://x:-1/", "file:///etc/passwd", "/dev/zero", "%00", "%ff", "<image>", "[" * 3000),
)
NUMBERS = (None, True, 0, -1, 1, 2**63, 10**400, 1.5, float("nan"), float("inf"))
VALUES = (*TEXTS, *NUMBERS, [], {}, [None], {"": None})
KEYS = (
    *("text_list", "image_info", "url", "images", "texts", "metadata", "general_metadata", "title", "steps", "text"),
    *("image", "matched_text_index", "raw_url", "image_name", "leafinstruct", "heading", "step", "caption", "type"),
    *("document_url", "alt_text", "formatted_filename", "methods", "headline", "content", "path", "bytes", "lost"),
)
KINDS: dict[str, dict[str, Any]] = {
    **{"mmc4": {}, "obelics": {}, "steps": {}, "comm": {}},
    "huggingface": {"columns": {"text": "text", "images": "images"}},
}
HEADERS = (
    *("Retry-After", "Location", "Content-Length", "Content-Type", "Transfer-Encoding", "X-Robots-Tag", "Set-Cookie"),
    *("Content-Encoding", "Connection", "Date", "ETag", "Link", "Content-Range", "Crawl-Delay"),
)
LONGEST_SECONDS = 60.0
"""A step of the fuzz that takes longer counts as a hang."""


def value(chance: random.Random, depth: int = 0) -> Any:
    """A JSON value of odd texts and numbers, with keys that sources look for."""
    draw = chance.random()
    if depth < 4 and draw < 0.25:
        return {chance.choice(KEYS): value(chance, depth + 1) for _ in range(chance.randint(0, 5))}
    if depth < 4 and draw < 0.45:
        return [value(chance, depth + 1) for _ in range(chance.randint(0, 4))]
    return chance.choice(VALUES)


def row(chance: random.Random) -> Any:
    """A row whose layout is right in most places."""
    texts, images = value(chance), value(chance)
    good: dict[str, Any] = {
        "text_list": ["One.", "Two."],
        "image_info": [{"matched_text_index": 0, "raw_url": "http://x/1.png", "image_name": "1.png"}],
        "texts": ["One.", None],
        "images": [None, "http://x/1.png"],
        "metadata": json.dumps([None, {"leafinstruct": {"heading": value(chance), "step": value(chance)}}]),
        "general_metadata": json.dumps({"url": value(chance), "leafinstruct": {"title": value(chance)}}),
        "title": "T",
        "steps": ["one", {"headline": "two", "image": value(chance)}],
        "text": "One <image> two",
        "url": value(chance),
    }
    if chance.random() < 0.5:
        good |= {"texts": texts, "images": images}
    for _ in range(chance.randint(0, 3)):
        good[chance.choice(KEYS)] = value(chance)
    return good if chance.random() < 0.95 else value(chance)


def try_rows(folder: Path, count: int, seed: int) -> Counter[str]:
    """Harvest rows and write them as a run does. Returns counts of reasons; raises what a build would raise."""
    chance = random.Random(f"rows {seed}")
    found: Counter[str] = Counter()
    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    for number in range(0, count, 200):
        kind = chance.choice(list(KINDS))
        file = folder / f"{number}.jsonl"
        lines = (json.dumps(row(chance)) for _ in range(min(200, count - number)))
        file.write_text("".join(f"{line}\n" for line in lines))
        settings = {"path": str(file), "images": str(folder / "pictures"), **KINDS[kind]}
        source = load_source(SourceSettings("made", kind, settings), folder)
        for chunk in source.plan(None):
            found += _harvested(source, chunk)
    return found


def _harvested(source: Any, chunk: Chunk) -> Counter[str]:
    start = time.monotonic()
    made = source.harvest(chunk, None)
    documents = checked_documents("fuzz", made, False)
    documents_to_table(documents)
    images_to_table([valid_image(image) for image in made.images.values()])
    file_stamps(sorted(str(Path(file)) for file in made.files))
    if time.monotonic() - start > LONGEST_SECONDS:
        raise TimeoutError(f"chunk {chunk.name} took {time.monotonic() - start:.0f} s")
    lost = Counter(f"lost: {image.reason}" for document in documents for image in document.lost)
    return lost + Counter(document.error.partition(":")[0] or "a document" for document in documents)


def answer(seed: str) -> bytes:
    """The bytes of one random answer of a server."""
    chance = random.Random(seed)
    status = chance.choice(["200", "200", "301", "302", "308", "429", "503", "404", "100", "999", "0", "-1", "2OO", ""])
    odd = [f"HTTP/{status}", "", "\0", f"HTTP/1.0 {status}", "ICY 200 OK", f"HTTP/1.1 {status} \x1b"]
    line = f"HTTP/1.1 {status} x" if chance.random() < 0.8 else chance.choice(odd)
    head = [line.encode("utf-8", "surrogatepass")]
    for _ in range(chance.randint(0, 4)):
        name = chance.choice(HEADERS)
        text = chance.choice([*TEXTS, "0", "1", "5", "Fri, 31 Dec 9999 23:59:60 +9999", "chunked", "gzip", "image/png"])
        raw = text.encode("utf-8", "surrogatepass").translate(None, b"\r\n\0")
        raw = raw if chance.random() < 0.9 else chance.choice([chance.randbytes(12), b"/\xff\xfe", b"http://a/\xe9"])
        head.append(name.encode() + b": " + raw[: chance.choice([20, 9000])])
    body = chance.choice([b"", b"x", b"5\r\nabc", b"\x89PNG\r\n\x1a\n", chance.randbytes(40)])
    end = b"\r\n\r\n" if chance.random() < 0.8 else chance.choice([b"\r\n", b"\n\n", b""])
    return b"\r\n".join(head) + end + body


@contextmanager
def server() -> Iterator[int]:
    """A server on the loopback that says what `answer` gives for the path that it is asked for."""
    ready: list[int] = []
    started = threading.Event()
    loop = asyncio.new_event_loop()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            asked = (await reader.readuntil(b"\r\n\r\n")).split(b" ", 2)[1].decode("latin-1")
            rules = asked.startswith("/robots")
            writer.write(b"HTTP/1.1 404 x\r\nContent-Length: 0\r\n\r\n" if rules else answer(asked))
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()

    async def serve() -> None:
        listening = await asyncio.start_server(talk, "127.0.0.1", 0, backlog=256)
        ready.append(listening.sockets[0].getsockname()[1])
        started.set()

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(serve())
        loop.run_forever()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    started.wait(10)
    try:
        yield ready[0]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)


def try_network(folder: Path, count: int, seed: int) -> Counter[str]:
    """Fetch random answers and odd addresses. Returns counts of reasons; raises what a build would raise."""
    chance = random.Random(f"network {seed}")
    cache = Cache(folder / "fetched")
    with server() as port:
        made = [f"http://127.0.0.1:{port}/{seed}-{number}" for number in range(count)]
        odd = [chance.choice(TEXTS) + chance.choice(["", "http://127.0.0.1/", "x.png"]) for _ in range(count // 10)]
        settings = FetchSettings(private=True, timeout=1.0, tries=1, per_host=64)
        start = time.monotonic()
        fetch([*made, *odd], settings, Progress(quiet=True), cache)
        if time.monotonic() - start > LONGEST_SECONDS + count * settings.timeout / settings.per_host:
            raise TimeoutError("fetching took too long")
    found = Counter("an image" if not isinstance(got := cache.image(url), str) else got for url in [*made, *odd])
    cache.close()
    if lacking := found["not_fetched"]:
        raise AssertionError(f"{lacking} addresses have no outcome")
    return found


def fuzz(tries: int, seed: int) -> dict[str, dict[str, int]]:
    """Counts of what became of `tries` rows and answers."""
    with tempfile.TemporaryDirectory() as folder:
        rows = try_rows(Path(folder), tries // 2, seed)
        network = try_network(Path(folder), tries - tries // 2, seed)
    return {"rows": dict(sorted(rows.items())), "network": dict(sorted(network.items()))}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tries", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    for name, counts in fuzz(given.tries, given.seed).items():
        print(f"{name}: {sum(counts.values())}")
        for reason, count in sorted(counts.items(), key=lambda one: -one[1]):
            print(f"  {count:7} {reason}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
