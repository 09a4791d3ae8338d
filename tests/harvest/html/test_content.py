"""What is kept of a page's main element: code and structure, however short and whatever they are called."""

from __future__ import annotations

import pytest
from made.pages import LONG, URL

from leafinstruct.harvest.html.page import parse_html

LINKS = "".join(f"<li><a href='/{n}'>Another page, number {n}</a></li>" for n in range(9))


def texts(markup: str) -> list[str]:
    """The blocks between two long paragraphs of an article."""
    page = parse_html(f"<main><p>{LONG * 3}</p>{markup}<p>{LONG * 3}</p></main>", URL)
    return [block.text for block in page.blocks if block.text != (LONG * 3).strip()]


@pytest.mark.parametrize(
    ("markup", "kept"),
    [
        ("<div class='code-toolbar'><pre>ls</pre><div class='toolbar'><span>Copy</span></div></div>", ["ls"]),
        ("<div class='highlight'><pre>ls</pre></div>", ["ls"]),
        ("<div class='frame'><div class='title'>run.sh</div><pre>ls\ncd a\nmake</pre></div>",
         ["run.sh", "ls\ncd a\nmake"]),
        ("<div role='tabpanel' hidden><p>Or:</p><pre>ls</pre></div>", ["Or:", "ls"]),
        ("<div role='tabpanel' hidden><p>Or buy one.</p></div>", ["Or buy one."]),
        ("<div class='tabpanel is-hidden' hidden><p>Or buy one.</p></div>", ["Or buy one."]),
        ("<div class='expand-content expand-hidden' style='display: none'><p>Dry.</p></div>", ["Dry."]),
        (f"<div role='tabpanel' hidden><ul>{LINKS}</ul></div>", []),
        ("<div hidden><p>Or buy one.</p></div>", []),
        (f"<div class='sidebar'><pre>ls</pre><ul>{LINKS}</ul></div>", []),
        (f"<div class='box'><pre>ls</pre><ul>{LINKS}</ul></div>", []),
        ("<div class='highlight'><table><tr><td class='linenos'><pre>1\n2</pre></td><td><pre>a\nb</pre></td></tr>"
         "</table></div>", ["a\nb"]),
        ("<div class='markdown-heading'><h2>Bow</h2><a class='anchor' href='#bow'></a></div>", ["Bow"]),
        ("<div class='mw-heading'><h2>Bow</h2><span class='mw-editsection'>[<a href='/e'>edit</a>]</span></div>",
         ["Bow"]),
        ("<div class='teaser'><h3><a href='/b'>Another paper boat to fold</a></h3></div>", []),
        ("<blockquote><ol><li>Fold</li></ol></blockquote>", ["1. Fold"]),
        ("<ul><li>Glue<dl><dt>Bone</dt><dd>old</dd></dl></li></ul>", ["- Glue", "Bone", "old"]),
        ("<ul><li>See<ul><li><a href='/a'>here</a></li></ul></li></ul>", ["- See", "  - here"]),
        ("<table><tr><td><ul><li>one</li></ul></td></tr></table>", ["- one"]),
        ("<div class='scroll-wrap'><div><table><tr><th>a</th><td>b</td></tr></table></div></div>", ["a | b"]),
        ("<ul class='task-list'><li><input type=checkbox>Cut</li></ul>", ["- Cut"]),
        ("<details><summary>Why?</summary><p>Dry.</p></details>", ["Why?", "Dry."]),
        ("<section><h2>Bow</h2><p>Dry.</p></section>", ["Bow", "Dry."]),
        ("<div class='note'><p>Dry.</p></div>", ["Dry."]),
        ("<h2>Sources</h2><ul class='simple'><li><a href='/a'>One of them</a></li></ul>", ["Sources", "- One of them"]),
        ("<div><div>1. Open <a href='/a'>the settings</a>.</div><div>2. Press <a href='/b'>OK</a>.</div></div>",
         ["1. Open the settings.", "2. Press OK."]),
        ("<div><div>1. <a href='/a'>Another page</a></div><div>2. <a href='/b'>One more</a></div></div>", []),
        (f"<h2>Related posts</h2><ul>{LINKS}</ul>", ["Related posts"]),
        ("<section><h2>Bow<a href='#bow'>¶</a></h2><p>See <a href='/b'>Boats</a> first.</p></section>",
         ["Bow", "See Boats first."]),
        ("<div class='grid'><div class='row'><div><div class='title'>Bow</div><p>Dry.</p></div></div></div>",
         ["Bow", "Dry."]),
        ("<div><div>“Dry?”</div><div>“Dry.”</div></div>", ["“Dry?”", "“Dry.”"]),
        ("<header><h2>Bow</h2></header>", ["Bow"]),
        ("<h2><div><a href='#bow'></a></div><div>Bow</div></h2>", ["Bow"]),
        ("<h2><a name='bow'>Bow</a></h2>", ["Bow"]),
        ("<ul class='list'><li><input type='checkbox'><b>1</b> l water</li></ul>", ["- 1 l water"]),
        ("<div class='media-text__content'><p>Glue.</p></div>", ["Glue."]),
        ("<div class='notes-header'><h3>Bow</h3><button>Copy</button></div>", ["Bow"]),
        ("<div class='header'><h3><a href='/b'>Boats</a></h3></div>", []),
        ("<p>Dry.<a class='footnote-backref' href='#r'>^</a><span class='sr-only'>(opens a new window)</span></p>",
         ["Dry."]),
        ("<dl><dt>bow(<em>a</em>)<a href='/s'><span class='viewcode-link'>[source]</span></a></dt></dl>", ["bow(a)"]),
        ("<p>Dry. <a href='#r'>↩</a></p>", ["Dry."]),
        ("<div class='sidebarblock'><div class='content'><div class='title'>Bow</div><p>Dry.</p></div></div>",
         ["Bow", "Dry."]),
        ("<div class='footnote'><p>Or wax.</p></div>", ["Or wax."]),
        ("<div>Good?<button>Yes</button></div>", []),
        ("<div style='top:3%'>1998</div>", []),
        ("<p>Press the <button>Save</button> button twice.</p>", ["Press the Save button twice."]),
        ("<p>Press it. <button>Copy</button></p>", ["Press it."]),
        ("<div><label>Paper</label><label>Wood</label></div>", ["Paper", "Wood"]),
        ("<h3><button aria-expanded='false'>Why dry?</button></h3><div>It floats.</div>", ["Why dry?", "It floats."]),
        ("<button class='accordion' aria-expanded='false'>Why dry?</button><p>It floats.</p>",
         ["Why dry?", "It floats."]),
        ("<div class='callout'><h4>Dry</h4><p>See <a href='/b'>how it floats</a></p></div>",
         ["Dry", "See how it floats"]),
        ("<div class='alert' role='alert'>Hot <b>wax</b>.</div>", ["Hot wax."]),
        ("<div class='author-bio'><img src='a.jpg' width='300'><p>Jane folds boats of all sizes.</p></div>", []),
        ("<div class='ad-slot'><span>Advertisement</span></div>", []),
        ("<div class='head-slot'><span>Words of it</span></div>", ["Words of it"]),
        ("<div><h2><a href='/b'>Another boat</a></h2><p>It floats.</p><p>By us.</p><p>Now.</p></div>", []),
    ],
)  # fmt: skip
def test_structure_is_kept_however_short(markup: str, kept: list[str]) -> None:
    assert texts(markup) == kept


