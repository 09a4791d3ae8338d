"""Cleanup of an edited document: the model proposes sentences to delete, and named rules veto.

Text can only be deleted: the model writes nothing, so it can invent nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from leafinstruct.document import Document
from leafinstruct.errors import LeafError
from leafinstruct.models.llm import Generation
from leafinstruct.models.llm import Prompt as Chat
from leafinstruct.models.prompt_file import read_sections
from leafinstruct.rewrite.answer import answered_object
from leafinstruct.rewrite.instruct import Ask, Request, Settings, key_of
from leafinstruct.rewrite.prompt import Window, estimated_tokens, fill
from leafinstruct.rewrite.segments import ORDER
from leafinstruct.text.edits import Edit, edit_parts
from leafinstruct.text.plain import plain, reading, spoken_spans
from leafinstruct.text.words import content, words

VISITOR = re.compile(
    r"\bclick here\b|\bsubscri\w*|\bnewsletter\b|\bfollow (?:us|me)\b|\bsign up\b|\blog in to\b"
    r"|\bshare (?:this|on|with)|\bleave a (?:comment|reply)\b|\bread more\b"
    r"|\b(?:our|my) (?:shop|store|channel|blog|web ?site|facebook|patreon)\b"
    r"|\bposted (?:by|on|in)\b|\b(?:was|were) (?:this|these) (?:\w+ )?(?:helpful|useful)\b"
    r"|\bfacebook\b|\binstagram\b|\bpinterest\b|\btwitter\b|\bcoupon\b|\bdiscount\b|\b(?:% off|off your)\b|\bsponsor\w*"
    r"|\badvert\w*|\baffiliate\b|\bcookies? (?:policy|notice)\b|\ball rights reserved\b|©|\bprivacy policy\b"
    r"|\b(?:thanks|thank you) for (?:reading|visiting|stopping by)\b|\bcookies to\b|\bbuy (?:it )?(?:now|here)\b"
    r"|\bhier klicken\b|\babonnier\w*|\bfolgt? (?:uns|mir)\b|\bwerbung\b|\banzeige\b|\brabatt\b|\balle rechte\b"
    r"|\bhinterlass\w* (?:\w+ ){0,2}kommentar|\bkommentier\w*|\bmelde\w* dich\b.{0,20}\ban\b"
    r"|\blaisse[zr]? (?:\w+ )?commentaire|\binscri(?:s|vez|re)(?:-\w+)?\b"
    r"|\bdeja(?:nos)? (?:\w+ )?comentario|\breg[íi]str(?:ate|arse|ese)\b|\bte ha (?:sido útil|gustado)\b"
    r"|\babonne\w*|\bpartage[zr]?\b|\bcliquez ici\b|\bsuivez-nous\b|\bréseaux sociaux\b|\bpublicité\b|\btous droits\b"
    r"|\bsuscr[ií]b\w*|\bs[ií]gue(?:nos|me)\b|\bcomparte\b|\bhaz clic\b|\bpublicidad\b|\btodos los derechos\b"
    r"|点击(?:这里|此处)|关注|订阅|公众号|转发|点赞|广告|版权所有|クリック|フォロー|広告",
    re.IGNORECASE,
)
"""Addresses the visitor of a site, not the subject."""
QUANTITY = re.compile(
    r"\d\s*(?:g|kg|mg|ml|cl|dl|l|cm|mm|m|km|in|inch(?:es)?|ft|feet|oz|lbs?|cups?|tsp|tbsp|teaspoons?|tablespoons?"
    r"|el|tl|min(?:ute[ns]?)?s?|hours?|h|sec(?:onds?)?|days?|°|degrees?|grad|v|volts?|w|watts?|ohms?|px|rpm|x)\b"
    r"|[½¼¾⅓⅔]|\d\s*[/×°]\s*\d?",
    re.IGNORECASE,
)
SHORT_WORDS = 4
"""A line this short may be an ingredient, a part or a label."""
MATTER_WORDS = 2
"""A sentence belongs to the subject if other sentences of the document share this many of its content words, or the
title one (own choice: rather keep an ad than lose a warning). In the middle of a document, only sentences that address
the visitor may be deleted."""
MOST = 0.25
"""Share of a document's words that may be deleted (own choice: more makes another document)."""
MAX_ITEMS = 40


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence: index of its part, and its place in the part's plain text."""

    part: int
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class CleanPrompt:
    system: str
    user: str


def load_clean_prompt(path: Path) -> CleanPrompt:
    """Read a Markdown file with the sections system and user. Raises LeafError for a missing one."""
    found = read_sections(path, ("system", "user"))
    if "{document}" not in found["user"]:
        raise LeafError(f"prompt {path}: section '# user' does not show the document; put {{document}} in it")
    return CleanPrompt(found["system"], found["user"])


def clean(
    documents: Sequence[Document],
    ask: Ask,
    prompt: CleanPrompt,
    settings: Settings,
    model: str,
    body: Mapping[str, Any] | None = None,
) -> tuple[list[Document], Counter[str]]:
    """Documents, in order, without the lines that the model proposed to delete and no rule vetoed; and counts of
    proposals by outcome (`deleted` or the rule). A document whose proposal cannot be parsed is left unchanged
    (`unread`)."""
    pages = [(document, lines_of(document)) for document in documents]
    requests = [_request(document, lines, prompt, settings, model, body or {}) for document, lines in pages]
    answers = ask(requests) if requests else []
    counts = Counter[str]()
    cleaned = []
    for (document, lines), answer in zip(pages, answers, strict=True):
        numbers = _numbers(answer, len(lines))
        if numbers is None:
            counts["unread"] += 1
            cleaned.append(document)
            continue
        kept, refused = accepted(document, lines, numbers)
        counts.update(refused.values())
        counts["deleted"] += len(kept)
        cleaned.append(without(document, [lines[i] for i in kept]))
    return cleaned, counts


