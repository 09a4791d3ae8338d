from __future__ import annotations

import io
import random
from collections import Counter

import PIL.Image
import pytest
from made.audit import base, noise

from leafinstruct.audit import plant_images, plant_text
from leafinstruct.audit.corpus_sample import CorpusSample
from leafinstruct.audit.passages import BOILERPLATE, INSTRUCTIONS, NEUTRAL
from leafinstruct.audit.plant import DEFECTS, plant_all
from leafinstruct.audit.planted import CannotPlant, Planted
from leafinstruct.document import Document, Part

IMAGES = [[noise(10 * n + i) for i in range(3)] for n in range(6)]
DOCUMENTS = [base(n, IMAGES[n]) for n in range(6)]
WORLD = CorpusSample(0, DOCUMENTS, {i.sha256: i for three in IMAGES for i in three}, {})


def draw() -> random.Random:
    return random.Random(7)


def wrong_images(planted: Planted) -> list[str]:
    return [planted.parts[i].image for i in planted.wrong]


def test_every_defect_is_planted_and_says_where() -> None:
    made = plant_all(DOCUMENTS, WORLD)
    assert not made.not_planted
    assert {c.defect for c in made.cases} == {"", *(d.name for d in DEFECTS)}
    documents = {d.id: d for d in made.documents}
    bases = {d.id: d for d in DOCUMENTS}
    for case in made.cases:
        document = documents[case.id]
        assert (document.parts == bases[case.base].parts) is (case.defect == "")
        assert all(document.parts[i].type == "image" for i in case.planted)
        assert set(document.images) <= set(made.images)
    assert len(documents) == len(made.cases) == len(DOCUMENTS) * (len(DEFECTS) + 1)


def test_the_same_seed_plants_the_same_and_another_seed_something_else() -> None:
    again = plant_all(DOCUMENTS, WORLD)
    assert again == plant_all(DOCUMENTS, WORLD)
    other = plant_all(DOCUMENTS, CorpusSample(1, DOCUMENTS, WORLD.images, {}))
    assert [d.parts for d in other.documents] != [d.parts for d in again.documents]


def test_a_document_more_leaves_most_plants_as_they_were() -> None:
    """What models said of the others stays true."""
    few = plant_all(DOCUMENTS[:5], CorpusSample(0, DOCUMENTS[:5], WORLD.images, {}))
    before = {d.id: d.digest() for d in few.documents}
    after = {d.id: d.digest() for d in plant_all(DOCUMENTS, WORLD).documents}
    assert sum(after[key] == before[key] for key in before) > 0.8 * len(before)


def test_shuffled_images_are_the_same_images_at_other_places() -> None:
    planted = plant_images.shuffled(DOCUMENTS[0], WORLD, draw())
    now = [p.image for p in planted.parts if p.type == "image"]
    assert Counter(now) == Counter(DOCUMENTS[0].images)
    assert all(a != b for a, b in zip(now, DOCUMENTS[0].images, strict=True)) and len(planted.wrong) == 3


@pytest.mark.parametrize("same", [True, False])
def test_foreign_images_come_from_the_topic_that_was_asked_for(same: bool) -> None:
    plant = plant_images.all_same_topic if same else plant_images.all_other_topic
    planted = plant(DOCUMENTS[0], WORLD, draw())
    owners = {sha: d.topic for d in DOCUMENTS for sha in d.images}
    assert {owners[sha] == DOCUMENTS[0].topic for sha in wrong_images(planted)} == {same}
    assert len(planted.wrong) == 3 and not set(wrong_images(planted)) & set(DOCUMENTS[0].images)
    one = plant_images.one_other_topic(DOCUMENTS[0], WORLD, draw())
    assert len(one.wrong) == 1


def test_a_repeated_image_is_wrong_where_it_stands_the_second_time() -> None:
    planted = plant_images.repeated_once(DOCUMENTS[0], WORLD, draw())
    (place,) = planted.wrong
    first = next(i for i, p in enumerate(planted.parts) if p.image == planted.parts[place].image)
    assert first < place
    everywhere = plant_images.repeated_everywhere(DOCUMENTS[0], WORLD, draw())
    assert len({p.image for p in everywhere.parts if p.type == "image"}) == 1 and len(everywhere.wrong) == 2


def test_tiny_images_and_banners_have_the_sizes_they_say() -> None:
    for plant, sizes in (
        (plant_images.tiny, plant_images.TINY_PIXELS),
        (plant_images.banner, (728, 468, 320, 970, 120, 160)),
    ):
        planted = plant(DOCUMENTS[0], WORLD, draw())
        (image,) = planted.images
        with PIL.Image.open(io.BytesIO(image.bytes)) as opened:
            assert opened.size == (image.width, image.height) and opened.width in sizes
        assert wrong_images(planted) == [image.sha256]
        assert [p for i, p in enumerate(planted.parts) if i not in planted.wrong] == list(DOCUMENTS[0].parts)


