"""The template writer: requests around the title, under the same rules."""

from __future__ import annotations

from dataclasses import replace

import pytest
from made.rewrite import boat, chapters, document, essay, image, story, text

from leafinstruct.rewrite.instruct import Settings, check
from leafinstruct.rewrite.record import Facts
from leafinstruct.rewrite.task import draft, tasks
from leafinstruct.rewrite.template import HOW_TO_PHRASES, PHRASES, instruction, write
from leafinstruct.rewrite.title import full_title, plain_title
from leafinstruct.text.language import language_of

GERMAN = [
    text("Schneide die Kastanien kreuzweise ein und lege sie auf ein Blech.", 1),
    image("a", 1),
    text("Backe.", 2),
]
STEPS = [*GERMAN, image("b", 2), text("Wende die Kastanien nach einer Viertelstunde.", 3), image("c", 3)]
HERBST = [text(f"Kastanien reifen im Herbst an großen Bäumen, und der {n} Baum ist alt.") for n in ("erste", "zweite")]
KAPITEL = [
    [
        text(f"Kastanien {was}", heading=2),
        text(
            "Lege die Kastanien im Herbst auf ein Blech und decke sie mit einem "
            "feuchten Tuch zu, bis sie weich sind und sich schälen lassen."
        ),
        image(was),
    ]
    for was in ("sammeln", "rösten")
]
GERMAN_MATTER = {
    "illustrate": (HERBST[0], image("k")),
    "account": (HERBST[0], image("k"), HERBST[1], image("l"), image("m")),
    "question": (*KAPITEL[0], *KAPITEL[1]),
    "chapters": (*KAPITEL[0], *KAPITEL[1]),
}
ENGLISH_MATTER = {"illustrate": essay(), "account": story(), "question": chapters(), "chapters": chapters()}


def matter(language, task):
    if language == "en":
        return ENGLISH_MATTER.get(task, boat())
    title = "Wie man Kastanien röstet" if task == "chapters" else "Geröstete Kastanien"
    return document(GERMAN_MATTER.get(task, STEPS), title, language="de")


def made(parts, title, task="howto"):
    one = document(parts, title)
    return draft(replace(one, language=language_of(one)), tasks()[task])


def test_records_name_the_template_and_hold_the_title():
    drafts = [draft(boat(f"b{n}"), tasks()["howto"]) for n in range(40)]
    records = write(drafts, settings=Settings(), facts=Facts())
    asked = [r.messages[0].content[0].text for r in records]
    assert {r.writer for r in records} == {"template"} and all("fold a paper boat" in a for a in asked)
    assert len(set(asked)) == len(HOW_TO_PHRASES)
    assert [r.id for r in records] == [r.id for r in write(drafts, settings=Settings(), facts=Facts())]


@pytest.mark.parametrize("language", PHRASES)
@pytest.mark.parametrize("task", sorted(tasks()))
def test_every_phrase_passes_every_rule(language, task):
    one = draft(matter(language, task), tasks()[task])
    for phrase in PHRASES[language][task]:
        for turn in range(len(one.turns)):
            named = next((p.text for p in one.output(turn) if p.heading), one.document.title)
            assert check(phrase.format(named), one, turn, "", Settings()) is None


def test_a_part_is_asked_for_by_its_heading():
    one = draft(chapters(), tasks()["chapters"])
    assert "Folding the hull" in instruction(one, 0, Settings()).instruction
    assert "Making the flag" in instruction(one, 1, Settings()).instruction


def test_a_title_that_asks_is_asked():
    one = replace(boat(), title="How to feed your cat")
    one = replace(one, parts=(text("A cat is fed twice a day; feed it fish."), *one.parts), raw=())
    assert "feed my cat" in instruction(draft(one, tasks()["howto"]), 0, Settings()).instruction


def test_a_title_gets_the_name_that_its_site_is_about():
    told = (
        text("The Sailor app has a panel for this. Open the Sailor menu, then the panel of Sailor Pro."),
        image("a"),
    )
    one = replace(document(told, "Panel settings"), site="manual.sailor.example")
    assert full_title(one) == "Panel settings (Sailor)"
    assert full_title(replace(one, title="Sailor settings")) == "Sailor settings"
    assert full_title(replace(one, site="other.example")) == "Panel settings"


def test_the_name_of_the_site_is_left_out():
    one = replace(boat(), title="How to fold a paper boat | X Example", site="www.xexample.org")
    asked = instruction(draft(one, tasks()["howto"]), 0, Settings()).instruction
    assert "paper boat" in asked and "Example" not in asked
    assert plain_title(replace(one, title="Boats - a history", site="boat.example")) == "Boats - a history"
    assert plain_title(replace(one, title="X-Example: Boats", site="x-example.org")) == "X-Example: Boats"
    assert plain_title(replace(one, title="X-Example » Boats", site="x-example.org")) == "Boats"


def test_german_documents_get_german_phrases():
    assert (
        "Geröstete Kastanien" in (text := instruction(made(GERMAN, "Geröstete Kastanien."), 0, Settings()).instruction)
        and "Kastanien.." not in text
    )
    assert any(word in text for word in ("Bild", "zuerst"))


def test_without_a_title_the_first_heading_serves():
    assert (
        "Folding" in instruction(made([text("Folding boats", heading=1), *boat().parts], ""), 0, Settings()).instruction
    )


@pytest.mark.parametrize(
    ("parts", "title", "reason"),
    [
        (boat().parts, "", "no_title"),
        (boat().parts, " ... ", "no_title"),
        (
            [text("Pliez la feuille en deux et ouvrez les coins.", 1), image("a", 1), text("Tirez.", 2)],
            "Bateau",
            "no_template",
        ),
    ],
)
def test_dropped_with_a_reason(parts, title, reason):
    (record,) = write([made(parts, title)], settings=Settings(), facts=Facts())
    assert record.dropped_by == f"rewrite:{reason}" and record.messages == ()
