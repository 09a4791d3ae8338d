from __future__ import annotations

import base64
import json
import os
import pickle
import unicodedata
from pathlib import Path

import pytest
from made.harvest import by_path, harvest, picture, shape, write

from leafinstruct import plugins
from leafinstruct.document import LostImage
from leafinstruct.errors import LeafError
from leafinstruct.harvest.sources import load_source
from leafinstruct.pipeline import SourceSettings

MIT = "MIT License\n\nPermission is hereby granted, free of charge, to any person obtaining a copy of this software"
CORPUS = os.environ.get("LEAFINSTRUCT_CORPUS", "")


def source(root: Path, path: str = "*", **settings: object):  # type: ignore[no-untyped-def]
    return load_source(SourceSettings("s", "tutorial", {"path": path, **settings}), root)


def test_kinds() -> None:
    assert {"tutorial", "warc"} <= plugins.names(plugins.SOURCE)
    with pytest.raises(LeafError, match="did you mean 'tutorial'"):
        load_source(SourceSettings("s", "tutorials", {"path": "*"}), Path())


def test_document(tmp_path: Path) -> None:
    write(
        tmp_path / "tea",
        {
            "LICENSE.md": MIT,
            "CONTRIBUTING.md": "Please",
            "docs/brew.md": "# Brew\n\n1. Boil\n\n   ![kettle](img/Kettle.png)\n2. Pour\n",
            "docs/img/kettle.png": picture(1),
        },
    )
    made = harvest("tutorial", tmp_path, topic="cooking")
    document = by_path(made)["tea/docs/brew.md"]
    assert {d.path: d.error for d in made.documents if d.error} == dict.fromkeys(
        ("tea/LICENSE.md", "tea/CONTRIBUTING.md"), "not_a_document"
    )
    assert (document.path, document.site, document.title) == ("tea/docs/brew.md", "tea", "Brew")
    assert (document.license, document.topic, document.error) == ("MIT", "cooking", "")
    assert shape(document) == ["0:# Brew", "1:1. Boil", "1:[kettle.png]", "2:2. Pour"]
    assert document.parts[0].heading == 1
    assert set(made.images) == set(document.images)
    assert {Path(f).name for f in made.files} == {"brew.md", "kettle.png", "LICENSE.md"}


def test_images_are_found_under_a_path_that_climbs(tmp_path: Path) -> None:
    write(tmp_path / "corpus/tea", {"a.md": "Boil\n\n![](i.png)\n", "i.png": picture()})
    (tmp_path / "clone").mkdir()
    (document,) = harvest("tutorial", tmp_path / "clone", "../corpus/*").documents
    assert (len(document.images), document.lost) == (1, ())


def test_step_files_are_one_document(tmp_path: Path) -> None:
    pages = {f"en/step_{n}.md": f"## Part {n}\n\nText {n}\n\n![](i.png)\n" for n in (1, 2, 10)}
    write(
        tmp_path / "r",
        {**pages, "en/meta.yml": "---\ntitle: Whole\n", "en/i.png": picture(), "de-DE/step_1.md": "Hallo"},
    )
    made = by_path(harvest("tutorial", tmp_path))
    assert set(made) == {"r/en/", "r/de-DE/step_1.md"}
    assert made["r/en/"].title == "Whole"
    assert shape(made["r/en/"])[::3] == ["1:## Part 1", "2:## Part 2", "3:## Part 10"]
    assert (made["r/en/"].language, made["r/de-DE/step_1.md"].language) == ("en", "de-de")


def test_links(tmp_path: Path) -> None:
    repository = write(
        tmp_path / "in" / "r",
        {
            "static/pix/a.png": picture(1),
            "docs/b.png": picture(2),
            "docs/sub/c d.png": picture(3),
            "docs/fig/e.png": picture(4),
            "docs/sub/t.md": "![](/pix/a.png)\n\n![](../b.png?raw=true)\n\n"
            "![](<c d.png>)\n\n![](c%20d.png)\n\n![](fig/e.png)\n",
        },
    )
    (document,) = harvest("tutorial", tmp_path, "in/*").documents
    assert [p.url for p in document.parts] == [
        "static/pix/a.png",
        "docs/b.png",
        "docs/sub/c d.png",
        "docs/sub/c d.png",
        "docs/fig/e.png",
    ]
    assert repository.is_dir()


