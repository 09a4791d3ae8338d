from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks" / "quality"))

import structure  # a script beside the data it measures
import structure_reader


@pytest.mark.slow
def test_the_measure_of_structure_sees_what_it_should() -> None:
    assert structure.check() == []


def test_structure_does_not_depend_on_how_markdown_is_written() -> None:
    one = structure_reader.read_structure("# A\n\n3. b\n   - c\n\n```js\nd\n```\n\n|e|f|\n|-|-|\n|$g$|`h`|\n")
    other = structure_reader.read_structure(
        "A\n=\n\n3. b\n\n    * c\n\n~~~javascript\nd\n\n~~~\n\n| e  | f |\n| -- | --- |\n| $g$ | `h` |\n"
    )
    assert one == other
    assert one.items == [(1, "3", "b"), (2, "-", "c")]
    assert one.tables == [(("e", "f"), ("$g$", "h"))]
    assert one.code == [("javascript", "d")]


def test_a_price_is_no_formula() -> None:
    assert structure_reader.read_structure("It costs $5, or $9 a meter.").formulas == []


def test_a_cell_of_a_spanning_cell_may_be_empty_or_repeated() -> None:
    wanted = structure_reader.read_structure("|a|<|\n|-|-|\n|b|c|")
    wanted.tables = [structure_reader.with_spans(table) for table in wanted.tables]
    for text in ("|a||\n|-|-|\n|b|c|", "|a|a|\n|-|-|\n|b|c|"):
        found, want = structure_reader.compare(structure_reader.read_structure(text), wanted)["tables"]
        assert found == want
