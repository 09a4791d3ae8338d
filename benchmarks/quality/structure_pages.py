"""HTML pages from Markdown, in the markup that site generators and themes write, with the structure of the source.

A dialect says how a generator writes code, headings, tables, lists and formulas, and what its pages have around the
text. Code is in colored pieces as by a highlighter, with copy buttons and line numbers where the generator has them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from html import escape
from typing import Any

from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from pygments.lexers import get_lexer_by_name
from pygments.token import STANDARD_TYPES
from pygments.token import Token as Kinds
from pygments.util import ClassNotFound
from structure_reader import INFO, Code, Structure, language_key, markdown_parser, plain_text, structure_of

HEADING_ID = re.compile(r"^(#{1,6} .*?)[ \t]*\{[#:.][^{}\n]*\}[ \t]*$", re.MULTILINE)
IMAGE_TAG = re.compile(r"<img\b[^<>]*>", re.I)
INLINE_TAG = re.compile(r"</?(?:br|kbd|sub|sup)\s*/?>", re.I)
Piece = tuple[str, str]
"""The short class of a token of code (`k` is a keyword) and its text."""


@dataclass(frozen=True, slots=True)
class Page:
    id: str
    dialect: str
    html: str
    main: str
    """The node that holds the text, for tools that look for none."""
    markdown: str
    """The source, or what is wanted of a hand-written page."""
    wanted: Structure
    math: bool


# Code


def lines_of(text: str, language: str) -> list[list[Piece]]:
    """Code as pieces of a highlighter, line by line; one piece a line where there is no lexer for the language."""
    pieces = _lexed(text, language) or [("", text)]
    lines: list[list[Piece]] = [[]]
    for kind, piece in pieces:
        for number, part in enumerate(piece.split("\n")):
            if number:
                lines.append([])
            if part:
                lines[-1].append((kind, part))
    return lines


def _lexed(text: str, language: str) -> list[Piece]:
    try:
        lexer = get_lexer_by_name(language)
    except ClassNotFound:
        return []
    pieces = [(_short(kind), piece) for _, kind, piece in lexer.get_tokens_unprocessed(text)]
    return pieces if "".join(piece for _, piece in pieces) == text else []


def _short(kind: Any) -> str:
    while kind not in STANDARD_TYPES:
        kind = kind.parent or Kinds
    return STANDARD_TYPES[kind]


def spans(line: Sequence[Piece], prefix: str = "") -> str:
    return "".join(f'<span class="{prefix}{k}">{escape(t)}</span>' if k else escape(t) for k, t in line)


def colored(text: str, language: str, prefix: str = "") -> str:
    return "\n".join(spans(line, prefix) for line in lines_of(text, language)) + "\n"


def in_lines(text: str, language: str, line: str, end: str = "\n") -> str:
    """Each line inside a copy of `line`, with `{n}` its number and `{line}` the pieces."""
    lines = enumerate(lines_of(text, language), 1)
    return end.join(line.replace("{n}", str(n)).replace("{line}", spans(pieces)) for n, pieces in lines)


def _class(language: str, prefix: str = "language-") -> str:
    return f' class="{prefix}{escape(language)}"' if language else ""


def code_commonmark(text: str, language: str) -> str:
    return f"<pre><code{_class(language)}>{escape(text)}\n</code></pre>"


def code_codehilite(text: str, language: str) -> str:
    return f'<div class="codehilite"><pre><span></span><code>{colored(text, language)}</code></pre></div>'


def code_material(text: str, language: str) -> str:
    line = '<a id="__codelineno-0-{n}" name="__codelineno-0-{n}" href="#__codelineno-0-{n}"></a>{line}'
    return (
        f'<div class="language-{escape(language or "text")} highlight"><pre id="__code_0"><span></span>'
        '<button class="md-clipboard md-icon" title="Copy to clipboard" data-clipboard-target="#__code_0 > code">'
        f"</button><code>{in_lines(text, language, line)}\n</code></pre></div>"
    )


def code_sphinx(text: str, language: str) -> str:
    return (
        f'<div class="highlight-{escape(language or "default")} notranslate"><div class="highlight">'
        f'<pre id="codecell0">'
        f"<span></span>{colored(text, language)}</pre>"
        '<button class="copybtn o-tooltip--left" data-tooltip="Copy" data-clipboard-target="#codecell0"><svg></svg>'
        "</button></div></div>"
    )


def code_prism(text: str, language: str) -> str:
    name = escape(language or "none")
    rows = "<span></span>" * (text.count("\n") + 1)
    return (
        f'<div class="code-toolbar"><pre class="line-numbers language-{name}" tabindex="0">'
        f'<code class="language-{name}">'
        f'{colored(text, language, "token ")}<span aria-hidden="true" class="line-numbers-rows">'
        f"{rows}</span></code></pre>"
        '<div class="toolbar"><div class="toolbar-item"><button class="copy-to-clipboard-button" type="button">'
        "<span>Copy</span></button></div></div></div>"
    )


def code_docusaurus(text: str, language: str) -> str:
    name = escape(language or "text")
    lines = []
    for line in lines_of(text, language):
        inner = "".join(f'<span class="token {k or "plain"}" style="color:#393A34">{escape(t)}</span>' for k, t in line)
        inner = inner or '<span class="token plain" style="display:inline-block"></span>'
        lines.append(f'<span class="token-line" style="color:#393A34">{inner}<br></span>')
    return (
        f'<div class="language-{name} codeBlockContainer_Ckt0 theme-code-block"><div class="codeBlockContent_biex">'
        f'<pre tabindex="0" class="prism-code language-{name} codeBlock_bY9V thin-scrollbar">'
        f'<code class="codeBlockLines_e6Vv">{"".join(lines)}</code></pre><div class="buttonGroup__atx">'
        '<button type="button" aria-label="Copy code to clipboard" class="clean-btn"><span><svg></svg></span></button>'
        "</div></div></div>"
    )


def code_hugo(text: str, language: str) -> str:
    numbers = "".join(f'<span class="lnt">{n}\n</span>' for n in range(1, text.count("\n") + 2))
    line = '<span class="line"><span class="cl">{line}\n</span></span>'
    name = f' class="language-{escape(language)}" data-lang="{escape(language)}"' if language else ""
    return (
        '<div class="highlight"><div class="chroma"><table class="lntable"><tr><td class="lntd">'
        f'<pre tabindex="0" class="chroma"><code>{numbers}</code></pre></td><td class="lntd">'
        f'<pre tabindex="0" class="chroma"><code{name}>{in_lines(text, language, line, "")}</code></pre>'
        f"</td></tr></table>"
        "</div></div>"
    )


SCOPES = {
    "bash": "source-shell", "javascript": "source-js", "python": "source-python", "html": "text-html-basic",
    "cpp": "source-c++", "c": "source-c", "go": "source-go", "json": "source-json", "yaml": "source-yaml",
    "css": "source-css", "ruby": "source-ruby", "java": "source-java", "typescript": "source-ts",
    "csharp": "source-cs", "diff": "source-diff", "rust": "source-rust", "ini": "source-ini", "xml": "text-xml",
    "sql": "source-sql", "php": "text-html-php", "console": "text-shell-session", "toml": "source-toml",
}  # fmt: skip
"""How GitHub names languages, after the scopes of its grammars."""


def code_github(text: str, language: str) -> str:
    copy = (
        f'<div class="zeroclipboard-container"><clipboard-copy aria-label="Copy" value="{escape(text)}">'
        f"</clipboard-copy></div>"
    )
    if scope := SCOPES.get(language_key(language)):
        pre = f"<pre>{colored(text, language, 'pl-')[:-1]}</pre>"
        return f'<div class="highlight highlight-{scope} notranslate position-relative" dir="auto">{pre}{copy}</div>'
    named = f' lang="{escape(language)}"' if language else ""
    pre = f'<pre{named} class="notranslate"><code class="notranslate">{escape(text)}\n</code></pre>'
    return f'<div class="snippet-clipboard-content notranslate position-relative">{pre}{copy}</div>'


def code_brush(text: str, language: str) -> str:
    name = escape(language or "plain")
    return f'<pre class="brush: {name}; title: ; notranslate" title="">\n{escape(text)}\n</pre>'


def code_rouge(text: str, language: str) -> str:
    pre = f'<pre class="highlight"><code>{colored(text, language)}</code></pre>'
    return (
        f'<div class="language-{escape(language or "plaintext")} highlighter-rouge"><div class="highlight">'
        f"{pre}</div></div>"
    )


def code_gutenberg(text: str, language: str) -> str:
    named = f' lang="{escape(language)}" class="language-{escape(language)}"' if language else ""
    return f'<pre class="wp-block-code"><code{named}>{escape(text)}</code></pre>'


def code_vitepress(text: str, language: str) -> str:
    name = escape(language)
    line = '<span class="line">{line}</span>'
    return (
        f'<div class="language-{name} vp-adaptive-theme"><button title="Copy Code" class="copy"></button>'
        f'<span class="lang">{name}</span><pre class="shiki shiki-themes github-light vp-code" tabindex="0">'
        f"<code>{in_lines(text, language, line)}</code></pre></div>"
    )


def code_pandoc(text: str, language: str) -> str:
    if not language:
        return f"<pre><code>{escape(text)}</code></pre>"
    line = '<span id="cb1-{n}"><a href="#cb1-{n}" aria-hidden="true" tabindex="-1"></a>{line}</span>'
    name = escape(language)
    pre = (
        f'<pre class="sourceCode {name}"><code class="sourceCode {name}">{in_lines(text, language, line)}</code></pre>'
    )
    return f'<div class="sourceCode" id="cb1">{pre}</div>'


# Formulas


def tex_delimited(tag: str, name: str, tex: str, display: bool) -> str:
    """TeX between delimiters, for a script in the browser."""
    inner = rf"\[{escape(tex)}\]" if display else rf"\({escape(tex)}\)"
    return (
        f'<{"div" if display and tag else tag} class="{name}">{inner}</{"div" if display else tag}>' if tag else inner
    )


def tex_pandoc(tex: str, display: bool) -> str:
    inner = rf"\[{escape(tex)}\]" if display else rf"\({escape(tex)}\)"
    return f'<span class="math {"display" if display else "inline"}">{inner}</span>'


def tex_katex(tex: str, display: bool) -> str:
    """What KaTeX puts there: MathML with the TeX, then the same for the eye in spans."""
    marks = re.findall(r"\\?[A-Za-z]+|\d|[^\s{}]", tex)
    mathml = "".join(f"<mi>{escape(mark)}</mi>" for mark in marks)
    seen = "".join(f'<span class="mord mathnormal">{escape(mark.lstrip(chr(92)))}</span>' for mark in marks)
    block = ' display="block"' if display else ""
    html = (
        f'<span class="katex"><span class="katex-mathml"><math xmlns="http://www.w3.org/1998/Math/MathML"{block}>'
        f'<semantics><mrow>{mathml}</mrow><annotation encoding="application/x-tex">{escape(tex)}</annotation>'
        f"</semantics>"
        f'</math></span><span class="katex-html" aria-hidden="true"><span class="base">'
        f'<span class="strut"></span>{seen}'
        "</span></span></span>"
    )
    return f'<span class="katex-display">{html}</span>' if display else html


def tex_mathjax(tex: str, display: bool) -> str:
    """A saved page after MathJax 2 ran: a preview, the spans for the eye, and the script that holds the TeX."""
    seen = "".join(f'<span class="mi">{escape(mark)}</span>' for mark in re.findall(r"[A-Za-z]+|\d|[+=-]", tex))
    kind = "math/tex; mode=display" if display else "math/tex"
    html = (
        f'<span class="MathJax_Preview" style="color: inherit;"></span>'
        f'<span class="MathJax" id="MathJax-Element-1-Frame" '
        f'tabindex="0"><nobr><span class="math">{seen}</span></nobr></span><script type="{kind}">{tex}</script>'
    )
    return f'<div class="MathJax_Display">{html}</div>' if display else html


def tex_script(tex: str, display: bool) -> str:
    return f'<script type="math/tex{"; mode=display" if display else ""}">{tex}</script>'


def tex_github(tex: str, display: bool) -> str:
    kind, mark = ("display", "$$") if display else ("inline", "$")
    inner = f"{mark}{escape(tex)}{mark}"
    return f'<math-renderer class="js-{kind}-math" data-run-id="0" style="display: {kind}">{inner}</math-renderer>'


def tex_image(tex: str, display: bool) -> str:
    alt = escape(tex)
    return (
        f'<img src="https://math.example.net/latex.php?latex=x&amp;bg=ffffff" alt="{alt}" title="{alt}" class="latex">'
    )


# Pages


def page_docs(body: str, title: str, main: str, sidebar: str, contents: str) -> tuple[str, str]:
    """A site of documentation: bar, sidebar, the text, the contents of the page, pager, footer."""
    node = f"<{main}>{body}</{main.split()[0]}>"
    side = "".join(f'<li class="toctree-l1"><a href="/g/{n}">{word}</a></li>' for n, word in enumerate(GUIDES))
    html = (
        f'<header><nav class="navbar"><a href="/">Fieldbook</a><a href="/docs">Docs</a><a href="/blog">Blog</a></nav>'
        f'</header><div class="layout"><div class="{sidebar}" role="navigation"><p class="caption">Guides</p>'
        f"<ul>{side}</ul>"
        f'</div>{node}<aside class="{contents}"><p>On this page</p><ul><li><a href="#a">Start</a></li><li>'
        '<a href="#b">Next steps</a></li></ul></aside></div><nav class="pagination"><a href="/g/1">Previous</a>'
        '<a href="/g/3">Next</a></nav><footer class="footer"><h4>Community</h4><ul><li><a href="/chat">Chat</a></li>'
        "<li>"
        '<a href="/code">Source</a></li></ul><p>© 2024 Fieldbook. Built with care.</p></footer>'
    )
    return _document(title, html), node


def page_blog(body: str, title: str, main: str) -> tuple[str, str]:
    """A post: header with a menu, the text, sharing, comments, a column of widgets, footer."""
    node = f'<div class="{main}">{body}</div>'
    links = "".join(f'<li><a href="/p/{n}">{word}</a></li>' for n, word in enumerate(GUIDES))
    html = (
        '<header class="site-header"><h2 class="site-title"><a href="/">Workbench Notes</a></h2><ul class="menu">'
        '<li><a href="/">Home</a></li><li><a href="/about">About</a></li></ul></header><div id="content">'
        f'<article class="post type-post hentry"><p class="entry-meta">Posted on 3 May 2023</p>{node}'
        '<div class="sharedaddy"><h3>Share this:</h3><ul><li><a href="/share">Mail</a></li></ul></div></article>'
        '<div id="comments" class="comments-area"><h3 id="reply-title">Leave a Reply</h3><form><textarea></textarea>'
        "</form>"
        f'</div></div><aside id="secondary" class="widget-area"><h3 class="widget-title">Recent posts</h3>'
        f"<ul>{links}</ul>"
        '</aside><footer class="site-footer"><p>Made with a theme.</p></footer>'
    )
    return _document(title, html), node


def page_repository(body: str, title: str) -> tuple[str, str]:
    """A README below the list of files."""
    node = f'<article class="markdown-body entry-content container-lg" itemprop="text">{body}</article>'
    files = "".join(
        f'<tr class="react-directory-row"><td><a href="/f/{word}">{word.lower()}.md</a></td><td>Fix words</td>'
        f"<td>last year"
        "</td></tr>"
        for word in GUIDES
    )
    html = (
        '<header role="banner"><nav><a href="/">Home</a><a href="/login">Sign in</a></nav></header><main>'
        f'<table aria-labelledby="folders-and-files"><tbody>{files}</tbody></table><div class="readme-box">'
        f'<ul role="list" class="tabs"><li><a href="#readme">README</a></li></ul>{node}</div></main>'
        '<div class="BorderGrid sidebar"><h2>About</h2><p>Notes for beginners.</p><h2>Releases</h2></div>'
        '<footer role="contentinfo"><h2 class="sr-only">Footer</h2><ul><li><a href="/terms">Terms</a></li></ul>'
        "</footer>"
    )
    return _document(title, html), node


def page_plain(body: str, title: str, main: str = "main") -> tuple[str, str]:
    node = f"<{main}>{body}</{main.split()[0]}>"
    menu = "".join(f'<li><a href="/{n}.html">{word}</a></li>' for n, word in enumerate(GUIDES))
    html = (
        f'<div id="header"><ul class="nav">{menu}</ul></div>{node}<div id="footer"><p>Last change: May 2022</p></div>'
    )
    return _document(title, html), node


GUIDES = ("Setup", "Tools", "Materials", "Questions", "Glossary", "Index")


def _document(title: str, body: str) -> str:
    head = f'<meta charset="utf-8"><title>{escape(title)} | Fieldbook</title><style>pre{{margin:0}}</style>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{body}<script>var page = 1;</script></body></html>'


# Dialects


@dataclass(frozen=True)
class Dialect:
    """How one generator writes. `heading` has {level}, {id} and {inner}; `table` is put around tables."""

    code: Callable[[str, str], str]
    formula: Callable[[str, bool], str]
    page: Callable[[str, str], tuple[str, str]]
    heading: str = '<h{level} id="{id}">{inner}</h{level}>'
    table: tuple[str, str] = ("<table>", "</table>")
    classes: dict[str, str] = field(default_factory=dict)
    """Classes of other elements, by tag."""
    names_language: bool = True


PILCROW = '<h{level} id="{id}">{inner}<a class="headerlink" href="#{id}" title="Link to this heading">¶</a></h{level}>'
docs = partial(partial, page_docs)
blog = partial(partial, page_blog)
DIALECTS = {
    "commonmark": Dialect(code_commonmark, partial(tex_delimited, "", ""), page_plain),
    "codehilite": Dialect(
        code_codehilite, partial(tex_delimited, "span", "arithmatex"),
        docs(main='div class="rst-content" role="main"', sidebar="wy-nav-side", contents="toc"),
        heading=PILCROW, table=('<table class="docutils">', "</table>"), names_language=False,
    ),
    "material": Dialect(
        code_material, partial(tex_delimited, "span", "arithmatex"),
        docs(main='article class="md-content__inner md-typeset"', sidebar="md-sidebar", contents="md-toc"),
        heading=PILCROW, table=('<div class="md-typeset__scrollwrap"><div class="md-typeset__table"><table>',
                                "</table></div></div>"),
    ),
    "sphinx": Dialect(
        code_sphinx, partial(tex_delimited, "span", "math notranslate nohighlight"),
        docs(main='div class="body" role="main"', sidebar="sphinxsidebar", contents="contents"),
        heading=PILCROW,
        table=('<div class="table-wrapper container"><table class="docutils align-default">', "</table></div>"),
        classes={"ul": "simple", "ol": "arabic simple"},
    ),
    "prism": Dialect(code_prism, tex_katex, blog(main="post-body"), heading="<h{level}>{inner}</h{level}>"),
    "docusaurus": Dialect(
        code_docusaurus, tex_katex,
        docs(main='div class="theme-doc-markdown markdown"', sidebar="theme-doc-sidebar-container menu",
             contents="theme-doc-toc-desktop"),
        heading='<h{level} class="anchor anchorWithStickyNavbar_LWe7" id="{id}">{inner}<a href="#{id}" '
        'class="hash-link" '
        'aria-label="Direct link" title="Direct link">\u200b</a></h{level}>',
    ),
    "hugo": Dialect(
        code_hugo, tex_mathjax, docs(main='div class="td-content"', sidebar="td-sidebar", contents="td-toc"),
        heading='<h{level} id="{id}">{inner}<a class="td-heading-self-link" href="#{id}" aria-label="Heading '
        'self-link">'
        "</a></h{level}>",
    ),
    "github": Dialect(
        code_github, tex_github, page_repository,
        heading='<div class="markdown-heading" dir="auto"><h{level} tabindex="-1" class="heading-element" dir="auto">'
        '{inner}'
        '</h{level}><a id="user-content-{id}" class="anchor" aria-label="Permalink" href="#{id}"><svg></svg></a></div>',
        table=('<markdown-accessiblity-table><table tabindex="0">', "</table></markdown-accessiblity-table>"),
    ),
    "brush": Dialect(code_brush, tex_image, blog(main="entry-content"), heading="<h{level}>{inner}</h{level}>"),
    "rouge": Dialect(
        code_rouge, tex_script, partial(page_plain, main='main class="page-content" aria-label="Content"'),
    ),
    "gutenberg": Dialect(
        code_gutenberg, tex_image, blog(main="entry-content wp-block-post-content"),
        heading='<h{level} class="wp-block-heading" id="{id}">{inner}</h{level}>',
        table=('<figure class="wp-block-table"><table class="has-fixed-layout">', "</table></figure>"),
        classes={"ul": "wp-block-list", "ol": "wp-block-list", "blockquote": "wp-block-quote"},
    ),
    "vitepress": Dialect(
        code_vitepress, tex_katex,
        docs(main='main class="main"', sidebar="VPSidebar", contents="VPDocAside"),
        heading='<h{level} id="{id}" tabindex="-1">{inner} <a class="header-anchor" href="#{id}" '
        'aria-label="Permalink">\u200b</a></h{level}>',
        table=('<table tabindex="0">', "</table>"),
    ),
    "pandoc": Dialect(code_pandoc, tex_pandoc, page_plain),
}  # fmt: skip


class _Renderer(RendererHTML):
    """CommonMark's HTML in the markup of a dialect; raw HTML is left out except images and a few inline tags."""

    def __init__(self, dialect: Dialect) -> None:
        super().__init__()
        self.dialect = dialect

    def fence(self, tokens: Sequence[Token], place: int, options: Any, env: Any) -> str:
        found = INFO.match(tokens[place].info)
        return self.dialect.code(tokens[place].content.removesuffix("\n"), found[1] if found else "") + "\n"

    code_block = fence

    def html_block(self, tokens: Sequence[Token], place: int, options: Any, env: Any) -> str:
        return "".join(f"<p>{image}</p>\n" for image in IMAGE_TAG.findall(tokens[place].content))

    def html_inline(self, tokens: Sequence[Token], place: int, options: Any, env: Any) -> str:
        tag = tokens[place].content
        return tag if INLINE_TAG.fullmatch(tag) or IMAGE_TAG.fullmatch(tag) else ""

    def heading_open(self, tokens: Sequence[Token], place: int, options: Any, env: Any) -> str:
        return self._heading(tokens[place], tokens[place + 1]).partition("{inner}")[0]

    def heading_close(self, tokens: Sequence[Token], place: int, options: Any, env: Any) -> str:
        return self._heading(tokens[place], tokens[place - 1]).partition("{inner}")[2] + "\n"

    def _heading(self, heading: Token, inline: Token) -> str:
        name = re.sub(r"\W+", "-", plain_text(inline.children or []).lower()).strip("-") or "section"
        return self.dialect.heading.replace("{level}", heading.tag[1]).replace("{id}", name)

    def table_open(self, tokens: Sequence[Token], place: int, options: Any, env: Any) -> str:
        return self.dialect.table[0]

    def table_close(self, tokens: Sequence[Token], place: int, options: Any, env: Any) -> str:
        return self.dialect.table[1] + "\n"

    def math_inline(self, tokens: Sequence[Token], place: int, options: Any, env: Any) -> str:
        return self.dialect.formula(tokens[place].content.strip(), False)

    def math_inline_double(self, tokens: Sequence[Token], place: int, options: Any, env: Any) -> str:
        formula = self.dialect.formula(tokens[place].content.strip(), True)
        return re.sub(r"^<div\b(.*)</div>$", r"<span\1</span>", formula, flags=re.DOTALL)  # inside a paragraph

    def math_block(self, tokens: Sequence[Token], place: int, options: Any, env: Any) -> str:
        formula = self.dialect.formula(tokens[place].content.strip(), True)
        return formula + "\n" if formula.startswith("<div") else f"<p>{formula}</p>\n"

    def renderToken(self, tokens: Sequence[Token], place: int, options: Any, env: Any) -> str:
        token = tokens[place]
        if token.nesting == 1 and (name := self.dialect.classes.get(token.tag)):
            token.attrSet("class", name)
        html = super().renderToken(tokens, place, options, env)
        token.attrs.pop("class", None)
        return html


@cache
def _renderer(dialect: str) -> _Renderer:
    return _Renderer(DIALECTS[dialect])


def make_pages(name: str, markdown: str, dialects: Sequence[str], math: bool) -> Iterator[Page]:
    """A Markdown text as a page in each dialect. A text without a first-level heading gets its name as one, as themes
    do."""
    parser = markdown_parser(math)
    text = HEADING_ID.sub(r"\1", markdown)
    if not any(heading.level == 1 for heading in structure_of(parser.parse(text)).headings):
        text = f"# {_title(name)}\n\n{text}"
    for dialect in dialects:
        tokens = parser.parse(text)
        wanted = structure_of(tokens)
        body = _renderer(dialect).render(tokens, parser.options, {})
        html, main = DIALECTS[dialect].page(body, _title(name))
        if not DIALECTS[dialect].names_language:
            wanted.code = [Code(None, code.text) for code in wanted.code]
        yield Page(f"{name} ({dialect})", dialect, html, main, text, wanted, math)


def _title(name: str) -> str:
    return re.sub(r"\W+|_", " ", name.rpartition("/")[2].removesuffix(".md")).strip().capitalize() or "Page"
