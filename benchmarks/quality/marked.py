#!/usr/bin/env python3
"""Images and steps of pages that were marked by hand (marked_pages.json) against what harvest finds.

usage: marked.py DIR      DIR: WARC files that hold the marked pages

A mark is the address of an image, or a hash of the first 24 letters of a step; no text of a page is kept here. Prints
JSON: precision and recall of images (but for small ones inside sentences) and of beginnings of steps, and pages whose
images are exactly right.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections import Counter
from pathlib import Path

from leafinstruct.harvest.html.flow import Page
from leafinstruct.harvest.html.page import parse_html
from leafinstruct.harvest.html.parts import pieces
from leafinstruct.harvest.html.steps import steps_of
from leafinstruct.harvest.warc.index import build_index
from leafinstruct.harvest.warc.kinds import PAGE
from leafinstruct.harvest.warc.read import read_bodies


def key(text: str) -> str:
    letters = "".join(re.findall(r"\w+", text.lower()))[:24]
    return hashlib.sha256(letters.encode()).hexdigest()[:12]


def step_keys(page: Page) -> list[str]:
    found, last = [], 0
    for block, step in zip(page.blocks, steps_of(page.blocks), strict=True):
        if step and step != last and block.text:
            found.append(key(re.sub(r"^\s*\d+\. ", "", block.text)))
            last = step
    return found


def main() -> None:
    marks = {row["url"]: row for row in json.loads(Path(__file__).with_name("marked_pages.json").read_text())}
    counts: Counter[str] = Counter()
    for file in sorted(Path(sys.argv[1]).glob("*.warc.gz")):
        rows = build_index(file).to_pylist()
        urls = {r["offset"]: r["url"] for r in rows if r["kind"] == PAGE and r["status"] == 200 and r["url"] in marks}
        for offset, body in read_bodies(str(file), urls):
            mark = marks.pop(urls[offset], None)
            if mark is None or body is None:
                continue
            page = parse_html(body.data, urls[offset], body.charset)
            images = [one.image.ref for one in pieces(page.blocks) if one.image is not None and not one.inline]
            for name, got, want in (("images", images, mark["images"]), ("steps", step_keys(page), mark["steps"])):
                counts[f"{name}_both"] += sum((Counter(got) & Counter(want)).values())
                counts[f"{name}_found"] += len(got)
                counts[f"{name}_marked"] += len(want)
            counts["pages"] += 1
            counts["exact_images"] += images == mark["images"]
    report: dict[str, object] = {"pages": counts["pages"], "exact_images": counts["exact_images"], "missing": [*marks]}
    for name in ("images", "steps"):
        both = counts[f"{name}_both"]
        report[f"{name}_precision"] = round(both / max(1, counts[f"{name}_found"]), 4)
        report[f"{name}_recall"] = round(both / max(1, counts[f"{name}_marked"]), 4)
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
