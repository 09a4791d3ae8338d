"""The seeded planter: for each rule of verification violations and look-alikes around the texts of the sample."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from sample_cases import Planted, documents, honest, repeats, requests, whole

from leafinstruct.document import Content, Document, Message, Part, digest
from leafinstruct.rewrite.checked import Case
from leafinstruct.rewrite.clean import accepted, lines_of
from leafinstruct.rewrite.task import Draft, draft, tasks

NUMBERS = ("17", "950", "64", "2,500")
NAMES = ("Photoshop", "Iceland", "Kubernetes", "Napoleon", "Toyota")
Tried = list[tuple[bool, bool]]
"""Of each proposal whether it was a violation, and whether it was refused."""


class Planter:
    """Draws with a seed. Of a rule `made` plants what the file says, `NAME_bad` and `NAME_clean` what needs code."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.documents = documents()
        self.drafts = {slug: whole(one) for slug, one in self.documents.items()}
        self.english = [slug for slug, d in self.documents.items() if d.language == "en"]

    def make(self, rule: str, clean: bool, count: int) -> list[Planted]:
        """At most `count` different ones; fewer where no more exist."""
        kind = "clean" if clean else "bad"
        choices = requests()["rules"].get(rule, {}).get(kind, [])
        coded = getattr(self, f"{rule}_{kind}", None)
        found: dict[Any, Planted] = {}
        for _ in range(50 * count):
            slug = self.random.choice(self.english)
            planted = list(coded(slug)) if coded else []
            if choices:
                said = self.random.choice(choices).format(**self.words_of(slug))
                planted.append(Planted(said, self.drafts[slug]))
            for one in planted:
                found.setdefault((one.instruction, slug, id(one.change) if rule == "placeholders" else 0), one)
        return list(found.values())[:count]

    def words_of(self, slug: str) -> dict[str, str]:
        """What the placeholders of the file stand for; `planted_requests.yaml` says what each is."""
        one, request = self.documents[slug], honest()[slug]
        others = [s for s in self.english if self.documents[s].topic != one.topic]
        sentence = self.random.choice(sentences(one))
        inside = sentence[0].lower() + sentence[1:-1]
        said, asked = sentence.rstrip(".!?").split(), request.rstrip("?.").split()
        at = self.random.randrange(len(asked) - 4)
        prompt = requests()["prompt"].split()
        start = self.random.randrange(len(prompt) - 12)
        of_others = self.random.sample(self.english, 6)
        return {
            "q": request,
            "q1": request[0].lower() + request[1:],
            "t": one.title,
            "topic": one.topic,
            "other": honest()[self.random.choice(others)],
            "sentence": sentence,
            "sentence1": inside,
            "turned": " ".join(said[len(said) // 2 :] + said[: len(said) // 2]),
            "long": " ".join(self.random.choice(sentences(self.documents[s])) for s in of_others),
            "piece": " ".join(prompt[start : start + self.random.randint(8, 12)]),
            "again": " ".join([*asked[: at + 4], *asked[at : at + 4], *asked[at : at + 4]]),
            "last": asked[-1],
            "number": self.random.choice(NUMBERS),
            "name": self.random.choice(NAMES),
            "own": self.random.choice(re.findall(r"\d+", one.text) or ["a few"]),
        }

    def placeholders_bad(self, slug: str) -> Iterator[Planted]:
        what = self.random.choice(("lost", "added", "moved", "foreign", "swapped"))
        other = digest(self.random.random())
        seed = self.random.random()
        if what != "swapped" or len(set(self.drafts[slug].document.images)) > 1:
            yield Planted(honest()[slug], self.drafts[slug], lambda case: _misplaced(case, what, other, seed))

    def placeholders_clean(self, slug: str) -> Iterator[Planted]:
        for task in tasks().values():
            if task.divide(self.documents[slug]):
                yield Planted(honest()[slug], draft(self.documents[slug], task), lambda case: case)

    def injected_bad(self, slug: str) -> Iterator[Planted]:
        order, obeyed = self.random.choice(requests()["orders"])
        yield Planted(obeyed, self._with_order(slug, order))

    def injected_clean(self, slug: str) -> Iterator[Planted]:
        order, _ = self.random.choice(requests()["orders"])
        yield Planted(honest()[slug], self._with_order(slug, order))

    def _with_order(self, slug: str, order: str) -> Draft:
        one = self.documents[slug]
        parts = list(one.parts)
        parts.insert(self.random.randrange(1, len(parts)), Part("text", text=order))
        return whole(replace(one, parts=tuple(parts)))

    def language_bad(self, slug: str) -> Iterator[Planted]:
        yield Planted(self.random.choice(requests()["foreign"][slug]), self.drafts[slug])

    def language_clean(self, slug: str) -> Iterator[Planted]:
        german = self.random.choice([s for s in self.documents if s not in self.english])
        yield Planted(honest()[german], self.drafts[german])

    # Rules beyond one instruction

    def deletions(self, count: int) -> dict[str, Tried]:
        """Proposals to delete what must stay (violations) and what may go (look-alikes), for each veto."""
        found: dict[str, Tried] = {}
        for rule, lines in requests()["deletions"].items():
            found[rule] = []
            for must_stay, pool in ((True, lines), (False, requests()["boilerplate"])):
                for number in range(count):
                    slug = self.random.choice(self.english)
                    one = self.documents[slug]
                    at = self.random.choice([i for i, p in enumerate(one.parts) if p.text and not p.heading])
                    found[rule].append((must_stay, deletion_refused(one, at, pool[number % len(pool)])))
        return found

    def repeated(self, count: int) -> Tried:
        """Pairs of requests from two documents: the same in other words of asking (violations), another goal."""
        rows, near = [], requests()["near"]
        for number in range(count):
            q = honest()[self.english[number % len(self.english)]]
            again = self.random.choice(requests()["paraphrased"]).format(q=q, q1=q[0].lower() + q[1:])
            for violation, pair in ((True, (q, again)), (False, near[number % len(near)])):
                drafts = [self.drafts[slug] for slug in self.random.sample(self.english, 2)]
                rows.append((violation, repeats(drafts, pair)))
        return rows


def sentences(document: Document) -> list[str]:
    """Sentences of 10 to 30 words."""
    texts = [part.text for part in document.parts if part.text and not part.heading]
    found = [s.strip() for text in texts for s in re.findall(r"[^.!?:]+[.!?]", text)]
    return [s for s in found if 10 <= len(s.split()) <= 30]


def deletion_refused(document: Document, position: int, line: str) -> bool:
    """Whether a line added to a part is kept although a model wants to delete it."""
    parts = list(document.parts)
    parts[position] = replace(parts[position], text=f"{parts[position].text}\n{line}")
    return line_refused(replace(document, parts=tuple(parts)), line)


def line_refused(document: Document, line: str) -> bool:
    """Whether a line of the document, or a sentence of it, is kept although a model wants to delete it."""
    lines = lines_of(document)
    _, refused = accepted(document, lines, [i for i, one in enumerate(lines) if one.text in line])
    return bool(refused)


def _misplaced(case: Case, what: str, other: str, seed: float) -> Case:
    """The case with one image place or image wrong."""
    user, answer = case.messages[:2]
    places: Sequence[int] = [i for i, c in enumerate(answer.content) if c.type == "image"]
    drop = random.Random(seed).choice(places)
    fewer = tuple(c for i, c in enumerate(answer.content) if i != drop)
    if what == "lost":
        return replace(case, messages=(user, Message("assistant", fewer)))
    if what == "added":
        return replace(case, messages=(user, Message("assistant", (*answer.content, Content("image")))))
    if what == "moved":
        moved = Message("user", (*user.content, Content("image")))
        return replace(case, messages=(moved, Message("assistant", fewer)))
    if what == "swapped":
        return replace(case, images=case.images[1:] + case.images[:1])
    return replace(case, images=(*case.images[:-1], other))
