"""Bad input, a case each: it ends as a counted drop with a named reason, and the rest of the build is unharmed."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import PIL.Image
import pytest
from made.tree import assert_one_to_one, counts, make_project, make_tree, page, picture, put, run_build, sentences

from leafinstruct.report.funnel import Funnel


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def huge_header() -> bytes:
    """A PNG of a few bytes that claims 20,000 times 10,000 pixels."""
    header = struct.pack(">IIBBBBB", 20000, 10000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


def bomb() -> bytes:
    """A true image of 100 megapixels with one bit each: 12 kB that would become 300 MB as RGB."""
    out = io.BytesIO()
    PIL.Image.new("1", (10000, 10000)).save(out, "PNG", optimize=False)
    return out.getvalue()


def tutorial(image: str = "images/bad.png") -> str:
    """A page with two good images around the bad one."""
    body = [" ".join(sentences(f"bad {number}", 3)) for number in range(3)]
    good = ["![good](images/good-1.png)", f"![bad]({image})", "![good](images/good-2.png)"]
    return "\n\n".join(["# How to make a kite", *(part for pair in zip(body, good, strict=True) for part in pair)])


def with_image(data: bytes, name: str = "bad.png") -> Callable[[Path], None]:
    def add(repository: Path) -> None:
        put(repository / "images" / name, data)
        put(repository / "kite.md", tutorial(f"images/{name}"))

    return add


def with_link(link: str) -> Callable[[Path], None]:
    return lambda repository: put(repository / "kite.md", tutorial(link)) and None


def with_document(name: str, data: bytes | str) -> Callable[[Path], None]:
    return lambda repository: put(repository / name, data) and None


def link_to_passwd(repository: Path) -> None:
    (repository / "images").mkdir(parents=True, exist_ok=True)
    (repository / "images/bad.png").symlink_to("/etc/passwd")
    put(repository / "kite.md", tutorial())


def build(tmp_path: Path, add: Callable[[Path], None] | None) -> Funnel:
    """The made tree, a repository with the fault in it, and a build of both."""
    tree = make_tree(tmp_path / "tree")
    if add:
        for number in (1, 2):
            put(tree / f"kite/images/good-{number}.png", picture(f"kite {number}"))
        add(tree / "kite")
    run = run_build(make_project(tmp_path, tree), tmp_path / "run")
    assert_one_to_one(run)
    return counts(run)


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Funnel:
    return build(tmp_path_factory.mktemp("clean"), None)


LOST = {
    "empty image": (with_image(b""), "empty"),
    "page in place of an image": (
        with_image(b"<!DOCTYPE html><html><body>404 Not found</body></html>"),
        "not_an_image",
    ),
    "text in place of an image": (with_image(b"this is no picture at all\n"), "not_an_image"),
    "noise in place of an image": (with_image(bytes(range(256)) * 8), "unreadable_header"),
    "image cut in its header": (with_image(picture("cut")[:20]), "unreadable_header"),
    "image file that is missing": (with_link("images/nowhere.png"), "missing"),
    "link out of the tree": (with_link("../../../../../../../../etc/passwd"), "outside_tree"),
    "absolute link out of the tree": (with_link("/etc/passwd"), "missing"),
    "encoded link out of the tree": (with_link("..%2f..%2f..%2fetc%2fpasswd"), "outside_tree"),
    "symbolic link out of the tree": (link_to_passwd, "outside_tree"),
    "file address": (with_link("file:///etc/passwd"), "remote"),
    "image elsewhere": (with_link("https://example.invalid/a.png"), "remote"),
    "broken data address": (with_link("data:image/png;base64,####"), "bad_data_uri"),
}


@pytest.mark.parametrize("case", LOST)
def test_an_image_that_cannot_be_had_is_lost_with_a_reason(tmp_path: Path, clean: Funnel, case: str) -> None:
    add, reason = LOST[case]
    found = build(tmp_path, add)
    more = {name: n - clean.lost_images.get(name, 0) for name, n in found.lost_images.items()}
    assert {name: n for name, n in more.items() if n} == {reason: 1}
    assert (found.documents, found.images) == (clean.documents + 1, clean.images + 2), "the good images stay"
    assert found.records == clean.records + 1, "a document that does not speak of the image goes on without it"
    assert found.dropped_documents == clean.dropped_documents


DROPPED = {
    "truncated PNG": with_image(picture("truncated", size=(200, 200))[:-300]),
    "truncated JPEG": with_image(picture("truncated", "JPEG", (200, 200))[:-300], "bad.jpg"),
    "header of 200 megapixels": with_image(huge_header()),
    "image of 100 megapixels": with_image(bomb()),
    "PNG with broken data": with_image(picture("broken").replace(b"IDAT", b"IDAT\xff\xff", 1)),
}


@pytest.mark.parametrize("case", DROPPED)
def test_an_image_that_does_not_decode_is_dropped(tmp_path: Path, clean: Funnel, case: str) -> None:
    found = build(tmp_path, DROPPED[case])
    assert found.dropped_images["image.unreadable"] == clean.dropped_images["image.unreadable"] + 1
    assert found.kept_images == clean.kept_images + 2
    assert found.records == clean.records + 1
    assert found.dropped_documents == clean.dropped_documents


def test_a_wrong_ending_does_no_harm(tmp_path: Path, clean: Funnel) -> None:
    """The content decides: a JPEG named .png is a JPEG."""
    found = build(tmp_path, with_image(picture("mislabelled", "JPEG")))
    assert found.kept_images == clean.kept_images + 3
    assert found.dropped_images == clean.dropped_images


NO_DOCUMENT = {
    "binary file as Markdown": (with_document("kite.md", picture("binary", size=(300, 300))), "undecodable"),
    "empty file": (with_document("kite.md", ""), "empty"),
    "file of blanks": (with_document("kite.md", " \n\n\t\n"), "empty"),
    "page that is a comment": (with_document("kite.md", "<!-- nothing here yet -->\n"), "no_text"),
    "HTML without text": (with_document("kite.html", "<html><head><title>x</title></head><body></body>"), "no_text"),
    "ten megabytes of text": (with_document("kite.md", "All work and no play.\n" * 600_000), "too_large"),
}


@pytest.mark.parametrize("case", NO_DOCUMENT)
def test_an_input_that_is_no_document_is_counted(tmp_path: Path, clean: Funnel, case: str) -> None:
    add, reason = NO_DOCUMENT[case]
    found = build(tmp_path, add)
    assert found.dropped_documents == {**clean.dropped_documents, f"harvest:{reason}": 1}
    assert (found.documents, found.records) == (clean.documents + 1, clean.records)


def test_broken_html_is_read_as_browsers_read_it(tmp_path: Path, clean: Funnel) -> None:
    body = "<p>".join(f"{' '.join(sentences(f'html {n}', 3))} <img src='images/good-{n}.png'" + ">" for n in (1, 2))
    html = f"<html><body <div><h1>A kite</h1><p>{body}</span></table></ul><p>End <b>of <i>it</b> all.</i> <img src=''"
    found = build(tmp_path, with_document("kite.html", html))
    assert (found.documents, found.images) == (clean.documents + 1, clean.images + 2)
    assert found.records == clean.records + 1


@pytest.mark.slow
def test_all_at_once(tmp_path: Path, clean: Funnel) -> None:
    """Every fault in a repository of its own."""
    tree = make_tree(tmp_path / "tree")
    cases = {name: add for name, (add, _) in {**LOST, **NO_DOCUMENT}.items()} | DROPPED
    for number, add in enumerate(cases.values()):
        page(tree / f"r{number}", f"clean-{number}")
        add(tree / f"r{number}")
    run = run_build(make_project(tmp_path, tree, filters=["image", "text"]), tmp_path / "run")
    assert_one_to_one(run)
    found = counts(run)
    assert found.documents == clean.documents + 2 * len(cases)
    assert found.dropped_images["image.unreadable"] == 1 + len(DROPPED)
