"""The code blocks of the docs, and the commands in them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^ *```(.*)$")
INLINE = re.compile(r"`((?:\.venv/bin/)?leafinstruct [^`]+)`")
NAMED = re.compile(r"^# ([\w/.-]+\.(?:py|yaml))\b")


@dataclass(frozen=True)
class Block:
    """A fenced block: its file, the line of its fence, its language, and its text."""

    file: str
    line: int
    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"

    @property
    def path(self) -> str:
        """The file of a project that the first line names; "" if it names none."""
        match = NAMED.match(self.text)
        return match[1] if match else ""


def pages() -> list[Path]:
    others = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "examples/README.md")]
    return [*others, *sorted((ROOT / "docs").glob("*.md"))]


def blocks() -> list[Block]:
    return [
        block for page in pages() for block in blocks_of(page.relative_to(ROOT).as_posix(), page.read_text("utf-8"))
    ]


def blocks_of(file: str, text: str) -> Iterator[Block]:
    begun, kind, lines = 0, "", []
    for number, line in enumerate(text.splitlines(), 1):
        fence = FENCE.match(line)
        if fence and begun:
            yield Block(file, begun, kind, "\n".join(lines) + "\n")
            begun = 0
        elif fence:
            begun, kind, lines = number, fence[1].strip(), []
        else:
            lines.append(line)
    assert not begun, f"{file}:{begun}: the block does not end"


def commands(block: Block) -> list[list[str]]:
    """The words of each command of a shell block, without comments."""
    text = block.text.replace("\\\n", " ")
    return [
        shlex.split(one) for line in text.splitlines() for one in without_comment(line).split(" && ") if one.strip()
    ]


def without_comment(line: str) -> str:
    return re.sub(r"(^|\s)#.*$", "", line)


def inline_commands() -> dict[str, list[str]]:
    """Commands of leafinstruct in running text and tables, by place."""
    found = {}
    for page in pages():
        prose = re.sub(
            r"^```.*?^```", lambda block: "\n" * block[0].count("\n"), page.read_text("utf-8"), flags=re.M | re.S
        )
        for match in INLINE.finditer(prose):
            place = f"{page.relative_to(ROOT)}:{prose[: match.start()].count(chr(10)) + 1}: {match[1]}"
            found[place] = shlex.split(" ".join(match[1].split()))
    return found
