"""The rules for instructions: each returns "" or the reason, which the model is given once, for its retry.

A rule's name is the drop reason in the record.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from leafinstruct.rewrite.checked import Case, Refusal
from leafinstruct.rewrite.injection import injected
from leafinstruct.rewrite.patterns import (
    ABOUT_PAGE,
    ASKING,
    ASKING_LANGUAGES,
    ASKING_STEMS,
    ASSISTANT,
    GENERIC_STEMS,
    MARKUP,
    MEDIA,
    NUMBER_WORDS,
    QUOTED,
    THE_PAGE,
    THIS_SUBJECT,
    THIS_THING,
    matter,
)
from leafinstruct.text.language import LANGUAGE_SAMPLE, LANGUAGE_WORDS, LANGUAGES, detected, latin_share, probability
from leafinstruct.text.plain import plain
from leafinstruct.text.sentences import sentences
from leafinstruct.text.words import CONTENT_LETTERS, content, ngrams, stem, words

NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
NAME = re.compile(r"(?<=[a-z0-9,;] )[A-Z][\w'’-]{2,}")
"""A capital letter inside a sentence: in English a name."""

_MONTHS = "January February March April May June July August September October November December"
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday Christmas Easter Halloween"
DATES = frozenset(f"{_MONTHS} {_DAYS}".split())
"""Names of the person's own time, which no answer needs to have."""

NGRAM = 8
"""This many words in a row are copied, not shared by chance: the usual measure of text overlap."""
LEAK_WORDS = 5
LEAK_SHARE = 0.6
"""An instruction leaks when, of 5 or more content words that title and heading do not have, 60 % are in one sentence of
the answer. The title's words are free: a request must name what it wants, and often is the title turned into a
question. Own choice: below 5 words a plain request ("How do I change a bicycle tyre?") shares them with any first
sentence."""
LEAK_TWO = 0.7
"""The same for two sentences together, by the first 4 letters of words: a request that sums up steps inflects them."""
LEAK_QUANTITIES = 2
"""Measures that only the answer has; one may be what the person has."""
MEASURE = re.compile(r"(\d+(?:[.,]\d+)*)\s*([^\W\d]+|°)")
ECHO_WORDS = 6
TOPIC_SHARE = 1 / 3
"""Requests have words of their own ("my daughter wants", "with pictures"); an invented subject shares next to none (own
choice)."""
TAG_LETTERS = 3
"""Names of tags this long do not occur as words by chance ("img", "span")."""
IMAGE_TAGS = frozenset({"image", "picture", "photo"})
"""Words of any page that are a model's placeholders if written as tags."""
COMPOUND = 5
"""Letters of a word that may end another, twice as long; shorter ones end it by chance."""
LOOP = 4
LANGUAGE_UNLIKELY = 0.05
"""Probability of the document's language below which an instruction is in another. On one sentence the likeliest one is
often wrong (English with the words "linear" and "clip" is taken for Italian); the right one has some share, > .07 on
the sentences of the tests, another's .003 at most."""
SHORT_WORDS = 4
SURE = 0.9
"""For 4 or 5 words, another language must be as likely as this."""
LANGUAGE_KNOWN = 0.5
"""Probability from which the language of a document is known; for ingredient lists and code it is a guess."""
CLEAR = 0.8
"""Share of letters from which a text is in the Latin script, or not in it if that many are of others: detection alone
takes some Chinese sentences for Russian."""


def verify(case: Case) -> Refusal | None:
    """The first rule that the checked draft breaks; None if it breaks none."""
    for name, rule in RULES.items():
        reason = rule(case)
        if reason:
            return Refusal(name, reason, final=name == "placeholders")
    return None


# The rules


def placeholders(case: Case) -> str:
    """Each message has the image placeholders of its parts, and the record's images are the document's own, in
    order."""
    parts = case.draft.document.parts
    sides = [side for turn in case.draft.turns for side in (turn.given, turn.answer)]
    wanted = [sum(parts[i].type == "image" for i in side) for side in sides]
    places = [sum(c.type == "image" for c in message.content) for message in case.messages]
    order = [i for i in case.draft.positions if parts[i].type == "image"]
    own = [parts[i].image for i in order]
    whole = case.draft.kind.whole and len(case.draft.positions) < len(parts)
    if whole or places != wanted or list(case.images) != own or order != sorted(set(order)):
        return f"{sum(places)} image places and {len(case.images)} images for the {len(own)} images of the document"
    return ""


