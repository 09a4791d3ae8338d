"""Whatever is cut, masked, split or shown of a document: its Markdown has no open fence and no broken table."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from made.harvest import harvest
from made.rewrite import document, image, text

from leafinstruct.document import Document, Part
from leafinstruct.filter.edits import apply, edit_texts
from leafinstruct.rewrite.clean import lines_of as sentences_of
from leafinstruct.rewrite.clean import without
from leafinstruct.rewrite.prompt import window
from leafinstruct.rewrite.record import contents
from leafinstruct.rewrite.task import Draft, tasks
from leafinstruct.score.boilerplate import foot_of, head_of
from leafinstruct.score.pii import Scorer as Pii
from leafinstruct.text.lines import without_lines
from leafinstruct.text.markdown_faults import faults
from leafinstruct.text.plain import reading

GUIDE = [
    text("# Boil *water*", heading=1),
    text(
        "As the picture below shows:\n\n| pot | size |\n| --- | --- |\n| small | see the picture below |\n| big | 3 l |"
    ),
    image("a"),
    text("1. Fill it. Mail cook@kitchen.io.\n\n   ```sh\n   boil --now\n   # mail cook@kitchen.io\n   ```", step=1),
    image("b", step=1),
    text("2. See the picture above.\n3. Wait.\n   - **Look at the picture.** It is hot.", step=2),
    image("c", step=2),
    text("## Serve\n\n```\npour\n```", heading=0, step=3),
    image("d", step=3),
    text("> Share this page!\n>\n> ```\n> x\n> ```"),
]


def versions(one: Document, rng: random.Random) -> Iterator[tuple[str, Document]]:
    """The document after each kind of edit."""
    images = [i for i, part in enumerate(one.parts) if part.type == "image"]
    yield "no edit", one
    yield "no image kept", apply(one, frozenset())
    yield "some images kept", (kept := apply(one, frozenset(rng.sample(images, len(images) // 2))))
    yield "masked", edit_texts(one, [Pii({"mask": True})])
    lines = sentences_of(kept)
    yield "cleaned", without(kept, rng.sample(lines, len(lines) // 3))
    yield "frame cut", without_lines(kept, [*head_of(kept)[:2], *foot_of(kept)[:3]])


def texts_of(one: Document) -> Iterator[tuple[str, str]]:
    """All that is written of a document: its records in every task, and windows of any size."""
    for name, task in tasks().items():
        turns = task.divide(reading(one))
        draft = Draft(one, task, turns) if turns else None
        for turn in range(len(turns or ())):
            assert draft is not None
            for content in (*contents(draft.input(turn)), *contents(draft.output(turn))):
                yield name, content.text
    for tokens in (5, 20, 80, 300, 1000):
        yield f"window of {tokens}", window(one.parts, tokens).text


def check(one: Document, rng: random.Random) -> int:
    count = 0
    for edit, version in versions(one, rng):
        for use, written in texts_of(version):
            assert not faults(written), (one.path, edit, use, faults(written), written)
            count += 1
    return count


def test_the_finder_finds_what_an_edit_could_break() -> None:
    for part in GUIDE:
        for line in part.text.split("\n"):
            if line.strip(" >") in ("```", "```sh", "| --- | --- |"):
                assert faults(part.text.replace(line, "", 1)), (part.text, line)


def test_edits_and_splits_of_a_guide_stay_whole() -> None:
    guide = document(GUIDE, "How to boil water")
    texts = " ".join(written for _, version in versions(guide, random.Random(1)) for _, written in texts_of(version))
    assert "[email]" in texts and "boil --now" in texts and "| big | 3 l |" in texts
    for seed in range(6):
        assert check(guide, random.Random(seed)) > 50


@pytest.mark.slow
@pytest.mark.skipif("LEAFINSTRUCT_CORPUS" not in os.environ, reason="LEAFINSTRUCT_CORPUS names no corpus")
def test_edits_and_splits_of_real_documents_stay_whole() -> None:
    rng, count, structured = random.Random(7), 0, 0
    made = harvest("tutorial", Path(os.environ["LEAFINSTRUCT_CORPUS"]), "tutorials/*")
    for one in made.documents[::3]:
        if not one.error:
            structured += any("```" in part.text or "| --- |" in part.text for part in one.parts)
            count += check(replace(one, parts=_short(one.parts)), rng)
    assert count > 3000 and structured > 20


def _short(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    return tuple(part for part in parts if len(part.text) < 20_000)
