"""The `extract` command: what harvest makes of one page, or of each page in a JSON Lines file. Nothing is fetched."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, overload

from leafinstruct.errors import LeafError
from leafinstruct.harvest.html.flow import Page
from leafinstruct.harvest.html.page import dropped_images, parse_html
from leafinstruct.harvest.html.parts import in_sentences, pieces
from leafinstruct.harvest.html.render import image_markdown, markdown_of
from leafinstruct.harvest.html.steps import procedures_of
from leafinstruct.text.valid import valid, valid_line

SHOWN = 300
"""Characters of a text in the readable form; --json prints all of it."""


@dataclass(frozen=True, slots=True)
class PagePart:
    """One text or image of a page; nothing was fetched, so an image is known by its address."""

    type: Literal["text", "image"]
    text: str = ""
    url: str = ""
    alt: str = ""
    caption: str = ""
    step: int = 0
    """Steps of a procedure count from 1; 0 belongs to none."""
    procedure: int = 0
    """Procedure of the step, from 1; 0 is none."""
    heading: int = 0
    """Level of a heading, 1 to 6; 0 is none."""
    inline: bool = False
    """Whether an image is a small picture inside a sentence."""
    anchor: str = ""
    """Anchor of a heading on its page."""


class ExtractedPage(Sequence[PagePart]):
    """The parts of a page in reading order. `left_out` are images that harvest leaves out, as (address, reason)."""

    def __init__(self, page: Page, left_out: Sequence[tuple[str, str]]) -> None:
        self._parts = [PagePart(**part) for part in page_parts(page)]
        self._blocks = page.blocks
        self.title: str = page.title
        self.language: str = page.language
        self.license: str = page.license
        self.left_out = tuple(left_out)

    @overload
    def __getitem__(self, index: int) -> PagePart: ...
    @overload
    def __getitem__(self, index: slice) -> list[PagePart]: ...
    def __getitem__(self, index: int | slice) -> PagePart | list[PagePart]:
        return self._parts[index]

    def __len__(self) -> int:
        return len(self._parts)

    def __repr__(self) -> str:
        return f"ExtractedPage({self.title!r}, {len(self)} parts)"

    def markdown(self) -> str:
        """The whole page as Markdown, with its images as `![alt](address)`."""
        return markdown_of(in_sentences(self._blocks), image_markdown)

    def to_dict(self) -> dict[str, Any]:
        """For JSON; keys without a value are left out of the parts."""
        return {
            "title": self.title,
            "language": self.language,
            "license": self.license,
            "error": "",
            "parts": [_without_empty(asdict(part)) for part in self],
            "dropped": [{"url": url, "reason": reason} for url, reason in self.left_out],
        }


def extract_file(path: Path, url: str, links: bool = False) -> ExtractedPage:
    """Parts of a saved page; `links` keeps the addresses of its links. Raises LeafError if the file cannot be read or
    has no content."""
    try:
        html = path.read_bytes()
    except OSError as error:
        raise LeafError(f"{path}: cannot be read ({error.strerror or error}); name a saved HTML page") from None
    page = parse_html(html, url, links=url if links else None)
    if page.error:
        raise LeafError(f"{path}: contains no document ({page.error}); name a saved HTML page with text")
    return ExtractedPage(page, dropped_images(html, url, page))


def page_parts(page: Page) -> list[dict[str, Any]]:
    """Parts as harvest makes them, with their steps and headings; keys without a value are left out."""
    parts: list[dict[str, Any]] = []
    found = list(pieces(page.blocks))
    for piece, procedure in zip(found, procedures_of(piece.step for piece in found), strict=True):
        if (block := piece.image) is not None:
            part: dict[str, Any] = {"type": "image", "url": block.ref, "alt": block.alt, "caption": block.caption}
            part["inline"] = piece.inline
        else:
            part = {"type": "text", "text": piece.text, "heading": piece.heading, "anchor": piece.anchor}
        part |= {"step": piece.step, "procedure": procedure}
        parts.append(_without_empty(part))
    return parts


def _without_empty(part: dict[str, Any]) -> dict[str, Any]:
    shown = "url" if part["type"] == "image" else "text"
    return {key: value for key, value in part.items() if value or key == shown}


def extract_lines(path: Path, links: bool = False) -> Iterator[dict[str, Any]]:
    """{"id", "parts"} for each line {"id", "url", "html"} of a JSON Lines file (gzip if it ends in .gz), plus "error"
    for a page without a document; `links` keeps the addresses of links. Holds one page in memory. Raises LeafError
    naming the first line that is not such an object."""
    try:
        with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield _extract_line(line, f"{path}:{number}", links)
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise LeafError(
            f"{path}: cannot be read as JSON Lines ({error}); name a UTF-8 .jsonl or .jsonl.gz file"
        ) from None


def _extract_line(line: str, where: str, links: bool) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise LeafError(f"{where}: is not valid JSON ({error}); write one object {{id, url, html}} per line") from None
    if not isinstance(row, dict):
        raise LeafError(f"{where}: found {type(row).__name__}, expected an object with id, url and html")
    for key in ("id", "url", "html"):
        if not isinstance(row.get(key), str):
            raise LeafError(f"{where}: '{key}' is missing or not a string; a line is {{id, url, html}}")
    url = valid_line(row["url"])
    page = parse_html(valid(row["html"]), url, links=url if links else None)
    found: dict[str, Any] = {"id": valid_line(row["id"]), "parts": page_parts(page)}
    return found | {"error": page.error} if page.error else found


def extract_text(page: ExtractedPage) -> list[str]:
    """The readable form: each part in order, then what was left out and why."""
    lines = [page.title or "(no title)", f"language {page.language or '?'}, license {page.license or 'not stated'}", ""]
    several = any(part.procedure > 1 for part in page)
    for part in page:
        step = f"{part.procedure}.{part.step}" if several else str(part.step)
        mark = f"[{step}] " if part.step else ""
        if part.type == "image":
            labels = "".join(f"  {key}: {text}" for key, text in (("alt", part.alt), ("caption", part.caption)) if text)
            lines.append(f"{mark}IMAGE {_short(part.url)}{labels}")
        else:
            lines.append(mark + _short(part.text))
    if page.left_out:
        lines += ["", f"{len(page.left_out)} images are not part of the content:"]
        lines += [f"  {reason:16} {_short(url)}" for url, reason in page.left_out]
    return lines


def _short(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}… ({len(text):,} characters)"