def empty(case: Case) -> str:
    return "" if any(c.isalpha() for c in case.instruction) else "it is empty"


def length(case: Case) -> str:
    count = len(words(case.instruction))
    if count < case.min_words:
        return f"it has {count} words; write at least {case.min_words}"
    if count > case.max_words:
        return f"it has {count} words; write at most {case.max_words}"
    return ""


def boilerplate(case: Case) -> str:
    """No assistant's phrases, refusals, leftovers of JSON, markup or the prompt's marks."""
    if ASSISTANT.search(case.instruction):
        return "it speaks as an assistant; write only what the person asks"
    if any(not _of_the_matter(m[0], case) for m in MARKUP.finditer(case.instruction)):
        return "it has markup or placeholders in it; write one plain sentence"
    return ""


def _of_the_matter(mark: str, case: Case) -> bool:
    """Whether a tag is the document's subject: a document about HTML contains "<p" or mentions "img"."""
    tag = re.match(r"</?([a-z]+)", mark, re.IGNORECASE)
    if not tag:
        return False
    name, text = tag[1].lower(), case.draft.reading.text.lower()
    if name in IMAGE_TAGS:
        return f"<{name}" in text
    return f"<{name}" in text or (len(name) >= TAG_LETTERS and name in words(f"{text}\n{case.named}"))


def echo(case: Case) -> str:
    """It does not repeat words of the prompt in a row."""
    shared = ngrams(words(case.instruction), ECHO_WORDS) & ngrams(words(case.prompt), ECHO_WORDS)
    return "it repeats these instructions; write what the person asks" if shared else ""


def request(case: Case) -> str:
    """It asks, with a question mark or with words that ask. In languages without patterns anything passes."""
    if case.language not in ASKING_LANGUAGES or ASKING.search(case.instruction):
        return ""
    return "it asks for nothing; write what the person asks for"


def off_topic(case: Case) -> str:
    """It names something of the document: a word of the title, or more than a third of its words are in the text.

    Headings of any page ("Setup and procedure") name nothing, nor does "this sensor" where none is shown.
    """
    subject = matter(case.instruction)
    if subject and subject <= GENERIC_STEMS:
        return "it does not say of what; name the thing itself"
    if not case.draft.turns[case.turn].given and (pointed := THIS_SUBJECT.search(case.instruction)):
        return f'it says "{pointed[0]}", but nothing is shown yet; name the thing itself'
    document = case.draft.reading
    if subject & content(case.named) or _in_compound(case.instruction, case.named):
        return ""
    met = len(subject & content(document.text))
    return "" if met and met / len(subject) > TOPIC_SHARE else "it does not name what the text is about"


def answerable(case: Case) -> str:
    """The document has what it asks for: its numbers and, in English, its names; and it asks for no film, sound or
    file."""
    document = case.draft.reading
    there = f"{document.title}\n{document.text}"
    known = set(NUMBER.findall(there)) | {NUMBER_WORDS[w] for w in words(there) if w in NUMBER_WORDS}
    for number in NUMBER.findall(case.instruction):
        if number not in known:
            return f"it names {number}, which is not in the text; name no numbers of your own"
    for kind in (m[0] for m in MEDIA.finditer(case.instruction)):
        if kind.lower() not in there.lower():
            return f"it asks for a {kind.lower()}; ask for text and pictures"
    have = {stem(w) for w in words(there)}
    for name in NAME.findall(QUOTED.sub(" ", case.instruction)) if case.language == "en" else ():
        if name.isalpha() and name not in DATES and stem(name.lower()) not in have:
            return f"it names {name}, which is not in the text; name only what is there"
    return ""


def _in_compound(instruction: str, named: str) -> bool:
    """Whether a word ends a compound: "Kette" in "Fahrradkette"."""
    long = [w for w in words(named) if len(w) >= 2 * COMPOUND]
    ends = tuple(w for w in words(instruction) if len(w) >= COMPOUND and stem(w) not in ASKING_STEMS)
    return any(w.endswith(ends) for w in long)


def repeats(case: Case) -> str:
    """No loop of a small model: four words in a row twice, or one word three times in a row."""
    used = words(case.instruction)
    rows = list(zip(*(used[i:] for i in range(LOOP)), strict=False))
    loops = len(set(rows)) < len(rows) or any(a == b == c for a, b, c in zip(used, used[1:], used[2:], strict=False))
    return "it repeats itself; write one sentence" if loops else ""


