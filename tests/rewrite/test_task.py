"""Tasks: what qualifies, where a document is divided, and that it all depends on the id alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from made.rewrite import boat, chapters, document, documents, essay, image, story, text

from leafinstruct.errors import LeafError
from leafinstruct.rewrite.segments import is_procedure, sections, transitions
from leafinstruct.rewrite.task import Task, choose_draft, draft, tasks, weighted_tasks

ALL = {"howto": 1, "continue": 1, "illustrate": 1}


def fitting(parts, title=""):
    made = document(parts, title)
    return {name for name, task in tasks().items() if task.divide(made) is not None}


def chosen(made, weights):
    draft = choose_draft(made, weighted_tasks(weights))
    return draft and draft.task


def names(made):
    return {name for name, task in tasks().items() if task.divide(made) is not None}


def test_every_task_is_found_by_its_file():
    assert set(tasks()) == {
        "account", "chapters", "continue", "edit", "howto", "illustrate", "next_state", "question"
    }  # fmt: skip
    assert all(task.about for task in tasks().values())


def test_what_suits_which_task():
    assert names(boat()) == {"howto", "continue", "next_state", "edit"}
    assert names(essay()) == {"illustrate", "continue", "account", "question"}
    assert names(chapters()) == {"howto", "chapters", "question", "next_state"}
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
        made = draft(boat(f"boat{number}"), tasks()["continue"])
        before, after = made.input(), made.output()
        assert not {p.step for p in before if p.step} & {p.step for p in after if p.step}
        assert any(p.type == "image" for p in before) and any(p.type == "image" for p in after)
        assert after[0].type == "text" and after[0].step > 1


def test_continue_draws_different_places():
    starts = {len(draft(boat(f"boat{n}"), tasks()["continue"]).turns[0].given) for n in range(30)}
    assert starts == {3, 5, 7}


def test_a_heading_goes_with_what_follows():
    parts = []
    for step in (1, 2, 3):
        parts += [text("Part", heading=2), text(f"Do {step}.", step), image(f"s{step}", step)]
    for number in range(10):
        made = draft(document(parts, name=str(number)), tasks()["continue"])
        assert made.output()[0].heading == 2 and not made.input()[-1].heading


def test_sections_are_cut_at_headings_and_galleries_before_an_image():
    sections = []
    for n in range(3):
        sections += [text(f"Head {n}", heading=2), text("Prose."), image(f"s{n}"), text("More prose.")]
    for number in range(10):
        assert draft(document(sections, name=str(number)), tasks()["continue"]).output()[0].heading == 2
    gallery = []
    for n in range(3):
        gallery += [image(f"g{n}"), text(f"What picture {n} shows.")]
    for number in range(10):
        made = draft(document(gallery, name=str(number)), tasks()["continue"])
        assert made.output()[0].type == "image" and made.input()[-1].type == "text"


def test_two_steps_or_two_groups_are_too_few_to_continue():
    assert "continue" not in fitting([text("Mix.", 1), image("a", 1), text("Bake.", 2), image("b", 2)])
    assert "continue" not in fitting([text("One."), image("a"), text("Two."), image("b")])


def test_a_step_that_comes_back_is_not_cut():
    parts = [text("a", 1), text("b", 2), text("c", 3), image("i", 3), text("d", 1), image("j", 1)]
    assert tasks()["continue"].divide(document(parts)) is None


def test_the_choice_follows_id_and_weights():
    made = [boat(f"b{n}") for n in range(200)]
    names = [chosen(d, ALL) for d in made]
    assert names == [chosen(d, ALL) for d in made]
    assert 70 < names.count("howto") < 130
    few = [chosen(d, {"howto": 9, "continue": 1}) for d in made].count("continue")
    assert 5 < few < 40
    assert {chosen(d, {"continue": 1}) for d in made} == {"continue"}


def test_no_task_fits():
    assert chosen(document([text("No image.")]), ALL) is None
    assert chosen(boat(), {"illustrate": 1, "howto": 0}) is None
    with pytest.raises(ValueError, match="does not fit the task illustrate"):
        draft(boat(), tasks()["illustrate"])


@pytest.mark.parametrize(
    ("weights", "message"),
    [({"howtoo": 1}, "did you mean 'howto'"), ({"howto": -1}, "-1 is not a weight"), ({"howto": 0}, "above 0")],
)
def test_wrong_weights(weights, message):
    with pytest.raises(LeafError, match=message):
        weighted_tasks(weights)


# the other tasks


def test_an_account_gives_the_first_pictures_and_keeps_all_text():
    counts = set()
    for number in range(30):
        (turn,) = draft(story(f"trip{number}"), tasks()["account"]).turns
        parts = story().parts
        assert all(parts[i].type == "image" for i in turn.given) and turn.given == (1, 3, 5)[: len(turn.given)]
        assert sorted((*turn.given, *turn.answer)) == list(range(len(parts)))
        assert [parts[i].text for i in turn.answer if parts[i].text] == [p.text for p in parts if p.text]
        counts.add(len(turn.given))
    assert counts == {1, 2, 3}


@pytest.mark.parametrize(
    "words", ["The picture below shows the pier.", "Here you see her as shown above, in the rain."]
)
def test_no_account_of_a_page_that_says_where_its_pictures_stand(words):
    made = story()
    assert tasks()["account"].divide(document([*made.parts, text(words)], made.title)) is None
    assert tasks()["account"].divide(document([*made.parts, text("We stood below the old tower.")], made.title))


def test_a_question_is_answered_by_one_whole_section():
    starts = set()
    for number in range(20):
        (turn,) = draft(chapters(f"fleet{number}"), tasks()["question"]).turns
        parts = chapters().parts
        assert turn.given == () and [parts[i].heading for i in turn.answer] == [2, 0, 0, 0]
        starts.add(turn.answer[0])
    assert starts == {1, 5}


def test_a_section_that_would_cut_a_step_goes_with_the_one_before():
    parts = [text("One", heading=2), text("Do this.", 1), image("a", 1), text("Two", heading=2), text("And that.", 1)]
    parts += [image("b", 1), text("Three", heading=2), text("Then rest.", 2), image("c", 2)]
    assert sections(parts) == [(0, 6), (6, 9)]


def test_an_edit_and_a_next_state_join_neighboring_steps():
    places = set()
    for number in range(30):
        made = boat(f"boat{number}")
        (turn,) = draft(made, tasks()["edit"]).turns
        before, after = turn.given[0], turn.answer[0]
        assert made.parts[before].type == made.parts[after].type == "image"
        assert made.parts[after].step == made.parts[before].step + 1 == made.parts[turn.given[1]].step
        (turn,) = draft(made, tasks()["next_state"]).turns
        assert [made.parts[i].type for i in (*turn.given, *turn.answer)] == ["image", "text", "image"]
        assert made.parts[turn.answer[0]].step == made.parts[turn.given[0]].step + 1
        places.add(turn.given[0])
    assert places == {2, 4, 6}


def test_no_edit_without_one_order_and_one_picture():
    told = [text("You will like this.", 1), image("a", 1), text("The sheet was folded.", 2), image("b", 2)]
    assert tasks()["edit"].divide(document(told, "How to fold")) is None
    twice = [text("Fold it.", 1), image("a", 1), text("Turn it.", 2), image("b", 2), image("c", 2)]
    assert tasks()["edit"].divide(document(twice, "How to fold")) is None
    back = [text("Fold it.", 1), image("a", 1), text("Turn it.", 2), image("b", 2), text("Fold it.", 1), image("c", 1)]
    assert tasks()["edit"].divide(document(back, "How to fold")) is None


def test_chapters_without_a_picture_go_with_the_one_before_and_nothing_is_left_out():
    parts = [*chapters().parts, text("Storing", heading=2), text("Keep the fleet dry.")]
    turns = tasks()["chapters"].divide(document(parts, "How to make a paper fleet"))
    assert [t.answer for t in turns] == [(0, 1, 2, 3, 4), (5, 6, 7, 8, 9, 10)]
    many = [p for n in range(9) for p in (text(f"Boat {n}", heading=2), text("Fold it."), image(f"m{n}"))]
    turns = tasks()["chapters"].divide(document(many, "How to fold nine boats"))
    assert len(turns) == 4 and [i for t in turns for i in t.answer] == list(range(27))
    assert all(many[t.answer[0]].heading for t in turns)
    assert tasks()["chapters"].divide(document(many[:3], "How to fold")) is None
    for bare in ("Step {}", "2.{}", "Part {}:", "{}", "Schritt {}"):
        unnamed = [text(bare.format(n), heading=2) if p.heading else p for n, p in enumerate(many)]
        assert tasks()["chapters"].divide(document(unnamed, "How to fold nine boats")) is None, bare


@given(documents())
def test_every_division_keeps_order_and_steps(made):
    for task in tasks().values():
        assert isinstance(task, Task)
        if task.divide(made) is None:
            continue
        result = draft(made, task)
        assert len(set(result.positions)) == len(result.positions)
        if task.whole:
            assert sorted(result.positions) == list(range(len(made.parts)))
        assert result.turns and all(result.output(turn) for turn in range(len(result.turns)))
        images = [i for i in result.positions if made.parts[i].type == "image"]
        assert images == sorted(images)
        kinds = {p.type for turn in range(len(result.turns)) for p in result.output(turn)}
        assert "image" in kinds and ("text" in kinds or task.name == "edit")
        if task.name in ("continue", "chapters"):
            sides = [s for t in result.turns for s in (t.given, t.answer) if s]
            steps = [{made.parts[i].step for i in side} - {0} for side in sides]
            assert not any(a & b for a, b in zip(steps, steps[1:], strict=False))


def two_procedures():
    """A page with two procedures of three steps, each with a picture, under two headings."""
    parts = []
    for procedure, name in enumerate(("Dough", "Sauce"), 1):
        parts.append(text(name, heading=2))
        for step in (1, 2, 3):
            parts += [text(f"Mix the {name} {step}.", step), image(f"{name}{step}", step)]
            parts[-2:] = [replace(part, procedure=procedure) for part in parts[-2:]]
    return parts


@pytest.mark.parametrize("name", ["next_state", "edit", "continue"])
def test_procedures_are_not_mixed(name):
    found = set()
    for n in range(60):
        made = replace(document(two_procedures(), "How to cook"), id=f"d{n}")
        (turn,) = tasks()[name].divide(made)
        own = [made.parts[i] for i in (turn.answer if name == "continue" else (*turn.given, *turn.answer))]
        found.add((turn.given, turn.answer))
        assert len({p.procedure for p in own if p.step}) == 1
        if name == "continue":
            assert {p.procedure for p in own if p.step} == {made.parts[turn.given[-1]].procedure}
    assert len(found) == (2 if name == "continue" else 4)


def test_a_page_with_two_procedures_is_no_single_chain_of_steps():
    parts = two_procedures()
    assert transitions(parts) == [((1, 3), (3, 5)), ((3, 5), (5, 7)), ((8, 10), (10, 12)), ((10, 12), (12, 14))]
    assert names(document(parts, "How to cook")) == {"howto", "continue", "next_state", "edit", "chapters"}
