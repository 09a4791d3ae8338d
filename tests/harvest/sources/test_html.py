from __future__ import annotations

from pathlib import Path

import pytest
from made.harvest import by_path, harvest, picture, shape, write

TEXT = "Cut the string to the length of your arm, tie a knot at each end, and put it aside until the glue is dry. "


def page(body: str, head: str = "") -> str:
    top = f"<html lang=de><head><title>Knots</title>{head}</head>"
    return f"{top}<body><article>{body}<p>{TEXT * 3}</p></article></body></html>"


def test_saved_pages(tmp_path: Path) -> None:
    saved = "<!-- saved from url=(0023)https://knots.org/bowline -->"
    body = f"<p>{TEXT}</p><p><img src='Bowline_files/a.png'></p><p>{TEXT}</p><p><img src='https://x.org/far.png'></p>"
    files: dict[str, str | bytes] = {
        "site/Bowline.html": saved + page(body),
        "site/Bowline_files/a.png": picture(1, (400, 300)),
        "site/Bowline_files/frame.html": page("<p>frame</p>"),
        "site/deep/er/Reef.htm": page(f"<p>{TEXT}</p>", "<link rel=canonical href='https://knots.org/reef'>"),
        "site/deep/empty.html": "",
        "site/notes.txt": "no page",
    }
    made = harvest("html", write(tmp_path, files), "site")
    found = by_path(made)
    assert sorted(found) == ["site/Bowline.html", "site/deep/empty.html", "site/deep/er/Reef.htm"]
    bowline = found["site/Bowline.html"]
    assert "0:[a.png]" in shape(bowline)
    assert [(x.ref, x.reason) for x in bowline.lost] == [("https://x.org/far.png", "not_fetched")]
    assert (bowline.url, bowline.site, bowline.title) == ("https://knots.org/bowline", "knots.org", "Knots")
    assert bowline.language == "de"
    assert found["site/deep/er/Reef.htm"].url == "https://knots.org/reef"
    assert found["site/deep/empty.html"].error == "empty"


def test_links_are_kept_where_a_source_asks_for_them(tmp_path: Path) -> None:
    body = f"<p>{TEXT}See <a href='/hitch'>the hitch</a> or <a href='https://o.example/x'>x</a>.</p>"
    head = "<link rel=canonical href='https://knots.org/reef'>"
    root = write(tmp_path, {"site/a.html": page(body, head), "site/b.md": "See [x](https://o.example/x), [y](y.md)."})
    (kept,) = harvest("html", root, "site", links="keep").documents
    assert "See [the hitch](https://knots.org/hitch) or [x](https://o.example/x)." in kept.text
    (bare,) = harvest("html", root, "site").documents
    assert "See the hitch or x." in bare.text
    of_tree = by_path(harvest("tutorial", root, links="keep"))
    assert of_tree["site/b.md"].text == "See [x](https://o.example/x), y."


def test_a_new_page_changes_one_bucket(tmp_path: Path) -> None:
    from leafinstruct.harvest.sources import load_source
    from leafinstruct.pipeline import SourceSettings

    write(tmp_path, {f"site/{n}.html": page(f"<p>{n} {TEXT}</p>") for n in range(40)})
    source = load_source(SourceSettings("s", "html", {"path": "site", "partition": 10}), tmp_path)
    before = source.plan(None)
    write(tmp_path, {"site/new.html": page("<p>new</p>")})
    after = source.plan(len(before))
    assert sum(a != b for a, b in zip(before, after, strict=True)) == 1


@pytest.mark.parametrize("address", ["//x.org/a.png", "https://x.org/a.png"])
def test_addresses_to_fetch(tmp_path: Path, address: str) -> None:
    from leafinstruct.harvest.sources import load_source
    from leafinstruct.pipeline import SourceSettings

    head = "<link rel=canonical href='https://knots.org/p/reef'>"
    body = (
        f"<p>{TEXT}</p><p><img src='{address}'></p><p>{TEXT}</p><p><img src='gone.png'></p><p><img src='here.png'></p>"
    )
    write(tmp_path, {"site/a.html": page(body, head), "site/here.png": picture(1, (400, 300))})
    source = load_source(SourceSettings("s", "html", {"path": "site"}), tmp_path)
    (chunk,) = source.plan(None)
    assert list(source.addresses(chunk, None)) == [("https://x.org/a.png",), ("https://knots.org/p/gone.png",)]
    write(tmp_path, {"site/a.html": page(body, head + "<meta name=robots content='noimageai'>")})
    assert list(source.addresses(chunk, None)) == []
