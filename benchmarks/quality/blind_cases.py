"""The cases of `blind_requests.yaml` and `blind_requests_2.yaml`: requests in five languages, written from the one-line
descriptions of the rules before their patterns were read."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from planter import deletion_refused, line_refused
from sample_cases import Planted, case_of, repeats, whole

from leafinstruct.document import Document, Part, digest
from leafinstruct.rewrite.checked import Case
from leafinstruct.rewrite.verify import RULES, verify

SAME = {"markup": "boilerplate"}
"""Lists of texts that another rule is for."""
FILES = {1: "blind_requests.yaml", 2: "blind_requests_2.yaml"}


@lru_cache
def _file(number: int) -> dict[str, Any]:
    path = Path(__file__).with_name(FILES[number])
    found: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


def rules(number: int = 1) -> list[str]:
    return [name for name in _file(number) if name != "documents"]


def document(name: str, order: str = "") -> Document:
    """A text of the files, each paragraph with a picture; `order` ends its first one. What is `after` is no step."""
    text = next(texts[name] for n in FILES if name in (texts := _file(n)["documents"]))
    parts = []
    paragraphs = [*(text.get("steps") or text["paragraphs"]), *([text["after"]] if "after" in text else [])]
    for number, paragraph in enumerate(paragraphs, 1):
        step = number if "steps" in text and paragraph != text.get("after") else 0
        parts.append(Part("text", text=f"{paragraph} {order}".strip() if number == 1 else paragraph, step=step))
        parts.append(Part("image", image=digest([name, number]), step=step))
    where = ("made", "x.example", f"https://x.example/{name}", name, "CC0-1.0")
    return Document(digest(name)[:20], *where, text["title"], text["topic"], text["language"], tuple(parts))


def case(name: str, *texts: str) -> Case:
    """The case of an instruction, the last of `texts`; before it may stand an order that the document holds."""
    return case_of(Planted(texts[-1], whole(document(name, *texts[:-1]))))


def outcomes(rule: str, number: int = 1) -> Iterator[tuple[bool, bool, bool, str]]:
    """For each text of a rule whether it is a violation, whether this rule hits, whether any does, and the text."""
    for kind in ("bad", "clean"):
        for one in _file(number)[rule][kind]:
            yield kind == "bad", *_tried(rule, one), " | ".join(one)


def _tried(rule: str, one: list[str]) -> tuple[bool, bool]:
    if rule == "not_unique":
        hit = repeats([whole(document(name)) for name in ("drawer", "reefs")], one)
        return hit, hit
    if rule.startswith("clean_"):
        page = document(one[0])
        own = any(one[1] in part.text for part in page.parts)
        hit = line_refused(page, one[1]) if own else deletion_refused(page, 2, one[1])
        return hit, hit
    made = case(*one)
    return bool(RULES[SAME.get(rule, rule)](made)), verify(made) is not None
