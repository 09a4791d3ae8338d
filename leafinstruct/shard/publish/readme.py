"""Merges the data card into one that is there already: what people wrote there by hand stays.

The card on the Hub ends with a comment that lists digests of everything that leafinstruct wrote, by header key and by
block of text. Whatever has another digest was written by hand. Without the comment (cards of earlier versions) keys and
sections are told by their names, and of a card that leafinstruct never wrote everything is by hand.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from leafinstruct.errors import LeafError

MEASURED = ("size_categories", "configs", "dataset_info")
"""Header keys that are as measured whatever is written there: readers of the data go by them."""
KEYS = ("license", "license_name", "language", "task_categories", "tags", "pretty_name", *MEASURED)
SECTIONS = (
    "Splits",
    "Sources and licenses",
    "From documents to records",
    "Filters",
    "Audit of the filters",
    "Benchmark contamination",
    "Records dropped while rewriting and splitting",
    "Models",
    "Training results",
    "Examples",
    "Known gaps",
    "How to rebuild",
)
"""Titles of the card's sections, below the first one, which has the title of the data set."""
OURS = 3
"""Titles of sections by which a card is ours."""
EXAMPLES = "Examples"
"""The section of which nothing by hand is kept: it quotes records, which takedowns must reach."""
HEADER = re.compile(r"\A\s*---[ \t]*\n(.*?)^---[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
KEY = re.compile(r"""(?:"([^"]+)"|'([^']+)'|([^\s#\-'"{}\[\],&*!|>%@`?:][^:#]*?))[ \t]*:(?=[ \t\n]|\Z)""")
FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
HEADING = re.compile(r"(#{1,6})[ \t]+(.*?)[ \t#]*\Z")
MADE_FROM = re.compile(r"<!-- made from [0-9a-f]+ -->")
WROTE = re.compile(r"<!-- written by leafinstruct: ([0-9a-f ]*)-->")


@dataclass(frozen=True, slots=True)
class Merged:
    """A card, and what it keeps of the one that was there, a few words each."""

    text: str
    kept: tuple[str, ...]


@dataclass(slots=True)
class _Entry:
    """A key of a header with the lines it takes, and the comments above it."""

    key: str
    above: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(f"{line}\n" for line in self.lines)


@dataclass(frozen=True, slots=True)
class _Card:
    header: tuple[_Entry, ...]
    values: dict[str, Any]
    tail: tuple[str, ...]
    """Comments below the last key."""
    blocks: tuple[str, ...]


def merged(ours: str, there: str | None) -> Merged:
    """Our card with all that was written by hand on the one that is there (None: there is none). Merging again changes
    nothing. Raises LeafError for a header that cannot be read."""
    new = _read(ours)
    marks = [block for block in new.blocks if _is_mark(block)]
    body = [block for block in new.blocks if not _is_mark(block)]
    wrote = [_digest(entry.text) for entry in new.header] + [_digest(block) for block in body]
    header, kept = "".join(entry.text for entry in new.header), list[str]()
    if there is not None:
        old = _read(there)
        header, kept = _merged_header(new, old, _written(old))
        body, more = _merged_body(body, old)
        kept += more
    end = [*marks, f"<!-- written by leafinstruct: {' '.join(dict.fromkeys(wrote))} -->"]
    top = f"---\n{header}---\n\n" if header else ""
    return Merged(top + "\n\n".join([*body, *end]) + "\n", tuple(kept))


def _read(text: str) -> _Card:
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    found = HEADER.match(text)
    header, body = (found[1], text[found.end() :]) if found else ("", text)
    entries, tail = _entries(header)
    try:
        values = yaml.safe_load(header) or {}
    except yaml.YAMLError as error:
        where = " ".join(str(error).split())[:120]
        raise LeafError(f"README.md: the header of the card over there is no YAML ({where}); fix it there") from None
    if not isinstance(values, dict):
        raise LeafError("README.md: the header of the card over there has no keys; fix it there")
    if [entry.key for entry in entries] != [str(key) for key in values]:  # written in another style: by their values
        entries, tail = [_dumped(str(key), value) for key, value in values.items()], []
    return _Card(tuple(entries), {str(key): value for key, value in values.items()}, tuple(tail), tuple(_blocks(body)))


def _entries(header: str) -> tuple[list[_Entry], list[str]]:
    entries, waiting = list[_Entry](), list[str]()
    for line in header.splitlines():
        if found := KEY.match(line):
            entries.append(_Entry(found[1] or found[2] or found[3], waiting, [line.rstrip()]))
            waiting = []
        elif not line.strip() or line.startswith("#"):
            waiting.append(line.rstrip())
        elif entries:
            entries[-1].lines += [*waiting, line.rstrip()]
            waiting = []
    return entries, waiting


def _dumped(key: str, value: Any) -> _Entry:
    text = yaml.safe_dump({key: value}, sort_keys=False, allow_unicode=True, width=1000)
    return _Entry(key, [], text.splitlines())


def _blocks(body: str) -> Iterator[str]:
    """Headings, paragraphs, tables, comments and fenced code, in order."""
    lines, block, at = [line.rstrip() for line in body.split("\n")], list[str](), 0
    while at < len(lines):
        line = lines[at]
        alone = HEADING.match(line)
        if block and (alone or not line):
            yield "\n".join(block)
            block = []
        end = at + 1 if alone or not line else _end(lines, at)
        if alone:
            yield line
        elif line:
            block += lines[at:end]
        at = end
    if block:
        yield "\n".join(block)


def _end(lines: Sequence[str], at: int) -> int:
    """Where what begins in a line ends: after the line, or after the fence or comment that it opens and that ends."""
    line = lines[at]
    if mark := FENCE.match(line):
        closing = re.compile(rf" {{0,3}}{re.escape(mark[1])}{mark[1][0]}*")
        return next((i + 1 for i in range(at + 1, len(lines)) if closing.fullmatch(lines[i])), at + 1)
    if "<!--" in line and "-->" not in line.rpartition("<!--")[2]:
        return next((i + 1 for i in range(at + 1, len(lines)) if "-->" in lines[i]), at + 1)
    return at + 1


def _digest(block: str) -> str:
    lines = "\n".join(line.rstrip() for line in block.strip().splitlines())
    return hashlib.sha256(lines.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def _is_mark(block: str) -> bool:
    return bool(MADE_FROM.fullmatch(block) or WROTE.fullmatch(block))


def _written(card: _Card) -> frozenset[str] | None:
    """Digests of what leafinstruct wrote of a card; None for a card without the list."""
    lists = [found[1].split() for block in card.blocks if (found := WROTE.fullmatch(block))]
    return frozenset(lists[-1]) if lists else None


def _is_ours(card: _Card) -> bool:
    """Whether leafinstruct wrote a card: it says so at its end or, if a person deleted that, by its sections."""
    return any(map(_is_mark, card.blocks)) or sum(_section(block) in SECTIONS for block in card.blocks) >= OURS


def _merged_header(new: _Card, old: _Card, wrote: frozenset[str] | None) -> tuple[str, list[str]]:
    ours = {entry.key: entry for entry in new.header}
    lines, kept, values = list[str](), list[str](), dict[str, Any]()
    for entry in old.header:
        comments = [line for line in entry.above if line.strip()]
        lines += comments
        kept += [f"a comment above {entry.key}"] if comments else []
        if (wanted := _value_over(entry, new, old, wrote)) is None:
            continue
        values[entry.key], by_hand = wanted
        if values[entry.key] == new.values.get(entry.key):
            lines += ours[entry.key].lines
        else:
            lines += (
                entry if values[entry.key] == old.values[entry.key] else _dumped(entry.key, values[entry.key])
            ).lines
        kept += [entry.key] if by_hand else []
    seen = {entry.key for entry in old.header}
    for entry in new.header:
        if entry.key not in seen:
            lines += entry.lines
            values[entry.key] = new.values[entry.key]
    lines += [line for line in old.tail if line.strip()]
    return _checked("".join(f"{line}\n" for line in lines), values), kept


def _checked(header: str, values: dict[str, Any]) -> str:
    """The header, or one from its values alone if lines of two cards do not fit together."""
    try:
        if (yaml.safe_load(header) or {}) == values:
            return header
    except yaml.YAMLError:
        pass
    return yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=1000)


def _value_over(there: _Entry, new: _Card, old: _Card, wrote: frozenset[str] | None) -> tuple[Any, bool] | None:
    """What becomes of a key that is there: its value, and whether that was written by hand. None: it goes."""
    key, value = there.key, old.values[there.key]
    if key not in KEYS:
        return value, True
    if key in MEASURED:
        ours = new.values.get(key)
        both = _with_others(key, ours, value)
        return None if both is None else (both, both != ours)
    by_hand = not _is_ours(old) if wrote is None else _digest(there.text) not in wrote
    if by_hand:
        return value, True
    return (new.values[key], False) if key in new.values else None


def _with_others(key: str, ours: Any, there: Any) -> Any:
    """Our configurations, and those of other names that are there."""
    if key == "size_categories" or not isinstance(there, list) or not isinstance(ours, list | dict):
        return ours
    own = ours if isinstance(ours, list) else [{"config_name": "default", **ours}]
    names = {one.get("config_name", "default") for one in own}
    others = [one for one in there if isinstance(one, dict) and one.get("config_name", "default") not in names]
    return [*own, *others] if others else ours


def _merged_body(ours: Sequence[str], old: _Card) -> tuple[list[str], list[str]]:
    """Our blocks, each section with what is kept of the one that is there at its end."""
    titles = [title for block in ours if (title := _section(block))]
    kept: dict[str, list[str]] = {}
    words = list[str]()
    for anchor, block in _by_hand(old):
        place = anchor if anchor in titles else _before(anchor, titles)
        kept.setdefault(place, []).append(block)
        heading = HEADING.match(block)
        words.append(f"section '{heading[2]}'" if heading else f"text: {' '.join(block.split())[:40]}")
    if any(word.startswith("section") for word in words):  # its text is named with it
        words = [word for word in words if word.startswith("section")]
    body, place = list(kept.get("", [])), ""
    for block in ours:
        if title := _section(block):
            body += kept.get(place, []) if place else []
            place = title
        body.append(block)
    return [*body, *(kept.get(place, []) if place else [])], words


def _section(block: str) -> str:
    """The title of a section, "" for a block that begins none; that of the first level has none of its own."""
    found = HEADING.match(block)
    if not found or len(found[1]) > 2:
        return ""
    return found[2] if len(found[1]) == 2 else "#"


def _before(anchor: str, titles: Sequence[str]) -> str:
    """The section of this card that comes before one that it no longer has."""
    order = ["#", *SECTIONS]
    before = order[: order.index(anchor)] if anchor in order else []
    return next((title for title in reversed(before) if title in titles), titles[-1] if anchor and titles else "")


def _by_hand(old: _Card) -> Iterator[tuple[str, str]]:
    """Blocks that were written by hand, each with the title of our section that it follows ("" at the top)."""
    wrote, ours = _written(old), _is_ours(old)
    anchor, own_section = ("" if ours else SECTIONS[-1]), False
    for block in old.blocks:
        if _is_mark(block):
            continue
        title = _section(block)
        if wrote is not None:
            mine = _digest(block) in wrote
        else:
            mine = ours and ((title in SECTIONS or title == "#" and not anchor) if title else own_section)
        if mine and title:
            anchor, own_section = title, True
        elif not mine and title:
            own_section = False
        elif not mine and own_section and anchor == EXAMPLES:
            continue
        if not mine:
            yield anchor, block