def test_lost_images(tmp_path: Path) -> None:
    write(tmp_path, {"secret.png": picture(5)})
    repository = write(
        tmp_path / "in" / "r",
        {
            "t.md": "One\n\n![](../../secret.png)\n\nTwo ![](/../../secret.png)"
            " ![](no.png) ![](https://e.org/x.png) ![](link.png)\n\n"
            "![](vector.svg) ![](page.png) ![](cut.png) ![](empty.png) "
            "![](data:image/png;base64,****) ![](deep/link/x.png)",
            "vector.svg": "<svg/>",
            "page.png": "<html>404</html>",
            "cut.png": picture()[:30],
            "empty.png": b"",
        },
    )
    (repository / "link.png").symlink_to(tmp_path / "secret.png")
    (repository / "deep").mkdir()
    (repository / "deep" / "link").symlink_to(tmp_path)
    made = harvest("tutorial", tmp_path, "in/*")
    (document,) = made.documents
    assert [lost.reason for lost in document.lost] == [
        "outside_tree",
        "outside_tree",
        "missing",
        "remote",
        "outside_tree",
        "svg",
        "not_an_image",
        "unreadable_header",
        "empty",
        "bad_data_uri",
        "missing",
    ]
    assert document.lost[0] == LostImage(1, "../../secret.png", "outside_tree")
    assert shape(document) == ["0:One", "0:Two"]
    assert not made.images
    assert str(repository / "no.png") in made.files
    assert not any("secret" in f for f in made.files)


NFD, NFC = (unicodedata.normalize(form, "Übung-é.png") for form in ("NFD", "NFC"))


@pytest.mark.parametrize(
    ("file", "reference", "page"),
    [
        (f"img/{NFD}", f"![](img/{NFC})", "a.md"),
        (f"img/{NFC}", f"![](img/{NFD})", "a.md"),
        (f"img/{NFD}", "![](img/%C3%9Cbung-%C3%A9.png)", "a.md"),
        ("img/Größe.png", "![](img/Gr%F6%DFe.png)", "a.md"),
        ("img/at 9.41.00\u202fAM.png", "![](<img/at 9.41.00 AM.png>)", "a.md"),
        ("img/a b.png", "![](img/a%2520b.png)", "a.md"),
        ("img/a%20b.png", "![](img/a%20b.png)", "a.md"),
        ("img/sub/a.png", "![](img\\\\sub\\\\a.png)", "a.md"),
        ("img/sub/a.png", "![](.\\img\\sub\\a.png)", "a.md"),
        ("img/sub/a.png", "<img src='img\\sub\\a.png'>", "a.md"),
        # written for the address that the page is published at
        ("docs/img/a.png", "<img src='../../img/a.png'>", "docs/guide/page.md"),
        ("docs/guide/pics/a.png", "<img src='../pics/a.png'>", "docs/guide/page.md"),
        ("docs/guide/page/a.png", "<img src='a.png'>", "docs/guide/page.md"),
        ("assets/a.png", "![](../../../../assets/a.png)", "_posts/2020-01-01-x.md"),
        # the root of the site is elsewhere in the repository
        ("website/static/docs/a.png", "![](/docs/a.png)", "docs/page.md"),
        ("website/static/a.png", "![](/a.png)", "docs/page.md"),
        ("site/_config.yml site/img/a.png", "![](/img/a.png)", "docs/page.md"),
        ("img/a.png", "![](/project/img/a.png)", "page.md"),
        ("web/public/img/a.png", "![](/project/img/a.png)", "docs/page.md"),
        ("docs/.vuepress/public/img/a.png", "![](/img/a.png)", "docs/page.md"),
        ("src/assets/a.png", "![](@/assets/a.png)", "page.md"),
        ("website/static/img/a.png", "![](pathname:///img/a.png)", "docs/page.md"),
        ("docs/img/a.png", "![](C:\\Users\\me\\r\\docs\\img\\a.png)", "page.md"),
        ("docs/img/a.png", "![](file:///home/me/r/docs/img/a.png)", "page.md"),
        # addresses of the repository, of its site, and in a mirror
        ("docs/a.png", "![](https://raw.githubusercontent.com/o/r/main/docs/a.png)", "page.md"),
        ("docs/a.png", "![](https://github.com/o/r/blob/main/docs/a.png?raw=true)", "page.md"),
        ("docs/a.png", "![](https://gitlab.com/o/p/r/-/raw/main/docs/a.png)", "page.md"),
        ("mkdocs.yml docs/img/a.png", "![](https://x.example/m/img/a.png)", "docs/page.md"),
        ("CNAME img/a.png", "![](http://x.example/img/a.png)", "page.md"),
        ("x.example/img/a.png", "![](//x.example/img/a.png?v=1)", "x.example/page.md"),
    ],
)
def test_images_where_they_are(tmp_path: Path, file: str, reference: str, page: str) -> None:
    *configs, image = [file] if "\u202f" in file or " b" in file else file.split()
    config = {"mkdocs.yml": "site_name: x\nsite_url: https://x.example/m/\n", "CNAME": "x.example\n"}
    write(
        tmp_path / "r", {image: picture(), page: f"Boil\n\n{reference}\n"} | {c: config.get(c, "x: y") for c in configs}
    )
    (document,) = harvest("tutorial", tmp_path, "r").documents
    assert (document.lost, [p.url for p in document.parts if p.type == "image"]) == ((), [image])


