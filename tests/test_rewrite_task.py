"""Tasks: what qualifies, where a document is divided, and that it all depends on the id alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from rewrite_made import boat, document, documents, essay, image, text

from leafinstruct.document import LeafError
from leafinstruct.rewrite.task import TASKS, Task, check_weights, choose_task, draft, is_procedure

ALL = {"howto": 1, "continue": 1, "illustrate": 1}


def fitting(parts, title=""):
    made = document(parts, title)
    return {name for name, task in TASKS.items() if task.split(made) is not None}


def test_what_suits_which_task():
    assert {n for n, t in TASKS.items() if t.split(boat()) is not None} == {"howto", "continue"}
    assert {n for n, t in TASKS.items() if t.split(essay()) is not None} == {"illustrate", "continue"}
    assert fitting([text("The tide turns."), image("a")]) == {"illustrate"}
    assert fitting([text("The tide turns.")]) == set()
    assert fitting([image("a")]) == set()
    assert fitting([text("Tides", heading=1), image("a")]) == set()
    assert fitting([text("Mix.", 1), image("a", 1), text("Bake.", 2)]) == {"howto"}


@pytest.mark.parametrize(
    "title", ["How to prune a rose", "Setting up the robot", "红烧鱼的做法", "Rezept: Linsensuppe", "Baking bread"]
)
def test_a_title_can_make_a_procedure(title):
    assert is_procedure(document([text("Some prose on the matter."), image("a")], title))


@pytest.mark.parametrize("title", ["Why roses fade", "The house of the weaver", "A use for tides", "Bakery closed"])
def test_other_titles_do_not(title):
    assert not is_procedure(document([text("Some prose on the matter."), image("a")], title))


def test_orders_make_a_procedure_and_a_story_is_none():
    orders = "Cut the stem below a leaf. Put it in water. It likes light. After a week roots show."
    story = "She cut the stem below a leaf. Then she put it in water. It liked the light. Roots showed."
    assert is_procedure(document([text(orders)], "Basil"))
    assert not is_procedure(document([text(story)], "Basil"))


def test_continue_cuts_between_steps_and_shows_an_image():
    for number in range(30):
        made = draft(boat(f"boat{number}"), TASKS["continue"])
        before, after = made.input(), made.output()
        assert not {p.step for p in before if p.step} & {p.step for p in after if p.step}
        assert any(p.type == "image" for p in before) and any(p.type == "image" for p in after)
        assert after[0].type == "text" and after[0].step > 1


def test_continue_draws_different_places():
    starts = {len(draft(boat(f"boat{n}"), TASKS["continue"]).input_parts) for n in range(30)}
    assert starts == {3, 5, 7}


def test_a_heading_goes_with_what_follows():
    parts = []
    for step in (1, 2, 3):
        parts += [text("Part", heading=2), text(f"Do {step}.", step), image(f"s{step}", step)]
    for number in range(10):
        made = draft(document(parts, name=str(number)), TASKS["continue"])
        assert made.output()[0].heading == 2 and not made.input()[-1].heading


def test_sections_are_cut_at_headings_and_galleries_before_an_image():
    sections = []
    for n in range(3):
        sections += [text(f"Head {n}", heading=2), text("Prose."), image(f"s{n}"), text("More prose.")]
    for number in range(10):
        assert draft(document(sections, name=str(number)), TASKS["continue"]).output()[0].heading == 2
    gallery = []
    for n in range(3):
        gallery += [image(f"g{n}"), text(f"What picture {n} shows.")]
    for number in range(10):
        made = draft(document(gallery, name=str(number)), TASKS["continue"])
        assert made.output()[0].type == "image" and made.input()[-1].type == "text"


def test_two_steps_or_two_groups_are_too_few_to_continue():
    assert "continue" not in fitting([text("Mix.", 1), image("a", 1), text("Bake.", 2), image("b", 2)])
    assert "continue" not in fitting([text("One."), image("a"), text("Two."), image("b")])


def test_a_step_that_comes_back_is_not_cut():
    parts = [text("a", 1), text("b", 2), text("c", 3), image("i", 3), text("d", 1), image("j", 1)]
    assert TASKS["continue"].split(document(parts)) is None


def test_the_choice_follows_id_and_weights():
    made = [boat(f"b{n}") for n in range(200)]
    names = [choose_task(d, ALL).name for d in made]
    assert names == [choose_task(d, ALL).name for d in made]
    assert 70 < names.count("howto") < 130
    few = [choose_task(d, {"howto": 9, "continue": 1}).name for d in made].count("continue")
    assert 5 < few < 40
    assert {choose_task(d, {"continue": 1}).name for d in made} == {"continue"}


def test_no_task_fits():
    assert choose_task(document([text("No image.")]), ALL) is None
    assert choose_task(boat(), {"illustrate": 1, "howto": 0}) is None
    with pytest.raises(ValueError, match="none for the task illustrate"):
        draft(boat(), TASKS["illustrate"])


@pytest.mark.parametrize(
    ("weights", "message"),
    [({"howtoo": 1}, "did you mean 'howto'"), ({"howto": -1}, "-1 is no weight"), ({"howto": 0}, "above 0")],
)
def test_wrong_weights(weights, message):
    with pytest.raises(LeafError, match=message):
        check_weights(weights)


@given(documents())
def test_every_division_keeps_all_parts_and_answers_with_text_and_image(made):
    for task in TASKS.values():
        assert isinstance(task, Task)
        if task.split(made) is None:
            continue
        result = draft(made, task)
        assert (*result.input_parts, *result.output_parts) == tuple(range(len(made.parts)))
        assert {p.type for p in result.output()} == {"text", "image"}
        assert not {p.step for p in result.input() if p.step} & {p.step for p in result.output() if p.step}
        assert bool(result.input_parts) == (task.name == "continue")
