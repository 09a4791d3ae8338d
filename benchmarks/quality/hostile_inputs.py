"""Small inputs that cost much time or memory where a parser is careless, for every format that harvest reads.

Each is a case of its source: the files of a hostile document, in memory. `hostile.py` harvests them.
"""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

WORDS = "fold the paper and press it flat then turn it over "
Made = Callable[[], dict[str, bytes]]
"""Files of an input by their path."""


@dataclass(frozen=True)
class Case:
    """One input: the kind of its source, how its files are made, and settings of the source."""

    kind: str
    make: Made
    settings: dict[str, Any] = field(default_factory=dict)


def file(name: str, make: Callable[[], str | bytes]) -> Case:
    """A file in a folder of tutorials."""

    def files() -> dict[str, bytes]:
        made = make()
        return {name: made.encode() if isinstance(made, str) else made}

    return Case("tutorial", files)


def markdown(make: Callable[[], str], name: str = "bad.md") -> Case:
    return file(name, lambda: f"# Bad\n\n{make()}\n")


def html(make: Callable[[], str]) -> Case:
    return file("bad.html", lambda: f"<!doctype html><title>Bad</title><body><h1>Bad</h1>{make()}")


def rst(make: Callable[[], str]) -> Case:
    return file("bad.rst", lambda: f"Bad\n===\n\n{make()}\n")


def row(make: Callable[[], Any]) -> Case:
    """A row between two good ones."""
    settings = {"columns": {"text": "text", "images": "images"}}
    return Case("huggingface", lambda: {"rows.jsonl": rows(make())}, settings)


def rows(bad: Any, between: bytes = b"\n") -> bytes:
    good = [json.dumps({"text": f"{WORDS * 5}{n}", "images": []}).encode() for n in (1, 2)]
    return between.join([good[0], bad if isinstance(bad, bytes) else json.dumps(bad).encode(), good[1]])


def element(make: Callable[[], Any]) -> Case:
    settings = {"columns": {"text": "text", "images": "images"}}
    return Case("huggingface", lambda: {"rows.json": b"[" + rows(make(), b",") + b"]"}, settings)


