"""Records: every part of the document once, images and image places one to one, and what is published about them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from made.core import project
from made.rewrite import boat, chapters, document, documents, image, text

from leafinstruct import layout
from leafinstruct.document import Content, digest, records_from_table, records_to_table
from leafinstruct.pipeline import load_pipeline
from leafinstruct.rewrite import template
from leafinstruct.rewrite.instruct import Settings
from leafinstruct.rewrite.record import Facts, contents, dropped, messages_of, record
from leafinstruct.rewrite.stage import read_facts
from leafinstruct.rewrite.task import draft, tasks
from leafinstruct.run import Run


def made(task="howto", facts=None):
    one = draft(boat(), tasks()[task])
    return record(one, messages_of(one, ["How do I fold a boat?"]), "template", facts or Facts())


def test_texts_are_joined_and_images_keep_their_place():
    parts = [text("Boat", heading=1), text("Fold it."), image("a"), image("b"), text("Done.")]
    assert contents(parts) == (
        Content("text", "Boat\n\nFold it."),
        Content("image"),
        Content("image"),
        Content("text", "Done."),
    )


def test_texts_are_markdown_or_plain():
    parts = [
        text("# The *boat*", heading=1),
        text("1. Fold `x`."),
        text("2. Run:\n\n   ```sh\n   ls\n   ```"),
        image("a"),
    ]
    assert contents(parts)[0].text == "# The *boat*\n\n1. Fold `x`.\n\n2. Run:\n\n   ```sh\n   ls\n   ```"
    assert contents(parts, plain=True)[0].text == "The boat\n\n1. Fold x.\n\n2. Run:\n\nls"


def test_the_setting_leaves_out_the_markup_of_documents():
    parts = [text("# **Fold** a boat", heading=1), text("Fold *it* with `tools`, step by step."), image("a")]
    one = draft(document(parts, "How to fold a boat"), tasks()["howto"])
    for setting, shown in (("markdown", "Fold *it* with `tools`"), ("plain", "Fold it with tools")):
        (result,) = template.write([one], settings=Settings(text=setting), facts=Facts())
        assert shown in result.messages[1].content[0].text and "*" not in result.messages[0].content[0].text


def test_continue_puts_the_first_steps_into_the_request():
    result = made("continue")
    user, assistant = result.messages
    assert user.content[0] == Content("text", "How do I fold a boat?")
    assert user.content[1].text.startswith("You need one sheet")
    assert any(c.type == "image" for c in user.content) and any(c.type == "image" for c in assistant.content)
    assert result.images == tuple(boat().images)


def test_what_is_published_about_images():
    parts = [text("Look."), image("a", alt="alt", caption="caption"), image("b", alt="alt"), image("a")]
    one = document(parts, name="raw")
    one = replace(one, raw=(0, 2, 5, 7))
    facts = Facts({(one.id, 2): 0.123456, (one.id, 5): None}, {one.id: (("words", 3.0), ("lm", 0.66666))})
    result = record(
        (d := draft(one, tasks()["illustrate"])), messages_of(d, ["What do boats look like?"]), "m@1", facts
    )
    assert [m.caption for m in result.image_meta] == ["caption", "alt", ""]
    assert [m.clip_score for m in result.image_meta] == [0.1235, None, None]
    assert [m.source_sha256 for m in result.image_meta] == list(result.images) == one.images
    assert {m.license for m in result.image_meta} == {"CC0-1.0"} and result.image_meta[0].url.endswith("a.png")
    assert result.scores == (("words", 3.0), ("lm", 0.6667)) and result.writer == "m@1"


def test_id_and_language():
    assert made().id == digest([boat().id, "howto"])[:20] != made("continue").id
    one = draft(replace(boat(), language="de"), tasks()["howto"])
    assert record(one, messages_of(one, ["How?"]), "t", Facts()).language == "de"


def test_a_dropped_document_keeps_its_row():
    row = dropped(boat(), "howto", "leak", "template", Facts(scores={boat().id: (("words", 9.0),)}))
    assert row.dropped_by == "rewrite:leak" and row.messages == row.images == row.image_meta == ()
    assert row.scores == (("words", 9.0),) and row.document == boat().id


@settings(deadline=None)  # the first call loads the language detector
@given(documents())
def test_a_record_holds_the_parts_of_its_draft_and_images_match(one):
    for task in tasks().values():
        if task.divide(one) is None:
            continue
        d = draft(one, task)
        result = record(d, messages_of(d, ["THE REQUEST"] * len(d.turns)), "template", Facts())
        flat: list[str] = []
        pictures = iter(result.images)
        for number, message in enumerate(result.messages):
            entries = list(message.content)
            if number % 2 == 0:
                assert message.role == "user" and entries.pop(0).text == "THE REQUEST"
            for entry in entries:
                flat += [next(pictures)] if entry.type == "image" else entry.text.split("\n\n")
        parts = [one.parts[i] for i in d.positions]
        assert flat == [p.image or p.text for p in parts]
        assert (
            list(result.images) == [p.image for p in parts if p.image] == [m.source_sha256 for m in result.image_meta]
        )
        assert list(records_from_table(records_to_table([result]))) == [result]


def test_a_talk_has_a_request_and_an_answer_for_each_chapter():
    one = draft(chapters(), tasks()["chapters"])
    result = record(one, messages_of(one, ["First?", "Second?"]), "m@1", Facts(), topic="boats")
    assert [m.role for m in result.messages] == ["user", "assistant"] * 2
    assert [m.content[0].text for m in result.messages[::2]] == ["First?", "Second?"]
    assert result.images == tuple(chapters().images) and result.topic == "paper", "the source's own topic comes first"
    assert list(records_from_table(records_to_table([result]))) == [result]


def test_scores_of_images_come_from_the_dual_encoder_and_of_documents_from_all(tmp_path: Path) -> None:
    path = project(tmp_path, {"made": [], "seen": {"scorer": "./scorers.py:Seen"}}, models={"clip": {"model": "a/b"}})
    pipeline, run = load_pipeline(path, resolve_models=False), Run(tmp_path / "run")
    made, seen = pipeline.filters
    assert made.scorer and seen.scorer
    rows = [{"document": "d", "odds": 0.5, "size": None}, {"document": "d", "part": 1, "size": 3}]
    run.commit_table(layout.scores(made.folder, "p"), made.scorer.table(rows), "f")
    similar = [{"document": "d", "part": 1, "context_similarity": 0.25}]
    run.commit_table(layout.scores(seen.folder, "p"), seen.scorer.table(similar), "f")
    facts = read_facts(run, pipeline, "p")
    assert facts.clip == {("d", 1): 0.25}
    assert dict(facts.scores["d"])["made_odds"] == 0.5
