"""Defects of text and order: steps in another order, cut texts, boilerplate, word salad, another language."""

from __future__ import annotations

import random
from dataclasses import replace

from leafinstruct.audit.corpus_sample import CorpusSample
from leafinstruct.audit.passages import BOILERPLATE, INSTRUCTIONS, NEUTRAL, PARAGRAPHS, in_language
from leafinstruct.audit.planted import CannotPlant, Planted, needs, places, prose
from leafinstruct.document import Document, Part
from leafinstruct.text.edits import without
from leafinstruct.text.plain import plain

CHARACTERS = ("zh", "ja")
"""Languages written without spaces: their characters are shuffled instead of words."""
LEAST_WORDS = 8
"""A text of fewer words (or characters) is not shuffled."""


def steps_shuffled(base: Document, corpus: CorpusSample, draw: random.Random) -> Planted:
    """Whole steps in another order, each with its images. Steps are those of the source, else the parts under each
    heading, else the parts from one image to the next."""
    blocks = _blocks(base)
    needs(blocks, 3, "steps")
    order = list(range(len(blocks)))
    while order == sorted(order):
        draw.shuffle(order)
    head = base.parts[: blocks[0][0]]
    return Planted((*head, *(base.parts[i] for at in order for i in blocks[at])))


def _blocks(base: Document) -> list[list[int]]:
    numbered = {part.own_step for part in base.parts if part.step}
    if len(numbered) >= 3:
        first = next(i for i, part in enumerate(base.parts) if part.step)
        starts = {first} | {i for i in range(first + 1, len(base.parts)) if _new_step(base, i)}
    elif sum(part.heading > 0 for part in base.parts) >= 3:
        starts = {i for i, part in enumerate(base.parts) if part.heading}
    else:
        starts = {i + 1 for i in places(base, "image") if i + 1 < len(base.parts)} | {0}
    edges = [*sorted(starts), len(base.parts)]
    return [list(range(a, b)) for a, b in zip(edges, edges[1:], strict=False)]


def _new_step(base: Document, index: int) -> bool:
    part = base.parts[index]
    return part.step > 0 and part.own_step != base.parts[index - 1].own_step


def cut_everywhere(base: Document, corpus: CorpusSample, draw: random.Random) -> Planted:
    """Each text keeps the first 30 to 70 % of its characters."""
    parts = list(base.parts)
    for i in prose(base):
        text = base.parts[i].text
        length = len(plain(text))
        left = without(text, [(max(1, int(length * draw.uniform(0.3, 0.7))), length)])
        parts[i] = replace(parts[i], text=left or text[:1])
    return Planted(tuple(parts))


def cut_images_left(base: Document, corpus: CorpusSample, draw: random.Random) -> Planted:
    """The text stops after 20 to 50 % of its characters; all images stay."""
    return _cut(base, draw.uniform(0.2, 0.5), images_left=True)


def cut_off(base: Document, corpus: CorpusSample, draw: random.Random) -> Planted:
    """Everything after 30 to 60 % of the characters is gone, images too, as after a broken download."""
    return _cut(base, draw.uniform(0.3, 0.6), images_left=False)


def _cut(base: Document, share: float, *, images_left: bool) -> Planted:
    room = int(sum(len(plain(base.parts[i].text)) for i in prose(base)) * share)
    parts: list[Part] = []
    for part in base.parts:
        if part.type == "image":
            if images_left or room > 0:
                parts.append(part)
        elif room > 0:
            length = len(plain(part.text))
            text = part.text if part.heading else without(part.text, [(room, length)])
            room -= 0 if part.heading else length
            if text:
                parts.append(replace(part, text=text))
    if not parts:
        raise CannotPlant("too little text to cut")
    return Planted(tuple(parts))


