"""A corpus of any size for measuring how work grows: WARC files of pages with images, all different.

usage: corpus.py FOLDER DOCUMENTS [--pages-per-file 500] [--light]

Writes FOLDER/web/*.warc.gz and FOLDER/pipelines/made.yaml, a pipeline without models. Lengths of pages, images a page
and sizes of images are spread as on the web (log-normal). One page in twelve has a fault: no image, little text, a
broken or tiny image, or the text of an earlier page. Images are 60 noisy drawings with a comment of their own each, so
that every one has bytes of its own and is decoded. The same call writes the same bytes. Light pages have one small
image and 60 words, and partitions of as many pages as others: for what grows with files and documents alone.
"""

from __future__ import annotations

import argparse
import gzip
import io
import random
from functools import lru_cache
from pathlib import Path

import yaml

PICTURES = 60
SITE_PAGES = 40
"""Pages of one site, on the average."""
FILTERS = ["image", "seen", "repeats", "text", "pointers", "duplicates"]
_SYLLABLES = [first + second for first in ("b", "d", "f", "gr", "k", "l", "pl", "st", "z") for second in "aeiou"]


def write_corpus(folder: Path, documents: int, pages_per_file: int = 500, light: bool = False) -> Path:
    """Write the corpus unless it is there. Returns the pipeline's file."""
    pipeline = folder / "pipelines/made.yaml"
    if not pipeline.exists():
        (folder / "web").mkdir(parents=True, exist_ok=True)
        pipeline.parent.mkdir(exist_ok=True)
        for number, first in enumerate(range(0, documents, pages_per_file)):
            last = min(documents, first + pages_per_file)
            (folder / f"web/{number:05d}.warc.gz").write_bytes(b"".join(_page(n, light) for n in range(first, last)))
        value = {
            "name": "made",
            "sources": [
                {"name": "web", "kind": "warc", "path": "web/*.warc.gz", **({"partition": 20} if light else {})}
            ],
            "filters": FILTERS,
            "rewrite": {"writer": "template"},
            "shard": {},
        }
        pipeline.write_text(yaml.safe_dump(value))
    return pipeline


def _page(number: int, light: bool) -> bytes:
    """The records of one page and its images."""
    draw = random.Random(number)
    site = f"http://site{number // SITE_PAGES}.org"
    fault = draw.choice(("", *[""] * 44, "no image", "short", "broken", "tiny"))
    text = random.Random(number - 7 if draw.random() < 0.02 else -number)
    count = 0 if fault == "no image" else 1 if light else min(20, 1 + int(draw.lognormvariate(0.9, 0.7)))
    body = [f"<html lang=en><head><title>{_words(text, 5)}</title></head><body><article><h1>{_words(text, 5)}</h1>"]
    records = []
    for image in range(max(1, count)):
        words = 8 if fault == "short" else 60 if light else min(900, int(text.lognormvariate(4.4, 0.8)))
        body.append(f"<h2>Step {image + 1}</h2><p>{_words(text, words)}.</p>")
        if count:
            body.append(f"<p><img src='/{number}/{image}.jpg' alt='{_words(draw, 3)}'></p>")
            records.append(
                _record(f"{site}/{number}/{image}.jpg", _image(draw, fault, number, image, light), "image/jpeg")
            )
    page = "".join([*body, "</article></body></html>"]).encode()
    return b"".join([_record(f"{site}/{number}.html", page, "text/html"), *records])


@lru_cache(maxsize=1)
def _vocabulary() -> list[str]:
    draw = random.Random(0)
    return ["the", "a", "of", "and", "to", "with", "you", "is", "it", "for"] + [
        "".join(draw.choices(_SYLLABLES, k=draw.randint(1, 4))) for _ in range(6000)
    ]


def _words(draw: random.Random, count: int) -> str:
    words = _vocabulary()
    chosen = [words[min(len(words) - 1, int(draw.paretovariate(0.5)) - 1)] for _ in range(count)]
    return " ".join(word + ("." if at % 14 == 13 else "") for at, word in enumerate(chosen)).capitalize()


@lru_cache(maxsize=2)
def _pictures(light: bool) -> list[bytes]:
    import numpy as np
    import PIL.Image

    made = []
    for number in range(PICTURES):
        chance = np.random.default_rng(number)
        width, height = (200, 150) if light else (int(120 + side) for side in chance.lognormal(5.0, 0.6, 2))
        coarse = chance.integers(0, 255, (9, 9, 3), dtype=np.uint8)
        image = PIL.Image.fromarray(coarse).resize((min(width, 1400), min(height, 1400)), PIL.Image.Resampling.BICUBIC)
        noisy = np.asarray(image, np.int16) + chance.integers(-12, 12, (image.height, image.width, 3))
        out = io.BytesIO()
        PIL.Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(out, "JPEG", quality=80)
        made.append(out.getvalue())
    return made


def _image(draw: random.Random, fault: str, number: int, image: int, light: bool) -> bytes:
    """A picture with a comment behind its first marker: other bytes, same pixels."""
    data = draw.choice(_pictures(light))
    comment = f"{number} {image}".encode()
    data = data[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + data[2:]
    if image == 0 and fault == "broken":
        return data[: len(data) // 2]
    return _tiny(number) if image == 0 and fault == "tiny" else data


def _tiny(number: int) -> bytes:
    import PIL.Image

    out = io.BytesIO()
    PIL.Image.new("RGB", (10, 10), (number % 256, number // 256 % 256, 9)).save(out, "JPEG")
    return out.getvalue()


def _record(url: str, body: bytes, mime: str) -> bytes:
    message = f"HTTP/1.1 200 OK\r\nContent-Type: {mime}\r\n\r\n".encode() + body
    head = (
        f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: {url}\r\nWARC-Date: 2024-01-01T00:00:00Z\r\n"
        f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(message)}\r\n\r\n"
    )
    return gzip.compress(head.encode() + message + b"\r\n\r\n", 1, mtime=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("documents", type=int)
    parser.add_argument("--pages-per-file", type=int, default=500)
    parser.add_argument("--light", action="store_true")
    options = parser.parse_args()
    print(write_corpus(options.folder, options.documents, options.pages_per_file, options.light))


if __name__ == "__main__":
    main()