@pytest.mark.parametrize(
    ("files", "reference", "reason"),
    [
        ("a/static/i.png b/static/i.png", "/i.png", "missing"),
        ("other/deep/i.png", "/i.png", "missing"),
        ("docs/i.png", "https://raw.githubusercontent.com/o/another/main/docs/i.png", "remote"),
        ("docs/i.png", "https://x.example/docs/i.png", "remote"),
        ("docs/i.png", "../../../../../docs/j.png", "outside_tree"),
    ],
)
def test_an_image_that_only_looks_alike_is_not_taken(tmp_path: Path, files: str, reference: str, reason: str) -> None:
    write(
        tmp_path / "r",
        {name: picture(n) for n, name in enumerate(files.split())} | {"p/q.md": f"x\n\n![]({reference})"},
    )
    (document,) = harvest("tutorial", tmp_path, "r").documents
    assert [one.reason for one in document.lost] == [reason]


def test_the_first_candidate_in_the_tree_is_taken(tmp_path: Path) -> None:
    markup = "<img src='s.png' data-src='gone.png' srcset='l.png 900w, m.png 500w'>"
    dark = "![](dark.png#gh-dark-mode-only) ![](light.png#gh-light-mode-only)"
    files = {"m.png": picture(1), "s.png": picture(2), "dark.png": picture(3), "light.png": picture(4)}
    write(tmp_path / "r", {"a.md": f"Boil\n\n{markup}\n\nMore\n\n{dark}\n", **files})
    (document,) = harvest("tutorial", tmp_path, "r").documents
    assert (document.lost, shape(document)) == ((), ["0:Boil", "0:[m.png]", "0:More", "0:[light.png]"])


def test_front_matter_with_surrogate_pairs(tmp_path: Path) -> None:
    title = '"Smile \\ud83d\\ude00 \\\\ud83d \\ud83d"'
    write(tmp_path / "r", {"a.md": f"---\ntitle: {title}\nlang: de\n---\nx", "b.md": f"+++\ntitle = {title}\n+++\nx"})
    made = by_path(harvest("tutorial", tmp_path, "r"))
    assert {d.title for d in made.values()} == {"Smile \U0001f600 \\ud83d \ufffd"}
    assert made["r/a.md"].language == "de"


