"""What a reader sees of Markdown: words, markers of lists, rows, code; and nothing of its markup."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from made.markdown_pages import TEXT
from made.rewrite import document, image
from markdown_it import MarkdownIt
from selectolax.lexbor import LexborHTMLParser

from leafinstruct.document import Part
from leafinstruct.harvest.formats.markdown import parse_markdown
from leafinstruct.harvest.html.parts import pieces
from leafinstruct.text.markdown import block_ends, parse
from leafinstruct.text.plain import blocks_apart, plain, prose, prose_end, read, reading, share

OTHER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
CODE = "Run this:\n\n```sh\nls -a\n  cd\n```\n\nThen rest."
TABLE = "Sizes:\n\n| name | size |\n| --- | --- |\n| a\\|b | `2` |"


@pytest.mark.parametrize(
    ("markdown", "shown"),
    [
        ("One. Two - three, 4 (five)!", "One. Two - three, 4 (five)!"),
        ("## A *title* of `x`", "A title of x"),
        ("# C\\#", "C#"),
        ("a **b** ~~c~~ `d_e` \\*f\\* &amp; <sub>2</sub><kbd>Q</kbd>", "a b c d_e *f* & 2Q"),
        ("a\\\nb", "a\nb"),
        ("1. one\n2. two\n   - in\n\n     more\n3. three", "1. one\n2. two\n  - in\n\nmore\n3. three"),
        ("- a\n\n- b", "- a\n- b"),
        ("> quoted\n>\n> - a", "quoted\n\n- a"),
        (CODE, "Run this:\n\nls -a\n  cd\n\nThen rest."),
        (TABLE, "Sizes:\n\nname | size\na|b | 2"),
        ("so $x_1^2$ is\n\n$$\n\\frac{a}{b}\n$$", "so x_1^2 is\n\n\\frac{a}{b}"),
        ("[text](https://a.b/c) and ![alt](i.png) and <https://a.b>", "text and alt and https://a.b"),
        ("use <b>bold</b> tags, 3 < 4", "use <b>bold</b> tags, 3 < 4"),
        ("it costs $5 and $6", "it costs $5 and $6"),
        ("use ~foo~ here, ~~not~~ there", "use ~foo~ here, not there"),
        ("first line\nsecond line", "first line\nsecond line"),
        ("1986. A great year", "1986. A great year"),
        ("half \ud800 a pair *x*", "half \ufffd a pair x"),
    ],
)
def test_plain(markdown: str, shown: str) -> None:
    assert plain(markdown) == shown


def test_prose_is_what_is_neither_code_nor_table() -> None:
    assert prose(CODE) == "Run this:\n\nThen rest."
    assert prose(TABLE) == "Sizes:"
    assert prose("```\nx\n```") == ""
    assert prose("    indented") == "indented"  # in rows of other data sets it is only a space too many
    assert prose_end(CODE) == "Run this:\n\nThen rest."
    assert prose_end(TABLE) == prose_end("- Do:\n\n  ```\n  x\n  ```") == ""


def test_shares_of_code_and_tables() -> None:
    assert share(CODE, "code") == (len("ls -a\n  cd"), len(plain(CODE)))
    assert share(CODE, "table") == (0, len(plain(CODE)))
    inside, every = share(TABLE, "table")
    assert (inside, every) == (len("name | size\na|b | 2"), len(plain(TABLE)))
    assert [plain(CODE)[a:b] for a, b in blocks_apart(CODE)] == ["ls -a\n  cd"]


def test_a_text_without_words_is_read_as_it_is() -> None:
    one = document([Part("text", text="```\n```"), image("a"), Part("text", text="*b*")], "T")
    assert [part.text for part in reading(one).parts] == ["```\n```", "", "b"]


@pytest.mark.parametrize("sign", [">", "> ", "- ", "1. ", "*a", "[", "`", "<sub>", "$", "|", "\\", "```\n", "#", "~~"])
def test_any_number_of_signs_is_read_in_time(sign: str) -> None:
    plain(sign * 20_000 + "x")


def test_a_text_may_be_divided_between_blocks_and_items_only() -> None:
    text = "A.\n\n- one\n\n  ```\n  x\n\n  y\n  ```\n- two\n\n| a |\n| --- |\n| b |\n\nEnd."
    ends = block_ends(text)
    assert [text[a:b].strip() for a, b in zip([0, *ends], ends, strict=False)] == [
        "A.",
        "- one\n\n  ```\n  x\n\n  y\n  ```",
        "- two",
        "| a |\n| --- |\n| b |",
        "End.",
    ]


@given(TEXT)
def test_two_parsers_read_the_same_words(markdown: str) -> None:
    shown = LexborHTMLParser(f"<body>{OTHER.render(markdown)}</body>").text(deep=True)
    ours = "".join(leaf.text for leaf in read(markdown).root.leaves())
    assert "".join(ours.split()) == "".join(shown.split())


@given(TEXT)
def test_every_node_has_its_place(markdown: str) -> None:
    found = read(markdown)
    for leaf in found.root.leaves():
        assert found.plain[leaf.at : leaf.until] == leaf.text or leaf.text.endswith("\n")
    for node in parse(markdown).walk():
        assert 0 <= node.start <= node.end <= len(markdown)
    assert block_ends(markdown) == sorted(set(block_ends(markdown)))


@pytest.mark.skipif("LEAFINSTRUCT_CORPUS" not in os.environ, reason="LEAFINSTRUCT_CORPUS names no corpus")
@pytest.mark.slow
def test_two_parsers_read_the_same_words_of_real_texts() -> None:
    files = sorted(Path(os.environ["LEAFINSTRUCT_CORPUS"], "tutorials").rglob("*.md"))[::5]
    differing = []
    for file in files:
        for piece in pieces(parse_markdown(file.read_text("utf-8", "replace")).blocks):
            if "$" not in piece.text:
                shown = LexborHTMLParser(f"<body>{OTHER.render(piece.text)}</body>").text(deep=True)
                ours = "".join(leaf.text for leaf in read(piece.text).root.leaves())
                if "".join(ours.split()) != "".join(shown.split()):
                    differing.append((file, piece.text))
    assert files and not differing, differing[0]