def test_code_between_short_paragraphs_belongs_to_them() -> None:
    """The element with the most votes is one of many siblings."""
    step = "<p>Type this, and wait.</p>"
    code = "<div class='language-sh content'><div class='content'><pre>make boat</pre></div></div>"
    blocks = parse_html(f"<main>{step}{code}{step}<blockquote><p>Dry.</p></blockquote>{step}{code}</main>", URL).blocks
    assert [block.text for block in blocks if block.code is not None] == ["make boat"] * 2
    assert "Dry." in [block.text for block in blocks]


def test_sections_without_paragraphs_belong_to_those_with_some() -> None:
    section = f"<div><h3>Use</h3><div>{LONG}</div></div>"
    html = f"<body><div><h2>Boat</h2><div>{f'<p>{LONG * 3}</p>' * 6}</div>{section * 3}</div></body>"
    assert [block.text for block in parse_html(html, URL).blocks if block.heading] == ["Boat", "Use", "Use", "Use"]


@pytest.mark.parametrize(
    ("name", "title", "kept"),
    [
        ("clean-up-the-author-names", "Clean up the author names", True),
        ("share-a-boat-with-others", "1. Share a boat with others", True),
        ("author-box-of-the-site", "Clean up the names", False),
        ("share-buttons", "Share buttons", False),
    ],
)
def test_an_id_that_repeats_the_title_says_what_a_section_is_about(name: str, title: str, kept: bool) -> None:
    step = "<ol><li>Split out the names into cells</li><li>Choose the first one</li></ol>"
    section = f"<div class='callout' id='{name}'><div><h3>{title}</h3><div>{step}</div></div></div>"
    page = f"<body><main>{f'<p>{LONG * 3}</p>' * 4}{section}<p>{LONG}</p></main></body>"
    assert ("Choose the first one" in "".join(block.text for block in parse_html(page, URL).blocks)) == kept


