"""The `template` writer: a request made from the title, without a model, for dry runs and as a baseline."""

from __future__ import annotations

import re
from collections.abc import Sequence

from leafinstruct.document import Record
from leafinstruct.rewrite.instruct import Settings, check, finish
from leafinstruct.rewrite.record import Facts
from leafinstruct.rewrite.task import Draft, draw
from leafinstruct.rewrite.verify import Refusal, language_of

WRITER = "template"

# {0} is the title. Nothing is inflected around it, so any title fits.
PHRASES: dict[str, dict[str, tuple[str, ...]]] = {
    "en": {
        "howto": (
            "Please show me step by step, with pictures: {0}.",
            "I would like instructions with photos for this: {0}.",
            'My task for today is "{0}". What do I do first, what next, and how should it look?',
            "{0}: how does that work? I learn best from pictures.",
            "Walk me through it, with an image where it helps: {0}.",
        ),
        "continue": (
            "{0}: here is how far I have come. What comes next? Please show it with pictures.",
            'I have done the first part of "{0}". How do I go on from here?',
            "These are the first steps of mine for: {0}. Please give me the rest, with images.",
            "{0}: the beginning is below. Please carry on from there, in text and pictures.",
        ),
        "illustrate": (
            "Tell me about this, with pictures: {0}.",
            'I came across "{0}" and want to understand it. Please explain, and show images.',
            "{0}: what is behind that? An illustrated account would help me.",
            "Could you write something with pictures on the subject: {0}?",
        ),
    },
    "de": {
        "howto": (
            "Zeig mir bitte Schritt für Schritt und mit Bildern: {0}.",
            "Ich hätte gern eine bebilderte Anleitung dazu: {0}.",
            "Heute steht bei mir „{0}“ an. Was mache ich zuerst, was danach, und wie sollte es aussehen?",
            "{0}: wie geht das? Mit Bildern verstehe ich es am besten.",
        ),
        "continue": (
            "{0}: so weit bin ich gekommen. Wie geht es weiter? Bitte mit Bildern.",
            "Den ersten Teil von „{0}“ habe ich geschafft. Was kommt jetzt?",
            "Das sind meine ersten Schritte zu: {0}. Bitte zeig mir auch den Rest mit Bildern.",
        ),
        "illustrate": (
            "Erzähl mir etwas darüber, gern mit Bildern: {0}.",
            "Ich bin auf „{0}“ gestoßen und möchte es verstehen. Erklär es mir bitte mit Bildern.",
            "{0}: was steckt dahinter? Eine bebilderte Erklärung würde mir helfen.",
        ),
    },
}


def write(drafts: Sequence[Draft], *, settings: Settings, facts: Facts) -> list[Record]:
    """One record for each draft, in order, under the same rules as a model's."""
    return [finish(draft, instruction(draft, settings), WRITER, facts) for draft in drafts]


def instruction(draft: Draft, settings: Settings) -> str | Refusal:
    """A request around the title; the phrase is drawn by the document's id."""
    phrases = PHRASES.get(language_of(draft.document))
    if phrases is None:
        return Refusal("no_template", "there are phrases for English and German only", final=True)
    title = " ".join((draft.document.title or _first_heading(draft)).split())
    title = re.sub(r"[\s.!?:;,]+$", "", title)
    if not title:
        return Refusal("no_title", "the document has neither title nor heading", final=True)
    choice = phrases[draft.task]
    text = choice[int(draw(draft.document.id, "phrase") * len(choice))].format(title)
    return check(text, draft, "", settings) or text


def _first_heading(draft: Draft) -> str:
    return next((p.text for p in draft.document.parts if p.heading), "")
