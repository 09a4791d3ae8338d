"""Leaks in other words, by a made-up encoder: nearer to a step than to the title."""

from __future__ import annotations

from dataclasses import replace

from made.rewrite import boat, chapters, document, embed, image, text

from leafinstruct.rewrite.answer_leak import margins
from leafinstruct.rewrite.record import Facts, dropped, messages_of, record
from leafinstruct.rewrite.task import draft, tasks


def margin(instruction: str, one=None, task: str = "howto") -> float | None:  # type: ignore[no-untyped-def]
    made = draft(one or boat(), tasks()[task])
    written = record(made, messages_of(made, [instruction] * len(made.turns)), "m@1", Facts())
    (row,) = margins([written], [made.document], embed)
    assert row["id"] == written.id
    return row["margin"]


def test_a_told_step_is_nearer_to_the_step_than_to_the_title() -> None:
    told = margin("Bring both upper pointed tips to the middle so that they meet at the crease?")
    asked = margin("How to fold a paper vessel?")
    assert told is not None and asked is not None and told > 0.2 > -0.2 > asked


def test_the_worst_exchange_counts() -> None:
    fair = margin("How to make a paper fleet?", chapters(), "chapters")
    told = margin("Cut a triangle from red paper and glue it to a match?", chapters(), "chapters")
    assert fair is not None and told is not None and fair < 0 < told


def test_nothing_to_compare_is_null_and_dropped_rows_are_left_out() -> None:
    assert margin("How do I fold?", replace(boat(), title="")) is None
    assert margin("How do I fold?", document([text("Fold it."), image("a")], "How to fold")) is None
    assert margins([dropped(boat(), "howto", "leak", "m@1", Facts())], [boat()], embed) == []
