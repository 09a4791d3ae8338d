"""Inputs that once cost the square of their length, or more, at sizes that would then take minutes."""

from __future__ import annotations

import gzip
import json
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from leafinstruct.harvest.formats import tables
from leafinstruct.harvest.formats.labels import LABELLED
from leafinstruct.harvest.html.page import parse_html
from leafinstruct.harvest.metadata import DEEPEST, split_front_matter
from leafinstruct.harvest.tree_files import INCLUDING
from leafinstruct.harvest.warc.encodings import decompress


@contextmanager
def quick(seconds: float = 4.0) -> Iterator[None]:
    start = time.process_time()
    yield
    assert time.process_time() - start < seconds


def front(text: str, mark: str = "---") -> dict[str, Any]:
    values, body = split_front_matter(f"{mark}\n{text}\n{mark}\nText.")
    assert body == "Text."
    return values


def test_aliases_are_read_and_do_not_multiply() -> None:
    assert front("a: &x {b: 1}\nc: *x\nd:\n  <<: *x\n  e: 2") == {"a": {"b": 1}, "c": {"b": 1}, "d": {"b": 1, "e": 2}}
    merged = [f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}" for n in range(1, 60)]
    listed = [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 60)]
    for lines in (merged, listed):
        with quick():
            values = front("\n".join(["title: Kite", "a0: &a0 {x: 1}", *lines]))
        assert values["title"] == "Kite", "it is read line by line"
    assert front("title: Kite\na: &a [*a]")["title"] == "Kite", "an alias of what it is in"


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_front_matter_as_deep_as_nobody_writes(opening: str) -> None:
    """The library ends the process at such a depth."""
    assert front(f"title: Kite\na:\n {opening * 100_000}")["title"] == "Kite"
    deep = DEEPEST // 2
    assert front(f"a: {'[' * deep}{']' * deep}")["a"]


def test_a_key_with_many_dots() -> None:
    with quick():
        assert "a" not in front(".".join("a" * 40_000) + " = 1\nb = 2", "+++")
    assert front('a.b."c.d" = "e.f"', "+++") == {"a": {"b": {"c.d": "e.f"}}}


def test_a_body_of_many_members() -> None:
    whole = gzip.compress(b"<p>x", mtime=0)
    with quick(8):
        assert decompress(whole * 200_000, "gzip") == b"<p>x" * 200_000
    assert decompress(whole + whole[:-12], "gzip").startswith(b"<p>x"), "the first is whole"
    long = gzip.compress(bytes(range(256)) * 2000, mtime=0)
    assert zlib.decompress(long, 31) * 2 == decompress(long * 2, "gzip")
    assert decompress(long[:12] + b"\xff" * 40 + long[52:], "gzip")[:2] == long[:2], "damaged: as it is"


def test_images_for_widths() -> None:
    html = "<h1>Kite</h1>" + "<span data-max-width=300><img src=a.png></span>" * 4000
    with quick(8):
        assert not parse_html(f"<body>{html}<p>Text.", "").error


def test_labels_of_nothing() -> None:
    with quick():
        assert not LABELLED.findall(".. _a:\n" * 30_000)
    assert LABELLED.findall(".. _a:\n.. _b:\n\nTitle\n=====\n")[0][0] == "a"


def test_names_that_include() -> None:
    with quick():
        assert not INCLUDING.findall("{% include" + "_a" * 40 + "!")
    assert INCLUDING.findall('{% include_relative "a.md" %}')[0][4] == "a.md"


def test_a_long_element_is_read_few_times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[int] = []

    class Counting(json.JSONDecoder):
        def raw_decode(self, text: str, place: int = 0) -> Any:
            reads.append(len(text))
            return super().raw_decode(text, place)

    monkeypatch.setattr(tables, "READ", 1 << 10)
    monkeypatch.setattr(tables.json, "JSONDecoder", Counting)
    file = tmp_path / "rows.json"
    file.write_text(json.dumps([{"a": "b" * (1 << 20)}, {"c": 1}]))
    assert len(tables.array_positions(file)) == 2 and len(reads) < 30
