"""Halves of code fences and tables are found; whole ones, code that looks like either, and prose with pipes are not."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leafinstruct.text.markdown_faults import faults

HALF, INSIDE = "code fence without its other half", "code fence opens inside another"
ROWS, HEADLESS = "table rows without a delimiter row", "table without a head"


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("a\n\n```py\nx = 1", [f"line 3: {HALF}"]),
        ("x = 1\n```\n\nprose", [f"line 2: {HALF}"]),
        ("x\n```\nprose\n```py\ny\n```", [f"line 4: {INSIDE}"]),
        ("```py\nx\nprose\n```py\ny\n```", [f"line 4: {INSIDE}"]),
        ("```\na\n```\n\nb\n\n```\nc\n```\n```", [f"line 10: {HALF}"]),
        ("~~~\nx\n```", [f"line 1: {HALF}"]),
        ("````\nx\n```", [f"line 1: {HALF}"]),
        ("```", [f"line 1: {HALF}"]),
        ("```\n\n\n", [f"line 1: {HALF}"]),
        ("- a\n\n  ```\n  x\n\nb", [f"line 3: {HALF}"]),
        ("1. a\n   ```sh\n   ls\n```", [f"line 2: {HALF}", f"line 4: {HALF}"]),
        ("> ```\n> x\n\nb", [f"line 1: {HALF}"]),
        ("> - a\n>\n>   ~~~\n>   x\n> - b", [f"line 3: {HALF}"]),
        ("```\r\nx\r\n", [f"line 1: {HALF}"]),
        ("| a | b |\n| 1 | 2 |", [f"line 1: {ROWS}"]),
        ("a\n\n|a|b|\n|1|2|\n|3|4|", [f"line 3: {ROWS}"]),
        ("Text:\n| 1 | 2 |\n| 3 | 4 |\nmore", [f"line 2: {ROWS}"]),
        ("| a | b |\n| --- | --- |\n| 1 | 2 |\n\n| 3 | 4 |\n| 5 | 6 |", [f"line 5: {ROWS}"]),
        ("- a\n\n  | a | b |\n  | 1 | 2 |", [f"line 3: {ROWS}"]),
        ("> | a | b |\n> | 1 | 2 |", [f"line 1: {ROWS}"]),
        ("| a \\| b | c |\n| 1 | 2 |", [f"line 1: {ROWS}"]),
        ("| --- | --- |\n| 1 | 2 |", [f"line 1: {HEADLESS}"]),
        ("Text\n| :-- | --: |\n| 1 | 2 |\n| 3 | 4 |", [f"line 2: {HEADLESS}"]),
        ("| --- |\n| 1 |", [f"line 1: {HEADLESS}"]),
        ("a | b | c\n--- | ---\n1 | 2", ["line 2: table with 3 cells in its head and 2 in its delimiter row"]),
        ("| a |\n|---|---|\n| 1 | 2 |", ["line 2: table with 1 cells in its head and 2 in its delimiter row"]),
        ("| `a|b` | c |\n| --- | --- |", ["line 2: table with 3 cells in its head and 2 in its delimiter row"]),
    ],
)
def test_a_half_is_found(markdown: str, expected: list[str]) -> None:
    assert faults(markdown) == expected


@pytest.mark.parametrize(
    "markdown",
    [
        "",
        "plain",
        "a | b",
        "a | b\nc | d\n\ne || f",
        "|x| + |y|",
        "The norm |x| is\n|y|\n|z| here.",
        "ls | wc | less\nuse `a | b` or `| a | b |`",
        "|-- src\n|-- docs\n|",
        "| C | G |\\\n| Am | F |",
        "| a | b |\\\n| --- | --- |",
        "\\| a | b |\n\\| c | d |",
        "| a | b \\|\n| c | d \\|",
        "use ```` ``` ```` or ```x``` here\n``` a`b",
        "    ```\n    | a | b |\n    | c | d |",
        "```\nx\n```",
        "```\n```",
        "```py\nx\n`````\n\n~~~~\ny\n~~~~~  ",
        "````md\n```py\nx\n```\n````",
        "~~~\n```\n~~~\n\n```\n~~~ a\n```",
        "```\n    ```py\nx\n```",
        "```\n| a | b |\n| 1 | 2 |\n\n| --- |\n```",
        "1. a\n\n   ```sh\n   ls | wc\n   ```\n\n2. b\n   ~~~\n   ```\n   ~~~",
        "- - ```\n    x\n    ```\n- > ~~~ js\n  > y\n  > ~~~",
        "> ```\n> | a | b |\n> | 1 | 2 |\n> ```",
        "```\n\x0b\x0c\x1c\x85\u2028\u2029\n```",
        "| a | b |\n| --- | --- |",
        "| a | b |\n|:-:|--|\n| 1 |\n| 1 | 2 | 3 |\nlast",
        "Text\n| a |\n| --- |\n| --- |",
        "a | b\n-|-\n1 | 2",
        "- | a | b |\n  | --- | --- |\n  | `x\\|y` | 2 |",
        "> | a | b |\n> | - | - |\n\n# | a | b |",
        "$$\n|a| |b|\n|c| |d|\n$$",
        "<pre>\n```\n</pre>",
        "<!--\n| a | b |\n| c | d |\n-->",
        "a\n---\n\n---\n\n***",
    ],
)
def test_what_is_whole_or_prose_has_no_fault(markdown: str) -> None:
    assert faults(markdown) == []


# Any nesting of blocks

Line = tuple[str, bool]
"""A line, and whether the Markdown is broken without it."""

PROSE = [["Mix a | b."], ["|x| + |y| = 2", "holds | here"], ["`| a | b |` and ``` x ```"], ["## Cut | glue"], ["---"]]
CODE = ["x = 1", "", "    y", "| a | b |", "| --- | --- |", "ls | wc", "# a", "- a", "> q", "1. b", "\x0c", "`"]
CELL = st.sampled_from(["", "a", "`x\\|y`", "a \\| b", "- a", "**b**", "```"])


@st.composite
def fenced(draw: st.DrawFn) -> list[Line]:
    sign, other = draw(st.permutations("`~"))
    code = draw(st.lists(st.sampled_from(CODE), max_size=4))
    length = draw(st.integers(3, 5))
    if draw(st.booleans()):
        code += [other * draw(st.integers(3, 5)) + draw(st.sampled_from(["", "js"]))]
    if length > 3 and draw(st.booleans()):
        code += [f"{sign * 3}py", "y", sign * (length - 1)]
    info = draw(st.sampled_from(["", "py", " sh a=b"]))
    return [(sign * length + info, True), *((line, False) for line in code), (sign * length, True)]


@st.composite
def table(draw: st.DrawFn) -> list[Line]:
    width = draw(st.integers(2, 4))
    rows = [draw(st.lists(CELL, min_size=width, max_size=width)) for _ in range(draw(st.integers(2, 4)))]
    delimiter = draw(st.lists(st.sampled_from(["---", ":--", "-:", ":-:"]), min_size=width, max_size=width))
    written = [(f"| {' | '.join(row)} |", False) for row in rows]
    return [written[0], (f"| {' | '.join(delimiter)} |", True), *written[1:]]


def within(blocks: list[list[Line]], first: str, others: str) -> list[Line]:
    """Blocks inside a list item or quote, below a line of its own."""
    lines = joined([[("item", False)], *blocks])
    return [((others if at else first) + line, needed) for at, (line, needed) in enumerate(lines)]


def joined(blocks: list[list[Line]]) -> list[Line]:
    lines: list[Line] = []
    for block in blocks:
        lines += [("", False)] * bool(lines) + block
    return lines


BLOCK = st.recursive(
    st.one_of(fenced(), table(), st.sampled_from(PROSE).map(lambda lines: [(line, False) for line in lines])),
    lambda inner: st.builds(
        lambda blocks, prefix: within(blocks, *prefix),
        st.lists(inner, min_size=1, max_size=3),
        st.sampled_from([("- ", "  "), ("12. ", "    "), ("> ", "> ")]),
    ),
    max_leaves=6,
)
MARKDOWN = st.lists(BLOCK, min_size=1, max_size=4).map(joined)


def text(lines: list[Line]) -> str:
    return "\n".join(line for line, _ in lines)


@given(MARKDOWN)
def test_well_formed_markdown_has_no_fault(lines: list[Line]) -> None:
    assert faults(text(lines)) == []


@given(MARKDOWN.filter(lambda lines: any(needed for _, needed in lines)), st.data())
def test_what_is_broken_without_a_line_has_a_fault(lines: list[Line], data: st.DataObject) -> None:
    gone = data.draw(st.sampled_from([at for at, (_, needed) in enumerate(lines) if needed]))
    assert faults(text(lines[:gone] + lines[gone + 1 :]))


@given(st.text(st.sampled_from("`~|-: \n\\>#1.)a\r\t$<"), max_size=60))
def test_any_text_is_read(markdown: str) -> None:
    lines = markdown.count("\n") + markdown.count("\r") + 1
    assert all(1 <= int(one.split()[1].rstrip(":")) <= lines for one in faults(markdown))


def test_a_text_without_fence_and_pipe_is_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leafinstruct.text.markdown_faults._parser", lambda: pytest.fail("parsed"))
    assert faults("# a\n\n- b `c` ~~d~~\n") == []


@pytest.mark.parametrize(
    "piece", ["| a | b |\n", "```\n", "```py\n", "|", ">", "- ", "| - ", "-|" * 9, "| a |\n|---|\n"]
)
def test_long_texts_take_no_longer_than_they_must(piece: str) -> None:
    """Each took below 0.5 s."""
    began = time.perf_counter()
    faults(f"|\n{piece * 10_000}")
    assert time.perf_counter() - began < 5