def about_page(case: Case) -> str:
    """It is about the subject; only someone who sees the page can ask about "this article"."""
    found = ABOUT_PAGE.search(case.instruction)
    if not found and not case.draft.turns[case.turn].given:
        found = THIS_THING.search(case.instruction)
    if not found:
        loose = THE_PAGE.search(QUOTED.sub(" ", case.instruction))
        found = loose if loose and stem(loose[1].lower()) not in content(case.named) else None
    return f'it speaks of "{found[0]}", which the person has never seen; ask for the thing itself' if found else ""


def leak(case: Case) -> str:
    """It does not hold the answer: words in a row, or most of one sentence in another order."""
    asked = words(case.instruction)
    title = words(case.named)
    texts = [plain(part.text) for part in case.draft.output(case.turn) if part.type == "text"]
    free = ngrams(title, NGRAM)
    if any(ngrams(asked, NGRAM) & ngrams(words(text), NGRAM) - free for text in texts):
        return "it copies a sentence of the answer; ask for the goal only"
    unquoted = words(QUOTED.sub(" ", case.instruction))  # quoted text is mentioned, not given away
    own = {w for w in unquoted if len(w) >= CONTENT_LETTERS and stem(w) not in ASKING_STEMS} - set(title)
    sentence_words = [set(words(s)) for text in texts for s in sentences(text)]
    leaked = len(own) >= LEAK_WORDS and any(len(own & one) / len(own) > LEAK_SHARE for one in sentence_words)
    if leaked or _leaks_in_two(own, set(title), sentence_words) or _quantities(case, title, texts) >= LEAK_QUANTITIES:
        return "it gives the answer away; ask for the goal only"
    return ""


def _leaks_in_two(own: set[str], title: set[str], sentence_words: Sequence[set[str]]) -> bool:
    """Whether two sentences together hold most of the words, whatever their endings, and each more than one of them."""
    stems = {w[:CONTENT_LETTERS] for w in own} - {w[:CONTENT_LETTERS] for w in title}
    if len(stems) < LEAK_WORDS:
        return False
    shared = [stems & {w[:CONTENT_LETTERS] for w in one if len(w) >= CONTENT_LETTERS} for one in sentence_words]
    best = max(shared, key=len, default=set[str]())
    rest = max((one - best for one in shared), key=len, default=set[str]())
    return len(rest) > 1 and len(best | rest) / len(stems) > LEAK_TWO


def _quantities(case: Case, title: Sequence[str], texts: Sequence[str]) -> int:
    """How many measures ("14 hours", "500 g") of the answer the instruction has; those of the title are free."""
    shared = set(MEASURE.findall(case.instruction.lower())) & set(MEASURE.findall("\n".join(texts).lower()))
    return sum(number not in title for number, _ in shared)


def language(case: Case) -> str:
    """It is in the document's language, where it is long enough to detect, and in its script at any length."""
    reason = f"it is in another language; write in {LANGUAGES.get(case.language, 'the language of the text')}"
    scripts = latin_share(case.instruction), latin_share(case.draft.reading.text[:LANGUAGE_SAMPLE])
    if max(scripts) > CLEAR and min(scripts) < 1 - CLEAR:
        return reason
    count = len(words(case.instruction))
    if not case.language or count < SHORT_WORDS:
        return ""
    text = case.draft.reading.text[:LANGUAGE_SAMPLE]
    if len(words(text)) >= LANGUAGE_WORDS and probability(case.language, text) < LANGUAGE_KNOWN:
        return ""
    if count < LANGUAGE_WORDS:
        other = detected(case.instruction)
        return reason if other != case.language and probability(other, case.instruction) > SURE else ""
    return reason if probability(case.language, case.instruction) < LANGUAGE_UNLIKELY else ""


RULES: dict[str, Callable[[Case], str]] = {
    "placeholders": placeholders,
    "empty": empty,
    "length": length,
    "boilerplate": boilerplate,
    "echo": echo,
    "repeats": repeats,
    "request": request,
    "about_page": about_page,
    "injected": injected,
    "leak": leak,
    "language": language,
    "off_topic": off_topic,
    "answerable": answerable,
}
