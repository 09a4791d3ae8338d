"""Formulas of Markdown sources become TeX; prices, variables and escaped brackets stay what they are."""

from __future__ import annotations

import pytest

from leafinstruct.harvest.formats.markdown import parse_markdown
from leafinstruct.harvest.html.parts import pieces
from leafinstruct.text.plain import plain


def written(text: str) -> str:
    return "\n\n".join(piece.text for piece in pieces(parse_markdown(text).blocks))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("Let $x_1, x_2$ be real.", "Let $x_1, x_2$ be real."),
        ("With $a_{ij} * b_{jk} * c$.", "With $a_{ij} * b_{jk} * c$."),
        ("All of $n$ and $f(x)$ and $k=3$.", "All of $n$ and $f(x)$ and $k=3$."),
        ("It is $`\\sqrt{2}`$ long.", "It is $\\sqrt{2}$ long."),
        (r"From \(a*b_1*c\) on.", "From $a*b_1*c$ on."),
        (r"From \\(a*b_1*c\\) on.", "From $a*b_1*c$ on."),
        ("So $$x^2$$ grows.", "So $x^2$ grows."),
        ("So\n$$x^2$$\ngrows.", "So\n\n$$\nx^2\n$$\n\ngrows."),
        ("$$\nx\n= y^2\n- z\n$$", "$$\nx = y^2 - z\n$$"),
        ("$$x^2$$ (eq1)", "$$\nx^2\n$$"),
        ("\\[\nx_1\n- c\n\\]", "$$\nx_1 - c\n$$"),
        ("See \\[ x_1 \\]", "See\n\n$$\nx_1\n$$"),
        (
            "\\begin{align}\na &= b_1 \\\\\n- c &= d\n\\end{align}",
            "$$\n\\begin{align} a &= b_1 \\\\ - c &= d \\end{align}\n$$",
        ),
        ("```math\nE = mc^2\n```", "$$\nE = mc^2\n$$"),
        ("A $\\frac{{a}}{{b}}$ and {{ tag }}.", "A $\\frac{{a}}{{b}}$ and ."),
        ("With $\\pi$ there are $0$, $10$ and $ab$.", "With $\\pi$ there are $0$, $10$ and $ab$."),
        ("| a | b |\n|---|---|\n| $x_1$ | 2 |", "| a | b |\n| --- | --- |\n| $x_1$ | 2 |"),
    ],
)
def test_formulas_become_tex(source: str, expected: str) -> None:
    assert written(source) == expected


@pytest.mark.parametrize(
    "source",
    [
        "It costs $5 and $10.",
        "Between $5-$10 or $1,000/$2,000.",
        "Set $HOME/bin:$PATH now.",
        "Use $user_name$ and $Id$ here.",
        "From US$20 to A$30.",
        "Run $(CC) $(CFLAGS) twice.",
        "The keys $_ and $@ are set.",
        "Pay $10$ in cash.",
        r"It is \$5 and \$6_a.",
    ],
)
def test_other_dollar_signs_stay_in_the_text(source: str) -> None:
    assert plain(written(source)) == source.replace("\\", "")


@pytest.mark.parametrize("source", [r"See \(the list\) there.", r"A \[link\] here.", r"\[note\]"])
def test_escaped_brackets_of_prose_are_brackets(source: str) -> None:
    assert plain(written(source)) == source.replace("\\", "")


def test_code_keeps_its_dollar_signs() -> None:
    assert written("Use `$x_1$` or\n\n```sh\n$x_1$ $$y^2$$\n```") == "Use `$x_1$` or\n\n```sh\n$x_1$ $$y^2$$\n```"
