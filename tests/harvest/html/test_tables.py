"""Tables: spans, pictures and paragraphs in cells, and what is only a frame."""

from __future__ import annotations

import pytest
from selectolax.lexbor import LexborHTMLParser

from leafinstruct.harvest.html.flow import Block
from leafinstruct.harvest.html.render import image_markdown, markdown_of
from leafinstruct.harvest.html.walk import walk


def blocks(html: str) -> list[Block]:
    tree = LexborHTMLParser(f"<body>{html}</body>")
    assert tree.body is not None
    return walk(tree.body)


HEAD = "<tr><th>a</th><th>b</th></tr>"
LINES = "| a | b |\n| --- | --- |\n"


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("<tr><th rowspan=2>a<th colspan=2>b<tr><th>c<th>d<tr><td>1<td>2<td>3",
         "| a | b |  |\n| --- | --- | --- |\n|  | c | d |\n| 1 | 2 | 3 |"),
        (f"{HEAD}<tr><td colspan=2>c</tr>", f"{LINES}| c |  |"),
        (f"{HEAD}<tr><td rowspan=0>1<td>2<tr><td>3<tr><td>4", f"{LINES}| 1 | 2 |\n|  | 3 |\n|  | 4 |"),
        (f"{HEAD}<tr><td>1<td><img src=i.png alt='x|y'> c", f"{LINES}| 1 | ![x\\|y](i.png)<br>c |"),
        (f"{HEAD}<tr><td><p>1</p><p>2</p><td>3", f"{LINES}| 1<br>2 | 3 |"),
        (f"{HEAD}<tr><td>1<td><ul><li>2</ul>", f"{LINES.strip()}\n\n1\n\n- 2"),
        (f"{HEAD}<tr><td>1<td><pre>2</pre>", f"{LINES.strip()}\n\n1\n\n```\n2\n```"),
        ("<caption>Sizes</caption><tr><td>a<td>b<tr><td>1<td>2", f"Sizes\n\n{LINES}| 1 | 2 |"),
        (f"<tr><td><img src=i.png><td>{'Fold it and turn it. ' * 12}<tr><td>a<td>b",
         f"![](i.png)\n\n{'Fold it and turn it. ' * 12}".strip() + "\n\n| a | b |\n| --- | --- |"),
        ("<tr><td><p>a</p><p>b</p>", "a\n\nb"),
    ],
)  # fmt: skip
def test_tables(table: str, expected: str) -> None:
    assert markdown_of(blocks(f"<table>{table}</table>"), image_markdown) == expected


def test_spans_have_a_limit() -> None:
    (row,) = blocks("<table><tr><td colspan=9999999 rowspan=9999999>a<td>b</table>")
    assert (len(row.cells), row.cells[0], row.cells[-1]) == (101, "a", "b")


def test_without_its_images_a_row_is_read_cell_by_cell() -> None:
    found = blocks(f"<table>{HEAD}<tr><td>1<td><img src=i.png> c</table>")
    assert [block.text or block.ref for block in found] == ["a | b", "1", "i.png", "c"]
    assert markdown_of(found) == f"{LINES.strip()}\n\n1\n\nc"


def test_two_tables_in_a_row_stay_two() -> None:
    table = f"<table>{HEAD}<tr><td><img src=i.png><td>1</table>"
    assert markdown_of(blocks(table * 2), image_markdown).count("---") == 4


def test_wide_rows_cover_no_more_than_a_table_can_show() -> None:
    found = blocks(f"<table><tr>{'<td colspan=100 rowspan=100>a' * 30}</tr><tr><td>b<td>c</table>")
    assert [len(row.cells) for row in found] == [1020, 1002]
