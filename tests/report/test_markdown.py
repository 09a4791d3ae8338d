"""Markdown as HTML and on a terminal: what it can say is rendered, everything else is text, and nothing is obeyed."""

from __future__ import annotations

import io
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made.report import ATTRIBUTES, HOSTILE, TAGS, assert_harmless
from rich.console import Console
from selectolax.lexbor import LexborHTMLParser

from leafinstruct.report.markdown import WEB, for_terminal, to_html

ALIGNED = re.compile("text-align:(left|right|center)")


def inner(markdown: str) -> str:
    html = to_html(markdown)
    assert html.startswith('<div class="markdown" dir="auto">') and html.endswith("</div>")
    return html.removeprefix('<div class="markdown" dir="auto">').removesuffix("</div>").strip()


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("## Glue *it*", "<h2>Glue <em>it</em></h2>"),
        ("H<sub>2</sub>O, **m<sup>*2*</sup>**, <kbd>Ctrl</kbd>",
         "<p>H<sub>2</sub>O, <strong>m<sup><em>2</em></sup></strong>, <kbd>Ctrl</kbd></p>"),
        ("a<sub>b<sup>c</sup></sub>", "<p>a<sub>b<sup>c</sup></sub></p>"),
        ("<sub>open, </sup>, <SUB>a</SUB>, <sub >b</sub >",
         "<p>&lt;sub&gt;open, &lt;/sup&gt;, &lt;SUB&gt;a&lt;/SUB&gt;, &lt;sub &gt;b&lt;/sub &gt;</p>"),
        ("<sub>*a</sub>*", "<p><sub>*a</sub>*</p>"),
        ("<sub>$a</sub> b$ c", '<p><sub><code class="math">$a&lt;/sub&gt; b$</code></sub> c</p>'),
        ("~~a~~ <b>b</b>", "<p><s>a</s> &lt;b&gt;b&lt;/b&gt;</p>"),
        ("<div>\n*a*\n</div>", "<p>&lt;div&gt;\n<em>a</em>\n&lt;/div&gt;</p>"),
        ("so $a_1*b_1*c$, $5 and $6", '<p>so <code class="math">$a_1*b_1*c$</code>, $5 and $6</p>'),
        ("so $$x<y$$.", '<p>so <code class="math">$$x&lt;y$$</code>.</p>'),
        ("$$\nx<y\n$$", '<pre><code class="language-tex">x&lt;y\n</code></pre>'),
        ("```py\na < b\n```", '<pre><code class="language-py">a &lt; b\n</code></pre>'),
        ("![an *alt*](i.png) ![](https://a.b/i.png 't')",
         "<p>![an *alt*](i.png) ![](https://a.b/i.png &quot;t&quot;)</p>"),
        ("[*up*](../up.md) [m](mailto:a@b.c)", "<p>[<em>up</em>](../up.md) [m](mailto:a@b.c)</p>"),
        ("[w](HTTPS://a.b/?c=1&d 't')",
         '<p><a href="HTTPS://a.b/?c=1&amp;d" title="t" rel="noopener noreferrer nofollow" target="_blank">w</a></p>'),
        ("[a][b]\n\n[b]: https://a.b 'hidden'", "<p>[a][b]</p>\n<p>[b]: https://a.b 'hidden'</p>"),
        ("a\\\nb\n\n---", "<p>a<br>\nb</p>\n<hr>"),
        ("7. a\n8. b", '<ol start="7">\n<li>a</li>\n<li>b</li>\n</ol>'),
        ("> " * 30 + "a", f"<pre><code>{'&gt; ' * 30}a\n</code></pre>"),
    ],
)  # fmt: skip
def test_markdown_is_rendered(markdown: str, html: str) -> None:
    assert inner(markdown) == html


