"""Clean-up: what a model may delete, what the rules keep, and that nothing else changes."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from made.rewrite import SHIPPED, boat, document, image, text

from leafinstruct.document import Document
from leafinstruct.errors import LeafError
from leafinstruct.models.llm import Generation
from leafinstruct.rewrite.clean import _numbers, accepted, clean, lines_of, load_clean_prompt, without
from leafinstruct.rewrite.instruct import Request, Settings
from leafinstruct.rewrite.prompt import estimated_tokens

PROMPT = load_clean_prompt(SHIPPED.with_name("clean.md"))
LINES = (
    "Add 200 g of flour and stir.",
    "Click here to subscribe to our newsletter.",
    "Butter",
    "The dough should be smooth and soft, and not stick to the table.",
    "We were on holiday last week, hence the silence.",
    "Follow us on Facebook!",
)
END = "Bread keeps best in a box of wood or clay, and on the second day it tastes even better than on the first one"


def page() -> Document:
    first = text(" ".join(LINES[:2]) + "\n" + LINES[2] + "\n" + LINES[3], 1)
    return document([first, image("dough", 1), text(LINES[4]), text(LINES[5]), image("loaf"), text(END)], "Bread dough")


def test_code_and_tables_are_not_cleaned():
    table = "| a. b | c |\n| --- | --- |\n| 1 | 2 |"
    code = f"Run it. Bye.\n\n- a\n- Subscribe now!\n- c\n\n```\nSubscribe. Now.\n```\n\n{table}"
    one = document([text(code), image("a")], "T")
    lines = lines_of(one)
    assert [line.text.strip() for line in lines] == ["Run it.", "Bye.", "- a", "- Subscribe now!", "- c"]
    assert without(one, lines[1:2] + lines[3:4]).parts[0].text == code.replace(" Bye.", "").replace(
        "- Subscribe now!\n", ""
    )


def cleaned(answer: str, settings: Settings | None = None) -> tuple[Document, dict[str, int], Request]:
    seen: list[Request] = []

    def ask(requests: list[Request]) -> list[Generation]:
        seen.extend(requests)
        return [Generation(answer, 1, 1, "stop") for _ in requests]

    (result,), counts = clean([page()], ask, PROMPT, settings or Settings(), "m@1")
    return result, dict(counts), seen[0]


def test_lines_are_sentences_and_cover_the_text() -> None:
    assert [line.text for line in lines_of(page())] == [*LINES, END]
    assert [line.text for line in lines_of(boat())][0] == boat().parts[0].text


def test_boilerplate_goes_and_the_rest_stays_as_it_was() -> None:
    result, counts, _ = cleaned('{"delete": [2, 6]}')
    assert counts == {"deleted": 2} and result.images == page().images
    assert (
        result.parts[0].text
        == "Add 200 g of flour and stir.\nButter\nThe dough should be smooth and soft, and not stick to the table."
    )
    assert result.raw == (0, 1, 2, 4, 5), "a text of which nothing is left goes"
    assert cleaned('{"delete": []}')[0] == page()


@pytest.mark.parametrize(
    ("number", "rule"), [(1, "clean_step"), (3, "clean_matter"), (4, "clean_matter"), (5, "clean_matter"), (2, None)]
)
def test_each_veto_has_a_name(number: int, rule: str | None) -> None:
    lines = lines_of(page())
    going, refused = accepted(page(), lines, [number - 1])
    assert (refused == {number - 1: rule}) if rule else (going == [number - 1])


def test_at_the_end_what_belongs_to_nothing_may_go() -> None:
    leave = "Now for a cup of tea with my aunt, see you all!"
    made = page()
    made = replace(made, parts=(*made.parts, text(leave)), raw=())
    lines = lines_of(made)
    assert lines[-1].text == leave
    assert accepted(made, lines, [4, 7]) == ([7], {4: "clean_matter"})


@pytest.mark.parametrize(
    "line", ["Bake it for 25 minutes.", "It makes 12 rolls.", "½ cup of milk is enough.", "At 180 °C."]
)
def test_no_number_and_no_step_is_lost(line: str) -> None:
    one = document([text(f"Some words about rolls.\n{line}"), image("a")], "Rolls")
    index = next(i for i, x in enumerate(lines_of(one)) if x.text == line)
    assert accepted(one, lines_of(one), [index])[0] == []


def test_a_step_keeps_a_text_and_a_document_most_of_its_words() -> None:
    one = document(
        [text("Subscribe to our channel!", 1), image("a", 1), text("Fold the sheet twice.", 2)], "How to fold"
    )
    assert accepted(one, lines_of(one), [0])[1] == {0: "clean_step"}
    noise = [text(f"Follow us on Facebook, friend number {word}!") for word in ("one", "two", "three", "four")]
    much = document([*noise, text("A short word on boats."), image("a")], "Boats")
    assert accepted(much, lines_of(much), [0, 1, 2, 3]) == ([], dict.fromkeys(range(4), "clean_much"))


@pytest.mark.parametrize("answer", ["", "{", '{"delete": "all"}', '{"remove": [2]}', '{"delete": ["x"]}'])
def test_an_answer_that_cannot_be_read_changes_nothing(answer: str) -> None:
    result, counts, _ = cleaned(answer)
    assert result == page() and counts == {"unread": 1}
    assert cleaned(json.dumps({"delete": [0, 99, -1]}))[0] == page()


def test_a_long_page_is_shown_in_part_and_that_is_recorded() -> None:
    _, _, request = cleaned('{"delete": []}', settings=Settings(max_document_tokens=30))
    assert "[2]" in request.messages[1]["content"] and "[6]" not in request.messages[1]["content"]
    assert 0 < request.window.shown_tokens <= 30 < request.window.all_tokens


def test_a_prompt_must_show_the_page(tmp_path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "p.md").write_text("# system\nClean.\n# user\nWhat?\n")
    with pytest.raises(LeafError, match="does not show the document"):
        load_clean_prompt(tmp_path / "p.md")


def test_deleting_nothing_gives_the_document_itself() -> None:
    assert without(page(), []) is not None and without(page(), []) == page()


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ('{"delete": [2, 1, 9]}', [0, 1]),
        ('<think>[3]</think>\n```json\n{"delete": [2]}\n```', [1]),
        ('I would delete: {"delete": []}', []),
        ('{"delete": [Infinity]}', None),
        ('{"delete": "12"}', None),
        ('{"delete": [null]}', None),
        ("none", None),
    ],
)
def test_the_lines_that_an_answer_names(text: str, numbers: list[int] | None) -> None:
    assert _numbers(Generation(text, finish_reason="stop"), 3) == numbers


def test_a_model_that_reads_less_is_shown_fewer_lines_or_none() -> None:
    asked: list[Request] = []

    def ask(requests: list[Request]) -> list[Generation]:
        asked.extend(requests)
        return [Generation("{}", finish_reason="stop")] * len(requests)

    clean([boat()], ask, PROMPT, Settings(), "m")
    [request] = asked
    assert request.fit
    tokens = Settings().max_tokens + sum(estimated_tokens(m["content"]) for m in request.messages)
    counts = {}
    for read in (tokens, tokens - 40, 1, 0):
        messages, view = request.fit(read)
        user = messages[-1]["content"]
        counts[read] = sum(line.startswith("[") and line[1].isdigit() for line in user.splitlines())
        assert view.all_tokens == request.window.all_tokens and (boat().title in user) == bool(read)
    assert counts[tokens] > counts[tokens - 40] > counts[1] == counts[0] == 0
