from __future__ import annotations

import gzip
import os
import re
import zlib
from pathlib import Path

import pyarrow as pa
import pytest
from made.harvest import harvest, index_of, picture, record, shape, warc_gz, write

from leafinstruct.document import document_id
from leafinstruct.errors import LeafError
from leafinstruct.harvest.sources import load_source
from leafinstruct.harvest.warc.encodings import MAX_BODY, decompress, unchunk
from leafinstruct.harvest.warc.index import build_index
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
    (document,) = (d for d in made.documents if not d.error)
    assert {(d.url, d.error) for d in made.documents if d.error} == {
        ("https://a.org/gone", "status_404"),
        ("https://a.org/x/gone.png", "status_404"),
    }
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
        ("http://a/404", "status_404"),
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


def shown(tmp_path: Path, *records: bytes) -> list[str]:
    """Names of the images in the first page of a WARC file, with the reasons of lost ones."""
    write(tmp_path, {"a.warc": b"".join(records)})
    document = next(d for d in harvest("warc", tmp_path, "a.warc").documents if d.parts)
    kept = [p.url.rpartition("/")[2] for p in document.parts if p.type == "image"]
    return kept + [f"{one.ref.rpartition('/')[2]}: {one.reason}" for one in document.lost]


@pytest.mark.parametrize("captured", ["l.png", "m.png", "s.png", "lazy.png", "whole.png", "dark.png"])
def test_the_candidate_that_was_captured_is_taken(tmp_path: Path, captured: str) -> None:
    markup = (
        "<picture><source media='(prefers-color-scheme: dark)' srcset='dark.png'>"
        "<img src='s.png' data-src='lazy.png' srcset='m.png 500w, l.png 900w'></picture>"
    )
    body = page().replace(b"</article>", f"<a href='whole.png'>{markup}</a></article>".encode())
    got = shown(tmp_path, record("http://a/p", body), record(f"http://a/{captured}", picture(9), "image/png"))
    assert got == [captured]


def test_candidates_are_taken_in_order_and_only_if_they_are_images(tmp_path: Path) -> None:
    body = page("s.png' srcset='l.png 900w, m.png 500w")
    images = [record(f"http://a/{name}.png", picture(n), "image/png") for n, name in enumerate("ms")]
    assert shown(tmp_path, record("http://a/p", body), record("http://a/l.png", b"<html>"), *images) == ["m.png"]
    assert shown(tmp_path, record("http://a/p", body), record("http://a/l.png", b"<html>")) == ["s.png: not_an_image"]


