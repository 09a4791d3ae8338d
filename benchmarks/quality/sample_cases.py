"""Documents of the bundled sample with an honest request each, and what the rules of verification look at made of both.

What several benchmarks and tests plant their faults in; the requests are in `planted_requests.yaml`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from leafinstruct.demo.texts import Text, read_texts
from leafinstruct.document import Document, Part, digest
from leafinstruct.rewrite.checked import Case
from leafinstruct.rewrite.record import Facts, messages_of, record
from leafinstruct.rewrite.request_minhash import repeated, signature
from leafinstruct.rewrite.task import Draft, draft, tasks
from leafinstruct.text.language import language_of

FILE = Path(__file__).with_name("planted_requests.yaml")


@dataclass(frozen=True)
class Planted:
    """An instruction for a draft; `change` spoils the case beyond its instruction."""

    instruction: str
    draft: Draft
    change: Callable[[Case], Case] = lambda case: case


@lru_cache(maxsize=1)
def requests() -> dict[str, Any]:
    """All that `planted_requests.yaml` holds."""
    found: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return found


def honest() -> dict[str, str]:
    """A good request for each text, by its slug."""
    found: dict[str, str] = requests()["honest"]
    return found


def documents() -> dict[str, Document]:
    return {text.slug: _document(text) for text in read_texts() if text.slug in honest()}


def _document(text: Text) -> Document:
    parts, step = [], 0
    body = re.sub(r"^(#{1,6} .*)$", r"\1\n", text.body.strip(), flags=re.MULTILINE)
    for block in re.split(r"\n\s*\n", body):
        numbered = re.match(r"(\d+)\. ", block)
        step = int(numbered[1]) if numbered else step
        if picture := re.match(r"!\[([^\]]*)\]\((\S+)", block):
            parts.append(Part("image", image=digest(picture[2]), alt=picture[1], step=step))
        elif heading := re.match(r"(#+) (.*)", block):
            parts.append(Part("text", text=heading[2], heading=len(heading[1])))
        else:
            parts.append(Part("text", text=block.removeprefix(numbered[0] if numbered else ""), step=step))
    where = ("sample", text.place, "", text.slug, text.license)
    return Document(text.slug, *where, text.title, text.topic, text.language, tuple(parts))


def whole(document: Document) -> Draft:
    """The draft whose answer is all of a document."""
    return draft(document, next(tasks()[n] for n in ("howto", "illustrate") if tasks()[n].divide(document)))


def case_of(planted: Planted) -> Case:
    one = planted.draft
    parts = one.document.parts
    images = tuple(parts[i].image for i in one.positions if parts[i].type == "image")
    messages = messages_of(one, [planted.instruction] * len(one.turns))
    prompt = requests()["prompt"]
    case = Case(planted.instruction, one, messages, images, language=language_of(one.document), prompt=prompt)
    return planted.change(case)


def repeats(drafts: Sequence[Draft], instructions: Sequence[str]) -> bool:
    """Whether of two requests, for two documents, the corpus keeps one."""
    made = [record(d, messages_of(d, [text]), "m@1", Facts()) for d, text in zip(drafts, instructions, strict=True)]
    return bool(repeated(signature(r) for r in made))
