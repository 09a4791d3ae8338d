"""The planters: each puts one defect, written from its description alone, into a document that a run kept.

A planter knows the truth about its change and nothing about any score. All its choices come from one seeded generator.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from leafinstruct.audit import plant_images, plant_text
from leafinstruct.audit.cases import Case
from leafinstruct.audit.corpus_sample import CorpusSample
from leafinstruct.audit.planted import CannotPlant, Planted
from leafinstruct.document import Document, Image, digest, document_id

VERSION = 1
"""Grows when a planter changes what it makes."""
Planter = Callable[[Document, CorpusSample, random.Random], Planted]


@dataclass(frozen=True, slots=True)
class Defect:
    """A defect: its name, a sentence about it, and its planter. A `control` does no harm: filters should keep it."""

    name: str
    about: str
    plant: Planter
    control: bool = False


DEFECTS = (
    Defect("images_shuffled", "the images have changed places", plant_images.shuffled),
    Defect("image_other_topic", "one image is from a document of another topic", plant_images.one_other_topic),
    Defect("images_other_topic", "all images are from a document of another topic", plant_images.all_other_topic),
    Defect("image_same_topic", "one image is from another document of the same topic", plant_images.one_same_topic),
    Defect("images_same_topic", "all images are from another document of the same topic", plant_images.all_same_topic),
    Defect("image_repeated", "one image is repeated in the place of another", plant_images.repeated_once),
    Defect("image_everywhere", "one image fills all places", plant_images.repeated_everywhere),
    Defect("image_tiny", "a tiny image was added", plant_images.tiny),
    Defect("image_banner", "an ad banner was added", plant_images.banner),
    Defect("steps_shuffled", "the steps, each with its images, are in another order", plant_text.steps_shuffled),
    Defect("text_cut_everywhere", "each text stops after a part of its characters", plant_text.cut_everywhere),
    Defect("text_cut_images_left", "the text stops and the images go on", plant_text.cut_images_left),
    Defect("text_cut_off", "the document stops in the middle of its text", plant_text.cut_off),
    Defect("boilerplate_mixed_in", "navigation or ads are between the parts", plant_text.boilerplate_mixed_in),
    Defect("boilerplate_instead", "navigation or ads replace each text", plant_text.boilerplate_instead),
    Defect("word_salad", "the words of each text are shuffled", plant_text.word_salad),
    Defect("word_salad_half", "the words of half of the texts are shuffled", plant_text.word_salad_half),
    Defect("wrong_language", "half of the texts are in another language", plant_text.wrong_language),
    Defect("instruction_planted", "a sentence tells the reading model what to answer", plant_text.instruction),
    Defect("neutral_sentence", "a harmless sentence of the same length was added", plant_text.neutral, control=True),
)


@dataclass
class Plants:
    """What was planted in some documents: the documents, their cases, all images, and by defect why some could not be
    planted."""

    documents: list[Document] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)
    images: dict[str, Image] = field(default_factory=dict)
    not_planted: dict[str, dict[str, int]] = field(default_factory=dict)


def plant_all(bases: list[Document], corpus: CorpusSample) -> Plants:
    """Each base document unchanged, and once with each defect that can be planted in it."""
    made = Plants()
    for base in bases:
        clean = _document(base, "clean", Planted(base.parts))
        made.documents.append(clean)
        made.cases.append(Case(clean.id, base.id, ""))
        for defect in DEFECTS:
            draw = random.Random(digest([corpus.seed, VERSION, defect.name, base.id]))
            try:
                planted = defect.plant(base, corpus, draw)
            except CannotPlant as why:
                reasons = made.not_planted.setdefault(defect.name, {})
                reasons[str(why)] = reasons.get(str(why), 0) + 1
                continue
            document = _document(base, defect.name, planted)
            made.documents.append(document)
            made.images |= {image.sha256: image for image in planted.images}
            case = Case(document.id, base.id, defect.name, planted.variant, planted.wrong, defect.control)
            made.cases.append(case)
    shown = {sha for document in made.documents for sha in document.images}
    made.images |= {sha: corpus.images[sha] for sha in shown if sha in corpus.images}
    return made


def _document(base: Document, name: str, planted: Planted) -> Document:
    where = f"{name}/{base.id}"
    return replace(base, id=document_id("audit", where), source="audit", path=where, parts=planted.parts)
