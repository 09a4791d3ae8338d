"""The part of a file that a page shows: lines by their numbers, between marks, a section of a note, or a region that
comments in the file name."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping

HEADING = re.compile(r"(#{1,6})[ \t]+(.*)$")
NUMBERS = re.compile(r"(?:\d*(?::\d*)?)(?:,\d*(?::\d*)?)*")
MARK = re.compile(
    r"(?:\bANCHOR(?P<anchor>_END)?:[ \t]*|--8<--[ \t]*\[[ \t]*(?P<section>start|end)[ \t]*:[ \t]*"
    r"|#?\b(?P<region>(?:end)?region)\b[ \t:]*|\b(?P<tag>tag|end)::"
    r"|\b(?P<docs>(?:end)?doc(?:region|s?:(?:start|end)))[ \t:]*"
    r"|\bsnippet-(?P<snippet>start|end):\[)(?P<name>[\w.-]*)"
)
"""A comment that begins or ends a region of a file, as mdBook, MkDocs, VitePress and others write it."""
SECTION_MARK = re.compile(r"--8<--[ \t]*\[[ \t]*(?:start|end)[ \t]*:|\bANCHOR(?:_END)?:")
"""The marks that never are a part of what is shown."""


def excerpt(text: str, options: Mapping[str, str]) -> str:
    """What options name: `part` of a note, a `region`, or lines: `lines`, `start-after` and `start-at`, `end-before`
    and `end-at`."""
    if part := options.get("part", ""):
        return part_of(text, part)
    if region := options.get("region", ""):
        text = region_of(text, region)
    if name := options.get("pyobject", ""):
        text = object_of(text, name)
    text = lines_of(text, options)
    if SECTION_MARK.search(text):
        text = "\n".join(line for line in text.split("\n") if not SECTION_MARK.search(line))
    return text


def named(place: str) -> dict[str, str]:
    """The options that `:3:7` or `:name` after a path stands for."""
    if NUMBERS.fullmatch(place):
        return {"lines": place.replace(":", "-")}
    return {"region": place}


def region_of(text: str, name: str) -> str:
    """The lines between the comments that begin and end a region, or, in a Markdown file, the section of that name."""
    lines = text.split("\n")
    begin = next((n for n, line in enumerate(lines) if (m := MARK.search(line)) and m["name"] == name), -1)
    if begin < 0:
        return part_of(text, name)
    kept: list[str] = []
    for line in lines[begin + 1 :]:
        if found := MARK.search(line):
            if found["name"] in (name, "") and _is_end(found):
                break
            continue
        kept.append(line)
    return "\n".join(kept)


def _is_end(found: re.Match[str]) -> bool:
    return any("end" in (value or "").lower() for key, value in found.groupdict().items() if key != "name")


def object_of(text: str, name: str) -> str:
    """The lines of a class or a function of Python, `Class.method` too; the text if it has none."""
    lines, begin, end, indent = text.split("\n"), 0, 0, -1
    for one in name.split("."):
        wanted = re.compile(rf"([ \t]*)(?:async[ \t]+)?(?:def|class)[ \t]+{re.escape(one)}\b")
        found = ((n, m) for n in range(begin, len(lines)) if (m := wanted.match(lines[n])) and len(m[1]) > indent)
        at = next(found, None)
        if at is None:
            return text
        begin, indent = at[0], len(at[1][1])
        end = begin + 1
        while end < len(lines) and (not lines[end].strip() or len(lines[end]) - len(lines[end].lstrip()) > indent):
            end += 1
    while begin and lines[begin - 1].strip().startswith("@"):
        begin -= 1
    return "\n".join(lines[begin:end]).rstrip()


def part_of(text: str, name: str) -> str:
    """The part of a note that an embed names: a section by its heading, or a block by its mark `^name`."""
    if name.startswith("^"):
        blocks = re.split(r"\n[ \t]*\n", text)
        at = next((n for n, block in enumerate(blocks) if re.search(rf"(?:^|\s){re.escape(name)}\s*$", block)), -1)
        if at > 0 and blocks[at].strip() == name:  # the mark of the block before it
            at -= 1
        return blocks[at] if at >= 0 else ""
    wanted, lines = _plain(name.rpartition("#")[2]), text.split("\n")
    for at, line in enumerate(lines):
        if (heading := HEADING.match(line)) and wanted in (_plain(heading[2]), _plain(_anchor(heading[2]))):
            ends = (
                n
                for n, other in enumerate(lines[at + 1 :], at + 1)
                if (h := HEADING.match(other)) and len(h[1]) <= len(heading[1])
            )
            return "\n".join(lines[at : next(ends, len(lines))])
    return ""


def _plain(heading: str) -> str:
    return "".join(character for character in heading.partition("{#")[0].lower() if character.isalnum())


def _anchor(heading: str) -> str:
    return heading.partition("{#")[2].partition("}")[0]


def lines_of(text: str, options: Mapping[str, str]) -> str:
    """The lines of a file between marks, or of numbers such as `1,3,5-10,20-`. Quotes around a mark are none of it."""
    lines = text.split("\n")
    first, last = options.get("start-line", "").strip(), options.get("end-line", "").strip()
    lines = lines[int(first) if first.isdigit() else 0 : int(last) if last.isdigit() else None]
    for name, shift in (("start-after", 1), ("start-at", 0)):
        if (at := _line_with(lines, options.get(name, ""))) >= 0:
            lines = lines[at + shift :]
    for name, shift in (("end-before", 0), ("end-at", 1)):
        if (at := _line_with(lines, options.get(name, ""))) >= 0:
            lines = lines[: at + shift]
    if wanted := options.get("lines", ""):
        kept: list[str] = []
        for stretch in wanted.split(","):
            first, dash, last = stretch.strip().partition("-")
            begin = int(first) if first.isdigit() else 1
            end = int(last) if last.isdigit() else len(lines) if dash else begin
            kept += lines[max(begin, 1) - 1 : end]
        lines = kept
    text = "\n".join(lines).strip("\n")
    return textwrap.dedent(text) if "dedent" in options else text


def _line_with(lines: list[str], mark: str) -> int:
    if len(mark) > 2 and mark[0] == mark[-1] and mark[0] in "\"'":
        mark = mark[1:-1]
    return next((n for n, line in enumerate(lines) if mark in line), -1) if mark else -1
