"""Formulas once, as TeX, whatever shows them; prices stay prices."""

from __future__ import annotations

import pytest
from selectolax.lexbor import LexborHTMLParser

from leafinstruct.harvest.html.flow import Block
from leafinstruct.harvest.html.page import parse_html
from leafinstruct.harvest.html.render import image_markdown, markdown_of
from leafinstruct.harvest.html.walk import walk


def blocks(html: str) -> list[Block]:
    tree = LexborHTMLParser(html)
    assert tree.body is not None
    return walk(tree.body)


def markdown(html: str) -> str:
    return markdown_of(blocks(html), image_markdown)


MATHML = "<math{}><semantics><mi>x</mi><annotation encoding='application/x-tex'>x^2</annotation></semantics></math>"
KATEX = f"<span class=katex><span class=katex-mathml>{MATHML.format('')}</span></span>"
INLINE = "a $x^2$ b"
DISPLAY = "a\n\n$$\nx^2\n$$\n\nb"


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (KATEX, INLINE),
        (f"<span class=katex-display>{KATEX}</span>", DISPLAY),
        (MATHML.format(" display=block"), DISPLAY),
        ("<math alttext='\\displaystyle x^2'><mi>x</mi></math>", INLINE),
        ("<script type='math/tex'>x^2 % a square</script>", INLINE),
        ("<script type='math/tex; mode=display'>x^2</script>", DISPLAY),
        ("<span class=MathJax_Preview>x2</span><script type='math/tex'>x^2</script>", INLINE),
        ("<span class=MathJax_Preview></span><span class=MathJax><span class=math>x2</span></span>"
         "<script type='math/tex'>x^2</script>", INLINE),
        (f"<mjx-container><mjx-math></mjx-math><mjx-assistive-mml>{MATHML.format('')}</mjx-assistive-mml></mjx-container>",
         INLINE),
        ("<mjx-container display=true data-latex='x^2'><svg></svg></mjx-container>", DISPLAY),
        ("<span class='math notranslate'>\\(x^2\\)</span>", INLINE),
        ("<span class='math display'>\\[x^2\\]</span>", DISPLAY),
        ("<span class='math inline'>x^2</span>", INLINE),
        ("<span class=arithmatex>\\(x^2\\)</span>", INLINE),
        ("<math-renderer class=js-inline-math>$x^2$</math-renderer>", INLINE),
        ("<math-renderer class=js-inline-math>$`x^2`$</math-renderer>", INLINE),
        ("<math-renderer class=js-display-math>$$x^2$$</math-renderer>", DISPLAY),
        ("<code class='code math js-render-math' data-math-style=inline>x^2</code>", INLINE),
        ("<span class=ztext-math data-tex='x^2'>x</span>", INLINE),
        ("<img class=latex src=a.png alt='x^2'>", INLINE),
        ("<img src='https://latex.codecogs.com/gif.latex?\\dpi{120}&amp;space;x^2' alt=equation>", INLINE),
        ("<img src='https://s0.wp.com/latex.php?latex=x%5E2&amp;bg=fff' alt='a formula'>", INLINE),
        (f"<span class=mwe-math-element><span style='display: none'>{MATHML.format('')}</span>"
         "<img class=mwe-math-fallback-image-inline src=1.svg alt='{\\displaystyle x^2}'></span>", INLINE),
        ("\\(x^2\\)", INLINE),
        ("\\[x^2\\]", DISPLAY),
        ("$$x^2$$", DISPLAY),
    ],
)  # fmt: skip
def test_formulas(formula: str, expected: str) -> None:
    assert markdown(f"<p>a {formula} b</p>") == expected


def test_a_display_formula_stays_inside_its_item_and_in_the_line_of_its_cell() -> None:
    display = f"<span class=katex-display>{KATEX}</span>"
    assert markdown(f"<ul><li>a {display}</li><li>b</li></ul>") == "- a\n\n  $$\n  x^2\n  $$\n- b"
    assert "| a | $x^2$ |" in markdown(f"<table><tr><td>a</td><td>{display}</td></tr></table>")
    assert "$\\|x\\|$" in markdown("<table><tr><td>a</td><td><span class=math>\\(|x|\\)</span></td></tr></table>")


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<div class=math><span class=eqno>(1)<a class=headerlink>¶</a></span>\\[a = b\\]</div>", "$$\na = b\n$$"),
        ("<div class=math><p><img src=1.png alt='x^2'></p></div>", "$$\nx^2\n$$"),
        ("<div class=math>\\[a\\] \\[b\\]</div>", "$$\na\n$$\n\n$$\nb\n$$"),
        ("<div class=math><h3>Courses</h3><p>Sums.</p></div>", "### Courses\n\nSums."),
        (f"<div class=math><p>With {KATEX} and</p><p>with {KATEX}.</p></div>", "With $x^2$ and\n\nwith $x^2$."),
        ("<p>\\begin{align}a &amp;= b\\end{align}</p>", "$$\n\\begin{align}a &= b\\end{align}\n$$"),
        ("<table class=ltx_equation><tr class=ltx_eqn_row><td></td><td><math alttext='x^2' display=block></math></td>"
         "</tr></table>", "$$\nx^2\n$$"),
        ("<p><math><mi>x</mi><mo>=</mo><mn>1</mn></math></p>", "x=1"),
        ("<p><code>\\(x^2\\)</code></p>", "`\\(x^2\\)`"),
    ],
)  # fmt: skip
def test_formulas_on_their_own(html: str, expected: str) -> None:
    assert markdown(html) == expected


LOADER = "<script src='/js/MathJax.js'></script>"
DOLLARS = LOADER + "<script>MathJax = {tex: {inlineMath: [['$', '$'], ['\\\\(', '\\\\)']]}}</script>"


@pytest.mark.parametrize(
    ("head", "text", "expected"),
    [
        ("", "Write \\(see below\\) and $a$.", "Write \\\\(see below\\\\) and \\$a$."),
        (LOADER, "Write \\(see below\\) and $a$.", "Write $see below$ and \\$a$."),
        (DOLLARS, "It is $a$ or $x^2$.", "It is $a$ or $x^2$."),
        (DOLLARS, "It is $5 and $6, or $7 and more$.", "It is \\$5 and \\$6, or \\$7 and more$."),
        (DOLLARS, "Set $HOME and $PATH.", "Set $HOME and $PATH."),
        ("", "A menu: $$ to $$$, or kill $$ and $$.", "A menu: \\$$ to \\$\\$$, or kill \\$$ and \\$$."),
    ],
)
def test_only_formulas_are_formulas(head: str, text: str, expected: str) -> None:
    found = blocks(f"<head>{head}</head><body><p>{text}</p></body>")
    assert (markdown_of(found), found[0].text) == (expected, text)


def test_the_reader_gets_the_signs_or_else_the_tex() -> None:
    shown = "<span class=MathJax>x2</span><script type='math/tex'>x^2</script>"
    html = f"<p>a {KATEX} b {shown} c <script type='math/tex'>y^2</script> d <img class=tex alt='z^2' src=1.png></p>"
    (block,) = blocks(html)
    assert block.text == "a x b x2 c $y^2$ d $z^2$"


def test_a_picture_of_a_formula_is_no_image() -> None:
    formula = "<img class=mwe-math-fallback-image-inline src=1.svg alt='{\\displaystyle x}'>"
    page = parse_html(f"<p>{'Fold it. ' * 40}{formula} <img src=boat.jpg></p>", "https://example.org/")
    assert [block.ref for block in page.blocks if block.ref] == ["https://example.org/boat.jpg"]
