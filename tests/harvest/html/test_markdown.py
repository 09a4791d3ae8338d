"""The Markdown of a page: exact code, tables, lists with their numbers, and nothing that only looks like markup."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made.markdown_pages import BLOCK
from markdown_it import MarkdownIt
from selectolax.lexbor import LexborHTMLParser

from leafinstruct.harvest.html.page import parse_html
from leafinstruct.harvest.html.render import image_markdown, markdown_of
from leafinstruct.harvest.html.walk import walk
from leafinstruct.text.plain import plain as words

READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def markdown(html: str) -> str:
    tree = LexborHTMLParser(f"<body>{html}</body>")
    assert tree.body is not None
    return markdown_of(walk(tree.body), image_markdown)


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<h2>A <em>b</em></h2><p>c</p>", "## A *b*\n\nc"),
        ("<p>Run <code>a `b` c</code> <b>now </b>.</p>", "Run ``a `b` c`` **now** ."),
        ("<p>H<sub>2</sub>O, <kbd>Ctrl</kbd>, <del>old</del></p>", "H<sub>2</sub>O, <kbd>Ctrl</kbd>, ~~old~~"),
        ("<p><b>http://</b>host <b></b>x<i> </i>y</p>", "http://host x y"),
        ("<p><b>a</b><b>b</b> <b><b>c</b></b></p>", "**ab** **c**"),
        ("<ol start='3'><li>c<li>d<ul><li>e</ul></ol>", "3. c\n4. d\n   - e"),
        ("<ul><li>a<ol start='2'><li>b</ol></ul>", "- a\n\n  2. b"),
        (
            "<ol><li>a<p>more</p><img src=i.png alt='x [y]'>after</li><li>b</ol>",
            "1. a\n\n   more\n\n   ![x \\[y\\]](i.png)\n\n   after\n2. b",
        ),
        ("<blockquote><p>a</p><ul><li>b</ul></blockquote>", "> a\n>\n> - b"),
        ("<pre class='language-sh'><code>ls\n  cd\n</code></pre>", "```sh\nls\n  cd\n```"),
        ("<pre>a ``` b\n```\n</pre>", "````\na ``` b\n```\n````"),
        ("<div class='highlight-python notranslate'><pre><span>a</span>=1</pre></div>", "```python\na=1\n```"),
        ("<pre class='brush: js; toolbar: false'>a</pre>", "```js\na\n```"),
        ("<div class='highlight highlight-source-shell'><pre>a</pre></div>", "```shell\na\n```"),
        (
            "<pre><code><div class=token-line>a</div><div class=token-line>b</div></code></pre>",
            "```\na\nb\n```",
        ),
        (
            "<table><thead><tr><th>a<th>b|c</thead><tr><td><code>x|y</code><td>2</table>",
            "| a | b\\|c |\n| --- | --- |\n| `x\\|y` | 2 |",
        ),
        (
            "<table><tr><td colspan=2>a<td>b<tr><td>1<td>2<td>3</table>",
            "| a |  | b |\n| --- | --- | --- |\n| 1 | 2 | 3 |",
        ),
        ("<p>1. no<br># list<br>- or<br>> quote</p>", "1\\. no\\\n\\# list\\\n\\- or\\\n\\> quote"),
        ("<p>a*b* _c_ snake_case 2 * 3 [d](e) &lt;f&gt; &amp;amp; $5 and $6$</p>",
         "a\\*b\\* \\_c\\_ snake_case 2 * 3 \\[d](e) \\<f> \\&amp; \\$5 and \\$6$"),
        ("<h2>2. Turn<br>- it</h2><h3># x</h3><h4><math display=block><annotation encoding='application/x-tex'>a"
         "</annotation></math></h4>", "## 2. Turn - it\n\n### # x\n\n#### $a$"),
        ("<ul><li><del>~/.rc</del> moved</ul><p>about ~5 <code>~</code></p>", "- ~~\\~/.rc~~ moved\n\nabout ~5 `~`"),
        ("<p><b>Title<br></b></p><p>~5 or ~6<br><br>x</p>", "**Title**\n\n\\~5 or \\~6\\\nx"),
        ("<p>---</p><p>a<br>===</p><h2>C #</h2>", "\\---\n\na\\\n\\===\n\n## C \\#"),
        ("<p><span class='math'>\\(\\text{cost $5$}\\)</span></p>", "`\\text{cost $5$}`"),
        ("<p><span class='math'>\\(x^2\\)</span> is</p>", "$x^2$ is"),
        ("<math><mi>x</mi><annotation encoding='application/x-tex'>{\\displaystyle x}</annotation></math>", "$x$"),
        ("<ul><li><input type=checkbox checked> a<ul><li><p><input type=checkbox>b</p></ul><li>c</ul>",
         "- [x] a\n  - [ ] b\n- c"),
        ("<ul><li><label><input type=checkbox>a</label><p>b</p></ul>", "- [ ] a\n\n  b"),
        ("<ul><li>a</li><ul><li>b</li></ul><li>c</li></ul>", "- a\n  - b\n- c"),
        ("<dl><dt>a<dt><p>b</p><dd>c<dt>d<dd><ul><li>e</ul></dl>", "**a**\n\n**b**\n\nc\n\n**d**\n\n- e"),
        ("<p>a</p><hr><p>b</p><hr>", "a\n\n---\n\nb"),
        ("<hr><ul><li>a<hr>b</ul>", "- a\n\n  b"),
        ("<div role=heading aria-level=3>a</div>", "### a"),
        ("<h2>a <span class=mw-editsection>[<a href=e>edit</a>]</span></h2>", "## a"),
        ("<h2>a<a class=anchor-link href='#a'>Link to a</a></h2>", "## a"),
        ("<h3><a class=anchor href='#b'>b</a></h3>", "### b"),
        ("<h3>c<a class=fnanchor href='#1'>[1]</a></h3>", "### c\\[1]"),
        ("<div><h2>a</h2><a class=sl-anchor-link href='#a'>Section a</a></div>", "## a"),
        ("<p><i><b>a</b>」<b>, </b></i></p>", "***a**」,*"),
        ("<p><i><b>a</b>b<b>c</b></i> <b><i>a</i>b</b></p>", "**a**b**c** ***a*b**"),
        ("<p><del><code>a</code></del><del><code>b</code></del></p>", "~~`ab`~~"),
        ("<p>from $HOME/a to $PATH$</p>", "from \\$HOME/a to \\$PATH$"),
    ],
)  # fmt: skip
def test_markup(html: str, expected: str) -> None:
    assert markdown(html) == expected


TEXT = st.text(st.sampled_from("ab *_`[]()<>#+-.!|\\~$&;1:=\n"), min_size=1, max_size=30)


@given(TEXT)
def test_text_that_looks_like_markdown_is_text(text: str) -> None:
    """Written, rendered and read again, the words are those of the page."""
    from html import escape

    before = markdown(f"<p>{escape(text)}</p>")
    assert plain(READER.render(before)) == plain(f"<p>{escape(text)}</p>")


def plain(html: str) -> str:
    return " ".join(LexborHTMLParser(f"<body>{html}</body>").text(deep=True).split())


@given(st.lists(BLOCK, min_size=1, max_size=4))
def test_the_words_of_any_nesting_stay(blocks: list[str]) -> None:
    """The page that a reader makes of the Markdown has the words of ours, in order."""
    page = "".join(blocks)
    assert plain(READER.render(markdown(page))).split() == plain(page.replace("<", " <")).split() or _spaced(page)


def _spaced(page: str) -> bool:
    """Markup inside a word: where a block ends cannot be seen from the text alone."""
    joined = plain(READER.render(markdown(page))).replace(" ", "")
    return joined == plain(page).replace(" ", "")


def test_a_whole_page_is_read_again_as_it_was() -> None:
    page = parse_html("<h1>A</h1><p>b <b>c</b></p><ol><li>d<ul><li>e</ul><li>f</ol><pre>g</pre>", "", whole=True)
    once = markdown_of(page.blocks, image_markdown)
    assert markdown(READER.render(once)) == once


LINKS = (
    "<p>See <a href='/x y?a=(1)'>the <b>page</b></a>, <a href='#n'>below</a>, <a href='mailto:a@b.example'>mail</a>, "
    "<a href='javascript:x'>x</a> or <a href='http://o.example/a_b'>[1] a_b</a><a href='//o.example'>2</a>.</p>"
)


@pytest.mark.parametrize(
    ("links", "expected"),
    [
        (None, "See the **page**, below, mail, x or [1] a_b2."),
        ("", "See the **page**, below, mail, x or [\\[1\\] a_b](http://o.example/a_b)2."),
        (
            "https://e.example/d/",
            "See [the **page**](https://e.example/x%20y?a=%281%29), below, mail, x or "
            "[\\[1\\] a_b](http://o.example/a_b)[2](https://o.example).",
        ),
    ],
)
def test_links(links: str | None, expected: str) -> None:
    tree = LexborHTMLParser(f"<body>{LINKS}</body>")
    assert tree.body is not None
    blocks = walk(tree.body, links=links)
    assert markdown_of(blocks) == expected
    assert blocks[0].text == "See the page, below, mail, x or [1] a_b2."
    assert words(expected) == blocks[0].text


def test_a_picture_in_a_link_ends_the_link() -> None:
    tree = LexborHTMLParser("<body><p>a <a href='http://o.example'>b <img src=i.png> c</a> d</p></body>")
    assert tree.body is not None
    assert markdown_of(walk(tree.body, links=""), image_markdown) == "a [b](http://o.example)\n\n![](i.png)\n\nc d"


def test_numbers_of_footnotes_are_no_superscripts() -> None:
    assert markdown("<p>As said<sup><a href='#fn1'>[1]</a></sup>, 2<sup>10</sup></p>") == "As said[1], 2<sup>10</sup>"