def test_what_is_not_read_is_counted(tmp_path: Path) -> None:
    write(
        tmp_path / "r",
        {
            "a.md": '# A\n\n--8<-- "snippets/b.md"\n',
            "a.adoc": "= A",
            "_part.mdx": "Part",
            "_includes/c.md": "C",
            "_layouts/page.html": "<p>{{ content }}</p>",
            "layouts/base.html": "x",
            "snippets/b.md": "From the **snippet**.",
            "snippets/page.md": "A page of its own.",
            "docs/t.html": "<body>{% block main %}<p>x</p>{% endblock %}</body>",
            "lesson.Rmd": "# R\n\nText.",
            "n.ipynb": "{",
            "data.txt": "no document",
        },
    )
    made = by_path(harvest("tutorial", tmp_path))
    assert {path.removeprefix("r/"): document.error for path, document in made.items()} == {
        "a.md": "",
        "a.adoc": "unsupported_format",
        "_part.mdx": "partial",
        "_includes/c.md": "partial",
        "_layouts/page.html": "template",
        "layouts/base.html": "template",
        "snippets/b.md": "partial",
        "snippets/page.md": "",
        "docs/t.html": "template",
        "lesson.Rmd": "",
        "n.ipynb": "broken_notebook",
    }
    assert shape(made["r/a.md"]) == ["0:# A", "0:From the **snippet**."]


def test_pages_include_files_of_the_tree(tmp_path: Path) -> None:
    pages = {
        "docs/a.mdx": "import Part from './parts/_part.mdx';\n\n# A\n\n<Part />\n\nEnd.",
        "docs/parts/_part.mdx": "A **part**.\n\n![i](i.png)\n",
        "docs/parts/i.png": picture(1),
        "m.md": "```{include} docs/parts/_part.mdx\n```\n\n```{literalinclude} x.py\n:lines: 2\n```",
        "x.py": "a = 1\nb = 2\n",
        "q.qmd": "{{< include _q.qmd >}}",
        "_q.qmd": "Of Quarto. {{< include _q.qmd >}}",
        "o.md": "![[note#Two]]\n\n![[i.png|300]]",
        "vault/note.md": "# One\n\nx\n\n## Two\n\ny\n\n## Three\n\nz",
        "c.md": '``` python\n--8<-- "x.py"\n```',
        "out.md": "```{include} ../../secret.md\n```\n\nText.",
    }
    write(tmp_path / "r", pages)
    (tmp_path / "secret.md").write_text("Secret")
    made = harvest("tutorial", tmp_path, "r")
    documents = by_path(made)
    assert shape(documents["r/docs/a.mdx"]) == ["0:# A", "0:A **part**.", "0:[i.png]", "0:End."]
    assert shape(documents["r/m.md"]) == ["0:A **part**.", "0:[i.png]", "0:```python\nb = 2\n```"]
    assert shape(documents["r/q.qmd"]) == ["0:Of Quarto."]
    assert shape(documents["r/o.md"]) == ["0:## Two", "0:y", "0:[i.png]"]
    assert shape(documents["r/c.md"]) == ["0:```python\na = 1\nb = 2\n```"]
    assert shape(documents["r/out.md"]) == ["0:Text."]
    assert not any(document.lost for document in made.documents)
    assert str(tmp_path / "r/vault/note.md") in made.files


def test_resources_of_a_page_by_the_begin_of_their_name(tmp_path: Path) -> None:
    page = '{{< imgproc spruce Fill "7x4" >}}\nA spruce.\n{{< /imgproc >}}\n'
    write(tmp_path / "r/content/x", {"index.md": page, "spruce-big.png": picture(1)})
    (document,) = harvest("tutorial", tmp_path).documents
    assert [(part.url, part.caption) for part in document.parts] == [("content/x/spruce-big.png", "A spruce.")]


