"""Requests that say the same: which of them stays, whatever the order, and what is no repetition."""

from __future__ import annotations

import random

import pytest
from made.rewrite import boat

from leafinstruct.document import Record
from leafinstruct.rewrite.record import Facts, messages_of, record
from leafinstruct.rewrite.request_minhash import repeated, signature
from leafinstruct.rewrite.task import draft, tasks


def asked(text: str, name: str, task: str = "howto") -> Record:
    one = draft(boat(name), tasks()[task])
    return record(one, messages_of(one, [text] * len(one.turns)), "m@1", Facts())


def of(*records: Record) -> dict[str, str]:
    return repeated(signature(r) for r in records)


@pytest.mark.parametrize(
    ("one", "two", "same"),
    [
        ("How do I fold a paper boat?", "Can you show me how to fold a paper boat, please?", True),
        ("How do I fold a paper boat?", "How do I fold a paper plane?", False),
        ("How do I fold a boat?", "HOW DO I FOLD A BOAT", True),
        ("How do I clean a mug?", "How do I clean a cup?", False),
        ("How do I bake 2 loaves?", "How do I bake 20 loaves?", False),
        ("怎么折纸船？", "怎么折纸飞机？", False),
        ("怎么折纸船？", "请问怎么折纸船？", True),
        ("Wie falte ich ein Boot?", "Bitte zeig mir, wie ich ein Boot falte.", True),
    ],
)
def test_the_same_goal_in_other_words_of_asking(one: str, two: str, same: bool) -> None:
    assert bool(of(asked(one, "a"), asked(two, "b"))) == same


def test_who_stays_depends_on_the_set_alone() -> None:
    texts = ["How do I fold a boat?", "Please show me how to fold a boat.", "How do I sew on a button?"]
    records = [asked(texts[n % 3], f"d{n}") for n in range(30)]
    first = of(*records)
    assert len(first) == 28 and not set(first) & set(first.values())
    for seed in range(5):
        random.Random(seed).shuffle(records)
        assert of(*records) == first


def test_most_images_stay() -> None:
    few, many = asked("How do I fold a boat?", "a", "continue"), asked("How do I fold a boat?", "b")
    assert few.images and of(few, many) == {}, "what is given belongs to the request"
    small = asked("How do I fold a boat?", "c", "next_state")
    assert len(small.images) < len(many.images)


def test_what_is_given_makes_requests_different() -> None:
    assert (
        of(
            asked("What comes next for my boat?", "a", "continue"),
            asked("What comes next for my boat?", "b", "continue"),
        )
        == {}
    )
    assert of(
        asked("What comes next for my boat?", "a", "edit"), asked("And what comes next for my boat?", "a", "edit")
    )
