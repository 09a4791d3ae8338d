"""Samples: drawn by hash, shown next to their documents, on a page that escapes all text of documents."""

from __future__ import annotations

import base64
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import PIL.Image
import pytest
from made.report import ATTRIBUTES, EVIL, TAGS

from leafinstruct.errors import LeafError
from leafinstruct.images.thumbnail import thumbnail
from leafinstruct.report.markdown import WEB
from leafinstruct.report.sample import draw, order, sample_lines, sample_page
from leafinstruct.report.terminal import Passage
from leafinstruct.run import Run

KEYS = {"lang", "charset", "class", "loading", "alt", "src", "dir", "http-equiv", "content"}
PAGE = {"html", "head", "meta", "title", "style", "body", "article", "section", "div", "img"}


def test_a_sample_is_drawn_by_hash_from_all_partitions(run: Run) -> None:
    everything = draw(run, 100)
    assert len(everything) == 12 and not [one for one in everything if one.record.dropped_by]
    assert [one.record.id for one in draw(run, 4)] == [one.record.id for one in everything][:4]
    assert [one.record.id for one in everything] == sorted((one.record.id for one in everything), key=order)
    assert all(one.record.document == one.document.id for one in everything)


def test_lines_show_every_turn(run: Run) -> None:
    lines = sample_lines(draw(run, 100))
    assert sum(str(line).startswith("record ") for line in lines) == 12
    assert lines.count("  user:") == 13 and "    [image]" in lines
    assert Passage("    ", f"Show me {EVIL}") in lines


def test_the_page_escapes_all_and_holds_its_images(run: Run) -> None:
    page = sample_page(run, draw(run, 100))
    tags: list[tuple[str, dict[str, str | None]]] = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attributes: tags.append((tag, dict(attributes)))  # type: ignore[method-assign]
    parser.feed(page)
    assert {tag for tag, _ in tags} <= PAGE | TAGS
    assert {key for _, attributes in tags for key in attributes} <= KEYS | ATTRIBUTES
    assert all(WEB.match(attributes["href"] or "") for tag, attributes in tags if tag == "a")
    sources = [attributes["src"] for tag, attributes in tags if tag == "img"]
    assert sources and all((source or "").startswith("data:image/webp;base64,") for source in sources)
    assert "&lt;script&gt;" in page
    assert "[image not available]" in page and "[image cannot be decoded]" in page
    data = base64.b64decode(re.search(r"base64,([^\"]+)", page)[1])  # type: ignore[index]
    with PIL.Image.open(io.BytesIO(data)) as small:
        assert small.size == (280, 187)


def test_a_transparent_image_stands_on_white() -> None:
    out = io.BytesIO()
    PIL.Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(out, "PNG")
    shown = thumbnail(out.getvalue(), 280)
    with PIL.Image.open(io.BytesIO(base64.b64decode(shown.split("base64,")[1]))) as small:
        assert small.getpixel((4, 4)) == (255, 255, 255)


def test_without_records_it_says_what_to_do(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.commit_json("run.json", {"partitions": []})
    with pytest.raises(LeafError, match="--stage rewrite"):
        draw(run, 5)
