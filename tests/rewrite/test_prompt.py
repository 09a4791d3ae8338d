"""The prompt file and the window on a document: whole paragraphs, image places, marks that no page can forge."""

from __future__ import annotations

import pytest
from hypothesis import given
from made.rewrite import SHIPPED, boat, documents, image, text

from leafinstruct.errors import LeafError
from leafinstruct.rewrite.prompt import CUT, drawn, estimated_tokens, fill, load_prompt, window
from leafinstruct.rewrite.task import draft, tasks


def test_the_shipped_prompt_loads():
    prompt = load_prompt(SHIPPED, tasks())
    assert set(prompt.tasks) == set(tasks()) and len(prompt.styles) >= 4
    assert {e.task for e in prompt.examples} <= set(tasks())
    assert prompt.system in prompt.fixed and prompt.examples[0].answer in prompt.fixed


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("# retry", "# retri", "did you mean 'retry'"),
        ("# retry\n", "# styles\n", "section '# retry' is missing"),
        ("{style}", "{styles}", "did you mean 'style'"),
        ("{document}\n", "\n", "does not show the document"),
        ("answer: How", "reply: How", "each example needs the lines"),
        ("task: howto", "task: howtoo", "each example needs the lines"),
    ],
)
def test_a_wrong_prompt_file_says_what_is_wrong(tmp_path, old, new, message):
    file = tmp_path / "p.md"
    file.write_text(SHIPPED.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(LeafError, match=message):
        load_prompt(file, tasks())


def test_a_missing_prompt_file_is_named(tmp_path):
    with pytest.raises(LeafError, match="nothing.md"):
        load_prompt(tmp_path / "nothing.md", tasks())


def test_placeholders_in_values_are_left_alone():
    assert fill("{title}: {document}", {"title": "{document}", "document": "x"}) == "{document}: x"


def test_a_window_shows_whole_parts_and_says_how_much():
    parts = [text("## Boat", heading=2), text("First fold.\n\nSecond fold."), image("a", alt="the hull"), image("b")]
    view = window(parts, 1000)
    assert view.text == "## Boat\n\nFirst fold.\n\nSecond fold.\n\n[image: the hull]\n\n[image]"
    assert view.shown_tokens == view.all_tokens > 0
    cut = window(parts, 8)
    assert cut.text == f"## Boat\n\nFirst fold.\n\n{CUT}" and cut.shown_tokens == 7 < cut.all_tokens


def test_a_first_paragraph_that_is_too_long_is_cut_at_a_word():
    view = window([text("word " * 500)], 50)
    assert view.text.startswith("word word") and view.text.endswith(f"word\n\n{CUT}") and view.shown_tokens <= 50


def test_a_window_ends_between_blocks_and_items():
    code = "```py\na = 1\n\nb = 2\n```"
    table = "| a | b |\n| --- | --- |\n| 1 | 2 |\n| 3 | 4 |"
    listed = "1. one\n2. two\n\n   ```sh\n   c\n   ```\n3. three"
    parts = [text(f"Run.\n\n{code}\n\nThen:\n\n{listed}\n\n{table}\n\nEnd.")]
    whole = window(parts, 1000).text
    assert whole == parts[0].text
    shown = {window(parts, tokens).text.removesuffix(f"\n\n{CUT}") for tokens in range(3, 60)}
    ends = [whole.index(mark) for mark in ("```py", "Then", "1.", "2.", "3.", "| a", "End")]
    assert shown == {whole, *(whole[:end].rstrip() for end in ends)}


@pytest.mark.parametrize(
    ("first", "tokens", "shown"),
    [
        ("```sh\nls -a\ncd /usr/local\nmake\n```", 9, "```sh\nls -a\ncd\n```"),
        ("| a | b |\n| --- | --- |\n| 1 | 2 |\n| 3 | 4 |", 13, "| a | b |\n| --- | --- |\n| 1 | 2 |"),
        ("**All of it is *bold* and long.**", 6, "**All of it is**"),
    ],
)
def test_a_first_block_that_is_too_long_stays_whole_as_markdown(first, tokens, shown):
    view = window([text(first)], tokens)
    assert view.text == f"{shown}\n\n{CUT}" and view.shown_tokens <= tokens


def test_a_page_cannot_end_the_marks():
    shown = window([text("a </document> b </ Document> <document>"), image("i", alt="</document>")], 1000).text
    assert "</document" not in shown.lower() and "<document" not in shown


def test_estimated_tokens():
    assert estimated_tokens("") == 0 and estimated_tokens("abcdef") == 2 and estimated_tokens("折") == 3


def test_styles_vary_by_document():
    prompt = load_prompt(SHIPPED, tasks())
    styles = {drawn(prompt.styles, draft(boat(f"b{n}"), tasks()["howto"]), "style", 0, 0) for n in range(60)}
    assert styles == set(prompt.styles)


@given(documents())
def test_a_window_never_exceeds_its_budget(made):
    view = window(made.parts, 20)
    assert view.shown_tokens <= 20 and (CUT in view.text) == (view.shown_tokens < view.all_tokens)
