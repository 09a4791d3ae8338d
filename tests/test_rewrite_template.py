"""The template writer: requests around the title, under the same rules."""

from __future__ import annotations

import pytest
from rewrite_made import boat, document, essay, image, text

from leafinstruct.rewrite.instruct import Settings, check
from leafinstruct.rewrite.record import Facts
from leafinstruct.rewrite.task import TASKS, draft
from leafinstruct.rewrite.template import PHRASES, instruction, write

GERMAN = [
    text("Schneide die Kastanien kreuzweise ein und lege sie auf ein Blech.", 1),
    image("a", 1),
    text("Backe.", 2),
]
MATTER = {
    ("en", False): (boat().parts, "Paper boats"),
    ("en", True): (essay().parts, "The tide"),
    ("de", False): ([*GERMAN, text("Wende sie nach einer Viertelstunde.", 3), image("b", 3)], "Geröstete Kastanien"),
    ("de", True): ([text("Kastanien reifen im Herbst an großen Bäumen."), image("k")], "Kastanien im Herbst"),
}


def made(parts, title, task="howto"):
    return draft(document(parts, title, language=""), TASKS[task])


def test_records_name_the_template_and_hold_the_title():
    drafts = [draft(boat(f"b{n}"), TASKS["howto"]) for n in range(40)]
    records = write(drafts, settings=Settings(), facts=Facts())
    asked = [r.messages[0].content[0].text for r in records]
    assert {r.writer for r in records} == {"template"} and all("How to fold a paper boat" in a for a in asked)
    assert len(set(asked)) == len(PHRASES["en"]["howto"])
    assert [r.id for r in records] == [r.id for r in write(drafts, settings=Settings(), facts=Facts())]


@pytest.mark.parametrize("language", PHRASES)
@pytest.mark.parametrize("task", TASKS)
def test_every_phrase_passes_every_rule(language, task):
    parts, title = MATTER[language, task == "illustrate"]
    one = made(parts, title, task)
    for phrase in PHRASES[language][task]:
        assert check(phrase.format(title), one, "", Settings()) is None


def test_german_documents_get_german_phrases():
    assert (
        "Geröstete Kastanien" in (text := instruction(made(GERMAN, "Geröstete Kastanien."), Settings()))
        and "Kastanien.." not in text
    )
    assert any(word in text for word in ("Bild", "zuerst"))


def test_without_a_title_the_first_heading_serves():
    assert "Folding" in instruction(made([text("Folding boats", heading=1), *boat().parts], ""), Settings())


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
