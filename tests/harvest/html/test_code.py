"""Code to the byte and its language, in the markup of highlighters and site generators."""

from __future__ import annotations

import pytest
from selectolax.lexbor import LexborHTMLParser

from leafinstruct.harvest.html.flow import Block
from leafinstruct.harvest.html.walk import walk


def blocks(html: str) -> list[Block]:
    tree = LexborHTMLParser(f"<body>{html}</body>")
    assert tree.body is not None
    return walk(tree.body)


def code(html: str) -> list[tuple[str, str]]:
    return [(block.code, block.source) for block in blocks(html) if block.code is not None]


@pytest.mark.parametrize(
    ("html", "language"),
    [
        ("<pre class='language-output'>a</pre>", "output"),
        ("<pre class='sourceCode cmd numberLines'>a</pre>", "cmd"),
        ("<pre class='sourceCode numberLines lineAnchors blocks'>a</pre>", "blocks"),
        ("<pre><code class='hljs language-plaintext'>a</code></pre>", ""),
        ("<figure class='highlight js'><pre>a</pre></figure>", "js"),
        ("<div class='highlight hl-ipython3'><pre>a</pre></div>", "python"),
        ("<div class='highlight-text-html-basic'><pre>a</pre></div>", "html"),
        ("<div class='mw-highlight mw-highlight-lang-lua'><pre>a</pre></div>", "lua"),
        ("<pre data-syntaxhighlighter-params='brush: java; gutter: false'>a</pre>", "java"),
        ("<pre class='src src-emacs-lisp'>a</pre>", "emacs-lisp"),
        ("<div class='code-panel'><pre>a</pre></div>", ""),
        ("<div class='lang-en'><pre>a</pre></div>", ""),
        ("<div class='language-de'><pre>a</pre></div>", ""),
        ("<div class='language-go'><p>b</p><pre>a</pre></div>", ""),
        ("<div class='highlight-go'><table><tr><td class='code'><div><pre>a</pre></div></td></tr></table></div>", "go"),
        ("<span class='lang'>ts</span><pre>a</pre>", ""),
    ],
)
def test_language(html: str, language: str) -> None:
    assert code(html) == [(language, "a")]


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<pre>\n  a  \n\tb\t\n\n</pre>", "  a  \n\tb\t"),
        ("<pre>\n   <code>a\n  b\n   </code>\n  </pre>", "a\n  b"),
        ("<pre><code><span class=line>a</span>\n<span class=line>  </span></code></pre>", "a\n  "),
        ("<pre><div class=line>a</div>\n<div class=line></div>\n<div class=line>b</div></pre>", "a\n\nb"),
        ("<pre><code>a</code><code>b</code></pre>", "a\nb"),
        ("<pre><span class=line>a</span><span class=line></span><span class=line>b</span></pre>", "a\n\nb"),
        ("<pre><span class=gatsby-highlight-code-line>a</span>b\nc</pre>", "a\nb\nc"),
        ("<pre><ol class=linenums><li>a</li><li></li><li>b</li></ol></pre>", "a\n\nb"),
        ("<pre>a <i class=conum data-value=1></i><b>(1)</b>\nb</pre>", "a \nb"),
        ("<pre><span class=copy-btn>Copy</span>a<textarea>b</textarea><style>c</style></pre>", "a"),
        ("<pre class=copyable><div class=copy-frame>print('a long line of code that is no button')</div></pre>",
         "print('a long line of code that is no button')"),
        ("<pre><code><span style='display:flex'><span style='white-space:pre;user-select:none'>1</span>"
         "<span>echo\n</span></span></code></pre>", "echo"),
        ("<pre><code><span style='display:block'>a</span><span style='display:block'> b</span></code></pre>", "a\n b"),
        ("<pre><div class=language-id>ts</div><div><code><div>a</div><div> b</div></code></div></pre>", "a\n b"),
        ("<pre><div><div>go<button>Copy</button></div><div><code class=language-go>a\n b\n</code></div></div></pre>",
         "a\n b"),
        ("<div class=geshi><ol><li><div>a</div></li><li><div>&nbsp;b</div></li></ol></div>", "a\n b"),
        ("<div class=ltx_listing><div><span class=ltx_tag_listingline>1</span>a</div><div>&nbsp;b</div></div>",
         "a\n b"),
        ("<xmp><b>a</b></xmp>", "<b>a</b>"),
        ("<p><code>a<br>b</code></p>", "a\nb"),
        ("<div class=fragment><div class=line><span class=lineno> 1</span>&#160;a</div><div class=line>"
         "<span class=lineno> 2</span>&#160;&#160;b</div></div>", "a\n b"),
        ("<div class=fragment><div class=line><span class=lineno> 1</span>a</div><div class=line>"
         "<span class=lineno> 2</span>  b</div></div>", "a\n  b"),
        ("<table><tr><td class=blob-num data-line-number=1></td><td class=blob-code>a</td></tr><tr><td class=blob-num>2"
         "</td><td class=blob-code>\n</td></tr><tr><td class=blob-num></td><td class=blob-code> b</td></tr></table>",
         "a\n\n b"),
        ("<div class='syntaxhighlighter a'><div class=toolbar>?</div><table><tr><td class=gutter><div>1</div></td>"
         "<td class=code><div class=line><code>a</code><code> = 1</code></div><div class=line>&nbsp;</div>"
         "<div class=line><code>&nbsp;&nbsp;</code><code>b</code></div></td></tr></table></div>", "a = 1\n\n  b"),
        ("<div class=crayon-syntax><span class=crayon-title>t</span><textarea class=crayon-plain>a\n b</textarea>"
         "<div class=crayon-line>a</div></div>", "a\n b"),
    ],
)  # fmt: skip
def test_text(html: str, text: str) -> None:
    assert [found for _, found in code(html)] == [text]


@pytest.mark.parametrize(
    ("html", "texts"),
    [
        ("<table><tr><td><pre class=lineno>1\n2</pre></td><td><pre>a\nb</pre></td></tr></table>", ["a\nb"]),
        ("<div><pre>7\n8</pre></div><div><pre>a\nb</pre></div>", ["a\nb"]),
        ("<div><pre>7\n9</pre></div><div><pre>a\nb</pre></div>", ["7\n9", "a\nb"]),
        ("<div><pre>2</pre></div><div><pre>a</pre></div>", ["2", "a"]),
    ],
)
def test_a_column_of_numbers_is_no_code(html: str, texts: list[str]) -> None:
    assert [text for _, text in code(html)] == texts


def test_plain_text_has_no_spaces_at_the_end() -> None:
    (block,) = blocks("<pre>a \n b  \n</pre>")
    assert (block.text, block.source) == ("a \n b", "a \n b  ")


def test_numbers_of_notebook_cells_are_no_text() -> None:
    found = blocks("<div class='prompt'>In [1]:</div><pre>a</pre><div class='prompt'>Out[1]:</div><pre>2</pre>")
    assert [block.text for block in found] == ["a", "2"]


def test_deep_markup_in_code_ends() -> None:
    assert code("<pre>" + "<span>" * 3000 + "a<div>b</div>") == [("", "ab")]
