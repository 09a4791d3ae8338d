"""The `extract` command: what harvest makes of one page, or of each page in a JSON Lines file. Nothing is fetched."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leafinstruct.errors import LeafError
from leafinstruct.harvest.html.flow import Page, steps_of
from leafinstruct.harvest.html.page import dropped_images, parse_html

SHOWN = 300
"""Characters of a text in the readable form; --json prints all of it."""


@dataclass
class Extract:
    """One page: its parts in reading order, and the images left out, each with the reason."""

    page: Page
    parts: list[dict[str, Any]]
    dropped: list[dict[str, str]]

    def to_dict(self) -> dict[str, Any]:
        page = self.page
        return {
            "title": page.title,
            "language": page.language,
            "license": page.license,
            "error": page.error,
            "parts": self.parts,
            "dropped": self.dropped,
        }


def extract_file(path: Path, url: str) -> Extract:
    """Parts of a saved page. Raises LeafError if the file cannot be read or has no content."""
    try:
        html = path.read_bytes()
    except OSError as error:
        raise LeafError(f"{path}: cannot be read ({error.strerror or error}); name a saved HTML page") from None
    page = parse_html(html, url)
    if page.error:
        raise LeafError(f"{path}: contains no document ({page.error}); name a saved HTML page with text")
    dropped = [{"url": ref, "reason": reason} for ref, reason in dropped_images(html, url, page)]
    return Extract(page, page_parts(page), dropped)


def page_parts(page: Page) -> list[dict[str, Any]]:
    """Parts with their steps and headings; keys without a value are left out."""
    parts: list[dict[str, Any]] = []
    for block, step in zip(page.blocks, steps_of(page.blocks), strict=True):
        if block.ref:
            part: dict[str, Any] = {"type": "image", "url": block.ref, "alt": block.alt, "caption": block.caption}
        else:
            part = {"type": "text", "text": block.text, "heading": block.heading}
        part["step"] = step
        parts.append({key: value for key, value in part.items() if value or key in ("text", "url")})
    return parts


def extract_lines(path: Path) -> Iterator[dict[str, Any]]:
    """{"id", "parts"} for each line {"id", "url", "html"} of a JSON Lines file (gzip if it ends in .gz), plus "error"
    for a page without a document. Holds one page in memory. Raises LeafError naming the first line that is not such an
    object."""
    try:
        with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield _extract_line(line, f"{path}:{number}")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise LeafError(
            f"{path}: cannot be read as JSON Lines ({error}); name a UTF-8 .jsonl or .jsonl.gz file"
        ) from None


def _extract_line(line: str, where: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise LeafError(f"{where}: is not valid JSON ({error}); write one object {{id, url, html}} per line") from None
    if not isinstance(row, dict):
        raise LeafError(f"{where}: found {type(row).__name__}, expected an object with id, url and html")
    for key in ("id", "url", "html"):
        if not isinstance(row.get(key), str):
            raise LeafError(f"{where}: '{key}' is missing or not a string; a line is {{id, url, html}}")
    page = parse_html(row["html"], row["url"])
    found: dict[str, Any] = {"id": row["id"], "parts": page_parts(page)}
    return found | {"error": page.error} if page.error else found


def extract_text(extract: Extract) -> list[str]:
    """The readable form: each part in order, then what was dropped and why."""
    page = extract.page
    lines = [page.title or "(no title)", f"language {page.language or '?'}, license {page.license or 'not stated'}", ""]
    for part in extract.parts:
        mark = f"[{part['step']}] " if "step" in part else ""
        if part["type"] == "image":
            labels = "".join(f"  {key}: {part[key]}" for key in ("alt", "caption") if key in part)
            lines.append(f"{mark}IMAGE {_short(part['url'])}{labels}")
        else:
            lines.append(mark + "#" * part.get("heading", 0) + " " * ("heading" in part) + _short(part["text"]))
    if extract.dropped:
        lines += ["", f"{len(extract.dropped)} images are not part of the content:"]
        lines += [f"  {row['reason']:16} {_short(row['url'])}" for row in extract.dropped]
    return lines


def _short(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}… ({len(text):,} characters)"
