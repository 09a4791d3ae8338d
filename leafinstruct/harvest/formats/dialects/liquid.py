"""What Liquid knows of a page and its site, and tags of its plugins that follow no common form."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from leafinstruct.harvest.formats.dialects import chunks
from leafinstruct.harvest.formats.dialects.page import Dialect
from leafinstruct.harvest.formats.dialects.tag import written
from leafinstruct.harvest.formats.labels import title_of

ASSIGNED = re.compile(r"\{%-?\s*assign\s+([\w-]+)\s*=\s*(?:\"([^\"\n]*)\"|'([^'\n]*)')\s*-?%\}")
NAME = re.compile(r"\{\{-?\s*\$?([A-Za-z][\w-]*(?:\.[\w-]+)*)\s*(?:\|[^{}]{0,300})?-?\}\}")
ROOT = frozenset(("site.baseurl", "site.url", "site.github.url", "site.base_path", "relroot"))
"""The root of a site: nothing before a path."""
OF_PAGE = ("page.", "frontmatter.", "Page.Params.")
DIAGRAM = re.compile(r"\bcontent=\"((?:[^\"\\]|\\.)*)\"", re.DOTALL)


def remember(text: str, dialect: Dialect) -> None:
    """Keep what a text assigns to names."""
    if "assign" in text:
        for name, one, other in ASSIGNED.findall(text):
            dialect.values[f"liquid {name}"] = one or other


def value(tag: str, dialect: Dialect) -> str | None:
    """What `{{ name }}` stands for: what the text assigned, a value of the page's front matter or of the site's
    settings; None if nothing says it."""
    found = NAME.fullmatch(tag.strip())
    if found is None:
        return None
    name = found[1]
    if name in ROOT:
        return ""
    for begin in OF_PAGE:
        if name.startswith(begin):
            return dialect.values.get(f"meta {name.removeprefix(begin).lower()}")
    if name.startswith("site."):
        dialect.keep("site", "/_config.yml")
        return dialect.values.get(f"site {name.removeprefix('site.')}")
    return dialect.values.get(f"liquid {name}")


def gallery(named: dict[str, str], dialect: Dialect) -> str:
    """The images that front matter lists for a gallery, and its caption."""
    stated = dialect.values.get(f"gallery {named.get('id', 'gallery')}", "")
    images = [
        written("x-image", {"src": path, "alt": alt}, alone=True)
        for path, _, alt in (line.partition(" ") for line in stated.split("\n"))
        if path
    ]
    caption = named.get("caption", "")
    return "\n\n" + "\n".join(images) + (f"\n\n{caption}\n\n" if caption else "\n\n")


def galleries(front: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Lists of images in front matter, by their keys: a line each, of the path and the words for the image."""
    for key, stated in front.items():
        images = [one for one in stated if isinstance(one, dict)] if isinstance(stated, list) else []
        lines = [f"{path} {one.get('alt') or one.get('title') or ''}" for one in images if (path := _path(one))]
        if lines:
            yield f"gallery {key}", "\n".join(" ".join(line.split()) for line in lines)


def _path(stated: Mapping[str, Any]) -> str:
    found = (stated.get(key) for key in ("image_path", "url", "src", "image"))
    return next((path.replace(" ", "%20") for path in found if isinstance(path, str)), "")


def plugin_tag(name: str, arguments: str, inside: str | None, dialect: Dialect) -> str | None:
    """What stands for a tag of GitBook that holds a diagram, or leads to another page; None for other tags."""
    if name.startswith("@"):
        found = DIAGRAM.search(arguments)
        text = found[1].replace("\\n", "\n").replace('\\"', '"') if found else ""
        return chunks.code(text.strip("\n"), "mermaid") if "mermaid" in name and text else ""
    if name == "content-ref" and inside is not None:
        found = re.search(r"url=\"([^\"]+)\"", arguments)
        page = dialect.around.file(found[1]) if found else None
        title = title_of(page[0]) if page else ""
        return f"\n\n[{escape(title)}]({found[1]})\n\n" if found and title else inside
    return None
