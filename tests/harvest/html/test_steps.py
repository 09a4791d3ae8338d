"""Steps by headings, bold lines and lists, as pages in many languages write them."""

from __future__ import annotations

import re

import pytest

from leafinstruct.harvest.formats.markdown import parse_markdown
from leafinstruct.harvest.formats.rst import parse_rst
from leafinstruct.harvest.html.numerals import number_in
from leafinstruct.harvest.html.parts import pieces
from leafinstruct.harvest.html.steps import procedures_of, steps_of

BODY = "Mix the flour with the water in a large bowl, and let the dough rest."


def steps(source: str) -> list[int]:
    return steps_of(parse_markdown(source).blocks)


def own_steps(source: str) -> dict[str, tuple[int, int]]:
    """Procedure and step of each block that has one, by its text without a list marker."""
    blocks = parse_markdown(source).blocks
    found = steps_of(blocks)
    both = zip(blocks, procedures_of(found), found, strict=True)
    return {re.sub(r"^\d+\. ", "", b.text): (p, s) for b, p, s in both if s and b.text}


TITLES = {
    "bold": "**Step {n}: Cut**", "heading": "## Step {n}", "german": "## {n}. Schritt: Sägen", "word": "## Step {word}",
    "roman": "## Step {roman}: Saw", "french": "## Étape n° {n} : scier", "korean": "## {n}단계: 자르기",
    "chinese": "## 第{han}步：切", "chinese word": "## 步骤{han} 切", "japanese": "## ステップ{n}：切る",
    "arabic": "## الخطوة {n}",
    "hindi": "## चरण {n}: काटें", "hebrew": "## שלב {n}", "vietnamese": "## Bước {n}", "indonesian": "## Langkah {n}",
    "keycap": "## {n}\ufe0f\u20e3 Saw", "circled": "## {circled} Saw", "part": "## Part {n} - Saw",
    "task": "### Task #{n}",
    "words": "## {ordinal} step", "numbered": "## {n} - Saw", "chinese list": "## {han}、切", "wide": "## ＳＴＥＰ{n}",
    "roman list": "## {roman}. Saw", "russian ordinal": "## {n}-й шаг", "ke": "## Langkah ke-{n}",
    "line": "Step {n}: Saw it off.", "two lines": "Step {n}\\\n: Saw it off.", "own line": "Step {n}",
    "bold begin": "**Step {n}:** Saw it off.", "chinese line": "第{han}步，切。", "numbers": "{n}\\. Saw it off.",
    "lone numbers": "{n}", "keycaps": "{n}\ufe0f\u20e3 Saw it off.",
    "portuguese": "## {n}º passo", "ordinal": "## {n}nd step", "russian": "## Шаг {n}", "polish": "## Krok {n}",
}  # fmt: skip


@pytest.mark.parametrize("title", TITLES.values(), ids=TITLES)
def test_titles_of_steps(title: str) -> None:
    made = [
        title.format(n=n, roman=roman, han=han, word=word, circled=circled, ordinal=ordinal)
        for n, roman, han, word, circled, ordinal in zip(
            *((1, 2, 3), ("I", "II", "III"), "一二三", ("one", "two", "three"), "①②③", ("First", "Second", "Third")),
            strict=True,
        )
    ]
    assert max(steps("# Build it\n\n" + "".join(f"{one}\n\n{BODY}\n\n" for one in made))) == 3


@pytest.mark.parametrize(
    "title",
    [
        "## Stepping {n}",
        "## Part {m}",
        "**Note {n}**",
        "## Passage {n}",
        "## Partial {n}",
        "## In step {n}",
        "In step {n}: saw it off.",
        "Step {n} takes a day.",
        "Step {m}: saw it off.",
        "{m}\\. Saw it off.",
    ],
)
def test_other_titles(title: str) -> None:
    source = "# Text\n\n" + "".join(f"{title.format(n=n, m=n + 4)}\n\n{BODY}\n\n" for n in (1, 2, 3))
    assert not any(steps(source))


def test_a_bold_word_in_a_paragraph_is_no_title() -> None:
    assert not any(steps("# A\n\n**Step 1** is easy, they say.\n\nOther.\n\n**Step 2** is not.\n\nMore."))


