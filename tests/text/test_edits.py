"""Edits by places of the plain text: what is cut is gone, all else stays, and the Markdown is whole."""

from __future__ import annotations

import os
import random
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made.markdown_pages import TEXT
from made.rewrite import document, image

from leafinstruct.document import Part
from leafinstruct.harvest.formats.markdown import parse_markdown
from leafinstruct.harvest.html.parts import pieces
from leafinstruct.text.edits import edit_parts, edited, without
from leafinstruct.text.markdown import Node, parse
from leafinstruct.text.plain import plain, read
from leafinstruct.text.sentences import sentence_spans

LIST = "1. one\n2. See.\n3. three\n   - n\n\n   ```\n   a\n   b\n   ```"
TABLE = "| a | b |\n| --- | --- |\n| 1 | 2 |\n| 3 | 4 |\n\nx"


def places(markdown: str, *words: str) -> list[tuple[int, int]]:
    shown = plain(markdown)
    return [(shown.index(word), shown.index(word) + len(word)) for word in words]


@pytest.mark.parametrize(
    ("markdown", "cut", "left"),
    [
        ("A. See picture. B.", [" See picture."], "A. B."),
        ("See picture. 1. B", ["See picture."], "1\\. B"),
        ("See picture. # B", ["See picture."], "\\# B"),
        ("**See picture.** Then **go. x**", ["See picture.", "go."], "Then **x**"),
        ("A *See the picture.* B", ["See the picture."], "A B"),
        ("A.\\\nSee b.\\\nC.", ["See b."], "A.\\\nC."),
        ("H<sub>2</sub>O is. Wet.", ["H2O is."], "Wet."),
        ("a \\*b\\* c", ["*b*"], "a c"),
        (LIST, ["See."], "1. one\n2. three\n   - n\n\n   ```\n   a\n   b\n   ```"),
        (LIST, ["three", "b"], "1. one\n2. See.\n3. - n\n\n   ```\n   a\n   ```"),
        ("1. See.\n\n   ```\n   a\n   b\n   ```\n2. x", ["See.", "a"], "1. ```\n   b\n   ```\n2. x"),
        ("> a\n>\n> b\n>\n> - c\n> - d\n\ne", ["b", "c", "d"], "> a\n\ne"),
        (TABLE, ["1", "2"], "| a | b |\n| --- | --- |\n| 3 | 4 |\n\nx"),
        (TABLE, ["1", "2", "3", "4"], "| a | b |\n| --- | --- |\n\nx"),
        (TABLE, ["a", "b"], TABLE),
        (TABLE, ["a", "b", "1", "2", "3", "4"], "x"),
        ("```sh\nls\ncd\n```\n\nx", ["ls"], "```sh\ncd\n```\n\nx"),
        ("```sh\nls\n```\n\nx", ["ls"], "x"),
        ("See `x`. B", ["See x."], "B"),
        ("all of it", ["all of it"], ""),
    ],
)
def test_without(markdown: str, cut: list[str], left: str) -> None:
    assert without(markdown, places(markdown, *cut)) == left


@pytest.mark.parametrize(
    ("markdown", "masked"),
    [
        ("mail a_b@c.de now", "mail [email] now"),
        ("mail **a_b@c.de**(home)", "mail **[email]**(home)"),
        ("mail a_b@c.de(home)", "mail \\[email\\](home)"),
        ("`x a_b@c.de`", "`x [email]`"),
        ("| a |\n| --- |\n| a_b@c.de |", "| a |\n| --- |\n| [email] |"),
        ("a&#95;b@c.de!", "a[email]!"),
        ("a\\_b@c.de!", "[email]!"),
        ("- a_b@c.de", "- [email]"),
    ],
)
def test_replacement(markdown: str, masked: str) -> None:
    found = re.search(r"\w+@c\.de", plain(markdown))
    assert found is not None
    start = found.start() if "&#" not in markdown else found.start() + 1
    assert edited(markdown, [(start, found.end(), "[email]")]) == masked


def test_parts_keep_their_places() -> None:
    one = document([Part("text", text="*See it.*"), image("a"), Part("text", text="Go. See it.")], "T")
    made = edit_parts(one, {0: [(0, 7, "")], 2: [(3, 11, "")]})
    assert [(part.type, part.text) for part in made.parts] == [("image", ""), ("text", "Go.")]
    assert made.raw == (1, 2)


