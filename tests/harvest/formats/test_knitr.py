"""What Quarto, R Markdown and Pandoc have besides Markdown."""

from __future__ import annotations

from pathlib import Path

import pytest

from leafinstruct.harvest.formats.around import NOWHERE, Around, InTree
from leafinstruct.harvest.formats.markdown import parse_markdown
from leafinstruct.harvest.html.parts import pieces
from leafinstruct.harvest.links import Tree


def look(text: str, name: str = "page.qmd", around: Around = NOWHERE) -> list[str]:
    """Texts as Markdown, and images of a page in order."""
    return [
        f"[{one.image.ref}|{one.image.alt}|{one.image.caption}]" if one.image else one.text
        for one in pieces(parse_markdown(text, name=name, around=around).blocks)
    ]


SHOW = "knitr::include_graphics"


@pytest.mark.parametrize(
    ("chunk", "shown"),
    [
        (f'{{r, echo=F, fig.cap=c("One, (a)", "Two")}}\n{SHOW}(c("a.png",\n "b.png"))',
         ["a.png||One, (a)", "b.png||Two"]),
        (f'{{r}}\n#| fig-cap: ["One", "Two: b"]\n{SHOW}(c("a.png", "b.png"))', ["a.png||One", "b.png||Two: b"]),
        (f'{{r}}\n#| fig-cap: "All"\n#| fig-subcap:\n#|   - One\n#|   - Two\n{SHOW}(c("a.png", "b.png"))',
         ["a.png||One", "b.png||Two"]),
        (f'{{r}}\n{SHOW}(here::here("pics", "a.png"))', ["pics/a.png||"]),
        (f'{{r echo=FALSE}}\nimg <- file.path("pics", "a.png")\n{SHOW}(file.path("pics", "a.png"))', ["pics/a.png||"]),
        ('{r echo=FALSE}\nmagick::image_read("a.png")', ["a.png||"]),
        ("{r fig.cap=\"A \\\"pot\\\", hot\", echo=FALSE}\n" + f'{SHOW}("a.png")', ['a.png||A "pot", hot']),
    ],
)  # fmt: skip
def test_images_of_chunks(chunk: str, shown: list[str]) -> None:
    images = [one[1:-1] for one in look(f"```{chunk}\n```") if one.startswith("[")]
    assert images == shown


def test_titles_and_captions_of_code() -> None:
    assert look("```{python}\n#| title: Boil\nx = 1\n```") == ["**Boil**\n\n```python\nx = 1\n```"]
    assert look('```{mermaid}\n%%| fig-cap: "The *way*"\ngraph\n```') == ["```mermaid\ngraph\n```\n\nThe *way*"]


def test_code_that_a_page_hides() -> None:
    assert look("---\nexecute:\n  echo: false\n---\n```{r}\nx\n```\n\n```{r}\n#| echo: true\ny\n```") == [
        "```r\ny\n```"
    ]
    assert look("```{r}\nknitr::opts_chunk$set(echo = FALSE)\n```\n\n```{r}\nx\n```\n\nEnd.", "a.Rmd") == ["End."]


def test_child_documents(tmp_path: Path) -> None:
    (tmp_path / "c.Rmd").write_text("Of **c**.\n")
    around = InTree(Tree(tmp_path), tmp_path)
    assert look('```{r child="c.Rmd"}\n```', "a.Rmd", around) == ["Of **c**."]
    assert look("```{r}\n#| child: [c.Rmd]\n```", around=around) == ["Of **c**."]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("(ref:pot) A *hot* pot.\n\n```{r, echo=F, fig.cap=\"(ref:pot)\"}\n" + f'{SHOW}("a.png")\n```',
         ["[a.png||A hot pot.]"]),
        ("# (PART\\*) Tea {-}\n\n# (APPENDIX) Cups {-}", ["# Tea", "# Cups"]),
        ("Tea.\n\n---\nnocite: |\n  @x\n---\n\nEnd.", ["Tea.\n\nEnd."]),
        ("(@) Boil\n(@pour) Pour\n\nSee (@pour).", ["1. Boil", "2. Pour", "See (2)."]),
        ("#. Boil\n#. Pour", ["1. Boil", "2. Pour"]),
        ("`<b>x</b>`{=html} and `\\TeX`{=latex} end", ["**x** and end"]),
        ("| a | b |\n|---|---|\n| 1 | 2 |\n\n: The *cups* {.striped}\n\nEnd.",
         ["| a | b |\n| --- | --- |\n| 1 | 2 |\n\nThe *cups*\n\nEnd."]),
        (": The cups\n\n| a | b |\n|---|---|\n| 1 | 2 |", ["The cups\n\n| a | b |\n| --- | --- |\n| 1 | 2 |"]),
        ("Tea\n\n: a plant", ["**Tea**\n\na plant"]),
        ("\\begin{figure}[h]\n\\includegraphics[width=1cm]{a.png}\n\\caption{A \\textbf{pot}}\n\\end{figure}",
         ["[a.png||]", "A \\textbf{pot}"]),
        (f'A pot `r {SHOW}("a.png")` here.', ["A pot", "[a.png||]", "here."]),
        (':::{.callout-tip}\n## The *title*\nText.\n:::', ["**The *title***\n\nText."]),
        (':::{#thm-a .theorem name="Of tea"}\nText.\n:::', ["**Of tea**\n\nText."]),
        ('```{theorem, name="Of tea"}\nText.\n```', ["**Of tea**\n\nText."]),
    ],
)  # fmt: skip
def test_marks_of_pandoc_and_bookdown_go(text: str, shown: list[str]) -> None:
    assert look(text) == shown
