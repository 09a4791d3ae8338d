from __future__ import annotations

import gzip
import os
import zlib
from pathlib import Path

import pyarrow as pa
import pytest
from made.harvest import harvest, index_of, picture, record, shape, warc_gz, write

from leafinstruct.document import document_id
from leafinstruct.errors import LeafError
from leafinstruct.harvest.sources import load_source
from leafinstruct.harvest.warc.index import build_index
from leafinstruct.harvest.warc.read import MAX_BODY, decompress, unchunk
from leafinstruct.pipeline import SourceSettings

TEXT = "Cut the string to the length of your arm, tie a knot at each end, and put it aside until the glue is dry. "


def page(*refs: str, head: str = "") -> bytes:
    images = "".join(f"<p>{TEXT}</p><p><img src='{ref}'></p>" for ref in refs)
    return f"<html><head>{head}</head><body><article><h1>T</h1>{images}<p>{TEXT}</p></article></body></html>".encode()


def test_images_from_any_file(tmp_path: Path) -> None:
    body = page("/moved.png", "same.png", "gone.png", "never.png", "html.png", "loop.png")
    pages = warc_gz(record("https://a.org/x/t.html", body), record("https://a.org/gone", b"x", status="404 Not Found"))
    images = warc_gz(
        record("http://A.org:80/moved.png", b"", status="301 Moved", http="Location: /new/m.png\r\n"),
        record("https://a.org/new/m.png#top", picture(1), "image/png"),
        record(
            "https://a.org/x/same.png",
            b"",
            "image/png",
            kind="revisit",
            warc="WARC-Refers-To-Target-URI: http://b.org/o.png\r\n",
        ),
        record("http://b.org/o.png", picture(2), "text/plain"),
        record("https://a.org/x/gone.png", b"no", status="404 Not Found"),
        record("https://a.org/x/html.png", b"<html>sorry</html>", "image/png"),
        record("https://a.org/x/loop.png", b"", status="302 Found", http="Location: loop2.png\r\n"),
        record("https://a.org/x/loop2.png", b"", status="302 Found", http="Location: loop.png\r\n"),
    )
    write(tmp_path, {"a.warc.gz": pages, "b.warc.gz": images})
    made = harvest("warc", tmp_path, "*.warc.gz", license="CC-BY-4.0")
    (document,) = made.documents
    assert [p.url for p in document.parts if p.type == "image"] == [
        "https://a.org/moved.png",
        "https://a.org/x/same.png",
    ]
    assert [made.images[sha].bytes for sha in document.images] == [picture(1), picture(2)]
    assert [(x.ref.rpartition("/")[2], x.reason) for x in document.lost] == [
        ("gone.png", "status_404"),
        ("never.png", "not_in_warc"),
        ("html.png", "not_an_image"),
        ("loop.png", "redirect_loop"),
    ]
    assert (document.site, document.license, document.title, document.path) == ("a.org", "CC-BY-4.0", "T", "a.warc.gz")
    assert {Path(f).name for f in made.files} == {"a.warc.gz", "b.warc.gz"}


def test_bodies_are_decoded(tmp_path: Path) -> None:
    packed = gzip.compress("<meta charset=latin1><p>Größe, und so weiter, im Haus</p>".encode("cp1252"))
    chunked = b"".join(b"%x\r\n%b\r\n" % (len(c), c) for c in (packed[:10], packed[10:])) + b"0\r\n\r\n"
    lies = b"<p>Plain body, though the header lies about it</p>"
    write(
        tmp_path,
        {
            "a.warc.gz": warc_gz(
                record("http://a/1", chunked, http="Transfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n"),
                record("http://a/2", lies, http="Transfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n"),
                record("http://a/3", lies, http="Content-Encoding: br\r\n"),
            )
        },
    )
    texts = {d.url: d.text for d in harvest("warc", tmp_path, "*.gz").documents}
    assert texts["http://a/1"] == "Größe, und so weiter, im Haus"
    assert texts["http://a/2"] == texts["http://a/3"] == "Plain body, though the header lies about it"


def test_unchunk_and_decompress() -> None:
    assert unchunk(b"3;x=y\r\nabc\r\n2\r\nde\r\n0\r\n\r\n") == b"abcde"
    assert unchunk(b"3\r\nabc\r\nzz") == b"abc"
    assert unchunk(b"no chunks") == b"no chunks"
    assert decompress(gzip.compress(b"abc" * 1000)[:-10], "gzip").startswith(b"abcabc")
    assert decompress(b"plain", "deflate") == b"plain"
    assert decompress(zlib.compress(b"abc")[2:-4], "deflate") == decompress(zlib.compress(b"abc"), "deflate") == b"abc"
    assert decompress(gzip.compress(b"abc") + gzip.compress(b"def") + b"rest", "gzip") == b"abcdef"
    assert decompress(pa.compress(b"abc" * 99, codec="zstd", asbytes=True), "zstd") == b"abc" * 99
    assert decompress(pa.compress(b"abc" * 99, codec="brotli", asbytes=True), "br") == b"abc" * 99
    packed = pa.compress(os.urandom(300_000), codec="brotli", asbytes=True)
    assert 100_000 < len(decompress(packed[:-9], "br")) <= 300_000
    assert len(decompress(gzip.compress(bytes(60 << 20), 1), "gzip")) == MAX_BODY