def words_left(markdown: str, cut: list[tuple[int, int]]) -> str:
    """The words that a text must have after a cut."""
    found = read(markdown)
    gone = {i for start, end in cut for i in range(start, end)}
    solid = {i for i, character in enumerate(found.plain) if not character.isspace()}

    def places(node: Node) -> set[int]:
        return {i for leaf in node.leaves() for i in range(leaf.at, leaf.until)} & solid

    for table in (node for node in found.root.walk() if node.kind == "table"):
        head, *rows = table.children
        if any(places(row) - gone for row in rows) and places(head) <= gone:
            gone -= places(head)  # the names of columns stay
    left = (found.plain[i] for leaf in found.root.leaves() for i in range(leaf.at, leaf.until) if i not in gone)
    return "".join("".join(left).split())


def check_cut(markdown: str, cut: list[tuple[int, int]]) -> None:
    left = without(markdown, cut)
    found = "".join("".join(leaf.text for leaf in read(left).root.leaves()).split())
    assert found == words_left(markdown, cut), (markdown, cut, left)
    for node in parse(left).walk():
        if node.language is not None:
            lines = left[node.start : node.end].rstrip().split("\n")
            assert len(lines) > 1 and set(lines[-1].strip(" >")) <= {"`", "~"}, left


@given(TEXT, st.randoms(use_true_random=False), st.sampled_from([0.1, 0.5, 0.9]))
def test_any_words_can_go(markdown: str, rng: random.Random, share: float) -> None:
    words = [found.span() for found in re.finditer(r"\S+", plain(markdown))]
    check_cut(markdown, [span for span in words if rng.random() < share])


@given(TEXT, st.integers(0, 200))
def test_any_end_can_go(markdown: str, length: int) -> None:
    check_cut(markdown, [(length, max(length, len(plain(markdown))))])


@pytest.mark.skipif("LEAFINSTRUCT_CORPUS" not in os.environ, reason="LEAFINSTRUCT_CORPUS names no corpus")
@pytest.mark.slow
def test_sentences_lines_and_words_of_real_texts_can_go() -> None:
    rng, edits = random.Random(3), 0
    for file in sorted(Path(os.environ["LEAFINSTRUCT_CORPUS"], "tutorials").rglob("*.md"))[::4]:
        for piece in pieces(parse_markdown(file.read_text("utf-8", "replace")).blocks):
            shown = plain(piece.text) if len(piece.text) < 20_000 else ""
            units = (sentence_spans(shown), *(map(re.Match.span, re.finditer(p, shown)) for p in (r"\w+", r"\S.*")))
            for spans in map(list, units):
                check_cut(piece.text, sorted(rng.sample(spans, int(len(spans) * rng.choice([0.05, 0.3, 0.7])))))
                edits += 1
    assert edits > 500


@pytest.mark.parametrize(
    ("markdown", "masked"),
    [
        ("```\nx\na_b@c.de\n```", "```\nx\n[email]\n```"),
        ("- a\n\n  ```\n  a_b@c.de\n  ```\n\n  x", "- a\n\n  ```\n  [email]\n  ```\n\n  x"),
        ("A\n\n    a_b@c.de\n\nB", "A\n\n    [email]\n\nB"),
        ("```\na_b@c.de:80\n```", "```\n[email]:80\n```"),
    ],
)
def test_replacement_in_code(markdown: str, masked: str) -> None:
    assert edited(markdown, [(*places(markdown, "a_b@c.de")[0], "[email]")]) == masked


@pytest.mark.parametrize(
    ("markdown", "left"),
    [
        ("9. See.\n10. ```python\n    if x:\n        y()\n    ```", "9.  ```python\n    if x:\n        y()\n    ```"),
        ("1. a\n2. b\n\nSee.\n\n1. c\n2. d", "1. a\n2. b\n\n1) c\n2) d"),
        ("- a\n\nSee.\n\n- b", "- a\n\n* b"),
        ("- a\n\nSee.\n\n1. b", "- a\n\n1. b"),
        ("- a\n\nSee.\n\n- So.\n- b", "- a\n\n* b"),
        ("1. a\n\nSee.\n\n1. So.\n2. b", "1. a\n\n1) b"),
    ],
)
def test_lists_around_a_cut(markdown: str, left: str) -> None:
    cut = [word for word in ("See.", "So.") if word in markdown]
    assert without(markdown, places(markdown, *cut)) == left