def test_the_only_long_list_of_a_section_is_not_the_section() -> None:
    steps = "".join(f"<li><p>{LONG * 3}</p><p>{LONG * 3}</p></li>" for _ in range(8))
    inner = f"<div><div><div><h3>Row</h3></div></div><p>There are ways:</p><div><ol>{steps}</ol></div></div>"
    section = f"<div><div><div><h2>Boat</h2></div></div><p>It floats.</p>{inner}</div>"
    found = [block.text for block in parse_html(f"<body><nav><a href='/'>Up</a></nav>{section}</body>", URL).blocks]
    assert found[:4] == ["Boat", "It floats.", "Row", "There are ways:"]
    other = f"<body><div><h3>More stories</h3><div><h1>Boat</h1>{f'<p>{LONG * 3}</p>' * 8}</div></div></body>"
    assert "More stories" not in [block.text for block in parse_html(other, URL).blocks]


@pytest.mark.parametrize("paragraphs, shown", [(6, True), (1, False)])
def test_an_article_in_a_frame_with_the_names_of_a_popup_is_content(paragraphs: int, shown: bool) -> None:
    story = "The boat was drawn over the ice by six dogs, and nobody spoke, as the wind was too loud for words. " * 2
    teaser = "<li><a href='/x'>Another story of the day</a> which says a little of what it is about.</li>"
    page = (
        f"<body><ul>{teaser * 20}</ul>"
        f"<div class='modal-popup'><div><article>{f'<p>{story}</p>' * paragraphs}</article></div></div></body>"
    )
    assert ("six dogs" in "".join(block.text for block in parse_html(page, "https://news.example/a").blocks)) == shown


def test_rows_of_data_are_their_table() -> None:
    rows = "".join(f"<tr><td>E{n}</td><td>Error number {n} of the pump, as it says</td></tr>" for n in range(9))
    table = f"<table><tr><th>Code</th><th>Meaning</th></tr>{rows}</table>"
    blocks = parse_html(f"<body><h1>Codes</h1>{table}</body>", URL).blocks
    assert [block.text for block in blocks[:2]] == ["Codes", "Code | Meaning"]
    assert all(block.cells for block in blocks[1:])


def test_what_is_called_a_header_in_the_main_element_may_be_its_title() -> None:
    body = f"<div class='header'><div>Of <a href='/p'>a.b</a></div><h1>Pump</h1></div><section><p>{LONG}</p></section>"
    assert parse_html(f"<body><main>{body}</main></body>", URL).blocks[0].text == "Pump"


def test_footnotes_belong_to_what_is_before_them() -> None:
    page = f"<body><div id='content'><p>{LONG * 3}</p></div><div id='footnotes'><div>1. Wax.</div></div></body>"
    assert parse_html(page, URL).blocks[-1].text == "1. Wax."