@pytest.mark.parametrize(
    ("charset", "codec", "text"),
    [
        ("x-sjis", "cp932", "①髙いところ"),
        ("Shift_JIS", "cp932", "①髙いところ"),
        ("euc-kr", "cp949", "똠방각하"),
        ("iso-8859-9", "cp1254", "İstanbul’da"),
        ("ks_c_5601-1987", "cp949", "각하"),
        ("iso-8859-1", "cp1252", "“quoted” €"),
    ],
)
def test_charsets_as_browsers_read_them(tmp_path: Path, charset: str, codec: str, text: str) -> None:
    body = f"<html><body><p>{text}</p></body></html>".encode(codec)
    write(tmp_path, {"a.warc": record("http://a/", body, mime=f"text/html; charset={charset}")})
    (document,) = harvest("warc", tmp_path, "a.warc").documents
    assert document.text == text


@pytest.mark.parametrize("packed", [True, False])
def test_cut_short(tmp_path: Path, packed: bool) -> None:
    """What stands before the cut stays; the rest is a row of its own."""
    records = [record(f"http://a/{n}", page() + os.urandom(200).hex().encode()) for n in range(3)]
    whole = warc_gz(*records) if packed else b"".join(records)
    write(tmp_path, {"a.warc.gz" if packed else "a.warc": whole[:-150]})
    made = harvest("warc", tmp_path, "a.*").documents
    assert sorted((d.url, d.error) for d in made) == [("", "warc_truncated"), ("http://a/0", ""), ("http://a/1", "")]


def test_every_cut_keeps_a_prefix(tmp_path: Path) -> None:
    records = [record(f"http://a/{n}", page()) for n in range(3)]
    members = [warc_gz(r) for r in records]
    whole = b"".join(members)
    path = tmp_path / "a.warc.gz"
    for end in range(1, len(whole), 13):
        path.write_bytes(whole[:end])
        complete = sum(sum(map(len, members[: n + 1])) <= end for n in range(3))
        *pages, last = build_index(path)["kind"].to_pylist()
        assert last == "error"
        assert pages in (["page"] * complete, ["page"] * (complete + 1))  # only the checksum may be missing


@pytest.mark.parametrize(
    ("data", "reason"), [(b"", "empty"), (b"hello " * 50, "not_a_warc"), (b"\x1f\x8bxxxx", "not_a_warc")]
)
def test_no_warc(tmp_path: Path, data: bytes, reason: str) -> None:
    write(tmp_path, {"a.warc.gz": data, "b.warc.gz": warc_gz(record("http://b/", page()))})
    made = harvest("warc", tmp_path, "*.gz").documents
    assert sorted((d.path, d.error) for d in made) == [("a.warc.gz", reason), ("b.warc.gz", "")]


def test_file_compressed_as_a_whole(tmp_path: Path) -> None:
    records = [
        record("http://a/1", page("i.png")),
        record("http://a/2", page()),
        record("http://a/i.png", picture(), "image/png"),
    ]
    write(tmp_path, {"a.warc.gz": gzip.compress(b"".join(records))})
    made = harvest("warc", tmp_path, "*.gz")
    assert "0:[i.png]" in [line for d in made.documents for line in shape(d)]
    assert [d.error for d in made.documents] == ["", ""]


def test_only_pages_become_documents(tmp_path: Path) -> None:
    records = [
        record("http://a/1", page()),
        record("http://a/1", page()),
        record("http://a/404", page(), status="404 Not Found"),
        record("http://a/i.png", picture(), "image/png"),
        record("http://a/r", b"", kind="revisit"),
        record("http://a/bad", b"{}"),
    ]
    write(tmp_path, {"a.warc.gz": warc_gz(*records)})
    made = harvest("warc", tmp_path, "*.gz").documents
    assert [(d.url, d.error) for d in made] == [
        ("http://a/1", ""),
        ("http://a/1", ""),
        ("http://a/bad", "not_html"),
    ] + [("http://a/r", "revisit_without_original")]
    assert [d.id for d in made[:2]] == [document_id("s", "http://a/1", 0), document_id("s", "http://a/1", 1)]


def test_chunks_cover_the_file_once(tmp_path: Path) -> None:
    records = [record(f"http://a/{n}", page() + os.urandom(9000)) for n in range(40)]
    write(tmp_path, {"a.warc.gz": warc_gz(*records)})
    source = load_source(SourceSettings("s", "warc", {"path": "a.warc.gz", "partition": 1}), tmp_path)
    chunks = source.plan(None)
    assert len(chunks) > 3
    index = index_of(source, tmp_path)
    urls = [d.url for chunk in chunks for d in source.harvest(chunk, index).documents]
    assert urls == [f"http://a/{n}" for n in range(40)]


def test_page_license_and_srcset(tmp_path: Path) -> None:
    head = "<link rel=license href='//creativecommons.org/publicdomain/zero/1.0/'>"
    body = page("s.png' srcset='m.png 500w, l.png 900w", head=head)
    write(tmp_path, {"a.warc": record("http://a/", body) + record("http://a/l.png", picture(9), "image/png")})
    (document,) = harvest("warc", tmp_path, "a.warc", license="MIT").documents
    assert document.license == "CC0-1.0"
    assert [p.url for p in document.parts if p.type == "image"] == ["http://a/l.png"]


def test_check(tmp_path: Path) -> None:
    write(tmp_path, {"x.txt": "x"})
    (tmp_path / "d").mkdir()
    with pytest.raises(LeafError, match="no .warc"):
        load_source(SourceSettings("s", "warc", {"path": "d"}), tmp_path).check()