def test_shuffled_steps_stay_whole() -> None:
    planted = plant_text.steps_shuffled(DOCUMENTS[0], WORLD, draw())
    steps = [p.step for p in planted.parts]
    assert steps != sorted(steps) and Counter(planted.parts) == Counter(DOCUMENTS[0].parts)
    assert steps[0::2] == steps[1::2]  # each text with its image


def test_steps_without_numbers_are_told_by_headings_or_images() -> None:
    bare = [Part(p.type, p.text, p.image) for p in DOCUMENTS[0].parts]
    document = Document("x", "made", "s", "", "", "", "", "", "en", tuple(bare))
    planted = plant_text.steps_shuffled(document, WORLD, draw())
    assert planted.parts != document.parts and Counter(planted.parts) == Counter(document.parts)


def test_cut_texts_are_beginnings_of_the_texts() -> None:
    document = DOCUMENTS[0]
    planted = plant_text.cut_everywhere(document, WORLD, draw())
    for now, before in zip(planted.parts, document.parts, strict=True):
        if before.type == "text":
            assert before.text.startswith(now.text) and 0.2 < len(now.text) / len(before.text) < 0.75
    left = plant_text.cut_images_left(document, WORLD, draw())
    assert [p.image for p in left.parts if p.type == "image"] == document.images
    off = plant_text.cut_off(document, WORLD, draw())
    assert len(off.parts) < len(document.parts) and off.parts[:-1] == document.parts[: len(off.parts) - 1]


def test_word_salad_has_the_same_words_in_another_order() -> None:
    planted = plant_text.word_salad(DOCUMENTS[0], WORLD, draw())
    for now, before in zip(planted.parts, DOCUMENTS[0].parts, strict=True):
        assert Counter(now.text.split()) == Counter(before.text.split())
        assert (now.text == before.text) is (before.type == "image")
    chinese = Document("z", "made", "s", "", "", "", "", "", "zh", (Part("text", "把面粉和水放在碗里搅拌均匀"),))
    (part,) = plant_text.word_salad(chinese, WORLD, draw()).parts
    assert part.text != chinese.text and Counter(part.text) == Counter(chinese.text)


def test_another_language_comes_from_the_corpus_where_it_has_one() -> None:
    german = base(9, IMAGES[1], language="de")
    corpus = CorpusSample(0, [*DOCUMENTS, german], WORLD.images, {})
    planted = plant_text.wrong_language(DOCUMENTS[0], corpus, draw())
    texts = {p.text for p in german.parts if p.type == "text"}
    changed = [p.text for p, b in zip(planted.parts, DOCUMENTS[0].parts, strict=True) if p != b]
    assert changed and set(changed) <= texts
    bundled = plant_text.wrong_language(DOCUMENTS[0], WORLD, draw())
    assert any("Fluss" in p.text or "rivière" in p.text for p in bundled.parts)


def test_boilerplate_of_the_corpus_is_used_next_to_our_own() -> None:
    lines = [f"Menu entry {i}" for i in range(9)]
    corpus = CorpusSample(0, DOCUMENTS, WORLD.images, {"en": lines})
    used = set()
    for seed in range(20):
        for part in plant_text.boilerplate_instead(DOCUMENTS[0], corpus, random.Random(seed)).parts:
            used |= set(part.text.splitlines())
    assert used & set(lines) and used & set(BOILERPLATE["en"]) and used <= {*lines, *BOILERPLATE["en"]}


def test_instructions_and_their_control_are_of_about_one_length() -> None:
    for language in INSTRUCTIONS:
        long, control = (sum(map(len, texts[language])) for texts in (INSTRUCTIONS, NEUTRAL))
        assert 0.8 < control / long < 1.25
    planted = plant_text.instruction(DOCUMENTS[0], WORLD, draw())
    assert sum(any(s in p.text for s in INSTRUCTIONS["en"]) for p in planted.parts) == 1


def test_what_cannot_be_planted_is_counted_with_a_reason() -> None:
    lone = Document(
        "l", "made", "s", "", "", "", "", "", "en", (Part("text", "One short line."), DOCUMENTS[0].parts[1])
    )
    with pytest.raises(CannotPlant):
        plant_images.shuffled(lone, WORLD, draw())
    made = plant_all([lone], CorpusSample(0, [lone], WORLD.images, {}))
    assert made.not_planted["images_shuffled"] == {"fewer than 2 different images": 1}
    assert made.not_planted["word_salad"] == {"no text of 8 words": 1}