def parquet() -> dict[str, bytes]:
    """A row whose text is stored in a few kilobytes and takes 2 GB."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    text = pa.array([WORDS * 5, "a" * (2**31 - 2**20), WORDS * 6], pa.large_string())
    out = io.BytesIO()
    pq.write_table(pa.table({"text": text}), out, compression="zstd", use_dictionary=False, row_group_size=1)
    return {"rows.parquet": out.getvalue()}


def record(url: str, body: bytes, headers: str = "") -> bytes:
    http = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n{headers}\r\n".encode() + body
    head = f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: {url}\r\nWARC-Date: 2024-01-01T00:00:00Z\r\n"
    head += f"Content-Type: application/http\r\nContent-Length: {len(http)}\r\n\r\n"
    return head.encode() + http + b"\r\n\r\n"


def warc(make: Callable[[], bytes], headers: str = "") -> Case:
    def files() -> dict[str, bytes]:
        good = [
            record(f"https://good.example/{n}", f"<body><h1>Good</h1><p>{WORDS * 8}{n}</p>".encode()) for n in (1, 2)
        ]
        return {"crawl.warc": good[0] + record("https://bad.example/", make(), headers) + good[1]}

    return Case("warc", files)


def captions(make: Callable[[], str]) -> Case:
    return Case("video", lambda: {"bad.mp4": b"no video", "bad.vtt": f"WEBVTT\n\n{make()}".encode()})


def notebook(cells: Callable[[], list[dict[str, Any]]]) -> Case:
    return file("bad.ipynb", lambda: json.dumps({"cells": cells(), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))


def front(make: Callable[[], str], mark: str = "---") -> Case:
    return file("bad.md", lambda: f"{mark}\n{make()}\n{mark}\n# Bad\n\n{WORDS}\n")


def merged(levels: int) -> str:
    lines = ["a0: &a0 {x: 1}"]
    lines += [f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}, *a{n - 1}, *a{n - 1}]}}" for n in range(1, levels)]
    return "\n".join(lines)


def laughs(levels: int) -> str:
    lines = ["title: hi", "a0: &a0 [lol,lol,lol,lol,lol,lol,lol,lol]"]
    lines += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 8)}]" for n in range(1, levels)]
    return "\n".join([*lines, f"substitutions: {{x: *a{levels - 1}}}"])


def chunks(count: int) -> bytes:
    return b"1\r\nx\r\n" * count + b"0\r\n\r\n"


def members(count: int) -> bytes:
    return gzip.compress(b"<p>x", mtime=0) * count


def grid(columns: int, lines: int) -> str:
    rule, cells = "+---" * columns + "+\n", "| a " * columns + "|\n"
    return rule + (cells + rule) * lines


LISTED: dict[str, Case] = {
    "html: spans with data-max-width": html(lambda: "<span data-max-width><img>" * 20_000),
    "html: spans with images": html(lambda: "<span data-max-width><img src=a.png>" * 20_000),
    "html: many attributes": html(lambda: ("<p " + " ".join(f"a{n}=b" for n in range(4900)) + ">x</p>") * 200),
    "html: many tags": html(lambda: "<p>x" * 2_000_000),
    "html: wide table": html(lambda: "<table><tr>" + "<td>x" * 1_000_000 + "</table>"),
    "html: list 3,000 deep": html(lambda: "<ul><li>x" * 3_000),
    "html: 100,000 links": html(lambda: "<a href=https://a.example/b>fold it</a> " * 100_000),
    "html: emphasis": html(lambda: "<p>" + "<b>a <i>b</i> c</b> " * 300_000),
    "html: words": html(lambda: "<p>" + WORDS * 200_000),
    "html: CJK": html(lambda: "<p>" + "折紙を折る" * 650_000),
    "html: alt texts": html(lambda: f'<p>{WORDS}<img src=a.png alt="{"image of " * 100_000}">' * 5),
    "markdown: div and images": markdown(lambda: "<div>" * 2_000 + "\n" + "![a](" * 2_000),
    "markdown: div and images in turn": markdown(lambda: "<div>![a](" * 2_000),
    "markdown: runs of backticks": markdown(lambda: " ".join("`" * n for n in range(1, 3_000))),
    "markdown: wide table": markdown(
        lambda: "|a" * 5_000 + "|\n" + "|-" * 5_000 + "|\n" + ("|b" * 5_000 + "|\n") * 100
    ),
    "markdown: emphasis": markdown(lambda: "*a **b _c " * 100_000),
    "markdown: tags": markdown(lambda: "<a <b " * 300_000),
    "markdown: 100,000 links": markdown(lambda: "[a](b) " * 100_000),
    "markdown: 100,000 references": markdown(
        lambda: "[a] " * 50_000 + "\n\n" + "\n".join(f"[r{n}]: b" for n in range(50_000))
    ),
    "markdown: list 3,000 deep": markdown(lambda: "\n".join("  " * n + "- a" for n in range(3_000))),
    "markdown: list 3,000 deep in a line": markdown(lambda: "- " * 3_000 + "a"),
    "markdown: words": markdown(lambda: WORDS * 200_000),
    "rst: inline marks": rst(lambda: "*a* ``b`` " * 10_000),
    "rst: open marks": rst(lambda: "*a ``b :c:`d " * 10_000),
    "front matter: merged aliases": front(lambda: merged(14)),
    "front matter: TOML key with dots": front(lambda: ".".join("a" * 40_000) + " = 1", "+++"),
    "warc: gzip of 500,000 members": warc(lambda: members(500_000), "Content-Encoding: gzip\r\n"),
    "row: 16 MB of words": row(lambda: {"text": WORDS * 320_000, "images": []}),
    "row: 16 MB of CJK": row(lambda: {"text": "折紙を折る" * 1_000_000, "images": []}),
}
OWN: dict[str, Case] = {
    "html: srcset of 200,000 candidates": html(
        lambda: f'<p>{WORDS}<img src=a.png srcset="{", ".join(f"{n}.png {n}w" for n in range(1, 200_000))}">'
    ),
    "html: tables in tables": html(lambda: "<table><tr><td>x" * 4_000),
    "html: cells over 1,000 columns": html(
        lambda: "<table>" + "<tr><td colspan=1000 rowspan=60000>x</td></tr>" * 3_000 + "</table>"
    ),
    "html: open links": html(lambda: "<a href=b>x<b>y" * 100_000),
    "html: open fonts": html(lambda: "<p>" + "".join(f"<font size={n % 9} a{n}>x<p>" for n in range(4_000))),
    "html: code of 300,000 spans": html(lambda: "<pre><code>" + "<span class=k>x</span>\n" * 300_000 + "</code></pre>"),
    "html: formulas": html(lambda: "<p>" + "<math><mfrac><mi>x</mi>" * 4_000),
    "html: figures": html(lambda: f"<figure><img src=a.png><figcaption>{WORDS}</figcaption></figure>" * 50_000),
    "html: classes": html(lambda: f'<div class="{"a-b_c " * 1_000_000}">{WORDS}</div>'),
    "html: comments": html(lambda: "<!--" * 1_000_000 + WORDS),
    "html: lists of definitions": html(lambda: "<dl>" + "<dt>a<dd><dl>" * 2_000),
    "markdown: quotes 5,000 deep": markdown(lambda: ">" * 5_000 + " a"),
    "markdown: brackets": markdown(lambda: "[" * 100_000 + "a" + "](b)" * 1_000),
    "markdown: images in images": markdown(lambda: "![" * 20_000 + "a" + "](b)" * 20_000),
    "markdown: formulas": markdown(lambda: "$a $$b " * 60_000),
    "markdown: footnotes": markdown(
        lambda: "[^a] " * 20_000 + "\n\n" + "\n\n".join(f"[^{n}]: b" for n in range(20_000))
    ),
    "markdown: comments": markdown(lambda: "<!-- " * 200_000),
    "markdown: attributes": markdown(lambda: "![a](b){.c " * 50_000),
    "markdown: line breaks and quotes": markdown(lambda: '[a](b "' * 50_000),
    "markdown: entities": markdown(lambda: "&" * 1_000_000),
    "markdown: definitions": markdown(lambda: "a\n: b\n\n" * 30_000),
    "markdown: hugo shortcodes": markdown(lambda: "{{< figure " * 30_000),
    "markdown: hugo pairs": markdown(lambda: "{{< tabs >}}{{% tab %}}" * 5_000),
    "markdown: jinja": markdown(lambda: "{% if a %}{{ b " * 30_000),
    "markdown: myst directives": markdown(lambda: "\n".join(":" * n + "{note} a" for n in range(1_500, 3, -1))),
    "markdown: myst roles": markdown(lambda: "{ref}`a <b " * 50_000),
    "markdown: containers": markdown(lambda: "::: note\n" * 5_000),
    "markdown: boxes": markdown(lambda: "\n".join("    " * n + "!!! note" for n in range(1_000))),
    "markdown: tabs": markdown(lambda: '=== "a"\n\n    b\n\n' * 20_000),
    "mdx: braces": markdown(lambda: "{" * 100_000, "bad.mdx"),
    "mdx: components": markdown(lambda: "<Tab title={a}>\n\n" * 5_000, "bad.mdx"),
    "mdx: expressions": markdown(lambda: "a {`${b}`} <C d={{e: '" * 20_000, "bad.mdx"),
    "mdx: imports": markdown(lambda: "import a from 'b'\n" * 50_000, "bad.mdx"),
    "mdx: strings": markdown(lambda: "export const a = `" + "${`" * 20_000, "bad.mdx"),
    "quarto: chunks": markdown(lambda: "```{r}\n#| echo: false\n```\n\n" * 20_000, "bad.qmd"),
    "front matter: aliases in aliases": front(lambda: laughs(11)),
    "front matter: deep lists": front(lambda: "a: " + "[" * 100_000),
    "front matter: numbers of base 60": front(lambda: "a: " + ":".join(["59"] * 50_000)),
    "front matter: TOML tables": front(lambda: "\n".join(f"[{'a.' * n}b]" for n in range(1, 1_500)), "+++"),
    "front matter: TOML lists": front(lambda: "a = " + "[" * 50_000, "+++"),
    "rst: sections": rst(lambda: "\n".join(f"Title {n}\n{'=-~^+*'[n % 6] * 20}\n\ntext\n" for n in range(20_000))),
    "rst: table": rst(lambda: grid(100, 200)),
    "rst: list 500 deep": rst(lambda: "\n\n".join("  " * n + "* a" for n in range(500))),
    "rst: substitutions": rst(
        lambda: (
            "|a9|\n\n"
            + "".join(f".. |a{n}| replace:: {f'|a{n - 1}| ' * 8}\n" for n in range(1, 10))
            + ".. |a0| replace:: haha\n"
        )
    ),
    "rst: targets": rst(lambda: "".join(f"`a{n}`_ and a{n}_ \n\n.. _a{n}: b\n\n" for n in range(10_000))),
    "rst: footnotes": rst(lambda: "[#]_ " * 10_000 + "\n\n" + ".. [#] a\n" * 10_000),
    "rst: labels": rst(lambda: ".. _a:\n" * 20_000 + "\ntext\n"),
    "rst: directives": rst(lambda: "\n\n".join("   " * n + ".. note::" for n in range(500))),
    "notebook: 100,000 cells": notebook(lambda: [{"cell_type": "markdown", "source": "*a*"}] * 100_000),
    "notebook: deep JSON": file("bad.ipynb", lambda: "[" * 1_000_000),
    "notebook: outputs": notebook(
        lambda: [
            {"cell_type": "code", "source": "a", "outputs": [{"output_type": "stream", "text": "\x1b[" * 20_000}] * 400}
        ]
    ),
    "notebook: output of HTML": notebook(
        lambda: [
            {
                "cell_type": "code",
                "source": "a",
                "outputs": [{"output_type": "display_data", "data": {"text/html": "<table><tr>" + "<td>x" * 15_000}}]
                * 100,
            }
        ]
    ),
    "row: a million images": row(lambda: {"text": ["a", None] * 500_000, "images": [None, "b.png"] * 500_000}),
    "row: deep JSON": row(lambda: b'{"text": ' + b"[" * 1_000_000),
    "row: markers": row(lambda: {"text": "<image>" * 300_000, "images": ["a.png"] * 300_000}),
    "array: an element of 200 MB": element(lambda: {"text": "a" * 200_000_000, "images": []}),
    "parquet: a text of 2 GB": Case("huggingface", parquet, {"columns": {"text": "text"}}),
    "warc: 5,000,000 chunks": warc(lambda: chunks(5_000_000), "Transfer-Encoding: chunked\r\n"),
    "warc: gzip in gzip": warc(
        lambda: gzip.compress(gzip.compress(bytes(400 << 20))), "Content-Encoding: gzip, gzip\r\n"
    ),
    "warc: 100,000 headers": warc(lambda: b"<p>x", "".join(f"X-{n}: a\r\n" for n in range(100_000))),
    "warc: spans with data-max-width": warc(lambda: b"<body><h1>a</h1>" + b"<span data-max-width><img>" * 20_000),
    "captions: a million cues": captions(lambda: "00:01.000 --> 00:02.000\nfold it\n\n" * 250_000),
    "captions: open tags": captions(lambda: "00:01.000 --> 00:02.000\n" + "<a" * 500_000),
    "captions: braces": captions(lambda: "00:01.000 --> 00:02.000\n" + "{\\a" * 300_000),
    "plan: names that include": Case(
        "tutorial",
        lambda: {"snippets/bad.md": b"# Bad\n\nfold\n{% include" + b"_a" * 40 + b"!"},
    ),
}
CASES = LISTED | OWN
