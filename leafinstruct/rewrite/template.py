"""The `template` writer: a request made from the title, without a model, for dry runs and as a baseline."""

from __future__ import annotations

import re
from collections.abc import Sequence

from leafinstruct.document import Record
from leafinstruct.rewrite.checked import Refusal
from leafinstruct.rewrite.instruct import Settings, Written, check, finish
from leafinstruct.rewrite.record import Facts
from leafinstruct.rewrite.task import Draft, draw
from leafinstruct.rewrite.title import full_title, plain_title
from leafinstruct.text.words import content

WRITER = "template"
BY_HEADING = ("question", "chapters")
"""Tasks whose requests are about a part of the document."""

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
        "account": (
            "These are some pictures of mine: {0}. Can you tell the story that goes with them?",
            "{0}: here are the first pictures. Please tell me about it, and show the rest.",
        ),
        "question": (
            "What should I know about {0}? A picture would help.",
            'Could you explain "{0}" to me and show what it looks like?',
            "{0}: can you tell me about that, with pictures?",
        ),
        "next_state": (
            "{0}: this is where I am now. What do I do next, and how should it look then?",
            'My "{0}" looks like this so far. What is the next step? Please show it.',
        ),
        "edit": (
            "{0}: this is what I have. Please show me how it looks after the following.",
            'My "{0}" looks like this. What does it look like once this is done?',
        ),
        "chapters": (
            "Please show me with pictures: {0}.",
            'Now to "{0}": how is that done?',
            "{0}: how do I go about it? Pictures would help.",
            "What about {0}? Please explain it with images.",
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
        "account": (
            "Das sind einige Bilder von mir: {0}. Kannst du die Geschichte dazu erzählen?",
            "{0}: hier sind die ersten Bilder. Bitte erzähl mir davon und zeig mir die übrigen.",
        ),
        "question": (
            "Was sollte ich über {0} wissen? Ein Bild wäre hilfreich.",
            "Kannst du mir „{0}“ erklären und zeigen, wie es aussieht?",
        ),
        "next_state": (
            "{0}: so weit bin ich. Was mache ich als Nächstes, und wie sollte es dann aussehen?",
            "Bei „{0}“ sieht es jetzt so aus. Was ist der nächste Schritt? Bitte zeig ihn mir.",
        ),
        "edit": (
            "{0}: das habe ich vor mir. Bitte zeig mir, wie es nach dem folgenden Schritt aussieht.",
            "Mein Stand bei „{0}“ ist dieser. Wie sieht es aus, wenn das getan ist?",
        ),
        "chapters": (
            "Bitte zeig mir mit Bildern: {0}.",
            "Nun zu „{0}“: wie macht man das?",
            "{0}: wie gehe ich da vor? Bilder wären hilfreich.",
        ),
    },
}

HOW_TO = re.compile(r"how (?:to|do i|do you|can i|can you) (.+)", re.IGNORECASE)
HOW_TO_PHRASES = (
    "Could you show me step by step, with pictures, how to {0}?",
    "How do I {0}? Please explain with pictures.",
    "I want to {0}. What do I do first, what next, and how should it look?",
)
"""For titles that are already half a question."""
YOURS = re.compile(r"\byour\b", re.IGNORECASE)


def write(drafts: Sequence[Draft], *, settings: Settings, facts: Facts) -> list[Record]:
    """One record for each draft, in order, checked by the same rules as a model's."""
    plain = settings.text == "plain"
    return [
        finish(draft, [instruction(draft, turn, settings) for turn in range(len(draft.turns))], WRITER, facts, plain)
        for draft in drafts
    ]


def instruction(draft: Draft, turn: int, settings: Settings) -> Written | Refusal:
    """A request around the title or, for a part of the document, around the heading of that part; the document's id
    draws the phrase."""
    phrases = PHRASES.get(draft.document.language, {})
    own = draft.kind.phrases.get(draft.document.language)
    if not phrases and not own:
        return Refusal("no_template", "there are phrases for English and German only", final=True)
    title = full_title(draft.document)
    if draft.task in BY_HEADING:
        heading = draft.heading(turn)
        alone = turn > 0 or content(plain_title(draft.document)) <= content(heading)  # "Hardware" of what?
        title = heading if heading and alone else ": ".join(filter(None, (title, heading)))
    title = re.sub(r"[\s.!?:;,]+$", "", " ".join(title.split()))
    if not title:
        return Refusal("no_title", "the document has neither title nor heading", final=True)
    choice = own or phrases.get(draft.task) or phrases["illustrate"]
    if draft.task == "howto" and choice is PHRASES["en"]["howto"] and (goal := HOW_TO.match(title)):
        choice, title = HOW_TO_PHRASES, YOURS.sub("my", goal[1])
    text = choice[int(draw(draft.document.id, f"phrase/{turn}") * len(choice))].format(title)
    return check(text, draft, turn, "", settings) or Written(text)