def test_galleries_and_several_snippets(tmp_path: Path) -> None:
    pages = {
        "a.md": '{{< gallery match="gal/*" >}}\n\n{{< carousel images="{gal/1.png,gal/2.png}" >}}\n',
        "gal/1.png": picture(1),
        "gal/2.png": picture(2),
        "b.md": "--8<--\nparts/x.md\nparts/y.md\n--8<--\n\n{! parts/x.md !}\n",
        "parts/x.md": "Of x.",
        "parts/y.md": "Of y.",
        "c.md": "```{include} parts/z.md\n:start-after: <!-- begin -->\n```",
        "parts/z.md": "Before.\n\n<!-- begin -->\n\nAfter.",
    }
    write(tmp_path / "r", pages)
    made = by_path(harvest("tutorial", tmp_path))
    assert shape(made["r/a.md"]) == ["0:[1.png]", "0:[2.png]", "0:[1.png]", "0:[2.png]"]
    assert shape(made["r/b.md"]) == ["0:Of x.\n\nOf y.\n\nOf x."]
    assert shape(made["r/c.md"]) == ["0:After."]


def test_a_notebook_holds_its_images(tmp_path: Path) -> None:
    data = {"image/png": base64.b64encode(picture(1)).decode()}
    output = {"output_type": "display_data", "metadata": {}, "data": data}
    cell = {"cell_type": "code", "metadata": {}, "execution_count": 1, "source": "plot()", "outputs": [output]}
    book = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}
    write(tmp_path / "r", {"n.ipynb": json.dumps(book)})
    made = harvest("tutorial", tmp_path)
    assert [part.url for part in made.documents[0].parts if part.image] == ["n.ipynb#cell-1/output-1"]
    assert len(made.images) == 1


def test_a_badge_leaves_no_trace(tmp_path: Path) -> None:
    write(tmp_path / "r", {"t.md": "[![b](https://img.shields.io/x.svg)](https://x.org)\n\nHello"})
    (document,) = harvest("tutorial", tmp_path).documents
    assert (shape(document), document.lost) == (["0:Hello"], ())


def test_every_bad_file_is_a_row(tmp_path: Path) -> None:
    repository = write(
        tmp_path / "r",
        {
            "empty.md": b" \n",
            "binary.md": bytes(range(256)) * 4,
            "no.md": "<!-- nothing -->",
            "plain.html": "no markup at all",
            "broken.html": "<html><body><p>Half <b>a <table><tr><td>page &am",
            "broken.rst": "====\nHalf\n\n*a |page",
            "deep.html": "<div>" * 2000 + "deep",
            "latin.md": "Caf\xe9 au lait, with milk".encode("cp1252"),
            "large.md": b"x" * (10 * 2**20 + 1),
        },
    )
    (repository / "out.md").symlink_to("/etc/hostname")
    made = harvest("tutorial", tmp_path)
    errors = {d.path.removeprefix("r/"): d.error for d in made.documents}
    assert errors == {
        "empty.md": "empty",
        "binary.md": "undecodable",
        "no.md": "no_text",
        "plain.html": "not_html",
        "broken.html": "",
        "broken.rst": "",
        "deep.html": "",
        "latin.md": "",
        "large.md": "too_large",
        "out.md": "outside_tree",
    }
    assert all(not d.parts for d in made.documents if d.error)
    assert "Café" in by_path(made)["r/latin.md"].text


def test_licenses(tmp_path: Path) -> None:
    write(tmp_path / "stated", {"t.md": "---\nlicense: CC BY-SA 4.0\n---\nx", "LICENSE": MIT})
    write(
        tmp_path / "content",
        {"t.md": "x", "LICENCE": MIT, "LICENCE-CONTENT": "Attribution-ShareAlike 4.0 International"},
    )
    write(tmp_path / "nearest", {"a/t.md": "x", "a/LICENSE": "CC0 1.0 Universal", "LICENSE": MIT})
    write(tmp_path / "unknown", {"t.md": "x", "LICENSE": "All rights reserved."})
    made = {d.site: d.license for d in harvest("tutorial", tmp_path, license="CC-BY-4.0").documents}
    assert made == {"stated": "CC-BY-SA-4.0", "content": "CC-BY-SA-4.0", "nearest": "CC0-1.0", "unknown": "CC-BY-4.0"}


