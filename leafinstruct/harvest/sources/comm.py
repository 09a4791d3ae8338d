"""Source `comm`: CoMM's lists (torch files, JSON or jsonl) of rows with `summary_info` and `step_info`."""

from __future__ import annotations

from typing import Any

from leafinstruct.harvest.formats.tables import BadRow
from leafinstruct.harvest.rows import Draft, Entry, Rows, text_of


class Source(Rows):
    """CoMM. `images` may be the folder that its download script filled (`image_path` is relative to it)."""

    def draft(self, row: dict[str, Any]) -> Draft:
        if row.get("step_info") is None:
            raise BadRow("missing_columns")
        entries = [entry for item in row.get("summary_info") or [] for entry in content(item, 0)]
        for step, items in enumerate(row["step_info"], 1):
            entries += [entry for item in items for entry in content(item, step)]
        return Draft(entries, url=text_of(row.get("url")), title=text_of(row.get("title")))


def content(item: dict[str, Any], step: int) -> list[Entry]:
    """Entries of one {type, text} or {type, url, image_path}; an image without a URL was lost by the page itself."""
    if item["type"] == "text":
        text = text_of(item.get("text"))
        return [Entry(text, step=step)] if text else []
    if item["type"] != "image":
        raise BadRow("other_layout")
    url, name = item.get("url") or "", item.get("image_path") or ""
    return [Entry(url=str(url), name=str(name), step=step, lost="" if url or name else "missing")]
