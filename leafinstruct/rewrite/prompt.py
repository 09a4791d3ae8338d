"""The prompt file: readable text with placeholders, and how much of a document the model is shown.

A document is data to the model: it is enclosed in marks that its own text cannot write.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from leafinstruct.document import Part
from leafinstruct.errors import LeafError, did_you_mean
from leafinstruct.models.prompt_file import read_sections
from leafinstruct.rewrite.task import Draft, draw, tasks
from leafinstruct.text.edits import without
from leafinstruct.text.markdown import block_ends
from leafinstruct.text.plain import plain

NEEDED = ("system", "user", "retry", "styles", "examples")
CHOICES = ("personas", "lengths")
"""Optional sections: one of their lines is drawn for each request, as {persona} and {length}."""
EXAMPLE_KEYS = ("task", "title", "document", "style", "answer")
EXAMPLE_EXTRA = ("topic",)
PLACEHOLDERS = ("document", "language", "length", "persona", "reason", "style", "task", "title")
PLACEHOLDER = re.compile(r"\{(\w+)\}")
MARK = re.compile(r"</?\s*document", re.IGNORECASE)
CUT = "[…]"


@dataclass(frozen=True, slots=True)
class Example:
    """A document of the prompt file with a good answer, shown as an earlier turn: small models follow examples."""

    task: str
    title: str
    document: str
    style: str
    answer: str
    topic: str = ""


@dataclass(frozen=True, slots=True)
class Prompt:
    """The sections of a prompt file. `tasks` has a text for each task; one each of `styles`, `personas` and `lengths`
    is drawn for each request."""

    system: str
    user: str
    retry: str
    tasks: dict[str, str]
    styles: tuple[str, ...]
    examples: tuple[Example, ...]
    personas: tuple[str, ...] = ("",)
    lengths: tuple[str, ...] = ("",)

    @property
    def fixed(self) -> str:
        """All that an instruction must not echo: the text that directs the model, and the answers of the examples."""
        answers = [example.answer for example in self.examples]
        drawn = [*self.styles, *self.personas, *self.lengths]
        return "\n".join([self.system, self.user, self.retry, *self.tasks.values(), *drawn, *answers])


@dataclass(frozen=True, slots=True)
class Window:
    """What the model is shown of a document: its text, and how many of its tokens (estimated) that is."""

    text: str
    shown_tokens: int
    all_tokens: int


def load_prompt(path: Path, wanted: Collection[str], listed: Collection[str] = ()) -> Prompt:
    """Read a prompt file: Markdown with one `# section` each for system, user, retry, styles, examples and every task
    of `wanted`; personas and lengths, and those of tasks that are `listed`, are optional.

    Raises LeafError for a file or section that is missing, and for unknown sections and placeholders.
    """
    known = dict.fromkeys((*tasks(), *sorted(wanted), *listed))
    found = read_sections(path, (*NEEDED, *sorted(wanted)), (*CHOICES, *known))
    for name in PLACEHOLDER.findall("\n".join(found.values())):
        if name not in PLACEHOLDERS:
            raise LeafError(f"prompt {path}: unknown placeholder '{{{name}}}'{did_you_mean(name, PLACEHOLDERS)}")
    if "{document}" not in found["user"]:
        raise LeafError(f"prompt {path}: section '# user' does not show the document; put {{document}} in it")
    examples = tuple(_example(path, block, known) for block in re.split(r"\n\s*\n", found["examples"]))
    for example in examples:
        if example.task not in found:
            raise LeafError(f"prompt {path}: section '# examples': no section '# {example.task}'; add it")
    return Prompt(
        found["system"],
        found["user"],
        found["retry"],
        {name: found[name] for name in known if name in found},
        _lines(found["styles"]),
        examples,
        _lines(found.get("personas", "")) or ("",),
        _lines(found.get("lengths", "")) or ("",),
    )


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip(" -") for line in text.splitlines() if line.strip(" -"))


def _example(path: Path, block: str, known: Collection[str]) -> Example:
    """An example: a block of lines `key: value`."""
    values = dict(re.findall(r"^(\w+): *(.+?) *$", block, re.MULTILINE))
    if set(values) - set(EXAMPLE_EXTRA) != set(EXAMPLE_KEYS) or values["task"] not in known:
        raise LeafError(
            f"prompt {path}: section '# examples': each example needs the lines {', '.join(EXAMPLE_KEYS)}, and a task "
            f"of {', '.join(known)}; found {', '.join(values) or block[:40]!r}"
        )
    return Example(**values)


def fill(text: str, values: dict[str, str]) -> str:
    """Put values in the placeholders, once: a placeholder inside a value is left as it is."""
    return PLACEHOLDER.sub(lambda m: values.get(m[1], m[0]), text).strip()


def drawn(choices: Sequence[str], draft: Draft, what: str, turn: int, seed: int) -> str:
    """One of the choices, drawn by document, turn and seed."""
    return choices[int(draw(draft.document.id, f"{what}/{turn}/{seed}") * len(choices))]


def window(parts: Sequence[Part], max_tokens: int) -> Window:
    """The first blocks, list items and image placeholders that fit in `max_tokens`, whole; the first is cut if it must
    be, and stays whole as Markdown.

    An image is shown as "[image: alt]". A mark shows that text was left out.
    """
    units = [unit for before, part in zip([None, *parts], parts, strict=False) for unit in _units(part, before)]
    sizes = [estimated_tokens(unit) for unit, _ in units]
    kept, used = 0, 0
    while kept < len(units) and used + sizes[kept] <= max_tokens:
        used += sizes[kept]
        kept += 1
    shown = "".join(f"{between}{unit}" for unit, between in units[:kept])
    if not kept and units:
        shown = _beginning(units[0][0], max_tokens)
        used = estimated_tokens(shown)
    if used < sum(sizes):
        shown = f"{shown}\n\n{CUT}"
    return Window(shown.strip(), used, sum(sizes))


def _units(part: Part, before: Part | None) -> list[tuple[str, str]]:
    """What is shown whole or not at all, each with what is between it and the one before."""
    on_line = before is not None and (before.inline or (part.inline and before.text.endswith(" ")))
    if part.type == "image":
        name = " ".join((part.alt or part.caption).split())
        if part.inline:
            return [(_escaped(name), "" if on_line else "\n\n")] if name else []
        return [(_escaped(f"[image: {name}]" if name else "[image]"), "\n\n")]
    found, at, between = [], 0, "" if on_line else "\n\n"
    for end in block_ends(part.text):
        whole = part.text[at:end]
        unit = whole.lstrip("\n")
        found.append((_escaped(unit), between if not at else whole[: len(whole) - len(unit)]))
        at = end
    return found


def _escaped(text: str) -> str:
    """Text that can neither begin nor end the marks around the document."""
    return MARK.sub("(document", text)


def _beginning(text: str, max_tokens: int) -> str:
    """As many of a text's first words as fit, or characters of a first word that is too long; as whole Markdown."""
    known = plain(text)
    ends: Sequence[int] = [m.end() for m in re.finditer(r"\S+", known)]
    if ends and estimated_tokens(known[: ends[0]]) > max_tokens:
        ends = range(1, ends[0] + 1)
    low, high = 0, len(ends)
    while low < high:
        middle = (low + high + 1) // 2
        fits = estimated_tokens(known[: ends[middle - 1]]) <= max_tokens
        low, high = (middle, high) if fits else (low, middle - 1)
    while low:
        beginning = without(text, [(ends[low - 1], len(known))])
        if estimated_tokens(beginning) <= max_tokens:
            return beginning
        low -= max(1, low // 8)  # its markup takes room too
    return ""


def estimated_tokens(text: str) -> int:
    """Upper estimate without a tokenizer, so that prompts do not depend on the model: one token for 3 ASCII characters,
    and one for each byte of other characters. English has 4 characters a token, byte-level tokenizers 1 to 3 bytes a
    CJK token."""
    data = text.encode("utf-8", "surrogatepass")
    ascii_count = sum(byte < 128 for byte in data)
    return -(-ascii_count // 3) + len(data) - ascii_count