@pytest.mark.parametrize(
    ("path", "language"),
    [
        ("en/t.md", "en"),
        ("docs/pt_BR/t.md", "pt-br"),
        ("t.de.md", "de"),
        ("it/t.md", ""),
        ("locales/it/t.md", "it"),
        ("go/t.md", ""),
    ],
)
def test_language_of_a_path(tmp_path: Path, path: str, language: str) -> None:
    write(tmp_path / "r", {path: "text"})
    assert [d.language for d in harvest("tutorial", tmp_path).documents] == [language]


def test_buckets_are_stable(tmp_path: Path) -> None:
    write(tmp_path / "r", {f"{n}.md": f"Text {n}" for n in range(30)})
    first = source(tmp_path, partition=10).plan(None)
    assert len(first) == 3
    write(tmp_path / "r", {"new.md": "Text"})
    again = source(tmp_path, partition=10).plan(3)
    changed = [a.name for a, b in zip(first, again, strict=True) if a != b]
    assert len(changed) == 1
    assert sum(len(c.inputs) for c in again) == 31
    assert json.loads(json.dumps(first[0].spec)) == first[0].spec


def test_can_be_sent_to_another_process(tmp_path: Path) -> None:
    write(tmp_path / "r", {"t.md": "Text"})
    one = source(tmp_path)
    (chunk,) = one.plan(None)
    there, sent = pickle.loads(pickle.dumps((one, chunk)))
    assert there.harvest(sent, None) == one.harvest(chunk, None)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"path": "nowhere/*"}, "matches nothing"),
        ({"path": "*", "licence": "MIT"}, "did you mean 'license'"),
        ({"path": "*", "partition": "many"}, "it takes a whole number"),
        ({"path": "*", "partition": 0}, "1 or more"),
        ({"path": ""}, "'path' is missing"),
        ({"path": "file.md"}, "names no folder"),
    ],
)
def test_check(tmp_path: Path, settings: dict[str, object], message: str) -> None:
    write(tmp_path, {"file.md": "x", "r/t.md": "x"})
    with pytest.raises(LeafError, match=message):
        load_source(SourceSettings("s", "tutorial", settings), tmp_path).check()


@pytest.mark.slow
@pytest.mark.skipif(not CORPUS, reason="LEAFINSTRUCT_CORPUS does not name a corpus")
def test_corpus() -> None:
    rows = [json.loads(line) for line in Path(CORPUS, "manifest.jsonl").read_text().splitlines()]
    rows = [row for row in rows if "root" in row]
    made = by_path(harvest("tutorial", Path(CORPUS), "tutorials/*"))
    documents = available = found = 0
    for row in rows:
        document = made.get(row["path"].removeprefix("tutorials/"))
        documents += document is not None and not document.error
        urls = [p.url for p in document.parts if p.type == "image"] if document else []
        for image in row["images"]:
            if image["status"] in ("ok", "ok-case"):
                available += 1
                path = image["path"].removeprefix(row["root"] + "/")
                if path in urls:
                    urls.remove(path)
                    found += 1
    assert documents >= len(rows) - 2
    assert found >= 0.97 * available


def test_html_that_a_program_fills_is_a_template(tmp_path: Path) -> None:
    files = {
        "if.html": '<p v-if="hot">Hot</p>',
        "for.html": '<li *ngFor="let pot of pots">Pot</li>',
        "fill.html": "<h1>{{ message }}</h1>",
        "code.html": "<p>Write it so:</p><pre>{{ message }}</pre>",
        "alpine.html": '<!doctype html><body><p @click="open()">Hot</p></body>',
        "liquid.html": "---\ntitle: Tea\n---\n<p>Pour {{ site.cups }} cups.</p>{% if hot %}<p>Mind.</p>{% endif %}",
    }
    write(tmp_path / "r", files)
    made = harvest("tutorial", tmp_path)
    templates = {d.path.partition("/")[2] for d in made.documents if d.error == "template"}
    assert templates == {"if.html", "for.html", "fill.html"}
    liquid = by_path(made)["r/liquid.html"]
    assert [(part.text) for part in liquid.parts] == ["Pour cups.\n\nMind."]
