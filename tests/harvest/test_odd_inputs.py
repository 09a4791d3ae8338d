"""One input, however odd, ends as an outcome with a reason: no build ends or hangs for it."""

from __future__ import annotations

import glob
import importlib.util
import json
import os
import random
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from made.harvest import record, warc_gz
from made.tree import edit, files, make_project, page, put, run_build, run_here, shard_bytes

from leafinstruct.context import RunTasks
from leafinstruct.document import Document, documents_from_table
from leafinstruct.engine.local import run_tasks
from leafinstruct.errors import LeafError
from leafinstruct.harvest.fetch.addresses import is_refused_literal, location, plain_address
from leafinstruct.harvest.fetch.cache import Cache
from leafinstruct.harvest.fetch.fetch import fetch
from leafinstruct.harvest.fetch.robots import RULES, verdict_of
from leafinstruct.harvest.fetch.settings import FetchSettings
from leafinstruct.harvest.files import LONGEST_NAME, matches, partition_name, read_regular
from leafinstruct.progress import Progress
from leafinstruct.run import Run
from leafinstruct.settings import read_yaml
from leafinstruct.stamps import file_stamps, stamps_hold
from leafinstruct.timing import retry_after


def load_fuzz() -> Any:
    path = Path(__file__).parents[2] / "benchmarks/quality/fuzz_inputs.py"
    spec = importlib.util.spec_from_file_location("fuzz_inputs", path)
    assert spec is not None and spec.loader is not None
    sys.modules["fuzz_inputs"] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_slice_of_the_fuzz() -> None:
    pytest.importorskip("aiohttp")
    found = load_fuzz().fuzz(600, seed=11)
    assert sum(found["network"].values()) == 330, "each address has an outcome"
    assert len(found["rows"]) > 5 and len(found["network"]) > 5


def test_the_fuzz_notices_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fuzz = load_fuzz()
    monkeypatch.setattr("leafinstruct.harvest.own_sources.valid_document", lambda document: document)
    with pytest.raises((UnicodeEncodeError, OverflowError, TypeError, ArithmeticError)):
        fuzz.try_rows(tmp_path, 2000, 1)


# What a server says


