"""Source `steps`: how-tos as lists of steps with images (as wikiHow collections are published), and stories as VIST
publishes them: one object of `images`, `albums` and `annotations`, five of which are a story."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from leafinstruct.harvest import base
from leafinstruct.harvest.bounds import TOO_COSTLY, TooCostly
from leafinstruct.harvest.files import is_regular, partition_name
from leafinstruct.harvest.formats.tables import ARRAY, BadRow, stretches
from leafinstruct.harvest.index import Index
from leafinstruct.harvest.rows import Draft, Entry, Rows, image_entry, text_of

METHODS = "methods"
"""Ways to do the same, each with steps of its own; parts and sections go on with the steps before them."""
GROUPS = (METHODS, "parts", "sections")
STEPS = ("steps", "step_list")
INTRO = ("introduction", "intro", "summary", "description", "overview")
HEAD = ("headline", "title", "name")
BODY = ("text", "description", "step", "sentence", "caption", "body")
IMAGE = ("images", "image", "image_url", "img", "image_path", "picture")
STORY_BYTES = 5 * 1024
"""Bytes of five annotations with their images in VIST's files."""


class Source(Rows):
    """Step lists. Rows have a title, perhaps an introduction, and `steps` (or `methods` of named `steps`); a step is a
    text, or has a headline, a text and images. `images` is the image folder; VIST's images are named by their id."""

    def plan(self, known: int | None) -> list[base.Chunk]:
        chunks = []
        for file in self.files():
            if is_vist(file):
                specs = [{**s, "vist": True} for s in _story_stretches(file, self.partition)]
            else:
                specs = stretches(file, self.partition, self.bytes_per_row)
            label = partition_name(self.labels[file])
            chunks += [base.Chunk(f"{label}-{n:05d}", (str(file),), spec) for n, spec in enumerate(specs)]
        return chunks

    def index_inputs(self) -> tuple[str, ...]:
        return tuple(str(f) for f in self.files() if f.suffix == ARRAY and not is_vist(f))

    def rows(self, chunk: base.Chunk, index: Index | None) -> Iterator[tuple[str, int, Any]]:
        if not chunk.spec.get("vist"):
            yield from super().rows(chunk, index)
            return
        file = Path(chunk.spec["file"])
        label = self.labels[file]
        try:
            with self.bounded(label):
                stories = vist_stories(str(file), file.stat().st_mtime_ns)
        except TooCostly:
            yield label, -1, BadRow(TOO_COSTLY)
            return
        except (OSError, ValueError, KeyError, TypeError, IndexError):
            yield label, -1, BadRow("json_damaged")
            return
        for number in range(chunk.spec["start"], min(chunk.spec["end"] or len(stories), len(stories))):
            yield label, number, stories[number]

    def draft(self, row: dict[str, Any]) -> Draft:
        if "vist" in row:
            return self._story(row)
        entries = [Entry(text) for key in INTRO if (text := text_of(row.get(key)))]
        step, apart = 0, isinstance(row.get(METHODS), list)
        for number, group in enumerate(_groups(row), 1):
            step = 0 if apart else step
            if head := _first(group, HEAD):
                entries.append(Entry(head, heading=2))
            for item in _steps(group):
                step += 1
                entries += [replace(entry, procedure=number * apart) for entry in _step(item, step)]
        if not any(entry.step for entry in entries):
            raise BadRow("no_steps")
        title = _first(row, HEAD)
        about = {key: text_of(row.get(key)) for key in ("url", "license", "language")}
        return Draft(entries, title=title, topic=text_of(row.get("category") or row.get("topic")), **about)

    def _story(self, row: dict[str, Any]) -> Draft:
        folder = self.images_folder()
        entries = []
        for step, (annotation, image) in enumerate(row["vist"], 1):
            names = [f"{annotation['photo_flickr_id']}{ending}" for ending in (".jpg", ".png", ".gif")]
            name = next((n for n in names if folder is not None and is_regular(folder / n)), names[0])
            url = str(image.get("url_o") or image.get("url_m") or "")
            entries.append(Entry(url=url, name=name, step=step, alt=text_of(image.get("title"))))
            entries.append(Entry(text_of(annotation.get("original_text") or annotation.get("text")), step=step))
        return Draft(entries, title=text_of(row["album"].get("title")))


def _groups(row: dict[str, Any]) -> list[dict[str, Any]]:
    """The methods of a how-to; one without a name if the steps are in the row itself."""
    for key in GROUPS:
        if isinstance(row.get(key), list) and all(isinstance(g, dict) for g in row[key]):
            return row[key]
    return [{key: row[key] for key in STEPS if row.get(key) is not None}]


def _steps(group: dict[str, Any]) -> list[Any]:
    found: Any = next((group[key] for key in STEPS if group.get(key) is not None), [])
    if not isinstance(found, list):
        raise BadRow("other_layout")
    return found


def _step(item: Any, step: int) -> list[Entry]:
    """The image of a step follows its headline and text, as on wikiHow: above the next step."""
    if isinstance(item, str):
        return [Entry(item.strip(), step=step)] if item.strip() else []
    texts = [_first(item, HEAD), _first(item, BODY)]
    entries = [Entry(text, step=step) for text in dict.fromkeys(texts) if text]
    given = next((item[key] for key in IMAGE if item.get(key)), None)
    for value in given if isinstance(given, list) else [given]:
        if image := image_entry(value, step=step):
            entries.append(image)
    return entries


def _first(row: dict[str, Any], keys: tuple[str, ...]) -> str:
    return next((text for key in keys if (text := text_of(row.get(key)))), "")


def is_vist(file: Path) -> bool:
    """Whether a JSON file is one object, as VIST's are, rather than an array of rows."""
    if file.suffix != ARRAY:
        return False
    with file.open("rb") as stream:
        return stream.read(256).removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{"


def _story_stretches(file: Path, rows: int) -> list[dict[str, Any]]:
    starts = range(0, max(file.stat().st_size // STORY_BYTES, 1), rows)
    return [{"file": str(file), "start": s, "end": s + rows if s != starts[-1] else None} for s in starts]


@lru_cache(maxsize=1)
def vist_stories(file: str, mtime_ns: int) -> list[dict[str, Any]]:
    """Stories of a VIST file in the order in which they begin: each has its `album`, and in `vist` its (annotation,
    image) pairs in the writer's order. The file is one object (140 MB for the largest split) and is held in memory."""
    with Path(file).open("rb") as stream:
        whole = json.load(stream)
    images = {str(image["id"]): image for image in whole.get("images", [])}
    albums = {str(album["id"]): album for album in whole.get("albums", [])}
    stories: dict[str, list[dict[str, Any]]] = {}
    for annotation in whole["annotations"]:
        one = annotation[0] if isinstance(annotation, list) else annotation
        stories.setdefault(str(one["story_id"]), []).append(one)
    return [
        {
            "vist": [(one, images.get(str(one["photo_flickr_id"]), {})) for one in sorted(story, key=_order)],
            "album": albums.get(str(story[0].get("album_id")), {}),
        }
        for story in stories.values()
    ]


def _order(annotation: dict[str, Any]) -> int:
    return int(annotation["worker_arranged_photo_order"])
