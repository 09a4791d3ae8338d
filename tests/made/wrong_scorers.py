"""Scorers of a user's own that do something wrong about one document, `spoon.md`, and what the user should read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from made.tree import make_project, page, put

MINE = """
import math, os, signal, sys, time
import numpy
from leafinstruct import Column, DocumentScorer

class Mine(DocumentScorer):
    columns = (
        Column("rate", "document", "float", "", "made"),
        Column("count", "document", "int", "", "made"),
        Column("word", "document", "text", "", "made"),
        Column("size", "image", "float", "", "made"),
    )
    def score(self, document):
        bad = document.path.endswith("spoon.md")
        row = {"document": document.id, "rate": 1.0, "count": 1, "word": "x"}
        if bad:
            BODY
        return [row]
"""


@dataclass(frozen=True)
class Shape:
    """What the scorer does, and what is said: of a fault, `line` is in the one line, and the document has no score; of
    one that `stops` the build, `line` is in the error."""

    body: str
    line: str = ""
    stops: bool = False
    rate: float | None = 1.0
    """The document's score where nothing is wrong."""


SHAPES = {
    "raises": Shape("raise ValueError('no nouns')", r"ValueError: no nouns \(my_scorer.py, line \d+\)"),
    "without_end": Shape("return self.score(document)", "RecursionError: maximum recursion depth"),
    "calls_exit": Shape("sys.exit(3)", r"SystemExit: 3 \(my_scorer.py, line \d+\)"),
    "asserts": Shape("assert False", r"AssertionError \(my_scorer.py, line \d+\)"),
    "none": Shape("return None", "it returned None; it returns a list of rows"),
    "a_dict": Shape("return row", "it returned {'document'.*; it returns a list of rows"),
    "a_text": Shape("return 'high'", "it returned 'high'"),
    "row_of_values": Shape("return [(1.0, 1, 'x')]", r"a row is \(1.0, 1, 'x'\); it is a dict"),
    "two_rows": Shape("return [row, {**row, 'rate': 9.0}]", "two rows about one document"),
    "another_document": Shape("row['document'] = 'zzz'", "a row is about the document 'zzz'"),
    "misspelt": Shape("row['rat'] = row.pop('rate')", r"unknown column 'rat' \(did you mean 'rate'\?\)"),
    "undeclared": Shape("row['colour'] = 3", r"unknown column 'colour'"),
    "text_for_float": Shape("row['rate'] = 'high'", "column 'rate' is 'high'; it takes a number"),
    "half_for_int": Shape("row['count'] = 1.5", "column 'count' is 1.5; it takes a whole number"),
    "bool_for_int": Shape("row['count'] = True", "column 'count' is True; it takes a whole number"),
    "too_large": Shape("row['count'] = 2 ** 70", r"column 'count' is 11805\d+; it takes a whole number"),
    "bytes_for_text": Shape("row['word'] = b'x'", "column 'word' is b'x'; it takes a text"),
    "list_for_float": Shape("row['rate'] = [1.0]", r"column 'rate' is \[1.0\]; it takes a number"),
    "no_such_part": Shape("row = {'part': 99, 'size': 1.0}", "'part' is 99, which is no image part"),
    "other_grain": Shape("row['size'] = 1.0", "column 'size' is about each image; the row is about the document"),
    "image_by_hash": Shape(
        "row = {'sha256': 'a' * 64, 'size': 1.0}", "a row has 'sha256'; a row about an image .* names its 'part'"
    ),
    "yields_then_raises": Shape("return (1 / 0 for _ in 'x')", r"ZeroDivisionError: division by zero \(my_scorer.py"),
    "odd_repr": Shape(
        "row['rate'] = type('Odd', (), {'__repr__': lambda self: 1 / 0})()", "column 'rate' is an object of Odd"
    ),
    "masked_time": Shape("row['count'] = numpy.timedelta64(5, 'ns')", "column 'count' is .*timedelta64"),
    "more_digits": Shape("row['rate'] = 2 ** 53 + 1", "column 'rate' is 9007199254740993; it takes a number"),
    "its_own_error": Shape("row['error'], row['rate'] = 'no\\n' + 'x' * 999, 9.0", ""),
    "no_text": Shape(
        "raise type('Odd', (Exception,), {'__str__': lambda self: 3})()", "Odd: .its text cannot be shown."
    ),
    "half_in_message": Shape("raise ValueError('a\\ud83d')", r"ValueError: a\? \(my_scorer"),
    "cancelled": Shape("import asyncio; raise asyncio.CancelledError()", r"CancelledError \(my_scorer.py"),
    "says_stop": Shape(
        "import leafinstruct as li; raise li.LeafError('own words')", "wood/spoon.md: own words", stops=True
    ),
    "masked": Shape("row['rate'] = numpy.ma.masked", rate=None),
    "own_int": Shape("row['count'] = type('I', (int,), {'__int__': lambda self: 9})(2)"),
    "not_installed": Shape(
        "import nonesuch", "wood/spoon.md: ModuleNotFoundError: No module named 'nonesuch'", stops=True
    ),
    "out_of_memory": Shape("raise MemoryError('full')", "wood/spoon.md: MemoryError: full", stops=True),
    "not_a_number": Shape("row['rate'] = float('nan')", rate=None),
    "nothing": Shape("return []", "it gave no row about the document"),
    "images_alone": Shape(
        "return [{'part': i, 'size': 1.0} for i, p in enumerate(document.parts) if p.image]", "it gave no row"
    ),
    "null": Shape("row['rate'] = None", rate=None),
    "numpy": Shape("row['rate'], row['count'] = numpy.float32(0.5), numpy.int16(2)", rate=0.5),
    "whole_fraction": Shape("row['count'] = 2.0"),
    "half_of_a_surrogate": Shape("row['word'] = 'a\\ud83d'"),
    "without_id": Shape("del row['document']"),
    "a_generator": Shape("return (one for one in [row])"),
}


def project(folder: Path, body: str, scorer: str = MINE) -> Path:
    """A project of six pages with the scorer; returns the pipeline file."""
    for site, names in {"wood": ("spoon", "stool", "frame"), "clay": ("bowl", "tile", "vase")}.items():
        for name in names:
            page(folder / "tree" / site, name)
    put(folder / "my_scorer.py", scorer.replace("BODY", body))
    rule = {"name": "low", "drop": "document", "when": "rate < 0.5", "origin": "own"}
    put(folder / "filters/mine.yaml", yaml.safe_dump({"scorer": "./my_scorer.py:Mine", "rules": [rule]}))
    return make_project(folder, folder / "tree", filters=["text", "mine"])
