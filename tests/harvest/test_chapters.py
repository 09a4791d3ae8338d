"""Long pages are split at their chapters, in every format alike; what is short or has no chapters stays one."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from made.tree import picture, put, run_build, sentences

from leafinstruct import layout
from leafinstruct.document import (
    Document,
    LostImage,
    Part,
    chapter_id,
    document_id,
    documents_from_table,
    page_id,
)
from leafinstruct.harvest.chapters import LEAST_WORDS, MOST_IMAGES, MOST_WORDS, chapters
from leafinstruct.harvest.html.page import parse_html
from leafinstruct.pipeline import load_pipeline
from leafinstruct.removal import Removal, Removals, add_removals
from leafinstruct.report.funnel import funnel, funnel_lines
from leafinstruct.report.trace import trace
from leafinstruct.run import Run
from leafinstruct.score.exact import Scorer
from leafinstruct.shard.takedown_search import search

FILTERS = Path(__file__).parents[2] / "filters"


def heading(text: str, level: int = 2, anchor: str = "") -> Part:
    return Part("text", text=text, heading=level, anchor=anchor)


def text(words: int = 40) -> Part:
    return Part("text", text="word " * (words - 1) + "end.")


def pictures(count: int, begin: int) -> list[Part]:
    return [Part("image", image=f"{n:064x}") for n in range(begin, begin + count)]


def page(*parts: Part, url: str = "https://a.example/manual", **about: object) -> Document:
    one = Document("p" * 20, "s", "a.example", url, "a/manual.md", "", "Manual", "", "en", parts)
    return replace(one, **about)  # type: ignore[arg-type]


def chapter(number: int, count: int, level: int = 2, words: int = 40) -> list[Part]:
    return [heading(f"Chapter {number}", level), text(words), *pictures(count, 1000 * number)]


def test_the_bounds_are_those_of_the_text_filter() -> None:
    rules = {r["name"]: r["when"] for r in yaml.safe_load((FILTERS / "text.yaml").read_text())["rules"] if "when" in r}
    assert rules["too_many_images"] == f"count() > {MOST_IMAGES}"
    assert rules["too_long"] == f"words > {MOST_WORDS}"
    assert rules["too_short"] == f"words < {LEAST_WORDS}"


def test_a_short_page_is_unchanged() -> None:
    whole = page(heading("Manual", 1), *chapter(1, 30), *chapter(2, 30))
    assert chapters(whole) == [whole]


@pytest.mark.parametrize("parts", [chapter(1, 295), [*chapter(1, 100), *chapter(2, 195)], pictures(295, 1)])
def test_what_no_heading_makes_short_stays_one(parts: list[Part]) -> None:
    whole = page(heading("Manual", 1), *parts)
    assert chapters(whole) == [whole]


def test_chapters_of_a_manual() -> None:
    parts = [heading("Manual", 1), text(5), *(p for n in range(1, 6) for p in chapter(n, 59))]
    found = chapters(page(*parts))
    assert [d.title for d in found] == [f"Manual: Chapter {n}" for n in range(1, 6)]
    assert [d.url for d in found] == [f"https://a.example/manual#chapter-{n}" for n in range(1, 6)]
    assert [d.path for d in found] == [f"a/manual.md#chapter-{n}" for n in range(1, 6)]
    assert {page_id(d.id) for d in found} == {"p" * 20} and len({d.id for d in found}) == 5
    assert [p for d in found for p in d.parts] == parts
    changed = chapters(page(*parts[:2], *chapter(0, 3), *parts[2:]))
    assert {d.id for d in found} < {d.id for d in changed}, "a new chapter renames no other"


def test_an_introduction_is_a_document_if_it_is_enough() -> None:
    more = [*chapter(1, 40), *chapter(2, 40)]
    short, long = [heading("Manual", 1), text(30)], [heading("Manual", 1), text(30), *pictures(1, 9)]
    assert [len(d.parts) for d in chapters(page(*short, *more))] == [44, 42]
    first, *others = chapters(page(*long, *more))
    assert (first.id, first.url, first.title) == ("p" * 20, "https://a.example/manual", "Manual")
    assert [d.id for d in others] == [d.id for d in chapters(page(*short, *more))]


def test_only_long_chapters_are_split_again() -> None:
    inner = [heading("Chapter 2", 1), *chapter(21, 50, 2), *chapter(22, 50, 2)]
    found = chapters(page(*chapter(1, 20, 1), *inner, *chapter(3, 20, 1)))
    assert [d.title for d in found] == [
        "Manual: Chapter 1", "Manual: Chapter 2: Chapter 21", "Manual: Chapter 2: Chapter 22", "Manual: Chapter 3"
    ]  # fmt: skip
    assert found[1].parts[0].text == "Chapter 2"


def test_a_page_with_too_many_words_is_split() -> None:
    found = chapters(page(*chapter(1, 1, words=6000), *chapter(2, 1, words=6000)))
    assert len(found) == 2


def test_anchors_of_the_page_and_repeated_titles() -> None:
    titles = [
        heading("Use", anchor="use"),
        heading("Use"),
        heading("**Use**"),
        heading("???"),
        heading("A b/c", anchor="/x y"),
    ]
    found = chapters(page(*(p for n, h in enumerate(titles) for p in (h, text(), *pictures(20, 100 * n)))))
    assert [d.url.partition("#")[2] for d in found] == ["use", "use-1", "use-2", "section", "%2Fx%20y"]
    assert len({d.id for d in found}) == 5


def test_lost_images_stay_with_their_chapters() -> None:
    parts = [*chapter(1, 40), *chapter(2, 40)]
    lost = tuple(LostImage(at, str(at), "missing") for at in (0, 1, 42, 43, 84))
    found = chapters(page(*parts, lost=lost))
    assert [[(one.position, one.ref) for one in d.lost] for d in found] == [
        [(0, "0"), (1, "1"), (42, "42")], [(1, "43"), (42, "84")]
    ]  # fmt: skip


def test_procedures_and_steps_of_a_chapter_count_from_1() -> None:
    def steps(procedure: int, *numbers: int) -> list[Part]:
        return [replace(text(), procedure=procedure, step=number) for number in numbers]

    parts = [*chapter(1, 40), *steps(1, 1, 2), *chapter(2, 40), *steps(2, 1, 2), *steps(3, 4), *chapter(3, 1)]
    assert [[p.own_step for p in d.parts if p.step] for d in chapters(page(*parts))] == [
        [(1, 1), (1, 2)], [(1, 1), (1, 2)], []
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "value", "named"),
    [
        ("url", "http://www.a.example/manual/", 3), ("url", "https://a.example/manual#chapter-2", 3),
        ("site", "a.example", 3), ("path", "a/manual.md", 3), ("document", "p" * 20, 3), ("document", "", 1),
        ("url", "https://a.example/manua", 0), ("document", "p" * 19, 0),
    ],
)  # fmt: skip
def test_a_removal_of_a_page_is_one_of_its_chapters(kind: str, value: str, named: int) -> None:
    found = chapters(page(*(p for n in (1, 2, 3) for p in chapter(n, 40))))
    removals = Removals([Removal(kind, value or found[1].id)])
    assert sum(removals.names(d.url, d.site, d.path, d.id) for d in found) == named


def test_an_address_that_names_a_page_by_its_fragment_stays() -> None:
    found = chapters(page(*chapter(1, 40), *chapter(2, 40), url="https://a.example/#!/manual"))
    assert {d.url for d in found} == {"https://a.example/#!/manual"}
    assert all(Removals([Removal("url", "https://a.example/#!/manual")]).names(d.url, "") for d in found)


ANCHORS = {
    "docbook": '<div><div class="titlepage"><div><div><h2 class="title"><a id="here"></a>A</h2></div></div></div>',
    "sphinx": '<section id="here"><h2>A<a class="headerlink" href="#here">¶</a></h2>',
    "github": '<h2>A<a id="user-content-here" class="anchor" href="#here"></a></h2>',
    "own": '<h2 id="here">A</h2>',
    "mediawiki": '<h2><span class="mw-headline" id="here">A</span></h2>',
    "texinfo": '<div><a name="here"></a><h2>A</h2></div>',
    "asciidoctor": '<div class="sect1">\n<!-- - --><h2 id="here">A</h2>',
    "docbook 5": '<div class="chapter" id="here"><div class="titlepage"><h2 class="title">A</h2></div>',
}


@pytest.mark.parametrize("html", ANCHORS.values(), ids=ANCHORS)
def test_the_anchor_of_a_heading(html: str) -> None:
    body = f"<body><p>{'Some text before it, as on all pages. ' * 9}</p>{html}<p>{'And more of it. ' * 20}</p></body>"
    assert [b.anchor for b in parse_html(body, "", whole=True).blocks if b.heading] == ["here"]


def test_a_heading_after_other_text_has_no_anchor_of_its_section() -> None:
    html = f'<body><section id="there"><p>{"Some text before it. " * 20}</p><h2>A</h2><p>B</p></section></body>'
    assert [b.anchor for b in parse_html(html, "", whole=True).blocks if b.heading] == [""]


def _markdown() -> str:
    return "# Manual\n\n" + "".join(
        f"## Chapter {c} {{#ch{c}}}\n\n{' '.join(sentences(f'c{c}', 4))}\n\n"
        + "".join(f"![](i/{c}-{n}.png)\n\n" for n in range(25))
        for c in range(3)
    )


def _rst() -> str:
    return "Manual\n======\n\n" + "".join(
        f".. _ch{c}:\n\nChapter {c}\n---------\n\n{' '.join(sentences(f'c{c}', 4))}\n\n"
        + "".join(f".. image:: i/{c}-{n}.png\n\n" for n in range(25))
        for c in range(3)
    )


def _docbook() -> str:
    return "<!doctype html><html><head><title>Manual</title></head><body><h1>Manual</h1>" + "".join(
        f'<div class="chapter"><div class="titlepage"><h2 class="title"><a id="ch{c}"></a>Chapter {c}</h2></div>'
        f"<p>{' '.join(sentences(f'c{c}', 4))}</p>"
        + "".join(f'<p><img src="i/{c}-{n}.png"></p>' for n in range(25))
        + "</div>"
        for c in range(3)
    )


def _notebook() -> str:
    cells = [{"cell_type": "markdown", "metadata": {}, "source": piece} for piece in _markdown().split("\n\n") if piece]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4})


FORMATS = {"manual.md": _markdown, "manual.rst": _rst, "manual.html": _docbook, "manual.ipynb": _notebook}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("chapters")
    for c in range(3):
        for n in range(25):
            put(folder / f"docs/i/{c}-{n}.png", picture(f"{c}-{n}", size=(40, 30)))
    for name, write in FORMATS.items():
        put(folder / "docs" / name, write())
    put(folder / "docs/short.md", "# Short\n\n## A\n\nText.\n\n## B\n\n![](i/1-1.png)\n")
    pipeline = {
        "name": "made",
        "sources": [{"name": "s", "kind": "tutorial", "path": "docs", "license": "CC0-1.0"}],
        "filters": ["exact"],
        "rewrite": {"writer": "template", "tasks": {"illustrate": 1, "howto": 1}},
    }
    put(folder / "pipelines/made.yaml", yaml.safe_dump(pipeline))
    run_build(folder / "pipelines/made.yaml", folder / "run", stage="filter")
    return folder


def harvested(project: Path) -> list[Document]:
    run = Run(project / "run")
    return [d for name in run.partitions() for d in documents_from_table(run.table(layout.documents(name)))]


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_split_alike(name: str, project: Path) -> None:
    found = sorted((d for d in harvested(project) if d.path.startswith(f"docs/{name}")), key=lambda d: d.path)
    page = document_id("s", f"docs/{name}")
    assert [d.path for d in found] == [f"docs/{name}#ch{c}" for c in range(3)]
    assert [d.id for d in found] == [chapter_id(page, f"ch{c}") for c in range(3)]
    assert [d.title for d in found] == [f"Manual: Chapter {c}" for c in range(3)]
    assert [len(d.figures) for d in found] == [25, 25, 25]
    assert all(sentences(f"c{c}", 4)[0] in d.text for c, d in enumerate(found))


def test_short_pages_keep_their_ids(project: Path) -> None:
    (short,) = (d for d in harvested(project) if d.path == "docs/short.md")
    assert short.id == document_id("s", "docs/short.md")


def test_status_counts_the_pages_that_were_split(project: Path) -> None:
    counts = funnel(Run(project / "run"))
    assert (counts.split_pages, counts.chapters, counts.documents) == (4, 12, 13)
    assert "    split                4    long pages, into 12 chapters" in funnel_lines(counts)


def test_what_a_request_for_a_page_names_is_all_its_chapters(project: Path, tmp_path: Path) -> None:
    own = shutil.copytree(project, tmp_path / "project")
    add_removals(own, [Removal("path", "docs/manual.md"), Removal("document", document_id("s", "docs/manual.rst"))])
    run = run_build(own / "pipelines/made.yaml", own / "run", stage="filter")
    assert funnel(run).dropped_documents["removed"] == 6
    named = [d for d in harvested(own) if d.path.startswith(("docs/manual.md", "docs/manual.rst"))]
    assert {p.text for d in named for p in d.parts if p.type == "text"} == {"removed"}


def test_chapters_do_not_have_the_same_address() -> None:
    scorer = Scorer({})
    copies = [replace(page(*chapter(1, 40), *chapter(2, 40)), id=name * 20) for name in "pq"]
    table = scorer.map([d for copy in copies for d in chapters(copy)])
    first, second, *again = table["url_group"].to_pylist()
    assert first != second and again == [first, second]


def test_a_page_is_found_by_its_path_and_by_the_start_of_its_id(project: Path) -> None:
    run, page = Run(project / "run"), document_id("s", "docs/manual.rst")
    pipeline = load_pipeline(project / "pipelines/made.yaml")
    assert trace(run, pipeline, "docs/manual.md")["document"]["path"].startswith("docs/manual.md#ch")
    assert trace(run, pipeline, page)["document"]["path"].startswith("docs/manual.rst#ch")
    (found,) = search(run, [Removal("document", page[:8])], {Removal("document", page[:8]): []}, {})
    assert len(found.documents) == 3 and found.more == (Removal("document", page),)
