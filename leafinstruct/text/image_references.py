"""Sentences that point at an image: "see the picture below", "as shown in Figure 2".

A pointer matters if its image is dropped: a sentence that only points can be cut too, one that says more cannot.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from leafinstruct.document import Document
from leafinstruct.text.plain import plain, spoken_spans
from leafinstruct.text.words import count_words

IMAGE_WORD = (
    r"(?:(?:pictures?|photos?|photographs?|images?|figures?|fig\.|illustrations?|diagrams?|drawings?|sketch(?:es)?"
    r"|charts?|graphs?|screen ?shots?|screen captures?|snapshots?"
    r"|(?:schau|schalt)?bild(?:er|ern|es|s)?|(?:bildschirm)?fotos?|abbildung(?:en)?|abb\.|zeichnung(?:en)?|skizzen?|grafik(?:en)?"
    r"|schemas?|diagramm(?:e|en|s)?|illustration(?:en)?"
    r"|dessins?|schémas?|captures?(?: d['’]écran)?|croquis|photographies?|diagrammes?|graphiques?)(?!\w)"
    # "the image editor" is not an image of the page
    r"(?!\s+(?:editor|file|folder|format|gallery|layer|menu|option|processing|quality|size|tab|tag|tool|viewer)))"
)
MAP = r"(?:map|karte|carte)"
PLACED_WORD = rf"(?:{MAP}|plots?|windows?|dialogs?(?: box)?|screens?|fenster|dialoge?|fenêtres?|boîtes? de dialogue)"
"""Things that an image often shows, but not always."""
BELOW = (
    r"(?:below|following|next|beneath|underneath|unten|unterhalb|(?:nach)?folgend\w*|nächst\w*|(?:unten|neben|nach)stehend\w*"
    r"|ci[- ]dessous|suivante?s?|ci[- ]après)"
)
ABOVE = (
    r"(?:above|previous|preceding|oben|oberhalb|obig\w*|(?:oben|vor)stehend\w*|vorig\w*|vorherig\w*"
    r"|ci[- ]dessus|précédente?s?)"
)
SIDE = r"(?:(?:on|to|at) the (?:left|right)|links|rechts|à (?:gauche|droite)|ci[- ]contre)"
DETERMINER = (
    r"(?:the|this|that|these|those|de[mnrs]|das|die|diese[mnrs]?|le|la|les|ce|cet|cette|ces"
    r"|l['’])"
)
WHICH = (
    r"(?:(?:first|second|third|last|left|right|two|three|erste[nmrs]?|zweite[nmrs]?|dritte[nmrs]?|letzte[nmrs]?"
    r"|linke[nmrs]?|rechte[nmrs]?|première?|premier|deuxième|seconde?|troisième|dernière?|deux|trois)\s+)?"
)
IN = rf"(?:(?:(?:in|on|auf|sur|dans)\s+{DETERMINER}|im)\s*{WHICH})"
SHOWN = (
    r"(?:shown|seen|pictured|illustrated|depicted|gezeigt|abgebildet|dargestellt|zu sehen|zu erkennen"
    r"|marked|circled|highlighted|label?led|numbered|markiert|eingekreist|hervorgehoben|beschriftet|nummeriert"
    r"|montrée?s?|illustrée?s?|représentée?s?|visibles?|indiquée?s?|marquée?s?|entourée?s?|numérotée?s?|légendée?s?)"
)
SEES = (
    rf"(?:{SHOWN}|see|like|as|spot|notice|wie|sieht|siehst|sehen|erkennt|erkennst|findet|findest"
    r"|comme|voit|voyez|voyons|voir|aperçoit|distingue|remarque)"
)
SHOWS = (
    r"(?:shows?|illustrates?|depicts?|indicates?|explains?|marks|zeigt|zeigen|verdeutlicht|veranschaulicht|stellt"
    r"|(?:montre|illustre|représente|présente|indique|résume)(?:nt)?)"
)
NEAR = re.compile(
    # the following picture; the picture below; the drawing on the right
    rf"\b(?:{BELOW}|{ABOVE})\s+{IMAGE_WORD}"
    # (but "hang the picture above the sofa")
    rf"|\b{IMAGE_WORD}\s+(?:{BELOW}|{ABOVE}|{SIDE})\b"
    r"(?!\s+(?:the|an?|your|my|de[mnrs]|das|die|eine[mnrs]?|column|side|half|corner|edge|wall)\b)"
    # the map above (but "the next map" is seldom an image)
    rf"|\b{PLACED_WORD}\s+(?:above|below|oben|unten|ci[- ]dessus|ci[- ]dessous)\b|\bobige\w* karte\b"
    # this screenshot shows
    rf"|(?<!what )\b{DETERMINER}\s*(?:{IMAGE_WORD}|{MAP})\s+{SHOWS}\b"
    # as the figure shows; comme le montre le schéma; rechts im Bild
    rf"|\bcomme l(?:e |['’])(?:montre|indique|illustre|présente)\s+{DETERMINER}\s*{IMAGE_WORD}"
    rf"|\b(?:wie|as) {DETERMINER} {IMAGE_WORD} (?:zeigt|shows)"
    rf"|\b(?:links|rechts|oben|unten|vorne?|hinten) (?:im|auf dem|auf der|in der) {IMAGE_WORD}"
    rf"|\b{DETERMINER}\s*{IMAGE_WORD} de (?:droite|gauche)\b"
    # as you can see in the picture; im Bild gezeigt; In this diagram, ... at the start of a sentence
    rf"|\b{SEES}(?:\s+[\w'’]+){{0,4}}?\s+{IN}\s*{IMAGE_WORD}"
    rf"|\b{IN}\s*{IMAGE_WORD}(?:\s+\w+){{0,3}}?\s+{SEES}(?:e[nrs]?)?\b"
    rf"|^\W*{IN}\s*{IMAGE_WORD}"
    # The arrows in the drawing; les flèches du dessin
    rf"|\b(?:arrows?|circles?|letters?|labels?|pfeile?n?|kreise?|buchstaben|flèches?|cercles?|lettres?|repères?)\s+"
    rf"(?:(?:in|on|of|im|auf|in|sur|dans|de)\s+)?(?:{DETERMINER}|du)?\s*{WHICH}{IMAGE_WORD}"
    # Below is a picture of; ci-dessous, une image; unten ein Foto
    rf"|^\W*(?:{BELOW}|{ABOVE}|{SIDE})\W+(?:(?:is|are|you (?:can )?see|ist|sind|sieht man|siehst du|se trouve)\s+)?"
    rf"(?:an?|some|eine?n?|une?|des|{DETERMINER})\s*(?!(?:{BELOW})){IMAGE_WORD}"
    # Here is a photo of; Voici une photo
    rf"|^\W*(?:here(?:['’]s| is| are)|hier (?:ist|sind|sieht man|siehst du|sehen (?:sie|wir))"
    r"|hier(?= eine?n? )|voici)\s+"
    rf"(?:an?|some|eine?n?|une?|des|{DETERMINER})?\s*{IMAGE_WORD}"
    # Refer to the illustration; orientiere dich am Bild; reportez-vous au schéma
    r"|\b(?:refer to|consult|orientier\w*(?: \w+)? an|reporte[rz](?:-vous)? à)\s+"
    rf"{DETERMINER}\s*{IMAGE_WORD}"
    rf"|\b(?:orientier\w*(?: \w+)? am|reporte[rz](?:-vous)? aux?)\s+{IMAGE_WORD}"
    # (see picture), Look at the photo
    rf"|(?:^|[(,;:–—])\W*(?:please |bitte )?(?:see|look at|compare|siehe|vgl\.|vergleiche|voir|regardez|cf\.)\s+"
    rf"(?:{DETERMINER})?\s*{IMAGE_WORD}",
    re.IGNORECASE,
)
BARE = re.compile(rf"\b{SHOWN}\s+(?:{BELOW}|{ABOVE})\b|\b(?:unten|oben)\s+{SHOWN}(?:e[nrs]?)?\b", re.IGNORECASE)
"""As shown below; wie unten gezeigt: what is shown may be text."""
INTRODUCES = re.compile(
    r"(?:\blooks?\b.*|\b(?:look|see|get|have)\s+(?:something\s+)?(?:like\s+)?this\s*"
    rf"|\b(?:following|next)\s+(?:{PLACED_WORD}|page|view)\b.*"
    rf"|\b(?:so|folgendermaßen)\b.*\baus(?:sehen)?\s*|\bsieht\b.*\baus\s*"
    rf"|\bfolgende[nrs]?\s+(?:{PLACED_WORD}|ansicht|seite)\b.*"
    rf"|\b(?:ceci|cela)\s*|\b(?:{PLACED_WORD}|page)\s+suivante?s?\b.*)[:：]\s*$",
    re.IGNORECASE,
)
"""It should look like this: means an image if an image follows."""
SHOWN_TEXT = re.compile(
    r"\b(?:code|commands?|outputs?|tables?|equations?|formulas?|syntax|snippets?|functions?|quer(?:y|ies)|messages?"
    r"|befehle?|ausgabe|tabelle|gleichung|formel|commandes?|sortie|tableau|équation|formule)\b",
    re.IGNORECASE,
)
NUMBERED = re.compile(
    r"(?<!\ba )(?<![/\w-])(?:figures?|fig\.?|abbildung(?:en)?|abb\.|bild|picture|photo|image|illustration)\s*"
    r"(?P<number>\d{1,3})(?P<chapter>[.-]\d+)?(?:[a-z]\b|\b)(?!\.\w)",
    re.IGNORECASE,
)
"""Figure 3 is the third image of its page; Figure 3.2 counts by chapter and says nothing about the page."""
ONLY_POINTS_WORDS = 9
"""A sentence with a pointer and at most this many words only points; it can be cut with its image (own choice)."""


@dataclass(frozen=True, slots=True)
class Pointer:
    """A sentence of text part `part`, characters `start` to `end` of its plain text, that points at the image before or
    after it."""

    part: int
    start: int
    end: int
    direction: Literal["after", "before"]
    number: int | None
    only: bool


def find_pointers(document: Document) -> list[Pointer]:
    shown = {at for at, _ in image_positions(document)}
    found = []
    for index, part in enumerate(document.parts):
        if part.type == "text" and not part.heading:
            text = plain(part.text)
            for start, end in spoken_spans(part.text):
                introduces = index + 1 in shown and not text[end:].strip()
                pointer = _pointer(text[start:end], introduces)
                if pointer:
                    direction, number, only = pointer
                    found.append(Pointer(index, start, end, direction, number, only))
    return found


def _pointer(sentence: str, introduces: bool) -> tuple[Literal["after", "before"], int | None, bool] | None:
    near = NEAR.search(sentence)
    if not near and not SHOWN_TEXT.search(sentence):
        near = BARE.search(sentence) or (INTRODUCES.search(sentence) if introduces else None)
    numbered = NUMBERED.search(sentence)
    if not near and not numbered:
        return None
    words = count_words(sentence)
    direction: Literal["after", "before"] = "after"
    if near and re.search(rf"\b{ABOVE}\b", " ".join([near.group(), *sentence[near.end() :].split()[:1]]), re.I):
        direction = "before"
    counted = numbered is not None and not numbered["chapter"]
    return direction, int(numbered["number"]) if numbered and counted else None, words <= ONLY_POINTS_WORDS


def image_positions(document: Document) -> list[tuple[int, int | None]]:
    """Every position at which the page shows an image, in order: (index of the part at or before which it is, part
    index or None for an image that harvest could not get)."""
    here: list[tuple[int, int | None]] = [(i, i) for i, p in enumerate(document.parts) if p.is_figure]
    gone: list[tuple[int, int | None]] = [(lost.position, None) for lost in document.lost]
    return sorted(here + gone, key=lambda s: (s[0], s[1] is not None))


def target(pointer: Pointer, places: list[tuple[int, int | None]]) -> tuple[bool, int | None]:
    """What a pointer points at: (whether that image position exists, the image's part index or None if it is missing).

    A numbered pointer means the n-th image of the document; any other the nearest in its direction, then the other.
    """
    if pointer.number is not None and places:
        if 1 <= pointer.number <= len(places):
            return True, places[pointer.number - 1][1]
        return False, None
    after = [p for p in places if p[0] > pointer.part]
    before = [p for p in places if p[0] <= pointer.part]
    ordered = [after[:1], before[-1:]] if pointer.direction == "after" else [before[-1:], after[:1]]
    for choice in ordered:
        if choice:
            return True, choice[0][1]
    return False, None