def test_an_image_at_the_margin_interrupts_no_list() -> None:
    source = "# Build\n\n1. Cut.\n\n![a](a.png)\n\n1. Drill.\n\n```\nrun\n```\n\n1. Paint.\n\n![c](c.png)\n\nDone."
    blocks = parse_markdown(source).blocks
    found = list(zip(steps_of(blocks), blocks, strict=True))
    assert [(step, block.ref) for step, block in found if block.ref] == [(1, "a.png"), (3, "c.png")]
    written = "\n".join(piece.text for piece in pieces(blocks))
    assert [line for line in written.split("\n") if line[:1].isdigit()] == ["1. Cut.", "2. Drill.", "3. Paint."]
    assert steps_of(blocks)[-1] == 0


def test_automatic_numbers_of_rst_go_on_after_a_figure() -> None:
    page = parse_rst("Page\n====\n\n#. Open.\n\n.. figure:: a.png\n\n   Box.\n\n#. Take.\n\n#. Close.\n")
    found = [s for s, b in zip(steps_of(page.blocks), page.blocks, strict=True) if b.item != (0, 0) or b.ref]
    assert found == [1, 1, 2, 3]


@pytest.mark.parametrize("between", ["Then the other way:", "## Other"])
def test_text_between_two_lists_ends_the_first(between: str) -> None:
    written = "\n".join(piece.text for piece in pieces(parse_markdown(f"1. a\n\n{between}\n\n1. b\n2. c").blocks))
    assert "1. b" in written and "2. c" in written


def test_lists_of_different_sections_are_procedures_of_their_own() -> None:
    how = "## How\n\n1. c\n2. d\n\n![](i.png)\n\n1. e\n\n"
    source = f"# Host\n\n## Before\n\n1. a\n2. b\n\n## Alone\n\n1. x\n\n{how}## Then\n\n1. f\n2. g\n"
    assert own_steps(source) == {
        "a": (1, 1), "b": (1, 2), "c": (2, 1), "d": (2, 2), "e": (2, 3), "f": (3, 1), "g": (3, 2)
    }  # fmt: skip


@pytest.mark.parametrize("title", ["### Step {n}", "**Step {n}: Cut**", "### {n}. Cut", "### 第{han}步：切"])
def test_titles_that_begin_again_are_another_procedure(title: str) -> None:
    source = "# Make\n\n"
    for way, count in (("A", 3), ("B", 2)):
        titles = [title.format(n=n, han="一二三"[n - 1]) for n in range(1, count + 1)]
        source += f"## Way {way}\n\n" + "".join(f"{one}\n\n{way}{n}\n\n" for n, one in enumerate(titles, 1))
    found = {text: step for text, step in own_steps(source).items() if len(text) == 2}
    assert found == {"A1": (1, 1), "A2": (1, 2), "A3": (1, 3), "B1": (2, 1), "B2": (2, 2)}


def test_titles_that_all_have_the_number_1_are_one_procedure() -> None:
    assert [step for step in steps("# A\n\n" + f"## 1. Cut\n\n{BODY}\n\n" * 3) if step] == [1, 1, 2, 2, 3, 3]


def test_titles_whose_numbers_go_on_in_another_section_are_one_procedure() -> None:
    source = "# Make\n\n## Saw\n\n### Step 1\n\nOne.\n\n### Step 2\n\nTwo.\n\n## Glue\n\n### Step 3\n\nThree.\n"
    assert [step for step in steps(source) if step] == [1, 1, 2, 2, 3, 3]


@pytest.mark.parametrize(
    ("title", "number"),
    [
        ("Step 12", 12),
        ("٣", 3),
        ("第十二步", 12),
        ("第二十步", 20),
        ("十", 10),
        ("Step XIV", 14),
        ("step ix", 9),
        ("⑫", 12),
    ]
    + [("Deuxième étape", 2), ("Седьмой шаг", 7), ("الخطوة الثالثة", 3), ("❷", 2), ("None", 0), ("", 0)],
)
def test_numbers_in_titles(title: str, number: int) -> None:
    assert number_in(title) == number