@pytest.mark.parametrize(
    "refers",
    [
        "WARC-Refers-To: <urn:uuid:1>\r\n",
        "WARC-Payload-Digest: sha1:3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ\r\n",
        "WARC-Payload-Digest: SHA-1:da39a3ee5e6b4b0d3255bfef95601890afd80709\r\n",
        "WARC-Refers-To: <urn:uuid:gone>\r\nWARC-Refers-To-Target-URI: http://b/o.png\r\n",
        "WARC-Refers-To-Target-URI: http://c/\r\nWARC-Payload-Digest: SHA1:3i42h3s6nnfq2msvx7xzkyayscx5qbyj\r\n",
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_a_revisit_shows_what_it_refers_to(tmp_path: Path, refers: str, first: bool) -> None:
    about = "WARC-Record-ID: <urn:uuid:1>\r\nWARC-Payload-Digest: sha1:3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ\r\n"
    original = record("http://b/o.png", picture(1), "image/png", warc=about)
    revisit = record("http://a/i.png", b"", "image/png", kind="revisit", warc=refers)
    order = (original, revisit) if first else (revisit, original)
    assert shown(tmp_path, record("http://a/p", page("i.png")), *order) == ["i.png"]


def test_a_revisit_of_a_redirect_leads_on_and_one_of_nothing_is_lost(tmp_path: Path) -> None:
    empty = "WARC-Payload-Digest: sha1:3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ\r\n"
    records = [
        record("http://a/p", page("i.png", "j.png")),
        record("http://b/", b"", status="302 Found", http="Location: /c.png\r\n", warc=empty),
        record("http://a/i.png", b"", status="302 Found", http="Location: /k.png\r\n", warc=empty, kind="revisit"),
        record("http://a/j.png", b"", warc=empty, kind="revisit"),
        record("http://a/k.png", picture(1), "image/png"),
    ]
    assert shown(tmp_path, *records) == ["i.png", "j.png: not_in_warc"]


@pytest.mark.parametrize(
    ("reference", "stored"),
    [
        ("http://a/Bild%20eins.png", "http://a/Bild eins.png"),
        ("http://a/x/%2e%2e/i.png", "http://a/i.png"),
        ("x\\i.png", "http://a/x/i.png"),
        ("http://straße.example/i.png", "http://xn--strae-oqa.example/i.png"),
        ("http://B%C3%BCcher.example/i.png", "http://xn--bcher-kva.example/i.png"),
        ("i.png?x=a%2Fb&amp;y=1", "http://a/i.png?y=1&x=a/b"),
    ],
)
def test_addresses_are_compared_in_one_form(tmp_path: Path, reference: str, stored: str) -> None:
    got = shown(tmp_path, record("http://a/p", page(reference)), record(stored, picture(1), "image/png"))
    assert len(got) == 1 and ":" not in got[0]


HTML = page() + b"<!-- " + b"x" * 500 + b" -->"


@pytest.mark.parametrize(
    ("mime", "about", "body", "error"),
    [
        (None, "", HTML, ""),
        ("text/plain", "WARC-Identified-Payload-Type: text/html\r\n", HTML, ""),
        ("text/html, text/html; charset=utf-8", "", HTML, ""),
        ("application/octet-stream", "", HTML, ""),
        ("application/xml", "", b"<?xml version='1.0'?>\n<!-- x -->\n" + HTML, ""),
        ("htm", "", HTML, ""),
        ("", "", b"<p>" + HTML, ""),
        (None, "", gzip.compress(HTML), ""),
        ("text/plain", "", HTML, "not_html"),
        ("application/pdf", "", b"%PDF-1.7" + HTML, "not_html"),
        (None, "", b"%PDF-1.7" + HTML, "not_html"),
        (None, "", b"Only words. " * 60, "not_html"),
        ("text/plain", "", b"too short", None),
        ("application/json", "WARC-Identified-Payload-Type: text/html\r\n", HTML, None),
        ("image/png", "WARC-Identified-Payload-Type: text/html\r\n", HTML, None),
        (None, "", picture(1, (900, 900), "BMP"), None),
        ("text/plain", "", picture(1, (900, 900)), None),
        ("text/plain", "", b"User-agent: * " * 99, "not_html"),
    ],
)
def test_the_content_decides_what_a_page_is_where_the_type_does_not(
    tmp_path: Path, mime: str | None, about: str, body: bytes, error: str | None
) -> None:
    one = record("http://a/p", body, mime or "-", warc=about, status="203 Non-Authoritative Information")
    if mime is None:
        head, _, rest = one.replace(b"Content-Type: -\r\n", b"").partition(b"Content-Length: ")
        length, _, rest = rest.partition(b"\r\n")
        one = head + b"Content-Length: %d\r\n" % (int(length) - len("Content-Type: -\r\n")) + rest
    write(tmp_path, {"a.warc": one})
    assert [d.error for d in harvest("warc", tmp_path, "a.warc").documents] == ([] if error is None else [error])


@pytest.mark.parametrize(
    ("part", "taken"), [("0-99/100", True), ("0-98/100", False), ("1-99/100", False), ("*", False)]
)
def test_a_range_of_the_whole_is_the_whole(tmp_path: Path, part: str, taken: bool) -> None:
    http = f"Content-Range: bytes {part}\r\n"
    image = record("http://a/i.png", picture(1), "image/png", status="206 Partial Content", http=http)
    got = shown(tmp_path, record("http://a/p", page("i.png")), image)
    assert got == (["i.png"] if taken else ["i.png: status_206"])


def test_resources_are_pages_and_a_crawlers_own_records_are_not(tmp_path: Path) -> None:
    def resource(url: str, mime: str) -> bytes:
        head = f"WARC/1.0\r\nWARC-Type: resource\r\nWARC-Target-URI: {url}\r\nContent-Type: {mime}\r\n"
        text = HTML.replace(b"Cut the string", "Größe".encode("cp1252"))
        return f"{head}Content-Length: {len(text)}\r\n\r\n".encode() + text + b"\r\n\r\n"

    own = [resource(url, "text/plain") for url in ("urn:text:http://a/", "metadata://wget/log", "http://a/robots.txt")]
    write(tmp_path, {"a.warc": resource("http://a/p", "text/html; charset=iso-8859-1") + b"".join(own)})
    (document,) = harvest("warc", tmp_path, "a.warc").documents
    assert document.url == "http://a/p" and "Größe" in document.text


def test_encodings_in_several_headers_and_in_transfer(tmp_path: Path) -> None:
    packed = gzip.compress(HTML)
    chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(packed), packed)
    twice = "Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n"
    write(
        tmp_path,
        {
            "a.warc": record("http://a/1", gzip.compress(packed), http=twice)
            + record("http://a/2", chunked, http="Transfer-Encoding: gzip, chunked\r\n")
            + record("http://a/3", packed)
        },
    )
    assert all("Cut the string" in d.text for d in harvest("warc", tmp_path, "a.warc").documents)


def test_check(tmp_path: Path) -> None:
    write(tmp_path, {"x.txt": "x"})
    (tmp_path / "d").mkdir()
    with pytest.raises(LeafError, match="no .warc"):
        load_source(SourceSettings("s", "warc", {"path": "d"}), tmp_path).check()


def zstd(data: bytes) -> bytes:
    return bytes(pa.compress(data, codec="zstd", asbytes=True))


@pytest.mark.parametrize("frames", ["each", "one"])
def test_files_compressed_with_zstandard(tmp_path: Path, frames: str) -> None:
    records = [record(f"http://a/{n}", page(str(n))) for n in range(3)]
    data = zstd(b"".join(records)) if frames == "one" else b"".join(map(zstd, records))
    write(tmp_path, {"in/a.warc.zst": data})
    assert sorted((d.url, d.error) for d in harvest("warc", tmp_path, "in").documents) == [
        (f"http://a/{n}", "") for n in range(3)
    ]


def test_what_the_reader_cannot_read_is_named(tmp_path: Path) -> None:
    write(
        tmp_path, {"dictionary.warc.zst": b"\x5d\x2a\x4d\x18\x04\x00\x00\x00word" + zstd(record("http://a/1", page()))}
    )
    assert [d.error for d in harvest("warc", tmp_path, "*").documents] == ["zstd_dictionary"]


@pytest.mark.parametrize("ends", [("\n", "\r\n"), ("\r\n", "\n"), ("\n", "\n")])
@pytest.mark.parametrize("packed", [False, True])
def test_lines_of_headers_may_end_without_a_carriage_return(
    tmp_path: Path, ends: tuple[str, str], packed: bool
) -> None:
    records = [record(f"http://a/{n}", page(str(n)), ends=ends) for n in range(3)]
    write(tmp_path, {"a.warc": warc_gz(*records) if packed else b"".join(records)})
    found = sorted((d.url, d.error) for d in harvest("warc", tmp_path, "a.warc").documents)
    assert found == [(f"http://a/{n}", "") for n in range(3)]


@pytest.mark.parametrize("status", ["404 Not Found", "503 Busy"])
def test_error_pages_are_counted(tmp_path: Path, status: str) -> None:
    write(tmp_path, {"a.warc": record("http://a/1", page(), status=status)})
    assert [d.error for d in harvest("warc", tmp_path, "*").documents] == [f"status_{status[:3]}"]


def test_a_record_without_a_length_costs_no_other(tmp_path: Path) -> None:
    broken = re.sub(rb"Content-Length: \d+\r\n\r\nHTTP", b"\r\nHTTP", record("https://a.org/x", page()))
    write(tmp_path, {"a.warc.gz": warc_gz(broken, record("https://a.org/y", page()))})
    made = harvest("warc", tmp_path, "*.warc.gz", license="CC-BY-4.0")
    assert {(d.url, d.error) for d in made.documents} == {("https://a.org/y", ""), ("", "warc_truncated")}


@pytest.mark.parametrize("packed", [True, False])
def test_names_of_headers_in_small_letters(tmp_path: Path, packed: bool) -> None:
    records = (record("https://a.org/x", page("i.png")), record("https://a.org/i.png", picture(1), "image/png"))
    small = [re.sub(rb"(?m)^(WARC-|Content-)[\w-]+:", lambda name: name[0].lower(), r, count=6) for r in records]
    write(tmp_path, {"a.warc": warc_gz(*small) if packed else b"".join(small)})
    (document,) = harvest("warc", tmp_path, "*.warc", license="CC-BY-4.0").documents
    assert (document.url, document.error, len(document.images)) == ("https://a.org/x", "", 1)
    write(tmp_path, {"a.warc": (tmp_path / "a.warc").read_bytes()[:-60]})
    errors = [d.error for d in harvest("warc", tmp_path, "*.warc", license="CC-BY-4.0").documents]
    assert errors == ["", "warc_truncated"]


def test_a_cut_brotli_body_keeps_what_was_there() -> None:
    brotli = pytest.importorskip("brotli")
    body = "".join(f"<p>{TEXT[: n % 90]} {n * n}</p>" for n in range(900)).encode()
    found = decompress(brotli.compress(body)[:-20], "br")
    assert body.startswith(found) and len(found) > len(body) / 2