def test_a_table_keeps_its_alignment() -> None:
    tree = LexborHTMLParser(to_html("| a | b |\n| --- | ---: |\n| `x\\|y` | 1 |"))
    assert [cell.text() for cell in tree.css("th, td")] == ["a", "b", "x|y", "1"]
    assert tree.css("td")[1].attributes == {"style": "text-align:right"}


def check_safe(markdown: str) -> None:
    """A browser's parser finds nothing that Markdown has no signs for, and the element is closed where it ends."""
    tree = LexborHTMLParser(f"<main>{to_html(markdown)}</main><aside></aside>")
    shown = tree.css_first("main")
    assert shown is not None and tree.css_first("body > aside") is not None
    assert [node.tag for node in shown.iter()] == ["div"]
    for node in shown.css("*")[1:]:
        assert node.tag in TAGS, node.html
        assert set(node.attributes) <= ATTRIBUTES
        if node.tag == "a":
            assert WEB.match(node.attributes["href"] or "") and node.attributes["rel"]
        if "style" in node.attributes:
            assert ALIGNED.fullmatch(node.attributes["style"] or "")


@pytest.mark.parametrize("markdown", HOSTILE, ids=lambda text: text[:24])
def test_hostile_markdown_is_only_text(markdown: str) -> None:
    check_safe(markdown)
    check_safe(f"- a\n\n  {markdown}")


@pytest.mark.parametrize("markdown", HOSTILE, ids=lambda text: text[:24])
def test_hostile_words_are_shown(markdown: str) -> None:
    shown = LexborHTMLParser(to_html(markdown)).text()
    for word in ("alert(1)", "onerror", "javascript:", "hidden", "never closed", "deep"):
        assert (word in shown) == (word in markdown) or "&" in markdown or "https://a.example" in markdown


PIECES = st.sampled_from(
    ["<", ">", "</", "sub>", "kbd>", "script>", "a", " ", "\n", "\n\n", "`", "```", "~~~", "[", "](", ")", "!", "<!--",
     "javascript:", "https://", "&#106;", "&lt;", '"', "'", "$", "$$", "|", "\n|-|-|\n", "> ", "- ", "1. ", "*", "\\",
     " onerror=", "\0", "\x1b", "\u202e", "    "]
)  # fmt: skip


@given(st.lists(PIECES, max_size=40).map("".join))
def test_no_markdown_is_obeyed(markdown: str) -> None:
    check_safe(markdown)
    assert_harmless(printed(markdown))


def printed(markdown: str, width: int = 60) -> str:
    out = io.StringIO()
    Console(file=out, width=width, force_terminal=True, color_system="truecolor").print(for_terminal(markdown))
    return out.getvalue()


@pytest.mark.parametrize("markdown", HOSTILE, ids=lambda text: text[:24])
@pytest.mark.parametrize("width", [8, 80])
def test_a_terminal_gets_no_control_characters(markdown: str, width: int) -> None:
    assert_harmless(printed(markdown, width))


def test_a_terminal_shows_what_the_text_says() -> None:
    shown = printed("## Cut\n\nH<sub>2</sub>O <div>x</div> $a*b*$ [up](https://a.b) ![i](j.png)\n\n```py\nx = 1\n```")
    shown = re.sub(r"\x1b\[[\d;]*m", "", shown)
    for words in ("Cut", "H<sub>2</sub>O <div>x</div> $a*b*$ up (https://a.b)", "![i](j.png)", "x = 1"):
        assert words in shown
    assert "##" not in shown and "```" not in shown


@pytest.mark.parametrize(
    "piece", ["[a](", "![a", "*a _b ", "<sub>", "<sub>$", "$a ", "[a](&#x6a;", "|a", "`a", "**", "x\n"]
)
def test_long_texts_take_no_longer_than_they_must(piece: str) -> None:
    """None of these is parsed in quadratic time: 4,000 of each took below a second."""
    began = time.perf_counter()
    to_html(piece * 4_000)
    assert time.perf_counter() - began < 5
