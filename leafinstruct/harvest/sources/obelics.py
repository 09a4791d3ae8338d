"""Source `obelics`: Parquet (or jsonl) rows with parallel lists `images` and `texts`, one of them null at each place;
and our documents written in this layout, which restores them when it is read.

Published columns: `images` (URL or null), `metadata` (JSON of a list, one object or null per place), `texts`,
`general_metadata` (JSON with the page's URL). What the layout has no place for is in those JSON objects under
`leafinstruct`, where readers of OBELICS do not look.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

import pyarrow as pa

from leafinstruct.document import Document, Image
from leafinstruct.harvest.formats.tables import BadRow
from leafinstruct.harvest.rows import Draft, Entry, Rows, image_entry, text_of

OWN = "leafinstruct"
SCHEMA = pa.schema(
    [
        ("images", pa.list_(pa.string())),
        ("metadata", pa.string()),
        ("general_metadata", pa.string()),
        ("texts", pa.list_(pa.string())),
    ]
)
ABOUT = ("url", "title", "site", "license", "language", "topic", "error")


class Source(Rows):
    """OBELICS. `images` may be a folder with the files that `formatted_filename` names."""

    def draft(self, row: dict[str, Any]) -> Draft:
        general = as_json(row.get("general_metadata"), dict)
        about = {k: text_of(v) for k, v in (general.get(OWN) or {}).items() if k in ABOUT}
        places = as_json(row.get("metadata"), list)
        draft = Draft(parallel(row, places), **{"url": str(general.get("url") or ""), **about})
        if not draft.url:
            draft.url = next((str(p["document_url"]) for p in places if p and p.get("document_url")), "")
        return draft


def parallel(row: dict[str, Any], places: list[Any]) -> list[Entry]:
    """Entries of parallel `images` and `texts` lists; a place with neither is skipped. Raises BadRow if a list is
    missing, their lengths differ, or a place has both."""
    images, texts = row.get("images"), row.get("texts")
    if images is None or texts is None:
        raise BadRow("missing_columns")
    if len(images) != len(texts) or (places and len(places) != len(texts)):
        raise BadRow("lists_differ_in_length")
    entries = []
    for image, text, about in zip(images, texts, places or [None] * len(texts), strict=True):
        known = about if isinstance(about, dict) else {}
        own = known.get(OWN) or {}
        if image and text:
            raise BadRow("image_and_text_in_one_place")
        if text:
            entries.append(Entry(text_of(text), own.get("heading", 0), own.get("step", 0)))
        elif image or own:
            entries.append(_image(image, known, own))
    return entries


def _image(image: Any, known: dict[str, Any], own: dict[str, Any]) -> Entry:
    entry = image_entry(image) or Entry()
    entry.name = str(known.get("formatted_filename") or entry.name)
    entry.alt = str(known.get("alt_text") or "")
    entry.caption, entry.step, entry.lost = text_of(own.get("caption")), own.get("step", 0), text_of(own.get("lost"))
    if own.get("url") is not None:  # the part's own URL, where the view had to write something else
        entry.label = text_of(own["url"])
    return entry


def as_json(value: Any, kind: type) -> Any:
    """A JSON column, as a string or as nested values; empty for null. Raises BadRow if it is not of that kind."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            raise BadRow("metadata_not_json") from None
    if value is None:
        return kind()
    if not isinstance(value, kind):
        raise BadRow("other_layout")
    return value


def to_obelics(documents: Iterable[Document], images: Mapping[str, Image]) -> pa.Table:
    """Documents in the layout of OBELICS, one row each. Images are named by `image_name`; write their bytes into a
    folder under these names to read the documents back."""
    rows = [_row(document, images) for document in documents]
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def image_name(image: Image) -> str:
    """File name of an image: its sha256 and format."""
    return f"{image.sha256}.{image.format.lower()}"


def _row(document: Document, images: Mapping[str, Image]) -> dict[str, Any]:
    places: list[tuple[str | None, str | None, dict[str, Any] | None]] = []
    lost = list(document.lost)
    for number in range(len(document.parts) + 1):
        while lost and lost[0].position == number:
            gone = lost.pop(0)
            own = {"lost": gone.reason, "url": gone.ref}
            places.append((gone.ref, None, {"src": gone.ref, "document_url": document.url, OWN: own}))
        if number == len(document.parts):
            break
        part = asdict(document.parts[number])
        own = {k: part[k] for k in ("step", "heading", "caption") if part[k]}
        if part["type"] == "text":
            places.append((None, part["text"], {OWN: own} if own else None))
            continue
        image = images[part["image"]]
        known = {
            "document_url": document.url,
            "src": part["url"],
            "formatted_filename": image_name(image),
            "alt_text": part["alt"],
            "original_width": image.width,
            "original_height": image.height,
            "format": image.format.lower(),
            OWN: {**own, "url": part["url"]},
        }
        places.append((part["url"] or image_name(image), None, known))
    about = {k: v for k in ABOUT if (v := getattr(document, k))}
    return {
        "images": [p[0] for p in places],
        "texts": [p[1] for p in places],
        "metadata": json.dumps([p[2] for p in places], ensure_ascii=False),
        "general_metadata": json.dumps({"url": document.url, OWN: about}, ensure_ascii=False),
    }
