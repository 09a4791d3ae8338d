from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from made.report import HOSTILE, assert_harmless
from made.tree import make_project, make_tree, picture, put, run_build, sentences
from selectolax.lexbor import LexborHTMLParser
from typer.testing import CliRunner

from leafinstruct.cli.app import app
from leafinstruct.document import (
    Content,
    Message,
    Part,
    documents_from_table,
    documents_to_table,
    records_from_table,
    records_to_table,
)
from leafinstruct.errors import LeafError
from leafinstruct.pipeline import load_pipeline
from leafinstruct.report.charts import histogram, label
from leafinstruct.report.frames import gather
from leafinstruct.report.gallery import rule_views
from leafinstruct.report.markdown import to_html
from leafinstruct.report.page import write_report
from leafinstruct.report.policy import content_policy
from leafinstruct.report.review import review_page
from leafinstruct.report.sample import draw, sample_page
from leafinstruct.run import Run

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
EVIL = "<script>window.planted=1</script><img src=x onerror='window.planted=2'><svg onload='window.planted=3'></svg>"
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A finished run with a page whose text, title and links are hostile; its pipeline file and its run folder."""
    folder = tmp_path_factory.mktemp("report")
    tree = make_tree(folder / "tree")
    text = "\n\n".join(sentences("evil", 12))
    body = f"# Evil `{EVIL}`\n\n{text}\n\n```\n{EVIL}</script>\n```\n\n![{EVIL}](e.png)\n\n[x](javascript:alert(1))\n"
    put(tree / "wood" / "evil.md", body)
    put(tree / "wood" / "e.png", picture("evil"))
    pipeline = make_project(folder, tree)
    run = run_build(pipeline, folder / "run")
    make_hostile(run)
    write_report(run, load_pipeline(pipeline))
    return pipeline, folder / "run"


def make_hostile(run: Run) -> None:
    """More texts for the page and its record, written as Markdown."""
    for name in run.partitions():
        documents = list(documents_from_table(run.table(f"documents/{name}.parquet")))
        for at, one in enumerate(documents):
            if one.path.endswith("evil.md"):
                documents[at] = replace(one, parts=(*one.parts, *(Part("text", text) for text in HOSTILE)))
                run.commit_table(f"documents/{name}.parquet", documents_to_table(documents), "f")
                records = list(records_from_table(run.table(f"records/{name}.parquet")))
                more = Message("assistant", tuple(Content("text", text) for text in HOSTILE))
                records = [replace(r, messages=(*r.messages, more)) if r.document == one.id else r for r in records]
                run.commit_table(f"records/{name}.parquet", records_to_table(records), "f")


def page_data(run: Path) -> dict[str, Any]:
    text = (run / "report/index.html").read_text(encoding="utf-8")
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert found
    return json.loads(found[1])


def test_it_holds_every_document_and_asks_for_nothing(made: tuple[Path, Path]) -> None:
    run = Run(made[1])
    documents = [d for n in run.partitions() for d in documents_from_table(run.table(f"documents/{n}.parquet"))]
    data = page_data(made[1])
    assert {row[0] for row in data["rows"]} == {d.id for d in documents} == set(data["documents"])
    page = (made[1] / "report/index.html").read_text(encoding="utf-8")
    own = page[: page.index('id="data"')]
    assert "default-src 'none'" in unescape(own) and "'unsafe-inline'" not in unescape(own).partition("script-src")[2]
    assert not re.search(r"(src|href)=.?(https?:)?//", own)


def test_markdown_is_rendered_in_the_page_and_stays_in_the_trace(made: tuple[Path, Path]) -> None:
    traces = page_data(made[1])["documents"]
    assert all("text" not in part for trace in traces.values() for part in trace["parts"])
    (evil,) = [trace for trace in traces.values() if trace["document"]["path"].endswith("evil.md")]
    rendered = list(map(to_html, HOSTILE))
    assert [part.get("html") for part in evil["parts"]][-len(HOSTILE) :] == rendered
    content = [entry for record in evil["records"] for entry in record["messages"][-1]["content"]]
    assert [entry["html"] for entry in content] == rendered
    asked = ["show", evil["document"]["id"], "--pipeline", str(made[0]), "--run", str(made[1])]
    traced = json.loads(CliRunner().invoke(app, [*asked, "--json"]).output)
    assert [part.get("text") for part in traced["parts"]][-len(HOSTILE) :] == HOSTILE
    shown = CliRunner().invoke(app, asked).output
    assert_harmless(shown)
    assert "never closed" in shown


def test_the_policy_names_the_scripts_of_the_page(made: tuple[Path, Path]) -> None:
    tree = LexborHTMLParser((made[1] / "report/index.html").read_text(encoding="utf-8"))
    scripts = [node.text() for node in tree.css("script:not([type])")]
    assert len(scripts) == 2 and tree.css("meta[http-equiv]")[0].attributes["content"] == content_policy(scripts)


def test_hostile_text_is_only_data(made: tuple[Path, Path]) -> None:
    page = (made[1] / "report/index.html").read_text(encoding="utf-8")
    assert "window.planted" in page
    assert EVIL not in page
    assert "<script>window.planted" not in page
    assert "onerror='window.planted" not in re.sub(r'<script type="application/json".*?</script>', "", page, flags=re.S)


def test_the_rules_of_a_run_say_what_they_dropped(made: tuple[Path, Path]) -> None:
    pipeline, run = load_pipeline(made[0]), Run(made[1])
    views = {view.label: view for view in rule_views(gather(run, pipeline), pipeline)}
    dropped: dict[str, int] = {}
    for name in run.partitions():
        for by in run.table(f"decisions/{name}.parquet", ["dropped_by"])["dropped_by"].to_pylist():
            dropped[by] = dropped.get(by, 0) + 1
    assert {label: view.dropped for label, view in views.items() if view.dropped} == {
        by: count for by, count in dropped.items() if by in views
    }
    short = views["text.too_short"]
    values = [dict(e.values)["text.words"] for e in short.examples_kept]
    assert values == sorted(values)
    assert min(values) >= 30


def test_a_large_run_is_looked_at_in_part(made: tuple[Path, Path]) -> None:
    frames = gather(Run(made[1]), load_pipeline(made[0]), most=8)
    assert not frames.whole
    assert 0 < len(frames.partitions) < frames.total_partitions


def test_without_decisions_there_is_no_report(tmp_path: Path) -> None:
    pipeline = make_project(tmp_path)
    run = run_build(pipeline, tmp_path / "run", stage="harvest")
    with pytest.raises(LeafError, match="--stage filter"):
        write_report(run, load_pipeline(pipeline))


def test_charts() -> None:
    import numpy as np

    values = np.array([1.0, 2.0, np.nan, 9.0])
    figure = histogram(values, np.array([True, False, True, True]), [], "words", "documents")
    assert figure
    assert [sum(bar["y"]) for bar in figure["data"]] == [2, 1]
    assert histogram(np.array([np.nan]), np.array([True]), [], "", "") is None
    assert label("<b>" + "x" * 60) == "&lt;b&gt;" + "x" * 36 + "…"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api")
    if not CHROMIUM:
        pytest.skip("no Chromium on this machine")
    with playwright.sync_playwright() as started:
        yield started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)


@contextmanager
def watched(browser: Any) -> Iterator[Any]:
    """A page that must not fail, ask the network for anything, or run a planted script."""
    page = browser.new_page(viewport={"width": 1200, "height": 800})
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.on("dialog", lambda dialog: (errors.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda asked: errors.append(asked.url) if asked.url.startswith("http") else None)
    yield page
    assert page.evaluate("window.planted") is None
    assert errors == []
    page.close()


@pytest.fixture
def tab(browser: Any, made: tuple[Path, Path]) -> Iterator[Any]:
    with watched(browser) as page:
        page.goto((made[1] / "report/index.html").as_uri())
        yield page


@pytest.mark.slow
def test_clicks_lead_from_the_funnel_to_the_reason(tab: Any) -> None:
    tab.locator("#funnel .js-plotly-plot").wait_for()
    tab.click("#funnel a[href='#rule-text.too_short']")
    assert tab.locator("details[id='rule-text.too_short']").get_attribute("open") is not None
    tab.click("details[id='rule-text.too_short'] .card >> nth=0")
    assert "Dropped by text.too_short" in tab.inner_text("#trace .verdict")
    assert "text.words = " in tab.inner_text("#trace .verdict")
    tab.keyboard.press("Escape")
    tab.wait_for_selector("#trace", state="hidden")


@pytest.mark.slow
def test_search_and_keyboard(tab: Any) -> None:
    everything = tab.locator("#rows tr").count()
    tab.keyboard.press("/")
    tab.keyboard.type("birdhouse")
    assert 0 < tab.locator("#rows tr").count() < everything
    tab.locator("#rows a").first.focus()
    tab.keyboard.press("Enter")
    tab.wait_for_selector("#trace:not([hidden])")
    assert tab.locator("#trace img").count() > 0


@pytest.mark.slow
def test_planted_script_does_nothing_and_is_shown_as_text(tab: Any) -> None:
    tab.fill("#find", "evil")
    tab.click("#rows a >> nth=0")
    tab.wait_for_selector("#trace:not([hidden])")
    assert "window.planted" in tab.inner_text("#trace-body")
    assert tab.locator("#trace a[href^='javascript']").count() == 0
    assert tab.locator("#trace :is(svg, script, iframe, style, .markdown img)").count() == 0
    assert tab.locator("#trace .part .markdown").count() > len(HOSTILE)
    assert tab.locator("#trace .message .markdown").count() > len(HOSTILE)
    assert "never closed" in tab.inner_text("#trace .message.assistant >> nth=-1")


@pytest.mark.slow
def test_a_script_that_gets_into_the_page_does_not_run(browser: Any, made: tuple[Path, Path], tmp_path: Path) -> None:
    """The second wall, behind the renderer: the page allows its own scripts only."""
    page = (made[1] / "report/index.html").read_text(encoding="utf-8")
    (tmp_path / "page.html").write_text(page.replace("<main", f"{EVIL}<main"), encoding="utf-8")
    tab = browser.new_page()
    tab.goto((tmp_path / "page.html").as_uri())
    tab.locator("#rows tr").first.wait_for()
    assert tab.locator("svg[onload]").count() == 1 and tab.evaluate("window.planted") is None
    tab.close()


@pytest.mark.slow
def test_samples_and_reviews_are_safe_too(browser: Any, made: tuple[Path, Path], tmp_path: Path) -> None:
    run = Run(made[1])
    shown = draw(run, 1000)
    assert any(c.text == HOSTILE[-1] for one in shown for m in one.record.messages for c in m.content)
    for name, page in (("sample", sample_page(run, shown)), ("review", review_page(run, shown))):
        (tmp_path / f"{name}.html").write_text(page, encoding="utf-8")
        with watched(browser) as tab:
            tab.goto((tmp_path / f"{name}.html").as_uri())
            assert "never closed" in tab.inner_text("body")
            if name == "review":
                tab.locator("input[type=radio]").first.check()
                with tab.expect_download() as saved:
                    tab.click("#save")
                assert "text_quality" in Path(saved.value.path()).read_text()


@pytest.mark.slow
def test_a_phone_needs_no_sideways_scrolling(tab: Any) -> None:
    tab.set_viewport_size({"width": 390, "height": 800})
    tab.click("#theme")
    tab.wait_for_timeout(500)
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    tab.fill("#find", "evil")
    tab.click("#rows a >> nth=0")
    tab.wait_for_selector("#trace:not([hidden])")
    assert tab.evaluate("document.querySelector('.overlay').scrollWidth") <= 390
    pre = tab.locator("#trace pre").evaluate_all("all => all.map(one => [one.clientWidth, one.scrollWidth])")
    assert max(width for width, _ in pre) < 390 < max(whole for _, whole in pre), "long code scrolls in its own box"
