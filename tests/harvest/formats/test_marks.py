"""Marks of Python-Markdown, wikis and API pages, footnotes, and images by names for imports."""

from __future__ import annotations

from pathlib import Path

import pytest

from leafinstruct.harvest.formats.markdown import parse_markdown
from leafinstruct.harvest.html.parts import pieces
from leafinstruct.harvest.links import Tree
from leafinstruct.harvest.metadata import split_front_matter


def look(text: str, name: str = "page.md") -> list[str]:
    """Texts as Markdown, and images of a page in order."""
    return [
        f"[{one.image.ref}|{one.image.alt}|{one.image.caption}]" if one.image else one.text
        for one in pieces(parse_markdown(text, name=name).blocks)
    ]


MKDOCS = "!!! note\n    Hot.\n\n"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("![A](a.png){ width=3 }\n/// caption\nThe *pot*.\n///\n\nEnd.", ["[a.png|A|The pot.]", "End."]),
        ("![A](a.png)\n\n/// figure-caption\n    attrs: {id: x}\n\nThe pot.\n///", ["[a.png|A|The pot.]"]),
        ("Tea.\n\n/// caption\nThe cups.\n///\n\nEnd.", ["Tea.\n\nThe cups.\n\nEnd."]),
        ('Write `#!python print("x")` or `:::c int a;` now.', ['Write `print("x")` or `int a;` now.']),
        ("::: tea.pots.Pot\n    options:\n      show: false\n\nEnd.", ["End."]),
    ],
)
def test_marks_of_python_markdown(text: str, shown: list[str]) -> None:
    first, *more = look(MKDOCS + text)
    whole = [first.removeprefix("**Note**\n\nHot.").strip(), *more]
    assert [one for one in whole if one] == shown


def test_drawings_of_a_wiki_are_images() -> None:
    assert look("```diagram\nPHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciLz4=\n```")[0].startswith(
        "[data:image/svg"
    )
    assert look("```diagram\na -> b\n```") == ["```diagram\na -> b\n```"]


def test_parameters_have_their_names() -> None:
    assert look('<ParamField query="cups" type="int">\nHow many.\n</ParamField>', "a.mdx") == ["**cups**\n\nHow many."]
    assert look('<ParamField body="cups" />', "a.mdx") == ["**cups**"]
    assert look('<Tree.Folder name="tea"><Tree.File name="pot.ts" /></Tree.Folder>', "a.mdx") == [
        "**tea**\n\n**pot.ts**"
    ]


def test_footnotes_stand_apart_from_a_list() -> None:
    assert look("- a[^1]\n- b\n[^1]: Foot.\n") == ["- a\\[1]\n- b\n\n1. Foot."]


@pytest.mark.parametrize(
    ("text", "title", "body"),
    [
        ('{\n  "title": "Tea",\n  "x": {"y": [1]}\n}\n\n# H\n', "Tea", "# H"),
        (';;;\n{"title": "Tea"}\n;;;\n# H\n', "Tea", "# H"),
        ("% Tea\n% Ann\n% 2020\n\n# H\n", "Tea", "# H"),
        ("% a comment\n\n# H\n", "", "% a comment\n\n# H"),
        ('{\n  "title": "Tea"\n} is an object.\n', "", '{\n  "title": "Tea"\n} is an object.'),
        ('{\n  "title": \n\n# H\n', "", '{\n  "title": \n\n# H'),
    ],
)
def test_front_matter_of_other_forms(text: str, title: str, body: str) -> None:
    front, rest = split_front_matter(text)
    assert (front.get("title", ""), rest.strip()) == (title, body)


def test_folders_by_their_names_for_imports(tmp_path: Path) -> None:
    (tmp_path / "src/assets").mkdir(parents=True)
    (tmp_path / "src/assets/a.png").write_bytes(b"x")
    page = tmp_path / "src/pages/a.mdx"
    got = Tree(tmp_path).read("@assets/a.png", page)
    assert got == (b"x", "src/assets/a.png")
    assert Tree(tmp_path).read("@tea/b.png", page) == "missing"
