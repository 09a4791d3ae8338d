"""The texts of the bundled sample: Markdown with front matter, its images specs of drawings or photographs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.resources import files

import yaml

from leafinstruct.demo.draw import draw
from leafinstruct.demo.photos import photo
from leafinstruct.demo.plant import Piece

_IMAGE = re.compile(r'!\[(?P<alt>[^\]]*)\]\((?P<spec>(?:draw|photo):[^ )]+)(?: "(?P<caption>[^"]*)")?\)')


@dataclass(frozen=True)
class Text:
    """One text; `place` is the repository of a tutorial (`tutorial` or `steps`) or the site of a `page`."""

    slug: str
    title: str
    topic: str
    language: str
    kind: str
    place: str
    license: str
    lookalike: str
    held_out: bool
    body: str

    def pieces(self, zoom: float = 1.0) -> list[Piece]:
        """Headings, paragraphs and rendered images in reading order."""
        body = re.sub(r"^(#{1,6} .*)$", r"\1\n", self.body.strip(), flags=re.MULTILINE)
        return [_piece(block, zoom) for block in re.split(r"\n\s*\n", body)]

    def specs(self) -> list[str]:
        return [match["spec"] for match in _IMAGE.finditer(self.body)]


def render(spec: str, zoom: float = 1.0) -> bytes:
    """The image of a spec, `draw:SCENE?...` or `photo:NAME?...`."""
    kind, _, rest = spec.partition(":")
    return draw(rest, zoom) if kind == "draw" else photo(rest, zoom)


def _piece(block: str, zoom: float) -> Piece:
    if match := _IMAGE.fullmatch(block.strip()):
        data = render(match["spec"], zoom)
        return Piece(is_image=True, data=data, alt=match["alt"], caption=match["caption"] or "")
    if match := re.fullmatch(r"(#{1,6}) (.*)", block):
        return Piece(text=match[2], heading=len(match[1]))
    return Piece(text=block)


def read_texts() -> list[Text]:
    """All texts of the package, in order of name."""
    folder = files("leafinstruct.demo") / "texts"
    found = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".md")), key=lambda entry: entry.name)
    return [_parse(entry.name.removesuffix(".md"), entry.read_text("utf-8")) for entry in found]


def _parse(slug: str, raw: str) -> Text:
    _, head, body = raw.split("---\n", 2)
    meta = yaml.safe_load(head)
    return Text(
        slug, meta["title"], meta["topic"], meta["language"], meta["kind"], meta.get("site") or meta["repository"],
        meta["licence"], meta.get("lookalike", ""), meta.get("role") == "base", body,
    )  # fmt: skip
