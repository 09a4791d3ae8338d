from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from made.pages import RECIPE, URL
from typer.testing import CliRunner

from leafinstruct.cli import app
from leafinstruct.errors import LeafError
from leafinstruct.harvest.extract import extract_file, extract_lines, extract_text
from leafinstruct.harvest.html.blockmodel import FEATURES, Stats, features, is_content


def test_page_with_what_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(RECIPE)
    found = extract_file(path, URL)
    images = [(part.url.rpartition("/")[2], part.step) for part in found if part.type == "image"]
    assert images == [("1.jpg", 1), ("2.jpg", 2), ("3.jpg", 3)]
    reasons = {url.rpartition("/")[2]: reason for url, reason in found.left_out}
    assert reasons == {"logo.png": "icon_address", "fb.png": "icon_size"}
    text = "\n".join(extract_text(found))
    assert "[2] IMAGE https://example.org/a/2.jpg  caption: Turned" in text
    done = CliRunner().invoke(app, ["extract", str(path), "--url", URL, "--json"])
    assert json.loads(done.stdout)["parts"] == found.to_dict()["parts"]
    done = CliRunner().invoke(app, ["extract", str(path), "--markdown"])
    assert done.exit_code == 0 and "![fold](1.jpg)" in done.stdout and "| Size | Paper |" in done.stdout


def test_lines(tmp_path: Path) -> None:
    path = tmp_path / "pages.jsonl.gz"
    rows = [{"id": "a", "url": URL, "html": RECIPE}, {"id": "b", "url": URL, "html": "  "}]
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, rows)).encode()))
    done = CliRunner().invoke(app, ["extract", "--jsonl", str(path)])
    first, second = map(json.loads, done.stdout.splitlines())
    assert [p["url"][-5:] for p in first["parts"] if p["type"] == "image"] == ["1.jpg", "2.jpg", "3.jpg"]
    assert second == {"id": "b", "parts": [], "error": "empty"}


@pytest.mark.parametrize(("line", "said"), [("{", "is not valid JSON"), ("[]", "list"), ('{"id": "a"}', "'url'")])
def test_bad_lines_are_named(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "pages.jsonl"
    path.write_text(line)
    with pytest.raises(LeafError, match=f"pages.jsonl:1: .*{said}"):
        list(extract_lines(path))


def test_blocks_of_text() -> None:
    root = Stats(text=3000)
    said = Stats(depth=2, text=600, paragraphs=3)
    links = Stats(depth=2, text=200, linked=190, links=12, items=12)
    assert len(features("div", "x", said, root)) == len(FEATURES)
    assert is_content("div", "", said, root)
    assert not is_content("ul", "related", links, root)
    assert not is_content("div", "share-widget", Stats(depth=2, text=40), root)


def test_links_of_many_pages_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "pages.jsonl"
    html = f"<p>{'Many words about boats. ' * 9}See <a href='/knots'>knots</a>.</p>"
    path.write_text(json.dumps({"id": "a", "url": "https://boats.example/a", "html": html}) + "\n")
    for links, wanted in ((False, "See knots."), (True, "See [knots](https://boats.example/knots).")):
        (row,) = extract_lines(path, links)
        assert row["parts"][0]["text"].endswith(wanted)