def lines_of(document: Document) -> list[Line]:
    """Sentences of all texts except headings, code and tables, each with the whitespace after it."""
    found = []
    for index, part in enumerate(document.parts):
        if part.type == "text" and not part.heading:
            text = plain(part.text)
            spans = [(a + len(text[a:b]) - len(text[a:b].lstrip()), b) for a, b in spoken_spans(part.text)]
            found += [Line(index, a, b, text[a:b]) for a, b in spans]
    return found


def accepted(document: Document, lines: Sequence[Line], numbers: Sequence[int]) -> tuple[list[int], dict[int, str]]:
    """Indices of the proposed lines to delete, and the rule that keeps each of the others."""
    refused = {i: rule for i in numbers if (rule := _veto(document, lines, i))}
    deleted = [i for i in sorted(set(numbers)) if i not in refused]
    for step in {document.parts[lines[i].part].own_step for i in deleted} - {(0, 0)}:
        own = [i for i, line in enumerate(lines) if document.parts[line.part].own_step == step]
        if set(own) <= set(deleted):
            refused |= dict.fromkeys(own, "clean_step")
    deleted = [i for i in deleted if i not in refused]
    if sum(len(words(lines[i].text)) for i in deleted) > MOST * len(words(reading(document).text)):
        return [], refused | dict.fromkeys(deleted, "clean_much")
    return deleted, refused


def _veto(document: Document, lines: Sequence[Line], index: int) -> str:
    """The rule that keeps a line, or "": it is a step, holds a number or quantity, or belongs to the subject."""
    text = lines[index].text
    visitor = VISITOR.search(text)
    if ORDER.match(text) and not (visitor and visitor.start() < len(text) / 2):
        return "clean_step"
    if QUANTITY.search(text) or (any(c.isdigit() for c in text) and not visitor):
        return "clean_number"
    if visitor:
        return ""
    own = content(text)
    rest = content("\n".join(line.text for i, line in enumerate(lines) if i != index))
    if len(words(text)) <= SHORT_WORDS or own & content(document.title) or len(own & rest) >= MATTER_WORDS:
        return "clean_matter"
    return "" if _at_the_edge(document, lines[index].part) else "clean_matter"


def _at_the_edge(document: Document, part: int) -> bool:
    """Whether a text is the first or the last of a document and not a step: where pages greet and say goodbye."""
    texts = [i for i, p in enumerate(document.parts) if p.type == "text" and not p.heading]
    return part in (texts[0], texts[-1]) and not document.parts[part].step


def without(document: Document, lines: Sequence[Line]) -> Document:
    """The document without these lines; a text that becomes empty is dropped."""
    edits: dict[int, list[Edit]] = {}
    for line in lines:
        edits.setdefault(line.part, []).append((line.start, line.end, ""))
    return edit_parts(document, edits) if lines else document


def _prompt(
    document: Document, lines: Sequence[Line], prompt: CleanPrompt, room: int, bare: bool = False
) -> tuple[Chat, Window]:
    """Messages about as many numbered lines as have room, or about none."""
    numbered = [f"[{number}] {line.text}" for number, line in enumerate(lines, 1)]
    sizes = [estimated_tokens(text) for text in numbered]
    shown = 0
    while not bare and shown < len(lines) and sum(sizes[: shown + 1]) <= room:
        shown += 1
    title = "-" if bare else document.title or "-"
    user = fill(prompt.user, {"title": title, "document": "\n".join(numbered[:shown])})
    messages = [{"role": "system", "content": prompt.system}, {"role": "user", "content": user}]
    return messages, Window("", sum(sizes[:shown]), sum(sizes))


def _request(
    document: Document,
    lines: Sequence[Line],
    prompt: CleanPrompt,
    settings: Settings,
    model: str,
    body: Mapping[str, Any],
) -> Request:
    messages, view = _prompt(document, lines, prompt, settings.max_document_tokens)

    def fit(tokens: int) -> tuple[Chat, Window]:
        bare, _ = _prompt(document, lines, prompt, 0, bare=True)
        used = settings.max_tokens + sum(estimated_tokens(message["content"]) for message in bare)
        return _prompt(document, lines, prompt, tokens - used, bare=not tokens)

    result = Request(
        key="",
        document=document.id,
        task="clean",
        messages=messages,
        schema=answer_schema(),
        max_tokens=settings.max_tokens,
        temperature=0.0,
        seed=settings.seed,
        attempt=1,
        window=view,
        fit=fit,
    )
    return replace(result, key=key_of(document.digest(), result, model, body))


def answer_schema() -> dict[str, Any]:
    numbers = {"type": "array", "items": {"type": "integer"}, "maxItems": MAX_ITEMS}
    return {
        "type": "object",
        "properties": {"delete": numbers},
        "required": ["delete"],
        "additionalProperties": False,
    }


def _numbers(answer: Generation, count: int) -> list[int] | None:
    """Indices of the lines that the answer names; None if it cannot be parsed."""
    found = (answered_object(answer.text, "delete") or {}).get("delete")
    try:
        return sorted({int(n) - 1 for n in found or [] if 1 <= int(n) <= count}) if isinstance(found, list) else None
    except (ValueError, TypeError, OverflowError):
        return None
