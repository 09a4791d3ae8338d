"""Pages of manuals, as DocBook, docutils and generators of documentation write them."""

from __future__ import annotations

import pytest

from leafinstruct.harvest.html.page import extract_parts

SENTENCE = "The valve is open only while the float stands lower than the rim of the second basin, as it should."


def section(title: str, *content: str, level: int = 2) -> str:
    heading = f'<h{level} class="title"><a id="x"></a>{title}</h{level}>'
    return f'<div class="sect1"><div class="titlepage"><div><div>{heading}</div></div></div>{"".join(content)}</div>'


def texts(*content: str) -> list[str]:
    menu = '<div class="navheader"><table><tr><td><a href="p.html">Prev</a></td><td>Chapter 3</td></tr></table></div>'
    parts = extract_parts(f"<html><body>{menu}{''.join(content)}</body></html>", "https://manual.example/a.html")
    return [part["text"] for part in parts if part["type"] == "text"]


def test_all_sections_of_a_page_are_there_though_one_has_most_votes() -> None:
    short = [section(f"{n}. Part", f"<p>Press the {n} key.</p>", level=3) for n in "abcdef"]
    long = section("g. Other", *[f"<p>{SENTENCE}</p>"] * 2, level=3)
    found = texts(section("3. Keys", f"<p>{SENTENCE}</p>", *short, long))
    assert found[0] == "## 3. Keys"
    assert [text for text in found if text.startswith("###")] == [f"### {n}. Part" for n in "abcdef"] + ["### g. Other"]


@pytest.mark.parametrize("name", ["guimenu", "share", "menuchoice", "comment", "toolbar", "widget"])
def test_words_inside_a_sentence_stay_whatever_their_element_is_called(name: str) -> None:
    paragraph = f'<p>Open it by choosing <span class="{name}">Select</span> from the bar. {SENTENCE}</p>'
    assert any("choosing Select from the bar" in text for text in texts(section("1. Menus", *[paragraph] * 3)))


REMARK = "Before Stretch the browser had another name, since its logo was not free."


@pytest.mark.parametrize(
    "box",
    [
        f'<div class="sidebar"><div class="titlepage"><p class="title">Culture</p></div><div>{REMARK}</div></div>',
        f'<aside class="sidebar"><p class="sidebar-title">Culture</p><p>{REMARK}</p></aside>',
        f'<aside class="starlight-aside starlight-aside--note"><p>Culture</p><p>{REMARK}</p></aside>',
        f'<aside class="admonition note"><p>Culture</p><p>{REMARK}</p></aside>',
        f'<aside class="topic"><p class="topic-title">Culture</p><p>{REMARK}</p></aside>',
    ],
)
def test_a_remark_beside_the_text_belongs_to_it(box: str) -> None:
    found = "\n".join(texts(section("1. Browsers", *[f"<p>{SENTENCE}</p>"] * 3, box, f"<p>{SENTENCE}</p>")))
    assert REMARK in found and "Culture" in found


@pytest.mark.parametrize(
    "box",
    [
        f'<div class="sidebar"><h3>About me</h3><p>{REMARK}</p></div>',
        f"<aside><h3>More news</h3><p>{REMARK}</p></aside>",
        f'<aside class="related"><p>{REMARK}</p></aside>',
    ],
)
def test_the_column_beside_the_content_does_not(box: str) -> None:
    found = texts(f"<main><article>{f'<p>{SENTENCE}</p>' * 5}</article></main>", box)
    assert found and not any(REMARK in text for text in found)


def test_an_article_stays_the_content_of_a_page_with_many_links_beside_it() -> None:
    card = f'<div class="card"><img src="c.jpg"><h3><a href="/n">{SENTENCE}</a></h3><span>{SENTENCE}</span></div>'
    found = texts(
        f'<div class="story">{f"<p>{SENTENCE} Really.</p>" * 5}</div>', f'<div class="stream">{card * 9}</div>'
    )
    assert sum(text.count(SENTENCE) for text in found) == 5