def boilerplate_mixed_in(base: Document, corpus: CorpusSample, draw: random.Random) -> Planted:
    """Two to five blocks of one to three lines of navigation or ads between the parts."""
    parts = list(base.parts)
    for _ in range(draw.randint(2, 5)):
        text = "\n".join(draw.sample(_boilerplate(base, corpus, draw), draw.randint(1, 3)))
        parts.insert(draw.randrange(len(parts) + 1), Part("text", text=text))
    return Planted(tuple(parts))


def boilerplate_instead(base: Document, corpus: CorpusSample, draw: random.Random) -> Planted:
    """One to four lines of navigation or ads replace each text."""
    parts = list(base.parts)
    for i in prose(base):
        lines = draw.sample(_boilerplate(base, corpus, draw), draw.randint(1, 4))
        parts[i] = replace(parts[i], text="\n".join(lines))
    return Planted(tuple(parts))


def _boilerplate(base: Document, corpus: CorpusSample, draw: random.Random) -> list[str]:
    """Lines in the document's language: by a coin flip those that repeat within sites of the corpus (5 or more), or our
    own."""
    own = corpus.boilerplate.get(base.language.split("-")[0], ())
    return list(own if len(own) >= 5 and draw.random() < 0.5 else in_language(base.language, BOILERPLATE))


def word_salad(base: Document, corpus: CorpusSample, draw: random.Random) -> Planted:
    return _salad(base, draw, prose(base))


def word_salad_half(base: Document, corpus: CorpusSample, draw: random.Random) -> Planted:
    at = prose(base)
    needs(at, 2, "texts")
    return _salad(base, draw, sorted(draw.sample(at, (len(at) + 1) // 2)))


def _salad(base: Document, draw: random.Random, at: list[int]) -> Planted:
    parts, changed = list(base.parts), False
    for i in at:
        text = plain(parts[i].text)
        whole = base.language.split("-")[0] in CHARACTERS
        words = [c for c in text if not c.isspace()] if whole else text.split()
        if len(words) >= LEAST_WORDS:
            draw.shuffle(words)
            parts[i], changed = replace(parts[i], text=("" if whole else " ").join(words)), True
    if not changed:
        raise CannotPlant(f"no text of {LEAST_WORDS} words")
    return Planted(tuple(parts))


def wrong_language(base: Document, corpus: CorpusSample, draw: random.Random) -> Planted:
    """Every second text is one of a document in another language, or a paragraph of our own if there is none."""
    at = [i for i in prose(base) if len(base.parts[i].text) > 20]
    needs(at, 1, "texts")
    language = base.language.split("-")[0].lower()
    others = [d for d in corpus.documents if d.language and d.language.split("-")[0].lower() != language]
    donor = next((d for d in corpus.ranked("language", base, others)), None)
    texts = [p.text for p in donor.parts if p.type == "text" and not p.heading and len(p.text) > 20] if donor else []
    if not texts:
        texts = [PARAGRAPHS[draw.choice(sorted(set(PARAGRAPHS) - {language or "en"}))]]
    parts = list(base.parts)
    for turn, i in enumerate(at[draw.randrange(2) if len(at) > 1 else 0 :: 2]):
        parts[i] = replace(parts[i], text=texts[turn % len(texts)])
    return Planted(tuple(parts))


def instruction(base: Document, corpus: CorpusSample, draw: random.Random) -> Planted:
    return _sentence(base, draw, in_language(base.language, INSTRUCTIONS))


def neutral(base: Document, corpus: CorpusSample, draw: random.Random) -> Planted:
    return _sentence(base, draw, in_language(base.language, NEUTRAL))


def _sentence(base: Document, draw: random.Random, sentences: tuple[str, ...]) -> Planted:
    """One of the sentences as a paragraph of its own at the end of a text."""
    i = draw.choice(prose(base))
    parts = list(base.parts)
    parts[i] = replace(parts[i], text=f"{parts[i].text}\n\n{draw.choice(sentences)}")
    return Planted(tuple(parts))
