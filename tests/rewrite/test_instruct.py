"""Requests, answers, the retry and the records that follow, with a made-up model."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from made.rewrite import SHIPPED, boat, document, essay, image, text

from leafinstruct.errors import LeafError
from leafinstruct.models.llm import Generation
from leafinstruct.rewrite.checked import Refusal
from leafinstruct.rewrite.instruct import Settings, Writer, answer_schema, parse, prompts_for, request, tidy, write
from leafinstruct.rewrite.prompt import load_prompt
from leafinstruct.rewrite.record import Facts
from leafinstruct.rewrite.task import draft, tasks
from leafinstruct.settings import read

PROMPT = load_prompt(SHIPPED, tasks())
SETTINGS = Settings()
MODEL = "made@1"
WRITER = Writer(MODEL, PROMPT, SETTINGS)
GOOD = "How do I fold a small boat out of a sheet of paper?"


def howto(name="boat"):
    return draft(boat(name), tasks()["howto"])


def answer(instruction, finish="stop"):
    return Generation(json.dumps({"instruction": instruction}), 10, 5, finish)


def written(answers, drafts=None):
    """Records, and the requests of each round; `answers` are given out in order."""
    drafts = drafts or [howto()]
    left = list(answers)
    rounds = []

    def ask(requests):
        rounds.append(requests)
        return [left.pop(0) for _ in requests]

    records = write(drafts, ask, writer=WRITER, facts=Facts())
    assert not left
    return records, rounds


def test_a_good_answer_becomes_a_record():
    (record,), rounds = written([answer(GOOD)])
    assert record.dropped_by == "" and record.writer == MODEL and len(rounds) == 1
    assert record.messages[0].content[0].text == GOOD and record.images == tuple(boat().images)


def test_a_refused_answer_is_asked_for_once_more_with_the_reason():
    (record,), (first, second) = written([answer("Boat"), answer(GOOD)])
    assert record.messages[0].content[0].text == GOOD
    assert "it has 1 words; write at least 4" in second[0].messages[-1]["content"]
    assert second[0].messages[:-1] == first[0].messages[:-1]
    assert (first[0].attempt, second[0].attempt) == (1, 2) and first[0].seed != second[0].seed


def test_after_two_refusals_the_document_is_dropped_by_the_second():
    (record,), rounds = written([answer("Boat"), answer("Summarize this article about boats, please.")])
    assert record.dropped_by == "rewrite:about_page" and record.messages == () and len(rounds) == 2


def test_only_the_refused_are_asked_again_and_order_is_kept():
    drafts = [howto("a"), howto("b"), howto("c")]
    records, (_, second) = written([answer(GOOD), answer("no"), answer(GOOD), answer("no")], drafts)
    assert [r.document for r in records] == [d.document.id for d in drafts]
    assert [r.dropped_by for r in records] == ["", "rewrite:length", ""]
    assert [r.document for r in second] == [drafts[1].document.id]


def test_nothing_to_write_asks_nothing():
    assert write([], lambda r: pytest.fail("asked"), writer=WRITER, facts=Facts()) == []


def test_a_model_error_is_dropped_and_not_retried():
    (record,), rounds = written([Generation("", error="prompt of 9999 tokens")])
    assert record.dropped_by == "rewrite:model_error" and len(rounds) == 1


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        (Generation('{"instruction": "How do I', 1, 1, "length"), "cut_off"),
        (Generation('{"instruction": "How do', 1, 1, "stop"), "not_json"),
        (Generation("[1]", 1, 1, "stop"), "not_json"),
        (Generation('{"instruction": 5}', 1, 1, "stop"), "not_json"),
        (Generation('{"request": "x"}', 1, 1, "stop"), "not_json"),
        (answer("x" * SETTINGS.max_chars), "cut_off"),
        (answer(""), "empty"),
    ],
)
def test_what_cannot_be_read_is_refused(given, rule):
    refusal = parse(given, howto(), 0, WRITER)
    assert isinstance(refusal, Refusal) and refusal.rule == rule and not refusal.final


def test_an_answer_cut_at_its_limit_keeps_its_whole_sentences():
    long = f"{GOOD} And then " + "x" * SETTINGS.max_chars
    assert parse(answer(long[: SETTINGS.max_chars]), howto(), 0, WRITER).instruction == GOOD


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        (' "How do I  fold\n it?" ', "How do I fold it?"),
        ("“Falte es.”", "Falte es."),
        ('"One" and "two"', '"One" and "two"'),
        ('Say "boat"', 'Say "boat"'),
        ("'", "'"),
    ],
)
def test_tidy(raw, clean):
    assert tidy(raw) == clean


def test_the_prompt_shows_the_document_as_data():
    (system, *examples, user), view = prompts_for(howto(), 0, WRITER)
    assert system["role"] == "system" and [e["role"] for e in examples] == ["user", "assistant"] * len(PROMPT.examples)
    assert all(json.loads(e["content"]).keys() == {"instruction"} for e in examples if e["role"] == "assistant")
    assert f"{view.text}\n</document>" in user["content"] and "[image: fold 4]" in view.text
    assert "Write in English" in user["content"] and "How to fold a paper boat" in user["content"]
    assert "{" not in system["content"] + user["content"]


def test_continue_shows_the_model_no_word_of_the_answer():
    made = draft(boat(), tasks()["continue"])
    messages, view = prompts_for(made, 0, WRITER)
    assert "Lay the sheet" in view.text and not any(p.text in view.text for p in made.output() if p.text)
    assert not any(p.text in messages[-1]["content"] for p in made.output() if p.text)


def test_the_language_asked_for_is_the_document_s():
    german = document(
        [text("Schneide die Kastanien ein und lege sie auf ein Blech.", 1), image("a", 1), text("Backe.", 2)],
        language="de",
    )
    assert "Write in German" in prompts_for(draft(german, tasks()["howto"]), 0, WRITER)[0][-1]["content"]


def test_requests_of_one_pipeline_share_their_beginning():
    one, two = (prompts_for(d, 0, WRITER)[0] for d in (howto(), draft(essay(), tasks()["illustrate"])))
    assert one[:-1] == two[:-1]


def test_a_key_changes_with_what_can_change_the_answer():
    def key(made=None, prompt=PROMPT, settings=SETTINGS, model=MODEL, refusal=None):
        return request(made or howto(), 0, Writer(model, prompt, settings), refusal).key

    others = [
        key(made=howto("other")),
        key(made=draft(boat(), tasks()["continue"])),
        key(prompt=replace(PROMPT, system="Other")),
        key(settings=replace(SETTINGS, temperature=0.5)),
        key(settings=replace(SETTINGS, seed=7)),
        key(settings=replace(SETTINGS, max_tokens=64)),
        key(settings=replace(SETTINGS, max_chars=100)),
        key(model="made@2"),
        key(refusal=Refusal("length", "it has 1 words")),
        key(refusal=Refusal("length", "it has 2 words")),
    ]
    assert len({key(), *others}) == len(others) + 1
    assert key() == key() == key(settings=replace(SETTINGS, max_words=60))
    elsewhere = replace(boat(), url="https://y.example", path="y", raw=tuple(range(9, 18)))
    assert key(draft(elsewhere, tasks()["howto"])) == key()


def test_the_schema_bounds_the_string():
    assert answer_schema(SETTINGS)["properties"]["instruction"]["maxLength"] == SETTINGS.max_chars


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"max_tokens": 0}, "'max_tokens' is 0; it takes a whole number, 1 or more"),
        ({"min_words": 9, "max_words": 8}, "max_words: 8: must be at least min_words, 9"),
        ({"temperature": -1.0}, "'temperature' is -1.0"),
    ],
)
def test_settings_that_make_no_sense(wrong, message):
    with pytest.raises(LeafError, match=message):
        read(Settings, wrong)