@contextmanager
def saying(data: bytes) -> Iterator[str]:
    """A server on the loopback that answers everything but robots.txt with these bytes."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    talk, _ = listening.accept()
                except OSError:
                    return
                with talk:
                    rules = b"/robots.txt" in talk.recv(4096)
                    talk.sendall(b"HTTP/1.1 404 x\r\nContent-Length: 0\r\n\r\n" if rules else data)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/x.png"
        listening.shutdown(socket.SHUT_RDWR)


ANSWERS = {
    "Retry-After: nan": (b"HTTP/1.1 503 x\r\nRetry-After: nan\r\nContent-Length: 0\r\n\r\n", "status_503"),
    "Retry-After: inf": (b"HTTP/1.1 429 x\r\nRetry-After: inf\r\nContent-Length: 0\r\n\r\n", "status_429"),
    "Retry-After: -9e999": (b"HTTP/1.1 429 x\r\nRetry-After: -9e999\r\nContent-Length: 0\r\n\r\n", "status_429"),
    "Retry-After: a day that is none": (
        b"HTTP/1.1 503 x\r\nRetry-After: Mon, 99 Xxx 99999 99:99:99 +9999\r\nContent-Length: 0\r\n\r\n",
        "status_503",
    ),
    "Location that is no UTF-8": (
        b"HTTP/1.1 302 x\r\nLocation: http://127.0.0.1:1/\xff\xfe.png\r\nContent-Length: 0\r\n\r\n",
        "robots_unreadable",
    ),
    "Location without an address": (
        b"HTTP/1.1 301 x\r\nLocation: http://[::bad/\xed\xa0\x80\r\nContent-Length: 0\r\n\r\n",
        "bad_address",
    ),
    "Location with a port that is none": (
        b"HTTP/1.1 301 x\r\nLocation: http://a:99999999/\r\nContent-Length: 0\r\n\r\n",
        "bad_address",
    ),
    "a length that is none": (b"HTTP/1.1 200 x\r\nContent-Length: many\r\n\r\nx", "bad_response"),
    "a length below nothing": (b"HTTP/1.1 200 x\r\nContent-Length: -5\r\n\r\nx", "bad_response"),
    "no HTTP": (b"\x00\xff\xfe\r\n\r\n", "bad_response"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_is_an_outcome(tmp_path: Path, name: str) -> None:
    pytest.importorskip("aiohttp")
    data, reason = ANSWERS[name]
    cache = Cache(tmp_path / "fetched")
    with saying(data) as url:
        start = time.monotonic()
        fetch([url], FetchSettings(private=True, timeout=2.0, tries=1), Progress(quiet=True), cache)
        found = cache.outcome(url)
        assert found is not None and found.reason == reason
        assert time.monotonic() - start < 10


@pytest.mark.parametrize(
    "url",
    ["http://a\0b/x.png", "http://a/\ud83d.png", "http://\udcff/", "http://a/\x1b[2J", "http://[x", "http://a:-1/"],
)
def test_an_odd_address_is_refused_with_a_reason(tmp_path: Path, url: str) -> None:
    pytest.importorskip("aiohttp")
    assert plain_address(url) == ("", "bad_address")
    cache = Cache(tmp_path / "fetched")
    fetch([url, url], FetchSettings(timeout=2.0, tries=1), Progress(quiet=True), cache)
    assert cache.image(url) == "bad_address"


def test_what_a_library_raises_is_an_outcome(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("aiohttp")
    cache = Cache(tmp_path / "fetched")

    def broken(*arguments: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("leafinstruct.harvest.fetch.fetch.read_image", broken)
    with saying(b"HTTP/1.1 200 x\r\nContent-Length: 1\r\n\r\nx") as url:
        fetch([url], FetchSettings(private=True, timeout=2.0, tries=1), Progress(quiet=True), cache)
    found = cache.outcome(url)
    assert found is not None and found.reason == "failed_ZeroDivisionError"


def test_a_damaged_cache_is_one_line(tmp_path: Path) -> None:
    pytest.importorskip("aiohttp")
    cache = Cache(tmp_path / "fetched")
    cache.db.execute("DROP TABLE outcomes")
    with pytest.raises(LeafError, match="cache of fetched images fails .*no such table"):
        fetch(["http://127.0.0.1:1/"], FetchSettings(private=True, timeout=2.0), Progress(quiet=True), cache)


def test_numbers_of_a_server_are_finite() -> None:
    for text in ("nan", "inf", "-inf", "1e999", "-5", "x", "", "\udcff", "9" * 400, "Fri, 31 Dec 9999 23:59:59 +2359"):
        assert 0.0 <= retry_after(text) < 1e15
    for text in ("nan", "inf", "1e999", "-1", "x", "9" * 400):
        assert 0.0 <= verdict_of(RULES, f"User-agent: *\nCrawl-delay: {text}\n").delay <= 30.0


def test_addresses_from_headers_are_ascii() -> None:
    assert location("/\udcff é?a=%20b&c#d") == "/%FF %C3%A9?a=%20b&c#d"
    assert not is_refused_literal("http://a\0b/")
    assert is_refused_literal("http://[x/")


# What lies in a folder


def built(tmp_path: Path, tasks: RunTasks = run_tasks, **changes: Any) -> dict[str, Document]:
    """Documents of a build of the tree, by path; a build that hangs fails."""
    pipeline = make_project(tmp_path, tmp_path / "tree", filters=["image"], **changes)
    found: list[Run] = []
    build = partial(run_build, pipeline, tmp_path / "run", "filter", tasks=tasks)
    thread = threading.Thread(target=lambda: found.append(build()), daemon=True)
    thread.start()
    thread.join(60)
    assert found, "the build hangs or ended"
    run = found[0]
    before = files(run, "documents", "decisions")
    run_build(pipeline, tmp_path / "run", "filter")
    assert files(run, "documents", "decisions") == before, "odd files are not read again and again"
    tables = (run.table(f"documents/{name}.parquet") for name in run.partitions())
    return {one.path: one for table in tables for one in documents_from_table(table)}


def test_only_regular_files_are_opened(tmp_path: Path) -> None:
    site = tmp_path / "tree/wood"
    page(site, "stool")
    os.mkfifo(site / "pipe.md")
    os.mkfifo(site / "LICENSE")
    os.mkfifo(site / "images/pipe.png")
    (site / "COPYING").symlink_to("/dev/zero")
    (site / "zero.md").symlink_to("/dev/zero")
    (site / "images/zero.png").symlink_to("/dev/zero")
    (site / "circle").symlink_to(site)
    (site / "folder.md").mkdir()
    text = (site / "stool.md").read_text()
    put(site / "stool.md", f"{text}\n![a](images/pipe.png)\n\n![b](images/zero.png)\n")
    found = built(tmp_path)
    assert not found["wood/stool.md"].error and len(found["wood/stool.md"].images) == 3
    assert [image.reason for image in found["wood/stool.md"].lost] == ["missing", "missing"]
    assert found["wood/pipe.md"].error == "unreadable"
    assert found["wood/zero.md"].error == "outside_tree"


def test_names_that_no_file_has(tmp_path: Path) -> None:
    site = tmp_path / "tree/wood"
    page(site, "stool")
    names = [
        "a%00b.png",
        "%ed%a0%80.png",
        "n" * 5000 + ".png",
        "../" * 300 + "x.png",
        "data:x",
    ]
    put(site / "stool.md", (site / "stool.md").read_text() + "".join(f"\n![x]({name})\n" for name in names))
    found = built(tmp_path)["wood/stool.md"]
    assert not found.error and len(found.images) == 3 and len(found.lost) >= 4


NOT_UTF8 = os.fsdecode(b"st\xff\xfeol")


def test_file_names_that_are_no_text(tmp_path: Path) -> None:
    site = tmp_path / "tree/wood"
    page(site, "stool")
    (site / "stool.md").rename(site / f"{NOT_UTF8}.md")
    text = (site / f"{NOT_UTF8}.md").read_text()
    (site / "images/stool-1.png").rename(site / f"images/{NOT_UTF8}.png")
    put(site / f"{NOT_UTF8}.md", text.replace("images/stool-1.png", "images/st%FF%FEol.png"))
    put(site / f"{NOT_UTF8}-2.md", text)
    found = built(tmp_path)
    assert sorted(found) == ["wood/st\ufffd\ufffdol-2.md", "wood/st\ufffd\ufffdol.md"]
    assert not any(document.error for document in found.values())


@pytest.mark.parametrize("name", [NOT_UTF8, "/".join(["folder" * 8] * 6), "a\nb", "a\x1b[2Jb"])
@pytest.mark.parametrize("kind", ["mmc4", "warc", "steps"])
def test_rows_and_archives_under_odd_names(tmp_path: Path, kind: str, name: str) -> None:
    row = {"text_list": ["One.", "Two."], "image_info": [], "title": "T", "steps": ["One.", "Two."]}
    body = b"<html><body><article><h1>T</h1><p>Some text of a page.</p></article></body></html>"
    data = warc_gz(record("http://a/1", body)) if kind == "warc" else json.dumps(row).encode()
    file = put(tmp_path / "tree" / f"{name}.{'warc.gz' if kind == 'warc' else 'jsonl'}", data)
    found = built(tmp_path, sources=[{"name": "made", "kind": kind, "path": str(file)}])
    assert [document.error for document in found.values()] == [""]
    names = [one.name for one in (tmp_path / "run/documents").iterdir()]
    assert all(len(os.fsencode(one)) < 200 and one.isprintable() for one in names)


def test_a_document_whose_code_fails_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("stool", "spoon"):
        page(tmp_path / "tree/wood", name)

    def broken(blocks: Any, *more: Any) -> Any:
        if any("spoon" in block.ref for block in blocks):
            raise RecursionError
        return real(blocks, *more)

    from leafinstruct.harvest import tutorials

    real = tutorials.assemble
    monkeypatch.setattr(tutorials, "assemble", broken)
    found = built(tmp_path, run_here)
    assert found["wood/spoon.md"].error == "failed_RecursionError" and not found["wood/stool.md"].error


def test_stamps_of_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    names = ["/dev/zero", str(tmp_path / "pipe"), "a\0b", "\ud83d", str(tmp_path), "n" * 5000]
    stamps = file_stamps(names)
    assert {tuple(stamp) for stamp in stamps.values()} == {(-1, 0, "")}
    assert stamps_hold(json.loads(json.dumps(stamps)))
    (tmp_path / "pipe").unlink()
    put(tmp_path / "pipe", "now a file")
    assert not stamps_hold(stamps)


@pytest.mark.parametrize("name", ["/dev/zero", "a\0b", "\ud83d", "nowhere", "."])
def test_reading_what_is_no_file(name: str) -> None:
    with pytest.raises(OSError):
        read_regular(name, 10)


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_a_source_that_is_no_file_is_one_line(tmp_path: Path, kind: str) -> None:
    page(tmp_path / "tree/wood", "stool")
    os.mkfifo(tmp_path / "pipe")
    pipeline = make_project(tmp_path, tmp_path / "tree")
    place = {"pipe": str(tmp_path / "pipe"), "device": "/dev/zero"}[kind]
    edit(pipeline, sources=[{"name": "made", "kind": "mmc4", "path": place}])
    with pytest.raises(LeafError, match="is neither a file nor a folder") as said:
        run_build(pipeline, tmp_path / "run")
    assert "\n" not in str(said.value)


# Patterns


def test_patterns_match_as_glob_does(tmp_path: Path) -> None:
    chance = random.Random(4)
    names = ["a", "b", "ab", ".h", "[x]", "c.md", "d.md"]
    for _ in range(60):
        place = tmp_path.joinpath(*(chance.choice(names[:5]) for _ in range(chance.randint(0, 3))))
        put(place / chance.choice(names[5:]), "x")
    patterns = ["*", "**", "**/*.md", "a/**/*.md", "*/b*/*", "**/a/**/c.md", "[ab]/*", "?b/*.md", "a/./*", "nowhere/*"]
    for pattern in [*patterns, ".h/*", "**/.h/*", "a", "[[]x]/*"]:
        wanted = glob.glob(f"{glob.escape(str(tmp_path))}/{pattern}", recursive=True)  # noqa: PTH207
        assert matches(tmp_path, pattern) == sorted({Path(one) for one in wanted}), pattern


def test_many_stars_search_each_folder_once(tmp_path: Path) -> None:
    place = tmp_path
    for _ in range(60):
        place = place / "d"
    put(place / "x.md", "x")
    (tmp_path / "d/circle").symlink_to(tmp_path)
    start = time.monotonic()
    assert matches(tmp_path, "**/**/**/**/**/x.md") == [place / "x.md"]
    assert matches(tmp_path, "**/d/**/d/**/d/**/d/**/*.md") == [place / "x.md"]
    assert matches(tmp_path, "**/d*/**/?/**/*d*/**/y") == []
    assert time.monotonic() - start < 10


def test_a_pattern_over_a_whole_disk_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leafinstruct.harvest.files.MOST_FOLDERS", 50)
    for number in range(60):
        (tmp_path / str(number)).mkdir()
    with pytest.raises(LeafError, match=r"path '\*\*/x' searches more than 50 folders"):
        matches(tmp_path, "**/x")


@pytest.mark.parametrize("path", ["a\0b", "n" * 5000, "\ud83d/*", "[", "**/[", "/**/\0", "../" * 2000])
def test_a_path_that_matches_nothing_is_one_line(tmp_path: Path, path: str) -> None:
    page(tmp_path / "tree/wood", "stool")
    pipeline = make_project(tmp_path, tmp_path / "tree")
    from leafinstruct.harvest.sources import load_source
    from leafinstruct.pipeline import SourceSettings

    source = load_source(SourceSettings("made", "tutorial", {"path": path}), pipeline.parent.parent)
    with pytest.raises(LeafError, match="path '.*matches nothing|names no folder") as said:
        source.check()
    assert len(str(said.value)) < 800


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "a:\n "])
@pytest.mark.parametrize("count", [3000, 100_000])
def test_nested_settings_are_refused_at_once(tmp_path: Path, opening: str, count: int) -> None:
    text = opening * count if opening != "a:\n " else "".join(f"{' ' * n}a:\n" for n in range(min(count, 1000)))
    start = time.monotonic()
    with pytest.raises(LeafError, match=r"p\.yaml.*(nested more than|not valid YAML)"):
        read_yaml(put(tmp_path / "p.yaml", f"sources: {text}" if opening in "[{a: " else text))
    assert time.monotonic() - start < 20


def test_partition_names_are_short_and_different() -> None:
    odd = ["a/b.jsonl", "a" * 400, "b" + "a" * 399, NOT_UTF8, os.fsdecode(b"st\xff\xfdol"), "a\nb", "a b", "é" * 300]
    made = [partition_name(label) for label in odd]
    assert made[0] == "a+b.jsonl" and len(set(made)) == len(odd)
    assert all(0 < len(name.encode()) <= LONGEST_NAME - 10 and name.isprintable() for name in made)


def test_the_same_bytes_from_odd_inputs(tmp_path: Path) -> None:
    site = tmp_path / "tree/wood"
    page(site, "stool")
    odd = (site / "stool.md").read_text().replace("stool", "st\x00o\x1bol", 1)
    put(site / "spoon.md", f"{odd}\n\n&#xD83D; \x85 x\n")
    first = make_project(tmp_path, tmp_path / "tree", filters=["image"])
    assert shard_bytes(run_build(first, tmp_path / "a")) == shard_bytes(run_build(first, tmp_path / "b", workers=2))
